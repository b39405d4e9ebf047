"""A deck is opened as Anki opens it: a zip with an SQLite database in it."""

import io
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.exchange import anki
from bot.catalogue.exchange.mixing import mixed
from bot.catalogue.loader import Reader
from bot.catalogue.schema import Quiz
from tests.catalogue.conftest import REAL
from tests.support import NOON, question, quiz, real_words


def deck(item: Quiz, *languages: str, later: int = 0) -> bytes:
    return anki.write(item, languages or ("pl",), real_words(), "Bezpieczny Kraków", NOON + timedelta(hours=later))


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[bytes, str], list[Any]]:
    def rows(package: bytes, query: str) -> list[Any]:
        file = tmp_path / "collection.anki2"
        with zipfile.ZipFile(io.BytesIO(package)) as packed:
            file.write_bytes(packed.read("collection.anki2"))
        with closing(sqlite3.connect(file)) as db:
            return db.execute(query).fetchall()

    return rows


def test_a_note_for_each_question_of_what_we_teach(ask: Any) -> None:
    for document in Reader(REAL).read().quizzes.values():
        notes = ask(deck(document.item), "select flds, tags from notes order by id")
        assert len(notes) == len(document.item.questions)
        for (fields, tags), asked in zip(notes, document.item.questions, strict=True):
            front, back = fields.split("\x1f")
            assert asked.text["pl"].split()[0] in front
            assert f'<a href="{asked.source.url}">'.replace("&", "&amp;") in back
            assert tags.split() == [document.item.area.value, document.item.id, "pl"]


def test_numbers_stay_so_that_a_newer_deck_updates_the_cards(ask: Any) -> None:
    first, second = deck(quiz()), deck(quiz(about={"pl": "Nowy opis"}), later=1)
    ids = "select guid, mid, (select did from cards where nid = notes.id) from notes order by guid"
    assert ask(first, ids) == ask(second, ids)
    assert ask(first, "select max(mod) from notes") < ask(second, "select max(mod) from notes")


def test_every_language_and_quiz_has_a_deck_of_its_own(ask: Any) -> None:
    decks = {
        ask(deck(item, code), "select did from cards")[0] for item in (quiz(), quiz("dym")) for code in ("pl", "uk")
    }
    assert len(decks) == 4
    assert ask(deck(quiz(), "pl", "uk", "en"), "select count(*), count(distinct did) from cards") == [(9, 3)]


def test_words_are_shown_as_written(ask: Any) -> None:
    evil = question("one", text={"pl": "<script>1 < 2 & {{Front}}</script>"}).model_dump()
    ((fields,),) = ask(deck(quiz(questions=[evil])), "select flds from notes")
    assert "&lt;script&gt;1 &lt; 2 &amp; {{Front}}&lt;/script&gt;" in fields


def test_the_back_says_what_is_right_and_why(ask: Any) -> None:
    ((fields,), *_) = ask(deck(quiz()), "select flds from notes order by id")
    front, back = fields.split("\x1f")
    assert front.count("<li>") == 3
    assert back.startswith('<ul><li><span class="right">Option 0 (pl)</span><p>Because 0 (pl)</p></li></ul>')
    assert "Because 1" not in back
    assert "Explanation one (pl)" in back


def test_options_are_mixed_the_same_way_every_time() -> None:
    steps = question(
        "steps", kind="ordering", options=[{"text": {"pl": str(n)}, "feedback": {"pl": "x"}} for n in range(3)]
    )
    orders = {tuple(mixed(f"quiz-{number}", steps)) for number in range(60)}
    assert len(orders) == 5, "every order but the right one"
    assert mixed("quiz-1", steps) == mixed("quiz-1", steps)
