from collections.abc import Iterable
from pathlib import Path

import pytest

from bot.channels import terminal
from bot.dialogue.actions import encode
from bot.domain.actions import Action, Help, Home, Numbers
from bot.domain.messages import (
    Button,
    Command,
    File,
    Input,
    Link,
    Markdown,
    Picture,
    Plain,
    Press,
    Reply,
    Screen,
    Start,
    Text,
)
from tests.channels.contract import FakeDialogue, plain
from tests.support import real_words

ROWS = (
    (Button(plain("Pomoc"), Help()), Link(plain("Strona"), "https://example.org")),
    (Button(plain("Numery"), Numbers()),),
)
SCREEN = Screen((plain("Hej"),), ROWS)


def shown(screen: Screen) -> str:
    return terminal.render(real_words(), Reply("pl", screen))


def said(markdown: str) -> str:
    return shown(Screen((Markdown({"pl": markdown}),))).strip()


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**Ważne:** _teraz_", "Ważne: teraz"),
        (r"/co\_robic", "/co_robic"),
        ("snake_case", "snake_case"),
        (r"5 \* 3 \\ \[x\]", r"5 * 3 \ [x]"),
        ("[Policja](https://policja.pl/a_b)", "Policja <https://policja.pl/a_b>"),
        (r"[https://t.me/b\_k](https://t.me/b\_k)", "https://t.me/b_k"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("Weź:\n\n- wodę,\n- latarkę.\n\nI idź.", "Weź:\n\n- wodę,\n- latarkę.\n\nI idź."),
        ("3. trzeci\n4. czwarty", "3. trzeci\n4. czwarty"),
        ("<b>x</b>", "<b>x</b>"),
    ],
)
def test_text_has_no_marks(markdown: str, text: str) -> None:
    assert said(markdown) == text


def test_what_is_written_is_shown_as_written() -> None:
    text = "*a* _b_ [c](d) <b> 1. \\"
    assert shown(Screen((Plain({"pl": text}),))).strip() == text


def test_a_screen_with_everything() -> None:
    screen = Screen(
        (plain("Raz"), plain("Dwa")),
        ROWS,
        picture=Picture(b"", plain("Kod QR")),
        file=File("dane.json", b"", "application/json"),
        legend=(plain("A. tak"), plain("B. nie")),
    )
    assert shown(screen).splitlines() == [
        *("Raz", "", "Dwa", ""),
        *("A. tak", "B. nie", ""),
        *("[Kod QR]", "", "[dane.json]", ""),
        *("  1. Pomoc", "  2. Strona <https://example.org>", "  3. Numery"),
    ]


def press(action: Action) -> Press:
    return Press(encode(action))


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("1", press(Help())),
        (" 3 ", press(Numbers())),
        ("2", Text("2")),  # a link is opened elsewhere
        ("4", Text("4")),
        ("0", Text("0")),
        ("numery", press(Numbers())),
        ("/Menu", Command("menu", "")),
        ("/quiz czad i gaz", Command("quiz", "czad i gaz")),
        ("/start", Start("")),
        ("/start q_abc", Start("q_abc")),
        ("pali się", Text("pali się")),
        ("²", Text("²")),
    ],
)
def test_what_a_line_means(line: str, meant: Input) -> None:
    assert terminal.read(line, SCREEN, real_words(), "pl") == meant


async def converse(dialogue: FakeDialogue, lines: Iterable[str], folder: Path) -> list[str]:
    written: list[str] = []
    typed = iter(lines)

    async def read() -> str | None:
        return next(typed, None)

    keys = iter("abcdef")
    await terminal.talk(
        dialogue, real_words, read, written.append, language="uk", new_key=lambda: next(keys), folder=folder
    )
    return written


async def test_a_conversation_begins_by_itself_and_ends_with_the_input(tmp_path: Path) -> None:
    dialogue = FakeDialogue({Start(): SCREEN})
    written = await converse(dialogue, ["", "  ", "1", "coś"], tmp_path)
    assert dialogue.inputs == [Start(), press(Help()), Text("coś")]
    assert len(written) == 3
    assert [event.key for event in dialogue.events] == ["a", "b", "c"]
    assert {(event.address.channel, event.address.id, event.language) for event in dialogue.events} == {
        ("terminal", "me", "uk")
    }


async def test_files_are_kept_in_the_folder(tmp_path: Path) -> None:
    screen = Screen((plain("x"),), ((Button(plain("Menu"), Home()),),), file=File("a.json", b"{}", "application/json"))
    written = await converse(FakeDialogue({Start(): screen}), [], tmp_path)
    assert (tmp_path / "a.json").read_bytes() == b"{}"
    assert "[a.json]" in written[0]
