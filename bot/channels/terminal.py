"""The dialogue in a terminal: for trying it out, and for whoever cannot use anything else."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.catalogue.words import Words
from bot.channels.base import Dialogue
from bot.dialogue.actions import encode
from bot.domain.messages import Block, Button, Command, Event, Input, Link, Press, Reply, Screen, Start, Text
from bot.domain.residents import Address

CHANNEL = "terminal"
_MARKS = re.compile(r"\*\*|(?<!\\)_|\\(?=\W)")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")

Read = Callable[[], Awaitable[str | None]]
"""The next line typed, None at the end."""
Write = Callable[[str], None]


def _lines(words: Words, blocks: tuple[Block, ...], language: str) -> list[str]:
    return [
        _MARKS.sub("", _LINK.sub(lambda link: _spelled(*link.groups()), words.markdown(block, language)))
        for block in blocks
    ]


def _spelled(title: str, url: str) -> str:
    return url if title == url else f"{title} <{url}>"


def render(words: Words, reply: Reply) -> str:
    """A screen as text, its buttons numbered."""
    screen, language = reply.screen, reply.language
    parts = ["\n\n".join(_lines(words, screen.blocks, language))]
    if screen.legend:
        parts.append("\n".join(_lines(words, screen.legend, language)))
    if screen.picture:
        parts.append(f"[{words.label(screen.picture.alt, language)}]")
    if screen.file:
        parts.append(f"[{screen.file.name}]")
    choices = [
        f"  {number}. {words.label(one.label, language)}" + (f" <{one.url}>" if isinstance(one, Link) else "")
        for number, one in enumerate(_choices(screen), start=1)
    ]
    return "\n\n".join([*parts, "\n".join(choices)])


def _choices(screen: Screen) -> list[Button | Link]:
    return [one for row in screen.rows for one in row]


def read(line: str, screen: Screen, words: Words, language: str) -> Input:
    """What a typed line means: the number or the words of a choice, a command, or text."""
    line = line.strip()
    buttons = [one for one in _choices(screen) if isinstance(one, Button)]
    if line.isdigit() and 1 <= int(line) <= len(_choices(screen)):
        chosen = _choices(screen)[int(line) - 1]
        return Press(encode(chosen.action)) if isinstance(chosen, Button) else Text(line)
    for one in buttons:
        if line.casefold() == words.label(one.label, language).casefold():
            return Press(encode(one.action))
    if line.startswith("/"):
        name, _, arguments = line[1:].partition(" ")
        return Start(arguments) if name == "start" else Command(name.lower(), arguments)
    return Text(line)


async def talk(
    dialogue: Dialogue,
    library_words: Callable[[], Words],
    read_line: Read,
    write: Write,
    *,
    language: str,
    new_key: Callable[[], str],
    folder: Path,
    name: str = "me",
) -> None:
    """Converse until the input ends. Files that come with a screen are written into `folder`."""
    address = Address(CHANNEL, name)
    given: Input = Start()
    while True:
        reply = await dialogue.turn(Event(address, new_key(), given, language))
        words = library_words()
        write(render(words, reply))
        if reply.screen.file:
            (folder / reply.screen.file.name).write_bytes(reply.screen.file.content)
        line = await read_line()
        while line is not None and not line.strip():
            line = await read_line()
        if line is None:
            return
        given = read(line, reply.screen, words, reply.language)
