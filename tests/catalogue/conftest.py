"""A small good content folder, and ways to break it."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot.catalogue.check import check
from bot.catalogue.loader import Reader
from bot.catalogue.problems import Problem

REAL = Path(__file__).parents[2] / "content"
TODAY = date(2026, 11, 24)

QUIZ = """\
id: dym
area: everyday
level: 1
title: {pl: Dym, uk: Дим, en: Smoke}
about: {pl: Skąd się bierze., uk: Звідки він., en: Where it comes from.}
questions:
  - id: pierwsze
    text: {pl: Czujesz dym. Co robisz?, uk: Ви чуєте дим. Що робите?, en: You smell smoke. What do you do?}
    options:
      - text: {pl: Wychodzę, uk: Виходжу, en: I get out}
        right: true
        feedback: {pl: Dym jest szybszy., uk: Дим швидший., en: Smoke is faster.}
      - text: {pl: Czekam, uk: Чекаю, en: I wait}
        feedback: {pl: Czasu jest mało., uk: Часу обмаль., en: There is little time.}
    explanation: {pl: Najpierw ludzie., uk: Спершу люди., en: People first.}
    source: {title: Poradnik, url: "https://straz.example/dym", publisher: Straż}
    review_on: 2027-05-01
    tip: wyjdz
"""
TIP = """\
id: wyjdz
area: everyday
topic: fire
title: {pl: Gdy czuć dym, uk: Якщо чути дим, en: If you smell smoke}
text:
  pl: Wyjdź i **zadzwoń**.
  uk: Вийдіть і **зателефонуйте**.
  en: Get out and **call**.
steps: [{pl: Wyjdź., uk: Вийдіть., en: Get out.}]
source: {title: Poradnik, url: "https://straz.example/dym", publisher: Straż}
review_on: 2027-05-01
"""
CAMPAIGN = """\
id: sezon
kind: tip
title: {pl: Sezon, uk: Сезон, en: Season}
text: {pl: Sprawdź czujkę., uk: Перевірте датчик., en: Check the alarm.}
buttons:
  - quiz: dym
  - tip: wyjdz
"""
HEADER = """\
msgid ""
msgstr ""
"Language: {}\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals={}; plural=0;\\n"
"""
HELLO = """
msgid "hello"
msgstr "{}, {{name}}"

msgid "points"
msgid_plural "points"
"""
WORDS = {
    "pl": HEADER.format("pl", 3) + HELLO.format("Cześć"),
    "uk": HEADER.format("uk", 3) + HELLO.format("Привіт"),
    "en": HEADER.format("en_GB", 2) + HELLO.format("Hello"),
}
FORMS = {"pl": ("punkt", "punkty", "punktów"), "uk": ("бал", "бали", "балів"), "en": ("point", "points")}

Edit = Callable[..., None]
Check = Callable[[], list[Problem]]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A folder with one file of each kind and nothing wrong with it."""
    folder = tmp_path / "content"
    for name, text in {"quizzes/dym": QUIZ, "tips/wyjdz": TIP, "campaigns/sezon": CAMPAIGN}.items():
        file = folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    programme = (REAL / "programme.yaml").read_text(encoding="utf-8")
    small = re.sub(r"^(first_cards|aims): .*$", r"\1:", programme, flags=re.MULTILINE)
    small = small.replace("first_cards:", "first_cards: []").replace("aims:", "aims: {}")
    (folder / "programme.yaml").write_text(small, encoding="utf-8")
    (folder / "words").mkdir()
    for code, text in WORDS.items():
        forms = "".join(f'msgstr[{index}] "{{n}} {form}"\n' for index, form in enumerate(FORMS[code]))
        (folder / "words" / f"{code}.po").write_text(text + forms, encoding="utf-8")
    return folder


@pytest.fixture
def edit(content: Path) -> Edit:
    """Replace text in a file; the text must be there."""

    def replace(name: str, old: str, new: str) -> None:
        file = content / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


@pytest.fixture
def problems(content: Path) -> Check:
    """What the checker says of the folder as it is."""
    return lambda: check(Reader(content).read(), TODAY)
