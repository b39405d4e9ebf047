"""Getting into the console: one-time links, sessions with two limits, and a brake on whoever guesses.

A token is a secret of 256 bits that `wiring` makes; the database knows its SHA-256 alone, and finds it by that, so that
neither the rows nor the time that an answer takes say anything about one.
"""

import hashlib
import ipaddress
from datetime import datetime, timedelta

from bot.domain.errors import BotError
from bot.services import staff
from bot.storage import doors
from bot.storage import staff as members
from bot.storage.database import Connection
from bot.storage.staff import Member, Role
from bot.storage.vault import Vault

FIRST = "admin"
"""Who a console without staff is opened to."""
LINK_LASTS = timedelta(minutes=5)
IDLE = timedelta(hours=2)
"""Whoever does nothing for so long is out."""
ABSOLUTE = timedelta(hours=12)
"""A session ends after this, however busy."""
TRIES = 10
"""Of one source within TRIES_WITHIN; the next is turned away."""
TRIES_WITHIN = timedelta(minutes=10)
LINKS_REMEMBERED = timedelta(days=1)
"""So long an old link is told apart from one that never was."""
FORMS_REMEMBERED = timedelta(days=1)
SHARED_BITS = 64
"""Of an IPv6 address: whoever has one has all that begin so."""

Link = doors.Link
Session = doors.Session


class LinkRefused(BotError):
    """This sign-in link does not let you in."""


class LinkUnknown(LinkRefused):
    """This is no sign-in link of ours, or a newer one has taken its place. Ask for a new one."""


class LinkUsed(LinkRefused):
    """This sign-in link has been used already; each lets somebody in once. Ask for a new one."""


class LinkLate(LinkRefused):
    """This sign-in link was good for five minutes, and they are over. Ask for a new one."""


class LinkElsewhere(LinkRefused):
    """This sign-in link was opened in another browser first. Go on there, or ask for a new one."""


class UnknownSession(BotError):
    """This session is over already."""


class TooManyTries(BotError):
    """There were too many tries to sign in from where you are. Wait a few minutes."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.retry_at = retry_at


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


# --- links


async def invite(conn: Connection, name: str, token: str, now: datetime) -> None:
    """Let a token sign a member in, once, within LINK_LASTS; their older unused links are void.

    Raises UnknownMember.
    """
    member = await staff.find(conn, name)
    await doors.add_link(conn, hash_of(token), member.name, now, now + LINK_LASTS)


async def invite_first(conn: Connection, token: str, now: datetime) -> Member | None:
    """Where nobody is on the staff yet: let a token sign in an admin of the name FIRST. None: somebody is."""
    first = Member(FIRST, Role.ADMIN)
    if not await members.add_first(conn, first, now):
        return None
    await invite(conn, first.name, token, now)
    return first


async def opened(conn: Connection, token: str, browser: str, now: datetime) -> Member:
    """Whose link it is; from now on it is good in this browser alone. `browser` is the hash of a random cookie.

    Raises LinkUsed, LinkLate, LinkElsewhere, LinkUnknown.
    """
    link = await doors.find_link(conn, hash_of(token))
    if link is None:
        raise LinkUnknown
    if link.used_at:
        raise LinkUsed
    if link.expires_at <= now:
        raise LinkLate
    if not await doors.claim_link(conn, hash_of(token), browser):
        raise LinkElsewhere
    return await staff.find(conn, link.member)


async def pending(conn: Connection, token: str, now: datetime) -> Link | None:
    """The link of a token, as long as it can still be used; looking does nothing to it."""
    link = await doors.find_link(conn, hash_of(token))
    return link if link and not link.used_at and link.expires_at > now else None


def link_token(vault: Vault, *about: str) -> str:
    """The token of a link that has to be shown again when it is asked for twice: of 256 bits, as our key makes them.

    `about` says for whom it is, and holds something that no other link has.
    """
    return vault.token("\n".join(("sign-in link", *about)))


async def enter(conn: Connection, token: str, browser: str, *, session: str, device: str, now: datetime) -> Member:
    """Use a link up and begin a session with the token `session`. Raises what `opened` raises."""
    member = await opened(conn, token, browser, now)
    if not await doors.use_link(conn, hash_of(token), now):
        raise LinkUsed
    await begin(conn, member.name, session=session, device=device, proof="link", now=now)
    return member


# --- sessions


async def begin(conn: Connection, name: str, *, session: str, device: str, proof: str, now: datetime) -> None:
    """Begin a session with the token `session`, for somebody who has shown who they are."""
    await doors.add_session(conn, hash_of(session), member=name, device=device, proof=proof, now=now)


async def who(conn: Connection, session: str, now: datetime) -> Session | None:
    """The session of a token, with who they are now; None if there is none, or it has reached a limit."""
    found = await doors.find_session(conn, hash_of(session))
    return found if found and lives(found, now) else None


def lives(session: Session, now: datetime) -> bool:
    """Whether a session is within both of its limits."""
    return now < min(session.created_at + ABSOLUTE, session.used_at + IDLE)


async def is_in(conn: Connection, hash_: str, now: datetime) -> bool:
    """Whether a session still lets its member in: for what goes on after it was asked for."""
    found = await doors.find_session(conn, hash_)
    return found is not None and lives(found, now)


async def touch(conn: Connection, hash_: str, now: datetime) -> None:
    """A session is in use: its idle time begins anew."""
    await doors.touch_session(conn, hash_, now)


async def leave(conn: Connection, hash_: str) -> None:
    """Sign out."""
    await doors.drop_session(conn, hash_)


async def sessions_of(conn: Connection, name: str, now: datetime) -> list[Session]:
    """A member's sessions that still let them in, the one used last first."""
    return [one for one in await doors.sessions_of(conn, name) if lives(one, now)]


async def revoke(conn: Connection, name: str, hash_: str) -> None:
    """End one session of a member. Raises UnknownSession if it is none of theirs."""
    if not await doors.drop_session(conn, hash_, name):
        raise UnknownSession


async def revoke_all(conn: Connection, name: str, keep: str | None = None) -> int:
    """End a member's sessions, all but the one of the hash `keep`; returns how many."""
    return await doors.drop_sessions(conn, name, keep)


# --- the brake


def source_of(vault: Vault, address: str) -> str:
    """A mark for where a request comes from: with our key alone it can be made, and it cannot be turned back."""
    return hash_of(f"{vault.token('sign-in sources')} {_network(address)}")


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, SHARED_BITS), strict=False))


async def admit(conn: Connection, source: str, now: datetime) -> None:
    """Count a try to get in. Raises TooManyTries.

    In a transaction of its own, before the try: one that fails would take its count back with it.
    """
    tries = await doors.count_try(conn, source, now, since=now - TRIES_WITHIN)
    if tries.count > TRIES:
        raise TooManyTries(tries.since + TRIES_WITHIN)


async def forgive(conn: Connection, source: str) -> None:
    """Somebody got in from there: what was counted is forgotten."""
    await doors.forget_tries(conn, source)


async def sweep(conn: Connection, now: datetime) -> None:
    """Drop links, sessions, counts of tries and forms that are over."""
    await doors.drop_old_links(conn, now - LINKS_REMEMBERED)
    await doors.drop_old_sessions(conn, created_before=now - ABSOLUTE, used_before=now - IDLE)
    await doors.drop_old_tries(conn, now - TRIES_WITHIN)
    await doors.drop_old_forms(conn, now - FORMS_REMEMBERED)
