"""The staff themselves, for admins: who belongs to them, in which role, and how somebody gets in for the first time."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from fastapi import HTTPException
from pydantic import BaseModel, Field
from starlette.responses import Response

from bot.services import chats, passkeys, signin, staff
from bot.storage import audit, doors
from bot.storage import staff as members
from bot.storage.database import Connection
from bot.storage.staff import Member, Role
from bot.web.console.fields import Trouble
from bot.web.console.visit import Change, Done, Route, Visit

HERE = "/console/staff"


async def listing(visit: Visit, trouble: Trouble | None = None) -> Response:
    """Everybody, with their role, their chat, and when they were last here."""
    async with visit.house.database.read() as conn:
        everyone = await members.everyone(conn)
        seen = await _last_use(conn, everyone)
    return visit.page(
        "staff.html",
        trouble=trouble,
        rows=[(one, seen.get(one.name), url_of(one.name)) for one in everyone],
        roles=_roles(visit),
        typed=visit.fields,
    )


async def _last_use(conn: Connection, everyone: list[Member]) -> Mapping[str, datetime]:
    """The last use of a session that is still kept, or else the last signing in that the log tells of."""
    signed_in = await audit.last(conn, "sign_in", [about(one.name) for one in everyone])
    return {thing.removeprefix("staff:"): at for thing, at in signed_in.items()} | await doors.last_used(conn)


def about(name: str) -> str:
    """What the audit log calls a member."""
    return f"staff:{name}"


def url_of(name: str) -> str:
    """The page of a member."""
    return f"{HERE}/member?{urlencode({'name': name})}"


def _roles(visit: Visit) -> list[tuple[str, str]]:
    return [(role.value, visit.say(f"console.role.{role.value}")) for role in Role]


def _role(visit: Visit) -> Role:
    try:
        return Role(visit.fields.one("role"))
    except ValueError as error:
        raise HTTPException(400) from error


class NewMember(BaseModel):
    """The form for somebody new."""

    name: str = Field(max_length=staff.LONGEST_NAME)
    role: Role


async def add(visit: Visit) -> Response:
    """Take somebody on, and show the link with which they come in."""
    form = visit.read(NewMember)
    if isinstance(form, Trouble):
        return await listing(visit, form)

    async def change(conn: Connection) -> Done:
        member = await staff.take_on(conn, Member(form.name, form.role), visit.now)
        log = Change("add_member", about(member.name), after={"role": member.role.value})
        return Done(await _invite(conn, visit, member.name), told="member_added", log=log)

    return await visit.act(change, lambda trouble: listing(visit, _of_the_name(visit, trouble)))


def _of_the_name(visit: Visit, trouble: Trouble) -> Trouble:
    """Whatever refuses somebody new refuses their name."""
    return Trouble(visit.say("console.trouble"), {"name": trouble.message})


# --- one of them


async def show(visit: Visit) -> Response:
    """A member, and what can be changed about them."""
    return await _member(visit, visit.query.get("name", ""), None)


async def _member(visit: Visit, name: str, trouble: Trouble | None) -> Response:
    async with visit.house.database.read() as conn:
        member = await staff.find(conn, name)
        sessions = await signin.sessions_of(conn, name, visit.now)
        keys = await passkeys.of(conn, name)
        seen = (await _last_use(conn, [member])).get(name)
    return visit.page(
        "staff_member.html",
        trouble=trouble,
        member=member,
        sessions=sessions,
        keys=len(keys),
        seen=seen,
        roles=_roles(visit),
        role=visit.fields.one("role", member.role.value),
        own=name == visit.member.name,
    )


async def give_role(visit: Visit) -> Response:
    """Give somebody another role; they have to sign in anew."""
    name, role = visit.fields.one("name"), _role(visit)

    async def change(conn: Connection) -> Done:
        before = await staff.find(conn, name)
        await staff.give_role(conn, name, role, who=visit.member.name, now=visit.now)
        log = Change("role", about(name), before={"role": before.role.value}, after={"role": role.value})
        return Done(url_of(name), told="role_given", log=log)

    return await visit.act(change, lambda trouble: _member(visit, name, trouble))


async def end_sessions(visit: Visit) -> Response:
    """Sign somebody out everywhere."""
    name = visit.fields.one("name")

    async def change(conn: Connection) -> Done:
        member = await staff.find(conn, name)
        count = await signin.revoke_all(conn, member.name, keep=visit.session)
        log = Change("end_sessions", about(name), before={"sessions": count})
        return Done(url_of(name), told="member_signed_out", log=log)

    return await visit.act(change, lambda trouble: _member(visit, name, trouble))


async def dismiss(visit: Visit) -> Response:
    """Let somebody belong to the staff no more."""
    name = visit.fields.one("name")

    async def change(conn: Connection) -> Done:
        gone = await staff.dismiss(conn, name, who=visit.member.name)
        removed = Change("remove_member", about(name), {"role": gone.role.value})
        things = (f"workshop:{number}" for number in gone.workshops)
        handed = (Change("hand_over", thing, {"owner": name}, {"owner": None}) for thing in things)
        return Done(HERE, told="member_removed", log=(removed, *handed))

    return await visit.act(change, lambda trouble: _member(visit, name, trouble))


async def unlink(visit: Visit) -> Response:
    """Let a chat get no word any more, and open no door: a phone is lost, say."""
    name = visit.fields.one("name")

    async def change(conn: Connection) -> Done:
        log = Change("unlink_chat", about(name), *chats.changed(await staff.unlink(conn, name), None))
        return Done(url_of(name), told="member_unlinked", log=log)

    return await visit.act(change, lambda trouble: _member(visit, name, trouble))


# --- the link for the first time, or when a phone and its passkeys are lost


async def invite(visit: Visit) -> Response:
    """A new one-time link for somebody."""
    name = visit.fields.one("name")

    async def change(conn: Connection) -> Done:
        return Done(await _invite(conn, visit, name), log=Change("invite", about(name)))

    return await visit.act(change, lambda trouble: _member(visit, name, trouble))


async def _invite(conn: Connection, visit: Visit, name: str) -> str:
    """Where the new link of somebody is shown."""
    mark = visit.fields.one("key")
    await signin.invite(conn, name, _token(visit, name, mark), visit.now)
    return f"{HERE}/invitation?{urlencode({'name': name, 'mark': mark})}"


def _token(visit: Visit, name: str, mark: str) -> str:
    """Nothing in the address opens a door: the link is made of it with our key, and shown to who asked for it alone."""
    return signin.link_token(visit.house.tools.vault, "invitation", visit.member.name, name, mark)


async def invitation(visit: Visit) -> Response:
    """A link, as long as it can be used."""
    name = visit.query.get("name", "")
    token = _token(visit, name, visit.query.get("mark", ""))
    async with visit.house.database.read() as conn:
        member = await staff.find(conn, name)
        link = await signin.pending(conn, token, visit.now)
    url = visit.house.tools.links.sign_in(token) if link else ""
    until = link.expires_at if link else None
    return visit.page("staff_invitation.html", member=member, url=url, until=until, back=url_of(name))


ROUTES = (
    Route("GET", "/staff", "see_staff", listing),
    Route("POST", "/staff", "manage_staff", add),
    Route("GET", "/staff/member", "see_staff", show),
    Route("POST", "/staff/role", "manage_staff", give_role),
    Route("POST", "/staff/sessions/end", "manage_staff", end_sessions),
    Route("POST", "/staff/chat/unlink", "manage_staff", unlink),
    Route("POST", "/staff/remove", "manage_staff", dismiss),
    Route("POST", "/staff/invitation", "manage_staff", invite),
    Route("GET", "/staff/invitation", "manage_staff", invitation),
)
