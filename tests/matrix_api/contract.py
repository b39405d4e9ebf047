"""What a bot may rely on, of any homeserver: this one keeps to it, and so does a real Synapse (`tests/matrix`).

What is not the same on both is worth nothing as a test of what will be.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Self

import aiohttp
import pytest

from tests.matrix_api.limits import Json

ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
HELLO = {"msgtype": "m.notice", "body": "Cześć"}
TOO_MANY = 429
_transactions = count(1)


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody's device, and the plainest way to ask."""

    session: aiohttp.ClientSession
    url: str
    user: str = ""
    token: str = ""

    async def asks(self, method: str, path: str, body: object = None, *, raw: bytes | None = None) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = raw if body is None else json.dumps(body).encode()
        async with self.session.request(method, self.url + path, headers=headers, data=data) as response:
            return response.status, await response.json()

    async def gets(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of an answer that has to be 200; waits where it is asked to."""
        status, answer = await self.asks(method, f"/_matrix/client/v3/{path}", body)
        while status == TOO_MANY:
            await asyncio.sleep(answer["retry_after_ms"] / 1000)
            status, answer = await self.asks(method, f"/_matrix/client/v3/{path}", body)
        assert status == 200, answer
        return answer

    async def is_refused(
        self, method: str, path: str, body: object = None, *, raw: bytes | None = None
    ) -> tuple[int, str]:
        """Status and code of an answer that says no."""
        status, answer = await self.asks(method, f"/_matrix/client/v3/{path}", body, raw=raw)
        return status, answer["errcode"]

    async def signs_in(self, name: str, password: str, device: str) -> Self:
        """The same, for an account."""
        given = {"identifier": {"type": "m.id.user", "user": name}, "password": password, "device_id": device}
        answer = await self.gets("POST", "login", {"type": "m.login.password", **given})
        assert answer["device_id"] == device
        return replace(self, user=answer["user_id"], token=answer["access_token"])

    # --- in short

    async def says(self, room: str, txn: str | None = None, body: object = None) -> str:
        """Send something; returns the event's name."""
        txn = txn or f"own-{next(_transactions)}"
        answer = await self.gets("PUT", f"rooms/{room}/send/m.room.message/{txn}", body or HELLO)
        return str(answer["event_id"])

    async def syncs(
        self, since: str | None = None, *, timeout_ms: int = 0, limit: int = 50, full: bool = False
    ) -> Json:
        """One sync."""
        query = f"timeout={timeout_ms}&filter={json.dumps({'room': {'timeline': {'limit': limit}}})}"
        query += f"&since={since}" if since else ""
        answer: Json = await self.gets("GET", f"sync?{query}{'&full_state=true' if full else ''}")
        return answer

    async def asks_in(self, other: "Client", *states: Json) -> str:
        """A room for two, to which the other is invited."""
        wanted = {"is_direct": True, "preset": "trusted_private_chat", "invite": [other.user], "initial_state": states}
        return str((await self.gets("POST", "createRoom", wanted))["room_id"])


@asynccontextmanager
async def clients(url: str) -> AsyncIterator[Client]:
    """Nobody's yet; signs in as anybody."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, url)


def kinds(events: Sequence[Json]) -> list[str]:
    """The types of events."""
    return [event["type"] for event in events]


def bodies(events: Sequence[Json]) -> list[str]:
    """What messages say."""
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


class Contract:
    """The tests. Whoever runs them brings `nobody` (a client), `bot` and `anna`, both signed in."""

    @pytest.fixture
    async def room(self, bot: Client, anna: Client) -> str:
        """A room of the two."""
        room = await anna.asks_in(bot)
        await bot.gets("POST", f"join/{room}", {})
        return room

    # --- who asks

    async def test_whoever_is_not_known_is_turned_away(self, nobody: Client, bot: Client) -> None:
        given = {"identifier": {"type": "m.id.user", "user": bot.user}, "password": "wrong"}
        asked = "POST", "login", {"type": "m.login.password", **given}
        assert await nobody.is_refused(*asked) == (403, "M_FORBIDDEN")
        assert await nobody.is_refused("POST", "login", {"type": "m.login.token"}) == (400, "M_UNKNOWN")
        assert await nobody.is_refused("GET", "account/whoami") == (401, "M_MISSING_TOKEN")
        stranger = replace(nobody, token="made-up")
        assert await stranger.is_refused("GET", "sync") == (401, "M_UNKNOWN_TOKEN")
        assert (await bot.gets("GET", "account/whoami"))["user_id"] == bot.user

    async def test_paths_that_are_not_there_are_said_to_be_none(self, bot: Client) -> None:
        assert await bot.is_refused("GET", "nonsense") == (404, "M_UNRECOGNIZED")
        assert await bot.is_refused("DELETE", "account/whoami") == (405, "M_UNRECOGNIZED")

    # --- saying something

    @pytest.mark.parametrize(
        ("raw", "refusal"),
        [
            (b"{no", (400, "M_NOT_JSON")),
            (b"[1]", (400, "M_BAD_JSON")),
            (b"{}", (400, "M_UNKNOWN")),
            (b'{"msgtype": "m.notice"}', (400, "M_UNKNOWN")),
            (b'{"msgtype": "m.notice", "body": 1}', (400, "M_UNKNOWN")),
            (b'{"msgtype": "m.notice", "body": "x", "n": 1.5}', (400, "M_BAD_JSON")),
            (b'{"msgtype": "m.notice", "body": "x", "n": [{"m": 9007199254740992}]}', (400, "M_BAD_JSON")),
            (json.dumps({"msgtype": "m.notice", "body": "x" * 65_536}).encode(), (413, "M_TOO_LARGE")),
        ],
    )
    async def test_messages_are_held_to_the_rules(
        self, bot: Client, room: str, raw: bytes, refusal: tuple[int, str]
    ) -> None:
        assert await bot.is_refused("PUT", f"rooms/{room}/send/m.room.message/bad", raw=raw) == refusal

    async def test_what_the_rules_allow_passes(self, bot: Client, room: str) -> None:
        for content in ({"msgtype": "m.text", "body": ""}, {**HELLO, "n": 2**53 - 1}, {**HELLO, "body": "x" * 60_000}):
            await bot.says(room, body=content)

    async def test_the_same_transaction_of_a_device_in_a_room_is_the_same_event(
        self, bot: Client, anna: Client
    ) -> None:
        room, other = [await anna.asks_in(bot) for _ in range(2)]
        for one in (room, other):
            await bot.gets("POST", f"join/{one}", {})
        first = await bot.says(room, "t1")
        again = [await bot.says(room, "t1", {**HELLO, "body": "etwas"}) for _ in range(3)]
        at_once = await asyncio.gather(*(bot.says(room, "t2") for _ in range(8)))
        assert set(again) == {first}
        assert len({first, await bot.says(other, "t1"), await anna.says(room, "t1"), *at_once}) == 4
        seen = (await bot.gets("GET", f"rooms/{room}/messages?dir=b&limit=50"))["chunk"]
        assert bodies([event for event in seen if event["sender"] == bot.user]) == ["Cześć"] * 2
        found = await bot.gets("GET", f"rooms/{room}/event/{first}")
        assert found["unsigned"]["transaction_id"] == "t1"
        assert "transaction_id" not in (await anna.gets("GET", f"rooms/{room}/event/{first}"))["unsigned"]

    async def test_a_refused_transaction_may_be_used_again(self, bot: Client, room: str) -> None:
        path = f"rooms/{room}/send/m.room.message/t1"
        assert await bot.is_refused("PUT", path, {"msgtype": "m.notice"}) == (400, "M_UNKNOWN")
        assert (await bot.gets("PUT", path, HELLO))["event_id"]

    async def test_who_is_not_in_a_room_says_nothing_there(self, bot: Client, anna: Client) -> None:
        room = await anna.asks_in(bot)
        for name in (room, "!never-heard-of", "nonsense"):
            assert await bot.is_refused("PUT", f"rooms/{name}/send/m.room.message/t1", HELLO) == (403, "M_FORBIDDEN")
        assert await bot.is_refused("GET", f"rooms/{room}/joined_members") == (403, "M_FORBIDDEN")
        assert await bot.is_refused("GET", f"rooms/{room}/messages?dir=b") == (403, "M_FORBIDDEN")

    async def test_a_reaction_stands_once(self, bot: Client, anna: Client, room: str) -> None:
        event = await anna.says(room)
        mark = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": "1️⃣"}}
        await bot.gets("PUT", f"rooms/{room}/send/m.reaction/r1", mark)
        assert await bot.is_refused("PUT", f"rooms/{room}/send/m.reaction/r2", mark) == (400, "M_DUPLICATE_ANNOTATION")

    async def test_what_is_redacted_is_empty(self, bot: Client, anna: Client, room: str) -> None:
        event = await bot.says(room)
        since = (await anna.syncs())["next_batch"]
        await bot.gets("PUT", f"rooms/{room}/redact/{event}/r1", {})
        assert (await anna.gets("GET", f"rooms/{room}/event/{event}"))["content"] == {}
        [told] = (await anna.syncs(since))["rooms"]["join"][room]["timeline"]["events"]
        assert (told["type"], told["content"]["redacts"]) == ("m.room.redaction", event)

    # --- being there

    async def test_an_invitation_is_shown_once_and_says_what_it_is(self, bot: Client, anna: Client) -> None:
        since = (await bot.syncs())["next_batch"]
        room = await anna.asks_in(bot, ENCRYPTION)
        told = await bot.syncs(since)
        shown = told["rooms"]["invite"][room]["invite_state"]["events"]
        [own] = [event for event in shown if event.get("state_key") == bot.user]
        assert (own["sender"], own["content"]["is_direct"]) == (anna.user, True)
        assert {"m.room.create", "m.room.encryption", "m.room.member"} <= set(kinds(shown))
        assert room not in (await bot.syncs(told["next_batch"])).get("rooms", {}).get("invite", {})
        assert room not in (await bot.syncs(told["next_batch"], full=True)).get("rooms", {}).get("invite", {})
        assert room in (await bot.syncs())["rooms"]["invite"]

    async def test_joining_shows_the_room_from_its_beginning(self, bot: Client, anna: Client) -> None:
        since = (await bot.syncs())["next_batch"]
        room = await anna.asks_in(bot)
        for _ in range(2):
            assert await bot.gets("POST", f"rooms/{room}/join", {}) == {"room_id": room}
        told = (await bot.syncs(since))["rooms"]["join"][room]
        assert kinds(told["timeline"]["events"])[0] == "m.room.create"
        assert told["timeline"]["events"][-1]["state_key"] == bot.user
        members = await bot.gets("GET", f"rooms/{room}/joined_members")
        assert set(members["joined"]) == {bot.user, anna.user}
        assert await bot.is_refused("POST", "join/!never:heard.of", {}) == (404, "M_UNKNOWN")

    async def test_a_room_that_was_left_is_told_once(self, bot: Client, anna: Client, room: str) -> None:
        since = (await bot.syncs())["next_batch"]
        for _ in range(2):
            assert await bot.gets("POST", f"rooms/{room}/leave", {"reason": "bye"}) == {}
        told = await bot.syncs(since)
        assert list(told["rooms"]) == ["leave"]
        assert told["rooms"]["leave"][room]["timeline"]["events"][-1]["content"]["membership"] == "leave"
        assert "rooms" not in await bot.syncs(told["next_batch"])
        assert await bot.is_refused("PUT", f"rooms/{room}/send/m.room.message/late", HELLO) == (403, "M_FORBIDDEN")
        assert await bot.is_refused("POST", "rooms/!never-heard-of/leave", {}) == (404, "M_UNKNOWN")
        await anna.says(room)
        assert "rooms" not in await bot.syncs(told["next_batch"])

    async def test_a_room_is_forgotten_after_it_is_left(self, bot: Client, room: str) -> None:
        assert await bot.is_refused("POST", f"rooms/{room}/forget", {}) == (400, "M_UNKNOWN")
        await bot.gets("POST", f"rooms/{room}/leave", {})
        assert await bot.gets("POST", f"rooms/{room}/forget", {}) == {}

    async def test_who_leaves_is_seen_to(self, bot: Client, anna: Client, room: str) -> None:
        since = (await bot.syncs())["next_batch"]
        await anna.gets("POST", f"rooms/{room}/leave", {})
        [left] = (await bot.syncs(since))["rooms"]["join"][room]["timeline"]["events"]
        assert (left["state_key"], left["content"]["membership"]) == (anna.user, "leave")
        assert set((await bot.gets("GET", f"rooms/{room}/joined_members"))["joined"]) == {bot.user}
        here = (await bot.gets("GET", f"rooms/{room}/members?not_membership=leave"))["chunk"]
        assert [event["state_key"] for event in here] == [bot.user]

    # --- reading

    async def test_a_token_is_good_as_often_as_it_is_used(self, bot: Client, anna: Client, room: str) -> None:
        since = (await bot.syncs())["next_batch"]
        await anna.says(room, body={"msgtype": "m.text", "body": "raz"})
        first, again = await bot.syncs(since), await bot.syncs(since)
        assert first["rooms"]["join"][room]["timeline"] == {
            **again["rooms"]["join"][room]["timeline"],
            "events": first["rooms"]["join"][room]["timeline"]["events"],
        }
        assert bodies(again["rooms"]["join"][room]["timeline"]["events"]) == ["raz"]
        assert "rooms" not in await bot.syncs(first["next_batch"])

    async def test_what_does_not_fit_is_read_on_backwards(self, bot: Client, anna: Client, room: str) -> None:
        since = (await bot.syncs())["next_batch"]
        for number in range(9):
            await anna.says(room, body={"msgtype": "m.text", "body": str(number)})
        timeline = (await bot.syncs(since, limit=3))["rooms"]["join"][room]["timeline"]
        assert (timeline["limited"], bodies(timeline["events"])) == (True, ["6", "7", "8"])
        path, start = f"rooms/{room}/messages?dir=b&limit=4&to={since}&from=", timeline["prev_batch"]
        first = await bot.gets("GET", path + start)
        assert bodies(first["chunk"]) == ["5", "4", "3", "2"]
        assert bodies((await bot.gets("GET", path + first["end"]))["chunk"]) == ["1", "0"]

    async def test_backwards_ends_at_the_beginning(self, bot: Client, room: str) -> None:
        path, read = f"rooms/{room}/messages?dir=b&limit=5", list[str]()
        answer = await bot.gets("GET", path)
        while "end" in answer:
            read += kinds(answer["chunk"])
            answer = await bot.gets("GET", f"{path}&from={answer['end']}")
        assert (read[0], read[-1], answer["chunk"]) == ("m.room.member", "m.room.create", [])

    async def test_full_state_tells_of_every_room_again(self, bot: Client, anna: Client, room: str) -> None:
        since = (await bot.syncs())["next_batch"]
        await anna.says(room)
        told = (await bot.syncs(since, full=True))["rooms"]["join"][room]
        assert kinds(told["timeline"]["events"]) == ["m.room.message"]
        members = {event["state_key"] for event in told["state"]["events"] if event["type"] == "m.room.member"}
        assert members == {bot.user, anna.user}

    async def test_a_filter_says_what_is_wanted(self, bot: Client, room: str) -> None:
        await bot.gets("PUT", f"user/{bot.user}/account_data/test.kept", {})
        wanted = {"timeline": {"limit": 1}, "state": {"types": ["m.room.member"]}}
        told = await bot.gets(
            "GET", f"sync?filter={json.dumps({'account_data': {'not_types': ['*']}, 'room': wanted})}"
        )
        assert told.get("account_data", {}).get("events", []) == []
        assert set(kinds(told["rooms"]["join"][room]["state"]["events"])) == {"m.room.member"}

    async def test_whose_words_are_not_wanted_are_left_out(self, bot: Client, anna: Client, room: str) -> None:
        since = (await bot.syncs())["next_batch"]
        wanted = json.dumps({"room": {"timeline": {"not_senders": [bot.user]}}})
        await bot.says(room)
        told = await bot.gets("GET", f"sync?since={since}&filter={wanted}")
        assert room not in told.get("rooms", {}).get("join", {})
        said = await anna.says(room)
        await bot.says(room)
        told = await bot.gets("GET", f"sync?since={told['next_batch']}&filter={wanted}")
        timeline = told["rooms"]["join"][room]["timeline"]
        assert [event["event_id"] for event in timeline["events"]] == [said]
        assert not timeline["limited"]

    async def test_a_sync_waits_for_what_comes(self, bot: Client, anna: Client, room: str) -> None:
        since = (await bot.syncs())["next_batch"]
        waiting = asyncio.create_task(bot.syncs(since, timeout_ms=30_000))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await anna.says(room)
        assert bodies((await waiting)["rooms"]["join"][room]["timeline"]["events"]) == ["Cześć"]

    @pytest.mark.parametrize(
        ("path", "refusal"),
        [
            ("sync?since=zzz", (400, "M_UNKNOWN")),
            ("sync?timeout=soon", (400, "M_INVALID_PARAM")),
            ("sync?filter={no", (400, "M_NOT_JSON")),
            ("rooms/ROOM/messages?dir=x", (400, "M_INVALID_PARAM")),
            ("rooms/ROOM/messages?dir=b&from=zzz", (400, "M_UNKNOWN")),
            ("rooms/ROOM/state/m.room.encryption", (404, "M_NOT_FOUND")),
            ("rooms/ROOM/event/$none", (404, "M_NOT_FOUND")),
            ("user/USER/account_data/m.direct", (404, "M_NOT_FOUND")),
        ],
    )
    async def test_what_cannot_be_read_is_refused(
        self, bot: Client, room: str, path: str, refusal: tuple[int, str]
    ) -> None:
        assert await bot.is_refused("GET", path.replace("ROOM", room).replace("USER", bot.user)) == refusal

    async def test_state_is_what_was_said_last(self, bot: Client, anna: Client) -> None:
        room = await anna.asks_in(bot, ENCRYPTION)
        await bot.gets("POST", f"join/{room}", {})
        assert await bot.gets("GET", f"rooms/{room}/state/m.room.encryption") == ENCRYPTION["content"]
        member = await bot.gets("GET", f"rooms/{room}/state/m.room.member/{anna.user}")
        assert member["membership"] == "join"

    # --- the rest

    async def test_small_signs_are_taken(self, bot: Client, anna: Client, room: str) -> None:
        event = await anna.says(room)
        for typing in (True, False):
            asked = {"typing": typing, "timeout": 3_000}
            assert await bot.gets("PUT", f"rooms/{room}/typing/{bot.user}", asked) == {}
        assert await bot.is_refused("PUT", f"rooms/{room}/typing/{anna.user}", {"typing": True}) == (400, "M_FORBIDDEN")
        assert await bot.gets("POST", f"rooms/{room}/receipt/m.read/{event}", {}) == {}
        assert await bot.is_refused("POST", f"rooms/{room}/receipt/m.liked/{event}", {}) == (400, "M_UNKNOWN")
        assert await bot.gets("POST", f"rooms/{room}/read_markers", {"m.fully_read": event, "m.read": event}) == {}

    async def test_what_an_account_keeps_is_told_to_it_once(self, bot: Client) -> None:
        since = (await bot.syncs())["next_batch"]
        path, kept = f"user/{bot.user}/account_data/test.kept", {"some": ["thing"]}
        await bot.gets("PUT", path, kept)
        assert await bot.gets("GET", path) == kept
        told = await bot.syncs(since)
        assert told["account_data"]["events"] == [{"type": "test.kept", "content": kept}]
        assert "account_data" not in await bot.syncs(told["next_batch"])

    async def test_files_come_back_as_they_went(self, bot: Client) -> None:
        status, stored = await bot.asks("POST", "/_matrix/media/v3/upload?filename=a.png", raw=b"\x89PNG")
        assert status == 200
        path = "/_matrix/client/v1/media/download/" + stored["content_uri"].removeprefix("mxc://")
        headers = {"Authorization": f"Bearer {bot.token}"}
        async with bot.session.get(bot.url + path, headers=headers) as response:
            assert await response.read() == b"\x89PNG"

    async def test_keys_that_are_uploaded_are_counted_and_given_away_once(self, bot: Client, anna: Client) -> None:
        key = {"signed_curve25519:AAAAAA": {"key": "k" * 43, "signatures": {bot.user: {"ed25519:BOT": "s"}}}}
        answer = await bot.gets("POST", "keys/upload", {"one_time_keys": key})
        assert answer == {"one_time_key_counts": {"signed_curve25519": 1}}
        assert (await bot.syncs())["device_one_time_keys_count"]["signed_curve25519"] == 1
        asked = {"one_time_keys": {bot.user: {"BOT": "signed_curve25519"}}}
        assert (await anna.gets("POST", "keys/claim", asked))["one_time_keys"] == {bot.user: {"BOT": key}}
        assert (await anna.gets("POST", "keys/claim", asked))["one_time_keys"] == {}
        queried = await anna.gets("POST", "keys/query", {"device_keys": {bot.user: []}})
        assert queried["device_keys"] == {bot.user: {}}
