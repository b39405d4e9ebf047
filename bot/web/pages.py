"""Whole pages around screens, in the visitor's language: the chat, start links, lessons, and errors."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from bot.catalogue.words import Words
from bot.channels.web.render import FRAGMENT_TYPE, Choice, Form, View, fragment, view_of
from bot.dialogue.actions import encode
from bot.domain.actions import SetLanguage
from bot.domain.messages import Phrase, Reply, Screen, say
from bot.web.assets import Assets
from bot.web.templating import environment

EXPLAINED = (403, 404, 413, 500)
"""Statuses with words of their own (`web.error_404`); the others share those of 400."""

_HERE = Path(__file__).parent


class Library(Protocol):
    """What pages need of the library."""

    @property
    def words(self) -> Words:
        """Interface words."""
        ...


class Shelf(Protocol):
    """Holds the library of this moment; it changes when content is edited."""

    @property
    def library(self) -> Library:
        """The library of this moment."""
        ...


@dataclass(frozen=True, slots=True)
class Tongue:
    """A way to another language: the address of this page in it, or the code of a button."""

    code: str
    name: str
    url: str = ""
    press: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds a screen on its page."""

    form: Form
    tongues: tuple[Tongue, ...] = ()
    composer: bool = True
    """Whether there is a field to write in."""
    note: bool = False
    """Whether to say what the page will keep."""


class Pages:
    """Makes pages."""

    def __init__(self, shelf: Shelf, *, new_token: Callable[[], str]) -> None:
        self._shelf = shelf
        self._new_token = new_token
        self.assets = Assets(_HERE / "static")
        self._templates = environment()

    @property
    def words(self) -> Words:
        """The words of this moment."""
        return self._shelf.library.words

    def language(self, request: Request) -> str:
        """The visitor's language: what the address asks for (`?lang=uk`), or else what the browser prefers."""
        asked = request.query_params.get("lang", "")
        return asked if asked in self.words.languages else self.words.choose(request.headers.get("accept-language", ""))

    def form(self, post_to: str, **hidden: str) -> Form:
        """A form with a nonce of its own and hidden fields."""
        return Form(post_to, self._new_token(), hidden)

    def view(self, reply: Reply) -> View:
        """A reply in words."""
        return view_of(reply, self.words)

    def notice(self, language: str, phrase: Phrase, *choices: Choice) -> View:
        """A screen that is not of the dialogue: a few words and ways on."""
        view = self.view(Reply(language, Screen((phrase,))))
        return replace(view, rows=tuple((choice,) for choice in choices))

    def with_press(self, view: View, phrase: Phrase, press: str) -> View:
        """A view with one more button, of a code that is not the dialogue's."""
        choice = Choice(self.words.label(phrase, view.language), press=press)
        return replace(view, rows=(*view.rows, (choice,)))

    def label(self, key: str, language: str) -> str:
        """Interface words as plain text."""
        return self.words.label(say(key), language)

    def tongue_links(self, request: Request) -> tuple[Tongue, ...]:
        """The languages, as addresses of this page; they change nothing that is stored."""
        here = request.url.include_query_params
        return tuple(
            Tongue(code, self.words.language_name(code), url=f"?{here(lang=code).query}")
            for code in self.words.languages
        )

    def tongue_buttons(self) -> tuple[Tongue, ...]:
        """The languages, as buttons of the dialogue."""
        return tuple(
            Tongue(code, self.words.language_name(code), press=encode(SetLanguage(code)))
            for code in self.words.languages
        )

    def page(
        self, view: View, frame: Frame, *, status: int = HTTPStatus.OK, template: str = "page.html", **more: str
    ) -> Response:
        """A page of one screen with its forms; `more` is for a template of one's own."""

        def spoken(key: str) -> str:
            return self.label(key, view.language)

        html = self._templates.get_template(template).render(
            view=view,
            frame=frame,
            screen=fragment(view, self.words, frame.form),
            say=spoken,
            asset=self.assets.url,
            **more,
        )
        return HTMLResponse(html, status, headers={"Content-Language": view.language})

    def fragment(self, view: View, form: Form, *, status: int = HTTPStatus.OK) -> Response:
        """The screen alone, for the page's script."""
        return HTMLResponse(fragment(view, self.words, form), status, media_type=f"{FRAGMENT_TYPE}; charset=utf-8")

    def answer(self, request: Request, view: View, frame: Frame, *, status: int = HTTPStatus.OK) -> Response:
        """A fragment for the script, a page for everybody else."""
        if wants_fragment(request):
            return self.fragment(view, frame.form, status=status)
        return self.page(view, frame, status=status)

    def trouble(self, request: Request, status: int) -> Response:
        """What went wrong, and how to go on."""
        language = self.language(request)
        key = f"web.error_{status if status in EXPLAINED else HTTPStatus.BAD_REQUEST:d}"
        back = Choice(self.label("web.back", language), url="/")
        return self.answer(
            request, self.notice(language, say(key), back), Frame(self.form("/"), composer=False), status=status
        )


def wants_fragment(request: Request) -> bool:
    """Whether the page's script asks, and not the browser itself."""
    return FRAGMENT_TYPE in request.headers.get("accept", "")
