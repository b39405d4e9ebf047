"""The way in and the way out: a link that the bot sent, a passkey, and signing out.

A link is the first browser's that opens it, and is used up by the button on its page, so that neither the preview of a
messenger nor anybody who reads the link later gets in with it.
"""

from hashlib import sha256
from urllib.parse import urlsplit

from starlette.responses import Response

from bot.domain.errors import BotError
from bot.services import passkeys, signin
from bot.services.passkeys import Answer, PasskeyRefused
from bot.services.signin import ABSOLUTE, LINK_LASTS, LinkElsewhere, LinkLate, LinkUnknown, LinkUsed, TooManyTries
from bot.storage import audit
from bot.storage.database import Connection
from bot.storage.staff import Member
from bot.web.console.devices import device_of
from bot.web.console.fields import Trouble
from bot.web.console.gate import cookie_name
from bot.web.console.visit import Change, Done, Route, Visit

HOME = "/console"
_NOT_ASKED_FOR = ("/console/enter", "/console/sign-in", "/console/sign-out")
_STATUSES: dict[type[BotError], int] = {
    LinkUnknown: 404,
    LinkElsewhere: 403,
    LinkUsed: 410,
    LinkLate: 410,
    TooManyTries: 429,
}


# --- the page that says how


async def show(visit: Visit, trouble: Trouble | None = None, status: int = 200) -> Response:
    """How to sign in; on to where they wanted, for who is in already."""
    wanted = next_of(visit.query.get("next", "") or visit.fields.one("next"))
    if visit.who and not trouble:
        return visit.go(wanted)
    site = passkeys.site_of(visit.house.settings.public_url)
    bots = visit.house.tools.links.messengers()
    page = visit.page(
        "signin.html", status=status, trouble=trouble, next=wanted, passkeys=site is not None, bots=bots.items()
    )
    keep(visit, page, "next", wanted)
    return page


def next_of(wanted: str) -> str:
    """Where to go after signing in: a page of the console's own, or its first."""
    parts = urlsplit(wanted) if wanted.isascii() and wanted.isprintable() else urlsplit("")
    inside = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    leaves = any(sign in wanted for sign in ("//", "\\", ".."))
    if parts.scheme or parts.netloc or leaves or not inside:
        return HOME
    return HOME if parts.path.startswith(_NOT_ASKED_FOR) else wanted


# --- a link


async def open_link(visit: Visit) -> Response:
    """The page of a link, with its button. Only a browser that shows it to somebody makes it its own."""
    mode, browser = visit.request.headers.get("sec-fetch-mode"), _browser(visit)
    if mode not in {None, "navigate"}:
        return visit.page("signin_link.html", member=None, why="")
    if mode is None and not browser:
        return _ask_again(visit)
    browser = browser or visit.house.new_token()
    try:
        await _admit(visit)
        async with visit.house.database.begin() as conn:
            member = await signin.opened(conn, visit.path["token"], signin.hash_of(browser), visit.now)
    except (signin.LinkRefused, TooManyTries) as error:
        return _refused(visit, error)
    page = visit.page("signin_link.html", member=member, why="")
    keep(visit, page, "browser", browser)
    return page


def _ask_again(visit: Visit) -> Response:
    """For an old browser, or a program that looks for a preview: only the former comes back with its cookie."""
    if visit.query.get("again"):
        return visit.page("signin_link.html", member=None, why="cookies")
    answer = visit.go("?again=1")
    keep(visit, answer, "browser", visit.house.new_token())
    return answer


async def enter(visit: Visit) -> Response:
    """The button of a link's page. Pressed twice it leads to the same session."""
    token, browser = visit.path["token"], _browser(visit)
    session = visit.house.tools.vault.token(f"session {token} {browser} {visit.fields.one('key')}")
    async with visit.house.database.read() as conn:
        begun = await signin.who(conn, session, visit.now)
    if begun:
        return _in(visit, session)
    try:
        await _admit(visit)
        if not browser:
            raise LinkElsewhere
        async with visit.house.database.begin() as conn:
            member = await signin.enter(
                conn, token, signin.hash_of(browser), session=session, device=_device(visit), now=visit.now
            )
            await _welcome(conn, visit, member, "link")
    except (signin.LinkRefused, TooManyTries) as error:
        return _refused(visit, error)
    return _in(visit, session)


def _refused(visit: Visit, error: BotError) -> Response:
    status = _STATUSES[type(error)]
    page = visit.page("signin_link.html", status=status, member=None, why="refused", trouble=_trouble(visit, error))
    return _later(page, visit, error)


# --- a passkey


async def ask(visit: Visit) -> Response:
    """What the browser needs to sign somebody in with a passkey, as JSON."""
    site = passkeys.site_of(visit.house.settings.public_url)
    if site is None:
        return Response(status_code=404)
    try:
        await _admit(visit)
    except TooManyTries as error:
        return _later(Response(status_code=429), visit, error)
    async with visit.house.database.begin() as conn:
        options = await passkeys.ask(conn, site, challenge(visit), visit.now)
    return Response(options, media_type="application/json")


