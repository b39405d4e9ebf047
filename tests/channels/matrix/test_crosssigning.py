"""What is signed and how; and that nothing a homeserver answers keeps the bot from its work."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from nio.crypto import Olm
from nio.store import SqliteMemoryStore
from structlog.testing import capture_logs
from unpaddedbase64 import decode_base64
from vodozemac import Ed25519PublicKey, Ed25519Signature, SignatureException

from bot.channels.matrix.crosssigning import (
    Signed,
    Trust,
    Unsigned,
    canonical,
    cross_sign,
    key_id,
    keys_of,
    signature,
    unpadded,
    vouches,
    with_signature,
)
from bot.channels.matrix.wire import Wire
from bot.domain.errors import Rejected
from bot.storage.vault import Signer, Vault

VAULT = Vault(b"the secret of this program")
OTHERS = Vault(b"the secret of another one")
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
BOT, DEVICE = "@bot:bot.test", "THEBOT"
QUERY, SIGNING, SIGNATURES = "keys/query", "keys/device_signing/upload", "keys/signatures/upload"
Json = Mapping[str, Any]

SPEC_KEY = Signer(Ed25519PrivateKey.from_private_bytes(decode_base64("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")))
"""The key of the specification's examples."""

parts = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=8), parts, max_size=5)


def verify(content: bytes, signed: str, by: Signer) -> None:
    """By another library than the one that signed. Raises SignatureException."""
    public = Ed25519PublicKey.from_base64(unpadded(by.public))
    public.verify_signature(content, Ed25519Signature.from_base64(signed))


# --- the form that is signed


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ({}, "{}"),
        ({"one": 1, "two": "Two"}, '{"one":1,"two":"Two"}'),
        ({"b": "2", "a": "1"}, '{"a":"1","b":"2"}'),
        (
            {"auth": {"success": True, "mxid": "@john.doe:example.com", "profile": {"three_pids": []}}},
            '{"auth":{"mxid":"@john.doe:example.com","profile":{"three_pids":[]},"success":true}}',
        ),
        ({"本": 2, "日": 1}, '{"日":1,"本":2}'),
        ({"a": "\u65e5"}, '{"a":"日"}'),
        ({"a": None}, '{"a":null}'),
    ],
)
def test_the_form_is_the_specifications(content: Json, form: str) -> None:
    assert canonical(content).decode() == form


@given(objects)
def test_the_form_says_the_same_and_does_not_depend_on_order(content: Json) -> None:
    told = {key: value for key, value in content.items() if key not in {"signatures", "unsigned"}}
    assert json.loads(canonical(content)) == told
    assert canonical(dict(reversed(list(content.items())))) == canonical(content)
    assert canonical(json.loads(json.dumps(content, indent=2))) == canonical(content)


@pytest.mark.parametrize(
    ("content", "signed"),
    [
        ({}, "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"),
        (
            {"one": 1, "two": "Two"},
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
        ),
    ],
)
def test_signatures_are_the_specifications(content: Json, signed: str) -> None:
    assert signature(content, SPEC_KEY) == signed


@given(objects, parts)
def test_a_signature_fits_what_was_signed_alone(content: Json, other: object) -> None:
    key = keys_of(VAULT, BOT).master
    signed = with_signature(content, BOT, key)
    made = signed["signatures"][BOT][key_id(key)]

    verify(canonical(signed), made, key)
    verify(canonical({**signed, "unsigned": other}), made, key)
    changed = {**signed, "more": other, "and": "more"}
    with pytest.raises(SignatureException):
        verify(canonical(changed), made, key)


# --- the account's keys


@given(st.binary(min_size=32, max_size=40), st.text(min_size=1, max_size=10))
def test_the_same_secret_makes_the_same_keys(secret: bytes, name: str) -> None:
    keys = keys_of(Vault(secret), f"@{name}:bot.test").published()
    assert keys == keys_of(Vault(secret), f"@{name}:bot.test").published()
    others = [keys_of(OTHERS, f"@{name}:bot.test"), keys_of(Vault(secret), f"@{name}:other.test")]
    three = {key_id(signer) for one in others for signer in (one.master, one.self_signing, one.user_signing)}
    assert len(three) == 6
    assert three.isdisjoint(name for key in keys.values() for name in key["keys"])


def test_the_master_key_signs_the_other_two() -> None:
    keys = keys_of(VAULT, BOT)
    published = keys.published()
    assert {name: key["usage"] for name, key in published.items()} == {
        "master_key": ["master"],
        "self_signing_key": ["self_signing"],
        "user_signing_key": ["user_signing"],
    }
    for name in ("self_signing_key", "user_signing_key"):
        verify(canonical(published[name]), published[name]["signatures"][BOT][key_id(keys.master)], keys.master)


# --- with a homeserver


