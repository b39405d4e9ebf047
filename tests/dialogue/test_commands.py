import re

import pytest

from bot.catalogue.words import Words
from bot.dialogue.actions import encode
from bot.dialogue.commands import COMMANDS, LISTED, action_of
from bot.domain.actions import Action, Consents, Erase, Help, Numbers, Quizzes
from bot.domain.messages import say
from tests.channels.telegram.world import CONTENT

LANGUAGES = ("pl", "uk", "en")


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("usun", Erase()),
        ("usuń", Erase()),
        ("USUŃ", Erase()),
        ("vydalyty", Erase()),
        ("видалити", Erase()),
        ("pomoc", Help()),
        ("допомога", Help()),
        ("viktoryna", Quizzes()),
        ("112", Numbers()),
        ("stop", Consents()),
        ("nic takiego", None),
        ("", None),
    ],
)
def test_commands_are_found_however_they_are_written(typed: str, action: Action | None) -> None:
    assert action_of(typed) == action


@pytest.mark.parametrize("name", COMMANDS)
def test_every_name_is_found_by_itself_and_leads_to_an_action(name: str) -> None:
    assert action_of(name) == COMMANDS[name]
    assert encode(COMMANDS[name])


def test_no_name_means_two_things() -> None:
    meanings = {(listed.name(language), listed.action) for listed in LISTED for language in LANGUAGES}
    assert len({name for name, _ in meanings}) == len(meanings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_listed_commands_are_as_telegram_wants_them(language: str) -> None:
    words = Words.load(CONTENT / "words")
    for listed in LISTED:
        assert re.fullmatch("[a-z0-9_]{1,32}", listed.name(language))
        description = words.label(say(f"command.{listed.key}"), language)
        assert 1 <= len(description) <= 256
        assert description != f"command.{listed.key}"


def test_a_fourth_language_lists_the_english_names() -> None:
    assert [listed.name("de") for listed in LISTED] == [listed.name("en") for listed in LISTED]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_that_the_words_mention_is_one(language: str) -> None:
    text = (CONTENT / "words" / f"{language}.po").read_text().replace("\\\\_", "_")
    mentioned = set(re.findall(r"(?<![\w/.:>])/(\w+)", text))
    assert mentioned
    assert {name for name in mentioned if action_of(name) is None} == set()
