"""Lookups of profiles, friends and attributes."""
