"""The only place that knows SQL: the record, its changes, and what the audit channel has yet to be told."""
