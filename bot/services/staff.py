"""The staff: who may take which step, and where word reaches them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import BotError
from bot.domain.residents import ONLY_ANSWERED, Address
from bot.storage import doors, residents, workshops
from bot.storage import staff as members
from bot.storage.database import Connection
from bot.storage.staff import Member, Role
from scheduler import ledger, planner, scribe

OPERATOR = "operator"
"""Who acts when no name is given: whoever may run commands on this machine."""
RESERVED = frozenset({OPERATOR, planner.WHO, scribe.WHO})
"""Names that a history gives to whoever is no member of the staff."""
LONGEST_NAME = 80
PROGRAMS = "api:"
"""How names begin that a history gives to other programs; what follows is the name of their token."""

_WRITERS = frozenset({Role.ADMIN, Role.EDITOR})
_APPROVERS = frozenset({Role.ADMIN, Role.APPROVER})
_OFFICE = frozenset({Role.ADMIN, Role.EDITOR, Role.APPROVER})
_ORGANISERS = frozenset({Role.ADMIN, Role.ORGANISER})
_ADMIN = frozenset({Role.ADMIN})
_PARTNER = frozenset({Role.PARTNER})
_CITY = frozenset(Role) - _PARTNER
_EVERYBODY = frozenset(Role)

MAY: Mapping[str, frozenset[Role]] = {
    # steps of a campaign; a partner takes them with their own drafts alone
    "create": _WRITERS | _PARTNER,
    "revise": _WRITERS | _PARTNER,
    "submit": _WRITERS | _PARTNER,
    "test": _OFFICE | _PARTNER,
    "approve": _APPROVERS,
    "reject": _APPROVERS,
    "break_glass": _OFFICE,
    "schedule": _WRITERS,
    "unschedule": _WRITERS,
    "skip": _WRITERS,
    "pause": _OFFICE | _ORGANISERS,
    "resume": _WRITERS,
    "retry": _WRITERS,
    "resume_run": _WRITERS,
    "cancel": _OFFICE | _PARTNER,
    # the console's pages
    "sign_in": _EVERYBODY,
    "see_campaigns": _EVERYBODY,
    "see_workshops": _EVERYBODY,
    "plan_workshops": _ORGANISERS | _PARTNER,
    "see_roster": _ORGANISERS | _PARTNER,
    "see_content": _CITY,
    "see_numbers": _CITY,
    "find_resident": _ADMIN,
    "see_staff": _ADMIN,
    "manage_staff": _ADMIN,
    "manage_tokens": _ADMIN,
    "see_audit": _ADMIN,
}
"""What is done → whose it is. Stopping is nearly everybody's, and so is the alert that cannot wait."""


def may(role: Role, step: str) -> bool:
    """Whether a step, or a page, is for this role. Of a partner's the owner has to be asked too."""
    return role in MAY[step]


class UnknownMember(BotError):
    """There is nobody of this name among the staff."""


class NotYourRole(BotError):
    """This step belongs to another role."""


class ReservedName(BotError):
    """This name stands for a part of the program in every history; choose another."""


class BadName(BotError):
    """A name is 1 to 80 letters, digits and signs, all on one line."""


class NameTaken(BotError):
    """Somebody of this name is among the staff already."""


class NameUsed(BotError):
    """Campaigns of somebody of this name are kept here, and a partner would see them as their own; choose another."""


class LastAdmin(BotError):
    """There has to be an admin: make somebody else one first."""


class OwnRole(BotError):
    """Your own role, and whether you belong here, is for another admin to change."""


class NoChat(BotError):
    """Nobody has started the bot there."""


async def allowed(conn: Connection, step: str, who: str) -> str:
    """The name of the member who takes a step. Raises UnknownMember, NotYourRole."""
    member = await find(conn, who)
    if not may(member.role, step):
        roles = " or ".join(sorted(role.value for role in MAY[step]))
        raise NotYourRole(f"{who} is {member.role.value}; this step needs {roles}.")
    return member.name


