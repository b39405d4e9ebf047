"""Finds tips and quizzes by what people write: inflected, without diacritics, with typos, in any language.

Every word of an item is kept under its stems, with the weight of the field it stands in. A query scores an item by the
share of the query's words that the item explains (rare words count more), and by how much of one of the item's ready
phrases (keywords and title) the query contains. Whatever explains too little is left out: nothing beats nonsense.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from math import log
from typing import Literal

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from bot.catalogue.schema import Programme, Quiz, Tip
from bot.catalogue.stems import Stemmer, fold, tokens
from bot.catalogue.stop_words import STOP_WORDS

Kind = Literal["tip", "quiz"]
Term = tuple[str, str]
"""Language and stem."""
Fields = Iterable[tuple[float, Mapping[str, str]]]
"""Weight, and the field's text in each language."""

Stems = tuple[frozenset[str], ...]
"""The possible stems of each word of a text."""

LONGEST_QUERY = 300
LONGEST_TEXT = 1000
"""Characters read of a text: to find something, and to hear an emergency in it."""
KEYWORD, TITLE, SUBJECT, BODY, DETAIL = 1.0, 0.95, 0.7, 0.6, 0.4
"""What a word counts for in each kind of field."""
CARD, TIP, QUIZ = 1.0, 0.92, 0.75
"""Tips with steps come first, then other tips, then quizzes: whoever asks wants to know what to do."""
OTHER_LANGUAGE = 0.9
"""How surely a word is of a language other than the resident's."""
PHRASE = 0.45
"""The share of the score that a ready phrase can bring; single words bring the rest."""
STRANGE = 0.6
"""How much a word that stands nowhere weighs, against the rarest that does."""
ENOUGH = 0.38
"""The score below which a hit is nonsense."""
BESIDE_THE_BEST = 0.4
"""The share of the best hit's score below which another only distracts."""
TYPO, URGENT_TYPO = 0.89, 0.93
"""The likeness (Jaro-Winkler) from which an unknown word is taken for a known one."""
UNSURE = 0.85
"""How surely a guessed word is meant, at best."""
SHORTEST_TYPO = 4
CANDIDATES = 24
"""How many items are looked at closely: those whose words explain most of the query."""
WORDS_BETWEEN = 3
"""How many other words may stand among those of an emergency phrase."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that may answer; `score` is 0–1 and orders hits of one query only."""

    kind: Kind
    id: str
    score: float


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: Kind
    id: str
    factor: float
    phrases: tuple[tuple[str, Stems], ...]
    """Ready phrases: language and words."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A word of the query, as far as the index knows it."""

    terms: Mapping[Term, float]
    """Known terms it may stand for, and how surely."""
    weight: float


