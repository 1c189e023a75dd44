import resource

import pytest

from bot.bulk.file_lookup_csv import open_csv
from bot.core.file_lookups import FileLookupState
from bot.errors import BotError
from tests.support.file_lookups import CountingSandbox, run_process
from tests.support.sandbox import serving


def test_says_that_the_temporary_folder_is_full(file_url: str) -> None:
    with serving(CountingSandbox(500)) as caller, run_process(file_url, caller.url) as process:
        process.start([f"u{number:05}" for number in range(50)])
        done = process.wait_over()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            with (
                pytest.raises(BotError, match="could not be written to the temporary folder") as caught,
                open_csv(process.kept, done),
            ):
                pass
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        with open_csv(process.kept, done) as (_, size):
            assert size > 100

    assert done.state is FileLookupState.DONE
    assert "TMPDIR" in caught.value.advice
