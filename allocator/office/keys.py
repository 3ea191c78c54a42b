"""Signing keys of officers: made once, kept outside the store, readable by their owner alone."""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from allocator.errors import AllocatorError, Where, problem

PASSWORD = "ALLOCATOR_KEY_PASSWORD"
"""Environment variable with the password of a key, where nobody can be asked."""

_MOST_READ = 4096
"""Bytes of a key file that are looked at; a key of this kind has a few hundred."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_key(path: Path, store: Path | None, password: bytes | None = None) -> Path:
    """Make an Ed25519 key: the private one at ``path``, the public one beside it.

    Parameters
    ----------
    path : Path
        The file to make; it must not exist.
    store : Path, optional
        The file of the store, where it is one: the key must not lie in its folder, nor below.
    password : bytes, optional
        Encrypts the private key.

    Returns
    -------
    Path
        The public key, ``<path>.pub``, in PEM form: for auditors and for publication.

    Raises
    ------
    AllocatorError
        ``office-key-exists``, ``office-key-in-store``, ``office-key-open`` where others may change
        what is in the folder.
    """
    _refuse_place(path, store)
    private = Ed25519PrivateKey.generate()
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    public = path.with_name(f"{path.name}.pub")
    _write(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden), 0o600)
    shown = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(public, shown, 0o644)
    return public


def check_key(path: Path, store: Path | None) -> None:
    """Refuse a file that is no private key, one that others can read, or one with the store.

    Raises
    ------
    AllocatorError
        ``office-key-missing``, ``office-key-public``, ``office-key-open``, ``office-key-in-store``.
    """
    if not path.is_file():
        raise AllocatorError(problem("office-key-missing", Where(file=str(path))))
    with path.open("rb") as file:
        opening = file.read(_MOST_READ)
    if b"PRIVATE KEY-----" not in opening:
        kind = "public" if b"PUBLIC KEY-----" in opening else "missing"
        raise AllocatorError(problem(f"office-key-{kind}", Where(file=str(path))))
    _refuse_inside(path, store)
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise AllocatorError(problem("office-key-open", Where(file=str(path))))


def _refuse_place(path: Path, store: Path | None) -> None:
    public = path.with_name(f"{path.name}.pub")
    for each in (path, public):
        if each.exists() or each.is_symlink():
            raise AllocatorError(problem("office-key-exists", Where(file=str(each))))
    _refuse_inside(path, store)
    folder = path.resolve().parent
    if not folder.is_dir():
        raise AllocatorError(problem("office-key-folder", Where(file=str(folder))))
    if os.name == "posix" and folder.stat().st_mode & _OTHERS_WRITE:
        raise AllocatorError(problem("office-key-folder-open", Where(file=str(folder))))


def _refuse_inside(path: Path, store: Path | None) -> None:
    if store is not None and path.resolve().is_relative_to(store.resolve().parent):
        raise AllocatorError(problem("office-key-in-store", Where(file=str(path))))


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a new file that never was readable by more than ``mode`` allows."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode) if hasattr(os, "fchmod") else None
        file.write(content)
