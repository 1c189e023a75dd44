"""Fault injection into the local Slack."""
