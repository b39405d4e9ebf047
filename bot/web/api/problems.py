"""What went wrong, as problem details (RFC 9457): each kind has an address of its own, where it is explained."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, Response

from bot.catalogue.problems import ContentError
from bot.domain.errors import BotError, UnknownItem, WorkshopClosed
from bot.services.programs import NotYours
from bot.services.workshops import FewerThanTaken, WorkshopChanged
from bot.web.api.kinds import KINDS, Kind
from scheduler.errors import LifecycleError, SchedulerError, StaleCampaign, UnknownCampaign, UnknownRun

PREFIX = "/api/v1"
MEDIA_TYPE = "application/problem+json"


_BY_STATUS = {401: "unauthorized", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}
_MISSING = (UnknownCampaign, UnknownRun, UnknownItem)
_CHANGED = (StaleCampaign, WorkshopChanged)
_NOT_NOW = (LifecycleError, WorkshopClosed, FewerThanTaken)


class Fault(BaseModel):
    """One value that is wrong."""

    model_config = ConfigDict(extra="forbid")

    detail: str = Field(description="What is wrong with it.")
    pointer: str | None = Field(default=None, description="Where it stands in the body: a JSON pointer (RFC 6901).")
    parameter: str | None = Field(default=None, description="The parameter or header, if it is not in the body.")


class Problem(BaseModel):
    """Problem details, as RFC 9457 describes them."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="The kind of problem: an address where it is explained.")
    title: str = Field(description="The kind in a few words.")
    status: int = Field(description="The status of this answer.")
    detail: str = Field(description="What is wrong with this request.")
    errors: list[Fault] | None = Field(default=None, description="Each value at fault, where values are.")


class Refused(Exception):
    """A request that is not carried out."""

    def __init__(
        self, slug: str, detail: str = "", *, errors: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = KINDS[slug]
        self.detail = detail or self.kind.title + "."
        self.errors = errors
        self.headers = headers or {}


def refusal_of(error: BotError | SchedulerError) -> Refused:
    """What a service refused, as a problem."""
    match error:
        case ContentError():
            faults = [Fault(detail=one.message, pointer=one.file) for one in error.problems]
            return Refused("invalid", "The campaign cannot be kept as it is.", errors=faults)
        case NotYours():
            return Refused("not-yours", str(error))
        case _ if isinstance(error, _MISSING):
            return Refused("not-found", str(error))
        case _ if isinstance(error, _CHANGED):
            return Refused("changed-meanwhile", str(error))
        case _ if isinstance(error, _NOT_NOW):
            return Refused("not-possible", str(error))
        case _:
            return Refused("invalid", str(error))


def refusal_of_body(error: ValidationError) -> Refused:
    """What is wrong with a body, value by value."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in found):
        return Refused("malformed", found[0]["msg"])
    faults = [Fault(detail=_said(one["msg"]), pointer=pointer(one["loc"])) for one in found]
    return Refused("invalid", "Some of the body is not right.", errors=faults)


def _refusal_of_parameters(error: RequestValidationError) -> Refused:
    faults = [Fault(detail=_said(one["msg"]), parameter=str(one["loc"][-1])) for one in error.errors()]
    return Refused("invalid", "Some of the request is not right.", errors=faults)


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")


def pointer(location: Iterable[int | str]) -> str:
    """A place in JSON as a pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in location)


# --- as answers


@dataclass(frozen=True, slots=True)
class Answers:
    """Turns whatever is raised into problem details; `public_url` is where their kinds are explained."""

    public_url: str

    def install(self, app: FastAPI) -> None:
        """Answer so whatever goes wrong in an application."""
        app.add_exception_handler(Refused, self._refused)
        app.add_exception_handler(BotError, self._refused)
        app.add_exception_handler(SchedulerError, self._refused)
        app.add_exception_handler(RequestValidationError, self._refused)
        app.add_exception_handler(StarletteHTTPException, self._refused)
        app.add_exception_handler(Exception, self._failed)

    async def _refused(self, request: Request, error: Exception) -> Response:
        match error:
            case Refused():
                return self.answer(error)
            case BotError() | SchedulerError():
                return self.answer(refusal_of(error))
            case RequestValidationError():
                return self.answer(_refusal_of_parameters(error))
            case StarletteHTTPException():
                slug = _BY_STATUS.get(error.status_code, "malformed")
                return self.answer(Refused(slug, headers={**(error.headers or {}), **_allowed(request, error)}))
            case _:
                return self.answer(Refused("internal"))

    async def _failed(self, _request: Request, _error: Exception) -> Response:
        return self.answer(Refused("internal"))

    def answer(self, refused: Refused) -> Response:
        """The problem details themselves."""
        kind = refused.kind
        told = Problem(
            type=self.address(kind), title=kind.title, status=kind.status, detail=refused.detail, errors=None
        ).model_copy(update={"errors": list(refused.errors)} if refused.errors else {})
        headers = {"Content-Language": "en", **refused.headers}
        return JSONResponse(told.model_dump(exclude_none=True), kind.status, headers, media_type=MEDIA_TYPE)

    def address(self, kind: Kind) -> str:
        """Where a kind is explained."""
        return f"{self.public_url}{PREFIX}/problems/{kind.slug}"


def _allowed(request: Request, error: StarletteHTTPException) -> dict[str, str]:
    """All methods of an address that does not take this one: Starlette names only those of its first route."""
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return {}
    asked = request.url.path.removeprefix(PREFIX)
    paths: Mapping[str, Mapping[str, Any]] = request.app.openapi()["paths"]
    found = [methods for path, methods in paths.items() if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), asked)]
    return {"Allow": ", ".join(sorted(method.upper() for method in found[0]))} if found else {}


# --- in the description


Responses = dict[int | str, dict[str, Any]]


def succeeds(example: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Responses:
    """What OpenAPI says of an answer, beside its schema; `headers`: name → meaning."""
    found = {"content": {"application/json": {"example": example}}}
    return {status: {**found, "headers": _headers(headers)} if headers else found}


def responses(*slugs: str) -> Responses:
    """What OpenAPI says of these problems, with an example each."""
    by_status: Responses = {}
    for slug in (*slugs, "internal"):
        kind = KINDS[slug]
        answer = by_status.setdefault(kind.status, _response(kind))
        answer["content"][MEDIA_TYPE]["examples"][slug] = {"summary": kind.title, "value": _example(kind)}
    return by_status


def _response(kind: Kind) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
    found = {"description": kind.title, "content": {MEDIA_TYPE: content}}
    return {**found, "headers": _headers(_TOLD[kind.status])} if kind.status in _TOLD else found


def _headers(told: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": about, "schema": {"type": "string"}} for name, about in told.items()}


_TOLD: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "How to show a token (RFC 6750)."},
    403: {"WWW-Authenticate": "Which scope is missing, if one is."},
    429: {"Retry-After": "Seconds to wait."},
}


def _example(kind: Kind) -> dict[str, Any]:
    example: dict[str, Any] = {
        "type": f"https://example.org{PREFIX}/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}.",
    }
    if kind.slug == "invalid":
        example["errors"] = [{"detail": "Input should be greater than or equal to 1", "pointer": "/capacity"}]
    return example
