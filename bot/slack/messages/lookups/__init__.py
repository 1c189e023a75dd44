"""Messages about lookups: answers, tables, pages, progress and CSV."""
