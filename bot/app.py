"""The composition root: the one module that knows every part."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult

from bot.audit_tasks import Audit
from bot.bulk.file_lookup_loop import FileLookupLoop
from bot.bulk.file_lookup_run import FileLookupTools
from bot.bulk.file_lookups import FileLookups
from bot.bulk.job_record import ENTRY_ACCOUNTS
from bot.core.changes.service import Changes
from bot.core.file_lookups import FileLookupNotices, FileLookupStore
from bot.core.limits import LookupLimits
from bot.core.ports import IM, People
from bot.core.results import Settled
from bot.core.scheduling.executor import FairExecutor
from bot.core.services import Services
from bot.encryption import Cipher
from bot.errors import AuditError
from bot.im.client import IMClient
from bot.im_clients import CONCURRENT_CALLS, make_im_client
from bot.reconcile_loop import ReconcileLoop
from bot.settings import NO_CHANNEL, Settings
from bot.slack.admission import Admission
from bot.slack.api.client import USUAL_LIMITS, Limits, SlackClient
from bot.slack.api.errors import TOKEN_ERRORS, SlackCallError
from bot.slack.api.people import SlackPeople
from bot.slack.api.socket_mode import PING_SECONDS, SocketClient, token_refused
from bot.slack.claims import Claims
from bot.slack.delivery.audit.audit_relay import USUAL_TIMING, Relay, RelayTiming
from bot.slack.delivery.audit.post_links import PostLinks
from bot.slack.delivery.file_lookup_notices import PACE, SlackFileLookupNotices
from bot.slack.delivery.files import Files
from bot.slack.delivery.forms import Forms
from bot.slack.delivery.response_url import Responder
from bot.slack.file_lookup_answers import FileLookupAnswers
from bot.slack.interaction_codec import InteractionCodec
from bot.slack.interaction_store import Interactions
from bot.slack.listeners.envelopes import DeduplicatingHandler
from bot.slack.listeners.home import HomeTabs
from bot.slack.listeners.registration import register
from bot.slack.lookup_answers import LookupAnswers
from bot.slack.messages.blocks import DATA_TABLE, PICTURE
from bot.slack.messages.render import render
from bot.slack.runner import CommandRunner, Observer
from bot.slack.workers import QUICK_THREADS, THREADS, Workers
from bot.store.record import Store

PRIORITY_WORKERS = 4
"""Workers that answer "busy" and cancel jobs when all others are taken; Slack may delay one of them."""
WAIT_FOR_COMMANDS = 0.01
"""The most seconds that one call of a file lookup after the other waits while commands run."""
QUIET_SECONDS = 1.0
"""Seconds after the last command from which on a file lookup writes as much together as it can."""
BESIDE_COMMANDS = 100
"""The most accounts that it writes together before that: commands wait for the database meanwhile."""
CLOSE_SECONDS = 22.0
"""Seconds that running commands still get when the bot stops: their budget, and time to answer."""


@dataclass(frozen=True, slots=True)
class Bot:
    """The assembled bot; Slack's payloads enter through Bolt's app."""

    bolt: App
    slack: SlackClient
    people: SlackPeople
    ims: Mapping[str, IMClient]
    audit: Audit
    interactions: Interactions
    responder: Responder
    workers: Workers
    priority_workers: Workers
    quick_workers: Workers
    pool: Executor
    file_lookups: FileLookups
    notices: SlackFileLookupNotices

    @property
    def is_busy(self) -> bool:
        """True while commands or file lookups are running."""
        every = (self.workers, self.quick_workers, self.priority_workers)
        return self.file_lookups.loop.is_busy or any(workers.is_busy for workers in every)

    def start(self) -> None:
        """Start the work in the background."""
        self.audit.start()
        self.file_lookups.loop.start()

    def close(self) -> None:
        """Accept no more work, finish running commands within CLOSE_SECONDS, and close every connection."""
        deadline = time.monotonic() + CLOSE_SECONDS
        self.file_lookups.loop.stop()
        for workers in (self.workers, self.quick_workers, self.priority_workers):
            workers.close(max(0.0, deadline - time.monotonic()))
        self.file_lookups.loop.close()
        self.notices.close()
        self.interactions.close()
        self.audit.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.responder.close()
        self.slack.close()
        for im in self.ims.values():
            im.close()


def make_slack_client(settings: Settings, limits: Limits = USUAL_LIMITS) -> SlackClient:
    """Make the client for Slack's Web API."""
    return SlackClient(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, limits)


