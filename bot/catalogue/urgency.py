"""Hears an emergency in what people write: one of the programme's phrases, inflected or misspelt."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from bot.catalogue.stems import Stemmer, tokens

Stems = tuple[frozenset[str], ...]
"""The possible stems of each word of a phrase."""

LONGEST_TEXT = 1000
"""Characters read of a text."""
TYPO = 0.93
"""The likeness (Jaro-Winkler) from which an unknown word is taken for one of the phrases'."""
SHORTEST_TYPO = 4
WORDS_BETWEEN = 3
"""How many other words may stand among those of a phrase."""


class Urgency:
    """The phrases that put 112 first. One thread asks it at a time."""

    def __init__(self, stemmer: Stemmer, phrases: Mapping[str, Iterable[str]]) -> None:
        self._stemmer = stemmer
        self._phrases = [
            (code, tuple(stemmer.stems(word, code) for word in tokens(phrase)))
            for code, spoken in phrases.items()
            for phrase in spoken
        ]
        self._known = {
            code: frozenset(stem for spoken, words in self._phrases if spoken == code for stem in chain(*words))
            for code in phrases
        }
        self._begun_by: dict[str, dict[str, list[Stems]]] = {code: defaultdict(list) for code in phrases}
        for code, words in self._phrases:
            for stem in words[0]:
                self._begun_by[code][stem].append(words)
        self._spelt = {code: sorted(stems) for code, stems in self._known.items()}

    def heard_in(self, text: str, language: str) -> bool:
        """Whether a text holds a phrase of any language; in the reader's own, also with a typo."""
        words = tokens(text[:LONGEST_TEXT])
        heard = {code: [self._stems(word, code, language) for word in words] for code in self._known}
        return any(self._heard_among(code, stems) for code, stems in heard.items())

    def _heard_among(self, code: str, heard: Sequence[frozenset[str]]) -> bool:
        """Only the phrases whose first word is in the text are looked at closely."""
        begun = self._begun_by[code]
        anywhere = frozenset(chain(*heard))
        likely = chain.from_iterable(begun.get(stem, ()) for stem in anywhere)
        return any(_may_hold(anywhere, phrase) and _holds(heard, phrase) for phrase in likely)

    def _stems(self, word: str, code: str, language: str) -> frozenset[str]:
        stems = self._stemmer.stems(word, code)
        if code != language or not stems.isdisjoint(self._known[code]):
            return stems
        near = (
            candidate
            for stem in stems
            if len(stem) > SHORTEST_TYPO
            for candidate, _, _ in process.extract(
                stem, self._spelt[code], scorer=JaroWinkler.normalized_similarity, score_cutoff=TYPO, limit=2
            )
            if abs(len(candidate) - len(stem)) <= 1
        )
        return stems.union(near)


def _may_hold(anywhere: frozenset[str], phrase: Stems) -> bool:
    """Whether a phrase's words are in a text at all."""
    return all(not stems.isdisjoint(anywhere) for stems in phrase)


def _holds(heard: Sequence[frozenset[str]], phrase: Stems) -> bool:
    """Whether a phrase's words stand close together in a text, in any order."""
    span = len(phrase) + WORDS_BETWEEN
    windows = (heard[start : start + span] for start in range(len(heard)))
    return any(all(any(stems & word for word in window) for stems in phrase) for window in windows)
