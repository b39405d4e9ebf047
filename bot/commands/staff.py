"""`bezpieczny staff …`: who works with campaigns, and how they get into the console.

Whoever may run commands on this machine may do all of this; the audit log then says `operator`.
"""

from typing import Annotated, Any

import typer

from bot.commands.common import console, local, run, table, tell
from bot.commands.options import read_address
from bot.services import chats, signin
from bot.services import staff as service
from bot.services.signin import LINK_LASTS, Session
from bot.services.staff import OPERATOR
from bot.storage import audit, staff
from bot.storage.database import Connection
from bot.storage.staff import Member, Role
from bot.wiring import House, new_token

app = typer.Typer(
    help="Say who works with campaigns, who gets word of them, and who may into the console.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="As they sign their work; `--as` takes it.", show_default=False)]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="An editor writes, an approver approves, an admin does both.")],
) -> None:
    """Add somebody, or give them another role; with another role they have to sign in anew."""

    async def use(house: House) -> Member:
        async with house.database.begin() as conn:
            return await _enrol(conn, house, Member(name, role))

    member = run(use)
    tell(f"{member.name} is {member.role.value}.")


async def _enrol(conn: Connection, house: House, wanted: Member) -> Member:
    known = {member.name: member.role.value for member in await staff.everyone(conn)}
    member = await service.enrol(conn, wanted, house.clock())
    after = {"role": member.role.value}
    if member.name not in known:
        await _log(conn, house, "add_member", member.name, after=after)
    elif known[member.name] != member.role.value:
        await _log(conn, house, "role", member.name, before={"role": known[member.name]}, after=after)
    return member


async def _log(
    conn: Connection,
    house: House,
    what: str,
    name: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await audit.add(conn, [audit.Entry(house.clock(), OPERATOR, what, f"staff:{name}", before, after)])


@app.command()
def invite(
    name: Name,
    role: Annotated[
        Role | None, typer.Option(help="Their role; whoever is there already keeps theirs without it.")
    ] = None,
) -> None:
    """Print a link with which somebody signs in to the console, once, within five minutes."""
    token = new_token()

    async def use(house: House) -> tuple[Member, str, str]:
        async with house.database.begin() as conn:
            member = await (_enrol(conn, house, Member(name, role)) if role else service.find(conn, name))
            now = house.clock()
            await signin.invite(conn, member.name, token, now)
            await _log(conn, house, "invite", member.name)
        return member, house.tools.links.sign_in(token), local(now + LINK_LASTS)

    member, url, until = run(use)
    tell(f"{member.name} ({member.role.value}) signs in here, once, until {until}:")
    tell(url)


@app.command()
def remove(name: Name) -> None:
    """Let somebody belong to the staff no more; their sessions and passkeys end, their workshops are the city's."""

    async def use(house: House) -> None:
        async with house.database.begin() as conn:
            gone = await service.dismiss(conn, name)
            await _log(conn, house, "remove_member", name, before={"role": gone.role.value})
            owner = ({"owner": name}, {"owner": None})
            now, things = house.clock(), (f"workshop:{number}" for number in gone.workshops)
            await audit.add(conn, (audit.Entry(now, OPERATOR, "hand_over", thing, *owner) for thing in things))

    run(use)
    tell(f"{name} is off the staff.")


@app.command()
def sessions(
    name: Name,
    revoke: Annotated[bool, typer.Option("--revoke", help="End them all.")] = False,
) -> None:
    """Where somebody is signed in to the console; with `--revoke` they are nowhere any more."""

    async def use(house: House) -> list[Session]:
        async with house.database.begin() as conn:
            member = await service.find(conn, name)
            found = await signin.sessions_of(conn, member.name, house.clock())
            if revoke and await signin.revoke_all(conn, member.name):
                await _log(conn, house, "end_sessions", name, before={"sessions": len(found)})
        return found

    found = run(use)
    if revoke or not found:
        tell(f"{name} is signed in nowhere.")
        return
    rows = ((one.device or "unknown", one.proof, local(one.created_at), local(one.used_at)) for one in found)
    console.print(table("Device", "By", "Since", "Last use", rows=rows))


@app.command()
def link(
    name: Name,
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS",
            help="Their chat with the bot: telegram:12345 or matrix:@anna:example.org.",
            show_default=False,
        ),
    ],
) -> None:
    """Say in which chat somebody gets word of alerts sent alone and of campaigns that paused themselves."""
    chat = read_address(address)

    async def use(house: House) -> None:
        async with house.database.begin() as conn:
            before, after = chats.changed(await service.link(conn, name, chat), chat)
            await _log(conn, house, "link_chat", name, before=before, after=after)

    run(use)
    tell(f"{name} gets word in their chat on {chat.channel}.")


@app.command()
def unlink(name: Name) -> None:
    """Forget in which chat somebody gets word."""

    async def use(house: House) -> None:
        async with house.database.begin() as conn:
            before, _ = chats.changed(await service.unlink(conn, name), None)
            await _log(conn, house, "unlink_chat", name, before=before)

    run(use)
    tell(f"{name} gets no word in a chat any more.")


@app.command("list")
def list_() -> None:
    """Everybody, with their role, and whether word reaches them in a chat."""

    async def use(house: House) -> list[Member]:
        async with house.database.read() as conn:
            return await staff.everyone(conn)

    members = run(use)
    if not members:
        tell("Nobody yet: bezpieczny staff add NAME --role editor")
        return
    rows = ((member.name, member.role.value, "linked" if member.linked else "not linked") for member in members)
    console.print(table("Name", "Role", "Chat", rows=rows))