@dataclass
class Homeserver:
    """What it keeps of the account's keys, and what it answers instead of the truth."""

    keys: dict[str, Any] = field(default_factory=dict)
    devices: dict[str, Any] = field(default_factory=dict)
    instead: dict[str, tuple[int, Any]] = field(default_factory=dict)
    password: str | None = None
    """Asked for, to take the account's keys."""
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        what = request.path.removeprefix("/_matrix/client/v3/")
        self.asked.append(what)
        if what in self.instead:
            status, body = self.instead[what]
            return web.Response(status=status, text=body if isinstance(body, str) else json.dumps(body))
        status, body = {QUERY: self.show, SIGNING: self.take_keys, SIGNATURES: self.take_signatures}[what](
            json.loads(await request.read())
        )
        return web.json_response(body, status=status)

    def show(self, _: Json) -> tuple[int, Json]:
        return 200, {**self.keys, "device_keys": {BOT: self.devices}}

    def take_keys(self, body: Json) -> tuple[int, Json]:
        proof = body.get("auth", {})
        if self.password and proof.get("password") != self.password:
            return 401, {"session": "s", "flows": [{"stages": ["m.login.password"]}], "params": {}}
        if self.password:
            assert proof["session"] == "s"
            assert proof["identifier"] == {"type": "m.id.user", "user": BOT}
        self.keys = {f"{name}s": {BOT: key} for name, key in body.items() if name != "auth"}
        return 200, {}

    def take_signatures(self, body: Json) -> tuple[int, Json]:
        ((device, signed),) = body[BOT].items()
        ours = self.devices[device]["signatures"][BOT]
        self.devices[device] = {**self.devices[device], "signatures": {BOT: {**ours, **signed["signatures"][BOT]}}}
        return 200, {"failures": {}}


def an_olm() -> Olm:
    return Olm(BOT, DEVICE, SqliteMemoryStore(BOT, DEVICE))


OLM = an_olm()
UPLOADED = {"unsigned": {"device_display_name": "Bezpieczny Kraków"}, **OLM.share_keys()["device_keys"]}


@asynccontextmanager
async def wired(homeserver: Homeserver) -> AsyncIterator[Wire]:
    app = web.Application()
    app.router.add_post("/{tail:.*}", homeserver.answer)
    async with TestServer(app) as server:
        wire = Wire(str(server.make_url("/")), lambda: NOW, "token")
        yield wire
        await wire.close()


@pytest.fixture
def homeserver() -> Homeserver:
    return Homeserver(devices={DEVICE: UPLOADED})


async def signs(
    homeserver: Homeserver, vault: Vault = VAULT, *, password: str | None = None, take_over: bool = False
) -> tuple[Trust, list[str]]:
    """What comes of it, and the lines of the log."""
    homeserver.asked.clear()
    async with wired(homeserver) as wire:
        with capture_logs() as log:
            trust = await cross_sign(wire, OLM, vault, password=password, take_over=take_over)
    return trust, [f"{line['log_level']} {line['event']}" for line in log]


async def test_it_is_done_once(homeserver: Homeserver) -> None:
    assert await signs(homeserver) == (Signed(anew=True), ["info matrix.device_signed"])
    assert homeserver.asked == [QUERY, SIGNING, SIGNATURES]
    assert vouches(keys_of(VAULT, BOT), homeserver.devices[DEVICE])

    assert await signs(homeserver) == (Signed(anew=False), [])
    assert homeserver.asked == [QUERY]


@pytest.mark.parametrize("which", ["self_signing_keys", "user_signing_keys"])
@pytest.mark.parametrize(
    "instead", [{}, {"signatures": None}, {"signatures": {BOT: {}}}], ids=["no key", "no signatures", "others' alone"]
)
async def test_what_is_missing_is_uploaded_again(homeserver: Homeserver, which: str, instead: Json) -> None:
    await signs(homeserver)
    kept = dict(homeserver.keys)
    homeserver.keys[which] = {BOT: {**kept[which][BOT], **instead} if instead else None}
    await signs(homeserver)
    assert SIGNING in homeserver.asked
    assert homeserver.keys == kept


async def test_the_password_proves_who_we_are_where_that_is_asked(homeserver: Homeserver) -> None:
    homeserver.password = "right"
    trust, log = await signs(homeserver, password="right")
    assert (trust, log) == (Signed(anew=True), ["info matrix.device_signed"])


@pytest.mark.parametrize("password", ["wrong", None])
async def test_without_a_proof_it_goes_on_unsigned(homeserver: Homeserver, password: str | None) -> None:
    homeserver.password = "right"
    trust, log = await signs(homeserver, password=password)
    assert isinstance(trust, Unsigned)
    assert "proof" in trust.reason
    assert log == ["warning matrix.device_unsigned"]


@pytest.mark.parametrize("flow", [["m.login.sso"], ["m.login.password", "m.login.email.identity"], []])
async def test_a_password_is_not_given_where_it_alone_proves_nothing(homeserver: Homeserver, flow: list[str]) -> None:
    homeserver.instead = {SIGNING: (401, {"session": "s", "flows": [{"stages": flow}], "params": {}})}
    trust, log = await signs(homeserver, password="right")
    assert isinstance(trust, Unsigned)
    assert "proof" in trust.reason
    assert log == ["warning matrix.device_unsigned"]
    assert homeserver.asked == [QUERY, SIGNING]


