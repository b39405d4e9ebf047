"""`bezpieczny campaign templates`: what is in season stands first."""

import pytest

from bot.services.campaign_texts import by_season, in_season
from tests.commands.conftest import Say
from tests.support import campaign, library

LIBRARY = library(
    campaigns=[
        campaign("bez-dat"),
        campaign("maj", dates=["05-01", "05-07"]),
        campaign("dzien", dates=["03-31"]),
        campaign("styczen", dates=["01-02", "01-20"]),
        campaign("jesien", dates=["10-20", "11-20"]),
    ]
)


@pytest.mark.parametrize(
    ("today", "order"),
    [
        ("01-02", ["styczen", "dzien", "maj", "jesien", "bez-dat"]),
        ("03-31", ["dzien", "maj", "jesien", "bez-dat", "styczen"]),
        ("11-20", ["jesien", "bez-dat", "styczen", "dzien", "maj"]),
        ("12-24", ["bez-dat", "styczen", "dzien", "maj", "jesien"]),
    ],
)
def test_those_in_season_come_first_and_then_the_next_ones(today: str, order: list[str]) -> None:
    assert [one.id for one in by_season(LIBRARY, today)] == order


def test_both_ends_are_in_season() -> None:
    autumn = LIBRARY.campaigns["jesien"]
    assert [in_season(autumn, day) for day in ("10-19", "10-20", "11-20", "11-21")] == [False, True, True, False]


def test_they_are_listed(bezpieczny: Say) -> None:
    result = bezpieczny("campaign", "templates")
    assert result.exit_code == 0, result.output
    assert "jesien" in result.output
