"""How staff find one resident who asks for help, and nobody else: by the code that only this resident is shown.

There is no list of residents and no search by name or address. The code is the resident's number and a mark that only
the city's key can make; it is not stored, and who has been erased takes it along.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain.codes import code_of, is_ours, read_code
from bot.domain.errors import BotError
from bot.domain.residents import Resident
from bot.services import privacy
from bot.storage import doors, residents
from bot.storage.database import Connection
from bot.storage.vault import Vault

PURPOSE = "support codes"
LOOKS = 10
"""Codes that one member of the staff may try within LOOKS_WITHIN: enough to help, too few to guess."""
LOOKS_WITHIN = timedelta(minutes=10)


class UnknownSupportCode(BotError):
    """This is nobody's code. Ask for it once more: it stands under /dane, in the chat."""


class TooManyLooks(BotError):
    """You have looked for many residents within a short time. Wait ten minutes."""


class NoReason(BotError):
    """Say why: the audit log keeps it."""


class Reason(StrEnum):
    """Why staff touch what is kept about somebody. Words of our own, so that no log can hold anything of theirs."""

    ASKED_IN_PERSON = "asked_in_person"
    ASKED_IN_WRITING = "asked_in_writing"
    ASKED_BY_PHONE = "asked_by_phone"
    DATA_PROTECTION = "data_protection"
    """The data protection officer asked for it."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What is kept about somebody, in numbers: enough to talk about it, without reading any of it."""

    resident: Resident
    seen_on: date
    attempts: int
    tips: int
    bookings: int
    messages: int


def code_for(vault: Vault, resident: Resident) -> str:
    """The code by which this resident can be found."""
    return str(code_of(_key(vault), resident.id))


async def admit(conn: Connection, vault: Vault, who: str, now: datetime) -> None:
    """Count that a member of the staff looks for somebody. Raises TooManyLooks.

    In a transaction of its own, before the look: one that fails would take its count back with it.
    """
    source = vault.token(f"looks for residents: {who}")
    tries = await doors.count_try(conn, source, now, since=now - LOOKS_WITHIN)
    if tries.count > LOOKS:
        raise TooManyLooks


async def find(conn: Connection, vault: Vault, text: str) -> Resident:
    """Whose code this is, however it was typed. Raises UnknownSupportCode."""
    code = read_code(text)
    if code is None or not is_ours(_key(vault), code):
        raise UnknownSupportCode
    found = await residents.get(conn, code.run)
    if found is None:
        raise UnknownSupportCode
    return found


async def outline(conn: Connection, vault: Vault, resident: Resident, now: datetime) -> Outline:
    """What is kept about a resident, in numbers."""
    kept = await privacy.export(conn, vault, resident, now)
    numbers = {name: len(kept[name]) for name in ("attempts", "tips", "bookings", "messages")}
    return Outline(resident, await residents.seen_on(conn, resident.id), **numbers)


def reason_of(text: str) -> Reason:
    """The reason of this name. Raises NoReason."""
    try:
        return Reason(text)
    except ValueError as error:
        raise NoReason from error


def _key(vault: Vault) -> bytes:
    return vault.token(PURPOSE).encode()
