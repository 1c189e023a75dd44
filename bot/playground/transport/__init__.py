"""Transport of payloads and files between the workspace and the bot."""
