"""Every conversation of the transcripts, held in a Matrix room: by numbers, by words, by reactions.

The dialogue, its database and the channel are the real ones. Buttons are pressed as people do it here: the number of a
choice, its letter or words, a reaction; on an older screen, in answer to it. What cannot be done in a room goes
straight to the engine, and its screen is shown unasked: a forged code, a button of a screen that is no longer kept, and
what happens in another channel.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.library import Library
from bot.channels.matrix import choices, polls
from bot.channels.matrix.channel import MatrixChannel
from bot.channels.matrix.choices import letter_of
from bot.dialogue.actions import encode
from bot.dialogue.engine import Engine
from bot.domain.messages import Command, Event, Input, Other, Press, Reply, Screen, Start, Text
from bot.domain.residents import Address
from bot.storage import matrix
from bot.storage.matrix import Shown
from tests.channels.matrix import html
from tests.channels.matrix import world as channel_world
from tests.channels.matrix.test_every_screen import _bare, _pieces
from tests.channels.matrix.world import ANNA
from tests.dialogue.transcript import FOLDER, Replay
from tests.dialogue.world import Person, World, buttons, load_small, open_world

FILES = sorted(FOLDER.glob("*.txt"))
MOST_TAPS = 9
TEXT = "org.matrix.msc1767.text"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return load_small(tmp_path_factory.mktemp("content"))


@dataclass
class Witness:
    """The engine, and what it was told and answered."""

    engine: Engine
    language: str
    """What a client of another channel says; a Matrix client says nothing of it."""
    event: Event | None = None
    replies: list[Reply] = field(default_factory=list)

    async def turn(self, event: Event) -> Reply:
        self.event = replace(event, language=self.language)
        self.replies.append(await self.engine.turn(self.event))
        return self.replies[-1]

    async def left(self, address: Address) -> None:
        await self.engine.left(address)

    async def returned(self, address: Address) -> None:
        await self.engine.returned(address)

    async def moved(self, old: Address, new: Address) -> None:
        await self.engine.moved(old, new)


# --- how somebody chooses: what they do with the screen that offers a code, in answer to it if it is not the last


@dataclass(frozen=True)
class Choice:
    """The choice of a code on a screen; `about` is the screen's event where it is not the last."""

    number: int
    label: str
    code: str
    shown: Shown
    about: str | None


def by_number(client: channel_world.Person, choice: Choice) -> None:
    client.says(str(choice.number), about=choice.about)


def by_words(client: channel_world.Person, choice: Choice) -> None:
    """By its letter, or its words; by its number where these do not choose (a text is awaited, or two are alike)."""
    typed = (letter_of(choice.label) or choice.label).lower()
    fits = choices.press_of(typed, choice.shown.choices, awaits=choice.shown.awaits) == choice.code
    client.says(typed if fits else str(choice.number), about=choice.about)


def by_reaction(client: channel_world.Person, choice: Choice) -> None:
    if choice.number > MOST_TAPS or choice.shown.event is None:
        by_number(client, choice)
    else:
        client.taps(choice.number, choice.shown.event)


Way = Callable[[channel_world.Person, Choice], None]


