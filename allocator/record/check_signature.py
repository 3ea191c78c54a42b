"""The signature of a record (Ed25519, RFC 8032) and its time stamp (RFC 3161), checked offline.

The signature is checked in plain integers, after section 6 of the RFC, so that nobody needs to
install anything. The time stamp is checked by openssl, where there is one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from allocator.record.check_container import MANIFEST, SIGNATURE, TIMESTAMP, Opened
from allocator.record.check_report import Refused, Unchecked, safe
from allocator.texts import say

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
"""A square root of -1."""
PEM_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its PEM form (RFC 8410)."""

type Point = tuple[int, int, int, int]
"""Extended coordinates: x = X/Z, y = Y/Z, x*y = T/Z."""


def look_at_signature(record: Opened, key: bytes | None) -> str:
    """Check the signature over the manifest's bytes, by the key given if one is.

    Parameters
    ----------
    record : Opened
        The record.
    key : bytes, optional
        The public key one trusts, 32 bytes.
    """
    if SIGNATURE not in record.members:
        if key is not None:
            raise Refused(say("verify.signature.wanted"))
        raise Unchecked(say("verify.signature.none"))
    signed = record.plain(SIGNATURE)
    try:
        fields = ["algorithm", "public_key", "signature"]
        if sorted(signed) != fields or signed["algorithm"] != "Ed25519":
            raise ValueError
        own = bytes.fromhex(signed["public_key"])
        signature = bytes.fromhex(signed["signature"])
    except (ValueError, TypeError):
        raise Refused(say("verify.signature.form")) from None
    if not is_signed(own, record.members[MANIFEST], signature):
        raise Refused(say("verify.signature.wrong"))
    if key is None:
        return say("verify.signature.own", signer=own.hex())
    if key != own:
        raise Refused(say("verify.signature.other-key", signer=own.hex()))
    return say("verify.signature.given", signer=own.hex())


def read_key(content: bytes) -> bytes:
    """Return a public key from PEM or 64 hexadecimal digits.

    Raises
    ------
    ValueError
        It is neither.
    """
    text = content.decode("ascii").strip()
    try:
        if text.startswith("-----BEGIN PUBLIC KEY-----"):
            der = base64.b64decode("".join(text.splitlines()[1:-1]), validate=True)
            key = der.removeprefix(PEM_PREFIX)
        else:
            key = bytes.fromhex(text)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise ValueError(say("verify.signature.key"))
    return key


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature is one of the message by the key (RFC 8032, section 5.1.7)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    signer, commitment = _point(key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if signer is None or commitment is None or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    left = _times(scalar, _BASE)
    right = _plus(commitment, _times(challenge, signer))
    return _equal(left, right)


def _plus(a: Point, b: Point) -> Point:
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    cross, depth = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = right - left, depth - cross, depth + cross, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        scalar >>= 1
    return total


def _equal(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def _point(written: bytes) -> Point | None:
    """Return the point that 32 bytes encode, ``None`` if they encode none."""
    y = int.from_bytes(written, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


_BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
    1,
    46827403850823179245072216630277197565144205554125654976674165829533817101731,
)


def look_at_timestamp(record: Opened, authority: Path | None) -> str:
    """Check the time stamp of the manifest against an authority's certificates (PEM)."""
    if TIMESTAMP not in record.members:
        if authority is not None:
            raise Refused(say("verify.timestamp.wanted"))
        raise Unchecked(say("verify.timestamp.none"))
    openssl = shutil.which("openssl")
    if authority is None:
        raise Unchecked(say("verify.timestamp.no-ca"))
    if openssl is None:
        raise Unchecked(say("verify.timestamp.no-openssl"))
    with tempfile.TemporaryDirectory() as folder:
        token, manifest = Path(folder, "token"), Path(folder, "manifest")
        token.write_bytes(record.members[TIMESTAMP])
        manifest.write_bytes(record.members[MANIFEST])
        about = ["-data", str(manifest), "-CAfile", str(authority)]
        asked = [openssl, "ts", "-verify", "-in", str(token), *about]
        told = [openssl, "ts", "-reply", "-in", str(token), "-text"]
        verified = subprocess.run(asked, capture_output=True, check=False, timeout=30)
        reply = subprocess.run(told, capture_output=True, check=False, timeout=30)
    if verified.returncode != 0:
        raise Refused(say("verify.timestamp.wrong"))
    lines = reply.stdout.decode("ascii", "replace").splitlines()
    time = next((each for each in lines if each.startswith("Time stamp: ")), "Time stamp: ?")
    return say("verify.timestamp.figure", time=safe(time.removeprefix("Time stamp: ")))
