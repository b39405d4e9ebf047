"""When the Bot API cannot be reached: what is wrong, in words for whoever runs the bot."""

from telegram.error import BadRequest, Conflict, InvalidToken, TelegramError

from bot.channels.telegram.request import Flooded
from bot.channels.trouble import Faults


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


def note(faults: Faults, error: TelegramError) -> float:
    """Note a failure; returns how many seconds to wait before the next try, no fewer than Telegram asks for."""
    asked_s = error.retry_after_s if isinstance(error, Flooded) else 0.0
    return faults.failed(type(error).__name__, explain(error), at_least_s=asked_s)
