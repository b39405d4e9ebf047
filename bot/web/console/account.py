"""One's own account: where one is signed in, one's passkeys, one's chat, one's language."""

from pydantic import BaseModel, Field
from starlette.responses import Response

from bot.domain.errors import BotError
from bot.services import passkeys, signin, staff
from bot.services.passkeys import Site
from bot.storage import staff as members
from bot.storage.database import Connection
from bot.web.console.devices import device_of
from bot.web.console.fields import Trouble
from bot.web.console.signin import challenge
from bot.web.console.visit import Change, Done, Route, Visit

HERE = "/console/account"


async def show(visit: Visit, trouble: Trouble | None = None) -> Response:
    """Sessions, passkeys and language of whoever asks."""
    async with visit.house.database.read() as conn:
        sessions = await signin.sessions_of(conn, visit.member.name, visit.now)
        keys = await passkeys.of(conn, visit.member.name)
        chat = await members.chat_of(conn, visit.member.name)
    own = next(one for one in sessions if one.hash == visit.session)
    device = device_of(visit.request.headers.get("user-agent", ""))
    return visit.page(
        "account.html",
        trouble=trouble,
        sessions=sessions,
        keys=keys,
        language=own.language or "",
        passkeys=_site(visit) is not None,
        chat=chat.channel if chat else "",
        bot=bool(visit.house.tools.links.messengers()),
        name=visit.fields.one("name", device),
        called=(visit.fields.one("passkey"), visit.fields.one("called")),
    )


def _site(visit: Visit) -> Site | None:
    return passkeys.site_of(visit.house.settings.public_url)


def _about(visit: Visit) -> str:
    return f"staff:{visit.member.name}"


async def _again(visit: Visit, trouble: Trouble) -> Response:
    return await show(visit, trouble)


# --- sessions


async def end_session(visit: Visit) -> Response:
    """End one session; ending this one is signing out."""

    async def change(conn: Connection) -> Done:
        session = visit.fields.one("session")
        ended = {one.hash: one for one in await signin.sessions_of(conn, visit.member.name, visit.now)}.get(session)
        await signin.revoke(conn, visit.member.name, session)
        before = {"device": ended.device} if ended else None
        log = Change("end_session", _about(visit), before=before)
        return Done(HERE, told="session_ended", log=log)

    return await visit.act(change, lambda trouble: _again(visit, trouble))


async def end_others(visit: Visit) -> Response:
    """End all sessions but this one."""

    async def change(conn: Connection) -> Done:
        count = await signin.revoke_all(conn, visit.member.name, keep=visit.session)
        log = Change("end_sessions", _about(visit), before={"sessions": count + 1}, after={"sessions": 1})
        return Done(HERE, told="sessions_ended", log=log)

    return await visit.act(change, lambda trouble: _again(visit, trouble))


# --- passkeys


async def offer(visit: Visit) -> Response:
    """What the browser needs to make a passkey, as JSON."""
    site = _site(visit)
    if site is None:
        return Response(status_code=404)
    async with visit.house.database.begin() as conn:
        options = await passkeys.offer(conn, site, visit.member, challenge(visit), visit.now)
    return Response(options, media_type="application/json")


class NewPasskey(BaseModel):
    """The form for another passkey."""

    name: str = Field(max_length=passkeys.LONGEST_NAME)


class Renamed(BaseModel):
    """The form for another name of a passkey."""

    called: str = Field(max_length=passkeys.LONGEST_NAME)


async def add(visit: Visit) -> Response:
    """Keep the passkey that the browser made."""
    form = visit.read(NewPasskey)
    if isinstance(form, Trouble):
        return await show(visit, form)

    async def change(conn: Connection) -> Done:
        site = _site(visit)
        answer = await passkeys.redeem(conn, visit.fields.one("answer"), visit.member.name, visit.now)
        if site is None:
            raise passkeys.PasskeyNotAdded
        key = await passkeys.add(conn, site, visit.member, answer, name=form.name, now=visit.now)
        log = Change("add_passkey", _about(visit), after={"passkey": key.name})
        return Done(f"{HERE}#passkeys", told="passkey_added", log=log)

    return await visit.act(change, lambda trouble: _again(visit, trouble))


async def rename(visit: Visit) -> Response:
    """Call a passkey something else."""
    form = visit.read(Renamed)
    if isinstance(form, Trouble):
        return await show(visit, form)

    async def change(conn: Connection) -> Done:
        old = await _name_of(conn, visit)
        new = await passkeys.rename(conn, visit.member.name, visit.fields.one("passkey"), form.called)
        log = Change("rename_passkey", _about(visit), before={"passkey": old}, after={"passkey": new})
        return Done(f"{HERE}#passkeys", told="passkey_renamed", log=log)

    return await visit.act(change, lambda trouble: _again(visit, trouble))


async def remove(visit: Visit) -> Response:
    """Let a passkey open nothing any more."""

    async def change(conn: Connection) -> Done:
        old = await _name_of(conn, visit)
        await passkeys.remove(conn, visit.member.name, visit.fields.one("passkey"))
        log = Change("remove_passkey", _about(visit), before={"passkey": old})
        return Done(f"{HERE}#passkeys", told="passkey_removed", log=log)

    return await visit.act(change, lambda trouble: _again(visit, trouble))


async def _name_of(conn: Connection, visit: Visit) -> str:
    theirs = {key.id: key.name for key in await passkeys.of(conn, visit.member.name)}
    return theirs.get(visit.fields.one("passkey"), "")


# --- language


class UnknownLanguage(BotError):
    """The console does not speak this language."""


async def speak(visit: Visit) -> Response:
    """Speak another language; none: that of the browser."""

    async def change(conn: Connection) -> Done:
        language = visit.fields.one("language") or None
        if language and language not in visit.looks.words.languages:
            raise UnknownLanguage
        await staff.speak(conn, visit.member.name, language)
        return Done(HERE, told="language_set", log=Change("language", _about(visit), after={"language": language}))

    return await visit.act(change, lambda trouble: _again(visit, trouble))


ROUTES = (
    Route("GET", "/account", "sign_in", show),
    Route("POST", "/account/sessions/end", "sign_in", end_session),
    Route("POST", "/account/sessions/end-others", "sign_in", end_others),
    Route("POST", "/account/passkeys/offer", "sign_in", offer),
    Route("POST", "/account/passkeys", "sign_in", add),
    Route("POST", "/account/passkeys/rename", "sign_in", rename),
    Route("POST", "/account/passkeys/remove", "sign_in", remove),
    Route("POST", "/account/language", "sign_in", speak),
)
