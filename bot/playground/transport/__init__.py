"""Transport of payloads from the workspace to the bot."""
