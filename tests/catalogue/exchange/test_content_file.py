"""The one writer of content files: what it writes, the loader reads back."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from bot.catalogue.exchange import content_file
from bot.catalogue.loader import Reader, read_item
from bot.catalogue.problems import ContentError
from bot.catalogue.schema import Quiz
from bot.catalogue.source import parse, value
from tests.catalogue.conftest import QUIZ, REAL
from tests.catalogue.exchange.strategies import quizzes


def written(quiz: Quiz) -> str:
    return content_file.write(quiz.model_dump(mode="json", exclude_defaults=True))


@settings(max_examples=150, deadline=None)
@given(quizzes())
def test_any_quiz_is_read_back(quiz: Quiz) -> None:
    assert Quiz.model_validate(value(parse(written(quiz).encode()))) == quiz


def test_what_we_teach_is_read_back_and_fits_the_width() -> None:
    for document in Reader(REAL).read().quizzes.values():
        text = written(document.item)
        assert Quiz.model_validate(value(parse(text.encode()))) == document.item
        wide = [line for line in text.split("\n") if len(line) > content_file.WIDTH]
        assert all(len(line.split()) <= 3 for line in wide), "only what cannot be broken, such as an address"


def test_it_looks_as_authors_write() -> None:
    quiz = Quiz.model_validate(value(parse(QUIZ.encode())))
    assert (
        written(quiz)
        == """\
id: dym
area: everyday
level: 1
title: {pl: Dym, uk: Дим, en: Smoke}
about:
  pl: Skąd się bierze.
  uk: Звідки він.
  en: Where it comes from.
questions:
  - id: pierwsze
    text:
      pl: Czujesz dym. Co robisz?
      uk: Ви чуєте дим. Що робите?
      en: You smell smoke. What do you do?
    options:
      - text: {pl: Wychodzę, uk: Виходжу, en: I get out}
        right: true
        feedback:
          pl: Dym jest szybszy.
          uk: Дим швидший.
          en: Smoke is faster.
      - text: {pl: Czekam, uk: Чекаю, en: I wait}
        feedback:
          pl: Czasu jest mało.
          uk: Часу обмаль.
          en: There is little time.
    explanation:
      pl: Najpierw ludzie.
      uk: Спершу люди.
      en: People first.
    source:
      title: Poradnik
      url: https://straz.example/dym
      publisher: Straż
    review_on: 2027-05-01
    tip: wyjdz
"""
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Uwaga: dym", '  pl: "Uwaga: dym"'),
        ("112", '  pl: "112"'),
        ("null", '  pl: "null"'),
        ("no", "  pl: no"),
        ("a #b", '  pl: "a #b"'),
        ("- a", '  pl: "- a"'),
        ("„Pali się!”", "  pl: „Pali się!”"),
        ('he said "so"', '  pl: he said "so"'),
        ("**so**", '  pl: "**so**"'),
        ("a\n- b", "  pl: |-\n    a\n    - b"),
        ("a ", '  pl: "a "'),
        ("a\u2028b", '  pl: "a\\U00002028b"'),
    ],
)
def test_quotes_stand_only_where_they_are_needed(text: str, line: str) -> None:
    assert f"about:\n{line}\n" in content_file.write({"about": {"pl": text}})


def test_long_texts_are_folded() -> None:
    text = content_file.write({"about": {"pl": "słowo " * 30 + "koniec"}})
    assert "  pl: >-\n    słowo słowo" in text
    assert max(map(len, text.split("\n"))) <= content_file.WIDTH


def test_what_is_missing_is_said_where_it_belongs_and_the_checker_still_misses_it(tmp_path: Path) -> None:
    file = tmp_path / "dym.yaml"
    question = {"id": "one", "text": {"pl": "Dym?"}, "options": [{"right": True}, {"text": {"pl": "Czekam"}}]}
    file.write_text(content_file.write({"id": "dym", "questions": [question]}, ["uk: translate"]), encoding="utf-8")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# TODO uk: translate\nid: dym\n# TODO area: road, everyday or cyber\n")
    assert "    # TODO source: where it can be checked, with `title`, `url` and `publisher`\n" in text
    with pytest.raises(ContentError) as caught:
        read_item(file, Quiz)
    told = {problem.message for problem in caught.value.problems}
    assert {"`questions.source` is missing; add it", "`options.feedback` is missing; add it"} <= told
