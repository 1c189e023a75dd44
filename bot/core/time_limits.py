"""Time limits of a command and its parts, and of what is kept for its buttons, in seconds."""

COMMAND_SECONDS = 20.0
"""The most seconds that a command may take, retries included."""
RECORD_SECONDS = 4.0
"""The most seconds for one read or write of the record."""
_SPARE_SECONDS = 1.0
"""Seconds reserved for sending the answer."""
ASKING_SECONDS = COMMAND_SECONDS - RECORD_SECONDS - _SPARE_SECONDS
"""Seconds from a lookup's start after which its calls to the vendor end."""
CHANGING_SECONDS = ASKING_SECONDS - RECORD_SECONDS
"""The same for a change, which at its end reads and then writes the record."""
READ_SECONDS = 5.0
"""The most seconds for reading a profile before a change is proposed, written or settled."""
WRITE_SECONDS = 5.0
"""Seconds for sending a write and receiving its answer, from recording the intent on."""
QUICK_SECONDS = 2.5
"""The most seconds for questions to Slack in a command that asks nothing else."""
STATE_SECONDS = 24 * 3600.0
"""Seconds for which the state behind buttons and forms is kept, in a process and in the database."""
