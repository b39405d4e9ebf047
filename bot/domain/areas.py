"""The programme's own divisions: areas, audiences, districts and age bands."""

from enum import StrEnum

DEFAULT_LANGUAGE = "pl"
DISTRICTS = (
    *("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"),
    *("X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII"),
)


class Area(StrEnum):
    """One of the three areas of the city's programme; also what a resident can follow as a topic."""

    ROAD = "road"
    EVERYDAY = "everyday"
    CYBER = "cyber"


class Audience(StrEnum):
    """For whom an item was written."""

    EVERYONE = "everyone"
    PUPILS_7_9 = "pupils-7-9"
    PUPILS_10_13 = "pupils-10-13"
    PUPILS_14_18 = "pupils-14-18"
    DRIVERS = "drivers"
    CYCLISTS = "cyclists"
    PARENTS = "parents"
    SENIORS = "seniors"


class AgeBand(StrEnum):
    """A resident's age, as coarse as the content needs it and only if they say."""

    CHILD = "7-9"
    TWEEN = "10-13"
    TEEN = "14-18"
    ADULT = "19-64"
    SENIOR = "65-plus"


class Season(StrEnum):
    """When a tip is timely; a tip without a season always is."""

    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "autumn"
    WINTER = "winter"


def district_numeral(number: int) -> str:
    """The Roman numeral Kraków writes a district with; `number` is 1–18."""
    return DISTRICTS[number - 1]
