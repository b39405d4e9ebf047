"""Conversations as they read, one to a file `transcripts/<scene>.<language>.txt`.

    # what it shows
    * five people answer abcd2345      something happens in the world: one of EVENTS below
    * a campaign with the quiz czad arrives      …and what the bot says of its own accord stands below it
    > /quiz                            typed
    > [Czad w domu]                    a button of the present screen
    > (old) [A]                        a button of an earlier screen
    > (press ql:abcd2345)              a code, perhaps forged
    > (start q_abcd2345)               the bot is opened, here by a link
    > (picture)                        something that cannot be read
    < **Czad w domu**                  what the bot says
      [5 pytań] [Wszystkie 6 pytań]    its buttons, row by row
      (picture: …) (file: …) (asks: …) what comes with it, and what the text field is for

Every event is delivered twice: the second time it must show the same screen.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from bot.catalogue.library import Library
from bot.catalogue.words import Words
from bot.dialogue.actions import BadCode, decode, encode
from bot.domain.actions import Action
from bot.domain.messages import Button, Command, Input, Link, Other, Press, Reply, Start, Text
from bot.domain.quizzes import Given
from bot.domain.residents import Address
from bot.domain.workshops import BookingState
from bot.services import broadcasts, chats, classroom, signin
from bot.services import campaigns as desk
from bot.services import staff as team
from bot.services.letters import Stamp, campaign_letter, signed
from bot.services.notices import Reading, notice_letter
from bot.services.verify import message_code
from bot.storage import learning, residents, workshops
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.model import Kind
from tests.dialogue import workshop_events
from tests.dialogue.world import Person, World, open_world, words_of
from tests.sending import open_run_of
from tests.support import VAULT, add_resident, add_workshop, book, campaign

FOLDER = Path(__file__).with_name("transcripts")
CAMPAIGN_TITLE = {"pl": "Sprawdź czujkę czadu", "uk": "Перевірте датчик чадного газу", "en": "Check your CO alarm"}
CAMPAIGN_TEXT = {
    "pl": "**Zaczyna się sezon grzewczy.** Naciśnij dziś przycisk testu na czujce.\n\nNie masz jej? Jest porada.",
    "uk": "**Починається опалювальний сезон.** Натисніть сьогодні кнопку тесту на датчику.\n\nЙого немає? Є порада.",
    "en": "**The heating season begins.** Press the test button of your alarm today.\n\nNo alarm yet? There is a tip.",
}


def render(reply: Reply, library: Library) -> list[str]:
    """A screen's lines in a transcript."""
    words, screen, language = library.words, reply.screen, reply.language
    text = words_of(reply, library).splitlines()
    text += ["", *(words.markdown(line, language) for line in screen.legend)] if screen.legend else []
    lines = [f"< {line}".rstrip() for line in text]
    if screen.picture:
        lines.append(f"  (picture: {words.label(screen.picture.alt, language)})")
    if screen.file:
        lines.append(f"  (file: {screen.file.name})")
    lines += ["  " + " ".join(_shown(one, words, language) for one in row) for row in screen.rows]
    return [*lines, f"  (asks: {words.label(screen.asks, language)})"] if screen.asks else lines


def _shown(one: Button | Link, words: Words, language: str) -> str:
    label = f"[{words.label(one.label, language)}]"
    return f"{label}({one.url})" if isinstance(one, Link) else label


# --- what may happen in the world


async def _workshop(world: World, _: Person, places: str) -> None:
    async with world.database.begin() as conn:
        known = len(await workshops.all_of(conn))
        await add_workshop(conn, capacity=int(places), starts_at=world.clock.now + timedelta(days=7 + known))


async def _somebody_books(world: World, _: Person, places: str) -> None:
    async with world.database.begin() as conn:
        other = await residents.find(conn, Address("telegram", "other")) or await add_resident(conn, "telegram:other")
        for workshop in await workshops.all_of(conn):
            state = BookingState.CONFIRMED if workshop.free >= int(places) else BookingState.WAITING
            await book(conn, workshop.id, other.id, places=int(places), state=state, now=world.clock.now)


async def _somebody_cancels(world: World, _: Person) -> None:
    async with world.database.begin() as conn:
        other = await residents.find(conn, Address("telegram", "other"))
        assert other
        for workshop in await workshops.all_of(conn):
            await broadcasts.cancel_booking(conn, VAULT, other, workshop.id, now=world.clock.now)


