"""im-bot: a Tencent Chat (IM) app's users, from Slack."""
