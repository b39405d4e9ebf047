"""Matching questions that are really steps to put in order: each step is matched with its number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.catalogue.exchange import tags
from bot.catalogue.exchange.moodle import Answer, MoodleQuestion, Rich
from bot.catalogue.schema import QuestionKind


@dataclass(frozen=True, slots=True)
class Match:
    """A left side, and the right side that belongs to it."""

    left: Rich
    right: str


def in_order(question: MoodleQuestion, matches: Sequence[Match]) -> MoodleQuestion:
    """An ordering question, if it was one before it was exported; otherwise a matching question."""
    steps = [match for match in matches if match.left.text]
    places = {match.right.strip(): match.left for match in steps}
    wanted = [str(place) for place in range(1, len(steps) + 1)]
    was = tags.one(tags.marks(question.tags), "kind") == QuestionKind.ORDERING
    if was and steps and sorted(places) == sorted(wanted):
        return replace(question, type="ordering", answers=tuple(Answer(places[place]) for place in wanted))
    return replace(question, type="matching")
