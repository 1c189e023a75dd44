"""Client of Tencent Chat's REST API: one method for each endpoint."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from bot.core.model import Deadline, Value, Values
from bot.errors import IMError
from bot.im import wire
from bot.im.shared_pacer import SharedLimit
from bot.im.transport import PAUSES, Endpoint, Pauses, Transport, make_local_pacer

R_co = TypeVar("R_co", covariant=True)

GET_PROFILES = Endpoint("profile/portrait_get", wire.ProfilesResponse)
SET_PROFILE = Endpoint("profile/portrait_set", wire.Response, writes=True)
GET_FRIENDS = Endpoint("sns/friend_get_list", wire.FriendsResponse)
GET_ATTRIBUTES = Endpoint("all_member_push/im_get_attr", wire.AttributesResponse, per_second=100)
CHECK_ACCOUNTS = Endpoint("im_open_login_svc/account_check", wire.CheckResponse, per_second=100)
ENDPOINTS = (GET_PROFILES, SET_PROFILE, GET_FRIENDS, GET_ATTRIBUTES, CHECK_ACCOUNTS)
"""Every endpoint that the bot calls."""


class IMClient:
    """One Tencent Chat app; safe between threads. A `bot.core.ports.IM`.

    Args:
        base_url: The base URL of the vendor's API, without a slash at the end.
        app_id: The SDKAppID.
        key: The app's secret key.
        admin: The admin account that makes the calls.
        workers: The most concurrent calls.
        limit: The frequency limits that it shares with other processes, closed with it; None for its own.
        pauses: The pauses before further tries.
    """

    def __init__(
        self,
        *,
        base_url: str,
        app_id: int,
        key: str,
        admin: str,
        workers: int,
        limit: SharedLimit | None = None,
        pauses: Pauses = PAUSES,
    ) -> None:
        self._limit = limit
        self._transport = Transport(
            base_url=base_url,
            app_id=app_id,
            key=key,
            admin=admin,
            workers=workers,
            endpoints=ENDPOINTS,
            make_pacer=limit.make_pacer if limit else make_local_pacer,
            pauses=pauses,
        )

    @property
    def answered_at(self) -> float | None:
        """The time of the last readable answer, good or bad (monotonic seconds); None before the first."""
        return self._transport.answered_at

    def close(self) -> None:
        """Close the connections."""
        if self._limit:
            self._limit.close()
        self._transport.close()

    def limit_trouble(self) -> str:
        """Say why this process keeps to a share of the limits, as it can; empty while it need not."""
        return self._limit.trouble() if self._limit else ""

    def get_profiles(
        self, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        """Read profile fields by tag (profile/portrait_get, intl/34917).

        Raises:
            IMError: The call failed as a whole.
        """
        body = {"To_Account": accounts, "TagList": tags}
        return _by_account(self._transport.post(GET_PROFILES, body, deadline).accounts, accounts)

    def get_friends(
        self, owner: str, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        """Read entries of the owner's friend list (sns/friend_get_list, cn/8609).

        Raises:
            IMError: The call failed as a whole.
        """
        body = {"From_Account": owner, "To_Account": accounts, "TagList": tags}
        return _by_account(self._transport.post(GET_FRIENDS, body, deadline).accounts, accounts)

    def get_attributes(self, accounts: Sequence[str], deadline: Deadline) -> Mapping[str, Values | IMError]:
        """Read attributes by name (all_member_push/im_get_attr, intl/37169).

        Raises:
            IMError: The call failed as a whole.
        """
        body = {"To_Account": accounts}
        return _by_account(self._transport.post(GET_ATTRIBUTES, body, deadline).accounts, accounts)

    def check_accounts(self, accounts: Sequence[str], deadline: Deadline) -> Mapping[str, bool | IMError]:
        """Check which accounts are imported (im_open_login_svc/account_check).

        Raises:
            IMError: The call failed as a whole.
        """
        body = {"CheckItem": [{"UserID": account} for account in accounts]}
        return _by_account(self._transport.post(CHECK_ACCOUNTS, body, deadline).accounts, accounts)

    def set_profile(self, account: str, values: Mapping[str, Value], deadline: Deadline) -> None:
        """Write profile fields by tag; the others stay (profile/portrait_set, intl/34916).

        Raises:
            OutcomeUnknownError: It was sent, and no usable answer came.
            IMError: It was refused, or never sent.
        """
        items = [{"Tag": tag, "Value": value} for tag, value in values.items()]
        self._transport.post(SET_PROFILE, {"From_Account": account, "ProfileItem": items}, deadline)


class _AccountAnswer(Protocol[R_co]):
    @property
    def account(self) -> str: ...

    def result(self) -> R_co: ...


def _by_account(answers: Iterable[_AccountAnswer[R_co]] | None, asked: Iterable[str]) -> dict[str, R_co]:
    """Key results by account; drop those of accounts that were not asked for."""
    wanted = frozenset(asked)
    return {each.account: each.result() for each in answers or () if each.account in wanted}
