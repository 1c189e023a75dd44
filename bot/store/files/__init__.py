"""File lookups in the database."""
