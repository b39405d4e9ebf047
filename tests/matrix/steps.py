"""What people do again and again in these tests, a conversation's few lines each."""

import re
from collections.abc import Awaitable, Callable

from tests.matrix.conftest import Arrives
from tests.matrix.people import Heard, Resident
from tests.matrix.program import Bot

RESULT = re.compile(r"\d z \d\.")
TURNS = 40
"""More than any quiz of six questions takes."""


async def meets(arrives: Arrives, bot: Bot, name: str = "anna", *, encrypted: bool) -> Resident:
    """Somebody invites the bot, which greets them of its own accord."""
    someone = await arrives(name)
    await someone.meets(bot.user, encrypted=encrypted)
    await someone.is_asked("Uczę bezpieczeństwa")
    return someone


async def wants(anna: Resident, way: str) -> None:
    """Choose how to answer."""
    await anna.says("!odpowiadanie")
    await anna.is_asked("Jak chcesz odpowiadać?")
    await anna.picks(way)
    await anna.is_asked("Ustawienia")


async def begins(anna: Resident) -> Heard:
    """Ask for the quiz of six questions, one of each kind; returns the first."""
    await anna.says("!quiz czad")
    await anna.is_asked("Czad w domu")
    await anna.picks("Wszystkie 6 pytań")
    return await anna.is_asked("1/6")


async def plays(anna: Resident, answers: Callable[[Heard], Awaitable[object]]) -> Heard:
    """The whole quiz, each screen answered in some way; returns the result."""
    screen = await begins(anna)
    for _ in range(TURNS):
        await answers(screen)
        screen = await anna.is_asked()
        if RESULT.search(screen.body):
            return screen
    raise AssertionError(f"no end in sight:\n{anna.transcript()}")


def onward(screen: Heard) -> str:
    """The choice that leads to the end, whichever way a question wants answering."""
    labels = list(screen.choices)
    forward = [label for label in labels if re.match(r"Sprawdź|Następne|Wynik", label)]
    return (forward or labels)[0]


async def books(anna: Resident) -> None:
    """Two places at the only workshop there is."""
    await anna.says("!warsztaty")
    overview = await anna.is_asked("Najbliższe warsztaty")
    await anna.says(next(mark for label, mark in overview.choices.items() if "Pierwsza pomoc" in label))
    await anna.is_asked("Ile miejsc?")
    await anna.picks("2 miejsca")
    await anna.is_asked("imię i nazwisko")
    await anna.says("Anna Przykładowa")
    await anna.is_asked("Telefon albo e-mail")
    await anna.says("600 100 200")
    await anna.is_asked("Anna Przykładowa", "600 100 200")
    await anna.picks("Zapisuję się")
    await anna.is_asked("Masz 2 miejsca")


async def agrees(anna: Resident, to: str = "☐ Ostrzeżenia") -> None:
    """Ask for something to be sent."""
    await anna.says("!powiadomienia")
    await anna.is_asked("Co mogę Ci przysyłać?")
    await anna.picks(to)
    assert to.replace("☐", "☑") in (await anna.is_asked("Co mogę Ci przysyłać?")).choices
    await anna.picks("Gotowe")
    await anna.is_asked()


async def is_heard(anna: Resident) -> None:
    """Whatever was under way is over: what is asked now is answered."""
    await anna.says("!pomoc")
    await anna.hears("Jak to działa")
