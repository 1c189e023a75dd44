"""A Slack workspace you can run: Web API, Socket Mode, a web page, strict about Slack's rules."""
