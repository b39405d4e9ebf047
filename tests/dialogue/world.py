"""A conversation under test: the real engine on a real database, a clock that stands still, numbers that count."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path
from shutil import copytree
from typing import Any

from sqlalchemy import MetaData, Table, select

from bot.catalogue import loader
from bot.catalogue.library import Library, Shelf
from bot.dialogue.actions import encode
from bot.dialogue.engine import Engine
from bot.dialogue.turn import Tools
from bot.domain.actions import Action
from bot.domain.messages import Button, Command, Event, Input, Other, Press, Reply, Screen, Start, Text
from bot.domain.residents import Address
from bot.services.links import Links
from bot.storage import tables
from bot.storage.database import Connection, Database
from scheduler import tables as scheduler_tables
from tests.support import CONTENT, NOON, VAULT, open_database

SMALL = Path(__file__).with_name("content")
CODES = ("abcd2345", "efgh6789", "jkmn2345", "pqrs6789")


def load_small(folder: Path) -> Library:
    """The small library of these tests, with the real interface words."""
    copytree(SMALL, folder, dirs_exist_ok=True)
    copytree(CONTENT / "words", folder / "words")
    return loader.load(folder)


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **passed: float) -> None:
        self.now += timedelta(**passed)


@dataclass
class World:
    """Everything a turn stands on."""

    library: Library
    database: Database
    clock: Clock = field(default_factory=Clock)
    shelf: Shelf = field(init=False)
    tools: Tools = field(init=False)
    engine: Engine = field(init=False)
    keys: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        numbers, codes = count(1), chain(CODES, (f"tuvw{number}" for number in count(2222)))
        links = Links("https://bk.example.org", lambda: "bk_bot", lambda: "@bk:example.org")
        self.tools = Tools(VAULT, links, lambda: next(numbers), lambda: next(codes))
        self.shelf = Shelf(self.library)
        self.engine = Engine(self.database, self.shelf, self.tools, self.clock)

    def person(self, address: str = "telegram:1", language: str = "pl") -> "Person":
        channel, _, name = address.partition(":")
        return Person(self, Address(channel, name), language)

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        async with self.database.read() as conn:
            return await dump(conn)


async def dump(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, of the bot and of the scheduler."""
    return {table.name: sorted(map(tuple, await conn.execute(select(table))), key=repr) for table in all_tables()}


def all_tables() -> list[Table]:
    both: tuple[MetaData, ...] = (tables.metadata, scheduler_tables.metadata)
    return [table for metadata in both for table in metadata.sorted_tables]


@asynccontextmanager
async def open_world(folder: Path, library: Library) -> AsyncIterator[World]:
    async with open_database(folder) as database:
        yield World(library, database)


@dataclass
class Person:
    """Somebody who talks with the bot in one channel."""

    world: World
    address: Address
    language: str
    event: Event | None = None
    replies: list[Reply] = field(default_factory=list)

    @property
    def screen(self) -> Screen:
        return self.replies[-1].screen

    async def gives(self, given: Input) -> Screen:
        """Something the resident does, a second after the last."""
        self.world.clock.move(seconds=1)
        self.event = Event(self.address, f"k{next(self.world.keys)}", given, self.language)
        self.replies.append(await self.world.engine.turn(self.event))
        return self.screen

    async def again(self) -> Reply:
        """The last event, delivered once more."""
        assert self.event
        return await self.world.engine.turn(self.event)

    async def starts(self, parameter: str = "") -> Screen:
        return await self.gives(Start(parameter))

    async def commands(self, name: str, arguments: str = "") -> Screen:
        return await self.gives(Command(name, arguments))

    async def writes(self, text: str) -> Screen:
        return await self.gives(Text(text))

    async def sends_a_picture(self) -> Screen:
        return await self.gives(Other())

    async def does(self, action: Action) -> Screen:
        return await self.gives(Press(encode(action)))

    async def presses(self, label: str) -> Screen:
        """A button of the present screen."""
        return await self.does(self.button(label).action)

    def button(self, label: str) -> Button:
        """The button of the present screen with these words."""
        return self.button_of(self.replies[-1], label)

    def button_of(self, reply: Reply, label: str) -> Button:
        named = {self.label(button, reply): button for button in buttons(reply.screen)}
        assert label in named, f"no button {label!r} among {list(named)}"
        return named[label]

    def label(self, button: Button, reply: Reply) -> str:
        return self.world.library.words.label(button.label, reply.language)

    def old_button(self, label: str) -> Button:
        """The button with these words on the latest of the earlier screens that has one."""
        for reply in reversed(self.replies[:-1]):
            if any(self.label(button, reply) == label for button in buttons(reply.screen)):
                return self.button_of(reply, label)
        raise AssertionError(f"no earlier screen has a button {label!r}")


def buttons(screen: Screen) -> list[Button]:
    return [one for row in screen.rows for one in row if isinstance(one, Button)]


def words_of(reply: Reply, library: Library) -> str:
    """What a screen says, as Markdown."""
    return "\n\n".join(library.words.markdown(block, reply.language) for block in reply.screen.blocks)
