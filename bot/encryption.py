"""Encryption of what must not stand in the database in clear: response URLs, typed text, values."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


@dataclass(frozen=True, slots=True)
class Cipher:
    """Encrypts text under a key made from a secret that all processes of the bot share.

    Args:
        secret: The secret.
    """

    secret: str = field(repr=False)

    def encrypt(self, text: str) -> str:
        """Encrypt a text; an empty one stays empty."""
        return self._fernet().encrypt(text.encode()).decode() if text else ""

    def decrypt(self, token: str) -> str:
        """Decrypt a text; empty if it was encrypted under another secret, or altered."""
        return (self._decrypt(token.encode()) or b"").decode() if token else ""

    def encrypt_bytes(self, data: bytes) -> bytes:
        """Encrypt bytes."""
        # The token's text would be a third longer.
        return urlsafe_b64decode(self._fernet().encrypt(data))

    def decrypt_bytes(self, data: bytes) -> bytes | None:
        """Decrypt bytes; None if they were encrypted under another secret, or altered."""
        return self._decrypt(urlsafe_b64encode(data))

    def _decrypt(self, token: bytes) -> bytes | None:
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - as below

        try:
            return self._fernet().decrypt(token)
        except InvalidToken:
            return None

    def _fernet(self) -> "Fernet":
        # Loaded once it is used: it takes eight megabytes, and most processes never need it.
        from cryptography.fernet import Fernet  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        key = HKDF(SHA256(), 32, salt=None, info=b"im-bot state").derive(self.secret.encode())
        return Fernet(urlsafe_b64encode(key))
