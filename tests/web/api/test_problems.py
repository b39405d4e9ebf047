"""Whatever goes wrong is told as a problem that is explained; tokens; the limit; the pages for people."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel

from bot.services import tokens
from bot.services.tokens import Scope
from bot.storage.database import Database
from bot.web.api import examples
from bot.web.api.body import LIMIT
from bot.web.api.desk import PER_MINUTE, Limits
from bot.web.api.kinds import KINDS
from bot.web.api.models import (
    CampaignDetails,
    CampaignDraft,
    CampaignPage,
    RunList,
    Workshop,
    WorkshopPage,
    WorkshopPlan,
)
from bot.web.api.models import Catalogue as CatalogueAnswer
from bot.web.api.problems import Refused
from bot.web.api.totals import AttemptTotals, ResidentTotals
from bot.web.guard import HEADERS
from tests.support import NOON
from tests.web.api.world import ALL, DRAFT, World, problem, token_for

# --- tokens


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "Bearer",
        "Bearer x",
        "Bearer bk_",
        f"Bearer bk_{'a' * 43}",
        "Basic bk_x",
        f"Bearer {'b' * 9000}",
        "Bearer bk_é",
    ],
)
async def test_without_a_good_token_nothing_is_said(world: World, shown: str | None) -> None:
    async with world.client() as stranger:
        headers = [(b"Authorization", shown.encode("latin-1"))] if shown else []
        for path in ("/campaigns", "/workshops/1", "/totals/residents", "/quizzes"):
            answer = await stranger.get(path, headers=headers)
            assert problem(answer) == "unauthorized"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_token_ends_when_it_is_revoked_and_when_its_time_has_come(world: World) -> None:
    program = await world.program()
    async with world.database.begin() as conn:
        token, shown = await tokens.make(
            conn, secret="e" * 43, name="Short", scopes=ALL, expires_at=NOON + timedelta(hours=1), who="Eve", now=NOON
        )
    short = world.client(shown)
    assert (await short.get("/campaigns")).status_code == 200

    async with world.database.begin() as conn:
        await tokens.revoke(conn, 1, who="Eve", now=NOON)
    world.now += timedelta(hours=1)

    assert problem(await program.get("/campaigns")) == "unauthorized"
    assert problem(await short.get("/campaigns")) == "unauthorized"
    assert token.scopes == {scope.value for scope in ALL}


async def test_the_last_use_is_noted_to_the_minute(world: World) -> None:
    program = await world.program()

    async def used_at() -> object:
        async with world.database.read() as conn:
            (token,) = await tokens.all_of(conn)
        return token.used_at

    for seconds, noted in ((0, NOON), (30, NOON), (31, NOON + timedelta(seconds=61))):
        world.now += timedelta(seconds=seconds)
        await program.get("/quizzes")
        assert await used_at() == noted


async def test_the_database_cannot_be_used_to_get_in(world: World) -> None:
    async with world.database.begin() as conn:
        shown = await token_for(conn)
        (kept,) = await tokens.all_of(conn)

    assert shown.startswith("bk_")
    assert shown not in repr(kept)
    assert problem(await world.client(tokens.hash_of(shown)).get("/quizzes")) == "unauthorized"


# --- the limit


async def test_too_many_requests_have_to_wait_each_token_for_itself(world: World) -> None:
    busy = World(world.database, per_minute=3)
    program, other = await busy.program(), await busy.program(name="Other")
    for _ in range(3):
        assert (await program.get("/quizzes")).status_code == 200
    busy.now += timedelta(seconds=20)

    late = await program.get("/quizzes")

    assert problem(late) == "too-many-requests"
    assert late.headers["Retry-After"] == "40"
    assert (await other.get("/quizzes")).status_code == 200
    busy.now += timedelta(seconds=40)
    assert (await program.get("/quizzes")).status_code == 200


def test_the_limit_is_what_the_problem_says_it_is() -> None:
    limits = Limits()
    for _ in range(PER_MINUTE):
        limits.admit(1, NOON)
    with pytest.raises(Refused):
        limits.admit(1, NOON)
    assert f"{PER_MINUTE} times a minute" in KINDS["too-many-requests"].meaning


# --- what is sent wrongly


async def test_bodies_that_cannot_be_read(program: httpx.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    for content, headers, kind, status in (
        (b"{", json, "malformed", 400),
        (b"", json, "malformed", 400),
        (b'{"id": "\xff"}', json, "malformed", 400),
        (b"{}", {"Content-Type": "text/plain"}, "unsupported-media-type", 415),
        (b"{}", {}, "unsupported-media-type", 415),
        (b'{"id": "' + b"x" * 70_000 + b'"}', json, "too-large", 413),
        (b"[]", json, "invalid", 422),
        (b"[" * 30_000, json, "malformed", 400),
    ):
        answer = await program.post("/campaigns", content=content, headers=headers)
        assert (problem(answer), answer.status_code) == (kind, status)


async def test_addresses_and_methods_that_are_not_there(program: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/campaigns/", "/campaigns/1/", "/no%0Athing", "/..%2f..", "/problems/x%00"):
        assert problem(await program.get(path)) == "not-found"
    assert problem(await program.get("/campaigns/1")) == "not-found"
    for path, methods in (("/campaigns", {"GET", "POST"}), ("/workshops/1", {"GET", "PUT"}), ("/quizzes", {"GET"})):
        wrong = await program.delete(path)
        assert problem(wrong) == "method-not-allowed"
        assert set(wrong.headers["Allow"].split(", ")) == methods
    for path in (
        "/campaigns/x",
        "/campaigns/0",
        f"/campaigns/{2**40}",
        "/campaigns?limit=0",
        "/totals/attempts?year=1",
    ):
        answer = await program.get(path)
        assert problem(answer) == "invalid"
        assert answer.json()["errors"][0]["parameter"]
    assert problem(await program.post("/campaigns/1/submit", headers={"Idempotency-Key": "a b"})) == "invalid"


async def test_trouble_of_our_own_tells_nothing_of_the_inside(tmp_path: Path) -> None:
    without_tables = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    async with World(without_tables).client("bk_" + "a" * 43) as program:
        answer = await program.get("/quizzes")
    await without_tables.close()

    assert (problem(answer), answer.status_code) == ("internal", 500)
    assert answer.json().keys() == {"type", "title", "status", "detail"}
    for inside in ("sqlite", "Traceback", "api_tokens", "Error"):
        assert inside not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


async def test_other_sites_pages_get_no_answer_and_nothing_is_kept(program: httpx.AsyncClient) -> None:
    answer = await program.get("/quizzes", headers={"Origin": "https://elsewhere.example"})

    assert not [name for name in answer.headers if name.startswith("access-control")]
    for name, value in HEADERS.items():
        assert answer.headers[name] == value


# --- for people


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links += [values["href"] or ""] if tag == "a" else []
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))


async def test_the_documentation_needs_no_token_and_nothing_from_elsewhere(world: World) -> None:
    async with world.client() as anybody:
        answer = await anybody.get("/docs")
        described = (await anybody.get("/openapi.json")).json()
        root = await anybody.get("/")
    page = _Page(answer.text)

    assert root.headers["Location"] == "/api/v1/docs"
    assert "<code>Idempotency-Key</code>" in answer.text
    assert "&lt;" not in answer.text
    assert "<br" not in answer.text
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert all(later - earlier <= 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False))
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert operation["operationId"] in page.ids, path


async def test_every_kind_of_problem_is_explained_where_it_says(world: World) -> None:
    async with world.client() as anybody:
        for kind in KINDS.values():
            page = await anybody.get(f"/problems/{kind.slug}")
            assert page.status_code == 200
            assert kind.title in page.text
        assert problem(await anybody.get("/problems/nonsense")) == "not-found"
        links = _Page((await anybody.get("/problems")).text).links
    assert {f"/api/v1/problems/{slug}" for slug in KINDS} <= set(links)


async def test_every_operation_says_what_it_is_for_and_what_may_go_wrong(world: World) -> None:
    async with world.client() as anybody:
        described = (await anybody.get("/openapi.json")).json()

    assert described["openapi"].startswith("3.1")
    assert described["servers"] == [{"url": "/api/v1"}]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            told = f"{method} {path}"
            assert operation["summary"], told
            assert operation["description"], told
            assert {"401", "429", "500"} <= set(operation["responses"]), told
            good = next(one for status, one in operation["responses"].items() if status < "300")
            assert "example" in good["content"]["application/json"], told
            assert all("token" in need for need in operation["security"]), told


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (CampaignDraft, examples.DRAFT),
        (CampaignDetails, examples.CAMPAIGN),
        (CampaignPage, examples.CAMPAIGNS),
        (RunList, examples.RUNS),
        (WorkshopPlan, examples.PLAN),
        (Workshop, examples.WORKSHOP),
        (WorkshopPage, examples.WORKSHOPS),
        (ResidentTotals, examples.RESIDENTS),
        (AttemptTotals, examples.ATTEMPTS),
        (CatalogueAnswer, examples.QUIZZES),
        (CatalogueAnswer, examples.TIPS),
    ],
)
def test_every_example_is_one(model: type[BaseModel], example: dict[str, object]) -> None:
    assert model.model_validate(example)


async def test_the_catalogue_is_what_buttons_can_lead_to(program: httpx.AsyncClient) -> None:
    quizzes, tips = [(await program.get(path)).json()["items"] for path in ("/quizzes", "/tips")]

    assert [(one["id"], one["questions"]) for one in quizzes] == [("czad", 3)]
    assert [(one["id"], one["topic"]) for one in tips] == [("czujka", "fire")]
    made = await program.post("/campaigns", json=DRAFT | {"buttons": [{"tip": tips[0]["id"]}]})
    assert made.status_code == 201


def test_the_guide_names_every_scope_and_limit() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")

    for scope in Scope:
        assert f"| `{scope.value}` |" in guide
    assert f"{PER_MINUTE} times a minute" in guide
    assert f"at most {LIMIT // 1024} KiB" in guide
