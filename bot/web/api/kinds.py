"""Every kind of problem: its status, what it is called, and what there is to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem."""

    slug: str
    status: int
    title: str
    meaning: str
    """Why it happens and what to do about it; stands at its address."""


def _kinds(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.slug: kind for kind in kinds}


KINDS = _kinds(
    Kind(
        "malformed",
        400,
        "The body is not JSON",
        "The body could not be read as JSON in UTF-8, or a header is not written as it should be. `detail` says where "
        "reading stopped.",
    ),
    Kind(
        "unauthorized",
        401,
        "A valid token is needed",
        "Send a token in the header `Authorization: Bearer bk_…`. The token may be missing or mistyped, may have "
        "expired or been revoked; which of these it is, is not said. An administrator makes tokens in the console.",
    ),
    Kind(
        "missing-scope",
        403,
        "The token is not for this",
        "The token is good, but was not made for what was asked. `detail` names the scope that is missing. The scopes "
        "of a token cannot be changed: have another made.",
    ),
    Kind(
        "not-yours",
        403,
        "Somebody else wrote this",
        "A program may ask for the approval of campaigns that its own token wrote, and of no others.",
    ),
    Kind("not-found", 404, "There is no such thing", "Nothing has this address. Numbers are never given twice."),
    Kind(
        "method-not-allowed",
        405,
        "This address does not take this method",
        "The header `Allow` names the methods that this address takes.",
    ),
    Kind(
        "not-possible",
        409,
        "Its state does not allow this",
        "What was asked does not fit how things stand: a workshop that has begun cannot be changed, a campaign that "
        "waits for approval cannot be submitted again. `detail` says what is in the way.",
    ),
    Kind(
        "changed-meanwhile",
        412,
        "Somebody else has changed it",
        "The tag in `If-Match` is not the present one: somebody has changed this since you read it. Read it again, "
        "make your change to what it is now, and send that with the new tag.",
    ),
    Kind("too-large", 413, "The body is too large", "A body may have 64 KiB. Everything that can be said here fits."),
    Kind(
        "unsupported-media-type",
        415,
        "The body must be JSON",
        "Send the body with the header `Content-Type: application/json`.",
    ),
    Kind(
        "invalid",
        422,
        "Some of this is not right",
        "The request can be read, but not carried out. Where a value is at fault, `errors` names each: `pointer` is "
        "its place in the body (RFC 6901), `parameter` the name of a parameter or header, and `detail` what is wrong.",
    ),
    Kind(
        "key-reused",
        422,
        "This key was used for something else",
        "The same `Idempotency-Key` came before, with another body or to another address. Take a new key for each new "
        "request; send the same key only with the very same request.",
    ),
    Kind(
        "precondition-required",
        428,
        "Say which version you change",
        "To change something, send the `ETag` that you got with it in the header `If-Match`, so that nobody's change "
        "is lost.",
    ),
    Kind(
        "too-many-requests",
        429,
        "Too many requests",
        "A token may ask 120 times a minute, counted by each process that answers. The header `Retry-After` says in "
        "how many seconds to go on.",
    ),
    Kind(
        "internal",
        500,
        "Something is wrong on our side",
        "What happened is in the log. Whether the request was carried out is not certain: repeat it with the same "
        "`Idempotency-Key`, and it is done once.",
    ),
)
"""Every kind there is, by its slug."""
