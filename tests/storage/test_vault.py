import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.vault import Vault, WrongKeyError

VAULT = Vault(b"one secret")


@given(st.text(max_size=50))
def test_what_is_sealed_is_opened(text: str) -> None:
    assert VAULT.open(VAULT.seal(text)) == text


def test_nothing_stays_nothing() -> None:
    assert VAULT.open(None) is None


def test_the_same_name_is_never_sealed_alike() -> None:
    assert VAULT.seal("Anna") != VAULT.seal("Anna")
    assert b"Anna" not in VAULT.seal("Anna")


CHANGED = VAULT.seal("Anna")[:-4] + b"AAAA"


@pytest.mark.parametrize(
    "sealed",
    [Vault(b"another").seal("Anna"), b"", b"nonsense", CHANGED],
    ids=["foreign", "empty", "nonsense", "changed"],
)
def test_another_key_or_a_changed_text_is_noticed(sealed: bytes) -> None:
    with pytest.raises(WrongKeyError, match="another BEZPIECZNY_SECRET_KEY"):
        VAULT.open(sealed)


def test_derived_secrets_are_stable_and_apart() -> None:
    assert VAULT.token("webhook") == Vault(b"one secret").token("webhook")
    assert len({VAULT.token("webhook"), VAULT.token("other"), Vault(b"another").token("webhook")}) == 3
    assert len(VAULT.token("webhook")) == 64


def test_keys_to_sign_with_are_stable_and_apart() -> None:
    key = VAULT.signer("one purpose")
    assert (key.public, key.sign(b"words")) == (
        VAULT.signer("one purpose").public,
        VAULT.signer("one purpose").sign(b"words"),
    )
    assert len({key.public, VAULT.signer("another").public, Vault(b"another").signer("one purpose").public}) == 3
