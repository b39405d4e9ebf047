"""Campaigns: programs read them, write drafts and ask for approval. People approve, and give them their time."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from bot.catalogue.schema import LARGEST
from bot.services import programs, results
from bot.web.api import examples
from bot.web.api.body import Sent, body_of, described, fingerprint_of
from bot.web.api.desk import ReadsCampaigns, WritesCampaigns
from bot.web.api.models import (
    CampaignDetails,
    CampaignDraft,
    CampaignPage,
    RunList,
    RunResults,
    details_of,
    summary_of,
)
from bot.web.api.once import Key, once
from bot.web.api.problems import PREFIX, Fault, Refused, responses, succeeds
from scheduler import ledger
from scheduler.model import CampaignState

TAG = "Campaigns"
MOST_RUNS = 20

Number = Annotated[int, Path(ge=1, le=LARGEST, description="The campaign's number.", examples=[7])]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=100, pattern=r"^[A-Za-z0-9_=-]+$", description="`next_cursor` of the page before.")
]
States = Annotated[list[CampaignState] | None, Query(alias="state", description="Only those in one of these states.")]


async def listing(call: ReadsCampaigns, state: States = None, limit: Limit = 50, cursor: Cursor = None) -> CampaignPage:
    """Campaigns, the newest first, a page at a time."""
    before = read_cursor(cursor)[0] if cursor else None
    async with call.database.read() as conn:
        found = await ledger.list_campaigns(conn, state or None, before=before, most=limit + 1)
    shown = found[:limit]
    more = write_cursor(shown[-1].id) if len(found) > limit else None
    return CampaignPage(items=[summary_of(one) for one in shown], next_cursor=more)


async def one(call: ReadsCampaigns, number: Number, response: Response) -> CampaignDetails:
    """A campaign with what it says, to whom, and where it stands."""
    async with call.database.read() as conn:
        campaign = await ledger.load_campaign(conn, number)
    return _answer(details_of(campaign), response)


async def runs(call: ReadsCampaigns, number: Number) -> RunList:
    """What became of the messages of its newest runs: the ledger's balance, failures, buttons pressed."""
    async with call.database.read() as conn:
        found = await results.of_campaign(conn, call.library, number, most=MOST_RUNS)
    return RunList(items=[RunResults.model_validate(results.as_data(run)) for run in found])


async def create(
    call: WritesCampaigns,
    sent: Annotated[Sent[CampaignDraft], Depends(body_of(CampaignDraft))],
    response: Response,
    key: Key = None,
) -> CampaignDetails:
    """Write a draft. Nobody is asked for anything, and nothing goes out, until it is submitted, approved and scheduled.

    Its author is `api:` and the name of the token. Whoever made the token cannot approve it: they could have written
    it themselves.
    """
    async with call.database.begin() as conn:

        async def act() -> int:
            return (await programs.draft(conn, call.library, sent.value, caller=call.caller, now=call.now)).id

        done = await once(conn, call, key, sent.fingerprint, act)
        campaign = await ledger.load_campaign(conn, done.number)
    done.mark(response)
    response.headers["Location"] = f"{PREFIX}/campaigns/{campaign.id}"
    return _answer(details_of(campaign), response)


async def submit(
    call: WritesCampaigns, number: Number, request: Request, response: Response, key: Key = None
) -> CampaignDetails:
    """Ask people to approve a draft that this token wrote.

    Whoever may approve is told at once, in the chat that they linked. There is no way to approve or to schedule by a
    token: a second *person* reads every campaign before residents do, and a person says when it goes out.
    """
    async with call.database.begin() as conn:

        async def act() -> int:
            return (await programs.submit(conn, number, caller=call.caller, now=call.now)).id

        done = await once(conn, call, key, fingerprint_of(request), act)
        campaign = await ledger.load_campaign(conn, done.number)
    done.mark(response)
    return _answer(details_of(campaign), response)


def _answer(details: CampaignDetails, response: Response) -> CampaignDetails:
    response.headers["ETag"] = f'"{details.revision}"'
    return details


# --- pages


def write_cursor(*parts: int | str) -> str:
    """Where a list goes on, as a text that means nothing to whoever passes it back."""
    return urlsafe_b64encode(":".join(map(str, parts)).encode()).decode()


def read_cursor(cursor: str, parts: int = 1) -> list[int]:
    """The numbers in a cursor. Raises Refused (422) for one that we did not write."""
    try:
        numbers = [int(part) for part in urlsafe_b64decode(cursor.encode()).decode("ascii").split(":")]
    except ValueError:
        numbers = []
    if len(numbers) != parts or not all(0 <= number <= 2**53 for number in numbers):
        fault = Fault(detail="This is not a cursor of ours; take `next_cursor` as it came", parameter="cursor")
        raise Refused("invalid", "Some of the request is not right.", errors=[fault])
    return numbers


# --- their addresses

ETAG = {"ETag": "The version of this."}
REPLAYED = {"Idempotency-Replayed": "`true`: this was done before, with this key."}
MADE = {**ETAG, "Location": "Where it is.", **REPLAYED}
ASKED = ("unauthorized", "missing-scope", "too-many-requests")
SENT = ("malformed", "too-large", "unsupported-media-type", "invalid", "key-reused")


def routes() -> APIRouter:
    """Every address of campaigns."""
    router = APIRouter(prefix="/campaigns", tags=[TAG])
    router.add_api_route(
        "",
        listing,
        summary="List campaigns",
        response_description="A page of campaigns.",
        responses=succeeds(examples.CAMPAIGNS) | responses(*ASKED, "invalid"),
    )
    router.add_api_route(
        "",
        create,
        methods=["POST"],
        status_code=201,
        summary="Write a draft",
        response_description="The draft.",
        openapi_extra=described(CampaignDraft, a_tip=examples.DRAFT),
        responses=succeeds(examples.CAMPAIGN, status=201, headers=MADE) | responses(*ASKED, *SENT),
    )
    router.add_api_route(
        "/{number}",
        one,
        summary="Look at a campaign",
        response_description="The campaign.",
        responses=succeeds(examples.CAMPAIGN, headers=ETAG) | responses(*ASKED, "not-found", "invalid"),
    )
    router.add_api_route(
        "/{number}/runs",
        runs,
        summary="See what became of it",
        response_description="Its newest runs.",
        responses=succeeds(examples.RUNS) | responses(*ASKED, "not-found", "invalid"),
    )
    router.add_api_route(
        "/{number}/submit",
        submit,
        methods=["POST"],
        summary="Ask for approval",
        response_description="The campaign, which waits for a person now.",
        responses=succeeds(examples.CAMPAIGN, headers=ETAG | REPLAYED)
        | responses(*ASKED, "not-yours", "not-found", "not-possible", "changed-meanwhile", "invalid", "key-reused"),
    )
    return router
