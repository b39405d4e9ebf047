"""When the homeserver is away: how long to wait, and one line in the log, however it fails meanwhile."""

from datetime import datetime

import structlog

from bot.channels.patience import Patience
from bot.domain.errors import BotError, Throttled

_log = structlog.get_logger(__name__)


class Faults:
    """Counts failures in a row: the pauses between tries grow, and a lasting trouble is told once."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._tries = 0

    def failed(self, error: BotError, now: datetime) -> float:
        """Note a failure; returns how many seconds to wait before the next try."""
        if not self._tries:
            _log.warning("matrix.unavailable", kind=type(error).__name__, reason=str(error))
        self._tries += 1
        pause_s = self._patience.pause_after(self._tries)
        return max(pause_s, (error.retry_at - now).total_seconds()) if isinstance(error, Throttled) else pause_s

    def worked(self) -> None:
        """Note a success."""
        if self._tries:
            _log.info("matrix.available", failures=self._tries)
        self._tries = 0
