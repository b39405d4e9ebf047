"""A question for a room of several: which one, its votes, and what came out; never who chose what.

Only questions that one vote answers are put: a right answer among a few. Their lengths are those a poll can hold
(`catalogue.schema`).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.catalogue.library import Library
from bot.catalogue.names import area_named, topic_named
from bot.catalogue.schema import FIXED_CHOICES, Question, QuestionKind, Quiz
from bot.domain.errors import StaleAction
from bot.domain.quizzes import Ref, shuffled
from bot.services.classroom import FEWEST_SHOWN
from bot.services.learning import OF_UNSAID_AGE, find_question
from bot.storage import room_polls as store
from bot.storage.database import Connection
from bot.storage.room_polls import NewPoll, Poll
from bot.storage.vault import Vault

OPEN_FOR = timedelta(minutes=10)
"""Long enough for whoever has the telephone in a pocket."""
SHOWN_WITHIN = timedelta(hours=1)
"""A poll that could not be shown so long is not shown any more: nobody waits for it."""
REMEMBERED = timedelta(days=30)
"""Which questions a room had is known this long."""
ONE_VOTE = frozenset({QuestionKind.SINGLE, *FIXED_CHOICES})
LOOKED_AT = 20
"""Hits of a search among which a quiz is looked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question that a room asks for."""

    room: str
    key: str
    """The event that asks."""
    language: str
    topic: str = ""
    """What it is to be about, in people's words; empty for anything."""
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """This poll is to be shown; for the same event, always the same."""

    poll: Poll


@dataclass(frozen=True, slots=True)
class Busy:
    """Another one is open there."""

    poll: Poll


@dataclass(frozen=True, slots=True)
class NothingFits:
    """No question is about that."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What somebody sent; anybody may have made it up."""

    room: str
    event: str
    """The poll's."""
    voter: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What came out."""

    question: Question
    counts: Mapping[int, int]
    """An option's place in the content file → how many chose it."""

    @property
    def voters(self) -> int:
        """How many answered."""
        return sum(self.counts.values())

    @property
    def shown(self) -> bool:
        """Whether numbers may be told."""
        return self.voters >= FEWEST_SHOWN


# --- which question


async def ask(
    conn: Connection, library: Library, wanted: Wanted, *, now: datetime, anew: bool = True
) -> Asked | Busy | NothingFits | None:
    """Choose a question and keep that it is put; what an event has asked for already is found again.

    With `anew` False nothing new is put: it says what there was to say, None if that is over.
    """
    if before := await store.asked_by(conn, wanted.key):
        return Asked(before)
    if open_one := await open_in(conn, wanted.room, now):
        return Busy(open_one)
    refs = fitting(library, wanted.topic, wanted.language)
    if not refs:
        return NothingFits()
    if not anew:
        return None
    ref = choose(refs, await store.refs_of(conn, wanted.room), salt=wanted.key)
    new = NewPoll(wanted.room, wanted.key, wanted.thread, wanted.language, ref, now, now + OPEN_FOR)
    return Asked(await store.add(conn, new))


async def open_in(conn: Connection, room: str, now: datetime) -> Poll | None:
    """The poll in which one can vote in a room."""
    poll = await store.newest(conn, room)
    return poll if poll and poll.closed_at is None and not is_due(poll, now) else None


def is_due(poll: Poll, now: datetime) -> bool:
    """Whether an open poll is to be closed. One that nobody has seen waits until it is shown."""
    return poll.event is not None and poll.closes_at <= now


def fitting(library: Library, topic: str, language: str) -> list[Ref]:
    """The questions that one vote answers: of all that suit grown-ups, of those of the area or the topic that is named,
    or of the quiz that fits best what is asked for.
    """
    quizzes = library.quizzes.values()
    if not topic:
        return _for_grown_ups(quizzes)
    if area := area_named(library.programme, topic):
        return _for_grown_ups(quiz for quiz in quizzes if quiz.area == area)
    if slug := topic_named(library.programme, topic):
        filed = {tip.id for tip in library.tips.values() if tip.topic == slug}
        if refs := [ref for ref in _for_grown_ups(quizzes) if find_question(library, ref).tip in filed]:
            return refs
    found = (_one_vote([quiz]) for quiz in _about(library, topic, language))
    return next((refs for refs in found if refs), [])


def _for_grown_ups(quizzes: Iterable[Quiz]) -> list[Ref]:
    """Nothing that is written for children, unless there is nothing else."""
    there = list(quizzes)
    return _one_vote(quiz for quiz in there if OF_UNSAID_AGE & set(quiz.audience)) or _one_vote(there)


def _about(library: Library, topic: str, language: str) -> Iterable[Quiz]:
    """Quizzes about a topic, those that fit best first; after them those that train what tips say about it."""
    hits = library.search.find(topic, language, LOOKED_AT)
    trained = (slug for hit in hits if hit.kind == "tip" for slug in library.trainers.get(hit.id, ()))
    slugs = dict.fromkeys([*(hit.id for hit in hits if hit.kind == "quiz"), *trained])
    return (library.quizzes[slug] for slug in slugs)


def _one_vote(quizzes: Iterable[Quiz]) -> list[Ref]:
    return [Ref(quiz.id, one.id) for quiz in quizzes for one in quiz.questions if one.kind in ONE_VOTE]


def choose(refs: Sequence[Ref], before: Collection[Ref], *, salt: str) -> Ref:
    """One of the questions: none comes again before all of them were put as often. The salt alone decides which."""
    often = Counter(before)
    fewest = min(often[ref] for ref in refs)
    left = [ref for ref in refs if often[ref] == fewest]
    return left[shuffled(len(left), seed=0, salt=salt)[0]]


def options_of(poll: Poll, question: Question) -> tuple[int, ...]:
    """In which order the options are shown: fixed for true/false and scam/genuine, else shuffled once a poll."""
    count = len(question.options)
    return tuple(range(count)) if question.kind in FIXED_CHOICES else shuffled(count, seed=poll.id, salt=question.id)


# --- votes


async def vote(conn: Connection, library: Library, vault: Vault, given: Vote) -> bool:
    """Count a vote: the first of each voter, for an answer that there is, while the result is not told.

    False if no such poll is known in the room.
    """
    poll = await store.hold(conn, given.room, given.event)
    if poll is None:
        return False
    if poll.closed_at is None and is_answer(library, poll, given.chosen):
        await store.add_vote(conn, poll.id, mark_of(vault, poll, given.voter), given.chosen)
    return True


def is_answer(library: Library, poll: Poll, chosen: str) -> bool:
    """Whether this names an option of the poll's question."""
    try:
        question = find_question(library, poll.ref)
    except StaleAction:
        return False
    return chosen in map(str, range(len(question.options)))


def mark_of(vault: Vault, poll: Poll, voter: str) -> str:
    """What stands for a voter in one poll: only whoever has the key can make it, and in the next it is another."""
    return vault.token(f"room poll {poll.id}: {voter}")


async def tally(conn: Connection, library: Library, poll: Poll) -> Tally | None:
    """What came out; None if the library has dropped the question."""
    try:
        question = find_question(library, poll.ref)
    except StaleAction:
        return None
    counted = await store.counts(conn, poll.id)
    return Tally(question, {place: counted.get(str(place), 0) for place in range(len(question.options))})


# --- closing


async def close_now(conn: Connection, room: str, now: datetime) -> Poll | None:
    """Close the poll that can be seen in a room; None if there is none."""
    poll = await store.newest(conn, room)
    if poll is None or poll.closed_at or poll.event is None:
        return None
    await store.close_at(conn, poll.id, min(now, poll.closes_at))
    return poll
