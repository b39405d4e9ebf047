"""What is asked of rooms, and what it does to them."""

from collections.abc import Callable

from tests.matrix_api import limits, sync
from tests.matrix_api.calls import Call, Endpoint, Media, at
from tests.matrix_api.limits import Json, Refused
from tests.matrix_api.state import MEMBER, SERVER, Room, World

RECEIPTS = ("m.fully_read", "m.read.private", "m.read")


class Rooms:
    """Saying something, looking, coming and going. `/sync` waits for news, which is the server's work."""

    def __init__(self, world: World) -> None:
        self.world = world
        v3, v1 = "client/v3/", "client/v1/"
        self.table: tuple[Endpoint, ...] = (
            at("send", "PUT", v3 + "rooms/{room}/send/{kind}/{txn}", self._send, limited=True),
            at("sync", "GET", v3 + "sync", self._sync),
            at("typing", "PUT", v3 + "rooms/{room}/typing/{user}", self._typing),
            at("receipt", "POST", v3 + "rooms/{room}/receipt/{kind}/{event}", self._receipt),
            at("markers", "POST", v3 + "rooms/{room}/read_markers", self._markers),
            at("redact", "PUT", v3 + "rooms/{room}/redact/{event}/{txn}", self._redact, limited=True),
            at("messages", "GET", v3 + "rooms/{room}/messages", self._messages),
            at("joined_members", "GET", v3 + "rooms/{room}/joined_members", self._joined_members),
            at("members", "GET", v3 + "rooms/{room}/members", self._members),
            at("state", "GET", v3 + "rooms/{room}/state", self._all_state),
            at("state", "GET", v3 + "rooms/{room}/state/{kind}", self._state),
            at("state", "GET", v3 + "rooms/{room}/state/{kind}/{key}", self._state),
            at("set_state", "PUT", v3 + "rooms/{room}/state/{kind}", self._set_state, limited=True),
            at("set_state", "PUT", v3 + "rooms/{room}/state/{kind}/{key}", self._set_state, limited=True),
            at("event", "GET", v3 + "rooms/{room}/event/{event}", self._event),
            at("create", "POST", v3 + "createRoom", self._create),
            at("join", "POST", v3 + "join/{room}", self._join),
            at("join", "POST", v3 + "rooms/{room}/join", self._join),
            at("leave", "POST", v3 + "rooms/{room}/leave", self._leave),
            at("forget", "POST", v3 + "rooms/{room}/forget", self._forget),
            at("joined_rooms", "GET", v3 + "joined_rooms", self._joined_rooms),
            at("upload", "POST", "media/v3/upload", self._upload),
            at("download", "GET", v1 + "media/download/{server}/{file}", self._download),
            at("download", "GET", v1 + "media/download/{server}/{file}/{name}", self._download),
            at("media_config", "GET", v1 + "media/config", lambda _: {"m.upload.size": 52_428_800}),
        )

    # --- saying

    def _send(self, call: Call) -> Json:
        return self._once(call, lambda room, sent_in: self._said(call, room, sent_in))

    def _said(self, call: Call, room: Room, sent_in: tuple[str, str, str]) -> str:
        kind = call.path["kind"]
        limits.event(kind, call.body)
        relation = call.body.get("m.relates_to", {})
        if relation.get("rel_type") == "m.annotation":
            mark = (call.user, relation["event_id"], relation["key"])
            if mark in room.reactions:
                raise Refused(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")
            room.reactions.add(mark)
        return self.world.put(room, call.user, kind, call.body, sent_in=sent_in).id

    def _redact(self, call: Call) -> Json:
        def redacted(room: Room, sent_in: tuple[str, str, str]) -> str:
            target = call.path["event"]
            content = {**call.body, "redacts": target}
            event = self.world.put(room, call.user, "m.room.redaction", content, redacts=target, sent_in=sent_in)
            self.world.redact(room, target, event)
            return event.id

        return self._once(call, redacted)

    def _once(self, call: Call, happen: Callable[[Room, tuple[str, str, str]], str]) -> Json:
        """Let something happen, unless this device's transaction has happened in this room."""
        sent_in = (call.user, call.device, call.path["txn"])
        key = (call.path["room"], *sent_in)
        if key in self.world.sent:
            self.world.repeated += 1
        else:
            self.world.sent[key] = happen(self.world.room(call.path["room"], call.user), sent_in)
        return {"event_id": self.world.sent[key]}

    def _set_state(self, call: Call) -> Json:
        room, kind = self.world.room(call.path["room"], call.user), call.path["kind"]
        limits.event(kind, call.body)
        return {"event_id": self.world.put(room, call.user, kind, call.body, state_key=call.path.get("key", "")).id}

    # --- looking

    def _sync(self, call: Call) -> Json:
        told, _ = sync.answer(self.world, sync.asked(self.world.accounts[call.user], call.device, call.query))
        return told

    def _messages(self, call: Call) -> Json:
        room = self.world.room(call.path["room"], call.user)
        return sync.messages(self.world, room, call.user, call.device, call.query)

    def _joined_members(self, call: Call) -> Json:
        room = self.world.room(call.path["room"], call.user)
        accounts = [self.world.accounts[name] for name in room.those("join")]
        return {"joined": {one.name: {"avatar_url": None, "display_name": one.display_name} for one in accounts}}

    def _members(self, call: Call) -> Json:
        room = self.world.room(call.path["room"], call.user, "join", "leave")
        members = [event.json for (kind, _), event in room.state.items() if kind == MEMBER]
        unwanted = call.query.get("not_membership")
        wanted = [event for event in members if event["content"]["membership"] != unwanted]
        return {"chunk": [{**event, "room_id": room.id} for event in wanted]}

    def _all_state(self, call: Call) -> list[Json]:
        room = self.world.room(call.path["room"], call.user)
        return [{**event.json, "room_id": room.id} for event in room.state.values()]

    def _state(self, call: Call) -> Json:
        room = self.world.room(call.path["room"], call.user)
        event = room.state.get((call.path["kind"], call.path.get("key", "")))
        if event is None:
            raise Refused(404, "M_NOT_FOUND", "Event not found.")
        content: Json = event.json["content"]
        return content

    def _event(self, call: Call) -> Json:
        room = self.world.room(call.path["room"], call.user)
        for event in room.events:
            if event.id == call.path["event"]:
                return {**event.shown(call.user, call.device), "room_id": room.id}
        raise Refused(404, "M_NOT_FOUND", "Event not found.")

    # --- being there

    def _create(self, call: Call) -> Json:
        more = [(one["type"], one["content"]) for one in call.body.get("initial_state", [])]
        room = self.world.make_room(self.world.accounts[call.user], more=more)
        for name in call.body.get("invite", []):
            account = self.world.accounts[name]
            self.world.invite(room, call.user, account, direct=call.body.get("is_direct", False))
        return {"room_id": room.id}

    def _join(self, call: Call) -> Json:
        room = self.world.rooms.get(call.path["room"])
        if room is None or room.membership(call.user) not in ("join", "invite"):
            words = "Can't join remote room because no servers that are in the room have been provided."
            raise Refused(404, "M_UNKNOWN", words)
        if room.membership(call.user) == "invite":
            self.world.enter(room, self.world.accounts[call.user])
        return {"room_id": room.id}

    def _leave(self, call: Call) -> Json:
        room = self.world.rooms.get(call.path["room"])
        if room is None or (MEMBER, call.user) not in room.state:
            raise Refused(404, "M_UNKNOWN", "Not a known room")
        if room.membership(call.user) in ("join", "invite"):
            reason = {"reason": call.body["reason"]} if "reason" in call.body else {}
            self.world.put(room, call.user, MEMBER, {"membership": "leave", **reason}, state_key=call.user)
        return {}

    def _forget(self, call: Call) -> Json:
        room = self.world.rooms.get(call.path["room"])
        if room is None or room.membership(call.user) in ("join", "invite"):
            raise Refused(400, "M_UNKNOWN", f"User {call.user} is in room {call.path['room']}")
        return {}

    def _joined_rooms(self, call: Call) -> Json:
        return {"joined_rooms": [room.id for room in self.world.rooms.values() if room.membership(call.user) == "join"]}

    def _typing(self, call: Call) -> Json:
        if call.path["user"] != call.user:
            raise Refused(400, "M_FORBIDDEN", "Cannot set another user's typing state")
        room = self.world.room(call.path["room"], call.user)
        (room.typing.add if call.body["typing"] else room.typing.discard)(call.user)
        return {}

    def _receipt(self, call: Call) -> Json:
        if call.path["kind"] not in RECEIPTS:
            raise Refused(400, "M_UNKNOWN", f"Receipt type must be {', '.join(RECEIPTS)}")
        if (room := self.world.rooms.get(call.path["room"])) and room.membership(call.user) == "join":
            room.read[call.user] = call.path["event"]
        return {}

    def _markers(self, call: Call) -> Json:
        for kind, event in call.body.items():
            self._receipt(Call(call.user, call.device, {**call.path, "kind": kind, "event": event}, {}, {}))
        return {}

    # --- files

    def _upload(self, call: Call) -> Json:
        name = self.world.name()[:24]
        self.world.media[name] = (call.raw, call.media_type)
        return {"content_uri": f"mxc://{SERVER}/{name}"}

    def _download(self, call: Call) -> Media:
        if call.path["server"] != SERVER or call.path["file"] not in self.world.media:
            raise Refused(404, "M_NOT_FOUND", "Not found")
        return Media(*self.world.media[call.path["file"]])
