"""Whether the languages of `content/words` say the same things."""

from collections.abc import Iterator

from bot.catalogue.markup import foreign
from bot.catalogue.problems import Problem
from bot.catalogue.words import COUNT, Entry, Vocabulary, Words
from bot.domain.areas import DEFAULT_LANGUAGE


def check_words(words: Words) -> Iterator[Problem]:
    """Keys and placeholders that differ between languages, wrong plurals, and markup that is not shown."""
    default = words.vocabularies[DEFAULT_LANGUAGE]
    for vocabulary in words.vocabularies.values():
        yield from _forms(vocabulary)
        yield from _markup(vocabulary)
        if vocabulary is not default:
            yield from _compare(default, vocabulary)


def _compare(default: Vocabulary, other: Vocabulary) -> Iterator[Problem]:
    for key, entry in default.entries.items():
        theirs = other.entries.get(key)
        if theirs is None:
            yield _problem(entry, f"{key!r} has no words in {other.code!r}; add them to {other.code}.po beside it")
        elif difference := _difference(entry, theirs):
            yield _problem(theirs, f"{key!r} {difference} {entry.file.name}; make them the same")
    for key in other.entries.keys() - default.entries.keys():
        message = f"{key!r} is not in {default.code}.po; add it there, or remove it here"
        yield _problem(other.entries[key], message)


def _difference(entry: Entry, theirs: Entry) -> str:
    if entry.plural is not theirs.plural:
        return "is a plural in only one of this file and"
    names, others = _names(entry), _names(theirs)
    if names != others:
        return f"has other placeholders ({_listed(others)}) than {_listed(names)} in"
    return ""


def _forms(vocabulary: Vocabulary) -> Iterator[Problem]:
    needed = vocabulary.plural_forms
    for key, entry in vocabulary.entries.items():
        if entry.plural and len(entry.forms) != needed:
            yield _problem(entry, f"{key!r} has {len(entry.forms)} plural forms; {needed} are needed")
        if entry.plural and COUNT not in _names(entry):
            yield _problem(entry, f"{key!r} is a plural without {{{COUNT}}}; the number is called {COUNT}")


def _markup(vocabulary: Vocabulary) -> Iterator[Problem]:
    for key, entry in vocabulary.entries.items():
        shown = (form.fill(lambda _: "https://bezpieczny.example") for form in entry.forms)
        for message in {message for text in shown for message in foreign(text)}:
            yield _problem(entry, f"{key!r}: {message}")


def _names(entry: Entry) -> frozenset[str]:
    return frozenset().union(*(form.names for form in entry.forms))


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "none"


def _problem(entry: Entry, message: str) -> Problem:
    return Problem(str(entry.file), entry.line, 1, message)
