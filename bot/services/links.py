"""Addresses on the web that lead into the conversation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bot.domain.residents import Writable


@dataclass(frozen=True, slots=True)
class MatrixStart:
    """How the bot is started on Matrix, where a link cannot carry what it is started with: one sends that oneself."""

    url: str
    """A link that opens the bot in whichever program one uses."""
    message: str
    """What to write to it there."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where a shared quiz, or the console, can be opened."""

    public_url: str
    """The root of the browser channel, without a slash at its end."""
    telegram: Callable[[], str | None] = lambda: None
    """The bot's user name on Telegram, once it is known."""
    matrix: Callable[[], str | None] = lambda: None
    """The bot's user id on Matrix (`@bot:example.org`), once it is known."""

    def page(self, code: str) -> str:
        """The quiz in the browser, for anybody."""
        return f"{self.public_url}/q/{code}"

    def sign_in(self, token: str) -> str:
        """The page on which a member of the staff signs in with a one-time link."""
        return f"{self.public_url}/console/enter/{token}"

    def messengers(self) -> Mapping[str, str]:
        """Each channel where the bot can write first, and a link to it there."""
        links = {Writable.TELEGRAM: self.telegram_link(), Writable.MATRIX: self.matrix_link()}
        return {channel.value: link for channel, link in links.items() if link}

    def telegram_link(self) -> str | None:
        """A link to the bot on Telegram, if it is there."""
        username = self.telegram()
        return f"https://t.me/{username}" if username else None

    def telegram_start(self, parameter: str) -> str | None:
        """A link that opens the bot on Telegram, if it is there."""
        link = self.telegram_link()
        return f"{link}?start={parameter}" if link else None

    def matrix_link(self) -> str | None:
        """A link to the bot on Matrix, if it is there."""
        user = self.matrix()
        return matrix_to(user) if user else None

    def matrix_start(self, parameter: str) -> MatrixStart | None:
        """How to open the bot on Matrix, and with which words to start it, if it is there."""
        link = self.matrix_link()
        return MatrixStart(link, f"!start {parameter}") if link else None

    def console(self, path: str) -> str:
        """A page of the staff's console."""
        return f"{self.public_url}/console{path}"


def matrix_to(user: str) -> str:
    """A link to somebody on Matrix; its form: the Matrix specification, appendices, matrix.to."""
    return f"https://matrix.to/#/{quote(user, safe='@:')}"
