"""Finds tips and quizzes by what people write: inflected, without diacritics, with typos, in any language.

Every word of an item is kept under its stems, with the weight of the field it stands in. A query scores an item by the
share of the query's words that the item explains (rare words count more), and by how much of one of the item's ready
phrases (keywords and title) the query contains. Whatever explains too little is left out: nothing beats nonsense.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain, islice
from math import log, sqrt
from typing import Literal

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.catalogue.programme import Programme
from bot.catalogue.schema import Quiz, Tip
from bot.catalogue.stems import Stemmer, fold, is_cyrillic, tokens
from bot.catalogue.stop_words import STOP_WORDS
from bot.catalogue.urgency import Urgency

Kind = Literal["tip", "quiz"]
Term = tuple[str, str]
"""Language and stem."""
Fields = Iterable[tuple[float, Mapping[str, str]]]
"""Weight, and the field's text in each language."""

CYRILLIC = frozenset({"uk"})
"""Languages whose words are Cyrillic."""

LONGEST_QUERY = 300
"""Characters read of a text."""
KEYWORD, TITLE, SUBJECT, BODY, QUESTION = 1.0, 0.95, 0.7, 0.6, 0.5
"""What a word counts for in each kind of field."""
CARD, TIP, QUIZ = 1.0, 0.95, 0.75
"""Tips with steps come first, then other tips, then quizzes: whoever asks wants to know what to do."""
OTHER_LANGUAGE = 0.9
"""How surely a word is of a language other than the resident's."""
PHRASE = 0.3
"""The share of the score that a ready phrase can bring; single words bring the rest."""
STRANGE = 0.8
"""How much a word that stands nowhere weighs, against the rarest that does; several share one that grows slower."""
ENOUGH = 0.4
"""How well an item has to fit, whatever its kind; below, it is nonsense."""
SURE = 0.55
"""The score from which a hit answers; below, it is only offered."""
BESIDE_THE_BEST = 0.4
"""The share of the best hit's score below which another only distracts."""
UNSURE = 0.85
"""How surely a word is meant that is one slip away: a letter more, less, wrong, or two changed about."""
LONG = 7
"""Letters of a stem from which two slips are allowed."""
SHORTEST_TYPO = 4
FOCUS = 4
"""How many of a query's weightiest words an item need explain: a long story has many that do not matter."""
CANDIDATES = 24
"""How many items are looked at closely: those whose words explain most of the query."""
POOL = 400
"""How many items the rare words of a query may bring in before common words only weigh those that are there."""
GUESSES = 6
"""How many unknown words of a query are taken for misspelt ones."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that may answer; `score` is 0–1 and orders hits of one query only."""

    kind: Kind
    id: str
    score: float


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A ready phrase: the terms each of its words may be with the word's rarity, all terms, all rarities together."""

    words: tuple[tuple[tuple[Term, ...], float], ...]
    terms: frozenset[Term]
    rarity: float


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: Kind
    id: str
    factor: float
    phrases: tuple[tuple[str, str], ...]
    """Ready phrases: language and text."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A word of the query, as far as the index knows it."""

    terms: Mapping[Term, float]
    """Known terms it may stand for, and how surely."""
    weight: float


