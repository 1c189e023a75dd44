"""Parsing of command text."""
