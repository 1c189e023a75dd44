"""The Web API methods that bots call."""
