import pytest

from bot.domain.areas import Area, district_numeral
from bot.domain.residents import Address, Resident
from tests.support import NOON


def resident(*topics: Area, channel: str = "telegram") -> Resident:
    return Resident(
        id=1,
        address=Address(channel, "1"),
        language="pl",
        topics=frozenset(topics),
        district=None,
        age=None,
        tip_hour=None,
        alerts=False,
        campaigns=False,
        consent_asked_at=None,
        blocked_at=None,
        created_at=NOON,
    )


def test_no_topics_means_all() -> None:
    assert all(resident().follows(area) for area in Area)
    assert [area for area in Area if resident(Area.CYBER).follows(area)] == [Area.CYBER]


@pytest.mark.parametrize(
    ("channel", "can"), [("telegram", True), ("matrix", True), ("web", False), ("terminal", False)]
)
def test_who_can_be_written_to_first(channel: str, can: bool) -> None:
    assert resident(channel=channel).can_be_written_to is can


def test_districts_have_roman_numerals() -> None:
    assert [district_numeral(number) for number in (1, 4, 9, 18)] == ["I", "IV", "IX", "XVIII"]
