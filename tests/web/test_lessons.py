"""A shared quiz at /q/CODE: pupils answer at once and are nobody."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from bot.catalogue.library import Shelf
from bot.channels.web.render import FRAGMENT_TYPE
from bot.dialogue.actions import encode
from bot.domain import actions as do
from bot.services import classroom
from bot.storage import tables
from bot.storage.database import Database
from bot.web import lessons
from bot.web.app import create_app
from tests.support import NOON, library, open_database
from tests.web.world import FakeDialogue

CODE = "abcd2345"
AT = f"/q/{CODE}"


class Room:
    """An open link, and browsers to open it with."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.shelf = Shelf(library())
        self.now = NOON
        tokens = (f"token-of-a-pupil-{number:010}" for number in count())
        numbers = count(1)
        self._app = create_app(
            dialogue=FakeDialogue(),
            shelf=self.shelf,
            new_token=lambda: next(tokens),
            public_url="http://127.0.0.1:8080",
            checks={},
            registry=CollectorRegistry(),
            lessons=lessons.routes(
                database=database,
                shelf=self.shelf,
                clock=lambda: self.now,
                new_token=lambda: next(tokens),
                new_number=lambda: next(numbers),
                secure=False,
            ),
        )

    def pupil(self, language: str = "pl") -> AsyncClient:
        return AsyncClient(
            transport=ASGITransport(self._app),
            base_url="http://127.0.0.1:8080",
            headers={"Accept-Language": language},
            follow_redirects=True,
        )

    async def attempts(self) -> int:
        async with self.database.read() as conn:
            return int((await conn.execute(select(func.count()).select_from(tables.attempts))).scalar_one())

    async def totals(self) -> classroom.Share:
        async with self.database.read() as conn:
            link = await classroom.open_link(conn, CODE, self.now)
            return await classroom.totals(conn, self.shelf.library, link)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_database(tmp_path) as database:
        made = Room(database)
        async with database.begin() as conn:
            await classroom.share(conn, made.shelf.library, "czad", resident_id=None, code=CODE, now=NOON)
        yield made


def fields(page: Response) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def codes(page: Response) -> dict[str, str]:
    """Words of a button → its code."""
    return {words.strip(): code for code, words in re.findall(r'name="press" value="([^"]+)"[^>]*>([^<]+)<', page.text)}


async def press(pupil: AsyncClient, page: Response, words: str) -> Response:
    code = next(code for label, code in codes(page).items() if words in label)
    return await pupil.post(AT, data={**fields(page), "press": code})


async def answer_all(pupil: AsyncClient, option: int) -> Response:
    page = await pupil.get(AT)
    for _ in range(3):
        page = await press(pupil, page, f"Option {option}")
        page = await press(pupil, page, next(iter(codes(page))))
    return page


async def test_the_first_question_stands_on_the_first_page_and_looking_stores_nothing(room: Room) -> None:
    async with room.pupil() as pupil:
        page = await pupil.get(AT)
        assert "Question one? (pl)" in page.text
        assert "set-cookie" not in page.headers
    assert await room.attempts() == 0


async def test_a_whole_quiz_without_scripts(room: Room) -> None:
    async with room.pupil() as pupil:
        page = await pupil.get(AT)
        page = await press(pupil, page, "Option 0")
        assert "Because 0 (pl)" in page.text
        assert [cookie.name for cookie in pupil.cookies.jar] == ["attempt"]
        assert [cookie.path for cookie in pupil.cookies.jar] == [AT]
        page = await press(pupil, page, "Następne 2/3")
        page = await press(pupil, page, "Option 1")
        assert "Because 1 (pl)" in page.text
        page = await press(pupil, page, "Następne 3/3")
        page = await press(pupil, page, "Option 0")
        page = await press(pupil, page, "Wynik")
        assert "2 z 3" in page.text
    assert await room.attempts() == 1


async def test_the_options_keep_their_order_before_anything_is_stored(room: Room) -> None:
    async with room.pupil() as pupil:
        first = await pupil.get(AT)
        await pupil.post(AT, data={**fields(first), "press": encode(do.ShowQuestion(0, 1))})
        again = await pupil.post(AT, data={**fields(first), "press": encode(do.ShowQuestion(0, 0))})
        assert list(codes(again)) == list(codes(first))
        assert await room.attempts() == 0
        answered = await press(pupil, again, "Option 0")
        assert "Because 0" in answered.text


