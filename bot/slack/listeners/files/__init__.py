"""The listeners for files of ids."""
