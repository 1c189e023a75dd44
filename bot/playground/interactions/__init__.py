"""Commands, buttons, modals and events: what people do, and the payloads it sends to the bot."""
