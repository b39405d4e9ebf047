"""What the conversations stand on: people hear each other, in plain and encrypted rooms, and know the difference."""

import pytest

from tests.matrix.conftest import Arrives
from tests.matrix.people import POLL, Heard, Resident
from tests.matrix.synapse import Synapse


async def two(arrives: Arrives, *, encrypted: bool) -> tuple[Resident, Resident]:
    """Anna, and Bob whom she takes for a bot."""
    anna, bob = await arrives("anna"), await arrives("bob")
    room = await anna.invites(bob.user, encrypted=encrypted)
    await bob.joins(room, anna.user)
    await anna.sees_joining(bob.user)
    return anna, bob


async def test_words_arrive_as_the_room_is(arrives: Arrives, encrypted: bool) -> None:
    anna, bob = await two(arrives, encrypted=encrypted)
    await bob.says("Wybierz:\n1. Quiz · 2. Porada\n3. Menu")
    heard = await anna.hears("Wybierz")
    assert (heard.sender, heard.encrypted) == (bob.user, encrypted)
    assert heard.choices == {"Quiz": "1", "Porada": "2", "Menu": "3"}
    await anna.picks("Menu")
    assert (await bob.hears()).body == "3"


async def test_an_edit_takes_the_place_and_a_redaction_takes_away(arrives: Arrives, encrypted: bool) -> None:
    anna, bob = await two(arrives, encrypted=encrypted)
    first, second = await bob.says("one"), await bob.says("two")
    edit = {"m.relates_to": {"rel_type": "m.replace", "event_id": first}, "m.new_content": {"body": "three"}}
    await bob.says("* three", more=edit)
    await bob.redacts(second)
    await anna.sees(lambda heard: heard.redacts == second, "the redaction")
    assert [heard.body for heard in anna.screens()] == ["three"]
    assert [heard.body for heard in anna.said()][-1] == "three"


async def test_taps_and_votes_arrive(arrives: Arrives, encrypted: bool) -> None:
    anna, bob = await two(arrives, encrypted=encrypted)
    answers = [{"id": name, "org.matrix.msc1767.text": name * 2} for name in ("x", "y")]
    question = {"question": {"org.matrix.msc1767.text": "Which?"}, "answers": answers}
    await bob.sends(f"{POLL}.start", {f"{POLL}.start": question})
    poll = await anna.hears("Which?", "yy")
    await anna.votes("yy", poll)
    await anna.taps("1️⃣", poll.event)
    vote = await bob.sees(lambda heard: heard.kind == f"{POLL}.response", "a vote")
    tap = await bob.sees(lambda heard: heard.kind == "m.reaction", "a tap")
    assert (vote.content[f"{POLL}.response"], vote.encrypted) == ({"answers": ["y"]}, encrypted)
    assert (tap.relation["event_id"], tap.relation["key"], tap.encrypted) == (poll.event, "1️⃣", False)


async def test_what_is_said_raw_is_never_encrypted(arrives: Arrives, encrypted: bool) -> None:
    anna, bob = await two(arrives, encrypted=encrypted)
    event = await anna.raw("org.example.odd", {"body": 1})
    assert await bob.sees(lambda heard: heard.event == event, "it") == Heard(
        event, anna.user, "org.example.odd", {"body": 1}, encrypted=False
    )


async def test_lost_keys_make_it_unreadable_until_they_are_found(arrives: Arrives) -> None:
    anna, bob = await two(arrives, encrypted=True)
    anna.loses_keys()
    lost = await anna.says("one")
    heard = await bob.sees(lambda heard: heard.event == lost, "it")
    assert (heard.kind, heard.encrypted, heard.body) == ("m.room.encrypted", False, "")
    anna.finds_keys()
    await anna.says("two")
    assert (await bob.hears()).body == "two"


async def test_what_was_said_in_plain_stands_in_a_room_that_is_encrypted_later(arrives: Arrives) -> None:
    anna, bob = await two(arrives, encrypted=False)
    await anna.says("one")
    await anna.encrypts()
    await anna.says("two")
    assert [(await bob.hears(word)).encrypted for word in ("one", "two")] == [False, True]


async def test_a_server_that_was_away_goes_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Synapse(tmp_path_factory.mktemp("own")) as own:
        user = own.register("anna")
        own.restart()
        assert own.ask("GET", "/_matrix/client/v3/account/whoami", token=own.sign_in(user))["user_id"] == user


async def test_limits_are_its_own_where_they_are_wanted(tmp_path_factory: pytest.TempPathFactory) -> None:
    few = {"per_second": 0.001, "burst_count": 2}  # making a room counts as one
    with Synapse(tmp_path_factory.mktemp("own"), limits=True, rc_message=few) as own:
        token = own.sign_in(own.register("anna"))
        room = own.ask("POST", "/_matrix/client/v3/createRoom", {}, token=token)["room_id"]
        send = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/"
        own.ask("PUT", f"{send}1", {"msgtype": "m.text", "body": ""}, token=token)
        with pytest.raises(AssertionError, match=r"429 .*M_LIMIT_EXCEEDED.*retry_after_ms"):
            own.ask("PUT", f"{send}2", {"msgtype": "m.text", "body": ""}, token=token)
