"""A shared quiz at `/q/CODE`, for pupils: no account, no name, and no cookie but the attempt's own.

The first question stands on the very first page. Nothing is stored until it is answered; then a random cookie, valid
only below this address and only for a day, ties the answers together. The server keeps its hash.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from bot.catalogue.library import Shelf
from bot.dialogue import actions as codec
from bot.dialogue.scenes import question as scene
from bot.domain import actions as do
from bot.domain.errors import StaleAction, UnknownItem
from bot.domain.messages import Button, Link, Plain, Reply, Row, Screen, say
from bot.domain.quizzes import Attempt, Ref, read_choice
from bot.services import classroom, learning
from bot.services.blocks import source_line
from bot.storage.classroom import QuizLink
from bot.storage.database import Connection, Database
from bot.web.guard import Fields
from bot.web.pages import Frame, Pages, wants_fragment

COOKIE = "attempt"
COOKIE_LIFE_S = 24 * 60 * 60
NEXT_PUPIL = "next-pupil"
"""Posted as `press` to hand the device on."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a page of the lesson shows: a question by position (None: the next one), and choices not yet confirmed.

    `seed` keeps the options in their order until there is an attempt to keep it.
    """

    position: int | None = None
    picked: str = ""
    seed: int | None = None

    def query(self, language: str) -> str:
        """This place as the query of an address."""
        at = None if self.position is None else self.position + 1
        given = {"at": at, "picked": self.picked or None, "seed": self.seed, "lang": language}
        return urlencode({name: value for name, value in given.items() if value is not None})


class Lessons:
    """Answers pupils."""

    def __init__(
        self,
        pages: Pages,
        *,
        database: Database,
        shelf: Shelf,
        clock: Callable[[], datetime],
        new_token: Callable[[], str],
        new_number: Callable[[], int],
        secure: bool,
    ) -> None:
        self._pages = pages
        self._database = database
        self._shelf = shelf
        self._clock = clock
        self._new_token = new_token
        self._new_number = new_number
        self._secure = secure

    async def show(self, request: Request, code: str, at: int = 0, picked: str = "", seed: str = "") -> Response:
        """A question of the shared quiz, or what was said to its answer. Looking stores nothing."""
        async with self._database.read() as conn:
            link = await self._link(conn, code)
            attempt = await self._attempt(conn, link, request)
            if attempt is None:
                attempt = self._unstored(link, _seed(seed) or self._new_number())
        place = Place(at - 1 if 0 < at <= len(attempt.questions) else None, picked)
        screen = self._screen(attempt, place)
        return self._answer(request, link, attempt, screen, self._pages.language(request))

    async def act(self, request: Request, code: str, fields: Fields) -> Response:
        """Take an answer; the first one begins the attempt."""
        language = fields.get("language", "")
        language = language if language in self._pages.words.languages else self._pages.language(request)
        if fields.get("press") == NEXT_PUPIL:
            response = self._see(code, Place(), language)
            response.delete_cookie(COOKIE, path=f"/q/{code}")
            return response
        action = _read(fields.get("press", ""))
        token = request.cookies.get(COOKIE) or self._new_token()
        async with self._database.begin() as conn:
            link = await self._link(conn, code)
            attempt = await classroom.pupil_turn(conn, link, token)
            attempt = attempt or self._unstored(link, _seed(fields.get("seed", "")) or self._new_number())
            if isinstance(action, do.Answer):
                if attempt.id == 0:
                    attempt = await classroom.begin_as_pupil(
                        conn, self._shelf.library, link, token, seed=attempt.seed, now=self._clock()
                    )
                attempt = await self._take(conn, attempt, action)
        place = replace(_place_of(action), seed=None if attempt.id else attempt.seed)
        if wants_fragment(request):
            response = self._answer(request, link, attempt, self._screen(attempt, place), language)
        else:
            response = self._see(code, place, language)
        if attempt.id:
            response.set_cookie(
                COOKIE,
                token,
                max_age=COOKIE_LIFE_S,
                path=f"/q/{code}",
                secure=self._secure,
                httponly=True,
                samesite="lax",
            )
        return response

    async def _link(self, conn: Connection, code: str) -> QuizLink:
        try:
            return await classroom.open_link(conn, code, self._clock())
        except StaleAction as error:
            raise HTTPException(HTTPStatus.NOT_FOUND) from error

    async def _attempt(self, conn: Connection, link: QuizLink, request: Request) -> Attempt | None:
        token = request.cookies.get(COOKIE)
        return await classroom.pupil_attempt(conn, link, token) if token else None

    def _unstored(self, link: QuizLink, seed: int) -> Attempt:
        """An attempt that exists only on the page until its first answer; its number is 0."""
        try:
            quiz = learning.get_quiz(self._shelf.library, link.quiz)
        except UnknownItem as error:
            raise HTTPException(HTTPStatus.NOT_FOUND) from error
        refs = tuple(Ref(quiz.id, question.id) for question in quiz.questions)
        return Attempt(0, None, link.code, quiz.id, refs, seed, self._clock())

    async def _take(self, conn: Connection, attempt: Attempt, action: do.Answer) -> Attempt:
        try:
            marked = await learning.answer(
                conn, self._shelf.library, attempt, action.position, action.chosen, now=self._clock()
            )
        except StaleAction:
            return attempt  # forged or old: the page shows where they are
        return marked.attempt

    def _screen(self, attempt: Attempt, place: Place) -> Screen:
        position = attempt.next_position if place.position is None else place.position
        if position is None:
            return self._result(attempt)
        try:
            question = learning.find_question(self._shelf.library, attempt.questions[position])
        except StaleAction as error:
            raise HTTPException(HTTPStatus.NOT_FOUND) from error
        if position in attempt.answers:
            marked = learning.Marked(attempt, position, question, attempt.answers[position])
            blocks = (*scene.reasons(marked), source_line(question.source))
            return Screen(blocks, rows=((scene.way_on(attempt, position),),))
        picked = place.picked if read_choice(place.picked, options=len(question.options)) else ""
        screen = scene.question_screen(question, attempt, position, picked)
        return Screen(screen.blocks, rows=screen.rows[:-1], legend=screen.legend)

    def _result(self, attempt: Attempt) -> Screen:
        library = self._shelf.library
        quiz = library.quizzes.get(attempt.quiz or "")
        tips = [say("lesson.tip", title=Plain(tip.title)) for tip in learning.read_next(library, attempt)]
        rows: list[Row] = [(Link(say("lesson.more"), "/"),)]
        title = (say("lesson.title", title=Plain(quiz.title)),) if quiz else ()
        score = say("lesson.score", n=len(attempt.questions), score=attempt.score)
        return Screen((*title, score, *tips), rows=tuple(rows))

    def _answer(self, request: Request, link: QuizLink, attempt: Attempt, screen: Screen, language: str) -> Response:
        view = self._pages.view(Reply(language, screen))
        finished = attempt.next_position is None and not any(
            isinstance(one, Button) for row in screen.rows for one in row
        )
        form = self._pages.form(f"/q/{link.code}", language=language, seed=str(attempt.seed))
        return self._pages.answer(
            request,
            self._pages.with_press(view, say("lesson.next_pupil"), NEXT_PUPIL) if finished else view,
            Frame(form, self._pages.tongue_links(request), composer=False),
        )

    def _see(self, code: str, place: Place, language: str) -> Response:
        return RedirectResponse(f"/q/{code}?{place.query(language)}#now", HTTPStatus.SEE_OTHER)


def _read(press: str) -> do.Action | None:
    try:
        return codec.decode(press)
    except codec.BadCode:
        return None


def _place_of(action: do.Action | None) -> Place:
    match action:
        case do.ShowQuestion(position=position, picked=picked):
            return Place(position, picked)
        case do.Answer(position=position):
            return Place(position)
        case _:
            return Place()


def _seed(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None  # noqa: PLR2004 - 2³¹ has 10 digits


def routes(
    *,
    database: Database,
    shelf: Shelf,
    clock: Callable[[], datetime],
    new_token: Callable[[], str],
    new_number: Callable[[], int],
    secure: bool,
) -> Callable[[Pages], APIRouter]:
    """`GET` and `POST /q/CODE`, once the pages are there."""

    def make(pages: Pages) -> APIRouter:
        lessons = Lessons(
            pages,
            database=database,
            shelf=shelf,
            clock=clock,
            new_token=new_token,
            new_number=new_number,
            secure=secure,
        )
        router = APIRouter()
        router.add_api_route("/q/{code}", lessons.show, methods=["GET", "HEAD"], response_model=None)
        router.add_api_route("/q/{code}", lessons.act, methods=["POST"], response_model=None)
        return router

    return make