async def _called_off(world: World, _: Person) -> None:
    async with world.database.begin() as conn:
        for workshop in await workshops.all_of(conn):
            await workshops.call_off(conn, workshop.id, world.clock.now)


async def _days_pass(world: World, _: Person, days: str) -> None:
    world.clock.move(days=int(days))


async def _minutes_pass(world: World, _: Person, minutes: str) -> None:
    world.clock.move(minutes=int(minutes))


async def _people_answer(world: World, _: Person, people: str, code: str) -> None:
    """Everybody answers every question; only the first person answers them all right."""
    async with world.database.begin() as conn:
        link = await classroom.open_link(conn, code, world.clock.now)
        for person in range(int(people)):
            attempt = await classroom.begin_as_pupil(
                conn, world.library, link, f"pupil {person}", seed=person, now=world.clock.now
            )
            if attempt.finished_at:
                continue
            for position in range(len(attempt.questions)):
                given = Given("0", right=person == 0 or position == 0)
                await learning.add_answer(conn, attempt, position, given, world.clock.now)
            await learning.finish_attempt(conn, attempt.id, world.clock.now)


async def _campaign_arrives(world: World, person: Person, quiz: str) -> None:
    """A campaign that everybody gets who agreed to campaigns; this person now does."""
    async with world.database.begin() as conn:
        resident = await residents.find(conn, person.address)
        assert resident
        await residents.change(conn, resident.id, campaigns=True)
        content = campaign(title=CAMPAIGN_TITLE, text=CAMPAIGN_TEXT, buttons=[{"quiz": quiz}, {"tip": "gone"}])
        run = await open_run_of(conn, content, world.clock.now)
    stamp = Stamp(run.id, message_code(VAULT, run.id))
    person.replies.append(Reply(resident.language, campaign_letter(world.library, content, stamp)))


async def _their_chat(world: World, person: Person, name: str, role: str) -> None:
    """A member of the staff of this role gets word in this chat."""
    async with world.database.begin() as conn:
        await team.enrol(conn, Member(name, Role(role)), world.clock.now)
        await team.link(conn, name, person.address)


async def _offers_a_link(world: World, _: Person, name: str, role: str, mark: str) -> None:
    """A member of the staff, in the console, asks for a link to their chat."""
    async with world.database.begin() as conn:
        await team.enrol(conn, Member(name, Role(role)), world.clock.now)
        if await signin.who(conn, name, world.clock.now) is None:
            await signin.begin(conn, name, session=name, device="", proof="link", now=world.clock.now)
        session = signin.hash_of(name)
        await chats.offer(conn, chats.link_token(VAULT, session, mark), session, world.clock.now)


async def _unlinked(world: World, _: Person, name: str) -> None:
    async with world.database.begin() as conn:
        await team.unlink(conn, name)


async def _asks_for_approval(world: World, person: Person, who: str) -> None:
    """Somebody writes a campaign, and whoever may approve it is told."""
    async with world.database.begin() as conn:
        await team.enrol(conn, Member(who, Role.EDITOR), world.clock.now)
        content = campaign(title=CAMPAIGN_TITLE, text=CAMPAIGN_TEXT, buttons=[{"quiz": "czad"}])
        await desk.create(conn, world.library, content, who=who, now=world.clock.now)
    await _notice_arrives(world, person)


async def _revised(world: World, person: Person, who: str) -> None:
    """The newest campaign says something else, and asks anew."""
    async with world.database.begin() as conn:
        newest = (await ledger.list_campaigns(conn))[0]
        content = campaign(title=CAMPAIGN_TITLE, text={**CAMPAIGN_TEXT, "pl": "Krócej."}, buttons=[])
        await desk.revise(conn, world.library, newest.id, content, who=who, now=world.clock.now)
    await _notice_arrives(world, person)


async def _sent_back(world: World, person: Person, who: str, reason: str) -> None:
    async with world.database.begin() as conn:
        await team.enrol(conn, Member(who, Role.APPROVER), world.clock.now)
        newest = (await ledger.list_campaigns(conn))[0]
        await desk.reject(conn, newest.id, reason, who=who, now=world.clock.now)
    await _notice_arrives(world, person)


async def _notice_arrives(world: World, person: Person) -> None:
    """The newest notice, if it is for whoever reads in this chat."""
    async with world.database.read() as conn:
        resident = await residents.find(conn, person.address)
        newest = max((run for run in await ledger.list_runs(conn) if run.kind is Kind.NOTICE), key=lambda run: run.id)
        reading = Reading(conn, newest, person.address, world.library, world.tools.links)
        letter = await notice_letter(reading)
    assert resident
    if letter:
        person.replies.append(Reply(resident.language, signed(letter, message_code(VAULT, newest.id))))