async def find(conn: Connection, name: str) -> Member:
    """The member of this name. Raises UnknownMember."""
    member = await members.find(conn, name)
    if member is None:
        raise UnknownMember(f"There is nobody called {name!r} among the staff; `bezpieczny staff list` shows who is.")
    return member


async def enrol(conn: Connection, member: Member, now: datetime) -> Member:
    """Add a member, or give them another role. Raises BadName, ReservedName, NameUsed, LastAdmin."""
    known = await members.find(conn, _named(member.name))
    if known:
        return await _give_role(conn, known, member.role, now)
    added = Member(_named(member.name), member.role)
    if added.role is Role.PARTNER and await ledger.list_campaigns(conn, created_by=added.name, most=1):
        raise NameUsed
    await members.add(conn, added, now)
    return added


async def take_on(conn: Connection, member: Member, now: datetime) -> Member:
    """Add a member whom nobody knows yet. Raises BadName, ReservedName, NameTaken, NameUsed."""
    if await members.find(conn, _named(member.name)):
        raise NameTaken
    return await enrol(conn, member, now)


async def give_role(conn: Connection, name: str, role: Role, *, who: str, now: datetime) -> Member:
    """Let `who` give somebody else another role. Raises UnknownMember, OwnRole, LastAdmin."""
    if name == who:
        raise OwnRole
    return await _give_role(conn, await find(conn, name), role, now)


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Somebody who belongs to the staff no more."""

    role: Role
    workshops: tuple[int, ...]
    """What was theirs and is the city's now: whoever gets their name must not get their workshops with it."""


async def dismiss(conn: Connection, name: str, *, who: str = OPERATOR) -> Dismissed:
    """Let somebody belong to the staff no more, with their sessions, links and keys; what they did stays told.

    Raises UnknownMember, OwnRole, LastAdmin.
    """
    if name == who:
        raise OwnRole
    member = await find(conn, name)
    await _keep_an_admin(conn, member)
    theirs = await workshops.take_back(conn, name)
    await members.remove(conn, name)
    return Dismissed(member.role, tuple(theirs))


async def speak(conn: Connection, name: str, language: str | None) -> None:
    """Let the console speak a language to a member; None: whatever their browser asks for."""
    await members.set_language(conn, name, language)


async def _give_role(conn: Connection, member: Member, role: Role, now: datetime) -> Member:
    """Another role is another set of keys: whoever had the old one comes in anew."""
    if role is member.role:
        return member
    await _keep_an_admin(conn, member)
    await members.add(conn, replace(member, role=role), now)
    await doors.drop_sessions(conn, member.name)
    await doors.drop_links(conn, member.name)
    return replace(member, role=role)


async def _keep_an_admin(conn: Connection, leaving: Member) -> None:
    if leaving.role is Role.ADMIN and await members.lock_admins(conn) == [leaving.name]:
        raise LastAdmin


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not (1 <= len(name) <= LONGEST_NAME and name.isprintable()):
        raise BadName
    if name.lower() in RESERVED or name.lower().startswith(PROGRAMS):
        raise ReservedName
    return name


async def link(conn: Connection, name: str, address: Address) -> Address | None:
    """Say in which chat with the bot a member gets word; returns the one before. Raises UnknownMember, NoChat."""
    await find(conn, name)
    if address.channel in ONLY_ANSWERED:
        raise NoChat(f"Nobody can be written to first on {address.channel}; link a chat of another channel.")
    resident = await residents.find(conn, address)
    if resident is None:
        raise NoChat(f"Nobody has started the bot at this address; let {name} start it there, then link it.")
    if resident.blocked_at:
        raise NoChat(f"The bot is blocked there; let {name} unblock it and write to it, then link it.")
    before = await members.chat_of(conn, name)
    await members.set_chat(conn, name, address)
    return before


async def unlink(conn: Connection, name: str) -> Address | None:
    """Forget in which chat a member gets word; returns it. Raises UnknownMember."""
    await find(conn, name)
    before = await members.chat_of(conn, name)
    await members.set_chat(conn, name, None)
    return before
