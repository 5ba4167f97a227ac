"""Secrets at rest: AES-256-SIV (RFC 5297) under a keyring.

The cipher is deterministic, so a column is unique and searchable while it is sealed.
The ring's newest key seals, all of them open; a look-up tries one candidate for each.
"""

import base64
import functools
import os
import re
import secrets
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

FORMAT = b"1"
KEY_BYTES = 64  # two AES-256 keys: SIV uses one to authenticate, one to encrypt
KEY_NAME = re.compile(r"[a-z0-9]{1,4}")


class Keyring:
    """Keys written `name:base64url(64 bytes)`, by lines or commas, the newest first.

    What is sealed for one column opens for no other.
    """

    def __init__(self, text: str, column: str) -> None:
        self._associated_data = [b"smarttrader", column.encode(), FORMAT]
        self._ciphers: dict[str, AESSIV] = {}
        for entry in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
            name, _, encoded = entry.partition(":")
            if name in self._ciphers or not KEY_NAME.fullmatch(name):
                raise ImproperlyConfigured(
                    f"keyring: bad or repeated key name {name!r}"
                )
            self._ciphers[name] = AESSIV(_key_bytes(name, encoded))
        if not self._ciphers:
            raise ImproperlyConfigured("keyring: it holds no key")

    @property
    def newest(self) -> str:
        """The name of the key that seals."""
        return next(iter(self._ciphers))

    def seal(self, text: str) -> str:
        """Return the text sealed by the newest key: `<key name>.<base64url>`."""
        return self._seal(self.newest, text)

    def candidates(self, text: str) -> list[str]:
        """Return what the text may be stored as: one candidate for each key."""
        return [self._seal(name, text) for name in self._ciphers]

    def open(self, sealed: str) -> str:
        """Return the sealed text. Raises ValueError if no key opens it."""
        name, _, encoded = sealed.partition(".")
        try:
            octets = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            return self._ciphers[name].decrypt(octets, self._associated_data).decode()
        except (KeyError, InvalidTag, ValueError) as error:
            raise ValueError("not sealed by any key of this keyring") from error

    def _seal(self, name: str, text: str) -> str:
        octets = self._ciphers[name].encrypt(text.encode(), self._associated_data)
        return f"{name}.{base64.urlsafe_b64encode(octets).rstrip(b'=').decode()}"


def keyring_for(column: str) -> Keyring:
    """Return the settings' keyring: the file, else the variable, else a laptop's."""
    return _keyring(
        settings.LICENSE_KEYRING_FILE, settings.LICENSE_KEYRING, settings.DEBUG, column
    )


def generate_keyring() -> str:
    """Return the text of a keyring with one new key."""
    return f"k1:{base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


@functools.cache
def _keyring(
    file: str,
    text: str,
    is_laptop: bool,  # noqa: FBT001
    column: str,
) -> Keyring:
    if file:
        # Bytes that are no text must be refused as a bad keyring, by its own message.
        return Keyring(Path(file).read_text(errors="replace"), column)
    if text:
        return Keyring(text, column)
    if is_laptop:
        return Keyring(_laptop_keyring(settings.VAR_DIR / "license-keyring"), column)
    raise ImproperlyConfigured("set LICENSE_KEYRING_FILE or LICENSE_KEYRING")


def _laptop_keyring(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two processes may start at once: the first link wins, and is complete.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as draft:
            draft.write(generate_keyring())
        try:
            os.link(draft.name, path)
        except FileExistsError:
            pass
        finally:
            Path(draft.name).unlink()
    return path.read_text()


def _key_bytes(name: str, encoded: str) -> bytes:
    try:
        octets = base64.urlsafe_b64decode(encoded)
    except ValueError as error:  # binascii.Error, or text that is not ASCII
        raise ImproperlyConfigured(f"keyring: key {name} is not base64url") from error
    half = KEY_BYTES // 2
    if len(octets) != KEY_BYTES or octets[:half] == octets[half:]:
        raise ImproperlyConfigured(
            f"keyring: key {name} is not {KEY_BYTES} random bytes"
        )
    return octets
