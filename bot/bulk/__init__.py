"""Lookups of any number of ids: from a file of ids to a file of rows, in bounded memory."""
