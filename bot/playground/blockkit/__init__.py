"""The rules of Block Kit and their check."""
