"""Faults that Slack can have, made on purpose."""
