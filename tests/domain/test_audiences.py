"""Who is held out of a campaign: by its number alone, for all time."""

import pytest

from bot.domain.audiences import Draw

CITY = range(1, 20_001)


def drawn(campaign: int, percent: int) -> set[int]:
    draw = Draw.of(campaign, percent)
    return {resident for resident in CITY if draw.holds(resident)}


@pytest.mark.parametrize("campaign", [1, 2, 7, 1000])
@pytest.mark.parametrize("percent", [0, 1, 10, 50])
def test_the_share_is_what_was_asked_for(campaign: int, percent: int) -> None:
    assert abs(len(drawn(campaign, percent)) - len(CITY) * percent // 100) <= len(CITY) // 100


def test_a_larger_share_holds_out_the_same_people_and_more() -> None:
    assert drawn(3, 10) < drawn(3, 20) < drawn(3, 50)


@pytest.mark.parametrize("other", [1, 3, 4, 500])
def test_another_campaign_holds_out_others(other: int) -> None:
    """Two draws of half the city share a quarter of it, like two tosses of a coin."""
    assert abs(len(drawn(2, 50) & drawn(other, 50)) - len(CITY) // 4) <= len(CITY) // 25


def test_neighbours_are_not_drawn_together() -> None:
    half = drawn(5, 50)
    assert abs(sum(resident + 1 in half for resident in half) - len(CITY) // 4) <= len(CITY) // 25


def test_the_draw_stays_the_same_for_all_time() -> None:
    """A recurring campaign's runs lie months apart: another program version must not draw others."""
    assert sorted(drawn(7, 1))[:5] == [13, 378, 381, 419, 691]
