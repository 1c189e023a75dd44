"""The only place that knows Tencent Chat (IM here is the vendor's product, never a Slack direct message)."""
