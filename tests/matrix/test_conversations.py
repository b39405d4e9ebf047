"""What people do with the bot, from the first word to the last, in plain and in encrypted rooms alike."""

import json
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.dialogue.actions import decode
from bot.domain.actions import Answer
from bot.storage import tables
from bot.storage.database import Connection
from scheduler import ledger
from scheduler.model import Balance, DeliveryState
from scheduler.tables import metadata as schedule
from tests.acceptance.files import WORKSHOP, alert
from tests.matrix.conftest import Arrives, running
from tests.matrix.people import POLL, Heard, Resident
from tests.matrix.program import Bot
from tests.matrix.steps import agrees, begins, books, meets, onward, plays, wants
from tests.matrix.synapse import Synapse
from tests.support import campaign, texts


async def test_an_invitation_is_answered_and_a_number_or_words_choose(
    arrives: Arrives, bot: Bot, encrypted: bool
) -> None:
    anna = await arrives("anna")
    await anna.meets(bot.user, encrypted=encrypted)
    welcome = await anna.hears("Uczę bezpieczeństwa", "112", "!usun")
    assert welcome.encrypted is encrypted
    assert welcome.content["msgtype"] == "m.notice"
    assert welcome.content["format"] == "org.matrix.custom.html"
    assert "<strong>" in welcome.html
    assert "**" not in welcome.body
    assert {"Zacznij od pytania": "1", "Rozejrzę się": "2", "English": "4"}.items() <= welcome.choices.items()

    await anna.says("2")
    assert (await anna.hears("Co robimy?")).encrypted is encrypted
    await anna.says("numery alarmowe")
    await anna.hears("112")
    await anna.says("!language")
    await anna.is_asked("English")
    await anna.picks("English")
    await anna.says("!viktoryna")
    assert "Everyday threats" in (await anna.hears("quiz")).choices
    assert len([heard for heard in anna.said() if "Uczę bezpieczeństwa" in heard.body]) == 1


