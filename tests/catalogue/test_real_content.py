"""The content we ship is without errors, complete, and fits every channel."""

from dataclasses import fields
from time import process_time
from typing import get_type_hints

import pytest

from bot.catalogue.check import check
from bot.catalogue.documents import Content
from bot.catalogue.loader import Reader
from bot.catalogue.problems import Severity
from bot.dialogue.actions import ACTIONS, encode
from bot.domain.actions import Action
from bot.domain.areas import Area
from tests.catalogue.conftest import REAL, TODAY

LONGEST_SLUG = "a" * 32
MOST_ATTEMPTS = 10**12


@pytest.fixture(scope="module")
def real() -> Content:
    return Reader(REAL).read()


def test_has_no_errors(real: Content) -> None:
    assert [str(problem) for problem in check(real, TODAY) if problem.severity is Severity.ERROR] == []


@pytest.mark.parametrize("area", Area)
def test_every_area_has_enough_to_teach(real: Content, area: Area) -> None:
    quizzes = [quiz.item for quiz in real.quizzes.values() if quiz.item.area is area]
    assert sum(len(quiz.questions) >= 6 for quiz in quizzes) >= 3
    assert sum(tip.item.area is area for tip in real.tips.values()) >= 10


def test_there_are_templates_for_the_seasons(real: Content) -> None:
    assert sum(bool(campaign.item.dates) for campaign in real.campaigns.values()) >= 6


@pytest.mark.parametrize("action", ACTIONS.values())
def test_the_longest_name_fits_a_button(action: type[Action]) -> None:
    hints = get_type_hints(action)
    longest = {int: MOST_ATTEMPTS, bool: True, str: ""}
    names = {"quiz": LONGEST_SLUG, "tip": LONGEST_SLUG, "topic": LONGEST_SLUG, "area": "everyday"}
    given = {field.name: names.get(field.name, longest[hints[field.name]]) for field in fields(action)}
    assert encode(action(**given))


def test_loads_in_about_a_second() -> None:
    started = process_time()
    Reader(REAL).load()
    assert process_time() - started < 5, "about 1.3 s on one core; a slow machine gets four times that"
