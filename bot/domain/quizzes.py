"""How questions are put, answered and scored."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Ref:
    """A question of the library: the quiz it stands in and its id there."""

    quiz: str
    question: str


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it was given: places of the chosen options in the content file, as digits, and whether right."""

    chosen: str
    right: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One go at a set of questions. It belongs to a resident, or to nobody (a pupil on a shared link)."""

    id: int
    resident_id: int | None
    link: str | None
    quiz: str | None
    """Empty for a mixture."""
    questions: tuple[Ref, ...]
    seed: int
    started_at: datetime
    finished_at: datetime | None = None
    answers: Mapping[int, Given] = field(default_factory=dict)
    """Position, from 0 → the answer given there."""

    @property
    def score(self) -> int:
        """How many answers were right."""
        return sum(given.right for given in self.answers.values())

    @property
    def next_position(self) -> int | None:
        """The first question without an answer; None when all have one."""
        return next((place for place in range(len(self.questions)) if place not in self.answers), None)

    @property
    def missed(self) -> tuple[Ref, ...]:
        """Questions answered otherwise than right, in the order asked."""
        return tuple(self.questions[place] for place, given in sorted(self.answers.items()) if not given.right)


def shuffled(count: int, *, seed: int, salt: str) -> tuple[int, ...]:
    """The numbers below `count` in an order that only the seed and the salt decide: the same at every showing."""

    def weight(number: int) -> bytes:
        return hashlib.blake2b(f"{seed}:{salt}:{number}".encode(), digest_size=8).digest()

    return tuple(sorted(range(count), key=weight))


def read_choice(chosen: str, *, options: int) -> tuple[int, ...] | None:
    """The options meant by digits from a button; None if they are no distinct options of this question."""
    if not chosen.isascii() or not chosen.isdigit():
        return None
    places = tuple(int(digit) for digit in chosen)
    if len(set(places)) != len(places) or max(places) >= options:
        return None
    return places


def is_right(places: tuple[int, ...], right: frozenset[int], *, ordered: bool) -> bool:
    """Whether the chosen options are the right ones; when `ordered`, whether they stand as in the content file."""
    if ordered:
        return places == tuple(range(len(right)))
    return frozenset(places) == right
