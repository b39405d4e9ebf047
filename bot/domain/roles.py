"""The roles among which processes share the work."""

from enum import StrEnum

from bot.domain.errors import BotError


class Role(StrEnum):
    """What a process does. Each of them also tells how it is, over HTTP."""

    WEB = "web"
    """Talks with people: the chat page, and the channels' updates."""
    DELIVER = "deliver"
    """Sends what the ledger says is to be sent."""
    MATRIX = "matrix"
    """Talks with people on Matrix and sends there: one process at a time, for it has the keys of the bot's device."""
    PLAN = "plan"
    """Does what is to be done by the clock, if no other process of this role does it already."""


EVERYTHING = frozenset(Role)


class UnknownRole(BotError):
    """There is no such role."""


def roles_of(words: str) -> frozenset[Role]:
    """The roles in a list with commas. Raises UnknownRole."""
    named = [word.strip() for word in words.split(",")]
    for name in named:
        if name not in EVERYTHING:
            raise UnknownRole(f"There is no role {name!r}. The roles are {', '.join(Role)}, with commas between them.")
    return frozenset(map(Role, named))
