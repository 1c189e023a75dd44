"""The database: connections, time limits, errors and schema, on SQLite and PostgreSQL."""
