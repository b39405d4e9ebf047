"""Every screen of the conversations, and every question there is, as Matrix shows them."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from bot.catalogue import loader
from bot.catalogue.library import Library
from bot.catalogue.schema import QuestionKind
from bot.catalogue.words import Words
from bot.channels.matrix import choices, polls, render
from bot.dialogue.actions import encode
from bot.dialogue.commands import COMMANDS
from bot.dialogue.scenes.question import question_screen
from bot.domain.messages import Button, Link, Reply, Screen
from bot.domain.quizzes import Attempt, Ref
from tests.channels.matrix import html
from tests.dialogue.transcript import FOLDER, Replay
from tests.dialogue.world import load_small, words_of
from tests.support import CONTENT, NOON

FILES = sorted(FOLDER.glob("*.txt"))
TEXT = "org.matrix.msc1767.text"
SLASHED = re.compile(r"(?<!\S)/(\w+)")
LED = re.compile(r"\]\([^)]*\)")
LISTED = re.compile(r"^\s*(-|\d+\.) ")
APART = re.compile(r"[\W_]+")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return load_small(tmp_path_factory.mktemp("content"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_every_screen_can_be_read_and_answered(file: Path, library: Library, tmp_path: Path) -> None:
    replay = Replay(file)
    await replay.run(tmp_path, library)
    assert replay.replies
    for reply in replay.replies:
        message = render.message(reply.screen, reply.language, library.words)
        _every_choice_comes_back(reply.screen, message)
        _nothing_is_lost(reply, library, message)


def _every_choice_comes_back(screen: Screen, message: render.Message) -> None:
    codes = [encode(way.action) for row in screen.rows for way in row if isinstance(way, Button)]
    assert [code for code, _ in message.choices] == codes
    for number, (code, label) in enumerate(message.choices, start=1):
        for awaits in (True, False):
            assert choices.press_of(str(number), message.choices, awaits=awaits) == code
        alike = {one for one, words in message.choices if words == label}
        assert choices.press_of(label, message.choices, awaits=False) == (code if len(alike) == 1 else None)
        if letter := choices.letter_of(label):
            assert choices.press_of(letter.lower(), message.choices, awaits=False) == code
    taps = [choices.tapped(key, message.choices) for key in choices.seeds(message.choices)]
    assert taps == (codes if len(codes) <= choices.SEEDED else [])


def _nothing_is_lost(reply: Reply, library: Library, message: render.Message) -> None:
    body, formatted = message.content["body"], html.read(message.content["formatted_body"])
    for form in (_bare(body), _bare(formatted.text)):
        assert [one for one in _pieces(reply, library) if one not in form] == []
        assert [label for _, label in message.choices if _bare(label) not in form] == []
    assert [name for name in SLASHED.findall(body) if name in COMMANDS] == []
    for link in (way for row in reply.screen.rows for way in row if isinstance(way, Link)):
        assert link.url in body
        assert link.url in {url for url, _ in formatted.links}


def _pieces(reply: Reply, library: Library) -> Iterator[str]:
    """What the screen says, piece by piece: where links lead, and the signs of lists, are written in other ways."""
    said = [words_of(reply, library), *(library.words.markdown(one, reply.language) for one in reply.screen.legend)]
    if reply.screen.asks:
        said.append(library.words.markdown(reply.screen.asks, reply.language))
    for line in "\n".join(said).splitlines():
        yield from map(_bare, LED.split(LISTED.sub("", line)))


def _bare(text: str) -> str:
    return APART.sub("", text)


# --- polls


@pytest.fixture(scope="module")
def real() -> Library:
    return loader.load(CONTENT)


def _asked(library: Library) -> Iterator[tuple[QuestionKind, Screen]]:
    for quiz in library.quizzes.values():
        for question in quiz.questions:
            attempt = Attempt(1, 1, None, quiz.id, (Ref(quiz.id, question.id),), seed=7, started_at=NOON)
            yield question.kind, question_screen(question, attempt, 0)


@pytest.mark.parametrize("language", ["pl", "uk", "en"])
def test_every_question_of_one_answer_is_a_poll_within_the_limits(language: str, real: Library) -> None:
    at_once = {QuestionKind.SINGLE, QuestionKind.TRUE_FALSE, QuestionKind.SCAM}
    asked = list(_asked(real))
    assert len(asked) > 100
    for kind, screen in asked:
        poll = polls.poll(screen, language, real.words)
        assert (poll is not None) == (kind in at_once), render.text(screen, language, real.words)
        if poll is not None:
            _within_limits(poll, screen, language, real.words)


def _within_limits(poll: tuple[render.Content, choices.Choices], screen: Screen, language: str, words: Words) -> None:
    content, ways = poll
    start = content[polls.START]
    answers = start["answers"]
    assert 2 <= len(answers) <= 20
    assert all(0 < len(answer[TEXT]) <= 240 for answer in answers)
    assert start["question"][TEXT] == render.text(screen, language, words)
    assert {answer["id"] for answer in answers} < {code for code, _ in ways}
    assert all(unescape(answer[TEXT]) in content[TEXT] for answer in answers)
