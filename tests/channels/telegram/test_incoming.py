from typing import Any

import pytest

from bot.channels.telegram import incoming
from bot.channels.telegram.incoming import BadUpdate, Invited, Left, Moved, Nothing, Pressed, Received, Returned, Turn
from bot.domain.messages import Command, Event, Input, Other, Press, Start, Text
from bot.domain.residents import Address

OLA = {"id": 42, "is_bot": False, "first_name": "Ola", "language_code": "uk"}
BOT = {"id": 7, "is_bot": True, "first_name": "Bot"}
CHAT = {"id": 42, "type": "private", "first_name": "Ola"}
GROUP = {"id": -5, "type": "group", "title": "Sąsiedzi"}


def read(**content: Any) -> Received:
    return incoming.read({"update_id": 9} | content, "our_bot")


def message(chat: dict[str, Any] = CHAT, **parts: Any) -> Received:
    return read(message={"message_id": 3, "date": 1, "chat": chat, "from": OLA} | parts)


def membership(chat: dict[str, Any], status: str) -> Received:
    member = {"status": status, "user": BOT} | ({"until_date": 0} if status == "kicked" else {})
    old = {"status": "left", "user": BOT}
    return read(
        my_chat_member={"chat": chat, "from": OLA, "date": 1, "old_chat_member": old, "new_chat_member": member}
    )


def press(**parts: Any) -> Received:
    return read(callback_query={"id": "q1", "from": OLA, "chat_instance": "1", "data": "ho"} | parts)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("pali się olej", Text("pali się olej")),
        ("/start", Start()),
        ("/START q_abc", Start("q_abc")),
        ("/start@Our_Bot subscribe", Start("subscribe")),
        ("/Quiz", Command("quiz")),
        ("/quiz@our_bot  czad w domu ", Command("quiz", "czad w domu")),
        ("/usuń", Command("usuń")),
        ("/quiz\nczad", Command("quiz", "czad")),
        ("/", Text("/")),
        ("// uwaga", Text("// uwaga")),
        ("/ nic", Text("/ nic")),
    ],
)
def test_what_is_written(text: str, given: Input) -> None:
    received = message(text=text)
    assert received == Received(9, 42, Turn(Event(Address("telegram", "42"), "9", given, "uk")))


def test_a_command_for_another_bot_is_left_to_it() -> None:
    assert message(text="/help@another_bot").meaning == Nothing()


@pytest.mark.parametrize(
    "parts",
    [
        {"location": {"latitude": 50.06, "longitude": 19.94}},
        {"voice": {"file_id": "a", "file_unique_id": "a", "duration": 1}},
        {"photo": [], "caption": "czy to oszustwo?"},
        {"something_of_next_year": {"id": 1}},
    ],
)
def test_what_cannot_be_read_is_said_so(parts: dict[str, Any]) -> None:
    meaning = message(**parts).meaning
    assert isinstance(meaning, Turn)
    assert meaning.event.input == Other()


def test_what_telegram_writes_about_the_chat_needs_no_answer() -> None:
    assert message(pinned_message={"message_id": 2, "date": 0, "chat": CHAT}).meaning == Nothing()


def test_a_client_without_a_language() -> None:
    meaning = message(text="hej", **{"from": {"id": 42, "is_bot": False, "first_name": "Ola"}}).meaning
    assert isinstance(meaning, Turn)
    assert meaning.event.language == ""


def test_a_button_under_text_can_become_another_screen() -> None:
    meaning = press(message={"message_id": 3, "date": 1, "chat": CHAT, "text": "pytanie"}).meaning
    assert meaning == Turn(Event(Address("telegram", "42"), "9", Press("ho"), "uk"), Pressed("q1", 3, True))


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ({"message_id": 3, "date": 1, "chat": CHAT, "caption": "obrazek"}, 3),
        ({"message_id": 3, "date": 0, "chat": CHAT}, 3),
        (None, None),
    ],
)
def test_a_button_under_anything_else_cannot(shown: dict[str, Any] | None, number: int | None) -> None:
    meaning = press(message=shown).meaning
    assert isinstance(meaning, Turn)
    assert meaning.event.address == Address("telegram", "42")
    assert meaning.pressed == Pressed("q1", number, False)


def test_blocking_and_unblocking() -> None:
    assert membership(CHAT, "kicked").meaning == Left(Address("telegram", "42"))
    assert membership(CHAT, "member").meaning == Returned(Address("telegram", "42"))


def test_groups_are_no_place_for_this() -> None:
    assert membership(GROUP, "member").meaning == Invited(-5, "uk")
    assert membership(GROUP, "left").meaning == Nothing()
    assert message(GROUP, text="/quiz").meaning == Nothing()
    assert press(message={"message_id": 3, "date": 1, "chat": GROUP, "text": "x"}).meaning == Nothing()


def test_a_group_that_became_a_supergroup() -> None:
    moved = Moved(Address("telegram", "-5"), Address("telegram", "-1005"))
    assert message(GROUP, migrate_to_chat_id=-1005).meaning == moved


def test_kinds_never_asked_for_mean_nothing() -> None:
    assert read(edited_message={"message_id": 3, "date": 1, "chat": CHAT, "text": "hej"}).meaning == Nothing()
    assert read().meaning == Nothing()


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"update_id": "nine"},
        {"update_id": None},
        {"update_id": 9, "message": 5},
        {"update_id": 9, "message": {}},
        {"update_id": 9, "message": {"message_id": 1, "date": 10**30, "chat": CHAT}},
        {"update_id": 9, "callback_query": {"id": "1"}},
        {"update_id": 9, "message": {"message_id": 1, "date": 1, "chat": CHAT, "text": 5}},
        [],
        None,
        "update",
    ],
)
def test_what_is_no_update_is_refused(raw: Any) -> None:
    with pytest.raises(BadUpdate):
        incoming.read(raw, "our_bot")
