"""When the Bot API cannot be reached: how long to wait, and one line in the log for each kind of trouble."""

import structlog
from telegram.error import BadRequest, Conflict, InvalidToken, TelegramError

from bot.channels.patience import Patience
from bot.channels.telegram.request import Flooded

_log = structlog.get_logger(__name__)


def explain(error: TelegramError) -> str:
    """What is wrong and who can help it, without an address or a text of anybody's."""
    match error:
        case InvalidToken():
            return "Telegram does not know this token; check BEZPIECZNY_TELEGRAM__TOKEN"
        case Conflict() if "webhook" in error.message.lower():
            return "another program has set a webhook for this bot; start again to remove it"
        case Conflict():
            return "another program reads this bot's updates; only one may poll with a token"
        case BadRequest() if "webhook" in error.message.lower():
            return f"Telegram refuses BEZPIECZNY_TELEGRAM__WEBHOOK_URL ({error.message})"
        case _:
            return error.message


class Faults:
    """Counts failures in a row: the pauses between tries grow, and a lasting trouble is told once."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._kind: type[TelegramError] | None = None
        self._tries = 0

    def failed(self, error: TelegramError) -> float:
        """Note a failure; returns how many seconds to wait before the next try."""
        if self._kind is not type(error):
            _log.warning("telegram.unavailable", kind=type(error).__name__, reason=explain(error))
        self._kind = type(error)
        self._tries += 1
        pause_s = self._patience.pause_after(self._tries)
        return max(pause_s, error.retry_after_s) if isinstance(error, Flooded) else pause_s

    def worked(self) -> None:
        """Note a success."""
        if self._tries:
            _log.info("telegram.available", failures=self._tries)
        self._kind, self._tries = None, 0
