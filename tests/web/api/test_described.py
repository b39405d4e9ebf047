"""The interface does what its description says, whatever is sent, and never speaks of a resident: schemathesis asks."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.services import programs
from bot.services.tokens import Scope, recognise
from bot.storage.database import Database
from bot.storage.workshops import save_booking
from bot.web.api.models import CampaignDraft
from tests.support import NOON, VAULT, add_resident, add_workshop, open_database
from tests.web.api.world import DRAFT, URL, World, token_for

EACH = {"all": 20, "totals": 4, "stranger": 2}
"""Requests of each sort to each operation, by who asks: enough to find what is wrong, and done in seconds."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NAME, CONTACT, ADDRESS = "Zdzisława Nieznana", "zdzislawa@example.org", "600000777"
"""Of somebody who booked places, and whose chat has this number."""
KNOWN = st.sampled_from((1, 2, 3))
"""Numbers of what there is."""


@dataclass
class Service:
    """The application in a loop of its own, which these synchronous tests ask."""

    portal: BlockingPortal
    world: World
    tokens: dict[str, str]
    statuses: Counter[str] = field(default_factory=Counter)
    """Operation and status → how often."""

    def ask(self, case: "Case[Any]", token: str | None) -> httpx.Response:
        sent = case.as_transport_kwargs(base_url=f"{URL}/api/v1")
        sent["headers"] = {**dict(sent["headers"]), **({"Authorization": f"Bearer {token}"} if token else {})}
        answer: httpx.Response = self.portal.call(self._send, sent)
        speaks_of_nobody(answer)
        self.statuses[f"{case.operation.label} {answer.status_code}"] += 1
        return answer

    async def _send(self, sent: dict[str, Any]) -> httpx.Response:
        content = json.dumps(sent["json"]).encode() if "json" in sent else sent.get("data")
        headers = {name: value.encode("latin-1", "replace") for name, value in sent["headers"].items()}
        async with self.world.client() as client:
            return await client.request(
                sent["method"], sent["url"], headers=headers, content=content, params=sent.get("params")
            )

    def description(self) -> dict[str, Any]:
        async def get() -> Any:
            async with self.world.client() as client:
                return (await client.get("/openapi.json")).json()

        found: dict[str, Any] = self.portal.call(get)
        return found


async def _fill(database: Database) -> dict[str, str]:
    """Three campaigns, three workshops with a booking, and somebody of whom nobody may hear."""
    world = World(database)
    async with database.begin() as conn:
        tokens = {"all": await token_for(conn), "totals": await token_for(conn, {Scope.TOTALS_READ}, "Totals")}
        caller = await recognise(conn, tokens["all"], NOON)
        person = await add_resident(conn, f"telegram:{ADDRESS}", district=7)
        for week in (1, 2, 3):
            draft = CampaignDraft.model_validate(DRAFT)
            await programs.draft(conn, world.books, draft, caller=caller, now=NOON)
            workshop = await add_workshop(conn, starts_at=NOON + timedelta(weeks=week))
            kept = {"places": 2, "state": "confirmed", "name": NAME, "contact": CONTACT}
            await save_booking(conn, VAULT, workshop_id=workshop, resident_id=person.id, now=NOON, **kept)
    return tokens


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder, stack = tmp_path_factory.mktemp("api"), AsyncExitStack()

    async def begin(where: Path) -> tuple[World, dict[str, str]]:
        database = await stack.enter_async_context(open_database(where))
        return World(database, per_minute=10**9), await _fill(database)

    with start_blocking_portal() as portal:
        world, tokens = portal.call(begin, folder)
        yield Service(portal, world, tokens)
        portal.call(stack.aclose)


def speaks_of_nobody(answer: httpx.Response) -> None:
    for private in (NAME, CONTACT, ADDRESS, json.dumps(NAME).strip('"'), "Zdzis", "zdzislawa"):
        assert private not in answer.text
        assert private not in str(answer.headers)


def hold(service: Service, operation: "APIOperation[Any, Any, Any, Any]", who: str, mode: GenerationMode) -> None:
    """Ask an operation for many things, right or wrong, half of them about what there is."""
    token = service.tokens.get(who)

    @given(operation.as_strategy(generation_mode=mode), st.one_of(st.none(), KNOWN))
    @settings(
        max_examples=EACH[who],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: "Case[Any]", number: int | None) -> None:
        if number is not None and "number" in case.path_parameters:
            case.path_parameters = {"number": number}
            if case.method == "PUT":
                case.headers["If-Match"] = '"0"'
        case.validate_response(service.ask(case, token), checks=CHECKS)

    holds()


def operations(service: Service) -> "list[APIOperation[Any, Any, Any, Any]]":
    schema = schemathesis.openapi.from_dict(service.description())
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("who", EACH)
def test_every_answer_is_as_described_and_speaks_of_nobody(service: Service, who: str, mode: GenerationMode) -> None:
    service.statuses.clear()
    for operation in operations(service):
        hold(service, operation, who, mode)

    statuses = {label.rpartition(" ")[2] for label in service.statuses}
    match who:
        case "all":
            assert statuses >= ({"200", "201"} if mode is GenerationMode.POSITIVE else {"404", "422"})
            assert not statuses & {"401", "403"}
        case "totals":
            assert statuses >= {"200", "403"}
        case _:
            assert statuses == {"401"}


def test_there_is_somebody_to_be_silent_about(service: Service) -> None:
    async def look() -> httpx.Response:
        async with service.world.client(service.tokens["all"]) as client:
            return await client.get("/workshops/1")

    answer = service.portal.call(look)
    assert answer.json()["taken"] == 2
    speaks_of_nobody(answer)
