from datetime import timedelta

from bot.domain.quizzes import Ref
from bot.storage import room_polls
from bot.storage.database import Connection, Database
from bot.storage.room_polls import NewPoll, Poll
from tests.support import NOON

SOON = NOON + timedelta(minutes=10)


async def put(conn: Connection, key: str, *, room: str = "!estate", question: str = "one", days: int = 0) -> Poll:
    at = NOON + timedelta(days=days)
    return await room_polls.add(conn, NewPoll(room, key, None, "pl", Ref("czad", question), at, at))


async def test_a_poll_is_found_by_what_asked_for_it_by_its_name_and_by_its_room(database: Database) -> None:
    async with database.begin() as conn:
        poll = await put(conn, "$ask")
        await put(conn, "$other", room="!school")
        assert await room_polls.asked_by(conn, "$ask") == poll == await room_polls.newest(conn, "!estate")
        assert await room_polls.find(conn, poll.id) == poll
        await room_polls.note_event(conn, poll.id, "$poll", SOON)
        await room_polls.note_event(conn, poll.id, "$again", NOON)
        held = await room_polls.hold(conn, "!estate", "$poll")
        assert held
        assert (held.id, held.event, held.closes_at) == (poll.id, "$poll", SOON)
        assert await room_polls.hold(conn, "!school", "$poll") is None, "another room's is none"


async def test_the_first_vote_of_each_counts_and_all_go_when_it_is_finished(database: Database) -> None:
    async with database.begin() as conn:
        poll, other = await put(conn, "$ask"), await put(conn, "$other")
        for voter, chosen in (("a", "0"), ("b", "1"), ("a", "1"), ("c", "1")):
            await room_polls.add_vote(conn, poll.id, voter, chosen)
        await room_polls.add_vote(conn, other.id, "a", "2")
        assert await room_polls.counts(conn, poll.id) == {"0": 1, "1": 2}
        await room_polls.finish(conn, poll.id, SOON)
        assert await room_polls.counts(conn, poll.id) == {}
        assert await room_polls.counts(conn, other.id) == {"2": 1}
        assert [one.id for one in await room_polls.untold(conn)] == [other.id]


async def test_what_was_asked_long_ago_is_forgotten_with_its_votes(database: Database) -> None:
    async with database.begin() as conn:
        old = await put(conn, "$old")
        await put(conn, "$new", question="two", days=2)
        await room_polls.add_vote(conn, old.id, "a", "0")
        assert await room_polls.refs_of(conn, "!estate") == [Ref("czad", "one"), Ref("czad", "two")]
        assert await room_polls.drop_before(conn, NOON + timedelta(days=1)) == 1
        assert await room_polls.refs_of(conn, "!estate") == [Ref("czad", "two")]
        assert await room_polls.counts(conn, old.id) == {}
