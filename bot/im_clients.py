"""The clients of the Tencent Chat apps, made from their settings."""

from bot.im.client import IMClient
from bot.im.shared_pacer import SharedLimit
from bot.settings import Settings

CONCURRENT_CALLS = 32
"""The most concurrent calls of large lookups: the vendor's limit takes 24 at a latency of 100 ms.

A lookup that fits into one call runs in its own worker.
"""


def make_im_client(settings: Settings, name: str, workers: int) -> IMClient:
    """Make the client of an app, for that many concurrent calls."""
    app = settings.im_apps[name]
    return IMClient(
        base_url=app.base_url,
        app_id=app.sdk_app_id,
        key=app.secret_key.get_secret_value(),
        admin=app.admin,
        workers=workers,
        limit=_make_limit(settings, name),
    )


def _make_limit(settings: Settings, name: str) -> SharedLimit | None:
    if settings.redis is None:
        return None
    # Most bots run alone: the library is loaded only where it is used.
    from bot.im.redis_schedule import RedisSchedule  # noqa: PLC0415

    schedule = RedisSchedule(settings.redis, settings.im_apps[name].sdk_app_id)
    return SharedLimit(name, schedule, settings.rate_share)
