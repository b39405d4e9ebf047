"""A small conversation that stands for the real one, and an application around it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from bot.catalogue.words import Words
from bot.dialogue.actions import BadCode, decode
from bot.domain import actions
from bot.domain.actions import Action
from bot.domain.messages import (
    Block,
    Button,
    Event,
    File,
    Link,
    Markdown,
    Picture,
    Plain,
    Press,
    Reply,
    Row,
    Screen,
    Start,
    Text,
)
from bot.domain.residents import Address
from bot.web.app import create_app
from bot.web.appservice import Service
from bot.web.pages import Pages

CONTENT = Path(__file__).parents[2] / "content"
WORDS = Words.load(CONTENT / "words")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080000000"
    "03a7e9b550000000a49444154789c6360000000020001488"
    "1a4a50000000049454e44ae426082"
)


def text(pl: str, en: str = "", uk: str = "") -> Markdown:
    return Markdown({"pl": pl, "en": en or pl, "uk": uk or en or pl})


def button(label: str, action: Action, en: str = "") -> Button:
    return Button(Plain({"pl": label, "en": en or label, "uk": en or label}), action)


WELCOME = Screen(
    (
        text(
            "**Cześć! Jestem automatem miasta Kraków. Uczę bezpieczeństwa: krótkie quizy, porady, warsztaty.**",
            "**Hello! I am the City of Kraków’s bot. I teach safety: short quizzes, tips, workshops.**",
            "**Вітаю! Я автомат міста Кракова. Навчаю безпеки: короткі вікторини, поради, майстер-класи.**",
        ),
        text(
            "W nagłym niebezpieczeństwie nie pisz do mnie: dzwoń **112**.",
            "In an emergency do not write to me: call **112**.",
            "У разі небезпеки не пишіть мені: телефонуйте **112**.",
        ),
        text("Pamiętam tylko Twoją rozmowę, język i to, co ustawisz. Wszystko skasujesz przez /usun."),
    ),
    (
        (button("Zacznij od pytania", actions.StartQuiz("tramwaj", 0, 7), "Start with a question"),),
        (button("Rozejrzę się", actions.Home(), "Look around"),),
        (
            Button(Plain({"pl": "Українська"}), actions.SetLanguage("uk")),
            Button(Plain({"pl": "English"}), actions.SetLanguage("en")),
        ),
    ),
)
OPTIONS = ("Ja, bo to przejście", "Tramwaj", "Kto pierwszy")
QUESTION = Screen(
    (text("**Tramwaj i przejście bez świateł.** Stoisz przy pasach, nadjeżdża tramwaj. Kto ma pierwszeństwo?"),),
    legend=(text("A. Ja, bo to przejście"), text("B. Tramwaj"), text("C. Kto pierwszy")),
    rows=(
        tuple(
            Button(Plain({"pl": letter}), actions.Answer(1, 0, str(place)), full=Plain({"pl": f"{letter}. {answer}"}))
            for place, (letter, answer) in enumerate(zip("ABC", OPTIONS, strict=True))
        ),
        (button("Menu", actions.Home()),),
    ),
)
FEEDBACK = Screen(
    (
        text(
            "**Blisko, ale nie tu.** Wchodząc na przejście, masz pierwszeństwo przed autem, ale "
            "**nie przed tramwajem**: hamuje znacznie dłużej."
        ),
        text("Źródło: [Prawo o ruchu drogowym, art. 13](https://api.sejm.gov.pl/eli/acts/DU/2024/1251)"),
    ),
    (
        (button("Następne 1/5", actions.ShowQuestion(1, 1)),),
        (button("Porada: pieszy i tramwaj", actions.ShowTip("pieszy-i-tramwaj", 1)),),
        (button("Menu", actions.Home()),),
    ),
)
FIRE = Screen(
    (
        text("**Jeśli ogień rośnie albo masz wątpliwości: wyjdź i dzwoń** **112**."),
        text(
            "1. Nie gaś wodą.\n2. Wyłącz gaz lub prąd, jeśli możesz to zrobić bezpiecznie.\n"
            "3. Przykryj patelnię pokrywką lub mokrym, dobrze wyciśniętym ręcznikiem.\n4. Nie przenoś jej."
        ),
    ),
    ((button("Więcej o pożarach w kuchni", actions.ShowTip("pozar-oleju")), button("Menu", actions.Home())),),
)
HOME = Screen(
    (text("**Menu.** Co teraz?", "**Menu.** What next?", "**Меню.** Що далі?"),),
    (
        (button("Quizy", actions.Quizzes(), "Quizzes"), button("Porada", actions.NextTip(), "A tip")),
        (
            button("Warsztaty", actions.Workshops(), "Workshops"),
            button("Ustawienia", actions.Settings(), "Settings"),
        ),
        (button("Co mi przysyłać", actions.Consents()), button("Moje dane", actions.Export())),
        (
            button("Udostępnij klasie", actions.ShareQuiz("tramwaj")),
            button("Usuń wszystko", actions.Erase(sure=True), "Erase everything"),
        ),
        (
            Link(Plain({"pl": "Strona programu", "en": "The programme"}), "https://www.krakow.pl/"),
            button("Zapytaj", actions.Ask()),
        ),
    ),
)
ASK = Screen(
    (text("Napisz, co się dzieje. Poszukam, co robić."),),
    ((button("Menu", actions.Home()),),),
    asks=text("Co się dzieje?"),
)
EXPORT = Screen(
    (text("Oto wszystko, co o Tobie wiem."),),
    ((button("Menu", actions.Home()),),),
    file=File("moje-dane.json", b'{"language": "pl"}', "application/json"),
)
SHARE = Screen(
    (text("**12 minut, bez konta, bez imion.** Pokaż ten kod klasie."),),
    ((button("Menu", actions.Home()),),),
    picture=Picture(PIXEL, text("Kod QR quizu")),
)
ERASED = Screen(
    (text("Skasowane. Nic o Tobie nie wiem.", "Erased. I know nothing about you."),),
    ((button("Zacznij od nowa", actions.Welcome()),),),
)
ODD = Screen((text("Nie rozumiem tego przycisku. Oto menu."),), ((button("Menu", actions.Home()),),))
CONSENTS_TEXT: tuple[Block, ...] = (
    text("**4 z 5. Najwięcej zyskasz na: przejścia.** Przysyłać Ci jedną poradę dziennie? I ostrzeżenia miasta?"),
)


def consents(agreed: frozenset[str]) -> Screen:
    names = {"tips": "Porada codziennie o 8:00", "alerts": "Ostrzeżenia", "campaigns": "Kampanie i warsztaty"}
    rows: list[Row] = [
        (button(f"{'☑' if kind in agreed else '☐'} {name}", actions.SetConsent(kind, kind not in agreed)),)
        for kind, name in names.items()
    ]
    return Screen(CONSENTS_TEXT, (*rows, (button("Gotowe", actions.Home()),)))


@dataclass(frozen=True, slots=True)
class Person:
    language: str
    screen: Screen = WELCOME
    agreed: frozenset[str] = frozenset()


SCREENS: dict[type[Action], Screen] = {
    actions.Welcome: WELCOME,
    actions.StartQuiz: QUESTION,
    actions.Answer: FEEDBACK,
    actions.Export: EXPORT,
    actions.ShareQuiz: SHARE,
    actions.Ask: ASK,
    actions.ShowTip: FIRE,
}


@dataclass
class FakeDialogue:
    """Answers a few buttons, remembers where everybody is, and writes down what it was asked."""

    people: dict[Address, Person] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    counted: set[str] = field(default_factory=set)
    trouble: Exception | None = None

    async def welcome(self, language: str) -> Reply:
        return Reply(language, WELCOME)

    async def current(self, address: Address, language: str) -> Reply:
        person = self.people.get(address, Person(language))
        return Reply(person.language, person.screen)

    async def turn(self, event: Event) -> Reply:
        if self.trouble is not None:
            raise self.trouble
        self.events.append(event)
        self.counted.add(event.key)
        person = self._act(event, self.people.get(event.address, Person(event.language)))
        if person is None:
            del self.people[event.address]
            return Reply(event.language, ERASED, forgotten=True)
        self.people[event.address] = person
        return Reply(person.language, person.screen)

    def _act(self, event: Event, person: Person) -> Person | None:
        match event.input:
            case Press(code):
                return self._press(code, person, event.address)
            case Start("subscribe"):
                return replace(person, screen=consents(person.agreed))
            case Start():
                return replace(person, screen=WELCOME)
            case Text(words):
                return replace(person, screen=FIRE if "pali" in words else ODD)
            case _:
                return replace(person, screen=HOME)

    def _press(self, code: str, person: Person, address: Address) -> Person | None:
        try:
            action = decode(code)
        except BadCode:
            return replace(person, screen=ODD)
        match action:
            case actions.SetLanguage(language):
                return replace(person, language=language, screen=HOME)
            case actions.SetConsent(kind, on):
                agreed = person.agreed | {kind} if on else person.agreed - {kind}
                return replace(person, agreed=agreed, screen=consents(agreed))
            case actions.Consents():
                return replace(person, screen=consents(person.agreed))
            case actions.Erase():
                self.people[address] = person
                return None
            case _:
                return replace(person, screen=SCREENS.get(type(action), HOME))

    async def left(self, address: Address) -> None:  # noqa: ARG002 - part of the contract
        raise AssertionError("a browser never tells that it left")

    async def returned(self, address: Address) -> None:  # noqa: ARG002 - part of the contract
        raise AssertionError("a browser never tells that it is back")

    async def moved(self, old: Address, new: Address) -> None:  # noqa: ARG002 - part of the contract
        raise AssertionError("a browser keeps its address")


@dataclass(frozen=True)
class FakeLibrary:
    words: Words = WORDS


@dataclass(frozen=True)
class FakeShelf:
    library: FakeLibrary = FakeLibrary()


def tokens() -> Callable[[], str]:
    """Tokens of the right shape, one after the other."""
    numbers = count(1)
    return lambda: f"token-number-{next(numbers):010}"


def make_app(
    dialogue: FakeDialogue,
    *,
    public_url: str = "http://127.0.0.1:8080",
    checks: dict[str, Callable[[], Awaitable[bool]]] | None = None,
    registry: CollectorRegistry | None = None,
    telegram_webhook: Callable[[dict[str, Any], str | None], Awaitable[int]] | None = None,
    appservice: Service | None = None,
    lessons: Callable[[Pages], APIRouter] | None = None,
    verification: Callable[[Pages], APIRouter] | None = None,
) -> FastAPI:
    return create_app(
        dialogue=dialogue,
        shelf=FakeShelf(),
        new_token=tokens(),
        public_url=public_url,
        checks=checks or {},
        registry=registry or CollectorRegistry(),
        telegram_webhook=telegram_webhook,
        appservice=appservice,
        lessons=lessons,
        verification=verification,
    )