async def _channel(world: World, person: Person, name: str) -> None:
    person.address = Address(name, "@anna:example.org" if name == "matrix" else "1")


EVENTS: dict[str, Callable[..., Awaitable[None]]] = {
    r"a campaign with the quiz (\w+) arrives": _campaign_arrives,
    r"this is the chat of (\w+), an? (\w+)": _their_chat,
    r"(\w+), an? (\w+), makes the link (\w+) for a chat": _offers_a_link,
    r"(\w+) is unlinked": _unlinked,
    r"(\d+) minutes pass": _minutes_pass,
    r"(\w+) asks for the approval of a campaign": _asks_for_approval,
    r"(\w+) revises it": _revised,
    r"(\w+) sends it back: (.+)": _sent_back,
    r"this happens in the channel (\w+)": _channel,
    r"there is a workshop with (\d+) places": _workshop,
    r"somebody books (\d+) places": _somebody_books,
    r"somebody gives their places back": _somebody_cancels,
    r"the workshops are called off": _called_off,
    r"(\d+) days pass": _days_pass,
    r"(\d+) people answer (\w+)": _people_answer,
    **workshop_events.EVENTS,
}


async def happen(world: World, person: Person, what: str) -> None:
    for pattern, event in EVENTS.items():
        if found := re.fullmatch(pattern, what):
            await event(world, person, *found.groups())
            return
    raise AssertionError(f"nothing of the kind is known: {what!r}")


# --- what the resident does


GIVEN: dict[str, Callable[..., Input]] = {
    r"\(picture\)": lambda _: Other(),
    r"\(start ?(\S*)\)": lambda _, parameter: Start(parameter),
    r"\(press (\S+)\)": lambda _, code: Press(code),
    r"\(old\) \[(.+)\]": lambda person, label: press_of(person.old_button(label)),
    r"\[(.+)\]": lambda person, label: press_of(person.button(label)),
    r"/(\S+) ?(.*)": lambda _, name, arguments: Command(name, arguments),
    r"(.+)": lambda _, text: Text(text),
}


def read(line: str, person: Person) -> Input:
    """What a line after `> ` means."""
    matches = ((found, given) for pattern, given in GIVEN.items() if (found := re.fullmatch(pattern, line)))
    found, given = next(matches)
    return given(person, *found.groups())


def press_of(button: Button) -> Press:
    return Press(encode(button.action))


class Replay:
    """Replays a transcript and writes down how it goes now."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.before = file.read_text(encoding="utf-8")
        self.now = ""
        self.replies: list[Reply] = []
        self.actions: set[type[Action]] = set()
        """Those that were pressed, or that screens lead back to."""

    @property
    def language(self) -> str:
        return self.file.suffixes[-2].removeprefix(".")

    async def run(self, folder: Path, library: Library) -> None:
        async with open_world(folder, library) as world:
            person = world.person(language=self.language)
            lines: list[str] = []
            for line in self.before.splitlines():
                if line.startswith(("#", "*", ">")):
                    gap = [""] if lines and not (line[0] == lines[-1][:1] and line[0] in "#*") else []
                    lines += [*gap, line]
                if line.startswith("* "):
                    lines += await self._event(person, line.removeprefix("* "))
                if line.startswith("> "):
                    lines += await self._turn(person, line.removeprefix("> "))
            self.now = "\n".join(lines) + "\n"

    async def _event(self, person: Person, line: str) -> list[str]:
        said = len(person.replies)
        await happen(person.world, person, line)
        return [shown for reply in person.replies[said:] for shown in render(reply, person.world.library)]

    async def _turn(self, person: Person, line: str) -> list[str]:
        given = read(line, person)
        if isinstance(given, Press):
            self._note(given.code)
        await person.gives(given)
        reply = person.replies[-1]
        self.replies.append(reply)
        if reply.screen.here:
            self.actions.add(type(reply.screen.here))
        shown = render(reply, person.world.library)
        if not reply.forgotten:  # nothing is left that could know the event again
            assert render(await person.again(), person.world.library) == shown, f"delivered twice: {line}"
        return shown

    def _note(self, code: str) -> None:
        with suppress(BadCode):  # a forged one
            self.actions.add(type(decode(code)))
