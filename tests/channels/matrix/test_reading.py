from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix.events import Batch, Invite, RoomEvent, RoomNews
from bot.channels.matrix.reading import batch_of, event_of, pushed
from tests.channels.matrix.homeserver import US
from tests.channels.matrix.world import ANNA

ROOM = "!r:example.org"
SAID = {"event_id": "$1", "sender": ANNA, "type": "m.room.message", "content": {"body": "x"}}
READ = RoomEvent("$1", ROOM, ANNA, "m.room.message", {"body": "x"})
INVITED = {"type": "m.room.member", "state_key": US, "sender": ANNA, "content": {"membership": "invite"}}
ENCRYPTED = {"type": "m.room.encryption", "state_key": "", "sender": ANNA, "content": {}}


def sync(**rooms: Any) -> dict[str, Any]:
    return {"next_batch": "s1", "rooms": rooms}


def test_a_room_with_news() -> None:
    timeline = {"events": [SAID, "junk", {"type": "x"}, None], "limited": True, "prev_batch": "p1"}
    encryption = {**ENCRYPTED, "event_id": "$2"}
    raw = sync(join={ROOM: {"timeline": timeline, "state": {"events": [encryption]}}})
    state = RoomEvent("$2", ROOM, ANNA, "m.room.encryption", {}, "")
    assert batch_of(raw, US, event_of) == Batch("s1", (RoomNews(ROOM, (READ,), "p1", (state,)),))


@pytest.mark.parametrize("limited", [False, None, "yes"])
def test_where_nothing_is_missing_there_is_no_gap(limited: Any) -> None:
    raw = sync(join={ROOM: {"timeline": {"events": [SAID], "limited": limited, "prev_batch": "p1"}}})
    assert batch_of(raw, US, event_of).joined[0].gap_before is None


@pytest.mark.parametrize(
    ("state", "invite"),
    [
        ([INVITED], Invite(ROOM, ANNA, direct=False, encrypted=False)),
        ([ENCRYPTED, INVITED], Invite(ROOM, ANNA, direct=False, encrypted=True)),
        (
            [{**INVITED, "content": {"membership": "invite", "is_direct": True}}],
            Invite(ROOM, ANNA, direct=True, encrypted=False),
        ),
    ],
)
def test_an_invitation(state: list[Any], invite: Invite) -> None:
    raw = sync(invite={ROOM: {"invite_state": {"events": state}}})
    assert batch_of(raw, US, event_of).invites == (invite,)


@pytest.mark.parametrize(
    "state", [[], [ENCRYPTED], ["junk"], [{**INVITED, "state_key": ANNA}], [{**INVITED, "sender": 7}]]
)
def test_an_invitation_that_names_nobody_is_none(state: list[Any]) -> None:
    raw = sync(invite={ROOM: {"invite_state": {"events": state}}})
    assert batch_of(raw, US, event_of).invites == ()


def test_rooms_that_we_left() -> None:
    assert batch_of(sync(leave={ROOM: {}}), US, event_of).left == (ROOM,)


def our(membership: str, number: int, sender: str = ANNA) -> dict[str, Any]:
    """Our place in the room, as it is pushed."""
    return {
        **INVITED,
        "event_id": f"$m{number}",
        "room_id": ROOM,
        "sender": sender,
        "content": {"membership": membership},
    }


@pytest.mark.parametrize(
    ("places", "invited", "left", "joined"),
    [
        (["invite"], True, False, False),
        (["invite", "leave"], False, True, False),
        (["leave", "invite"], True, False, False),
        (["invite", "join"], False, False, True),
        (["join", "ban"], False, True, False),
        (["leave", "invite", "leave"], False, True, False),
    ],
)
def test_of_what_is_pushed_of_our_place_the_last_counts(
    places: list[str], invited: bool, left: bool, joined: bool
) -> None:
    told = [our(place, number) for number, place in enumerate(places)]
    batch = pushed({"events": told}, US)
    assert batch.invites == ((Invite(ROOM, ANNA, direct=False, encrypted=False),) if invited else ())
    assert batch.left == ((ROOM,) if left else ())
    assert [news.room for news in batch.joined] == ([ROOM] if joined else [])


def test_of_what_is_pushed_our_own_words_are_nothing_and_our_own_steps_count() -> None:
    ours = {**SAID, "event_id": "$2", "room_id": ROOM, "sender": US}
    theirs = {**SAID, "room_id": ROOM}
    batch = pushed({"events": [our("join", 1, sender=US), ours, theirs]}, US)
    assert [event.id for event in batch.joined[0].events] == ["$m1", "$1"]
    assert pushed({"events": [ours]}, US) == Batch("")


def test_what_a_membership_was_before_is_read() -> None:
    raw = {**SAID, "type": "m.room.member", "state_key": US, "unsigned": {"prev_content": {"membership": "invite"}}}
    read = event_of(ROOM, raw)
    assert read is not None
    assert (read.state_key, read.was) == (US, "invite")


@pytest.mark.parametrize("raw", [{"redacts": "$9"}, {"content": {"redacts": "$9"}}])
def test_what_is_taken_back_is_read_where_either_room_version_has_it(raw: dict[str, Any]) -> None:
    read = event_of(ROOM, {**SAID, "type": "m.room.redaction", **raw})
    assert read is not None
    assert read.redacts == "$9"


KEYS = st.sampled_from(
    [
        *("rooms", "join", "invite", "leave", "timeline", "events", "state", "invite_state", "event_id", "sender"),
        *("type", "content", "state_key", "unsigned", "prev_content", "membership", "limited", "prev_batch", ROOM),
    ]
)
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([US, "m.room.member", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, JUNK, max_size=5), JUNK)
def test_whatever_an_answer_holds_is_read_without_a_fault(raw: dict[str, Any], room: Any) -> None:
    batch_of(raw, US, event_of)
    batch_of(sync(join={ROOM: room}, invite={ROOM: room}, leave={ROOM: room}), US, event_of)
    event_of(ROOM, room)
