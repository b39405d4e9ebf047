"""The HTTP interface, put together: an application of its own below `/api/v1`."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from bot.web.api import campaigns, totals, workshops
from bot.web.api.desk import Desk
from bot.web.api.models import CampaignDraft, WorkshopPlan
from bot.web.api.pages import Explained
from bot.web.api.problems import PREFIX, Answers, Problem
from bot.web.pages import Pages

VERSION = "1"
ABOUT = """The interface of *Bezpieczny Kraków* for the city's own programs.

**Tokens.** An administrator makes one in the console, under *Tokens*: with a name, scopes, and an end if you like. It
is shown once. Send it as `Authorization: Bearer bk_…`, from a server: no other site's pages get an answer (no CORS).

**People decide.** A program may write a campaign and ask for its approval. It can neither approve nor schedule: a
second person reads every campaign before residents do, and whoever made the token does not count as one.

**Nobody's data.** There are no residents here: no names, contacts or addresses, and no totals of fewer than five
people.

**Safe to repeat.** Send an `Idempotency-Key` with every POST, and repeat it after a lost answer. A change needs the
`ETag` that you read, in `If-Match`.

**Problems** come as `application/problem+json` (RFC 9457); each `type` is an address that explains it."""
TAGS = [
    {"name": campaigns.TAG, "description": "Read them, write drafts, ask for approval."},
    {"name": workshops.TAG, "description": "See how many places are taken; plan, change, call off."},
    {"name": totals.TAG, "description": "Numbers, with nobody in them."},
    {"name": totals.CONTENT, "description": "What a campaign's buttons can lead to. Any token may read it."},
]


def routes(desk: Desk) -> Callable[[Pages], FastAPI]:
    """The interface, once the pages are there."""

    def make(public: Pages) -> FastAPI:
        app = FastAPI(
            title="Bezpieczny Kraków API",
            version=VERSION,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,  # another address is another thing; nothing that bears a token is sent on
            generate_unique_id_function=_name_of,
        )
        app.state.desk = desk
        for part in (campaigns.routes(), workshops.routes(), totals.routes()):
            app.include_router(part)
        app.openapi = lambda: describe(app)  # type: ignore[method-assign] # FastAPI's own way to replace it
        app.include_router(Explained(app, public.assets).routes())
        Answers(desk.public_url).install(app)
        return app

    return make


def _name_of(route: APIRoute) -> str:
    """How programs made from the description call an operation: `campaigns_listing`."""
    return f"{route.endpoint.__module__.rpartition('.')[2]}_{route.endpoint.__name__}"


def describe(app: FastAPI) -> dict[str, Any]:
    """What OpenAPI says of it; made once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=VERSION,
            summary="Campaigns, workshops and totals for the city's own programs.",
            description=ABOUT,
            routes=app.routes,
            tags=TAGS,
            servers=[{"url": PREFIX}],
        )
        app.openapi_schema = _with_bodies(found)
    return app.openapi_schema


def _with_bodies(found: dict[str, Any]) -> dict[str, Any]:
    """The shapes that we read and write ourselves, beside those that FastAPI knows of."""
    models = [(CampaignDraft, "validation"), (WorkshopPlan, "validation"), (Problem, "serialization")]
    _, made = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type] # the modes are literals
    found["components"]["schemas"] |= made["$defs"]
    for methods in found["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                _as_sent(parameter)
    return found


def _as_sent(parameter: dict[str, Any]) -> None:
    """A parameter that is not sent is not there: it is never null. `If-Match` is asked for by its own problem (428)."""
    schema = parameter["schema"]
    choices = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    parameter["schema"] = schema | choices[0] if choices else schema
    parameter["required"] = parameter.get("required", False) or parameter["name"] == "If-Match"
