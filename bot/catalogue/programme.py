"""The shape of `content/programme.yaml` and `content/terms.yaml`: what the programme is, and the words it uses."""

from pydantic import Field

from bot.catalogue.schema import Item, Label, Line, Slug, Source
from bot.domain.areas import Area


class AreaInfo(Item):
    """An area as people see it."""

    name: Label
    about: Line


class Topic(Item):
    """A subject within an area; tips are filed under it."""

    area: Area
    name: Label


class District(Item):
    """One of the city's eighteen districts."""

    number: int = Field(ge=1, le=18)
    name: str


class EmergencyNumber(Item):
    """A number people may need, and for what."""

    number: str = Field(pattern=r"^[0-9 ]{3,15}$")
    name: Line
    source: Source


class BudgetYear(Item):
    """What the programme may spend in a year."""

    year: int
    million_pln: float


class Aims(Item):
    """What a library promises to hold, at least; the checker says where it falls short."""

    quizzes: int = 0
    """In each area, as all that follow but for `questions`, `pairs` and `templates`."""
    tips: int = 0
    """Without steps."""
    measured: int = 0
    """Questions of parallel forms."""
    questions: int = 0
    """In all quizzes."""
    cards: int = 0
    """Tips with steps, in all areas."""
    pairs: int = 0
    """Pairs of a scam and its genuine look-alike."""
    templates: int = 0
    """Campaigns with dates."""


class Terms(Item):
    """`content/terms.yaml`: which words need an explanation where they are used, and which do not."""

    explain: dict[str, tuple[str, ...]]
    """Language code → words and abbreviations; a word counts with every ending."""
    familiar: tuple[str, ...]
    """Abbreviations that everybody knows."""


class Programme(Item):
    """`content/programme.yaml`: what the programme is, for the welcome, the settings and the reports."""

    name: str
    operator: Line
    """Who runs the bot, as the privacy notice says it."""
    source: Source
    areas: dict[Area, AreaInfo]
    topics: dict[Slug, Topic]
    districts: tuple[District, ...] = Field(min_length=18, max_length=18)
    numbers: tuple[EmergencyNumber, ...]
    emergency_words: dict[str, tuple[str, ...]]
    """Language code → words that put 112 first when somebody writes them."""
    first_cards: tuple[Slug, ...] = Field(default=(), max_length=6)
    """Cards to offer before somebody has asked anything: what is needed most, and most urgently."""
    budget: tuple[BudgetYear, ...]
    aims: Aims = Aims()
