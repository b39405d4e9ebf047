import pytest

from bot.catalogue.loader import load
from bot.catalogue.names import area_named, spelt, topic_named
from bot.domain.areas import Area
from tests.support import CONTENT

PROGRAMME = load(CONTENT).programme


@pytest.mark.parametrize("language", ["pl", "uk", "en"])
def test_every_area_and_topic_is_found_by_its_name_in_every_language(language: str) -> None:
    for area, info in PROGRAMME.areas.items():
        assert area_named(PROGRAMME, info.name[language]) == area
    for slug, topic in PROGRAMME.topics.items():
        assert topic_named(PROGRAMME, f"  {topic.name[language].upper()}! ") == slug


@pytest.mark.parametrize(
    ("typed", "area"),
    [
        ("ruch drogowy", Area.ROAD),
        ("RUCH-DROGOWY", Area.ROAD),
        ("ruch", None),
        ("jaki ruch drogowy", None),
        ("", None),
        ("!?", None),
    ],
)
def test_the_whole_name_is_wanted_and_nothing_more(typed: str, area: Area | None) -> None:
    assert area_named(PROGRAMME, typed) == area


def test_nothing_has_the_name_of_nothing() -> None:
    assert topic_named(PROGRAMME, " … ") is None
    assert spelt(" … ") == ()
