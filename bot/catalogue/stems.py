"""Words as the search compares them: without case, diacritics and endings, in any of the languages."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_MARKS = re.compile(r"[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
"""Diacritics that stand behind their letter, as they do in the decomposed form."""
_APOSTROPHES = "'’ʼ`´"
_LETTERS = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ґ": "г", "ы": "и", "э": "е", "є": "е", "ъ": None, "ь": None})
_LOOKALIKES = str.maketrans("aeiopcyx", "аеіорсух")
"""Latin letters that look Cyrillic: phone keyboards leave them inside Ukrainian words."""
_ALTERNATIONS = {
    "pl": (("dz", "g"), ("dz", "d"), ("c", "k"), ("c", "t"), ("rz", "r"), ("sz", "ch"), ("z", "g"), ("ek", "k")),
    "uk": (("з", "г"), ("ц", "к"), ("ч", "к"), ("с", "х"), ("ж", "г")),
}
"""Sounds that change before an ending (hulajnoga, na hulajnodze; wypadek, wypadku): a stem counts in both forms."""
_SOFTENED = (("dzie", "d"), ("cie", "t"), ("rze", "r"))
"""Polish endings that change the consonant before them (dopłata, o dopłacie); the stemmer takes too much with them."""
_INITIAL = re.compile(r"\Aв(?=[^аеиіоуюя])")
"""Ukrainian words begin with в or у as the word before them ends (вкрали, украли)."""
_VOWELS = frozenset("aeiouyаеиіоую")


def _fold(text: str) -> str:
    """Lower case without diacritics; letters that people mix up become one."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFD", text.casefold())).translate(_LETTERS)


_UKRAINIAN_ENDINGS = sorted(
    {
        _fold(ending)
        for ending in (
            *("уватися", "юватися", "увати", "ювати", "ується", "юється", "аються", "яються", "аться", "яться"),
            *("ення", "ання", "іння", "ився", "илася", "илося", "илися", "ався", "алася", "алося", "алися", "тися"),
            *("илась", "алась", "илось", "алось", "ились", "ались", "ам", "ям"),
            *("ться", "ями", "ами", "ові", "еві", "єві", "ого", "ому", "ими", "ої", "ою", "ею", "єю", "ях", "ах"),
            *("ів", "їв", "ом", "ем", "єм", "ати", "ити", "іти", "яти", "ути", "ає", "яє", "ала", "али", "ало"),
            *("ила", "или", "ило", "ають", "яють", "ють", "уть", "ать", "ять", "ить", "їть", "іть", "ете", "ите"),
            *("ав", "ив", "ла", "ло", "ли", "ти", "ий", "ій", "ая", "им", "их", "іх", "ся"),
            *("а", "я", "о", "е", "є", "и", "і", "ї", "у", "ю", "й"),
        )
    },
    key=len,
    reverse=True,
)
_SHORTEST_STEM = 3


def tokens(text: str) -> list[str]:
    """The words of a text, in order: in lower case, their diacritics kept."""
    plain = unicodedata.normalize("NFC", text.casefold())
    for apostrophe in _APOSTROPHES:
        plain = plain.replace(apostrophe, "")
    return _WORD.findall(plain)


def fold(word: str) -> str:
    """A word without case and diacritics; letters that people mix up become one."""
    return _fold(word.translate(_LOOKALIKES) if is_cyrillic(word) else word)


def is_cyrillic(word: str) -> bool:
    """Whether a word has a Cyrillic letter."""
    return _CYRILLIC.search(word) is not None


WORDS_KEPT = 64
"""Stems of the last words are kept: a query's words are asked about twice, for urgency and for the search."""


class Stemmer:
    """Takes endings off. Not to be shared between threads: snowball keeps state in its objects."""

    def __init__(self) -> None:
        self.stems = lru_cache(maxsize=WORDS_KEPT)(self._stems)
        self._snowball = {code: snowballstemmer.stemmer(name) for code, name in (("pl", "polish"), ("en", "english"))}

    def _stems(self, word: str, language: str) -> frozenset[str]:
        """All stems a word may have: with its diacritics, as if typed without them, before another ending."""
        plain = set(self._plain_stems(word, language))
        return frozenset(plain.union(*(_alternatives(stem, language) for stem in plain)))

    def _plain_stems(self, word: str, language: str) -> Iterator[str]:
        folded = fold(word)
        snowball = self._snowball.get(language)
        if is_cyrillic(word):
            spoken = _INITIAL.sub("у", folded)
            stem = _without_ending(spoken)
            yield stem
            yield from _whole(spoken, stem)
        elif snowball is None or word.isdigit():
            yield folded
        else:
            yield fold(snowball.stemWord(word))
            yield (stem := snowball.stemWord(folded))
            if language == "pl":
                yield from _whole(folded, stem)
                yield from _hardened(folded)


def _whole(word: str, stem: str) -> Iterator[str]:
    """A word that ends in a consonant may have no ending at all, though it looks so (tramwaj, самокат)."""
    if word[-1] not in _VOWELS and len(word) - len(stem) > 1:
        yield word


def _hardened(word: str) -> Iterator[str]:
    for soft, hard in _SOFTENED:
        if word.endswith(soft) and len(word) - len(soft) >= _SHORTEST_STEM:
            yield word.removesuffix(soft) + hard


def _without_ending(word: str) -> str:
    for ending in _UKRAINIAN_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def _alternatives(stem: str, language: str) -> Iterator[str]:
    for changed, usual in _ALTERNATIONS.get(language, ()):
        if stem.endswith(changed) and len(stem) > _SHORTEST_STEM:
            yield stem.removesuffix(changed) + usual