def make_im_clients(settings: Settings) -> dict[str, IMClient]:
    """Make a client for each Tencent Chat app."""
    # Lookups share some threads, file lookups others, and a lookup of one call has its worker's.
    workers = 2 * CONCURRENT_CALLS + THREADS
    return {name: make_im_client(settings, name, workers) for name in settings.im_apps}


def _observe_nothing(command: str, outcome: str, seconds: float) -> None:
    """Count nothing, where no metrics are served."""


def make_bot(
    settings: Settings,
    observe: Observer = _observe_nothing,
    limits: Limits = USUAL_LIMITS,
    pace: float = PACE,
    relay_timing: RelayTiming = USUAL_TIMING,
) -> Bot:
    """Assemble the bot, without connecting it.

    Args:
        settings: The settings.
        observe: Counts the commands.
        limits: Time limits of calls to Slack.
        pace: Seconds between two changes of messages about file lookups.
        relay_timing: The waits of the relay to the audit channel.
    """
    slack, ims = make_slack_client(settings, limits), make_im_clients(settings)
    people, store = SlackPeople(slack), Store(settings.database_url)
    pool = FairExecutor(CONCURRENT_CALLS)
    responder = Responder(slack, THREADS, limits, people.find_name)
    services = _make_services(settings, ims, people, store, pool)
    post_links = PostLinks(store.find_posts, people.link)
    relay = _make_relay(settings, slack, store, people, post_links, timing=relay_timing)
    reconcile_loop = _make_reconcile_loop(settings, store, services.changes, responder)
    audit = Audit(store, relay, reconcile_loop, post_links, audited=services.changes.audited)
    interactions = _make_interactions(settings, store)
    command, forms, files = settings.slack_command, Forms(slack, interactions), Files(slack)
    lookups = LookupAnswers(command, services, interactions, people, files, _list_avoided_blocks(settings))
    workers, priority_workers, quick_workers = Workers(), Workers(PRIORITY_WORKERS), Workers(QUICK_THREADS)
    kept = store.open_file_lookups(settings.apps.by_name, _make_cipher(settings))
    notices = SlackFileLookupNotices(slack, files, kept, pace)
    loop = _make_file_lookup_loop(services, kept, notices, workers)
    file_lookups = FileLookups(services, kept, notices, loop)
    answers = (lookups, FileLookupAnswers(command, interactions, files, file_lookups))
    trouble, expect = audit.channel_trouble, post_links.expect if relay else lambda _, __: None
    runner = CommandRunner(
        command, services, interactions, people, Claims(store), forms, *answers, observe, trouble, expect
    )
    shown = (audit.channel_state, _find_channel(settings), file_lookups.store.list_open)
    homes = HomeTabs(slack, command, services, interactions, *shown)
    admission = Admission(interactions, workers, quick_workers, priority_workers)
    bolt = _make_bolt(slack, settings)
    register(bolt, runner, responder, admission, homes)
    every = (workers, priority_workers, quick_workers)
    return Bot(bolt, slack, people, ims, audit, interactions, responder, *every, pool, file_lookups, notices)


def _make_services(
    settings: Settings, ims: Mapping[str, IM], people: People, store: Store, pool: Executor
) -> Services:
    audited, rules = settings.audit_channel is not None, settings.rules
    changes = Changes(settings.apps, ims, rules, people, store, audited=audited)
    limits = LookupLimits(store, settings.lookup_ids_per_hour, settings.file_lookups_at_once)
    return Services(settings.apps, ims, rules, people, pool, store, changes, limits)


