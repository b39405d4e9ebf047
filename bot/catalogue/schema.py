"""The shape of every content file, as pydantic models: one file is one item.

Languages stand side by side in one mapping (`{pl: …, uk: …, en: …}`); the right answer stands once, so a
translation can never change it. Lengths here are those that every channel can hold: a Telegram message has 4096
characters, a Matrix poll 240 for a question and for each answer. The checker says what the types cannot.
"""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from bot.domain.areas import AgeBand, Area, Audience, Season
from bot.domain.residents import Writable

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
LONGEST_SLUG = 32
Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=LONGEST_SLUG)]
"""The name of an item, as its file is called; short, since it travels in a 64-byte button."""

LARGEST = 2**31 - 1
"""No number is larger that a database keeps."""
FEWEST_OPTIONS, MOST_OPTIONS = 2, 6
MOST_QUESTIONS = 20

Localised = Annotated[dict[str, str], Field(min_length=1)]
"""Language code → text in that language."""


def is_slug(text: str) -> bool:
    """Whether a text can be the name of an item."""
    return len(text) <= LONGEST_SLUG and re.match(SLUG, text) is not None and not text.endswith("\n")


class Unfit(ValueError):
    """What the types cannot say, for those who say it in other words: its name, its place within, what they need."""

    def __init__(self, message: str, name: str, *where: str, **about: int) -> None:
        super().__init__(message)
        self.name = name
        self.where = where
        self.about = about


class _LongestText:
    """Every language's text stays within `limit` characters."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, texts: dict[str, str]) -> dict[str, str]:
        for language, text in texts.items():
            if not text or text.isspace():
                raise Unfit(f"the text in {language!r} is empty", "empty", language)
            if len(text) > self.limit:
                message = f"the text in {language!r} has {len(text)} characters; at most {self.limit} fit"
                raise Unfit(message, "long", language, used=len(text), limit=self.limit)
        return texts


Label = Annotated[Localised, AfterValidator(_LongestText(40))]
"""What stands on a button."""
Title = Annotated[Localised, AfterValidator(_LongestText(80))]
Line = Annotated[Localised, AfterValidator(_LongestText(240))]
"""A question, or one sentence: what a Matrix poll can hold."""
Choice = Annotated[Localised, AfterValidator(_LongestText(100))]
"""An answer's words: what a Telegram poll can hold."""
Name = Annotated[Localised, AfterValidator(_LongestText(60))]
"""Who somebody claims to be."""
Reason = Annotated[Localised, AfterValidator(_LongestText(360))]
LONGEST_TEXT = 1200
Text = Annotated[Localised, AfterValidator(_LongestText(LONGEST_TEXT))]
"""A screenful of Markdown (bold, lists, links): fits a small phone."""


