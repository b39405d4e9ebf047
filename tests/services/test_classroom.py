from datetime import timedelta

import pytest

from bot.domain.errors import UnknownItem
from bot.domain.quizzes import Given
from bot.services import classroom, learning
from bot.services.classroom import LinkEnded
from bot.storage import classroom as store
from bot.storage import learning as attempts
from bot.storage.classroom import QuizLink
from bot.storage.database import Connection, Database
from tests.support import NOON, add_resident, library

ENDS = NOON + classroom.LINK_LASTS


async def share(conn: Connection, code: str = "abcd", resident: int | None = None, **changes: object) -> QuizLink:
    values = {"resident_id": resident, "code": code, "now": NOON, **changes}
    return await classroom.share(conn, library(), "czad", **values)  # type: ignore[arg-type] # the keywords of share


async def pupil_answers(conn: Connection, link: QuizLink, name: str, rights: str) -> None:
    """A pupil's answers from the first question on: `r` for right, `w` for another."""
    attempt = await classroom.begin_as_pupil(conn, library(), link, name, seed=1, now=NOON)
    for position, right in enumerate(rights):
        await attempts.add_answer(conn, attempt, position, Given("0", right == "r"), NOON)
    if len(rights) == len(attempt.questions):
        await attempts.finish_attempt(conn, attempt.id, NOON)


async def test_a_link_lasts_thirty_days(database: Database) -> None:
    async with database.begin() as conn:
        link = await share(conn)
        assert await classroom.open_link(conn, "abcd", ENDS - timedelta(seconds=1)) == link
        with pytest.raises(LinkEnded):
            await classroom.open_link(conn, "abcd", ENDS)
        for code in ("nothing", "", "\x00", "ąb", "a" * 99):
            with pytest.raises(LinkEnded):
                await classroom.open_link(conn, code, NOON)


async def test_a_code_may_be_typed_in_capitals(database: Database) -> None:
    async with database.begin() as conn:
        link = await share(conn)
        assert await classroom.open_link(conn, "ABCD", NOON) == link


async def test_a_resident_has_one_open_link_to_a_quiz_and_staff_as_many_as_they_make(database: Database) -> None:
    async with database.begin() as conn:
        one, other = await add_resident(conn, "telegram:1"), await add_resident(conn, "telegram:2")
        first = await share(conn, "aaaa", one.id)
        assert await share(conn, "bbbb", one.id) == first
        assert (await share(conn, "cccc", one.id, now=ENDS)).code == "cccc"
        assert (await share(conn, "dddd", other.id)).code == "dddd"
        assert [(await share(conn, code)).code for code in ("eeee", "ffff")] == ["eeee", "ffff"]
        with pytest.raises(UnknownItem):
            await classroom.share(conn, library(), "nothing", resident_id=None, code="x", now=NOON)


async def test_a_cookie_is_one_attempt_and_only_its_hash_is_kept(database: Database) -> None:
    async with database.begin() as conn:
        link, other = await share(conn), await share(conn, "efgh")
        begun = await classroom.begin_as_pupil(conn, library(), link, "cookie", seed=5, now=NOON)
        assert (await classroom.begin_as_pupil(conn, library(), link, "cookie", seed=9, now=NOON)).id == begun.id
        assert await classroom.pupil_attempt(conn, link, "cookie") == begun
        assert await classroom.pupil_attempt(conn, link, "another") is None
        assert await classroom.pupil_attempt(conn, other, "cookie") is None
        assert begun.resident_id is None
        token = (await conn.exec_driver_sql("SELECT token FROM attempts")).scalar_one()
    assert token == classroom.hashed("cookie") != "cookie"


async def test_nothing_is_shown_below_five_people(database: Database) -> None:
    async with database.begin() as conn:
        link = await share(conn)
        for number in range(4):
            await pupil_answers(conn, link, str(number), "rww")
        shown = await classroom.totals(conn, library(), link)
        assert (shown.finished, shown.questions) == (None, ())
        await pupil_answers(conn, link, "half-way", "rr")
        shown = await classroom.totals(conn, library(), link)
        assert shown.finished is None
        assert [(question.id, percent) for question, percent in shown.questions] == [("one", 100), ("two", 20)]
        await pupil_answers(conn, link, "fifth", "www")
        shown = await classroom.totals(conn, library(), link)
        assert shown.finished == 5
        assert [percent for _, percent in shown.questions] == [83, 17, 0]


async def test_links_do_not_mix(database: Database) -> None:
    async with database.begin() as conn:
        one, other = await share(conn), await share(conn, "efgh")
        for number in range(5):
            await pupil_answers(conn, one, str(number), "rrr")
        assert (await classroom.totals(conn, library(), other)).finished is None
        assert (await store.totals(conn, "efgh")).started == 0
        with pytest.raises(UnknownItem):
            await classroom.totals(conn, library(quizzes=[]), one)


async def test_an_ended_link_takes_pupils_attempts_along_and_leaves_a_residents(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        link, open_one = await share(conn), await share(conn, "efgh", now=NOON + timedelta(days=1))
        await pupil_answers(conn, link, "pupil", "r")
        await pupil_answers(conn, open_one, "other", "r")
        seed = classroom.seed_of(link.code)
        mine = await learning.start_link(conn, library(), resident, link.code, "czad", seed=seed, now=NOON)
        assert await store.drop_ended(conn, ENDS + timedelta(seconds=1)) == 1
        assert await store.find_link(conn, "abcd") is None
        kept = await learning.own_attempt(conn, resident, mine.id)
        assert kept.link is None
        assert [
            row for (row,) in await conn.exec_driver_sql("SELECT link FROM attempts WHERE resident_id IS NULL")
        ] == ["efgh"]


def test_no_button_can_press_a_links_number() -> None:
    assert all(classroom.seed_of(code) > 2**31 for code in ("a", "abcd2345", ""))
    assert classroom.seed_of("a") != classroom.seed_of("b")
