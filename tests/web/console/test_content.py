"""The pages about content: what staff see of the library, of its quality, and of what is missing in it."""

import asyncio
import csv
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from shutil import copytree

import pytest

from bot.domain.quizzes import Given, Ref
from bot.services import content_check, missed
from bot.services.sheets import BOM
from bot.storage import learning
from bot.storage.database import Database
from bot.storage.staff import Role
from tests.dialogue.world import SMALL
from tests.support import CONTENT, VAULT, add_resident, library, open_database, question, quiz, tip
from tests.web.console.world import Console, words_of
from tests.web.console.world import console as open_console

CARD = tip("pozar", steps=[{"pl": "Wyjdź", "uk": "Вийдіть", "en": "Leave"}], keywords={"en": ["fire in the kitchen"]})
LATE = question("late", review_on="2026-11-20").model_dump()
BOOKS = library(
    quizzes=[quiz(questions=[*quiz().model_dump()["questions"], LATE]), quiz("inny")],
    tips=[tip(), tip("bilet", review_on="2027-01-15"), CARD],
)


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    async with open_database(tmp_path) as database, open_console(database, books=BOOKS) as opened:
        yield opened


async def answers(database: Database, console: Console, *marks: str) -> None:
    """First attempts at `czad`: for each of its four questions the chosen option, of which 0 is right."""
    async with database.begin() as conn:
        for number, chosen in enumerate(marks):
            resident = await add_resident(conn, f"telegram:{number}")
            refs = [Ref("czad", name) for name in ("one", "two", "three", "late")]
            attempt = await learning.add_attempt(
                conn, refs, seed=1, now=console.now, resident_id=resident.id, quiz="czad"
            )
            for place, one in enumerate(chosen):
                await learning.add_answer(conn, attempt, place, Given(one, right=one == "0"), console.now)
            await learning.finish_attempt(conn, attempt.id, console.now)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ORGANISER])
async def test_everybody_may_look_through_the_library(console: Console, role: Role) -> None:
    browser = await console.browser(role)
    await browser.get("/console/content")
    assert "Quiz czad (en)" in browser.text
    assert "Quizzes (2) “What to do” cards (1) Tips (2)" in browser.text
    await browser.get("/console/content?kind=cards")
    assert "Tip pozar (en)" in browser.text
    assert "Tip czujka (en)" not in browser.text
    for name, known in (("tips/pozar", 200), ("tips/none", 404), ("quizzes/pozar", 404), ("templates/jesien", 200)):
        assert (await browser.get(f"/console/content/{name}")).status_code == known


async def test_a_search_shows_what_a_resident_would_get(console: Console) -> None:
    browser = await console.browser(Role.VIEWER)
    await browser.get("/console/content?q=fire+in+the+kitchen&in=en")
    assert "Tip pozar (en) Do pozar (en) 1. Leave" in browser.text
    await browser.get("/console/content?q=dragons&in=en")
    assert "The chat finds nothing here" in browser.text
    async with console.database.read() as conn:
        assert await missed.listed(conn, console.now) == []
    await browser.get('/console/content?q="><b>x</b>&in=zz')
    assert browser.page
    assert "<b>x</b>" not in browser.page.text


async def test_a_quiz_says_which_answer_is_right_and_what_is_said_to_each(console: Console) -> None:
    browser = await console.browser(Role.EDITOR)
    await browser.get("/console/content/quizzes/czad?in=uk")
    assert "Option 0 (uk) yes Option 1 (uk) no Option 2 (uk) no" in browser.text
    for place in range(3):
        assert f"Because {place} (uk)" in browser.text
    assert "Explanation one (uk)" in browser.text
    assert "20 Nov 2026 overdue" in browser.text
    assert "A source , A publisher" in browser.text


