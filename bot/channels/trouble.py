"""When a channel is away: how long to wait, and one line in the log for each kind of trouble."""

import structlog

from bot.channels.patience import Patience

_log = structlog.get_logger(__name__)


class Faults:
    """Counts failures in a row: the pauses between tries grow, and a lasting trouble is told once."""

    def __init__(self, channel: str, patience: Patience) -> None:
        self._channel = channel
        self._patience = patience
        self._kind: str | None = None
        self._tries = 0

    def failed(self, kind: str, reason: str, *, at_least_s: float = 0.0) -> float:
        """Note a failure; returns how many seconds to wait before the next try. Another kind is told anew."""
        if self._kind != kind:
            _log.warning(f"{self._channel}.unavailable", kind=kind, reason=reason)
        self._kind = kind
        self._tries += 1
        return max(at_least_s, self._patience.pause_after(self._tries))

    def worked(self) -> None:
        """Note a success."""
        if self._tries:
            _log.info(f"{self._channel}.available", failures=self._tries)
        self._kind, self._tries = None, 0
