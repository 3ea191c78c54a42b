"""Signs a record with Ed25519: the key is read from a PEM file, the signature goes into it."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from allocator.errors import AllocatorError, Where, problem
from allocator.record.check_container import MANIFEST, unpacked
from allocator.record.record import add_signature


def sign_record(path: Path, key: Path, password: bytes | None = None) -> str:
    """Sign a record over the bytes of its manifest.

    Parameters
    ----------
    path : Path
        The record; it gets the member ``signature.json``.
    key : Path
        A private key in PEM form, as ``openssl genpkey -algorithm ed25519`` writes it.
    password : bytes, optional
        Of an encrypted key.

    Returns
    -------
    str
        The public key, 64 hexadecimal digits.

    Raises
    ------
    AllocatorError
        ``record-key`` if the file holds no such key, or the password is not its.
    """
    try:
        private = load_pem_private_key(key.read_bytes(), password)
    except (ValueError, TypeError) as error:
        raise AllocatorError(problem("record-key", Where(file=key.name))) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise AllocatorError(problem("record-key", Where(file=key.name)))
    public = private.public_key().public_bytes_raw()
    manifest = unpacked(path.read_bytes())[MANIFEST]
    add_signature(path, public, private.sign(manifest))
    return public.hex()
