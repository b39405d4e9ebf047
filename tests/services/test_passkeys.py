"""Passkeys: what a device signed lets its owner in, and nothing else does. Real keys and signatures."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from bot.domain.errors import BotError
from bot.services import passkeys
from bot.services.passkeys import (
    CHALLENGE_LASTS,
    ChallengeOver,
    PasskeyGone,
    PasskeyKnown,
    PasskeyNameless,
    PasskeyNotAdded,
    PasskeyRefused,
    PasskeyUnknown,
    Site,
    site_of,
)
from bot.storage import staff
from bot.storage.database import Connection, Database
from bot.storage.passkeys import Passkey
from bot.storage.staff import Member, Role
from tests.authenticator import PRESENT, Device, as_other, changed
from tests.support import NOON

SITE = Site("bk.example.org", "https://bk.example.org")
ADA = Member("Ada", Role.ADMIN)
ED = Member("Ed", Role.EDITOR)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
async def team(database: Database) -> None:
    async with database.begin() as conn:
        for member in (ADA, ED):
            await staff.add(conn, member, NOON)


def challenge(number: int) -> bytes:
    return number.to_bytes(32, "big")


async def add(
    conn: Connection, device: Device, member: Member = ADA, *, number: int = 1, name: str = "Phone"
) -> Passkey:
    options = await passkeys.offer(conn, SITE, member, challenge(number), NOON)
    answer = await passkeys.redeem(conn, device.create(options), member.name, NOON)
    return await passkeys.add(conn, SITE, member, answer, name=name, now=NOON)


async def ask(conn: Connection, number: int = 2) -> str:
    return await passkeys.ask(conn, SITE, challenge(number), NOON)


async def sign_in(conn: Connection, answer: str) -> Member:
    return await passkeys.recognise(conn, SITE, await passkeys.redeem(conn, answer, None, NOON), NOON)


async def test_who_added_a_passkey_signs_in_with_it_and_types_no_name(database: Database) -> None:
    async with database.begin() as conn:
        device = Device()
        key = await add(conn, device)
        await add(conn, Device(), ED, number=7)

        assert await sign_in(conn, device.get(await ask(conn))) == ADA
        (used,) = await passkeys.of(conn, "Ada")
        assert (used.id, used.name, used.sign_count, used.used_at) == (key.id, "Phone", 1, NOON)
        assert await sign_in(conn, device.get(await ask(conn, 3))) == ADA


async def test_the_device_is_to_know_its_owner_and_to_keep_who_the_key_is_for(database: Database) -> None:
    async with database.begin() as conn:
        options = json.loads(await passkeys.offer(conn, SITE, ADA, challenge(1), NOON))
        asked = json.loads(await ask(conn))

    assert options["authenticatorSelection"]["userVerification"] == asked["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["attestation"] == "none"
    assert asked["allowCredentials"] == []


async def test_a_device_is_told_which_keys_are_there_already(database: Database) -> None:
    async with database.begin() as conn:
        device, other = Device(), Device()
        assert not device.known(await passkeys.offer(conn, SITE, ADA, challenge(5), NOON))
        await add(conn, device)
        again = await passkeys.offer(conn, SITE, ADA, challenge(6), NOON)

    assert device.known(again)
    assert not other.known(again)


async def test_devices_that_do_not_count_their_uses_are_as_good(database: Database) -> None:
    async with database.begin() as conn:
        device = Device(counts=False)
        await add(conn, device)
        for number in (2, 3):
            assert await sign_in(conn, device.get(await ask(conn, number))) == ADA


# --- what lets nobody in


async def test_a_copy_of_a_device_is_found_out_by_its_count(database: Database) -> None:
    async with database.begin() as conn:
        device = Device()
        await add(conn, device)
        copy = Device(keys=device.keys, uses=device.uses)
        await sign_in(conn, device.get(await ask(conn)))

        with pytest.raises(PasskeyRefused):
            await sign_in(conn, copy.get(await ask(conn, 3)))


async def test_an_answer_counts_once_and_within_five_minutes(database: Database) -> None:
    async with database.begin() as conn:
        device = Device()
        await add(conn, device)
        answer = device.get(await ask(conn))
        await sign_in(conn, answer)
        with pytest.raises(ChallengeOver):
            await sign_in(conn, answer)

        late = device.get(await ask(conn, 3))
        with pytest.raises(ChallengeOver):
            await passkeys.redeem(conn, late, None, NOON + CHALLENGE_LASTS)


async def test_a_challenge_that_was_never_ours_or_was_for_something_else_is_refused(database: Database) -> None:
    async with database.begin() as conn:
        device = Device()
        await add(conn, device)
        own = device.sign(bytes_to_base64url(challenge(99)), device.keys[0])
        to_add = await passkeys.offer(conn, SITE, ED, challenge(5), NOON)
        for answer, member in (
            (own, None),
            (device.sign(json.loads(to_add)["challenge"], device.keys[0]), None),
            (Device().create(await passkeys.offer(conn, SITE, ED, challenge(6), NOON)), "Ada"),
        ):
            with pytest.raises(ChallengeOver):
                await passkeys.redeem(conn, answer, member, NOON)


async def test_an_answer_to_another_challenge_than_it_claims_is_refused(database: Database) -> None:
    """The signature covers the challenge: exchanging it afterwards shows."""
    async with database.begin() as conn:
        device = Device()
        await add(conn, device)
        answer, other = device.get(await ask(conn)), json.loads(await ask(conn, 3))["challenge"]

        def exchange(credential: dict[str, Any]) -> None:
            client = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
            written = json.dumps(client | {"challenge": other}).encode()
            credential["response"]["clientDataJSON"] = bytes_to_base64url(written)

        with pytest.raises(PasskeyRefused):
            await sign_in(conn, changed(answer, exchange))


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param({"origin": "https://bk.example.org.evil.example"}, id="another origin"),
        pytest.param({"origin": "http://bk.example.org"}, id="without encryption"),
        pytest.param({"flags": PRESENT}, id="its owner unknown"),
        pytest.param({"flags": 0}, id="nobody there"),
    ],
)
async def test_a_foreign_origin_and_a_device_that_asked_nobody_are_refused(
    database: Database, lie: dict[str, Any]
) -> None:
    async with database.begin() as conn:
        device, liar = Device(), Device(**lie)
        await add(conn, device)
        liar.keys = device.keys
        with pytest.raises(PasskeyRefused):
            await sign_in(conn, liar.get(await ask(conn)))
        with pytest.raises(PasskeyNotAdded):
            await add(conn, liar, number=5)


async def test_somebody_else_s_key_and_a_forged_signature_are_refused(database: Database) -> None:
    async with database.begin() as conn:
        hers, his = Device(), Device()
        await add(conn, hers)
        await add(conn, his, ED, number=7)
        ada, ed = hers.keys[0], his.keys[0]
        for forged in (
            as_other(ed, id=ada.id, handle=ada.handle),  # his signature under her name
            as_other(ada, handle=ed.handle),  # her key, said to be for him
            as_other(ada, rp_id="evil.example"),  # made for another site
        ):
            asked = json.loads(await ask(conn, 20))
            with pytest.raises(PasskeyRefused):
                await sign_in(conn, his.sign(asked["challenge"], forged))


async def test_a_key_that_is_not_here_any_more_is_named_as_such(database: Database) -> None:
    async with database.begin() as conn:
        device = Device()
        key = await add(conn, device)
        await passkeys.remove(conn, "Ada", key.id)
        with pytest.raises(PasskeyUnknown):
            await sign_in(conn, device.get(await ask(conn)))


async def test_a_key_is_added_once(database: Database) -> None:
    async with database.begin() as conn:
        device = Device()
        options = await passkeys.offer(conn, SITE, ADA, challenge(1), NOON)
        brought = device.create(options)
        answer = await passkeys.redeem(conn, brought, "Ada", NOON)
        await passkeys.add(conn, SITE, ADA, answer, name="Phone", now=NOON)
        with pytest.raises(PasskeyKnown):
            await passkeys.add(conn, SITE, ED, answer, name="Mine", now=NOON)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "signature"]), inner)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(brought=st.text(max_size=200) | _JSON.map(json.dumps))
async def test_whatever_else_is_brought_is_refused_in_words(database: Database, brought: str) -> None:
    async with database.begin() as conn:
        for member in (None, "Ada"):
            with pytest.raises(BotError):
                await passkeys.redeem(conn, brought, member, NOON)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    number=st.integers(100, 2**40),
    part=st.sampled_from(["authenticatorData", "signature", "userHandle", "clientDataJSON"]),
    place=st.integers(0, 10_000),
    flip=st.integers(0, 255),
)
async def test_an_answer_that_was_tampered_with_lets_nobody_in(
    database: Database, number: int, part: str, place: int, flip: int
) -> None:
    """Any byte of any part may have been changed, or (0) the part cut short there."""

    def tamper(credential: dict[str, Any]) -> None:
        whole = bytearray(base64url_to_bytes(credential["response"][part]))
        at = place % len(whole)
        whole[at:] = bytes([whole[at] ^ flip]) + whole[at + 1 :] if flip else b""
        credential["response"][part] = bytes_to_base64url(bytes(whole))

    async with database.begin() as conn:
        device = Device()
        await add(conn, device, number=number)
        with pytest.raises(BotError):
            await sign_in(conn, changed(device.get(await ask(conn, number + 1)), tamper))
        await conn.rollback()


# --- keeping


async def test_keys_are_renamed_and_removed_by_their_owner_alone(database: Database) -> None:
    async with database.begin() as conn:
        key = await add(conn, Device(), name="  My   phone ")
        assert key.name == "My phone"
        await passkeys.rename(conn, "Ada", key.id, "Old phone")
        assert [one.name for one in await passkeys.of(conn, "Ada")] == ["Old phone"]
        for theirs in (passkeys.rename(conn, "Ed", key.id, "Mine"), passkeys.remove(conn, "Ed", key.id)):
            with pytest.raises(PasskeyGone):
                await theirs
        for name in ("", "   ", "x" * 81):
            with pytest.raises(PasskeyNameless):
                await passkeys.rename(conn, "Ada", key.id, name)
        await passkeys.remove(conn, "Ada", key.id)
        assert await passkeys.of(conn, "Ada") == []


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://bk.example.org", Site("bk.example.org", "https://bk.example.org")),
        ("https://bk.example.org:8443/bot", Site("bk.example.org", "https://bk.example.org:8443")),
        ("http://localhost:8080", Site("localhost", "http://localhost:8080")),
        ("http://127.0.0.1:8080", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
        ("http://bk.example.org", None),
    ],
)
def test_passkeys_need_a_name_and_encryption(url: str, site: Site | None) -> None:
    assert site_of(url) == site