class Item(BaseModel):
    """Common to all content: nothing is changed after reading and nothing unknown is let in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Item):
    """Where a claim can be checked by whoever reads it."""

    title: str = Field(min_length=1, max_length=200)
    url: HttpUrl
    publisher: str = Field(min_length=1, max_length=120)
    press: bool = False
    """True while only the press says so: listed by `content stats` as to be confirmed with an authority."""


class QuestionKind(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true-false"
    SCAM = "scam-or-genuine"
    ORDERING = "ordering"


FIXED_CHOICES: Mapping[QuestionKind, tuple[str, str]] = {
    QuestionKind.TRUE_FALSE: ("quiz.true", "quiz.false"),
    QuestionKind.SCAM: ("quiz.scam", "quiz.genuine"),
}
"""Kinds whose two options are always these interface words, in this order; their files give no option text."""


class Option(Item):
    """One answer to choose, and what is said to whoever chose it."""

    text: Choice | None = None
    """Absent only for the kinds in FIXED_CHOICES."""
    right: bool = False
    feedback: Reason
    """Why: a reason, never a verdict. For an ordering question, why this step stands where it does."""


class ExhibitKind(StrEnum):
    """What a scam-or-genuine question shows."""

    SMS = "sms"
    EMAIL = "email"
    CALL = "call"
    CHAT = "chat"
    NOTICE = "notice"
    SITE = "site"


class Exhibit(Item):
    """The message, call or page that a scam-or-genuine question asks about; invented, and marked as an example."""

    kind: ExhibitKind
    sender: Name
    text: Reason


class Question(Item):
    """One question with its answer, reason and source."""

    id: Slug
    """Stable and unique in its quiz: answers are stored under it."""
    kind: QuestionKind = QuestionKind.SINGLE
    text: Line
    exhibit: Exhibit | None = None
    pair: Slug | None = None
    """Of a scam-or-genuine question: the name it shares with its look-alike in the same quiz, one of them genuine."""
    options: tuple[Option, ...] = Field(min_length=FEWEST_OPTIONS, max_length=MOST_OPTIONS)
    explanation: Reason
    source: Source
    review_on: date
    tip: Slug
    """The tip that teaches it."""

    @model_validator(mode="after")
    def _options_fit_the_kind(self) -> "Question":
        if self.kind in FIXED_CHOICES:
            if len(self.options) != len(FIXED_CHOICES[self.kind]) or any(option.text for option in self.options):
                raise ValueError(f"a {self.kind.value} question has two options without text (their words are fixed)")
        elif not all(option.text for option in self.options):
            raise ValueError("every option needs its text")
        if self.kind is QuestionKind.SCAM and self.exhibit is None:
            raise ValueError("a scam-or-genuine question needs its `exhibit`")
        if self.pair and self.kind is not QuestionKind.SCAM:
            raise ValueError("only scam-or-genuine questions come in a `pair`; remove it")
        return self

    @model_validator(mode="after")
    def _has_its_right_answer(self) -> "Question":
        right = sum(option.right for option in self.options)
        if self.kind is QuestionKind.ORDERING:
            if right:
                raise ValueError("an ordering question lists its options in the right order; remove `right`")
        elif self.kind is QuestionKind.MULTIPLE:
            if not right:
                raise ValueError("no option is marked `right: true`")
        elif right != 1:
            raise ValueError(f"{right or 'no'} options are marked `right: true`; exactly one must be")
        return self

    @property
    def right(self) -> frozenset[int]:
        """Indexes of the right options (all of them for an ordering question)."""
        return frozenset(
            index for index, option in enumerate(self.options) if option.right or self.kind is QuestionKind.ORDERING
        )


class Quiz(Item):
    """A short set of questions on one subject."""

    id: Slug
    area: Area
    audience: tuple[Audience, ...] = (Audience.EVERYONE,)
    level: int = Field(ge=1, le=3)
    """1 is for a first look, 3 for those who know the subject."""
    title: Title
    about: Line
    """One sentence: what one will know afterwards."""
    questions: tuple[Question, ...] = Field(min_length=1, max_length=MOST_QUESTIONS)


class Objective(Item):
    """What a measuring question measures: the same as this practice question."""

    quiz: Slug
    question: Slug


class SurveyQuestion(Question):
    """A question that measures and does not teach: its feedback is for the report, not for whoever answers."""

    parallel: Objective


class Survey(Item):
    """A parallel form: what an area's quizzes teach, asked otherwise, before, after and later; never in practice."""

    id: Slug
    area: Area
    title: Title
    about: Line
    questions: tuple[SurveyQuestion, ...] = Field(min_length=1, max_length=MOST_QUESTIONS)


class Picture(Item):
    """A picture beside a text."""

    file: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.png$")
    """Its name in `content/pictures`."""
    alt: Line
    """What it shows, for whoever does not see it."""


