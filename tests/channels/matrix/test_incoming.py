from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix.events import RoomEvent
from bot.channels.matrix.homeserver import Homeserver
from bot.channels.matrix.incoming import (
    LONGEST,
    CameIn,
    Meaning,
    MovedOn,
    Nothing,
    Said,
    Sent,
    Stirred,
    Tapped,
    Unreadable,
    Voted,
    command_of,
    read,
)
from bot.domain.messages import Command, Input, Start
from tests.channels.matrix.homeserver import US, FakeHomeserver
from tests.channels.matrix.world import ANNA

REPLY = {"m.in_reply_to": {"event_id": "$a"}}
THREAD = {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": True, "m.in_reply_to": {"event_id": "$z"}}
IN_THREAD = {**THREAD, "is_falling_back": False, "m.in_reply_to": {"event_id": "$a"}}
TAP = {"rel_type": "m.annotation", "event_id": "$a", "key": "1️⃣"}
VOTE = {"rel_type": "m.reference", "event_id": "$p"}
OLD_VOTE = {"m.relates_to": VOTE, "org.matrix.msc3381.poll.response": {"answers": ["x"]}}


def event(kind: str = "m.room.message", content: Any = None, **more: Any) -> RoomEvent:
    return RoomEvent("$1", "!r:x", more.pop("sender", ANNA), kind, content or {}, **more)


def text(body: Any, **more: Any) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": body, **more}


def test_the_homeserver_of_the_tests_is_one() -> None:
    server: Homeserver = FakeHomeserver()
    assert server.user == US


@pytest.mark.parametrize(
    ("content", "meaning"),
    [
        (text(" cześć "), Said("cześć")),
        (text("x", msgtype="m.emote"), Said("x")),
        (text("x", msgtype="m.notice"), Nothing()),
        (text("x", msgtype="m.image"), Sent()),
        (text("x", msgtype="org.example.own"), Sent()),
        (text("x", msgtype=7), Nothing()),
        ({"body": "x"}, Nothing()),
        ({}, Nothing()),
        (text(7), Nothing()),
        (text("> <@b:x> a\n> b\n\n2", **{"m.relates_to": REPLY}), Said("2", "$a")),
        (text("> moje własne"), Said("> moje własne")),
        (text("x", **{"m.relates_to": THREAD}), Said("x", None, "$root")),
        (text("x", **{"m.relates_to": IN_THREAD}), Said("x", "$a", "$root")),
        (text("x", **{"m.relates_to": {"rel_type": "m.replace", "event_id": "$a"}}), Nothing()),
        (text("x", **{"m.relates_to": "junk"}), Said("x")),
        (text("x", **{"m.relates_to": {"m.in_reply_to": ["$a"]}}), Said("x")),
        (text("a" * 5000), Said("a" * LONGEST)),
        (text("a\x00b"), Said("ab")),
    ],
)
def test_a_message(content: Any, meaning: Meaning) -> None:
    assert read(event(content=content), US) == meaning


@pytest.mark.parametrize(
    ("kind", "content", "meaning"),
    [
        ("m.sticker", {}, Sent()),
        ("m.reaction", {"m.relates_to": TAP}, Tapped("1️⃣", "$a")),
        ("m.reaction", {"m.relates_to": {**TAP, "key": 1}}, Nothing()),
        ("m.reaction", {"m.relates_to": {**TAP, "rel_type": "m.thread"}}, Nothing()),
        ("m.reaction", {}, Nothing()),
        ("org.matrix.msc3381.poll.response", OLD_VOTE, Voted("$p", "x")),
        ("m.poll.response", {"m.relates_to": VOTE, "m.selections": ["x"]}, Voted("$p", "x")),
        ("m.poll.response", {"m.relates_to": VOTE, "m.selections": []}, Nothing()),
        ("org.matrix.msc3381.poll.start", {}, Nothing()),
        ("m.room.redaction", {}, Nothing()),
        ("m.call.invite", {}, Nothing()),
    ],
)
def test_other_kinds(kind: str, content: Any, meaning: Meaning) -> None:
    assert read(event(kind, content), US) == meaning


def test_our_own_words_mean_nothing_to_us() -> None:
    assert read(event(content=text("x"), sender=US), US) == Nothing()


def test_what_cannot_be_opened_names_its_key() -> None:
    assert read(event("m.room.encrypted", unreadable="s1"), US) == Unreadable("s1")


@pytest.mark.parametrize(
    ("kind", "content", "key", "was", "meaning"),
    [
        ("m.room.member", {"membership": "join"}, US, "invite", CameIn()),
        ("m.room.member", {"membership": "join"}, US, None, CameIn()),
        ("m.room.member", {"membership": "join"}, US, "join", Nothing()),
        ("m.room.member", {"membership": "leave"}, US, "join", Stirred()),
        ("m.room.member", {"membership": "invite"}, ANNA, None, Stirred()),
        ("m.room.member", {"membership": "join"}, ANNA, "invite", Stirred()),
        ("m.room.member", {"membership": "join", "displayname": "Ania"}, ANNA, "join", Nothing()),
        ("m.room.encryption", {}, "", None, Stirred()),
        ("m.room.tombstone", {"replacement_room": "!b"}, "", None, MovedOn("!b")),
        ("m.room.tombstone", {"replacement_room": "../x"}, "", None, Nothing()),
        ("m.room.tombstone", {}, "", None, Nothing()),
        ("m.room.topic", {"topic": "1"}, "", None, Nothing()),
        ("m.room.message", text("1"), "", None, Nothing()),
    ],
)
def test_state(kind: str, content: Any, key: str, was: str | None, meaning: Meaning) -> None:
    assert read(event(kind, content, state_key=key, was=was), US) == meaning


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("!quiz", Command("quiz")),
        ("/Quiz  czad w domu ", Command("quiz", "czad w domu")),
        ("!start", Start()),
        ("!START q_abc", Start("q_abc")),
        ("!", None),
        ("!!", None),
        ("//usr", None),
        ("! nie", None),
        ("quiz", None),
        ("", None),
    ],
)
def test_commands(typed: str, command: Input | None) -> None:
    assert command_of(typed) == command


KEYS = st.sampled_from(
    [
        *("msgtype", "body", "m.relates_to", "rel_type", "event_id", "key", "m.in_reply_to", "membership"),
        *("replacement_room", "org.matrix.msc3381.poll.response", "answers", "m.selections", "is_falling_back"),
    ]
)
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
KINDS = ["m.room.message", "m.reaction", "m.sticker", "m.room.member", "m.room.tombstone", "m.poll.response"]


@given(st.sampled_from(KINDS), st.dictionaries(KEYS, JUNK, max_size=6), st.none() | st.sampled_from(["", US, ANNA]))
def test_whatever_somebody_sends_is_read_without_a_fault(kind: str, content: Any, key: str | None) -> None:
    meaning = read(event(kind, content, state_key=key), US)
    if isinstance(meaning, Said):
        assert len(meaning.text) <= LONGEST
