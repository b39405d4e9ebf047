"""Totals, and what the library teaches. No number of fewer than five people is told, nor any from which one follows."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.services import totals
from bot.web.api import examples
from bot.web.api.campaigns import ASKED
from bot.web.api.desk import Anybody, ReadsTotals
from bot.web.api.models import Catalogue, CatalogueItem
from bot.web.api.problems import responses, succeeds

TAG = "Totals"
CONTENT = "Content"


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Count = Annotated[int | None, Field(description="Null: left out, so that nobody can be recognised.")]


class Part(_Out):
    """One number of several that add up."""

    name: str
    count: Count


class ResidentTotals(_Out):
    """Everybody who talks with the bot, on any channel, in three ways of sorting them."""

    counted_at: AwareDatetime
    total: Count
    by_channel: list[Part]
    by_language: list[Part]
    by_district: list[Part] = Field(description="Districts 1 to 18; `unknown`: they did not say.")


class AttemptTotals(_Out):
    """Quiz attempts that were begun in a year, in Kraków's time."""

    year: int
    counted_at: AwareDatetime
    total: Count
    areas: list[Part] = Field(description="The rows of `cells`; `mixed`: questions from several areas.")
    months: list[Part] = Field(description="The columns of `cells`: `01` to `12`.")
    cells: list[list[Count]]


Year = Annotated[int, Query(ge=2025, le=2099, description="The year.", examples=[2026])]


async def residents(call: ReadsTotals) -> ResidentTotals:
    """How many people there are by channel, language and district; counted anew every quarter of an hour."""
    found = await totals.residents(call.database, call.now)
    channel, language, district = (_parts(found.by[by]) for by in totals.RESIDENTS_BY)
    return ResidentTotals(
        counted_at=found.made_at, total=found.total, by_channel=channel, by_language=language, by_district=district
    )


async def attempts(call: ReadsTotals, year: Year) -> AttemptTotals:
    """How many quiz attempts were begun in each area and month of a year; counted anew every quarter of an hour."""
    found = await totals.attempts(call.database, call.library, year, call.now)
    return AttemptTotals(
        year=year,
        counted_at=found.made_at,
        total=found.total,
        areas=_parts(found.areas),
        months=_parts(found.months),
        cells=[list(row) for row in found.cells],
    )


def _parts(parts: tuple[totals.Part, ...]) -> list[Part]:
    return [Part(name=one.name, count=one.count) for one in parts]


async def quizzes(call: Anybody) -> Catalogue:
    """The quizzes that there are now: what a campaign's button can lead to."""
    return Catalogue(
        items=[
            CatalogueItem(
                id=one.id,
                area=one.area,
                title=one.title,
                audience=[who.value for who in one.audience],
                questions=len(one.questions),
            )
            for one in call.library.quizzes.values()
        ]
    )


async def tips(call: Anybody) -> Catalogue:
    """The tips that there are now: what a campaign's button can lead to."""
    return Catalogue(
        items=[
            CatalogueItem(
                id=one.id, area=one.area, title=one.title, audience=[who.value for who in one.audience], topic=one.topic
            )
            for one in call.library.tips.values()
        ]
    )


def routes() -> APIRouter:
    """Every address of totals and content."""
    router = APIRouter()
    anybody = responses("unauthorized", "too-many-requests")
    router.add_api_route(
        "/totals/residents",
        residents,
        summary="Count residents",
        tags=[TAG],
        response_description="The counts.",
        responses=succeeds(examples.RESIDENTS) | responses(*ASKED),
    )
    router.add_api_route(
        "/totals/attempts",
        attempts,
        summary="Count quiz attempts",
        tags=[TAG],
        response_description="The counts.",
        responses=succeeds(examples.ATTEMPTS) | responses(*ASKED, "invalid"),
    )
    router.add_api_route(
        "/quizzes",
        quizzes,
        summary="List quizzes",
        tags=[CONTENT],
        response_description="The quizzes.",
        responses=succeeds(examples.QUIZZES) | anybody,
    )
    router.add_api_route(
        "/tips",
        tips,
        summary="List tips",
        tags=[CONTENT],
        response_description="The tips.",
        responses=succeeds(examples.TIPS) | anybody,
    )
    return router
