"""Every key that the code says has its words, and every word is said somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.catalogue.schema import ExhibitKind, QuestionKind
from bot.dialogue.commands import LISTED, action_of
from bot.domain.areas import AgeBand, Audience
from bot.domain.reminders import Occasion
from bot.domain.residents import Answering
from bot.web.pages import EXPLAINED
from tests.support import real_words

CODE = Path(__file__).parents[2] / "bot"
SAYING = {"say", "button", "spoken"}
"""Functions whose first argument is a key."""


def python_nodes() -> Iterator[ast.AST]:
    for file in CODE.rglob("*.py"):
        if file.parent.name != "commands":  # the command line speaks English to those who run it
            yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def said() -> set[str]:
    """Keys that are surely said: written out where a key is expected."""
    calls = (node for node in python_nodes() if isinstance(node, ast.Call) and node.args)
    keys = (call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in SAYING)
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def written() -> set[str]:
    """Everything in the code that may be a key: each string in it."""
    texts = {node.value for node in python_nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    pages = [*CODE.rglob("*.html"), *CODE.rglob("*.js")]
    return texts | {text for page in pages for text in re.findall(r"[\"']([\w.-]+)[\"']", page.read_text())}


def families() -> dict[str, set[str]]:
    """Keys made of a prefix and a value, where every value needs its words."""
    return {
        "audience": {audience.value for audience in Audience},
        "age": {age.value for age in AgeBand},
        "exhibit": {kind.value for kind in ExhibitKind},
        "quiz.how": {kind.value for kind in QuestionKind},
        "quiz.letter": {"full", "on.full", "off.full"},
        "level": {"1", "2", "3"},
        "reminder": {occasion.value for occasion in Occasion},
        "web": {f"error_{status:d}" for status in (400, *EXPLAINED)},
        "command": {listed.key for listed in LISTED},
        "answering": {how.value for how in Answering},
        "answering.choose": {how.value for how in Answering},
        "consent": {"tips", "alerts", "campaigns"},
        "verify": {"campaign", "alert", "daily_tip", "reminder", "notice"},
        "workshop": {"confirmed", "waiting", "confirmed.silent", "waiting.silent"},
    }


@pytest.mark.parametrize("language", real_words().languages)
def test_nothing_is_said_without_words(language: str) -> None:
    known = set(real_words().vocabularies[language].entries)
    made = {f"{prefix}.{value}" for prefix, values in families().items() for value in values}
    assert sorted((said() | made) - known) == []


def test_no_words_for_residents_are_left_over() -> None:
    made = {f"{prefix}.{value}" for prefix, values in families().items() for value in values}
    entries = real_words().vocabularies["pl"].entries
    residents = {key for key, entry in entries.items() if entry.file.parent.name == "words"}
    assert sorted(residents - written() - made) == []


@pytest.mark.parametrize("language", real_words().languages)
def test_help_lists_commands_by_the_names_they_have(language: str) -> None:
    entry = real_words().vocabularies[language].entries["help.commands"]
    listed = re.findall(r"^/(\S+)", entry.forms[0].parts[0].replace("\\_", "_"), re.MULTILINE)
    names = {one.name(language) for one in LISTED}
    assert listed
    assert set(listed) <= names


@pytest.mark.parametrize("language", real_words().languages)
def test_commands_in_texts_are_understood(language: str) -> None:
    texts = [
        (key, part.replace("\\_", "_"))
        for key, entry in real_words().vocabularies[language].entries.items()
        for form in entry.forms
        for part in form.parts
    ]
    named = [(key, name) for key, text in texts for name in re.findall(r"(?<![\w/:.])/([a-z]\w+)", text)]
    assert [(key, name) for key, name in named if action_of(name) is None] == []
