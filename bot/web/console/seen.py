"""Items as residents see them: the screens of the conversation, without the conversation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.catalogue.library import Library
from bot.catalogue.schema import Question, QuestionKind, Quiz, Survey, Tip
from bot.channels.web.render import View, view_of
from bot.dialogue.scenes.ask import found_screen
from bot.dialogue.scenes.question import option_text, question_screen, reasons
from bot.domain import actions as do
from bot.domain.messages import Picture, Plain, Reply, Row, Screen, say
from bot.domain.quizzes import Attempt, Ref
from bot.services.blocks import source_line, tip_blocks
from bot.services.learning import Marked, mark
from bot.services.letters import MENU, tip_letter
from bot.web.console.shown import Shown, as_matrix, as_page, as_telegram

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and what is said to whoever gives it."""

    answer: str
    right: bool
    view: View


def view(library: Library, language: str, screen: Screen) -> View:
    """A screen as the browser shows it."""
    return view_of(Reply(language, screen), library.words)


def in_channels(library: Library, screen: Screen, language: str) -> list[Shown]:
    """A screen as each channel shows it."""
    return [show(screen, language, library.words) for show in (as_telegram, as_matrix, as_page)]


def tip_screen(library: Library, tip: Tip, *, urgent: bool = False) -> Screen:
    """A tip as it comes as the tip of the day; a card as it is found in the moment itself."""
    picture = Picture(library.pictures[tip.picture.file], Plain(tip.picture.alt)) if tip.picture else None
    first = (say("ask.call_first"),) if urgent else ()
    rows: tuple[Row, ...] = ((MENU,),) if tip.steps else tip_letter(tip).rows[:1]
    return Screen((*first, *tip_blocks(tip)), rows=rows, picture=picture)


def question_view(library: Library, quiz: Quiz | Survey, place: int, language: str) -> View:
    """A question as it is put, in one of the orders of its options; `place` counts from 0."""
    screen = question_screen(quiz.questions[place], _attempt(quiz), place)
    return view(library, language, Screen(screen.blocks, screen.rows[:-1], legend=screen.legend))


def answers_to(library: Library, quiz: Quiz | Survey, place: int, language: str) -> list[Said]:
    """What is said to each single choice; of several at once, to the right ones and to the others."""
    question = quiz.questions[place]
    return [_said(library, quiz, place, chosen, language) for chosen in _choices(question)]


def options_of(library: Library, question: Question, language: str) -> list[str]:
    """The words of a question's options, as they stand in the file."""
    return [library.words.label(option_text(question, place), language) for place in range(len(question.options))]


def _choices(question: Question) -> Iterable[str]:
    every = "".join(map(str, range(len(question.options))))
    if question.kind is QuestionKind.ORDERING:
        return every, every[::-1]
    if question.kind is QuestionKind.MULTIPLE:
        right = "".join(str(option) for option in sorted(question.right))
        return right, *(digit for digit in every if int(digit) not in question.right)
    return every


def _said(library: Library, quiz: Quiz | Survey, place: int, chosen: str, language: str) -> Said:
    question = quiz.questions[place]
    given = mark(question, chosen)
    marked = Marked(_attempt(quiz), place, question, given)
    screen = Screen((*reasons(marked), source_line(question.source)))
    options = options_of(library, question, language)
    joint = " → " if question.kind is QuestionKind.ORDERING else " + "
    return Said(joint.join(options[int(digit)] for digit in chosen), given.right, view(library, language, screen))


def _attempt(quiz: Quiz | Survey) -> Attempt:
    refs = tuple(Ref(quiz.id, question.id) for question in quiz.questions)
    return Attempt(0, None, None, quiz.id, refs, seed=0, started_at=_NEVER)


def found_view(library: Library, way: do.ShowTip | do.Found, language: str) -> View:
    """Where a search leads."""
    if isinstance(way, do.ShowTip):
        return view(library, language, tip_screen(library, library.tips[way.tip], urgent=way.urgent))
    return view(library, language, found_screen(library, way))
