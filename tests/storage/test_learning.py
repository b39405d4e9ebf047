from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.quizzes import Attempt, Given, Ref
from bot.storage import learning
from bot.storage.database import Connection, Database
from tests.support import NOON, add_resident

REFS = [Ref("czad", "one"), Ref("czad", "two")]
RIGHT, WRONG = Given("0", right=True), Given("12", right=False)


async def begin(conn: Connection, resident: int, seed: int = 1, quiz: str | None = "czad", days: int = 0) -> Attempt:
    return await learning.add_attempt(
        conn, REFS, seed=seed, now=NOON + timedelta(days=days), resident_id=resident, quiz=quiz
    )


async def finish(conn: Connection, attempt: Attempt, *given: Given) -> None:
    for position, one in enumerate(given):
        await learning.add_answer(conn, attempt, position, one, NOON)
    await learning.finish_attempt(conn, attempt.id, NOON)


async def test_an_attempt_comes_back_with_its_answers(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        attempt = await begin(conn, resident.id, seed=2**33)
        assert await learning.get_attempt(conn, attempt.id) == attempt
        assert await learning.find_by_seed(conn, resident.id, 2**33) == attempt
        await learning.add_answer(conn, attempt, 1, WRONG, NOON)
        found = await learning.get_attempt(conn, attempt.id)
        assert found
        assert found.answers == {1: WRONG}
        assert found.questions == tuple(REFS)
        assert await learning.get_attempt(conn, 99) is None
        assert await learning.find_by_seed(conn, resident.id, 3) is None
        assert await learning.find_by_seed(conn, 99, 2**33) is None


async def test_the_database_itself_stops_a_second_answer_and_a_second_attempt(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        attempt = await begin(conn, resident.id)
        await learning.add_answer(conn, attempt, 0, RIGHT, NOON)
    with pytest.raises(IntegrityError):
        async with database.begin() as conn:
            await learning.add_answer(conn, attempt, 0, WRONG, NOON)
    with pytest.raises(IntegrityError):
        async with database.begin() as conn:
            await begin(conn, resident.id)


async def test_the_attempt_left_last_is_found_while_it_is_young(database: Database) -> None:
    async with database.begin() as conn:
        resident, other = await add_resident(conn, "telegram:1"), await add_resident(conn, "telegram:2")
        await begin(conn, resident.id, seed=1)
        second = await begin(conn, resident.id, seed=2, days=1)
        await begin(conn, other.id, seed=3, days=2)
        assert await learning.unfinished(conn, resident.id, NOON) == second
        assert await learning.unfinished(conn, resident.id, NOON + timedelta(days=2)) is None
        await learning.finish_attempt(conn, second.id, NOON)
        left = await learning.unfinished(conn, resident.id, NOON)
        assert left
        assert left.seed == 1


async def test_questions_met_are_of_this_resident_alone(database: Database) -> None:
    async with database.begin() as conn:
        resident, other = await add_resident(conn, "telegram:1"), await add_resident(conn, "telegram:2")
        mine, theirs = await begin(conn, resident.id), await begin(conn, other.id)
        await learning.add_answer(conn, mine, 1, WRONG, NOON)
        await learning.add_answer(conn, theirs, 0, RIGHT, NOON)
        assert await learning.questions_answered(conn, resident.id) == {REFS[1]}


async def test_the_best_score_of_each_whole_quiz(database: Database) -> None:
    async with database.begin() as conn:
        resident = await add_resident(conn)
        await finish(conn, await begin(conn, resident.id, seed=1), RIGHT, WRONG)
        await finish(conn, await begin(conn, resident.id, seed=2), RIGHT, RIGHT)
        await finish(conn, await begin(conn, resident.id, seed=3, quiz=None), RIGHT, RIGHT)
        await finish(conn, await begin(conn, resident.id, seed=4, quiz="sms"), WRONG, WRONG)
        await begin(conn, resident.id, seed=5, quiz="left")
        assert await learning.quizzes_done(conn, resident.id) == {"czad": 2, "sms": 0}