@dataclass
class Resident(Person):
    """A person of the transcripts, in a Matrix room."""

    client: channel_world.Person = field(kw_only=True)
    channel: MatrixChannel = field(kw_only=True)
    witness: Witness = field(kw_only=True)
    way: Way = field(kw_only=True)
    direct: int = 0
    """Inputs that could not be given in a room."""

    async def gives(self, given: Input) -> Screen:
        if self.address.channel != "matrix" or not await self._does(given):
            self.direct += 1
            screen = await super().gives(given)
            if self.address.channel == "matrix":
                await self.is_told(self.replies[-1])
            return screen
        await self.client.world.done()
        self.event = self.witness.event
        self.replies.append(self.witness.replies[-1])
        await self.sees(self.replies[-1])
        return self.screen

    async def _does(self, given: Input) -> bool:
        """Do it in the room, if it can be done there."""
        self.world.clock.move(seconds=1)
        said = len(self.witness.replies)
        alike: list[Input] = [given]
        match given:
            case Press(code):
                choice = await self._choice(code)
                if choice is None:
                    self.world.clock.move(seconds=-1)
                    return False
                self.way(self.client, choice)
            case Start(parameter):
                self.client.says(f"!start {parameter}".strip())
            case Command(name, arguments):
                alike = [Command(name.lower(), arguments)]
                self.client.says(f"!{name} {arguments}".strip())
            case Text(text):  # the words of a choice choose it
                alike += [Press(encode(one.action)) for one in buttons(self.screen)] if self.replies else []
                self.client.says(text)
            case Other():
                self.client.sends("m.room.message", {"msgtype": "m.image", "body": "x.png", "url": "mxc://a/b"})
        await self.client.world.done()
        assert len(self.witness.replies) == said + 1, given
        assert self.witness.event
        assert self.witness.event.input in alike
        return True

    async def _choice(self, code: str) -> Choice | None:
        """Where a code can be chosen: on the newest screen, or on one that is still kept."""
        async with self.world.database.read() as conn:
            newest = await matrix.newest_screen(conn, self.client.room)
            older = [await matrix.screen_at(conn, self.client.room, event) for event, _ in reversed(self.client.seen)]
        for shown in (newest, *older):
            for number, (one, label) in enumerate(shown.choices if shown else (), start=1):
                if one == code and shown:
                    return Choice(number, label, code, shown, None if shown == newest else shown.event)
        return None

    async def is_told(self, reply: Reply) -> None:
        """Something that the bot says unasked; nobody is told anything who was just erased."""
        async with self.world.database.read() as conn:
            if await matrix.room_of(conn, ANNA) is None:
                return
        key = f"told:{len(self.replies)}:{self.client.world.server.place}"
        await self.channel.send(self.address, reply.language, reply.screen, key=key)
        await self.client.world.done()
        await self.sees(reply)

    async def sees(self, reply: Reply) -> None:
        """What came last in the room says what the reply says, and offers the same choices in the same order."""
        codes = [encode(one.action) for one in buttons(reply.screen)]
        async with self.world.database.read() as conn:
            newest = await matrix.newest_screen(conn, self.client.room)
        if codes and not reply.forgotten:
            assert newest
            assert [code for code, _ in newest.choices] == codes
        shown = [one for one in self.client.world.server.shown(self.client.room) if one.kind != "m.reaction"]
        content: dict[str, Any] = dict(shown[-1].content)
        if shown[-1].kind == polls.START:
            assert all(_bare(one) in _bare(content[TEXT]) for one in _pieces(Reply(*_asked(reply)), self.world.library))
            return
        content = content.get("m.new_content", content)
        for form in (_bare(content["body"]), _bare(html.read(content["formatted_body"]).text)):
            assert [one for one in _pieces(reply, self.world.library) if one not in form] == []
        self._sees_what_comes_with_it(reply, [one.content for one in shown[-3:-1]])

    def _sees_what_comes_with_it(self, reply: Reply, before: list[Any]) -> None:
        if picture := reply.screen.picture:
            alt = self.world.library.words.label(picture.alt, reply.language)
            assert ("m.image", alt) in [(one["msgtype"], one["body"]) for one in before]
        if file := reply.screen.file:
            assert ("m.file", file.name) in [(one["msgtype"], one["body"]) for one in before]


def _asked(reply: Reply) -> tuple[str, Screen]:
    """What a poll shows of a screen: its legend is in its answers."""
    return reply.language, replace(reply.screen, legend=(), asks=None)


# --- the conversations


@asynccontextmanager
async def in_a_room(world: World, language: str, way: Way) -> AsyncIterator[Resident]:
    """Somebody with whom we have a room, in which nothing was said yet."""
    witness = Witness(world.engine, language)
    there = channel_world.World(world.database, engine=witness)
    client = await there.known()
    async with there.running(clock=world.clock, words=lambda: world.library.words) as channel:
        yield Resident(
            world, Address("matrix", ANNA), language, client=client, channel=channel, witness=witness, way=way
        )


class Conversation(Replay):
    """Replays a transcript with somebody on Matrix."""

    async def held(self, person: Person) -> str:
        lines: list[str] = []
        for line in self.before.splitlines():
            if line.startswith(("*", ">")):
                lines.append(line)
            if line.startswith("* "):
                said = len(person.replies)
                lines += await self._event(person, line.removeprefix("* "))
                for reply in person.replies[said:]:
                    if isinstance(person, Resident) and person.address.channel == "matrix":
                        await person.is_told(reply)
            if line.startswith("> "):
                lines += await self._turn(person, line.removeprefix("> "))
        return "\n".join(lines)


@pytest.mark.parametrize("way", [by_number, by_words, by_reaction])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_every_conversation_can_be_held_in_a_room(file: Path, way: Way, library: Library, tmp_path: Path) -> None:
    conversation = Conversation(file)
    (tmp_path / "room").mkdir()
    async with open_world(tmp_path, library) as world:
        expected = await conversation.held(Person(world, Address("matrix", ANNA), conversation.language))
    async with (
        open_world(tmp_path / "room", library) as world,
        in_a_room(world, conversation.language, way) as resident,
    ):
        assert await conversation.held(resident) == expected
    assert resident.direct < len(resident.replies) or file.name.startswith("browser")
