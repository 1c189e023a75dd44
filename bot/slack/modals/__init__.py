"""Slack modals: pure functions that make views, and read submitted ones."""
