"""A Bot API server of our own, for tests and measurements: strict, over HTTP, and as unreliable as asked."""

from tests.telegram_api.faults import Blocked, Dropped, Fault, Lost, RateLimit, ServerError, Slow, TooMany, Weather
from tests.telegram_api.server import TelegramApi
from tests.telegram_api.users import Seen, User

__all__ = [
    "Blocked",
    "Dropped",
    "Fault",
    "Lost",
    "RateLimit",
    "Seen",
    "ServerError",
    "Slow",
    "TelegramApi",
    "TooMany",
    "User",
    "Weather",
]
