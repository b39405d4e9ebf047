"""Every key the code says has words, every placeholder is given, and no words are left over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.catalogue.words import Words
from bot.domain.areas import DEFAULT_LANGUAGE
from tests.catalogue.conftest import REAL

BOT = REAL.parent / "bot"
TEMPLATES = "".join(file.read_text(encoding="utf-8") for file in BOT.rglob("*.html"))
ENTRIES = Words.load(REAL / "words").vocabularies[DEFAULT_LANGUAGE].entries
SAYING = {"say", "Phrase"}


def python() -> Iterator[tuple[Path, ast.AST]]:
    """Every node of the bot's source."""
    for file in BOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield file, node


def said() -> list[tuple[str, str, frozenset[str] | None]]:
    """Place, key and given names of every `say("key", …)`; no names where they cannot be seen (`**params`)."""
    found = []
    for file, node in python():
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in SAYING:
            continue
        match node.args:
            case [ast.Constant(value=str(key)), *_]:
                names = [keyword.arg for keyword in node.keywords]
                hidden = None in names or len(node.args) > 1
                given = None if hidden else frozenset(name for name in names if name)
                found.append((f"{file.relative_to(BOT)}:{node.lineno}", key, given))
            case _:
                continue
    return found


def patterns() -> list[str]:
    """Regular expressions of f-strings that look like keys: `f"level.{level}"` → `level\\..+`."""
    formed = (
        "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values)
        for _, node in python()
        if isinstance(node, ast.JoinedStr)
    )
    in_templates = (rf"{re.escape(prefix)}.+" for prefix in joined())
    return [form for form in formed if re.search(r"^[a-z_.\\]+\\\.|\\\.[a-z]+$", form)] + list(in_templates)


def joined() -> set[str]:
    """What templates join a value to, to make a key: `say("console.role." ~ role)`."""
    return set(re.findall(r'(?:say|rich)\("([\w.-]+)" ~', TEMPLATES))


@pytest.mark.parametrize(("place", "key", "given"), said())
def test_what_is_said_has_words(place: str, key: str, given: frozenset[str] | None) -> None:
    assert key in ENTRIES, f"{place} says {key!r}; write its words"
    needed = frozenset().union(*(form.names for form in ENTRIES[key].forms))
    assert given is None or needed <= given, f"{place} gives {key!r} no {needed - given}"


@pytest.mark.parametrize("key", sorted(set(re.findall(r'(?:say|rich)\("([\w.-]+)"(?! ~)', TEMPLATES))))
def test_what_templates_say_has_words(key: str) -> None:
    assert key in ENTRIES


@pytest.mark.parametrize("prefix", sorted(joined()))
def test_what_templates_join_has_words(prefix: str) -> None:
    assert any(key.startswith(prefix) for key in ENTRIES)


def test_no_words_are_left_over() -> None:
    constants = {node.value for _, node in python() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    pages = "".join(file.read_text(encoding="utf-8") for kind in ("html", "js") for file in BOT.rglob(f"*.{kind}"))
    formed = patterns()
    left = [
        key
        for key in ENTRIES
        if key not in constants and f'"{key}"' not in pages and not any(re.fullmatch(form, key) for form in formed)
    ]
    assert left == []
