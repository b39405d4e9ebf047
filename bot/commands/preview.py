"""`bezpieczny content preview`: an item as each channel will show it, by having the conversation about it."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from html import escape, unescape
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel
from rich.text import Text

from bot.catalogue.library import Library
from bot.catalogue.schema import Question, QuestionKind, Quiz
from bot.catalogue.words import Words
from bot.channels import terminal
from bot.commands.common import console, fail, tell
from bot.dialogue.actions import encode
from bot.dialogue.engine import Engine
from bot.domain import actions as do
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import BotError
from bot.domain.messages import Event, Press, Reply
from bot.domain.residents import Address
from bot.services.letters import campaign_letter
from bot.settings import load
from bot.wiring import open_house

WIDTH = 60
"""Columns of a panel: about what a small phone shows."""
_TAGS = {"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline"}
_TAG = re.compile(r"<(/?)(\w+)(?: href=\"([^\"]*)\")?>")
_ADDRESS = Address("terminal", "preview")


class Shown(StrEnum):
    """A channel, as it is called on the command line."""

    TELEGRAM = "telegram"
    MATRIX = "matrix"
    BROWSER = "browser"
    TERMINAL = "terminal"


def preview(
    item: Annotated[str, typer.Argument(help="The id of a quiz, a tip or a campaign template.")],
    language: Annotated[str, typer.Option(help="Show it in this language.")] = DEFAULT_LANGUAGE,
    channel: Annotated[list[Shown] | None, typer.Option(help="Only this channel; may be said twice.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page that looks like the browser's, and open it.")] = None,
    content: Annotated[Path | None, typer.Option("--content", help="The content folder.", exists=True)] = None,
) -> None:
    """Show an item as each channel will show it: every screen, every answer's reason, every button."""
    try:
        screens, words = asyncio.run(_converse(item, language, content))
    except BotError as error:
        fail(str(error))
    if html:
        html.write_text(_page(screens, words, language), encoding="utf-8")
        tell(str(html))
        return
    for shown in channel or list(Shown):
        console.print(Text(f"\n{shown.value}", style="bold"))
        for name, reply in screens.items():
            body = _RENDER[shown](reply, words)
            console.print(Panel(body, title=name, title_align="left", width=WIDTH))


async def _converse(item: str, language: str, content: Path | None) -> tuple[Mapping[str, Reply], Words]:
    """Every screen about an item, by its heading. Raises ContentError, or BotError for an unknown item or language."""
    async with _house(content) as (engine, library):
        if language not in library.words.languages:
            raise BotError(f"There is no language {language!r}; use {', '.join(library.words.languages)}.")
        talk = _Talk(engine, language)
        if item in library.quizzes:
            return await _quiz(talk, library.quizzes[item]), library.words
        if item in library.tips:
            return {item: await talk.press(do.ShowTip(item))}, library.words
        if item in library.campaigns:
            letter = campaign_letter(library, library.campaigns[item])
            return {item: Reply(language, letter)}, library.words
        raise BotError(f"There is no quiz, tip or campaign {item!r} in the content.")


@asynccontextmanager
async def _house(content: Path | None) -> AsyncIterator[tuple[Engine, Library]]:
    """A house of its own, empty and gone afterwards: a preview leaves no trace in the statistics."""
    with tempfile.TemporaryDirectory() as data:
        settings = load({"BEZPIECZNY_DATA": data, **({"BEZPIECZNY_CONTENT": str(content)} if content else {})})
        async with open_house(settings) as house:
            yield house.engine, house.shelf.library


class _Talk:
    """One resident's turns."""

    def __init__(self, engine: Engine, language: str) -> None:
        self._engine = engine
        self._language = language
        self._turns = 0

    async def press(self, action: do.Action) -> Reply:
        self._turns += 1
        return await self._engine.turn(Event(_ADDRESS, f"turn{self._turns}", Press(encode(action)), self._language))


