"""The inspector: traffic between workspace and bot."""
