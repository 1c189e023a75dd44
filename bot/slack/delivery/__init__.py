"""Delivery of messages, views and files to Slack."""