async def _quiz(talk: _Talk, quiz: Quiz) -> Mapping[str, Reply]:
    """The quiz gone through as often as its longest question has options, each time choosing the next one."""
    screens = {quiz.id: await talk.press(do.QuizIntro(quiz.id))}
    found: dict[tuple[int, int], tuple[str, Reply]] = {}
    for chosen in range(max(len(question.options) for question in quiz.questions)):
        reply = await talk.press(do.StartQuiz(quiz.id, 0, chosen + 1))
        here = reply.screen.here
        if not isinstance(here, do.ShowQuestion):
            raise BotError(f"{quiz.id} does not begin with a question.")
        for place, question in enumerate(quiz.questions):
            asked = await talk.press(do.ShowQuestion(here.attempt, place))
            found.setdefault((place, -1), (f"{place + 1}. {question.id}", asked))
            for name, answer in _answers(question, chosen):
                said = await talk.press(do.Answer(here.attempt, place, answer))
                found[place, chosen] = (f"{place + 1}. {question.id}: {name}", said)
        screens["result"] = await talk.press(do.ShowResult(here.attempt, asked=True))
    return {**dict(found[key] for key in sorted(found)), **screens}


def _answers(question: Question, chosen: int) -> Iterator[tuple[str, str]]:
    """The answer to give the n-th time, with its name; none when all were given."""
    count = len(question.options)
    if question.kind is QuestionKind.ORDERING:
        order = "".join(map(str, range(count)))
        yield from [("in order", order), ("in reverse", order[::-1])][chosen : chosen + 1]
    elif chosen < count:
        yield f"answer {chosen + 1}{' (right)' if question.options[chosen].right else ''}", str(chosen)


# --- how each channel shows a screen


def _telegram(reply: Reply, words: Words) -> Text:
    from bot.channels.telegram import render  # noqa: PLC0415 - Telegram's library takes a while to load

    shown = _styled(render.text(reply.screen, reply.language, words))
    shown.append(_pictured(reply, words))
    for row in render.keyboard(reply.screen, reply.language, words) or ():
        shown.append("\n" + " ".join(f"[{button['text']}]" for button in row))
    return shown


def _styled(html: str) -> Text:
    """Telegram's HTML with its tags made visible."""
    shown, styles, url, last = Text(), list[str](), "", 0
    for tag in _TAG.finditer(html):
        shown.append(unescape(html[last : tag.start()]), style=" ".join(styles))
        last = tag.end()
        if tag[2] == "a":
            shown.append(f" <{url}>" if tag[1] else "")
            url = unescape(tag[3] or "")
        elif tag[1]:
            styles.pop()
        else:
            styles.append(_TAGS.get(tag[2], ""))
    return shown.append(unescape(html[last:]))


def _matrix(reply: Reply, words: Words) -> Text:
    """The text beside the HTML, as clients in a terminal show it: it has the same lines."""
    from bot.channels.matrix import render  # noqa: PLC0415 - see above

    shown = Text(render.message(reply.screen, reply.language, words).content["body"])
    return shown.append(_pictured(reply, words))


def _browser(reply: Reply, words: Words) -> Text:
    from bot.channels.web import render  # noqa: PLC0415 - templates are read when they are first needed

    view = render.view_of(reply, words)
    shown = _styled(re.sub(r"</p>\s*<p>|<br ?/?>", "\n", str(view.text)).replace("<p>", "").replace("</p>", "\n"))
    shown.append(_pictured(reply, words))
    for row in view.rows:
        shown.append("\n" + " ".join(f"[{choice.label}]" for choice in row))
    return shown


def _pictured(reply: Reply, words: Words) -> str:
    picture = reply.screen.picture
    return f"\n[{words.label(picture.alt, reply.language)}]" if picture else ""


def _terminal(reply: Reply, words: Words) -> Text:
    return Text(terminal.render(words, reply))


_RENDER = {Shown.TELEGRAM: _telegram, Shown.MATRIX: _matrix, Shown.BROWSER: _browser, Shown.TERMINAL: _terminal}


def _page(screens: Mapping[str, Reply], words: Words, language: str) -> str:
    """A page of all screens in the style of the chat page. Its buttons lead nowhere."""
    from bot.channels.web import render  # noqa: PLC0415 - see above

    style = (Path(__file__).parents[1] / "web" / "static" / "style.css").read_text(encoding="utf-8")
    form = render.Form(post_to="#", key="preview", scripted=False)
    turns = "".join(
        f'<h2>{escape(name)}</h2><ol class="turns">{render.fragment(render.view_of(reply, words), words, form)}</ol>'
        for name, reply in screens.items()
    )
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(next(iter(screens)))}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}*{{animation:none!important}}</style>'
        f'<main class="column">{turns}</main></html>\n'
    )
