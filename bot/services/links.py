"""Addresses on the web that lead into the conversation."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """Where a shared quiz, or the console, can be opened."""

    public_url: str
    """The root of the browser channel, without a slash at its end."""
    telegram: Callable[[], str | None] = lambda: None
    """The bot's user name on Telegram, once it is known."""

    def page(self, code: str) -> str:
        """The quiz in the browser, for anybody."""
        return f"{self.public_url}/q/{code}"

    def sign_in(self, token: str) -> str:
        """The page on which a member of the staff signs in with a one-time link."""
        return f"{self.public_url}/console/enter/{token}"

    def telegram_start(self, parameter: str) -> str | None:
        """A link that opens the bot on Telegram, if it is there."""
        username = self.telegram()
        return f"https://t.me/{username}?start={parameter}" if username else None

    def console(self, path: str) -> str:
        """A page of the staff's console."""
        return f"{self.public_url}/console{path}"
