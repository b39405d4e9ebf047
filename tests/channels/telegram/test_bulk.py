"""What is sent to many: the same as to one, made once."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.words import Words
from bot.channels.telegram.channel import TelegramChannel
from bot.domain.actions import Home
from bot.domain.messages import Button, File, Link, Markdown, Picture, Plain, Screen, say
from bot.domain.residents import Address
from tests.channels.contract import plain
from tests.channels.telegram.world import CONTENT, PNG, World, running, words

NEWS = Screen(
    (Markdown({"pl": "**Czad**: sprawdź czujkę", "uk": "**Чадний газ**: перевірте датчик"}),),
    rows=((Button(plain("Menu"), Home()), Link(plain("Więcej"), "https://example.org/czad")),),
)


def to(number: int) -> Address:
    return Address("telegram", str(number))


@pytest.fixture
async def channel(world: World) -> AsyncIterator[TelegramChannel]:
    for number in range(1, 6):
        world.api.user(number)
    async with running(world.channel()) as running_channel:
        yield running_channel


def read(given: dict[str, Any]) -> dict[str, Any]:
    """Parameters, however they travelled: the library writes objects as texts of JSON, and numbers as texts."""
    return {
        name: json.loads(value) if isinstance(value, str) and value[:1] in "{0123456789" else value
        for name, value in given.items()
    }


async def test_a_message_to_many_is_the_same_request_as_a_reply(world: World, channel: TelegramChannel) -> None:
    await channel.send(to(1), "uk", NEWS, key="run:1")
    world.dialogue.language = "uk"
    world.dialogue.otherwise = lambda _: NEWS
    await world.api.user(1).says("cokolwiek")
    unasked, answered = map(read, world.api.called("sendMessage"))
    assert unasked == answered


async def test_each_language_and_each_screen_is_made_for_itself(world: World, channel: TelegramChannel) -> None:
    other = Screen((Plain({"pl": "Inna wiadomość"}),))
    for number, language, screen in ((1, "pl", NEWS), (2, "uk", NEWS), (3, "pl", other), (4, "pl", NEWS)):
        await channel.send(to(number), language, screen, key="run:1")
    said = [world.api.user(number).screen.text for number in range(1, 5)]
    assert said == [
        "Czad: sprawdź czujkę",
        "Чадний газ: перевірте датчик",
        "Inna wiadomość",
        "Czad: sprawdź czujkę",
    ]


async def test_words_that_were_reloaded_are_used_at_once(world: World, tmp_path: Path) -> None:
    world.api.user(1)
    shutil.copytree(CONTENT / "words", tmp_path / "words")
    polish = tmp_path / "words" / "pl.po"
    polish.write_text(polish.read_text().replace('msgid "home.menu"\nmsgstr "', 'msgid "home.menu"\nmsgstr "Nowe: '))
    current = [words()]
    screen = Screen((say("home.menu"),))
    async with running(world.channel(words=lambda: current[0])) as channel:
        await channel.send(to(1), "pl", screen, key="run:1")
        current[0] = Words.load(tmp_path / "words")
        await channel.send(to(1), "pl", screen, key="run:2")
    first, second = (seen.text for seen in world.api.user(1).messages)
    assert second == f"Nowe: {first}"


async def test_a_picture_is_handed_over_once_and_then_named(world: World, channel: TelegramChannel) -> None:
    picture = Picture(PNG, plain("A detector on a wall"))
    screen = Screen(NEWS.blocks, rows=NEWS.rows, picture=picture)
    for number in (1, 2, 3):
        await channel.send(to(number), "pl", screen, key="run:1")
    first, *others = [given["photo"] for given in world.api.called("sendPhoto")]
    assert first.content == PNG
    assert others == ["p" + str(world.api.user(1).screen.message_id)] * 2
    assert [world.api.user(number).screen.text for number in (1, 2, 3)] == ["Czad: sprawdź czujkę"] * 3


@pytest.mark.parametrize("number", [1, 2])
async def test_what_does_not_fit_into_one_request_goes_in_several(
    world: World, channel: TelegramChannel, number: int
) -> None:
    long = Plain({"pl": "x" * 2000})
    screens = {
        1: Screen((long,), picture=Picture(PNG, plain("A picture"))),
        2: Screen(NEWS.blocks, file=File("plan.pdf", b"%PDF-1.7", "application/pdf")),
    }
    await channel.send(to(number), "pl", screens[number], key="run:1")
    seen = world.api.user(number).messages
    assert any(message.text for message in seen)
    assert world.api.tried("sendPhoto" if number == 1 else "sendDocument") == [200]
