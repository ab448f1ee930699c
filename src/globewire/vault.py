"""Secrets at rest: sealed with AES-256-GCM under a master key from the environment or a file of mode 0600.

A sealed secret is bound to the row that it belongs to, so that swapping two rows' secrets is noticed. Without the master key
the secrets in a database are lost: back the key up, apart from the database.
"""

import base64
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from globewire.errors import reason

KEY_OCTETS = 32
_NONCE_OCTETS = 12
_FORM = b"\x01"
"""The first octet of what is sealed: which form and key it is. There is one so far."""


class VaultFault(Exception):
    """The master key is missing, unreadable or another one; the sentence says what to do."""


class Vault:
    """Seals and opens secrets under one master key of 32 octets."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, row: str, secret: str) -> bytes:
        """`secret` sealed for the row of this id."""
        nonce = os.urandom(_NONCE_OCTETS)
        return _FORM + nonce + self._cipher.encrypt(nonce, secret.encode(), row.encode())

    def open(self, row: str, sealed: bytes) -> str:
        """The secret that was sealed for this row, or VaultFault."""
        nonce, text = sealed[1 : 1 + _NONCE_OCTETS], sealed[1 + _NONCE_OCTETS :]
        try:
            return self._cipher.decrypt(nonce, text, row.encode()).decode()
        except (InvalidTag, ValueError) as fault:
            raise VaultFault(f"the secret of {row} was sealed under another master key: give the one it was made with") from fault


def open_vault(key: bytes, key_file: Path) -> Vault:
    """The vault under `key`, or where that is empty under the file's, which is made (mode 0600) where it is missing."""
    if not key:
        key = _read(key_file) if key_file.exists() else _make(key_file)
    if len(key) != KEY_OCTETS:
        raise VaultFault(
            f"the master key has {len(key)} octets and must have {KEY_OCTETS}: check {key_file} or GLOBEWIRE_MASTER_KEY"
        )
    return Vault(key)


def new_access_key() -> tuple[str, str]:
    """A fresh AccessKey: id and secret, in the form that users of the API know (`LTAI` and 20 characters more; 30)."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "LTAI" + "".join(secrets.choice(letters) for _ in range(20)), "".join(secrets.choice(letters) for _ in range(30))


def new_callback_secret() -> str:
    """A fresh secret to sign an account's callbacks with: 32 octets in hexadecimal."""
    return secrets.token_hex(32)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            raise VaultFault(f"the master key file {path} can be read by others: chmod 600 {path}")
        return base64.b64decode(path.read_text().strip(), validate=True)
    except (OSError, ValueError) as fault:
        raise VaultFault(f"the master key file {path} cannot be read: {reason(fault)}") from fault


def _make(path: Path) -> bytes:
    """A new key, on the disk under its name before anything is sealed with it: no power cut may part a database from its key."""
    key = secrets.token_bytes(KEY_OCTETS)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(base64.b64encode(key).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # where another process made one meanwhile this fails, and its key stays
        os.unlink(draft)
        _flush_names(path.parent)
    except OSError as fault:
        draft.unlink(missing_ok=True)
        raise VaultFault(f"the master key file {path} cannot be made: {reason(fault)}: check its folder and the disk") from fault
    return key


def _flush_names(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
