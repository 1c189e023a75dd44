"""The `doctor` sub-command: checks all that the bot depends on, with a fix for each failure."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

from bot.app import make_im_clients, make_slack_client
from bot.core.model import Actor, Deadline, Membership
from bot.errors import TELL_OPERATOR, AuthenticationError, BotError, SlackUnavailableError
from bot.im.client import IMClient
from bot.im.lease import RedisTroubleError
from bot.im.redis_url import RedisAddress
from bot.settings import NO_CHANNEL, Settings
from bot.settings_loader import SettingsError, load_settings
from bot.slack.api.errors import TOKEN_ERRORS, SlackCallError
from bot.slack.api.people import Identity, SlackPeople
from bot.slack.api.scopes import BOT_SCOPES
from bot.slack.api.socket_mode import SOCKET_ADVICE
from bot.store.record import Store

APP_SECONDS = 8.0
"""Seconds that the vendor may take to answer."""
DOCTORS_APP = 0
"""No app's SDKAppID, for a lease that counts for none."""
MAX_CHECK_SECONDS = 20.0
"""Seconds that any check may take."""
_CREDENTIALS_ADVICE = (
    "Copy the bot token (xoxb-…) from the app's page, OAuth & Permissions, into SLACK_BOT_TOKEN"
)
_REDIS_ADVICE = (
    "Check REDIS_URL: host, port, user and password (special characters as %XX), rediss:// for TLS; "
    "it must be a server that takes writes and EVALSHA"
)
_NETWORK_ADVICE = "Check this machine's network: its proxy, its firewall, and SLACK_API_URL if it is set"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, its result, and the fix when it failed."""

    name: str
    result: str
    fix: str = ""

    def __str__(self) -> str:
        if self.fix:
            return f"FAIL  {self.name}: {self.result.rstrip('.?')}. {self.fix}."
        return f"ok    {self.name}: {self.result}"


T = TypeVar("T")


def check_all() -> Iterator[Check]:
    """Check the settings and, when they are valid, everything that they name."""
    try:
        settings = load_settings()
    except SettingsError as error:
        for mistake in error.mistakes:
            yield Check("settings", mistake, "Correct it in the environment or in .env")
        return
    yield Check("settings", f"{len(settings.im_apps)} app(s): {', '.join(settings.im_apps)}")
    yield _check_mode(settings)
    yield _check_database(settings)
    if settings.redis:
        yield _check_redis(settings.redis)
    yield from _check_slack(settings)
    for name, im in make_im_clients(settings).items():
        yield _check_app(name, im, settings)
        im.close()


def _check_mode(settings: Settings) -> Check:
    modes = {"socket": settings.slack_app_token, "serve": settings.slack_signing_secret}
    possible = [f"im-bot {mode}" for mode, secret in modes.items() if secret.get_secret_value()]
    if possible:
        return Check("connection mode", " or ".join(possible))
    return Check(
        "connection mode",
        "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set",
        "Set SLACK_APP_TOKEN for im-bot socket, or SLACK_SIGNING_SECRET for im-bot serve",
    )


def _check_socket(settings: Settings) -> Check:
    def check() -> str:
        try:
            make_slack_client(settings).open_socket(settings.slack_app_token.get_secret_value())
        except SlackCallError as error:
            raise SlackUnavailableError(f"Slack refuses to open a connection ({error.reason})") from None
        return "Slack opens a connection"

    return _run_check("Socket Mode", check, SOCKET_ADVICE)


def _check_slack(settings: Settings) -> Iterator[Check]:
    if not settings.slack_bot_token.get_secret_value():
        yield Check("Slack token", "SLACK_BOT_TOKEN is not set", _CREDENTIALS_ADVICE)
        return
    people = SlackPeople(make_slack_client(settings))
    try:
        identity = _with_timeout(people.get_identity)
    except BotError as error:
        yield Check(
            "Slack token",
            str(error),
            _CREDENTIALS_ADVICE if error.detail in TOKEN_ERRORS else _NETWORK_ADVICE,
        )
        return
    yield Check("Slack token", f"workspace {identity.team}")
    yield _check_scopes(identity.scopes)
    if settings.slack_app_token.get_secret_value():
        yield _check_socket(settings)
    yield _check_people(settings, people, identity)
    yield from _check_groups(settings, people)
    yield from _check_audit_channel(settings, people)


def _check_scopes(granted: frozenset[str]) -> Check:
    if not granted:
        # A proxy may drop the header.
        return Check("Slack scopes", "Slack did not say; compare the app's page with manifest.yml")
    if missing := BOT_SCOPES - granted:
        fix = "Add them as in manifest.yml, then reinstall the app to the workspace"
        return Check("Slack scopes", f"missing {', '.join(sorted(missing))}", fix)
    return Check("Slack scopes", "all granted")


def _check_people(settings: Settings, people: SlackPeople, identity: Identity) -> Check:
    """Check that every user id in the roles is a full member."""
    listed = sorted(settings.rules.viewers.people | settings.rules.editors.people)

    def check() -> str:
        memberships = {user_id: people.get_membership(Actor(user_id, identity.team_id)) for user_id in listed}
        odd = [
            f"{user_id} is a {found}"
            for user_id, found in memberships.items()
            if found is not Membership.MEMBER
        ]
        if odd:
            raise BotError(", ".join(odd))
        return f"{len(listed)} user id(s) in ROLES__…, all full members"

    return _run_check(
        "people", check, "Remove them from ROLES__VIEWERS and ROLES__EDITORS, or correct the ids"
    )


def _check_groups(settings: Settings, people: SlackPeople) -> Iterator[Check]:
    rules = settings.rules
    for group in sorted(rules.viewers.groups | rules.editors.groups):
        yield _run_check(
            f"user group {group}",
            lambda group=group: _count_people(len(people.list_group(group))),  # type: ignore[misc]
            "Check the id; the workspace's plan must have user groups",
        )


def _check_audit_channel(settings: Settings, people: SlackPeople) -> Iterator[Check]:
    channel = settings.audit_channel
    if channel is None:
        yield Check(
            "audit channel",
            "AUDIT_CHANNEL is not set, so every change is refused",
            "Set it to a channel's id, or to none to go without",
        )
    elif channel == NO_CHANNEL:
        yield Check("audit channel", "none (AUDIT_CHANNEL=none): changes are not posted")
    else:
        yield _run_check(
            f"audit channel {channel}",
            lambda: _describe_channel(people, channel),
            "Check the id, and invite the bot: type /invite @im-bot in the channel",
        )


def _describe_channel(people: SlackPeople, channel: str) -> str:
    if people.is_shared_outside(channel):
        raise BotError(
            "people from other organizations can read it, so nothing is posted there and every entry waits",
            advice="Stop sharing the channel, or choose an internal one",
        )
    if not people.is_member(channel):
        raise BotError("the bot is not in it")
    return "found"


def _check_database(settings: Settings) -> Check:
    def check() -> str:
        store = Store(settings.database_url)
        try:
            store.check()
        finally:
            store.close()
        return "readable and writable"

    return _run_check("database", check, "Run im-bot migrate; check DATABASE_URL")


def _check_redis(address: RedisAddress) -> Check:
    # Most bots run alone: the library is loaded only where it is used.
    from bot.im.redis_schedule import RedisSchedule  # noqa: PLC0415

    def check() -> str:
        schedule = RedisSchedule(address, DOCTORS_APP)
        try:
            seconds = min(schedule.lease("doctor", share=0).seconds for _ in range(3))
            schedule.leave()
        except RedisTroubleError as error:
            raise BotError(f"Redis cannot be used: {error}") from None
        finally:
            schedule.close()
        return f"leases calls to processes, in {seconds * 1000:.1f} ms"

    return _run_check("Redis", check, _REDIS_ADVICE)


def _check_app(name: str, im: IMClient, settings: Settings) -> Check:
    app = settings.im_apps[name]

    def check() -> str:
        im.check_accounts([app.admin], Deadline.after(APP_SECONDS))
        return f"{app.place} accepts its credentials"

    prefix = f"IM_APPS__{name.upper()}__"
    return _run_check(
        f"app {name}",
        check,
        f"Compare {prefix}SDK_APP_ID, SECRET_KEY, ADMIN and REGION with Tencent Chat's console",
    )


def _run_check(name: str, check: Callable[[], str], fix: str) -> Check:
    try:
        return Check(name, _with_timeout(check))
    except BotError as error:
        return Check(name, str(error), _find_fix(error, fix))


def _find_fix(error: BotError, fix: str) -> str:
    """Return the advice as the operator reads it, with the fix if that is needed too."""
    told = TELL_OPERATOR.split(error.advice)[-1]
    advice = f"{told[:1].upper()}{told[1:]}"
    return f"{advice}. {fix}" if isinstance(error, AuthenticationError) else advice or fix


def _with_timeout(check: Callable[[], T]) -> T:
    """Run a check in a thread, which is abandoned after MAX_CHECK_SECONDS.

    Raises:
        BotError: The check failed, or did not end in time.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(check())
        except BaseException as error:  # noqa: BLE001 - raised in the waiting thread
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return future.result(MAX_CHECK_SECONDS)
    except TimeoutError:
        raise BotError(f"no answer within {MAX_CHECK_SECONDS:g} s") from None


def _count_people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"