class Search:
    """An index over one library. Built once; a query takes a few milliseconds at most. One thread asks it at a time."""

    def __init__(self, quizzes: Iterable[Quiz], tips: Iterable[Tip], programme: Programme) -> None:
        self._stemmer = Stemmer()
        self._entries: list[_Entry] = []
        self._postings: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
        self._stems: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
        self._urgency = Urgency(self._stemmer, programme.emergency_words)
        for tip in tips:
            self._add("tip", tip.id, CARD if tip.steps else TIP, _tip_fields(tip, programme), _tip_phrases(tip))
        for quiz in quizzes:
            self._add("quiz", quiz.id, QUIZ, _quiz_fields(quiz), quiz.title.items())
        self._buckets = {code: _by_spelling(stems) for code, stems in self._postings.items()}
        self._rarest = log(1 + len(self._entries))
        self._phrases = [
            [phrase for code, text in entry.phrases if (phrase := self._phrase(code, text)).rarity]
            for entry in self._entries
        ]

    def find(self, text: str, language: str, limit: int = 5) -> tuple[Hit, ...]:
        """The items that best answer a free text, the best first; none if nothing does."""
        asked = self._recognise_all(tokens(text[:LONGEST_QUERY]), language)
        total = sum(nlargest(FOCUS, (word.weight for word in asked)))
        heard = {term: sureness for word in asked for term, sureness in word.terms.items()}
        coverage = self._coverage(asked)
        likely = nlargest(CANDIDATES, coverage, key=coverage.__getitem__)
        terms = frozenset(heard)  # of two sets the smaller is gone through, and phrases are short
        fitting = (self._hit(place, min(1.0, coverage[place] / total), heard, terms) for place in likely)
        hits = sorted((hit for hit in fitting if hit), key=_best_first)
        return tuple(hit for hit in hits[:limit] if hit.score >= hits[0].score * BESIDE_THE_BEST)

    def sounds_urgent(self, text: str, language: str) -> bool:
        """Whether a text holds one of the programme's emergency words, so that 112 should come first.

        Words of all languages count; in the resident's own, words with a typo too.
        """
        return self._urgency.heard_in(text, language)

    def unknown(self, text: str, language: str) -> dict[str, str]:
        """Words of a text that stand nowhere in the library, with their stems; none of those that say nothing."""
        return {
            word: min(self._stemmer.stems(word, language), key=lambda stem: (len(stem), stem))
            for word in tokens(text[:LONGEST_QUERY])
            if not _says_nothing(word, {}, language) and not self._known_terms(word, language)
        }

    def _add(self, kind: Kind, id_: str, factor: float, fields: Fields, phrases: Iterable[tuple[str, str]]) -> None:
        place = len(self._entries)
        self._entries.append(_Entry(kind, id_, factor, tuple(phrases)))
        met: dict[str, set[str]] = defaultdict(set)
        for weight, texts in fields:
            for code, text in texts.items():
                words = set(tokens(text)) - met[code]
                met[code] |= words
                self._post(place, weight, words, code)

    def _post(self, place: int, weight: float, words: Iterable[str], code: str) -> None:
        known, cut = self._postings[code], self._stems[code]
        for word in words:
            stems = cut.get(word)
            if stems is None:
                stems = self._kept(word, code)
            for stem in stems:
                known[stem].setdefault(place, weight)

    def _kept(self, word: str, code: str) -> frozenset[str]:
        """The stems of a word, none of a stop word. Every word of the library is cut once."""
        cut = self._stems[code]
        if word not in cut:
            stopped = fold(word) in STOP_WORDS.get(code, ())
            cut[word] = frozenset() if stopped else self._stemmer.stems(word, code)
        return cut[word]

    def _rarity(self, term: Term) -> float:
        code, stem = term
        places = self._postings[code].get(stem)
        return log(1 + len(self._entries) / len(places)) if places else 0.0

    def _recognise_all(self, words: Sequence[str], language: str) -> list[_Asked]:
        known = {word: self._known_terms(word, language) for word in words}
        meant = [word for word in known if not _says_nothing(word, known[word], language)]
        strange = [word for word in meant if not known[word]]
        for word in islice(strange, GUESSES):
            known[word] = dict(self._guess(word))
        unknown = sum(not known[word] for word in meant)
        return [self._asked(known[word], unknown) for word in meant]

    def _known_terms(self, word: str, language: str) -> dict[Term, float]:
        return {
            (code, stem): 1.0 if code == language else OTHER_LANGUAGE
            for code, stems in self._postings.items()
            if fold(word) not in STOP_WORDS.get(code, ())
            for stem in self._stemmer.stems(word, code)
            if stem in stems
        }

    def _asked(self, terms: Mapping[Term, float], unknown: int) -> _Asked:
        if terms:
            return _Asked(terms, max(map(self._rarity, terms)))
        return _Asked(terms, self._rarest * STRANGE / sqrt(unknown))

    def _guess(self, word: str) -> Iterator[tuple[Term, float]]:
        cyrillic = is_cyrillic(word)
        for code, spelt in self._buckets.items():
            if cyrillic is not (code in CYRILLIC):
                continue
            for stem in self._stemmer.stems(word, code):
                if len(stem) >= SHORTEST_TYPO and not stem.isdigit():
                    yield from _near(stem, spelt, code)

    def _coverage(self, asked: Iterable[_Asked]) -> Mapping[int, float]:
        """Item → how much of the query's weight it explains. Rare words come first and bring the candidates in."""
        coverage: dict[int, float] = {}
        for word in sorted(asked, key=lambda word: -word.weight):
            pool = coverage if len(coverage) >= POOL else None
            for place, share in self._explained(word, pool).items():
                coverage[place] = coverage.get(place, 0.0) + share * word.weight
        return coverage

    def _explained(self, word: _Asked, pool: Iterable[int] | None) -> Mapping[int, float]:
        explained: dict[int, float] = {}
        for (code, stem), sureness in word.terms.items():
            places = self._postings[code][stem]
            for place in places if pool is None else places.keys() & pool:
                share = sureness * places[place]
                if share > explained.get(place, 0.0):
                    explained[place] = share
        return explained

    def _hit(self, place: int, coverage: float, heard: Mapping[Term, float], terms: frozenset[Term]) -> Hit | None:
        entry = self._entries[place]
        said = 0.0
        for phrase in self._phrases[place]:
            if not phrase.terms.isdisjoint(terms):
                said = max(said, _said(phrase, heard))
        fit = (1 - PHRASE) * coverage + PHRASE * said**2
        return Hit(entry.kind, entry.id, round(entry.factor * fit, 4)) if fit >= ENOUGH else None

    def _phrase(self, code: str, text: str) -> _Phrase:
        kept = (stems for word in tokens(text) if (stems := self._kept(word, code)))
        words = tuple(
            (tuple((code, stem) for stem in stems), max(self._rarity((code, stem)) for stem in stems)) for stems in kept
        )
        return _Phrase(words, frozenset(chain(*(terms for terms, _ in words))), sum(rarity for _, rarity in words))


