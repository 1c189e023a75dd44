"""Delivery to the audit channel."""
