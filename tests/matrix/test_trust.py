"""The bot's device on a real homeserver: what others see of it, and what stays across restarts and losses."""

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from vodozemac import Ed25519PublicKey, Ed25519Signature

from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.identity import (
    ABOUT,
    ASIDE,
    STORE,
    TAKE_OVER,
    Credentials,
    Identity,
    KeysUnreadable,
)
from bot.channels.matrix.signing_in import KeysLost, sign_in
from bot.channels.matrix.wire import Wire
from bot.domain.errors import Rejected, Unreachable
from bot.storage.vault import Vault
from tests.matrix.people import client_of
from tests.matrix.synapse import PASSWORD, Synapse

SECRET = b"the secret of this program"
OTHER_SECRET = b"the secret of another one"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
KEYS = "/_matrix/client/v3/keys"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """The bot's account, and where the program keeps its keys."""

    homeserver: Synapse
    user: str
    folder: Path

    def with_password(self, password: str = PASSWORD) -> Credentials:
        return Credentials(self.homeserver.url, self.user, password=password)

    def with_token(self, token: str) -> Credentials:
        return Credentials(self.homeserver.url, self.user, token=token)

    @asynccontextmanager
    async def signed_in(self, credentials: Credentials | None = None, secret: bytes = SECRET) -> AsyncIterator[Crypto]:
        """The program starts, for the block."""
        given = credentials or self.with_password()
        wire = Wire(given.homeserver, lambda: NOW)
        try:
            user, crypto = await sign_in(wire, given, Identity(self.folder, Vault(secret)))
            assert user == self.user
            yield crypto
            await crypto.close()
        finally:
            await wire.close()

    async def starts(self, credentials: Credentials | None = None, secret: bytes = SECRET) -> list[str]:
        """The program starts and ends; what its log names."""
        with capture_logs() as log:
            async with self.signed_in(credentials, secret):
                pass
        return [entry["event"] for entry in log]

    @property
    def device(self) -> str:
        return str(json.loads((self.folder / ABOUT).read_text("utf-8"))["device"])


@pytest.fixture
def account(homeserver: Synapse, tmp_path: Path) -> Account:
    return Account(homeserver, homeserver.newcomer("bot"), tmp_path / "matrix")


def seen(account: Account) -> Json:
    """What everybody sees of the account's keys, and which others cannot change."""
    alice = account.homeserver.sign_in(account.homeserver.newcomer("alice"))
    asked: Json = {"device_keys": {account.user: []}}
    answer: Json = account.homeserver.ask("POST", f"{KEYS}/query", asked, token=alice)
    return answer


def verify(thing: Json, key: Json, user: str) -> None:
    """Check the signature of one key's on something, by another library than the one that made it."""
    ((name, public),) = key["keys"].items()
    bare = {field: value for field, value in thing.items() if field not in {"signatures", "unsigned"}}
    signature = Ed25519Signature.from_base64(thing["signatures"][user][name])
    canonical = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    Ed25519PublicKey.from_base64(public).verify_signature(canonical.encode(), signature)


def master_of(account: Account) -> Json:
    master: Json = seen(account)["master_keys"][account.user]
    return master


def verify_device(account: Account) -> None:
    """Everybody can see that the account vouches for the bot's device, by a key that the master key signs."""
    shown = seen(account)
    master, signing = shown["master_keys"][account.user], shown["self_signing_keys"][account.user]
    verify(signing, master, account.user)
    verify(shown["device_keys"][account.user][account.device], signing, account.user)


async def test_the_account_vouches_for_the_bots_device(account: Account) -> None:
    assert await account.starts() == ["matrix.new_device", "matrix.device_signed"]
    verify_device(account)


async def test_a_restart_changes_nothing(account: Account) -> None:
    await account.starts()
    before = seen(account)
    said = account.homeserver.log.stat().st_size

    assert await account.starts() == []

    assert seen(account) == before
    about_us = [line for line in account.homeserver.said(said).splitlines() if account.user in line]
    assert any("whoami" in line for line in about_us)
    assert not any("Logging in" in line or "/upload" in line for line in about_us)