def _make_interactions(settings: Settings, store: Store) -> Interactions:
    return Interactions(store, InteractionCodec(settings.apps.by_name, _make_cipher(settings)))


def _make_cipher(settings: Settings) -> Cipher:
    # The bot token is a secret that all processes share, and the database does not hold.
    return Cipher(settings.slack_bot_token.get_secret_value())


def _make_file_lookup_loop(
    services: Services, kept: FileLookupStore, notices: FileLookupNotices, workers: Workers
) -> FileLookupLoop:
    """Make the loop of file lookups, which make way for the commands of these workers."""

    def find_most() -> int:
        return ENTRY_ACCOUNTS if workers.seconds_idle > QUIET_SECONDS else BESIDE_COMMANDS

    # Their own calls: however long the vendor takes, they hold none of the commands' threads.
    calls = FairExecutor(CONCURRENT_CALLS, partial(workers.wait_until_idle, WAIT_FOR_COMMANDS))
    return FileLookupLoop(FileLookupTools(services, kept, notices, calls, most=find_most))


def _make_bolt(slack: SlackClient, settings: Settings) -> App:
    return App(
        client=slack,
        # Bolt's own loggers inherit this one's level.
        logger=logging.getLogger("slack_bolt"),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        # The token is checked at start, so Bolt need not look it up.
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=slack.token),
        process_before_response=True,
        # The HTTP app verifies a request before it is parsed.
        request_verification_enabled=False,
    )


def _list_avoided_blocks(settings: Settings) -> set[str]:
    wanted = {PICTURE: settings.slack_avatars, DATA_TABLE: settings.slack_data_tables}
    return {kind for kind, is_wanted in wanted.items() if not is_wanted}


def _find_channel(settings: Settings) -> str:
    """Return the id of the audit channel; empty if there is none."""
    channel = settings.audit_channel or NO_CHANNEL
    return "" if channel == NO_CHANNEL else channel


def _make_relay(
    settings: Settings,
    slack: SlackClient,
    store: Store,
    people: SlackPeople,
    post_links: PostLinks,
    *,
    timing: RelayTiming,
) -> Relay | None:
    channel = _find_channel(settings)
    if not channel:
        return None
    masked = {name: app.masked_tags for name, app in settings.im_apps.items()}
    relay = Relay(
        slack,
        channel,
        store,
        apps=settings.apps.by_name,
        masked=masked,
        is_shared_outside=people.is_shared_outside,
        names=people.ask_name,
        posted=post_links.look,
        timing=timing,
    )
    store.notify_waiting(relay.look)
    return relay


def _make_reconcile_loop(
    settings: Settings, store: Store, changes: Changes, responder: Responder
) -> ReconcileLoop:
    def settle() -> Iterable[Settled]:
        with suppress(AuditError):
            store.drop_expired()
        return changes.settle_open()

    def report(settled: Settled) -> None:
        actor_id = settled.change.actor.user_id
        responder.send_directly(actor_id, render(settled, command=settings.slack_command, actor_id=actor_id))

    return ReconcileLoop(settle, report)


@contextmanager
def connect_socket_mode(
    bot: Bot, settings: Settings, ping_interval: float = PING_SECONDS
) -> Iterator[SocketClient]:
    """Connect a bot over Socket Mode; on leaving, running commands are finished."""
    token = settings.slack_app_token.get_secret_value()
    handler = DeduplicatingHandler(bot.bolt, bot.slack, token, ping_interval)
    bot.start()
    try:
        handler.connect()  # type: ignore[no-untyped-call]  # Bolt's, without types
    except SlackCallError as error:
        bot.close()
        if error.code in TOKEN_ERRORS:
            raise SystemExit(token_refused(error.code)) from None
        raise SystemExit(
            f"cannot connect to Slack ({error.reason}); run im-bot doctor to find out why"
        ) from None
    try:
        yield handler.client
    finally:
        handler.close()  # type: ignore[no-untyped-call]  # the same
        bot.close()
