"""Signing in with a passkey: a device signs a challenge of ours with a key that it gives to nobody (WebAuthn, level 3).

The device has to know its owner (by finger, face or PIN), and keeps who it is for, so that nobody types a name. A
challenge is 256 random bits, good once and for five minutes; the database holds its hash. The only home of `webauthn`.
"""

import ipaddress
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers import options_to_json as as_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bot.domain.errors import BotError
from bot.services import staff
from bot.storage import passkeys as keys
from bot.storage.database import Connection
from bot.storage.passkeys import Passkey
from bot.storage.staff import Member

CHALLENGE_LASTS = timedelta(minutes=5)
RP_NAME = "Bezpieczny Kraków"
LONGEST_NAME = 80
LONGEST_ANSWER = 12_000
"""Characters of what a browser may bring; attestation certificates are not asked for."""


class PasskeyRefused(BotError):
    """This passkey does not let you in. Try another, or ask the bot for a sign-in link."""


class PasskeyUnknown(BotError):
    """This passkey belongs to nobody here any more. Sign in with a link, and add it again."""


class PasskeyNotAdded(BotError):
    """The passkey could not be added. Try again."""


class PasskeyKnown(BotError):
    """This passkey has been added already."""


class ChallengeOver(BotError):
    """That took longer than five minutes, or was sent twice. Try again."""


class PasskeyNameless(BotError):
    """A passkey needs a name of at most 80 characters, to be told from the others."""


class PasskeyGone(BotError):
    """There is no such passkey of yours any more."""


@dataclass(frozen=True, slots=True)
class Site:
    """Whom keys are for; a key of one site works at no other."""

    id: str
    """The host's name: what WebAuthn calls the relying party's id."""
    origin: str


def site_of(public_url: str) -> Site | None:
    """The site at an address; None where browsers have no passkeys: by a number, or without encryption."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    if _is_number(host) or not (parts.scheme == "https" or host == "localhost" or host.endswith(".localhost")):
        return None
    return Site(host, f"{parts.scheme}://{parts.netloc}")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _hash(challenge: bytes) -> str:
    return sha256(challenge).hexdigest()


# --- asking


async def offer(conn: Connection, site: Site, member: Member, challenge: bytes, now: datetime) -> str:
    """What a browser needs to make a key for a member, as JSON (PublicKeyCredentialCreationOptions)."""
    await keys.add_challenge(conn, _hash(challenge), member.name, now + CHALLENGE_LASTS)
    known = [PublicKeyCredentialDescriptor(base64url_to_bytes(key.id)) for key in await keys.of(conn, member.name)]
    return as_json(
        webauthn.generate_registration_options(
            rp_id=site.id,
            rp_name=RP_NAME,
            user_id=_handle(member.name),
            user_name=member.name,
            challenge=challenge,
            timeout=int(CHALLENGE_LASTS.total_seconds()) * 1000,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=known,
        )
    )


async def ask(conn: Connection, site: Site, challenge: bytes, now: datetime) -> str:
    """What a browser needs to sign somebody in, as JSON (PublicKeyCredentialRequestOptions)."""
    await keys.add_challenge(conn, _hash(challenge), None, now + CHALLENGE_LASTS)
    return as_json(
        webauthn.generate_authentication_options(
            rp_id=site.id,
            challenge=challenge,
            timeout=int(CHALLENGE_LASTS.total_seconds()) * 1000,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def _handle(name: str) -> bytes:
    """Who a key is for, as the device keeps it: the same for all keys of a member."""
    return sha256(f"member {name}".encode()).digest()


# --- answers


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brought, and the challenge that it answers; nothing of it is believed yet."""

    credential: dict[str, Any]
    challenge: bytes
    key: str
    """The credential that it claims to be of."""
    handle: bytes
    """Who the device says the key is for; nothing while it makes one."""


async def redeem(conn: Connection, brought: str, member: str | None, now: datetime) -> Answer:
    """Use up the challenge that an answer is for. Raises ChallengeOver, PasskeyNotAdded, PasskeyRefused.

    `member` adds a key; None: somebody signs in. In a transaction of its own, so that no failure gives it back.
    """
    answer = _read(brought)
    if answer is None:
        raise PasskeyNotAdded if member else PasskeyRefused
    challenge = await keys.take_challenge(conn, _hash(answer.challenge))
    if challenge is None or challenge.expires_at <= now or challenge.member != member:
        raise ChallengeOver
    return answer


def _read(brought: str) -> Answer | None:
    if len(brought) > LONGEST_ANSWER:
        return None
    try:
        credential = json.loads(brought)
        response = credential["response"]
        client = json.loads(base64url_to_bytes(response["clientDataJSON"]))
        handle = base64url_to_bytes(response.get("userHandle") or "")
        return Answer(credential, base64url_to_bytes(client["challenge"]), str(credential["id"]), handle)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


async def add(conn: Connection, site: Site, member: Member, answer: Answer, *, name: str, now: datetime) -> Passkey:
    """Keep the key that a browser made for a member. Raises PasskeyNameless, PasskeyNotAdded, PasskeyKnown."""
    name = _named(name)
    try:
        made = webauthn.verify_registration_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception as error:  # what is forged can break the library anywhere; nothing else happens in it
        raise PasskeyNotAdded from error
    key = Passkey(
        id=bytes_to_base64url(made.credential_id),
        member=member.name,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        created_at=now,
    )
    if await keys.find(conn, key.id):
        raise PasskeyKnown
    await keys.add(conn, key)
    return key


async def recognise(conn: Connection, site: Site, answer: Answer, now: datetime) -> Member:
    """Whose key signed an answer. Raises PasskeyUnknown, PasskeyRefused."""
    key = await keys.find(conn, answer.key)
    if key is None:
        raise PasskeyUnknown
    if answer.handle != _handle(key.member):
        raise PasskeyRefused
    try:
        used = webauthn.verify_authentication_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except Exception as error:  # as above
        raise PasskeyRefused from error
    await keys.note_use(conn, key.id, used.new_sign_count, now)
    return await staff.find(conn, key.member)


# --- keeping


async def of(conn: Connection, name: str) -> list[Passkey]:
    """A member's keys."""
    return await keys.of(conn, name)


async def rename(conn: Connection, member: str, id_: str, name: str) -> str:
    """Call a key something else; returns what it is called now. Raises PasskeyNameless, PasskeyGone."""
    name = _named(name)
    if not await keys.rename(conn, member, id_, name):
        raise PasskeyGone
    return name


async def remove(conn: Connection, member: str, id_: str) -> None:
    """Let a key open nothing any more. Raises PasskeyGone."""
    if not await keys.remove(conn, member, id_):
        raise PasskeyGone


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise PasskeyNameless
    return name


async def sweep(conn: Connection, now: datetime) -> None:
    """Drop challenges that are over."""
    await keys.drop_old_challenges(conn, now)