async def test_keys_that_others_made_stay_unless_it_is_to_take_over(homeserver: Homeserver) -> None:
    await signs(homeserver, OTHERS)
    homeserver.devices = {DEVICE: UPLOADED}
    theirs = dict(homeserver.keys)

    trust, log = await signs(homeserver)
    assert isinstance(trust, Unsigned)
    assert "another program" in trust.reason
    assert log == ["warning matrix.device_unsigned"]
    assert homeserver.keys == theirs

    assert (await signs(homeserver, take_over=True))[0] == Signed(anew=True)
    assert homeserver.keys["master_keys"] == {BOT: keys_of(VAULT, BOT).published()["master_key"]}


async def test_a_device_that_others_have_signed_is_trusted(homeserver: Homeserver) -> None:
    await signs(homeserver, OTHERS)
    assert await signs(homeserver) == (Signed(anew=False), [])


@pytest.mark.parametrize(
    "device",
    [
        None,
        "nonsense",
        {**UPLOADED, "keys": {"ed25519:THEBOT": "another"}},
        {**UPLOADED, "algorithms": ["m.none"]},
        {key: value for key, value in UPLOADED.items() if key != "signatures"},
    ],
    ids=["none", "nonsense", "other keys", "other ciphers", "not signed by itself"],
)
async def test_nothing_is_signed_but_what_this_device_said_of_itself(homeserver: Homeserver, device: object) -> None:
    homeserver.devices = {DEVICE: device}
    trust, log = await signs(homeserver)
    assert isinstance(trust, Unsigned)
    assert log == ["warning matrix.device_unsigned"]
    assert homeserver.asked == [QUERY]


@pytest.mark.parametrize("where", [QUERY, SIGNING, SIGNATURES])
@pytest.mark.parametrize(
    "answer",
    [
        (400, {"errcode": "M_INVALID_PARAM", "error": "no"}),
        (401, {"errcode": "M_UNKNOWN_TOKEN", "error": "no"}),
        (401, {"flows": "nonsense"}),
        (401, {"flows": ["nonsense", {"stages": 7}], "session": 7}),
        (403, {}),
        (404, "<html>"),
        (429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1000}),
        (500, "down"),
    ],
    ids=lambda answer: f"{answer[0]} {str(answer[1])[:12]}",
)
async def test_a_refusal_is_one_line(homeserver: Homeserver, where: str, answer: tuple[int, Any]) -> None:
    homeserver.instead = {where: answer}
    trust, log = await signs(homeserver)
    assert isinstance(trust, Unsigned)
    assert trust.reason
    assert log == ["warning matrix.device_unsigned"]
    assert homeserver.asked[-1] == where


async def test_a_signature_that_is_not_taken_is_one_line(homeserver: Homeserver) -> None:
    homeserver.instead = {SIGNATURES: (200, {"failures": {BOT: {DEVICE: {"errcode": "M_INVALID_SIGNATURE"}}}})}
    trust, log = await signs(homeserver)
    assert isinstance(trust, Unsigned)
    assert log == ["warning matrix.device_unsigned"]


async def test_a_homeserver_that_is_gone_is_one_line() -> None:
    wire = Wire("http://127.0.0.1:1", lambda: NOW)
    with capture_logs() as log:
        trust = await cross_sign(wire, OLM, VAULT, password=None)
    await wire.close()
    assert isinstance(trust, Unsigned)
    assert [line["event"] for line in log] == ["matrix.device_unsigned"]


class Saying(Wire):
    """Answers each question the same."""

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__("http://127.0.0.1:1", lambda: NOW)
        self._said = said

    async def call(self, method: str, where: str, **_: Any) -> dict[str, Any]:  # noqa: ARG002 - as a Wire
        if where.endswith(QUERY):
            return self._said
        raise Rejected


def shapes(users: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Answers that are right down to some depth, and anything below."""
    kinds = ("device_keys", "master_keys", "self_signing_keys", "user_signing_keys")
    return st.fixed_dictionaries({}, optional={kind: st.just({BOT: {}}) | users for kind in kinds})


anything = parts | st.fixed_dictionaries({"keys": parts, "signatures": parts | st.fixed_dictionaries({BOT: parts})})
answers = shapes(
    parts | st.fixed_dictionaries({BOT: anything | st.fixed_dictionaries({DEVICE: anything | st.just(UPLOADED)})})
)


@given(answers)
@settings(deadline=None)
async def test_whatever_a_homeserver_shows_the_bot_goes_on(said: dict[str, Any]) -> None:
    with capture_logs() as log:
        trust = await cross_sign(Saying(said), OLM, VAULT, password=None)
    assert isinstance(trust, Unsigned)
    assert [line["event"] for line in log] == ["matrix.device_unsigned"]
