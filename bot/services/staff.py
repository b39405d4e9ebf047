"""The staff: who may take which step, and where word reaches them."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.errors import BotError
from bot.domain.residents import ONLY_ANSWERED, Address
from bot.storage import residents
from bot.storage import staff as members
from bot.storage.database import Connection
from bot.storage.staff import Member, Role
from scheduler import planner, scribe

OPERATOR = "operator"
"""Who acts when no name is given: whoever may run commands on this machine."""
RESERVED = frozenset({OPERATOR, planner.WHO, scribe.WHO})
"""Names that a history gives to whoever is no member of the staff."""

_EVERYBODY = frozenset(Role)
_WRITERS = frozenset({Role.ADMIN, Role.EDITOR})
_APPROVERS = frozenset({Role.ADMIN, Role.APPROVER})

MAY: Mapping[str, frozenset[Role]] = {
    "create": _WRITERS,
    "revise": _WRITERS,
    "submit": _WRITERS,
    "approve": _APPROVERS,
    "reject": _APPROVERS,
    "break_glass": _EVERYBODY,
    "schedule": _WRITERS,
    "unschedule": _WRITERS,
    "skip": _WRITERS,
    "pause": _EVERYBODY,
    "resume": _WRITERS,
    "retry": _WRITERS,
    "resume_run": _WRITERS,
    "cancel": _EVERYBODY,
}
"""Step of a campaign → whose it is. Stopping is everybody's, and so is the alert that cannot wait."""


class UnknownMember(BotError):
    """There is nobody of this name among the staff."""


class NotYourRole(BotError):
    """This step belongs to another role."""


class ReservedName(BotError):
    """This name stands for a part of the program in every history; choose another."""


class NoChat(BotError):
    """Nobody has started the bot there."""


async def allowed(conn: Connection, step: str, who: str) -> str:
    """The name of the member who takes a step. Raises UnknownMember, NotYourRole."""
    member = await find(conn, who)
    if member.role not in MAY[step]:
        roles = " or ".join(sorted(role.value for role in MAY[step]))
        raise NotYourRole(f"{who} is {member.role.value}; this step needs {roles}.")
    return member.name


async def find(conn: Connection, name: str) -> Member:
    """The member of this name. Raises UnknownMember."""
    member = await members.find(conn, name)
    if member is None:
        raise UnknownMember(f"There is nobody called {name!r} among the staff; `bezpieczny staff list` shows who is.")
    return member


async def enrol(conn: Connection, member: Member, now: datetime) -> None:
    """Add a member, or give them another role. Raises ReservedName."""
    if member.name.strip().lower() in RESERVED:
        raise ReservedName
    await members.add(conn, member, now)


async def link(conn: Connection, name: str, address: Address) -> None:
    """Say in which chat with the bot a member gets word. Raises UnknownMember, NoChat."""
    await find(conn, name)
    if address.channel in ONLY_ANSWERED:
        raise NoChat(f"Nobody can be written to first on {address.channel}; link a chat of another channel.")
    resident = await residents.find(conn, address)
    if resident is None:
        raise NoChat(f"Nobody has started the bot at this address; let {name} press Start there, then link it.")
    if resident.blocked_at:
        raise NoChat(f"The bot is blocked there; let {name} unblock it and write to it, then link it.")
    await members.set_chat(conn, name, address)


async def unlink(conn: Connection, name: str) -> None:
    """Forget in which chat a member gets word. Raises UnknownMember."""
    await find(conn, name)
    await members.set_chat(conn, name, None)
