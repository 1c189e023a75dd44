"""The web page's WebSocket."""