async def test_the_first_answer_counts_and_a_repeat_shows_it_again(room: Room) -> None:
    async with room.pupil() as pupil:
        page = await pupil.get(AT)
        await press(pupil, page, "Option 0")
        again = await press(pupil, page, "Option 2")
        assert "Because 0 (pl)" in again.text
    assert await room.attempts() == 1


async def test_a_script_gets_the_fragment(room: Room) -> None:
    async with room.pupil() as pupil:
        page = await pupil.get(AT)
        code = next(code for words, code in codes(page).items() if "Option 0" in words)
        answer = await pupil.post(AT, data={**fields(page), "press": code}, headers={"Accept": FRAGMENT_TYPE})
        assert answer.text.lstrip().startswith("<li")
        assert "Because 0 (pl)" in answer.text


async def test_the_language_stays_through_the_quiz(room: Room) -> None:
    async with room.pupil("pl") as pupil:
        page = await pupil.get(f"{AT}?lang=uk")
        page = await press(pupil, page, "Option 0")
        assert "Because 0 (uk)" in page.text
        assert "Далі 2/3" in page.text


async def test_pupils_do_not_see_one_another(room: Room) -> None:
    async with room.pupil() as first, room.pupil() as second:
        await press(first, await first.get(AT), "Option 0")
        page = await second.get(AT)
        assert "Question one?" in page.text
        assert "Because" not in page.text


async def test_the_next_person_on_the_device_begins_anew(room: Room) -> None:
    async with room.pupil() as pupil:
        done = await answer_all(pupil, 0)
        page = await press(pupil, done, "Następna osoba")
        assert "Question one?" in page.text
        await press(pupil, page, "Option 1")
    assert await room.attempts() == 2


async def test_totals_appear_from_the_fifth_pupil_on(room: Room) -> None:
    for number in range(1, 6):
        async with room.pupil() as pupil:
            await answer_all(pupil, 0 if number < 4 else 1)
        share = await room.totals()
        assert (share.finished is None) is (number < 5)
        assert bool(share.questions) is (number == 5)
    assert [percent for _, percent in share.questions] == [60, 60, 60]


async def test_a_link_ends_after_30_days(room: Room) -> None:
    async with room.pupil() as pupil:
        room.now = NOON + timedelta(days=30) - timedelta(seconds=1)
        assert (await pupil.get(AT)).status_code == 200
        room.now = NOON + timedelta(days=30)
        ended = await pupil.get(AT)
        assert ended.status_code == 404
        assert 'href="/"' in ended.text


@pytest.mark.parametrize(
    "change",
    [
        lambda: {"press": encode(do.Answer(0, 0, "9"))},
        lambda: {"press": encode(do.Answer(0, 99, "0"))},
        lambda: {"press": encode(do.Answer(0, -1, "0"))},
        lambda: {"press": encode(do.ShowQuestion(0, 99))},
        lambda: {"press": encode(do.ShowQuestion(0, -5, "777"))},
        lambda: {"press": encode(do.Erase(sure=True))},
        lambda: {"press": "<script>"},
        lambda: {"press": ""},
        lambda: {"seed": "9" * 400, "press": encode(do.Answer(0, 0, "0"))},
        lambda: {"seed": "²", "press": encode(do.Answer(0, 0, "0"))},
    ],
)
async def test_forged_forms_get_a_page(room: Room, change: Callable[[], dict[str, str]]) -> None:
    async with room.pupil() as pupil:
        page = await pupil.get(AT)
        answer = await pupil.post(AT, data={**fields(page), **change()})
        assert answer.status_code == 200
        assert "Question" in answer.text or "Because" in answer.text


@pytest.mark.parametrize("query", ["at=99", "at=-1", "at=1&picked=99", "at=1&picked=%3Cb%3E", "lang=xx", "at=0"])
async def test_odd_addresses_show_a_question(room: Room, query: str) -> None:
    async with room.pupil() as pupil:
        assert "Question one?" in (await pupil.get(f"{AT}?{query}")).text


async def test_an_unknown_code_is_a_kind_page(room: Room) -> None:
    async with room.pupil() as pupil:
        page = await pupil.get("/q/nosuch")
        assert page.status_code == 404
        assert 'href="/"' in page.text
