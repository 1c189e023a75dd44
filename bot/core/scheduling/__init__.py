"""Who is next, and what is due: executors, turns and timers."""
