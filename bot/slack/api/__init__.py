"""Slack's Web API, Socket Mode and payloads."""
