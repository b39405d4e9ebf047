"""What answers say of a question: how many can do it, and whether those who know more do better at it.

Facility is the share of right answers. Discrimination is the correlation between being right here and being right in
the rest of the quiz: the point-biserial coefficient, corrected so that the question is not compared with itself
(Crocker & Algina, Introduction to Classical and Modern Test Theory, 1986, chapter 14).

A quiz here teaches and does not examine: reasons follow each answer at once. So the bounds say where to look, not what
to throw away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum, sqrt

FEWEST_JUDGED = 30
"""Below this many answers nothing is flagged and no discrimination is given: chance would speak."""
TOO_EASY = 0.95
"""Above, nearly everybody knew it before; Moodle's item analysis calls it extremely easy from here."""
TOO_HARD = 0.30
"""Below, guessing among three answers would do better."""
WEAK = 0.20
"""Below, a question is poor and to be revised (Ebel & Frisbie, Essentials of Educational Measurement, 1991)."""
SURE = 1.96
"""Standard errors: a correlation that is nothing falls below −1.96/√n once in forty times (the normal distribution)."""
UNUSED = 0.01
"""A wrong answer that fewer choose might as well not be there."""
NO_SPREAD = 1e-9
"""The same shares may come out a hair apart."""


class Flag(StrEnum):
    """A reason to look at a question again, the gravest first."""

    NEGATIVE = "negative"
    """Those who know more do worse, and hardly by chance: a wrong key, or words that mislead whoever thinks."""
    TOO_HARD = "too_hard"
    WEAK = "weak"
    TOO_EASY = "too_easy"
    UNUSED = "unused"
    """A wrong answer that nobody takes for right."""


@dataclass(frozen=True, slots=True)
class Group:
    """So many people who did the same at a question and equally well in the rest of the quiz."""

    right: bool
    rest: float
    """The share of the other questions that they had right."""
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How a question did."""

    answers: int
    right: int
    chosen: Mapping[int, int]
    """Option, by its place in the file → how many chose it."""
    compared: int = 0
    """Of how many the rest of the quiz is known as well."""
    discrimination: float | None = None
    """From −1 to 1; None where it cannot be told, or `compared` is too few."""

    @property
    def facility(self) -> float | None:
        """The share of right answers; None without any."""
        return self.right / self.answers if self.answers else None

    def share(self, option: int) -> float | None:
        """The share of people who chose an option; None without any."""
        return self.chosen.get(option, 0) / self.answers if self.answers else None


def discrimination(groups: Iterable[Group]) -> float | None:
    """The corrected point-biserial correlation; None if all were right, none was, or all did equally well elsewhere."""
    counted = [group for group in groups if group.count]
    people = sum(group.count for group in counted)
    right = sum(group.count for group in counted if group.right)
    if not 0 < right < people:
        return None
    mean = _mean(counted, people)
    spread = sqrt(fsum(group.count * (group.rest - mean) ** 2 for group in counted) / people)
    if spread < NO_SPREAD:
        return None
    lead = _mean([group for group in counted if group.right], right)
    lead -= _mean([group for group in counted if not group.right], people - right)
    share = right / people
    return max(-1.0, min(1.0, lead / spread * sqrt(share * (1 - share))))


def _mean(groups: Sequence[Group], people: int) -> float:
    return fsum(group.count * group.rest for group in groups) / people


def flags(figures: Figures, wrong: Iterable[int] = ()) -> tuple[Flag, ...]:
    """What to look at, the worst first. `wrong` are the options that should tempt whoever does not know."""
    found = []
    if figures.discrimination is not None and figures.discrimination < WEAK:
        by_chance = SURE / sqrt(figures.compared)
        found.append(Flag.NEGATIVE if figures.discrimination < -by_chance else Flag.WEAK)
    facility = figures.facility
    if facility is None or figures.answers < FEWEST_JUDGED:
        return tuple(found)
    if facility < TOO_HARD:
        found.append(Flag.TOO_HARD)
    if facility > TOO_EASY:
        found.append(Flag.TOO_EASY)
    elif any((figures.share(option) or 0.0) < UNUSED for option in wrong):
        found.append(Flag.UNUSED)  # of an easy question that is no news
    return tuple(sorted(found, key=list(Flag).index))
