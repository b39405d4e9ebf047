"""Addresses on the web that lead into the conversation."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """Where a shared quiz can be opened."""

    public_url: str
    """The root of the browser channel, without a slash at its end."""
    telegram: Callable[[], str | None] = lambda: None
    """The bot's user name on Telegram, once it is known."""

    def page(self, code: str) -> str:
        """The quiz in the browser, for anybody."""
        return f"{self.public_url}/q/{code}"

    def telegram_start(self, parameter: str) -> str | None:
        """A link that opens the bot on Telegram, if it is there."""
        username = self.telegram()
        return f"https://t.me/{username}?start={parameter}" if username else None
