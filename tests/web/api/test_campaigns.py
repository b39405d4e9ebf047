"""Programs write campaigns and ask; people say yes."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from bot.domain.residents import Address
from bot.services import campaigns as desk
from bot.services import staff as team
from bot.services.tokens import Scope
from bot.storage import tables
from bot.storage.audience import ResidentsAudience
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.errors import OwnCampaign
from scheduler.model import CampaignState, OneOff
from scheduler.planner import plan
from tests.sending import settle
from tests.support import NOON, add_resident
from tests.web.api.world import DRAFT, World, problem

KEY = {"Idempotency-Key": "4f9c"}


async def draft(program: httpx.AsyncClient) -> int:
    answer = await program.post("/campaigns", json=DRAFT)
    assert answer.status_code == 201
    return int(answer.json()["number"])


async def test_a_program_writes_and_asks_and_a_person_says_yes(world: World, program: httpx.AsyncClient) -> None:
    async with world.database.begin() as conn:
        await team.enrol(conn, Member("Bob", Role.APPROVER), NOON)
        await add_resident(conn, "telegram:2", "en")
        await team.link(conn, "Bob", Address("telegram", "2"))

    made = await program.post("/campaigns", json=DRAFT)

    assert made.status_code == 201
    assert (made.json()["state"], made.json()["author"]) == ("draft", "api:Weather desk")
    assert made.headers["Location"] == "/api/v1/campaigns/1"
    assert made.headers["ETag"] == '"0"'
    assert (await program.get("/campaigns/1")).json() == made.json()

    asked = await program.post("/campaigns/1/submit")

    assert (asked.status_code, asked.json()["state"]) == (200, "in_review")
    async with world.database.begin() as conn:
        assert [run.audience for run in await ledger.list_runs(conn)] == [1], "Bob hears of it"
        with pytest.raises(OwnCampaign):
            await desk.approve(conn, 1, who="Eve", now=NOON)  # who made the token
        await desk.approve(conn, 1, who="Bob", now=NOON)
        log = tables.audit.c
        lines = [tuple(row) for row in await conn.execute(select(log.who, log.what, log.about))]
    assert lines == [
        ("api:Weather desk", "create", "campaign:1"),
        ("api:Weather desk", "submit", "campaign:1"),
    ]
    assert (await program.get("/campaigns/1")).json()["approved_by"] == "Bob"


@pytest.mark.parametrize("step", ["approve", "schedule", "cancel", "reject"])
async def test_there_is_no_way_to_decide_by_a_token(program: httpx.AsyncClient, step: str) -> None:
    number = await draft(program)

    assert problem(await program.post(f"/campaigns/{number}/{step}")) == "not-found"


async def test_a_program_submits_what_it_wrote_itself_and_nothing_else(
    world: World, program: httpx.AsyncClient
) -> None:
    other = await world.program(name="Another")
    number = await draft(program)

    assert problem(await other.post(f"/campaigns/{number}/submit")) == "not-yours"
    await program.post(f"/campaigns/{number}/submit")
    again = await program.post(f"/campaigns/{number}/submit")

    assert problem(again) == "not-possible"
    assert "in review" in again.json()["detail"]


async def test_a_request_that_comes_twice_is_done_once(world: World, program: httpx.AsyncClient) -> None:
    first = await program.post("/campaigns", json=DRAFT, headers=KEY)
    again = await program.post("/campaigns", json=DRAFT, headers=KEY)
    other = await program.post("/campaigns", json=DRAFT | {"id": "inna"}, headers=KEY)
    asked = [await program.post("/campaigns/1/submit", headers={"Idempotency-Key": "s1"}) for _ in range(2)]

    assert (again.status_code, again.json(), again.headers["Location"]) == (
        201,
        first.json(),
        first.headers["Location"],
    )
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert problem(other) == "key-reused"
    assert [one.status_code for one in asked] == [200, 200]
    async with world.database.read() as conn:
        assert len(await ledger.list_campaigns(conn)) == 1
        assert (await conn.execute(select(tables.audit.c.id))).all() == [(1,), (2,)]

    # Another program's key of the same name is another key.
    another = await world.program(name="Another")
    assert (await another.post("/campaigns", json=DRAFT, headers=KEY)).json()["number"] == 2


async def test_what_was_refused_leaves_its_key_unused(program: httpx.AsyncClient) -> None:
    wrong = await program.post("/campaigns", json=DRAFT | {"buttons": [{"quiz": "nie-ma"}]}, headers=KEY)
    right = await program.post("/campaigns", json=DRAFT, headers=KEY)

    assert problem(wrong) == "invalid"
    assert right.status_code == 201


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"kind": "spam"}, "/kind"),
        ({"window": "24"}, "/window"),
        ({"title": {"pl": "x" * 81}}, "/title"),
        ({"extra": 1}, "/extra"),
        ({"buttons": [{"url": "https://example.org/"}]}, "/buttons/0"),
        ({"buttons": [{"quiz": "nie-ma"}]}, "/buttons/0/quiz"),
        ({"title": {"en": "No Polish"}}, "/title"),
        ({"audience": {"languages": ["xx"]}}, "/audience/languages/0"),
        ({"audience": {"districts": [1, 19]}}, "/audience/districts/1"),
        ({"picture": {"file": "nie-ma.png", "alt": {"pl": "?"}}}, "/picture/file"),
        ({"text": {"pl": "a\x00b"}}, "/text/pl"),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(
    program: httpx.AsyncClient, changes: dict[str, object], pointer: str
) -> None:
    answer = await program.post("/campaigns", json=DRAFT | changes)

    assert problem(answer) == "invalid"
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


async def test_a_workshop_that_is_not_there_is_refused(program: httpx.AsyncClient) -> None:
    answer = await program.post("/campaigns", json=DRAFT | {"buttons": [{"workshop": 2**31 - 1}]})

    assert problem(answer) == "invalid"
    assert "no workshop" in answer.json()["detail"]


async def test_the_list_goes_on_where_it_ended(program: httpx.AsyncClient) -> None:
    made = [await draft(program) for _ in range(5)]
    await program.post("/campaigns/2/submit")

    seen: list[int] = []
    query: dict[str, str] | None = {"limit": "2"}
    while query:
        page = (await program.get("/campaigns", params=query)).json()
        seen += [one["number"] for one in page["items"]]
        query = {"limit": "2", "cursor": page["next_cursor"]} if page["next_cursor"] else None
        await draft(program)  # what is new does not move what was there

    assert seen == sorted(made, reverse=True)
    waiting = (await program.get("/campaigns", params={"state": "in_review"})).json()["items"]
    assert [one["number"] for one in waiting] == [2]
    assert problem(await program.get("/campaigns", params={"cursor": "nonsense"})) == "invalid"


async def test_what_became_of_a_run_adds_up(world: World, program: httpx.AsyncClient) -> None:
    number = await draft(program)
    await program.post(f"/campaigns/{number}/submit")
    async with world.database.begin() as conn:
        await team.enrol(conn, Member("Bob", Role.ADMIN), NOON)
        for person in range(7):
            await add_resident(conn, f"telegram:{person}", campaigns=True)
        await desk.approve(conn, number, who="Bob", now=NOON)
        await desk.schedule(conn, number, OneOff(NOON), who="Bob", now=NOON)
    await plan(world.database.begin, ResidentsAudience(), NOON)
    async with world.database.begin() as conn:
        await settle(conn, NOON)
    await plan(world.database.begin, ResidentsAudience(), NOON + timedelta(seconds=9))

    (run,) = (await program.get(f"/campaigns/{number}/runs")).json()["items"]

    assert (run["audience"], run["balance"]["sent"], run["balances"]) == (7, 7, True)
    assert (await program.get(f"/campaigns/{number}")).json()["state"] == CampaignState.FINISHED.value
    assert problem(await program.get("/campaigns/99/runs")) == "not-found"


@pytest.mark.parametrize(
    ("scope", "allowed", "refused"),
    [
        (Scope.CAMPAIGNS_READ, "/campaigns", "/workshops"),
        (Scope.WORKSHOPS_READ, "/workshops", "/totals/residents"),
        (Scope.TOTALS_READ, "/totals/residents", "/campaigns"),
    ],
)
async def test_a_token_opens_what_it_was_made_for(world: World, scope: Scope, allowed: str, refused: str) -> None:
    program = await world.program({scope})

    assert (await program.get(allowed)).status_code == 200
    answer = await program.get(refused)
    assert problem(answer) == "missing-scope"
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


async def test_reading_is_not_writing(world: World) -> None:
    program = await world.program({Scope.CAMPAIGNS_READ, Scope.WORKSHOPS_READ})

    for path in ("/campaigns", "/campaigns/1/submit", "/workshops", "/workshops/1/cancel"):
        assert problem(await program.post(path, json={})) == "missing-scope"
    assert problem(await program.put("/workshops/1", json={})) == "missing-scope"
