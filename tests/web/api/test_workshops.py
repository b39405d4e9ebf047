"""Programs plan workshops, and nobody's change is lost; whoever booked is told, and never named."""

from datetime import timedelta

import httpx
import pytest

from bot.storage.database import Connection
from scheduler import ledger
from tests.support import NOON, add_resident, add_workshop, book
from tests.web.api.world import PLAN, World, problem


async def plan(program: httpx.AsyncClient, **changes: object) -> httpx.Response:
    return await program.post("/workshops", json=PLAN | changes)


async def runs_of(conn: Connection) -> list[tuple[str, int]]:
    return [(run.subject, run.audience) for run in await ledger.list_runs(conn)]


async def test_a_workshop_from_its_plan_to_its_end(world: World, program: httpx.AsyncClient) -> None:
    made = await plan(program)

    assert made.status_code == 201
    assert made.headers["Location"] == "/api/v1/workshops/1"
    assert made.json()["starts_at"] == "2026-12-08T16:00:00Z"
    async with world.database.begin() as conn:
        person = await add_resident(conn)
        await book(conn, 1, person.id, places=3)

    found = await program.get("/workshops/1")
    assert (found.json()["taken"], found.json()["waiting"], found.headers["ETag"]) == (3, 0, '"0"')

    later = PLAN | {"place": "Rynek 2"}
    changed = await program.put("/workshops/1", json=later, headers={"If-Match": found.headers["ETag"]})
    assert (changed.status_code, changed.json()["place"], changed.headers["ETag"]) == (200, "Rynek 2", '"1"')

    off = await program.post("/workshops/1/cancel")
    assert off.status_code == 200
    assert off.json()["cancelled_at"] == "2026-12-01T11:00:00Z"
    assert problem(await program.post("/workshops/1/cancel")) == "not-possible"
    async with world.database.read() as conn:
        assert len(await runs_of(conn)) == 2, "whoever booked hears of the new place, and that it is off"
        assert {audience for _, audience in await runs_of(conn)} == {1}


async def test_nobody_s_change_is_lost(program: httpx.AsyncClient) -> None:
    await plan(program)
    change = PLAN | {"capacity": 12}

    first = await program.put("/workshops/1", json=change, headers={"If-Match": '"0"'})
    second = await program.put("/workshops/1", json=change | {"capacity": 15}, headers={"If-Match": '"0"'})

    assert first.status_code == 200
    assert problem(second) == "changed-meanwhile"
    assert second.status_code == 412
    assert second.headers["ETag"] == '"1"'
    assert (await program.get("/workshops/1")).json()["capacity"] == 12
    assert (await program.put("/workshops/1", json=change, headers={"If-Match": "*"})).status_code == 200


async def test_a_change_says_what_it_changes(program: httpx.AsyncClient) -> None:
    await plan(program)

    answer = await program.put("/workshops/1", json=PLAN)

    assert (problem(answer), answer.status_code) == ("precondition-required", 428)
    assert problem(await program.put("/workshops/9", json=PLAN, headers={"If-Match": '"0"'})) == "not-found"


async def test_places_that_are_taken_cannot_be_taken_away(world: World, program: httpx.AsyncClient) -> None:
    async with world.database.begin() as conn:
        number = await add_workshop(conn)
        await book(conn, number, (await add_resident(conn)).id, places=5)

    answer = await program.put(f"/workshops/{number}", json=PLAN | {"capacity": 4}, headers={"If-Match": '"0"'})

    assert problem(answer) == "not-possible"
    assert "5 places" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"capacity": 0}, "/capacity"),
        ({"capacity": "12"}, "/capacity"),
        ({"starts_at": "2026-12-08 17:00"}, "/starts_at"),
        ({"starts_at": "2026-12-08T17:00:00"}, "/starts_at"),
        ({"starts_at": "9999-12-31T23:59:59Z"}, "/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "/starts_at"),
        ({"ends_at": "2026-12-08T17:00:00+01:00"}, ""),
        ({"title": {"en": "No Polish"}}, "/title"),
        ({"place": "a\x00"}, "/place"),
        ({"owner": "Somebody"}, "/owner"),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(
    program: httpx.AsyncClient, changes: dict[str, object], pointer: str
) -> None:
    answer = await plan(program, **changes)

    assert problem(answer) == "invalid"
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


async def test_what_would_have_begun_is_refused(world: World, program: httpx.AsyncClient) -> None:
    world.now += timedelta(days=30)

    assert problem(await plan(program)) == "invalid"


async def test_the_list_goes_on_where_it_ended(world: World, program: httpx.AsyncClient) -> None:
    async with world.database.begin() as conn:
        same_start = [await add_workshop(conn, starts_at=NOON + timedelta(days=3)) for _ in range(3)]
        sooner = await add_workshop(conn, starts_at=NOON + timedelta(days=1))
        over = await add_workshop(conn, starts_at=NOON - timedelta(days=1))

    seen: list[int] = []
    query: dict[str, str] | None = {"limit": "1"}
    while query:
        page = (await program.get("/workshops", params=query)).json()
        seen += [one["number"] for one in page["items"]]
        query = {"limit": "1", "cursor": page["next_cursor"]} if page["next_cursor"] else None

    assert seen == [sooner, *same_start]
    past = (await program.get("/workshops", params={"past": "true"})).json()["items"]
    assert [one["number"] for one in past] == [over]
    assert (await program.get("/workshops", params={"area": "road"})).json()["items"] == []


async def test_a_workshop_is_planned_once(program: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await program.post("/workshops", json=PLAN, headers={"Idempotency-Key": "w1"})
        assert answer.json()["number"] == 1
    for _ in range(2):
        answer = await program.post("/workshops/1/cancel", headers={"Idempotency-Key": "w2"})
        assert answer.status_code == 200
