"""Stats count what is there and list what needs attention."""

from datetime import date
from pathlib import Path

from bot.catalogue.loader import Reader
from bot.catalogue.stats import AreaCount, Stats, count
from bot.domain.areas import Area
from tests.catalogue.conftest import TODAY, Edit


def stats(content: Path, today: date = TODAY) -> Stats:
    return count(Reader(content).read(), today)


def test_counts(content: Path) -> None:
    found = stats(content)
    assert found.areas == {
        Area.ROAD: AreaCount(0, 0, 0, 0, 0, 0),
        Area.EVERYDAY: AreaCount(quizzes=1, questions=1, pairs=0, measuring=0, tips=0, cards=1),
        Area.CYBER: AreaCount(0, 0, 0, 0, 0, 0),
    }
    assert found.audiences == {"everyone": 2}
    assert found.kinds == {"single": 1}
    assert found.campaigns == {"tip": 1}


def test_languages_are_counted_out_of_all_texts(content: Path, edit: Edit) -> None:
    whole = stats(content)
    assert set(whole.languages.values()) == {whole.texts}
    edit("quizzes/dym.yaml", "uk: Виходжу, ", "")
    part = stats(content)
    assert (part.languages["uk"], part.languages["pl"]) == (whole.texts - 1, whole.texts)


def test_what_is_due_within_ninety_days_is_listed(content: Path) -> None:
    assert stats(content, date(2027, 1, 30)).due == ()
    due = stats(content, date(2027, 1, 31)).due
    assert [claim.place for claim in due] == [f"{content}/quizzes/dym.yaml:16", f"{content}/tips/wyjdz.yaml:10"]


def test_what_rests_on_the_press_alone_is_listed(content: Path, edit: Edit) -> None:
    assert stats(content).to_confirm == ()
    edit("tips/wyjdz.yaml", "publisher: Straż", "publisher: Gazeta, press: true")
    (claim,) = stats(content).to_confirm
    assert (claim.place, claim.publisher) == (f"{content}/tips/wyjdz.yaml:10", "Gazeta")
