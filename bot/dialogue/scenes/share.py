"""Sharing a quiz with a class or a group: link, picture, poster, worksheet, totals."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.dialogue.scenes.parts import MENU, button
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.errors import StaleAction
from bot.domain.messages import Block, File, Picture, Plain, Screen, say
from bot.services import classroom, learning, poster, worksheet
from bot.services.classroom import LinkEnded
from bot.services.links import Links
from bot.storage.classroom import QuizLink, find_link

MINUTES_PER_QUESTION = 0.75


async def link(turn: Turn, action: do.ShareQuiz) -> Screen:
    """This resident's link to a quiz, the open one or a new one."""
    made = await classroom.share(
        turn.conn,
        turn.library,
        action.quiz,
        resident_id=turn.resident.id,
        code=turn.tools.new_code(),
        now=turn.now,
    )
    return await show(turn, do.ShowLink(made.code))


async def show(turn: Turn, action: do.ShowLink) -> Screen:
    """A link of this resident's, with a QR code big enough for a projector."""
    made = await _own_open(turn, action.code)
    quiz = learning.get_quiz(turn.library, made.quiz)
    url = turn.tools.links.page(made.code)
    return Screen(
        blocks=(
            say("share.title", title=Plain(quiz.title)),
            say("share.page", url=url),
            *_in_messengers(turn.tools.links, made.code),
            say("share.facts", n=minutes(len(quiz.questions)), until=made.ends_at.date()),
        ),
        rows=(
            (button("share.totals", do.ShareTotals(made.code)), button("share.poster", do.SharePoster(made.code))),
            (button("share.worksheet", do.ShareWorksheet(made.code)),),
            (button("back", do.QuizIntro(quiz.id)), *MENU),
        ),
        picture=Picture(poster.qr_png(url), say("share.alt", url=url)),
        here=action,
        replaces=False,
    )


def _in_messengers(links: Links, code: str) -> Iterator[Block]:
    if telegram := links.telegram_start(f"q_{code}"):
        yield say("share.telegram", url=telegram)
    if matrix := links.matrix_start(f"q_{code}"):
        yield say("share.matrix", url=matrix.url, message=matrix.message)


def minutes(questions: int) -> int:
    """About how long a class needs for so many questions."""
    return max(1, round(questions * MINUTES_PER_QUESTION))


async def _own(turn: Turn, code: str) -> QuizLink:
    made = await find_link(turn.conn, code)
    if made is None or made.resident_id != turn.resident.id:
        raise StaleAction
    return made


async def _own_open(turn: Turn, code: str) -> QuizLink:
    made = await _own(turn, code)
    if made.ends_at <= turn.now:  # its totals can still be read
        raise LinkEnded
    return made


async def totals(turn: Turn, action: do.ShareTotals) -> Screen:
    """How many answered, and which question fell; nothing below five people."""
    made = await _own(turn, action.code)
    quiz = learning.get_quiz(turn.library, made.quiz)
    done = await classroom.totals(turn.conn, turn.library, made)
    blocks: list[Block] = [say("share.totals_title", title=Plain(quiz.title))]
    if done.finished is None:
        blocks.append(say("share.too_few", n=classroom.FEWEST_SHOWN))
    else:
        blocks.append(say("share.finished", n=done.finished))
    blocks += [
        say("share.question", number=number, percent=percent, text=Plain(question.text))
        for number, (question, percent) in enumerate(done.questions, start=1)
    ]
    return Screen(
        blocks=tuple(blocks),
        rows=((button("share.refresh", do.ShareTotals(made.code)),), (button("back", do.ShowLink(made.code)), *MENU)),
    )


async def poster_(turn: Turn, action: do.SharePoster) -> Screen:
    """The one-page poster."""
    made = await _own_open(turn, action.code)
    quiz = learning.get_quiz(turn.library, made.quiz)
    sheet = poster.sheet(turn.library, quiz, turn.tools.links.page(made.code), made, turn.resident.language)
    ready = say("share.poster_ready", title=Plain(quiz.title))
    return _paper(made, ready, f"{quiz.id}-{made.code}.pdf", lambda: poster.pdf(sheet))


async def worksheet_(turn: Turn, action: do.ShareWorksheet) -> Screen:
    """The questions on paper, and their key."""
    made = await _own_open(turn, action.code)
    quiz = learning.get_quiz(turn.library, made.quiz)
    sheet = worksheet.worksheet(turn.library.words, turn.library.programme, quiz, turn.resident.language)
    ready = say("share.worksheet_ready", title=Plain(quiz.title))
    return _paper(made, ready, f"{quiz.id}.pdf", lambda: worksheet.pdf(sheet))


def _paper(made: QuizLink, ready: Block, name: str, make: Callable[[], bytes]) -> Screen:
    """A PDF, made after the turn is committed: it takes a moment."""
    screen = Screen(blocks=(ready,), rows=((button("back", do.ShowLink(made.code)), *MENU),), replaces=False)

    async def with_file() -> Screen:
        return replace(screen, file=File(name, await asyncio.to_thread(make), "application/pdf"))

    return replace(screen, later=with_file)
