"""When the homeserver is away: one trouble, however it fails meanwhile."""

from datetime import datetime

from bot.channels import trouble
from bot.channels.patience import Patience
from bot.domain.errors import BotError, Throttled, Unreachable

AWAY = Unreachable.__name__


class Faults:
    """The failures in a row, by our errors."""

    def __init__(self, patience: Patience) -> None:
        self._faults = trouble.Faults("matrix", patience)

    def failed(self, error: BotError, now: datetime) -> float:
        """Note a failure; returns how many seconds to wait before the next try, no fewer than we are asked to."""
        asked_s = (error.retry_at - now).total_seconds() if isinstance(error, Throttled) else 0.0
        return self._faults.failed(AWAY, str(error), at_least_s=asked_s)

    def worked(self) -> None:
        """Note a success."""
        self._faults.worked()
