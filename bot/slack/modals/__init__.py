"""Slack modals as pure functions of what they show, and the reading of what was submitted."""