async def test_a_device_instead_of_a_lost_one_is_vouched_for_by_the_same_keys(account: Account) -> None:
    await account.starts()
    master, lost = master_of(account), account.device
    (account.folder / STORE).unlink()

    with capture_logs() as log:
        async with account.signed_in():
            pass

    assert [(entry["event"], entry["log_level"]) for entry in log] == [
        ("matrix.new_device", "warning"),
        ("matrix.device_signed", "info"),
    ]
    assert "lost" in log[0]["reason"]
    assert account.device != lost
    assert master_of(account) == master
    verify_device(account)


async def test_it_is_told_too_when_the_whole_folder_is_lost(account: Account) -> None:
    await account.starts()
    lost = account.device
    shutil.rmtree(account.folder)

    with capture_logs() as log:
        async with account.signed_in():
            pass

    assert "lost" in log[0]["reason"]
    assert account.device != lost
    verify_device(account)


async def test_a_token_whose_device_has_lost_its_keys_is_refused(account: Account) -> None:
    credentials = account.with_token(account.homeserver.sign_in(account.user, device="TOKEN"))
    assert await account.starts(credentials) == ["matrix.new_device", "matrix.device_signed"]
    assert account.device == "TOKEN"
    assert await account.starts(credentials) == []
    before = seen(account)
    shutil.rmtree(account.folder)

    with pytest.raises(KeysLost, match="make a new token, or give the password"):
        await account.starts(credentials)

    assert seen(account) == before
    assert not account.folder.exists()


async def test_a_new_token_makes_up_for_a_lost_one(account: Account) -> None:
    await account.starts(account.with_token(account.homeserver.sign_in(account.user, device="FIRST")))
    shutil.rmtree(account.folder)
    await account.starts(account.with_token(account.homeserver.sign_in(account.user, device="SECOND")))
    assert account.device == "SECOND"
    verify_device(account)


async def test_keys_of_another_secret_are_left_as_they_are(account: Account) -> None:
    await account.starts()
    before, kept = seen(account), (account.folder / STORE).read_bytes()

    with pytest.raises(KeysUnreadable, match="BEZPIECZNY_SECRET_KEY"):
        await account.starts(secret=OTHER_SECRET)

    assert (account.folder / STORE).read_bytes() == kept
    assert seen(account) == before
    assert await account.starts() == []


@pytest.mark.parametrize("damage", [b"nonsense" * 1000, None], ids=["no database", "a part of it"])
async def test_a_damaged_file_is_left_as_it_is(account: Account, damage: bytes | None) -> None:
    await account.starts()
    store = account.folder / STORE
    broken = damage or store.read_bytes()[:8192]
    store.write_bytes(broken)

    with pytest.raises(KeysUnreadable, match="damaged"):
        await account.starts()

    assert store.read_bytes() == broken


async def test_without_its_note_whose_keys_they_are_they_are_kept_aside(account: Account) -> None:
    await account.starts()
    kept, before = (account.folder / STORE).read_bytes(), account.device
    (account.folder / ABOUT).write_text("{broken", "utf-8")

    assert await account.starts() == ["matrix.new_device", "matrix.device_signed"]

    assert account.device != before
    assert (account.folder / f"{ASIDE}-1" / STORE).read_bytes() == kept
    verify_device(account)


async def test_keys_of_another_account_are_kept_aside(account: Account) -> None:
    await account.starts()
    kept, about = (account.folder / STORE).read_bytes(), (account.folder / ABOUT).read_text("utf-8")
    other = replace(account, user=account.homeserver.newcomer("other"))

    assert await other.starts() == ["matrix.new_device", "matrix.device_signed"]

    aside = account.folder / f"{ASIDE}-1"
    assert (aside / STORE).read_bytes() == kept
    assert (aside / ABOUT).read_text("utf-8") == about
    verify_device(other)
    assert master_of(other)["keys"] != master_of(account)["keys"]


async def test_a_backup_of_the_folder_brings_the_device_back(account: Account, tmp_path: Path) -> None:
    await account.starts()
    before = account.device
    shutil.copytree(account.folder, tmp_path / "backup")
    shutil.rmtree(account.folder)
    shutil.copytree(tmp_path / "backup", account.folder)
    assert await account.starts() == []
    assert account.device == before


