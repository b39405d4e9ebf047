"""The content we ship is without errors, complete, and fits every channel."""

from dataclasses import fields
from datetime import date, timedelta
from typing import get_type_hints

import pytest

from bot.catalogue.check import check
from bot.catalogue.documents import Content
from bot.catalogue.loader import Reader
from bot.catalogue.problems import Severity
from bot.catalogue.programme import Aims
from bot.catalogue.source import quick
from bot.dialogue.actions import ACTIONS, encode
from bot.domain.actions import Action
from bot.domain.areas import Audience
from tests.catalogue.conftest import REAL, TODAY

LONGEST_SLUG = "a" * 32
MOST_ATTEMPTS = 10**12


@pytest.fixture(scope="module")
def real() -> Content:
    return Reader(REAL).read()


def test_has_no_errors(real: Content) -> None:
    assert [str(problem) for problem in check(real, TODAY) if problem.severity is Severity.ERROR] == []


def test_the_library_promises_no_less_than_the_city_was_promised(real: Content) -> None:
    """`test_has_no_errors` holds it to its aims; this one holds the aims."""
    assert real.programme
    aims = real.programme.item.aims
    assert aims == Aims(quizzes=10, tips=50, measured=8, questions=240, cards=40, pairs=20, templates=30)
    assert [(year.year, year.million_pln) for year in real.programme.item.budget] == [
        (2025, 1.3),
        (2026, 1.4),
        (2027, 1.4),
        (2028, 1.5),
    ]


def test_every_audience_and_level_has_a_quiz(real: Content) -> None:
    quizzes = [document.item for document in real.quizzes.values()]
    assert {audience for quiz in quizzes for audience in quiz.audience} == set(Audience)
    assert {quiz.level for quiz in quizzes} == {1, 2, 3}


def test_the_templates_cover_the_year(real: Content) -> None:
    """On every day but New Year's there is something to send."""
    ranges = [campaign.item.dates for campaign in real.campaigns.values() if campaign.item.dates]
    days = (date(2027, 1, 1) + timedelta(days=number) for number in range(365))
    bare = [day for day in days if not any(dates[0] <= f"{day:%m-%d}" <= dates[-1] for dates in ranges)]
    assert bare == [date(2027, 1, 1)]


def test_what_measures_is_nowhere_in_practice(real: Content) -> None:
    practised = {question.text["pl"] for quiz in real.quizzes.values() for question in quiz.item.questions}
    measuring = {question.text["pl"] for survey in real.surveys.values() for question in survey.item.questions}
    assert len(measuring) >= 24
    assert not measuring & practised


@pytest.mark.parametrize("action", ACTIONS.values())
def test_the_longest_name_fits_a_button(action: type[Action]) -> None:
    hints = get_type_hints(action)
    longest = {int: MOST_ATTEMPTS, bool: True, str: ""}
    names = {"quiz": LONGEST_SLUG, "tip": LONGEST_SLUG, "topic": LONGEST_SLUG, "area": "everyday"}
    given = {field.name: names.get(field.name, longest[hints[field.name]]) for field in fields(action)}
    assert encode(action(**given))


def test_every_template_leads_on(real: Content) -> None:
    """Behind a button there is a quiz, a tip or the workshops."""
    for name, campaign in real.campaigns.items():
        assert any(button.quiz or button.tip or button.workshops for button in campaign.item.buttons), name
        assert campaign.item.dates, name


def test_a_start_reads_every_quiz_and_tip_quickly() -> None:
    """An anchor, say, sends a file down the slow way; a start would still work, and take fifty times as long for it."""
    for file in (*REAL.glob("quizzes/*.yaml"), *REAL.glob("tips/*.yaml"), *REAL.glob("surveys/*.yaml")):
        assert quick(file.read_bytes())["id"] == file.stem
