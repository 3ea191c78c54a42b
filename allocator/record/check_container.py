"""The bytes of ``record.zip`` become its members, and the members the bytes: one form only.

A record is a zip file with members sorted by name, dated 1980, stored without compression. Every
byte of it follows from the members, so whoever packs them again must get the same file: nothing
can hide before, between or behind them. Any program that opens zip files opens it.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from allocator.record.check_report import Refused, Unchecked, demand_fields, demand_none, safe
from allocator.texts import say

FORMAT = 4
"""Version of the record's form; it changes when a member's form does."""

MANIFEST, SIGNATURE, TIMESTAMP = "manifest.json", "signature.json", "timestamp.tsr"
REDACTED = "redacted.json"
UNLISTED = (MANIFEST, REDACTED, SIGNATURE, TIMESTAMP)
"""What the manifest cannot list: itself, what is made from its bytes, and what came later."""

STANDALONE = "verify_record.py"
REQUIRED = (
    "applications.json",
    "attributes.json",
    "inputs.json",
    "lottery.json",
    "pool.json",
    "programme.json",
    "result.json",
    "round.json",
    "rules.json",
    "tables.json",
    "versions.json",
    STANDALONE,
)
OFFICE = "office.json"
OPTIONAL = (
    *("decisions.csv", "effects.json", "explanations.json", "fairness.json"),
    *(OFFICE, "proof.json"),
)
INPUTS = "inputs/"

MOST_BYTES = 1 << 30
MOST_NAME = 200
MOST_MEMBERS = 64
MOST_DEPTH = 200
MOST_SAFE = 2**53 - 1

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s4B4H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UNIX, _READABLE = 20, 3, 0o644 << 16
_DATE_1980 = (1 << 5) | 1
_UTF8 = 0x800


def packed(members: dict[str, bytes]) -> bytes:
    """Return the record's bytes for its members."""
    body, directory = [], []
    offset = 0
    for name, content in sorted(members.items()):
        written = name.encode("utf-8")
        flag = 0 if name.isascii() else _UTF8
        common = (flag, 0, 0, _DATE_1980, zlib.crc32(content), len(content), len(content))
        local = _LOCAL.pack(b"PK\x03\x04", _VERSION, *common, len(written), 0)
        body += [local, written, content]
        versions = (_VERSION, _UNIX, _VERSION, 0)
        rest = (len(written), 0, 0, 0, 0, _READABLE, offset)
        directory += [_CENTRAL.pack(b"PK\x01\x02", *versions, *common, *rest), written]
        offset += len(local) + len(written) + len(content)
    index = b"".join(directory)
    count = len(members)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(index), offset, 0)
    return b"".join(body) + index + end


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the members of a record.

    Raises
    ------
    Refused
        The bytes are not exactly what packing the members gives, a name could lead out of a
        folder, or there is too much.
    """
    if len(data) > MOST_BYTES:
        raise Refused(say("verify.container.large", most=MOST_BYTES >> 20))
    members: dict[str, bytes] = {}
    offset = 0
    while data[offset : offset + 4] == b"PK\x03\x04":
        name, content, offset = _member(data, offset)
        if name in members:
            raise Refused(say("verify.container.twice", name=safe(name)))
        members[name] = content
        if len(members) > MOST_MEMBERS:
            raise Refused(say("verify.container.many", most=MOST_MEMBERS))
    if not members or packed(members) != data:
        raise Refused(say("verify.container.form"))
    return members


def _member(data: bytes, offset: int) -> tuple[str, bytes, int]:
    """Return the name and content of the member at an offset, and where it ends."""
    try:
        header = _LOCAL.unpack_from(data, offset)
        start = offset + _LOCAL.size + header[9]
        name = data[offset + _LOCAL.size : start].decode("utf-8")
    except (struct.error, UnicodeDecodeError):
        raise Refused(say("verify.container.form")) from None
    if not is_plain_name(name.removeprefix(INPUTS)):
        raise Refused(say("verify.container.name", name=safe(name)))
    return name, data[start : start + header[8]], start + header[8]


def is_plain_name(name: str) -> bool:
    """Tell whether a name is that of a file and no path, on any system."""
    forbidden = '/\\:*?"<>|'
    return (
        0 < len(name) <= MOST_NAME
        and name.isprintable()
        and name.strip(". ") == name
        and not any(sign in forbidden for sign in name)
    )


class Opened:
    """A record whose form is sound; its JSON members are read when they are first asked for."""

    def __init__(self, data: bytes):
        self.members = unpacked(data)
        self._read: dict[str, Any] = {}

    def plain(self, name: str) -> Any:
        """Return the content of a JSON member.

        Raises
        ------
        Refused
            It is missing, or not written in the one canonical way.
        """
        if name not in self._read:
            if name not in self.members:
                raise Refused(say("verify.members.missing", name=name))
            self._read[name] = read_canonical(name, self.members[name])
        return self._read[name]

    def manifest_digest(self) -> str:
        """Return the SHA-256 of the manifest, by which the next record names this one."""
        return hashlib.sha256(self.members.get(MANIFEST, b"")).hexdigest()


def read_canonical(name: str, content: bytes) -> Any:
    """Read JSON that is written in the canonical form of RFC 8785 and holds no fractions."""
    try:
        text = content.decode("utf-8")
        value = json.loads(text, parse_float=_no, parse_constant=_no, parse_int=_safe_int)
        _demand_shallow(value)
        same = _canonical(value, plane_zero=max(content, default=0) < 0xF0) == content
    except (ValueError, RecursionError):
        raise Refused(say("verify.members.json", name=safe(name))) from None
    if not same:
        raise Refused(say("verify.members.canonical", name=safe(name)))
    return value


def _no(text: str) -> None:
    raise ValueError(text)


def _safe_int(text: str) -> int:
    """Read a whole number that every reader keeps exact; larger ones are written as text."""
    if len(text) > 17 or abs(int(text)) > MOST_SAFE:
        raise ValueError(text)
    return int(text)


def _demand_shallow(value: Any) -> None:
    """Refuse JSON nested so deep that reading it could exhaust the program."""
    level, depth = _nested([value]), 0
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise ValueError("deep")
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [part for parts in inner for part in _nested(parts)]


def _nested(values: Iterable[Any]) -> list[Any]:
    return [each for each in values if isinstance(each, dict | list)]


def _canonical(value: Any, plane_zero: bool) -> bytes:
    """Return plain JSON values in canonical form, keys in the order of their UTF-16 code units.

    Without characters beyond the first plane that is the order of their code points.
    """
    ordered = value if plane_zero else _ordered(value)
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), sort_keys=plane_zero)
    return text.encode("utf-8")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda each: each.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key]) for key in keys}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


def look_at_members(record: Opened) -> str:
    """Check the manifest: every member is listed with its SHA-256, none is missing or unknown."""
    manifest = record.plain(MANIFEST)
    demand_fields(manifest, "format", "members", "previous")
    listed = manifest["members"]
    if manifest["format"] != FORMAT:
        raise Refused(say("verify.members.format", format=safe(str(manifest["format"]))))
    present = [name for name in record.members if name not in UNLISTED]
    demand_none(
        [
            *_named("missing", sorted({*listed, *REQUIRED} - set(present))),
            *_named("unlisted", [name for name in present if name not in listed]),
            *_named("unknown", [name for name in present if not _known(name)]),
            *_named("changed", _changed(record, present, listed)),
        ]
    )
    for name in present:
        if name.endswith(".json") and not name.startswith(INPUTS):
            record.plain(name)
    _look_at_inputs(record)
    if withheld(record):
        names = ", ".join(safe(name) for name in withheld(record))
        raise Unchecked(say("verify.members.withheld", names=names))
    return say("verify.members.figure", count=len(present), digest=record.manifest_digest()[:16])


def withheld(record: Opened) -> tuple[str, ...]:
    """Return the members that are no longer what was signed: a person was erased from them."""
    if REDACTED not in record.members:
        return ()
    names = record.plain(REDACTED)
    listed = isinstance(names, list) and all(type(each) is str for each in names)
    if not listed or not names or names != sorted({*names} & {*record.members}):
        raise Refused(say("verify.members.redaction"))
    return tuple(names)


def _changed(record: Opened, present: list[str], listed: Any) -> list[str]:
    gone = withheld(record)
    return [n for n in present if n in listed and n not in gone and not _same(record, n)]


def _look_at_inputs(record: Opened) -> None:
    """Check that the input files are those that ``inputs.json`` tells of."""
    told = [each["member"] for each in record.plain("inputs.json")]
    found = [name for name in record.members if name.startswith(INPUTS)]
    if sorted(told) != sorted(found):
        raise Refused(say("verify.members.inputs"))


def _named(problem: str, names: Iterable[str]) -> list[str]:
    return [say(f"verify.members.{problem}", name=safe(name)) for name in names]


def _known(name: str) -> bool:
    return name in REQUIRED or name in OPTIONAL or name.startswith(INPUTS)


def _same(record: Opened, name: str) -> bool:
    digest = hashlib.sha256(record.members[name]).hexdigest()
    return bool(record.plain(MANIFEST)["members"][name] == digest)


def look_at_previous(record: Opened, previous: Opened | None) -> str:
    """Check the link to the previous record of the same round."""
    link = record.plain(MANIFEST)["previous"]
    if previous is None:
        if link is None:
            return say("verify.previous.first")
        raise Unchecked(say("verify.previous.named", digest=safe(str(link))[:16]))
    if link is None:
        raise Refused(say("verify.previous.none"))
    if link != previous.manifest_digest():
        raise Refused(say("verify.previous.other", digest=previous.manifest_digest()[:16]))
    _demand_whole(previous)
    if previous.plain("round.json")["id"] != record.plain("round.json")["id"]:
        raise Refused(say("verify.previous.round"))
    return say("verify.previous.same", digest=link[:16])


def _demand_whole(previous: Opened) -> None:
    """Refuse a previous record whose members are not those that its manifest lists.

    The link names its manifest only. One from which a person was erased is still the one it was.
    """
    try:
        look_at_members(previous)
    except Refused as error:
        raise Refused(say("verify.previous.members", reason=error.args[0])) from None
    except Unchecked:
        return


def look_at_office(record: Opened) -> str:
    """Read where the office's log stood when the run began: a later store must hold that entry."""
    head = record.plain(OFFICE)
    demand_fields(head, "hash", "seq")
    number, digest = head["seq"], str(head["hash"])
    if type(number) is not int or number < 1 or not re.fullmatch("[0-9a-f]{64}", digest):
        raise Refused(say("verify.office.form"))
    return say("verify.office.figure", seq=number, digest=digest[:16])
