"""Encryption of the little that must be kept in confidence: names and contacts on bookings."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken

from bot.domain.errors import BotError


class WrongKeyError(BotError):
    """The names and contacts in this database were encrypted with another BEZPIECZNY_SECRET_KEY."""


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
