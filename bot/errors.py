"""The bot's errors, in one tree.

```
BotError                        str(error) may be shown to anyone who asked
├── UsageError                  the text is no valid command; carries the usage line
│   ├── NoAccountError          no account id was given
│   └── FileError               a file of ids cannot be used
├── PermissionDeniedError       the actor lacks the role; names it, and who can help
│   └── RoleUnconfirmedError    Slack could not be asked for the role
├── LimitError                  the actor has looked up too much; says when to try again
├── ExpiredError                it is no longer possible: a button or a change has expired
├── CancelledError              the actor cancelled it, and has been answered
├── AuditError                  the record could not be written, or is not sound
│   ├── AlteredError            it was altered
│   └── RecordUnknownError      a write did not end in time: it may have been written
├── SlackUnavailableError       Slack could not be asked
├── NotSharedError              an answer is not shown in the channel
└── IMError                     .code, when Tencent gave one
    ├── InvalidRequestError     a field or value the vendor refuses
    ├── NotFoundError           an account or field the vendor does not know
    │   └── NotAFriendError     the account is not in the owner's friend list
    ├── AuthenticationError     UserSig, admin or app id is wrong: an operator's problem, never the actor's
    ├── RateLimitedError        too many calls
    ├── UnavailableError        no connection, time-out, 5xx, internal codes
    │   ├── NotAskedError       the command was over before the call could be sent
    │   └── OutcomeUnknownError a write was sent and no answer came
    └── InvalidResponseError    not JSON, or not the documented shape
```
"""

import re
from collections.abc import Collection, Sequence

INTERNAL_ERROR = "Tencent Chat had an internal error"
"""The text of an error that Tencent Chat does not explain."""

TELL_OPERATOR = re.compile("[Tt]ell the bot's operator to ")
"""The beginning of advice that only the bot's operator can follow."""


class BotError(Exception):
    """The base of all errors whose text may be shown to the actor.

    Args:
        words: The problem, in one plain clause without a full stop.
        advice: The reader's next step; empty when there is none.
        detail: For the log only; never holds a secret or a profile value.

    Attributes:
        waiting_change: The id of the change that can still be confirmed; empty if there is none.
    """

    def __init__(self, words: str, *, advice: str = "", detail: str = "") -> None:
        super().__init__(words)
        self.advice = advice
        self.detail = detail
        self.waiting_change = ""


class UsageError(BotError):
    """The text is no valid command.

    Args:
        words: The mistake.
        usage: The usage line, without the slash command's name.
        advice: A suggestion such as a near miss.
        parts: The single mistakes, when there are several.
        correction: The mistyped part of the text, and what was meant; None if that is not known.

    Attributes:
        suggestion: The whole text as it was meant, without the slash command's name; empty if not known.
        command: The command's word; empty when unknown.
        app: The app, as far as it could be read.
        accounts: The accounts, as far as they could be read.
    """

    def __init__(
        self,
        words: str,
        *,
        usage: str = "",
        advice: str = "",
        parts: Sequence["UsageError"] = (),
        correction: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(words, advice=advice)
        self.usage = usage
        self.parts = parts
        self.correction = correction
        self.suggestion = self.command = self.app = ""
        self.accounts: tuple[str, ...] = ()


class NoAccountError(UsageError):
    """No account id was given; the usage line is an example."""


class FileError(UsageError):
    """A file of ids cannot be used; the text names the file, and the line if there is one."""


class PermissionDeniedError(BotError):
    """The actor may not do this.

    Args:
        words: The rule.
        advice: The reader's next step.
        detail: For the log only.
        people: The user ids of those who may do it, and may be asked.
        groups: The ids of the user groups whose members may do it.
        lacks_role: Whether only the role is missing, so that asking those helps.
    """

    def __init__(
        self,
        words: str,
        *,
        advice: str = "",
        detail: str = "",
        people: Collection[str] = (),
        groups: Collection[str] = (),
        lacks_role: bool = False,
    ) -> None:
        super().__init__(words, advice=advice, detail=detail)
        self.people, self.groups, self.lacks_role = frozenset(people), frozenset(groups), lacks_role


class RoleUnconfirmedError(PermissionDeniedError):
    """Slack could not be asked whether the actor holds the role; later it may say so."""


class LimitError(BotError):
    """The actor has reached a limit of the settings; the advice says when they may try again."""


class ExpiredError(BotError):
    """The request is valid but no longer possible: a button is too old, for example."""


class CancelledError(BotError):
    """The actor cancelled it while it ran, and has been answered."""


class AuditError(BotError):
    """The record could not be written, or is not sound."""


class AlteredError(AuditError):
    """The record is not as it was written: the database was altered."""


class RecordUnknownError(AuditError):
    """A write to the record did not end in time; it may have been written."""


class SlackUnavailableError(BotError):
    """Slack could not be asked."""


class TeamUnconfirmedError(SlackUnavailableError):
    """Slack could not be asked about a person whose payload names another team than the bot's."""


class NotSharedError(BotError):
    """An answer is not shown in the channel; the text says why."""


class IMError(BotError):
    """Tencent Chat refused, failed or could not be reached.

    Args:
        words: The problem.
        code: The vendor's ErrorCode or ResultCode; None when no answer came.
        advice: The reader's next step.
        detail: For the log only.
    """

    def __init__(self, words: str, *, code: int | None = None, advice: str = "", detail: str = "") -> None:
        super().__init__(words, advice=advice, detail=detail)
        self.code = code


class InvalidRequestError(IMError):
    """The vendor refuses a field or a value."""


class NotFoundError(IMError):
    """The vendor does not know an account or a field."""


class NotAFriendError(NotFoundError):
    """The account is not in the owner's friend list."""


class AuthenticationError(IMError):
    """The UserSig, the admin account or the app id is wrong: an operator must correct it."""


class RateLimitedError(IMError):
    """The vendor counts too many calls."""


class UnavailableError(IMError):
    """The vendor could not be reached, took too long or failed inside."""


class NotAskedError(UnavailableError):
    """The command ended before this call was sent or answered: out of time, or cancelled."""


class OutcomeUnknownError(UnavailableError):
    """A write was sent and no usable answer came: it may have happened."""


class InvalidResponseError(IMError):
    """The answer is not JSON, or not of the documented shape."""
