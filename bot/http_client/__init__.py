"""Outgoing HTTP: sessions, streams, deadlines, resolving and TLS."""
