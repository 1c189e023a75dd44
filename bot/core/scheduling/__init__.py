"""Turns, timers, and an executor whose threads go round by turns."""
