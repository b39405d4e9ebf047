"""What every channel has to do, whoever speaks through it; each channel's tests run these against their own driver.

A suite subclasses `ChannelContract` and gives it a fixture `channel` that is a `Driver`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.dialogue.actions import encode
from bot.domain.actions import Help, Home, Numbers
from bot.domain.messages import Block, Button, Command, Event, Input, Markdown, Plain, Press, Reply, Screen, Start, Text
from bot.domain.residents import Address


def plain(text: str) -> Plain:
    """A block that shows this text in every language."""
    return Plain({"pl": text})


def screen(*texts: str, buttons: tuple[Button, ...] = (), **more: Any) -> Screen:
    """A screen of plain paragraphs and one row of buttons."""
    blocks: tuple[Block, ...] = tuple(map(plain, texts))
    return Screen(blocks, (buttons,) if buttons else (), **more)


HOME = Button(plain("Menu"), Home())


def echo(event: Event) -> Screen:
    """Says what was understood, and offers the way home."""
    return screen(f"{type(event.input).__name__}", buttons=(HOME,))


@dataclass
class FakeDialogue:
    """A dialogue that follows a script: input → screen, or an answer to everything."""

    script: dict[Input, Screen] = field(default_factory=dict)
    otherwise: Callable[[Event], Screen] = echo
    language: str = "pl"
    events: list[Event] = field(default_factory=list)
    happened: list[tuple[str, str]] = field(default_factory=list)
    """What befell addresses: left, returned, moved to."""
    troubles: list[Exception] = field(default_factory=list)
    """Raised by the next turns, one each."""

    @property
    def inputs(self) -> list[Input]:
        """What was taken in, in order."""
        return [event.input for event in self.events]

    async def turn(self, event: Event) -> Reply:
        if self.troubles:
            raise self.troubles.pop(0)
        self.events.append(event)
        return Reply(self.language, self.script.get(event.input) or self.otherwise(event))

    async def left(self, address: Address) -> None:
        self.happened.append(("left", address.id))

    async def returned(self, address: Address) -> None:
        self.happened.append(("returned", address.id))

    async def moved(self, old: Address, new: Address) -> None:
        self.happened.append((f"moved from {old.id}", new.id))


class Driver(Protocol):
    """A person in front of a channel."""

    dialogue: FakeDialogue

    async def opens(self) -> None:
        """Open the conversation."""
        ...

    async def says(self, text: str) -> None:
        """Write something, and wait for the answer."""
        ...

    async def presses(self, label: str) -> None:
        """Press the button with this label, and wait for the answer."""
        ...

    @property
    def text(self) -> str:
        """The words of the screen seen last."""
        ...

    @property
    def buttons(self) -> list[str]:
        """Its buttons."""
        ...


class ChannelContract:
    """Tests for any channel."""

    async def test_opening_a_conversation_is_a_start(self, channel: Driver) -> None:
        await channel.opens()
        assert isinstance(channel.dialogue.inputs[0], Start)
        assert channel.buttons == ["Menu"]

    async def test_words_are_text_and_slashed_words_are_commands(self, channel: Driver) -> None:
        await channel.opens()
        await channel.says("co z czadem?")
        await channel.says("/Quiz czad w domu")
        assert channel.dialogue.inputs[1:] == [Text("co z czadem?"), Command("quiz", "czad w domu")]

    async def test_a_button_brings_its_action_back(self, channel: Driver) -> None:
        rows = (Button(plain("Pomoc"), Help()), Button(plain("Numery"), Numbers()))
        channel.dialogue.otherwise = lambda _: screen("Wybierz", buttons=rows)
        await channel.opens()
        assert channel.buttons == ["Pomoc", "Numery"]
        await channel.presses("Numery")
        assert channel.dialogue.inputs[-1] == Press(encode(Numbers()))

    async def test_every_event_has_a_key_of_its_own(self, channel: Driver) -> None:
        await channel.opens()
        await channel.says("tak")
        await channel.says("tak")
        keys = [event.key for event in channel.dialogue.events]
        assert len(set(keys)) == len(keys)

    async def test_one_person_keeps_one_address(self, channel: Driver) -> None:
        await channel.opens()
        await channel.says("dzień dobry")
        assert len({event.address for event in channel.dialogue.events}) == 1

    async def test_words_that_look_like_markup_are_shown_as_written(self, channel: Driver) -> None:
        junk = "<b>nie</b> & *nie* _nie_ [nie](https://a.pl) `nie`"
        channel.dialogue.otherwise = lambda _: screen(junk, buttons=(HOME,))
        await channel.opens()
        assert channel.text == junk

    async def test_markdown_is_shown_without_its_signs(self, channel: Driver) -> None:
        channel.dialogue.otherwise = lambda _: Screen((Markdown({"pl": "Dzwoń **112**, _teraz_."}),), ((HOME,),))
        await channel.opens()
        assert channel.text == "Dzwoń 112, teraz."

    async def test_the_reply_is_in_the_language_of_the_reply(self, channel: Driver) -> None:
        channel.dialogue.language = "uk"
        channel.dialogue.otherwise = lambda _: Screen((Plain({"pl": "Cześć", "uk": "Привіт"}),), ((HOME,),))
        await channel.opens()
        assert channel.text == "Привіт"
