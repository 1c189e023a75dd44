"""Time limits of a command and of its parts, in seconds."""

COMMAND_SECONDS = 20.0
"""The most seconds that a command may take, retries included; an actor at a keyboard waits no longer."""
RECORD_SECONDS = 4.0
"""The most that the record takes to be read or written once."""
_SPARE_SECONDS = 1.0
"""Left to send the answer."""
ASKING_SECONDS = COMMAND_SECONDS - RECORD_SECONDS - _SPARE_SECONDS
"""Seconds from a lookup's begin after which the vendor is not asked, and not waited for, any more."""
CHANGING_SECONDS = ASKING_SECONDS - RECORD_SECONDS
"""The same for a change: at its end the record is read and then written."""
READ_SECONDS = 5.0
"""The most that reading a profile takes before anything is proposed, written or settled."""
WRITE_SECONDS = 5.0
"""Seconds from recording the intent in which a write may be sent and answered."""
QUICK_SECONDS = 2.5
"""The most that asking Slack about a person takes for an answer that needs nothing else."""