async def test_a_quiz_by_number(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    result = await plays(anna, lambda screen: anna.says(screen.choices[onward(screen)]))
    assert "z 6." in result.body
    assert "☐ Ostrzeżenia" in result.choices
    assert all(heard.encrypted is encrypted for heard in anna.said())
    ticked = [heard for heard in anna.said() if heard.edits]
    assert ticked, "a box that is ticked changes where it stands"


async def test_a_quiz_by_poll_where_the_first_vote_counts(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    await wants(anna, "Ankietą")
    first: list[Answer] = []

    async def answers(screen: Heard) -> None:
        if screen.kind == f"{POLL}.start":
            code, chosen = next(iter(screen.answers.items()))
            answer = decode(code)
            assert isinstance(answer, Answer)
            first.append(answer)
            await anna.votes(chosen, screen)
            await anna.votes(list(screen.answers.values())[-1], screen)  # too late: it is answered
            await anna.sees(partial(_ends, poll=screen.event), "the poll's end")
        else:
            await anna.says(screen.choices[onward(screen)])

    await plays(anna, answers)
    assert len(first) >= 3
    assert all(heard.encrypted is encrypted for heard in anna.said())
    given = await bot.ask(partial(_answers, attempt=first[0].attempt))
    assert len(given) == 6
    assert {(one.position, one.chosen) for one in first} <= given


def _ends(heard: Heard, poll: str) -> bool:
    return heard.kind == f"{POLL}.end" and heard.relation["event_id"] == poll


async def _answers(conn: Connection, attempt: int) -> set[tuple[int, str]]:
    columns = (tables.answers.c.position, tables.answers.c.chosen)
    rows = await conn.execute(select(*columns).where(tables.answers.c.attempt_id == attempt))
    return {(row.position, row.chosen) for row in rows}


async def test_a_quiz_by_reactions_that_the_bot_has_put_there(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, bot, encrypted=encrypted)
    await wants(anna, "Reakcją")
    tapped: list[Heard] = []

    async def answers(screen: Heard) -> None:
        place = list(screen.choices).index(onward(screen))
        if len(screen.choices) <= 5:
            await anna.sees_tapped(screen.event, *(f"{number}️⃣" for number in range(1, len(screen.choices) + 1)))
            await anna.taps(f"{place + 1}️⃣", screen.event)
            tapped.append(screen)
        else:
            await anna.says(str(place + 1))

    await plays(anna, answers)
    assert len(tapped) >= 6


async def test_a_workshop_is_booked_with_a_name_and_a_contact(
    arrives: Arrives, own_bot: Bot, tmp_path: Path, encrypted: bool
) -> None:
    (tmp_path / "workshop.yaml").write_text(WORKSHOP)
    await own_bot.cli("workshop", "create", "--file", str(tmp_path / "workshop.yaml"))
    anna = await meets(arrives, own_bot, encrypted=encrypted)
    await books(anna)
    log = own_bot.log.read_text()
    for secret in ("Anna", "600 100 200", "Przykładowa", anna.user, anna.room, "Pierwsza pomoc"):
        assert secret not in log


async def test_a_campaign_arrives_once_and_its_buttons_lead_on(arrives: Arrives, own_bot: Bot, encrypted: bool) -> None:
    anna = await meets(arrives, own_bot, encrypted=encrypted)
    bob = await meets(arrives, own_bot, "bob", encrypted=encrypted)
    await agrees(anna)
    await own_bot.announce(campaign(kind="alert", text=texts("A gale tonight"), buttons=[{"quiz": "czad"}]))
    letter = await anna.is_asked("A gale tonight (pl)", "Kod:")
    assert letter.encrypted is encrypted
    await anna.picks("Quiz: Czad w domu")
    await anna.is_asked("Skąd się bierze i co robić.")
    await anna.says("!pomoc")
    await anna.hears("Jak to działa")
    assert len([heard for heard in anna.said() if "A gale" in heard.body]) == 1

    await bob.says("!pomoc")
    await bob.hears("Jak to działa")
    assert not any("A gale" in heard.body for heard in bob.said()), "who did not agree gets nothing"
    balance = await own_bot.ask(_balance)
    assert balance.holds
    assert balance[DeliveryState.SENT] == balance.audience == 1


async def test_what_staff_write_on_the_command_line_arrives(arrives: Arrives, own_bot: Bot) -> None:
    await own_bot.team()
    anna = await meets(arrives, own_bot, encrypted=True)
    await agrees(anna)
    await own_bot.campaign(alert("quiz: czad"))
    letter = await anna.is_asked("Dziś wieczorem wichura.")
    assert "<strong>Dziś wieczorem wichura.</strong>" in letter.html


async def _balance(conn: Connection) -> Balance:
    (run,) = await ledger.list_runs(conn)
    return await ledger.balance(conn, run.id)


@pytest.fixture
async def somebody_known(arrives: Arrives, own_bot: Bot, tmp_path: Path, encrypted: bool) -> Resident:
    """Anna, of whom the bot knows all that it can know: answers, a booking, wishes."""
    (tmp_path / "workshop.yaml").write_text(WORKSHOP)
    await own_bot.cli("workshop", "create", "--file", str(tmp_path / "workshop.yaml"))
    anna = await meets(arrives, own_bot, encrypted=encrypted)
    screen = await begins(anna)
    await anna.says(screen.choices[onward(screen)])
    await anna.is_asked()
    await books(anna)
    await agrees(anna)
    return anna


async def test_what_is_known_comes_as_a_file_that_only_they_can_read(somebody_known: Resident, encrypted: bool) -> None:
    anna = somebody_known
    await anna.says("!dane")
    file = await anna.hears("bezpieczny-krakow.json")
    assert file.content["msgtype"] == "m.file"
    assert ("file" in file.content, "url" in file.content) == (encrypted, not encrypted)
    kept = json.loads(await anna.downloads(file))
    assert kept["resident"]["alerts"] is True
    assert kept["bookings"][0]["name"] == "Anna Przykładowa"
    assert anna.room in json.dumps(kept), "the room is known, so it is told"
    assert (await anna.hears("To wszystko, co o Tobie wiem.")).encrypted is encrypted


async def test_what_is_erased_is_nowhere(somebody_known: Resident, own_bot: Bot) -> None:
    anna = somebody_known
    resident = await own_bot.knows(anna.user)
    assert resident
    await anna.says("!usun")
    await anna.is_asked("Skasować wszystko?")
    await anna.picks("Tak, skasuj")
    await anna.hears("Nic już o Tobie nie wiem")
    assert await own_bot.stop() == 0
    about_her = {anna.user, anna.room, "Przykładowa", "600 100 200", *(heard.event for heard in anna.said())}
    for table, rows in (await own_bot.ask(everything)).items():
        assert not [row for row in rows if any(mark in repr(row) for mark in about_her)], table
        assert not [row for row in rows if row.get("resident_id") == resident.id], table
    assert resident.id not in [row["id"] for row in (await own_bot.ask(everything))["residents"]]
    for file in (own_bot.folder / "data").glob("bezpieczny.sqlite3*"):
        assert anna.user.encode() not in file.read_bytes(), "what was erased is overwritten"

    await own_bot.start()
    await anna.says("!start")
    await anna.hears("Uczę bezpieczeństwa")


async def everything(conn: Connection) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables."""
    return {
        table.name: [dict(row) for row in (await conn.execute(select(table))).mappings()]
        for table in (*tables.metadata.sorted_tables, *schedule.sorted_tables)
    }


async def test_a_word_leads_where_a_link_would(arrives: Arrives, bot: Bot, encrypted: bool) -> None:
    anna = await arrives("anna")
    await anna.meets(bot.user, encrypted=encrypted)
    await anna.is_asked("Uczę bezpieczeństwa")
    await anna.says("!start subscribe")
    assert "☐ Ostrzeżenia" in (await anna.is_asked("Co mogę Ci przysyłać?")).choices
    await anna.says("!START Subscribe")
    await anna.is_asked()


async def test_in_ukrainian(arrives: Arrives, bot: Bot) -> None:
    olha = await meets(arrives, bot, "olha", encrypted=True)
    await olha.picks("Українська")
    await olha.is_asked("112", "!vydalyty")
    await olha.says("!вікторина")
    assert "Щоденні загрози" in (await olha.is_asked()).choices


async def test_an_access_token_does_as_well_as_a_password(
    arrives: Arrives, homeserver: Synapse, tmp_path: Path, encrypted: bool
) -> None:
    user = homeserver.newcomer("bot")
    token = homeserver.sign_in(user, "CITY")
    given = {"USER": user, "PASSWORD": "", "ACCESS_TOKEN": token}
    settings = {f"BEZPIECZNY_MATRIX__{name}": value for name, value in given.items()}
    async with running(Bot(tmp_path, homeserver, **settings)) as bot:
        anna = await arrives("anna")
        await anna.meets(user, encrypted=encrypted)
        assert (await anna.hears("Uczę bezpieczeństwa")).encrypted is encrypted
        assert token not in bot.log.read_text()
