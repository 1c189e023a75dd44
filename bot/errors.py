"""Everything that can go wrong, in one tree.

```
BotError                        str(error) may be shown to anyone who asked
├── UsageError                  the text makes no sense; carries the usage line
├── PermissionDeniedError       the actor lacks the role; says what is missing and who can help
├── ExpiredError                it is not possible, or not any more: a button or a change is too old
├── CancelledError              the actor cancelled it, and has been answered
├── AuditError                  the record could not be written, or cannot be believed
│   ├── AlteredError            what it holds is not what was kept
│   └── RecordUnknownError      it could not be written in time; whether it was, is not known
├── SlackUnavailableError       Slack could not be asked
├── NotSharedError              others than the workspace's own people could read it, or nobody would
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

from collections.abc import Sequence


class BotError(Exception):
    """The base of all errors whose text may be shown to the actor.

    Args:
        words: What happened, in one plain sentence part without a full stop.
        advice: What the reader can do about it; empty when there is nothing.
        detail: For the log only; never holds a secret or a profile value.
    """

    def __init__(self, words: str, *, advice: str = "", detail: str = "") -> None:
        super().__init__(words)
        self.advice = advice
        self.detail = detail


class UsageError(BotError):
    """The text makes no sense as a command.

    Args:
        words: What is wrong with it.
        usage: The line that shows how it is typed, without the slash command's name.
        advice: A suggestion such as a near miss.
        parts: The single mistakes, when there are several.

    Attributes:
        command: The word of the command that it was to be; empty where not even that is known.
        app: The app it was about, as far as it could be read.
        accounts: The accounts it was about, as far as they could be read.
    """

    def __init__(
        self, words: str, *, usage: str = "", advice: str = "", parts: Sequence["UsageError"] = ()
    ) -> None:
        super().__init__(words, advice=advice)
        self.usage = usage
        self.parts = parts
        self.command = self.app = ""
        self.accounts: tuple[str, ...] = ()


class PermissionDeniedError(BotError):
    """The actor may not do this; the words name the rule, the advice who can help."""


class ExpiredError(BotError):
    """What was asked is understood and not possible, or not any more: a button is too old, say."""


class CancelledError(BotError):
    """The actor cancelled it while it was under way, and was answered then."""


class AuditError(BotError):
    """The record could not be written, or what it holds cannot be believed."""


class AlteredError(AuditError):
    """What the record holds is not what was kept: somebody altered the database."""


class RecordUnknownError(AuditError):
    """The record could not be written in time; whether it was, is not known."""


class SlackUnavailableError(BotError):
    """Slack could not be asked."""


class NotSharedError(BotError):
    """An answer is not shown to the channel it was asked in; the words say why."""


class IMError(BotError):
    """Tencent Chat refused, failed or could not be reached.

    Args:
        words: What happened.
        code: The vendor's ErrorCode or ResultCode; None when no answer came.
        advice: What the reader can do about it.
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
    """The UserSig, the admin account or the app id is wrong: the operator's to mend."""


class RateLimitedError(IMError):
    """The vendor counts too many calls."""


class UnavailableError(IMError):
    """The vendor could not be reached, took too long or failed inside."""


class NotAskedError(UnavailableError):
    """The command was over before this call was sent or answered: its time was up, or it was cancelled."""


class OutcomeUnknownError(UnavailableError):
    """A write was sent and no usable answer came: it may or may not have happened."""


class InvalidResponseError(IMError):
    """The answer is not JSON, or not of the documented shape."""
