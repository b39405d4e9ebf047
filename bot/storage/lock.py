"""One bot at a time for one data folder. The system releases the lock however the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.domain.errors import BotError


class AlreadyRunning(BotError):
    """The bot is running on this data folder. Stop it first."""


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file at `path` until the block ends; if another process holds it, raise AlreadyRunning at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning from error
        yield
    finally:
        os.close(handle)  # the file stays: removing it would let two processes lock two files of one name