async def test_a_device_that_was_removed_comes_back_with_its_keys(account: Account) -> None:
    await account.starts()
    before = seen(account)["device_keys"][account.user][account.device]["keys"]
    token = account.homeserver.sign_in(account.user, device=account.device)
    account.homeserver.ask("POST", "/_matrix/client/v3/logout", {}, token=token)
    assert seen(account)["device_keys"] == {account.user: {}}

    assert "matrix.new_device" not in await account.starts()

    assert seen(account)["device_keys"][account.user][account.device]["keys"] == before
    verify_device(account)


async def test_keys_whose_upload_was_not_answered_are_uploaded_again(account: Account, tmp_path: Path) -> None:
    """The homeserver has them, and the program ended before it knew: it must not make others under the same names."""
    wire = _Deaf(account.homeserver.url, lambda: NOW)
    with pytest.raises(Unreachable):
        await sign_in(wire, account.with_password(), Identity(account.folder, Vault(SECRET)))
    await wire.close()
    device = account.device

    assert await account.starts() == ["matrix.device_signed"]

    assert account.device == device
    verify_device(account)


class _Deaf(Wire):
    """Never hears what becomes of keys that it hands over."""

    async def post(self, where: str, body: Json, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = await super().post(where, body, query)
        if where.endswith("/keys/upload"):
            raise Unreachable
        return answer


async def test_an_answer_that_tells_nothing_of_keys_makes_no_new_ones(account: Account) -> None:
    await account.starts()
    before = seen(account)
    wire = _Vague(account.homeserver.url, lambda: NOW)
    with pytest.raises(Rejected):
        await sign_in(wire, account.with_password(), Identity(account.folder, Vault(SECRET)))
    await wire.close()
    assert seen(account) == before


class _Vague(Wire):
    """Is told nothing of keys."""

    async def post(self, where: str, body: Json, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = await super().post(where, body, query)
        return {} if where.endswith("/keys/query") else answer


async def test_an_old_copy_of_the_keys_finds_its_way(account: Account, tmp_path: Path) -> None:
    """Names of one-time keys that it has already given, and does not remember, are taken; the next ones are free."""
    await account.starts()
    shutil.copytree(account.folder, tmp_path / "copy")
    alice = account.homeserver.sign_in(account.homeserver.newcomer("alice"))
    asked = {"one_time_keys": {account.user: {account.device: "signed_curve25519"}}}
    one_less = {"next_batch": "s1", "device_one_time_keys_count": {"signed_curve25519": 49}}
    account.homeserver.ask("POST", f"{KEYS}/claim", asked, token=alice)
    async with account.signed_in() as crypto:
        await crypto.received(one_less)
        await crypto.upload_keys()
    shutil.rmtree(account.folder)
    shutil.copytree(tmp_path / "copy", account.folder)
    account.homeserver.ask("POST", f"{KEYS}/claim", asked, token=alice)

    async with account.signed_in() as crypto:
        await crypto.received(one_less)
        with pytest.raises(Rejected, match="already exists"):
            await crypto.upload_keys()
        await crypto.upload_keys()


# --- an account that was set up elsewhere


async def set_up_elsewhere(account: Account, folder: Path) -> None:
    """Another program signs in to the account, and makes its keys, as Element does."""
    elsewhere = replace(account, folder=folder)
    async with elsewhere.signed_in(secret=OTHER_SECRET):
        pass


async def test_keys_that_others_made_are_not_replaced(account: Account, tmp_path: Path) -> None:
    await set_up_elsewhere(account, tmp_path / "elsewhere")
    before = master_of(account)

    with capture_logs() as log:
        async with account.signed_in():
            pass

    assert [entry["event"] for entry in log] == ["matrix.new_device", "matrix.device_unsigned"]
    assert log[1]["device"] == account.device
    shown = seen(account)
    assert (
        log[1]["fingerprint"] == shown["device_keys"][account.user][account.device]["keys"][f"ed25519:{account.device}"]
    )
    assert master_of(account) == before


async def test_the_bot_takes_over_where_it_is_told_to(account: Account, tmp_path: Path) -> None:
    await set_up_elsewhere(account, tmp_path / "elsewhere")
    before = master_of(account)
    await account.starts()
    (account.folder / TAKE_OVER).touch()

    assert await account.starts() == ["matrix.device_signed"]

    assert master_of(account) != before
    verify_device(account)
    assert not (account.folder / TAKE_OVER).exists()
    assert await account.starts() == []


async def test_without_the_password_it_cannot_take_over(account: Account, tmp_path: Path) -> None:
    await set_up_elsewhere(account, tmp_path / "elsewhere")
    before = master_of(account)
    credentials = account.with_token(account.homeserver.sign_in(account.user, device="TOKEN"))
    await account.starts(credentials)
    (account.folder / TAKE_OVER).touch()

    assert await account.starts(credentials) == ["matrix.device_unsigned"]

    assert master_of(account) == before
    assert (account.folder / TAKE_OVER).exists()


async def test_with_the_password_beside_the_token_it_can(account: Account, tmp_path: Path) -> None:
    await set_up_elsewhere(account, tmp_path / "elsewhere")
    credentials = account.with_token(account.homeserver.sign_in(account.user, device="TOKEN"))
    await account.starts(credentials)
    (account.folder / TAKE_OVER).touch()

    assert await account.starts(replace(credentials, password=PASSWORD)) == ["matrix.device_signed"]

    assert account.device == "TOKEN"
    verify_device(account)


async def test_an_admin_signs_a_lost_device_out(account: Account) -> None:
    await account.starts()
    lost = account.device
    shutil.rmtree(account.folder)
    await account.starts()

    as_admin(account, "DELETE", f"v2/users/{account.user}/devices/{lost}")

    assert list(seen(account)["device_keys"][account.user]) == [account.device]
    assert await account.starts() == []


def as_admin(account: Account, method: str, path: str) -> None:
    """What the guide tells an admin of the homeserver to ask for."""
    homeserver = account.homeserver
    admin = homeserver.register(f"admin-{account.user[1:].partition(':')[0]}", admin=True)
    homeserver.ask(method, f"/_synapse/admin/{path}", {}, token=homeserver.sign_in(admin))


# --- the ways in


async def test_the_name_of_the_account_may_be_short(account: Account) -> None:
    short = account.user.removeprefix("@").partition(":")[0]
    await account.starts(replace(account.with_password(), user=short))
    device = account.device
    assert await account.starts() == []
    assert account.device == device


@pytest.mark.parametrize(
    ("field", "value"),
    [("password", "wrong"), ("user", "@nobody:bot.test"), ("token", "no token")],
)
async def test_who_is_not_known_is_signed_out(account: Account, field: str, value: str) -> None:
    credentials = replace(account.with_password(), **{field: value})
    with pytest.raises(SignedOut, match="BEZPIECZNY_MATRIX__USER"):
        await account.starts(credentials)
    assert not account.folder.exists()


async def test_a_token_of_another_account_is_refused(account: Account) -> None:
    token = account.homeserver.sign_in(account.homeserver.newcomer("other"))
    with pytest.raises(SignedOut, match="another account"):
        await account.starts(account.with_token(token))


async def test_an_ended_session_is_begun_again_with_the_password(account: Account) -> None:
    await account.starts()
    device = account.device
    account.homeserver.sign_in(account.user, device=device)  # which ends the session that the program kept
    assert await account.starts() == []
    assert account.device == device
    verify_device(account)


async def test_a_homeserver_that_is_away_is_told_as_such(account: Account) -> None:
    with pytest.raises(Unreachable):
        await account.starts(replace(account.with_password(), homeserver="http://127.0.0.1:1"))


async def test_people_who_write_to_it_find_a_device_to_write_to(account: Account, tmp_path: Path) -> None:
    await account.starts()
    alice = account.homeserver.newcomer("alice")
    async with client_of(account.homeserver, alice, tmp_path / "alice") as client:
        client.olm.users_for_key_query.add(account.user)
        await client.keys_query()
        (device,) = client.device_store.active_user_devices(account.user)
        assert device.id == account.device
        claimed = await client.keys_claim({account.user: [device.id]})
        assert list(claimed.one_time_keys[account.user]) == [device.id]


async def test_others_on_this_machine_cannot_read_the_keys(account: Account) -> None:
    await account.starts()
    assert account.folder.stat().st_mode & 0o777 == 0o700
    assert (account.folder / ABOUT).stat().st_mode & 0o777 == 0o600
    assert account.homeserver.sign_in(account.user) not in (account.folder / ABOUT).read_text("utf-8")