async def test_the_table_of_questions_puts_the_worst_first_and_sorts_by_its_headings(console: Console) -> None:
    # The first question misleads those who can do the others; the third everybody can do.
    await answers(console.database, console, *["1000"] * 20, *["0201"] * 20)
    browser = await console.browser(Role.VIEWER)
    page = await browser.get("/console/content/quality")
    assert "As of 1 Dec 2026, 12:00." in browser.text
    rows = [words_of(row) for row in page.text.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")]
    assert rows[0] == "Question one? (en) Quiz czad (en) 40 50 % -1.00 misleads those who know an unused answer"
    assert "Question three? (en) Quiz czad (en) 40 100 % – too easy" in rows
    assert "Question one? (en) Quiz inny (en) – – –" in rows
    assert "To look at (4)" in browser.text
    page = await browser.get("/console/content/quality?only=flagged&sort=facility&order=down")
    assert page.text.count('aria-sort="descending"') == 1
    rows = [words_of(row) for row in page.text.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")]
    assert rows[0].startswith("Question three?")
    assert len([row for row in rows if row]) == 4
    await browser.get("/console/content/quizzes/czad")
    assert "Answers 40 Facility 50 % Discrimination -1.00 (from 40 people)" in browser.text


async def test_below_five_answers_no_number_is_shown(console: Console) -> None:
    await answers(console.database, console, *["0000"] * 4)
    browser = await console.browser(Role.VIEWER)
    await browser.get("/console/content/quality")
    assert "%" not in browser.text.split("How this is counted")[0]
    assert "fewer than 5 people have answered" in browser.text


async def test_the_counts_are_made_anew_on_demand(console: Console) -> None:
    browser = await console.browser(Role.VIEWER)
    await browser.get("/console/content/quality")
    await answers(console.database, console, *["0000"] * 6)
    console.later(minutes=30)
    await browser.get("/console/content/quality")
    assert "As of 1 Dec 2026, 12:00." in browser.text
    await browser.submit("/console/content/quality")
    assert "Counted again. " in browser.text
    assert "As of 1 Dec 2026, 12:30." in browser.text
    assert "Quiz czad (en) 6 100 %" in browser.text


async def test_the_table_can_be_taken_along(console: Console) -> None:
    await answers(console.database, console, *["1000"] * 20, *["0201"] * 20)
    browser = await console.browser(Role.VIEWER)
    page = await browser.get("/console/content/quality.csv")
    assert 'filename="quality-2026-12-01.csv"' in page.headers["content-disposition"]
    headings, first, *_ = csv.reader(StringIO(page.content.decode().removeprefix(BOM)), delimiter=";")
    assert headings[:3] == ["Quiz", "Question (id)", "Text"]
    assert first[:7] == ["czad", "one", "Question one? (en)", "40", "0.5", "40", "-1.0"]
    assert first[-1] == "50 % / 50 % / 0 %".replace(" %", "\u00a0%")


async def test_what_people_say_of_tips(console: Console) -> None:
    async with console.database.begin() as conn:
        for number in range(6):
            resident = await add_resident(conn, f"telegram:{number}")
            await learning.mark_tip(conn, resident.id, "czujka", console.now, useful=number > 0)
    browser = await console.browser(Role.VIEWER)
    page = await browser.get("/console/content/ratings")
    assert "Tip czujka (en) 6 5 1 83 %" in browser.text
    assert "Tip bilet (en) – – – –" in browser.text
    page = await browser.get("/console/content/ratings.csv")
    assert "czujka" in page.text
    await browser.get("/console/content/tips/czujka")
    assert "Seen by 6 Useful 5 (83 %) Not useful 1" in browser.text


async def test_what_is_due_for_review_leads_to_its_place(console: Console) -> None:
    browser = await console.browser(Role.VIEWER)
    page = await browser.get("/console/content/reviews")
    assert "1 review is overdue." in browser.text
    assert 'href="/console/content/quizzes/czad#late"' in page.text
    assert browser.text.index("Quiz czad (en), question 4") < browser.text.index("Tip bilet (en)")
    assert "Tip czujka (en)" not in browser.text


async def test_what_is_missing_shows_only_what_five_people_asked(console: Console) -> None:
    async with console.database.begin() as conn:
        for number in range(5):
            resident = await add_resident(conn, f"telegram:{number}")
            text = "drony" if number else "drony i lawina"
            await missed.note(conn, BOOKS, VAULT, resident, text, now=console.now)
    browser = await console.browser(Role.VIEWER)
    await browser.get("/console/content/missing")
    assert "dron… 5" in browser.text
    assert "lawin" not in browser.text


async def test_the_report_of_the_check_comes_when_it_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    copytree(SMALL, folder)
    copytree(CONTENT / "words", folder / "words")
    async with (
        open_database(tmp_path) as database,
        open_console(database, books=BOOKS, content=folder) as opened,
    ):
        browser = await opened.browser(Role.VIEWER)
        page = await browser.get("/console/content/check")
        assert "The content is being checked" in browser.text
        assert 'data-live="/console/content/check/live"' in page.text
        live = await browser.client.get("/console/content/check/live")
        assert "Errors:" in live.text
        assert live.text.rstrip().endswith("data:")
        page = await browser.get("/console/content/check")
        assert "data-live" not in page.text
        assert "quizzes/" in browser.text
        assert str(tmp_path) not in page.text
        await browser.submit("/console/content/check")
        assert "The content is being checked" in browser.text
        task = content_check.being_made(database)
        assert task
        await asyncio.wait_for(task, 60)