class Tip(Item):
    """One thing to do, and why; with `steps`, a card for the moment itself ("what do I do when…")."""

    id: Slug
    area: Area
    topic: Slug
    """One of the topics in `programme.yaml`."""
    audience: tuple[Audience, ...] = (Audience.EVERYONE,)
    season: tuple[Season, ...] = ()
    title: Title
    text: Text
    """Markdown. On a card, the one sentence that matters most; it comes before the steps."""
    steps: tuple[Line, ...] = Field(default=(), max_length=8)
    """What to do now, in the order of doing."""
    call: str | None = Field(default=None, pattern=r"^[0-9 ]{3,15}$")
    """The number to call first, if the moment asks for one."""
    picture: Picture | None = None
    keywords: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Language code → how people say it when they look for this; folded and stemmed by the search."""
    source: Source
    review_on: date


class CampaignKind(StrEnum):
    """What a broadcast is; its lane and what happens to uncertain deliveries follow from it."""

    TIP = "tip"
    NEWS = "news"
    ALERT = "alert"
    QUIZ = "quiz"
    WORKSHOP = "workshop"


class CampaignButton(Item):
    """A way on from a campaign: exactly one of quiz, tip, workshop, workshops, url."""

    quiz: Slug | None = None
    tip: Slug | None = None
    workshop: int | None = Field(default=None, ge=1, le=LARGEST)
    """The number of one workshop; the button is there while it can be booked."""
    workshops: bool = False
    url: HttpUrl | None = None
    text: Label | None = None
    """Needed for a url; the others bring the words of their item."""

    @model_validator(mode="after")
    def _one_target(self) -> "CampaignButton":
        if sum(map(bool, (self.quiz, self.tip, self.workshop, self.workshops, self.url))) != 1:
            raise Unfit("a button leads to exactly one of: quiz, tip, workshop, workshops, url", "target")
        if self.url and not self.text:
            raise Unfit("a button with a url needs its text", "label", "text")
        return self


ANY_WORKSHOP = "any"


def _which(given: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(given)
    except ValidationError as error:  # one complaint, not one for each of the two it might have been
        raise ValueError("name a workshop by its number, or write `any`") from error


Booked = Annotated[Literal["any"] | Annotated[int, Field(ge=1, le=LARGEST, strict=True)], WrapValidator(_which)]
"""A workshop's number, or any workshop."""
Days = Annotated[int, Field(ge=1, le=730)]
"""As long as residents are remembered at all."""
MOST_HELD_OUT = 50
LONGEST_WINDOW_H = 168
"""A week: later than that no message is still of use."""


class AudienceFilter(Item):
    """Whom a campaign is for, among those who agreed to its kind; empty means no condition, and all must hold."""

    topics: tuple[Area, ...] = ()
    districts: tuple[Annotated[int, Field(ge=1, le=18)], ...] = ()
    languages: tuple[str, ...] = ()
    ages: tuple[AgeBand, ...] = ()
    channels: tuple[Writable, ...] = ()
    active_days: Days | None = None
    """Only those who wrote within so many days."""
    silent_days: Days | None = None
    """Only those who have not written for so many days."""
    quiz_taken: Slug | None = None
    """Only those who finished this quiz."""
    quiz_not_taken: Slug | None = None
    booked: Booked | None = None
    """Only those who hold places in this workshop."""
    not_booked: Booked | None = None
    """Only those who neither hold places in it nor wait for one."""
    held_out: int = Field(default=0, ge=0, le=MOST_HELD_OUT)
    """Percent of the audience that does not get it, to see what it changed in those who do."""

    @model_validator(mode="after")
    def _somebody_fits(self) -> "AudienceFilter":
        if self.quiz_taken and self.quiz_taken == self.quiz_not_taken:
            message = f"nobody has both finished {self.quiz_taken!r} and not; remove one of the two"
            raise Unfit(message, "both_quizzes", "quiz_not_taken")
        if self.booked is not None and self.not_booked in (self.booked, ANY_WORKSHOP):
            message = f"nobody is booked ({self.booked}) and not booked ({self.not_booked}); remove one of them"
            raise Unfit(message, "both_workshops", "not_booked")
        if self.active_days and self.silent_days and self.active_days <= self.silent_days:
            raise Unfit(
                f"nobody wrote within {self.active_days} days and has been silent for {self.silent_days}; "
                "let active_days be the longer",
                "both_days",
                "active_days",
            )
        return self


class Campaign(Item):
    """What a broadcast says; a file that staff write has this shape too, and a template adds its dates."""

    id: Slug
    kind: CampaignKind
    title: Title
    text: Text
    picture: Picture | None = None
    buttons: tuple[CampaignButton, ...] = Field(default=(), max_length=3)
    audience: AudienceFilter = AudienceFilter()
    window: int = Field(default=24, ge=1, le=LONGEST_WINDOW_H)
    """Hours after its time in which a message may still leave."""
    late_joiners: bool | None = None
    """Whether somebody who subscribes while it is being sent still gets it; unless said otherwise, alerts alone."""
    dates: tuple[Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")], ...] = ()
    """Recommended days, `MM-DD`: the first and, if there are two, the last."""

    @model_validator(mode="after")
    def _alerts_reach_everybody(self) -> "Campaign":
        if self.kind is CampaignKind.ALERT and self.audience.held_out:
            raise Unfit("an alert is kept from nobody; remove `held_out`", "alert_held_out", "audience", "held_out")
        return self

    @property
    def takes_late_joiners(self) -> bool:
        """Whether somebody who subscribes while it is being sent still gets it."""
        return self.kind is CampaignKind.ALERT if self.late_joiners is None else self.late_joiners
