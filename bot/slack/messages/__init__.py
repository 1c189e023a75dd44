"""Slack messages: pure functions from results, errors and audit entries to blocks."""