def _says_nothing(word: str, terms: Mapping[Term, float], language: str) -> bool:
    """Whether a word is a stop word: of the reader's language, or of another if the reader's has no such word."""
    folded = fold(word)
    if folded in STOP_WORDS.get(language, ()):
        return True
    return any(folded in words for words in STOP_WORDS.values()) and all(code != language for code, _ in terms)


def _near(stem: str, spelt: Mapping[tuple[str, int], list[str]], code: str) -> Iterator[tuple[Term, float]]:
    """Known stems that may be meant by a misspelt one, and how surely."""
    most = 1 if len(stem) < LONG else 2
    lengths = range(len(stem) - most, len(stem) + most + 1)
    candidates = chain.from_iterable(spelt.get((first, n), ()) for first in dict.fromkeys(stem[:2]) for n in lengths)
    for near, slips, _ in process.extract(stem, list(candidates), scorer=OSA.distance, score_cutoff=most, limit=3):
        yield (code, near), UNSURE**slips


def _said(phrase: _Phrase, heard: Mapping[Term, float]) -> float:
    """The share of a ready phrase that the query holds, rare words counting more."""
    said = 0.0
    for terms, rarity in phrase.words:
        sureness = 0.0
        for term in terms:
            sureness = max(sureness, heard.get(term, 0.0))
        said += rarity * sureness
    return said / phrase.rarity


def _by_spelling(stems: Iterable[str]) -> dict[tuple[str, int], list[str]]:
    """Stems by first letter and length: where the right spelling of a word is looked for."""
    spelt: dict[tuple[str, int], list[str]] = defaultdict(list)
    for stem in sorted(stems):
        spelt[stem[0], len(stem)].append(stem)
    return spelt


def _best_first(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.id


def _tip_phrases(tip: Tip) -> Iterator[tuple[str, str]]:
    yield from tip.title.items()
    for code, keywords in tip.keywords.items():
        yield from ((code, keyword) for keyword in keywords)


def _tip_fields(tip: Tip, programme: Programme) -> Fields:
    """The heaviest first: a word counts where it weighs most."""
    yield KEYWORD, {code: " ".join(keywords) for code, keywords in tip.keywords.items()}
    yield TITLE, tip.title
    if topic := programme.topics.get(tip.topic):
        yield SUBJECT, topic.name
    yield BODY, _joined(tip.text, *tip.steps)


def _quiz_fields(quiz: Quiz) -> Fields:
    """What a quiz is about; not what its answers say, since whoever looks for that wants the tip."""
    yield TITLE, quiz.title
    yield SUBJECT, quiz.about
    yield QUESTION, _joined(*(question.text for question in quiz.questions))


def _joined(*texts: Mapping[str, str]) -> Mapping[str, str]:
    languages = dict.fromkeys(chain.from_iterable(texts))
    return {code: " ".join(text[code] for text in texts if code in text) for code in languages}
