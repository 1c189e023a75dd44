"""The state of the workspace: messages, views, files, limits."""
