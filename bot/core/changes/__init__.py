"""Changes of profiles, from preview to undo."""
