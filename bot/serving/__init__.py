"""The HTTP server with its paths, and the metrics and health that it reports."""