def challenge(visit: Visit) -> bytes:
    """256 random bits to be signed."""
    return sha256(visit.house.new_token().encode()).digest()


async def present(visit: Visit) -> Response:
    """What the passkey signed."""
    session = visit.house.new_token()
    try:
        await _admit(visit)
        async with visit.house.database.begin() as conn:
            answer = await passkeys.redeem(conn, visit.fields.one("answer"), None, visit.now)
        async with visit.house.database.begin() as conn:
            await _recognise(conn, visit, answer, session)
    except BotError as error:
        status = _STATUSES.get(type(error), 422)
        return _later(await show(visit, _trouble(visit, error), status), visit, error)
    return _in(visit, session)


async def _recognise(conn: Connection, visit: Visit, answer: Answer, session: str) -> None:
    site = passkeys.site_of(visit.house.settings.public_url)
    if site is None:
        raise PasskeyRefused
    member = await passkeys.recognise(conn, site, answer, visit.now)
    await signin.begin(conn, member.name, session=session, device=_device(visit), proof="passkey", now=visit.now)
    await _welcome(conn, visit, member, "passkey")


# --- in and out


async def _admit(visit: Visit) -> None:
    async with visit.house.database.begin() as conn:
        await signin.admit(conn, _source(visit), visit.now)


def _source(visit: Visit) -> str:
    client = visit.request.client
    return signin.source_of(visit.house.tools.vault, client.host if client else "")


async def _welcome(conn: Connection, visit: Visit, member: Member, proof: str) -> None:
    """Whoever was signed in here before is not any more, and what was tried from here is forgiven."""
    if visit.session:
        await signin.leave(conn, visit.session)
    await signin.forgive(conn, _source(visit))
    about = {"proof": proof, "device": _device(visit)}
    await audit.add(conn, [audit.Entry(visit.now, member.name, "sign_in", f"staff:{member.name}", after=about)])


def _in(visit: Visit, session: str) -> Response:
    wanted = visit.fields.one("next") or visit.request.cookies.get(_cookie(visit, "next"), "")
    answer = visit.go(next_of(wanted))
    keep(visit, answer, "staff", session)
    _forget(visit, answer, "next")
    return answer


async def leave(visit: Visit) -> Response:
    """Sign out."""

    async def change(conn: Connection) -> Done:
        await signin.leave(conn, visit.session)
        return Done("/console/sign-in", told="signed_out", log=Change("sign_out", f"staff:{visit.member.name}"))

    async def again(trouble: Trouble) -> Response:
        return await show(visit, trouble)

    answer = await visit.act(change, again)
    _forget(visit, answer, "staff")
    return answer


def _trouble(visit: Visit, error: BotError) -> Trouble:
    if isinstance(error, TooManyTries):
        return Trouble(visit.say("signin.too_many", time=visit.looks.words.time(error.retry_at)))
    return visit.trouble(error)


def _later(answer: Response, visit: Visit, error: BotError) -> Response:
    if isinstance(error, TooManyTries):
        answer.headers["Retry-After"] = str(max(1, int((error.retry_at - visit.now).total_seconds())))
    return answer


def _device(visit: Visit) -> str:
    return device_of(visit.request.headers.get("user-agent", ""))


# --- cookies

_LAST_S = {
    "staff": int(ABSOLUTE.total_seconds()),
    "browser": int(LINK_LASTS.total_seconds()),
    "next": int(LINK_LASTS.total_seconds()),
}
"""What a cookie is for → seconds for which browsers keep it; what a session is good for the database says."""


def _cookie(visit: Visit, what: str) -> str:
    return cookie_name(secure=visit.house.is_secure).replace("staff", what)


def _browser(visit: Visit) -> str:
    return visit.request.cookies.get(_cookie(visit, "browser"), "")


def keep(visit: Visit, answer: Response, what: str, value: str) -> None:
    """Let the browser keep something that no script and no other site can read."""
    answer.set_cookie(
        _cookie(visit, what),
        value,
        max_age=_LAST_S[what],
        path="/",
        secure=visit.house.is_secure,
        httponly=True,
        samesite="lax",  # or else a link in a message would find nobody signed in
    )


def _forget(visit: Visit, answer: Response, what: str) -> None:
    answer.delete_cookie(_cookie(visit, what), path="/", secure=visit.house.is_secure, httponly=True, samesite="lax")


ROUTES = (
    Route("GET", "/sign-in", "sign_in", show, open=True),
    Route("POST", "/sign-in", "sign_in", present, open=True),
    Route("POST", "/sign-in/ask", "sign_in", ask, open=True),
    Route("GET", "/enter/{token}", "sign_in", open_link, open=True),
    Route("POST", "/enter/{token}", "sign_in", enter, open=True),
    Route("POST", "/sign-out", "sign_in", leave),
)
