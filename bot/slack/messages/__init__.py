"""Slack messages as pure functions of what they show."""
