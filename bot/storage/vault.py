"""Encryption of the little that must be kept in confidence: names and contacts on bookings. And keys to sign with."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.domain.errors import BotError


class WrongKeyError(BotError):
    """The names and contacts in this database were encrypted with another BEZPIECZNY_SECRET_KEY."""


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key; the same words get the same signature."""

    _key: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """What others check its signatures with; 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, content: bytes) -> bytes:
        """A signature of 64 bytes."""
        return self._key.sign(content)


class Vault:
    """Encrypts with a key derived from the application's secret, and derives other secrets from it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._fernet = Fernet(base64.urlsafe_b64encode(self._derive("bookings")))

    def _derive(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, purpose.encode(), hashlib.sha256)

    def token(self, purpose: str) -> str:
        """A secret for one purpose (a webhook's, say), the same at every start; 64 hexadecimal digits."""
        return self._derive(purpose).hex()

    def signer(self, purpose: str) -> Signer:
        """A key to sign with for one purpose, the same at every start."""
        return Signer(Ed25519PrivateKey.from_private_bytes(self._derive(purpose)))

    def seal(self, text: str) -> bytes:
        """The text, encrypted and signed."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes | None) -> str | None:
        """What was sealed. Raises WrongKeyError if it was sealed with another key."""
        if sealed is None:
            return None
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise WrongKeyError from error
