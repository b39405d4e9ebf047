"""Quizzes: choosing one, and beginning it."""

from dataclasses import replace
from functools import reduce

from bot.catalogue.schema import Quiz
from bot.dialogue.scenes.parts import MENU, button, column, grid, titled
from bot.dialogue.scenes.question import go_on
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.areas import Area, Audience
from bot.domain.errors import StaleAction
from bot.domain.messages import Block, Button, Phrase, Plain, Row, Screen, say
from bot.services import classroom, learning

SHORT = 5
PAGE = 6
"""Quizzes on one screen: a small phone shows them without scrolling."""


# --- choosing


async def areas(turn: Turn, action: do.Quizzes) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Choose an area that has quizzes, or a mixture of all."""
    known = turn.library.programme.areas
    there = {quiz.area for quiz in turn.library.quizzes.values()}
    choices = [titled(known[area].name, do.QuizArea(area.value)) for area in Area if area in known and area in there]
    mix = button("quiz.mix", do.StartMix("", "", SHORT, turn.tools.new_number()))
    return Screen(blocks=(say("quiz.choose_area"),), rows=(*column(choices), (mix,), MENU))


async def area(turn: Turn, action: do.QuizArea) -> Screen:
    """The quizzes of an area, perhaps for one audience, a page of them."""
    info = turn.library.programme.areas.get(_area(action.area))
    if info is None:
        raise StaleAction
    quizzes = learning.quizzes_of(turn.library, action.area, action.audience, turn.resident)
    shown = quizzes[PAGE * action.page : PAGE * (action.page + 1)]
    if not shown and action.page:
        raise StaleAction
    blocks: list[Block] = [say("quiz.area", area=Plain(info.name), about=Plain(info.about))]
    if action.audience:
        blocks.append(say("quiz.for", audience=_audience(action.audience)))
    mix = do.StartMix(action.area, action.audience, SHORT, turn.tools.new_number())
    return Screen(
        blocks=tuple(blocks),
        rows=(
            *column(titled(quiz.title, do.QuizIntro(quiz.id)) for quiz in shown),
            *_more(action, len(quizzes) - PAGE * (action.page + 1)),
            (button("quiz.mix", mix), button("quiz.audience", do.QuizAudiences(action.area))),
            (button("back", _before(action)), *MENU),
        ),
    )


def _more(action: do.QuizArea, left: int) -> list[Row]:
    return [(Button(say("quiz.more", n=left), replace(action, page=action.page + 1)),)] if left > 0 else []


def _before(action: do.QuizArea) -> do.Action:
    return replace(action, page=action.page - 1) if action.page else do.Quizzes()


async def audiences(turn: Turn, action: do.QuizAudiences) -> Screen:
    """Choose for whom the quizzes should be; only audiences that have any."""
    _area(action.area)
    there = {audience for quiz in learning.quizzes_of(turn.library, action.area, "") for audience in quiz.audience}
    choices = [
        Button(_audience(audience), do.QuizArea(action.area, audience.value))
        for audience in Audience
        if audience in there
    ]
    everyone = button("quiz.any_audience", do.QuizArea(action.area))
    return Screen(
        blocks=(say("quiz.choose_audience"),),
        rows=(*grid([*choices, everyone], 2), (button("back", do.QuizArea(action.area)), *MENU)),
    )


def _area(value: str) -> Area:
    try:
        return Area(value)
    except ValueError as error:
        raise StaleAction from error


def _audience(value: str) -> Phrase:
    if value not in list(Audience):
        raise StaleAction
    return say(f"audience.{value}")


def _audiences(quiz: Quiz) -> Phrase:
    first, *more = map(_audience, quiz.audience)
    return reduce(lambda listed, one: say("list.and", first=listed, second=one), more, first)


async def intro(turn: Turn, action: do.QuizIntro) -> Screen:
    """What a quiz is about, and how long it should be."""
    quiz = learning.get_quiz(turn.library, action.quiz)
    count = len(quiz.questions)
    nonce = turn.tools.new_number()
    whole = Button(say("quiz.start", n=count), do.StartQuiz(quiz.id, 0, nonce))
    short = Button(say("quiz.start_short", n=SHORT), do.StartQuiz(quiz.id, SHORT, nonce))
    return Screen(
        blocks=(
            say("quiz.intro", title=Plain(quiz.title), about=Plain(quiz.about)),
            say("quiz.facts", n=count, audience=_audiences(quiz), level=say(f"level.{quiz.level}")),
        ),
        rows=(
            (short, whole) if count > SHORT else (whole,),
            (button("quiz.share", do.ShareQuiz(quiz.id)),),
            (button("back", do.QuizArea(quiz.area)), *MENU),
        ),
    )


# --- starting


async def start(turn: Turn, action: do.StartQuiz) -> Screen:
    """Begin a quiz: its first question."""
    attempt = await learning.start_quiz(
        turn.conn, turn.library, turn.resident, action.quiz, length=action.length, seed=action.nonce, now=turn.now
    )
    return await go_on(turn, attempt)


async def start_mix(turn: Turn, action: do.StartMix) -> Screen:
    """Begin a mixture."""
    if action.length not in range(1, 21):
        raise StaleAction
    attempt = await learning.start_mix(
        turn.conn,
        turn.library,
        turn.resident,
        area=action.area,
        audience=action.audience,
        length=action.length,
        seed=action.nonce,
        now=turn.now,
    )
    return await go_on(turn, attempt)


async def start_link(turn: Turn, action: do.StartLink) -> Screen:
    """Begin the quiz somebody shared."""
    link = await classroom.open_link(turn.conn, action.code, turn.now)
    attempt = await learning.start_link(
        turn.conn,
        turn.library,
        turn.resident,
        link.code,
        link.quiz,
        seed=classroom.seed_of(link.code),
        now=turn.now,
    )
    return await go_on(turn, attempt)


async def repeat_missed(turn: Turn, action: do.RepeatMissed) -> Screen:
    """Begin again with what was missed."""
    return await go_on(turn, await learning.repeat_missed(turn.conn, turn.resident, action.attempt, now=turn.now))
