"""The chat page: the dialogue with residents at `/`."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from bot.channels.web.render import Choice, View
from bot.channels.web.session import Conversation, SessionCookie, address_of, event_of, input_of, start_parameter
from bot.dialogue.actions import BadCode, decode
from bot.domain.actions import SetLanguage
from bot.domain.messages import Input, Press, Reply, say
from bot.web.guard import Fields
from bot.web.pages import Frame, Pages, wants_fragment

HOME = "/"
LATEST = "#now"
"""The latest screen's place in the page, where keyboard and reader should be after an answer."""


class Chat:
    """Answers the browser."""

    def __init__(
        self, dialogue: Conversation, pages: Pages, cookie: SessionCookie, *, new_token: Callable[[], str]
    ) -> None:
        self._dialogue = dialogue
        self._pages = pages
        self._cookie = cookie
        self._new_token = new_token

    async def show(self, request: Request, start: str = "") -> Response:
        """Where the resident is. Looking stores nothing, and neither does following a start link."""
        token = self._cookie.read(request.cookies)
        language = self._pages.language(request)
        look = self._dialogue.current(address_of(token), language) if token else self._dialogue.welcome(language)
        view = self._pages.view(await look)
        if parameter := start_parameter(start):
            return self._invite(view.language, parameter)
        return self._pages.page(view, self._frame(view, known=token is not None))

    async def act(self, request: Request, fields: Fields) -> Response:
        """Take a turn. The first one begins a session."""
        given, token = input_of(fields), self._cookie.read(request.cookies)
        if given is None:
            return _see("")
        if token is None and (language := self._language_in(given)):
            # To read the page in another language nobody has to be remembered.
            return _see(urlencode({"lang": language} | {name: fields[name] for name in ("start",) if name in fields}))
        token = token or self._new_token()
        reply = await self._turn(request, fields, given, token)
        response = self._answer(request, reply)
        if reply.forgotten:
            self._cookie.erase(response)
        else:
            self._cookie.write(response, token)
        return response

    def _language_in(self, given: Input) -> str | None:
        """The language that a pressed button chooses, if it does."""
        try:
            action = decode(given.code) if isinstance(given, Press) else None
        except BadCode:
            return None
        chosen = action.language if isinstance(action, SetLanguage) else None
        return chosen if chosen in self._pages.words.languages else None

    async def _turn(self, request: Request, fields: Fields, given: Input, token: str) -> Reply:
        asked = fields.get("language", "")
        language = asked if asked in self._pages.words.languages else self._pages.language(request)
        nonce = fields.get("key") or self._new_token()
        return await self._dialogue.turn(event_of(given, address=address_of(token), nonce=nonce, language=language))

    def _answer(self, request: Request, reply: Reply) -> Response:
        # A page that says "all is erased" has no address to be seen at: afterwards there is nobody to show it to.
        if reply.forgotten or wants_fragment(request):
            view = self._pages.view(reply)
            return self._pages.answer(request, view, self._frame(view, known=not reply.forgotten))
        return _see("")

    def _frame(self, view: View, *, known: bool) -> Frame:
        form = self._pages.form(HOME) if known else self._pages.form(HOME, language=view.language)
        return Frame(form, self._pages.tongue_buttons(), note=not known)

    def _invite(self, language: str, parameter: str) -> Response:
        key = "web.start_subscribe" if parameter == "subscribe" else "web.start_link"
        view = self._pages.notice(language, say(key), Choice(self._pages.label("web.start_button", language)))
        form = self._pages.form(HOME, language=language, start=parameter)
        return self._pages.page(
            view, Frame(replace(form, scripted=False), self._pages.tongue_buttons(), composer=False, note=True)
        )


def _see(query: str) -> Response:
    return RedirectResponse(f"{HOME}{'?' if query else ''}{query}{LATEST}", HTTPStatus.SEE_OTHER)


def routes(chat: Chat) -> APIRouter:
    """`GET /` and `POST /`."""
    router = APIRouter()
    router.add_api_route(HOME, chat.show, methods=["GET", "HEAD"])
    router.add_api_route(HOME, chat.act, methods=["POST"])
    return router