class Search:
    """An index over one library. Built once; a query takes a few milliseconds at most."""

    def __init__(self, quizzes: Iterable[Quiz], tips: Iterable[Tip], programme: Programme) -> None:
        self._stemmer = Stemmer()
        self._entries: list[_Entry] = []
        self._postings: dict[Term, dict[int, float]] = defaultdict(dict)
        for tip in tips:
            self._add("tip", tip.id, CARD if tip.steps else TIP, _tip_fields(tip, programme), _tip_phrases(tip))
        for quiz in quizzes:
            self._add("quiz", quiz.id, QUIZ, _quiz_fields(quiz), quiz.title.items())
        self._rarest = log(1 + len(self._entries))
        self._rarity = {term: log(1 + len(self._entries) / len(places)) for term, places in self._postings.items()}
        self._known = _by_language(self._postings)
        self._urgent = [
            (code, self._words(phrase, code))
            for code, phrases in programme.emergency_words.items()
            for phrase in phrases
        ]
        self._urgent_stems = _by_language((code, stem) for code, words in self._urgent for stem in chain(*words))

    def find(self, text: str, language: str, limit: int = 5) -> tuple[Hit, ...]:
        """The items that best answer a free text, the best first; none if nothing does."""
        words = (word for word in tokens(text[:LONGEST_QUERY]) if fold(word) not in STOP_WORDS)
        asked = [self._recognise(word, language) for word in words]
        total = sum(word.weight for word in asked)
        coverage: dict[int, float] = defaultdict(float)
        for word in asked:
            for place, share in self._explained(word).items():
                coverage[place] += share * word.weight / total
        heard = {term: sureness for word in asked for term, sureness in word.terms.items()}
        likely = nlargest(CANDIDATES, coverage, key=coverage.__getitem__)
        hits = sorted((self._hit(place, coverage[place], heard) for place in likely), key=_best_first)
        return tuple(hit for hit in hits[:limit] if hit.score >= max(ENOUGH, hits[0].score * BESIDE_THE_BEST))

    def sounds_urgent(self, text: str, language: str) -> bool:
        """Whether a text holds one of the programme's emergency words, so that 112 should come first.

        Words of all languages count; in the resident's own, words with a typo too.
        """
        words = tokens(text[:LONGEST_TEXT])
        heard = {code: [self._urgent_hearing(word, code, language) for word in words] for code in self._urgent_stems}
        return any(_holds(heard[code], phrase) for code, phrase in self._urgent)

    def _add(self, kind: Kind, id_: str, factor: float, fields: Fields, phrases: Iterable[tuple[str, str]]) -> None:
        place = len(self._entries)
        cut = ((code, self._words(phrase, code, without_stops=True)) for code, phrase in phrases)
        self._entries.append(_Entry(kind, id_, factor, tuple(phrase for phrase in cut if phrase[1])))
        for weight, texts in fields:
            for code, text in texts.items():
                for stem in chain(*self._words(text, code, without_stops=True)):
                    known = self._postings[code, stem]
                    known[place] = max(weight, known.get(place, 0.0))

    def _words(self, text: str, code: str, *, without_stops: bool = False) -> Stems:
        return tuple(
            self._stemmer.stems(word, code)
            for word in tokens(text)
            if not without_stops or fold(word) not in STOP_WORDS
        )

    def _recognise(self, word: str, language: str) -> _Asked:
        terms: dict[Term, float] = {}
        for code in self._known:
            sureness = 1.0 if code == language else OTHER_LANGUAGE
            for stem in self._stemmer.stems(word, code, remember=False):
                if (code, stem) in self._postings:
                    terms[code, stem] = sureness
        terms = terms or dict(self._guess(word))
        weight = max((self._rarity[term] for term in terms), default=self._rarest * STRANGE)
        return _Asked(terms, weight)

    def _guess(self, word: str) -> Iterator[tuple[Term, float]]:
        for code, stems in self._known.items():
            for stem in self._stemmer.stems(word, code, remember=False):
                if len(stem) >= SHORTEST_TYPO and not stem.isdigit():
                    for near, likeness, _ in process.extract(
                        stem, stems, scorer=JaroWinkler.normalized_similarity, score_cutoff=TYPO, limit=3
                    ):
                        yield (code, near), likeness * UNSURE

    def _explained(self, word: _Asked) -> Mapping[int, float]:
        explained: dict[int, float] = {}
        for term, sureness in word.terms.items():
            for place, weight in self._postings[term].items():
                explained[place] = max(sureness * weight, explained.get(place, 0.0))
        return explained

    def _hit(self, place: int, coverage: float, heard: Mapping[Term, float]) -> Hit:
        entry = self._entries[place]
        phrase = max((self._said(code, words, heard) for code, words in entry.phrases), default=0.0)
        score = entry.factor * ((1 - PHRASE) * coverage + PHRASE * phrase**2)
        return Hit(entry.kind, entry.id, round(score, 4))

    def _said(self, code: str, words: Stems, heard: Mapping[Term, float]) -> float:
        """The share of a ready phrase that the query holds, rare words counting more."""
        said = whole = 0.0
        for stems in words:
            rarity = max(self._rarity.get((code, stem), 0.0) for stem in stems)
            whole += rarity
            said += rarity * max(heard.get((code, stem), 0.0) for stem in stems)
        return said / whole if whole else 0.0

    def _urgent_hearing(self, word: str, code: str, language: str) -> frozenset[str]:
        stems = self._stemmer.stems(word, code, remember=False)
        known = self._urgent_stems[code]
        if code != language or not stems.isdisjoint(known):
            return stems
        near = (
            candidate
            for stem in stems
            if len(stem) > SHORTEST_TYPO
            for candidate, _, _ in process.extract(
                stem, known, scorer=JaroWinkler.normalized_similarity, score_cutoff=URGENT_TYPO, limit=2
            )
            if abs(len(candidate) - len(stem)) <= 1
        )
        return stems.union(near)


def _holds(heard: Sequence[frozenset[str]], phrase: Stems) -> bool:
    """Whether a phrase's words stand close together in a text, in any order."""
    span = len(phrase) + WORDS_BETWEEN
    windows = (heard[start : start + span] for start in range(len(heard)))
    return any(all(any(stems & word for word in window) for stems in phrase) for window in windows)


def _by_language(terms: Iterable[Term]) -> dict[str, list[str]]:
    stems: dict[str, set[str]] = defaultdict(set)
    for code, stem in terms:
        stems[code].add(stem)
    return {code: sorted(known) for code, known in stems.items()}


def _best_first(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.id


def _tip_phrases(tip: Tip) -> Iterator[tuple[str, str]]:
    yield from tip.title.items()
    for code, keywords in tip.keywords.items():
        yield from ((code, keyword) for keyword in keywords)


def _tip_fields(tip: Tip, programme: Programme) -> Iterator[tuple[float, Mapping[str, str]]]:
    yield KEYWORD, {code: " ".join(keywords) for code, keywords in tip.keywords.items()}
    yield TITLE, tip.title
    if topic := programme.topics.get(tip.topic):
        yield SUBJECT, topic.name
    yield BODY, tip.text
    for step in tip.steps:
        yield BODY, step


def _quiz_fields(quiz: Quiz) -> Iterator[tuple[float, Mapping[str, str]]]:
    yield TITLE, quiz.title
    yield SUBJECT, quiz.about
    for question in quiz.questions:
        yield BODY, question.text
        yield DETAIL, question.explanation
        yield from ((DETAIL, option.text) for option in question.options if option.text)
