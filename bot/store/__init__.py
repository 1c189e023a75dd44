"""The record in a database: entries, changes and the outbox; the only package that knows SQL."""
