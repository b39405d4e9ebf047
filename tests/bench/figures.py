"""The arithmetic of the measurements."""

from collections.abc import Sequence
from math import ceil


def busiest(instants: Sequence[float], window_s: float = 1.0) -> int:
    """How many instants fall into the fullest window of this length, wherever it begins; its end is not in it."""
    ordered = sorted(instants)
    most = first = 0
    for place, instant in enumerate(ordered):
        while instant - ordered[first] >= window_s:
            first += 1
        most = max(most, place - first + 1)
    return most


def rate(instants: Sequence[float]) -> float:
    """How many a second, from the first instant to the last; there must be two that differ."""
    return (len(instants) - 1) / (max(instants) - min(instants))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (above 0, at most 1) of the values does not exceed."""
    return sorted(values)[ceil(share * len(values)) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value; of two in the middle the lower."""
    return percentile(values, 0.5)


def between(instants: Sequence[float], begin: float, end: float) -> list[float]:
    """The instants from `begin` on and before `end`."""
    return [instant for instant in instants if begin <= instant < end]
