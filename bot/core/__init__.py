"""The bot's commands, rules and results; imports no Slack, no HTTP and no SQL."""
