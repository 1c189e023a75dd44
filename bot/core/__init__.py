"""What the bot does; imports no Slack, no HTTP and no SQL."""
