"""The dialogue in a terminal: for trying it out, and for whoever cannot use anything else."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from markdown_it.token import Token

from bot.catalogue.markup import parser
from bot.catalogue.words import Words
from bot.channels.base import Dialogue
from bot.dialogue.actions import encode
from bot.domain.messages import Block, Button, Command, Event, Input, Link, Press, Reply, Screen, Start, Text
from bot.domain.residents import Address

CHANNEL = "terminal"

Read = Callable[[], Awaitable[str | None]]
"""The next line typed, None at the end."""
Write = Callable[[str], None]


def _lines(words: Words, blocks: tuple[Block, ...], language: str) -> list[str]:
    return [_plain(words.markdown(block, language)) for block in blocks]


def _plain(markdown: str) -> str:
    """Markdown without its marks: lists with dashes or numbers, links spelled out."""
    text = ""
    numbers: list[int | None] = []
    for token in parser().parse(markdown):
        match token.type:
            case "bullet_list_open":
                numbers.append(None)
            case "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
                text += "" if numbers else "\n"
            case "list_item_open":
                number = numbers[-1]
                text += "- " if number is None else f"{number}. "
                numbers[-1] = None if number is None else number + 1
            case "inline":
                text += _inline(token.children or []) + ("\n" if numbers else "\n\n")
            case _:
                pass
    return text.rstrip("\n")


def _inline(tokens: list[Token]) -> str:
    text, url, start = "", "", 0
    for token in tokens:
        if token.type == "link_open":
            url, start = str(token.attrGet("href") or ""), len(text)
        elif token.type == "link_close":
            text += "" if text[start:] == url else f" <{url}>"
        else:
            text += "\n" if token.type.endswith("break") else token.content
    return text


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
    if line.isdecimal() and 1 <= int(line) <= len(_choices(screen)):
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
