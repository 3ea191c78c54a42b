"""One person's data are taken out of files and records; what others need of them stays.

A redacted record keeps its manifest, which has the SHA-256 of every member as it was, and says in
``redacted.json`` which members are not that any more: their content cannot be checked, all else
can. The signature still covers the manifest.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from allocator.intake.overrides import OVERRIDES, overrides_yaml, read_overrides
from allocator.intake.terms import as_package
from allocator.intake.values import Unreadable
from allocator.naming import Kind, resolve
from allocator.office.sought import Sought, is_in_file, persons_in
from allocator.record.canonical import canonical
from allocator.record.check_container import INPUTS, REDACTED, Opened, packed
from allocator.texts import say

KEPT = frozenset({"application_id", "administration", "meeting", "requested"})
"""Columns of an application that stay: what was decided on, without on whom."""

_KEPT_AWARD = frozenset({"administration", "package", "financial_year", "meeting", "awarded_on"})
_BLANKED = {"family_name": "", "given_name": "", "role": None, "specific_needs": None}


def redacted_table(content: bytes, name: str, sought: Sought, token: str) -> bytes:
    """Return a table of applications or past awards with one person's rows blanked, as CSV.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        Its name, which tells what it is.
    sought : Sought
        The person.
    token : str
        What stands in the place of the person's id.

    Returns
    -------
    bytes
        A sentence that the file is withheld, where it cannot be read as a table of persons: nobody
        could tell which part of it is about whom.
    """
    persons = persons_in(content, name)
    if persons is None:
        return withheld()
    applications = name.startswith("applications")
    of_person = KEPT if applications else _KEPT_AWARD
    kept = {at: key for key, at in persons.known.items() if key in of_person}
    who, own = persons.known["person_id"], persons.rows_of(sought)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(persons.table.headers)
    for place, row in enumerate(persons.table.rows):
        cells = list(row.cells[: len(persons.table.headers)])
        if place in own:
            cells = [_left(kept[at], c) if at in kept else "" for at, c in enumerate(cells)]
            cells[who] = token
        writer.writerow(cells)
    return text.getvalue().encode("utf-8")


def _left(column: str, cell: str) -> str:
    """Return what stays of a cell: in a wrong row anything may stand under a column's name."""
    if column == "administration":
        known = resolve(cell, date.max).kind in (Kind.MEMBER, Kind.NOT_MEMBER)
        return cell if known else ""
    if column in ("requested", "package"):
        try:
            as_package(cell)
        except Unreadable:
            return ""
    return cell


def withheld() -> bytes:
    """Return what stands in the place of a file that is withheld whole."""
    return f"{say('office.file-withheld')}\n".encode()


def redacted_record(record: bytes, person: str, token: str) -> bytes:
    """Return a record without one person's data."""
    opened = Opened(record)
    own = _applications_of(opened, person)
    members = dict(opened.members)
    earlier = set(opened.plain(REDACTED)) if REDACTED in members else set()
    changed: set[str] = set()
    for name, content in opened.members.items():
        new = _redacted_member(opened, name, content, person, token, own)
        if new != content:
            members[name] = new
            changed.add(name)
    members[REDACTED] = canonical(sorted(earlier | changed))
    return packed(members)


def _redacted_member(
    record: Opened, name: str, content: bytes, person: str, token: str, own: frozenset[str]
) -> bytes:
    if name == INPUTS + OVERRIDES:
        return _redacted_overrides(content, own)
    if name.startswith(INPUTS) and name.endswith((".csv", ".xlsx")):
        return _if_named(content, name, person, token)
    if name.endswith(".json") and not name.startswith(INPUTS) and name != REDACTED:
        plain = record.plain(name)
        new = _walked(plain, person, token)
        return canonical(new) if new != plain else content
    return content


def _if_named(content: bytes, name: str, person: str, token: str) -> bytes:
    """Return a table redacted; the same bytes where the person is not in it."""
    file, sought = name.removeprefix(INPUTS), Sought(person)
    if not is_in_file(content, file, sought):
        return content
    return redacted_table(content, file, sought, token)


def _applications_of(record: Opened, person: str) -> frozenset[str]:
    understood = record.plain("applications.json")["applications"]
    return frozenset(each["application_id"] for each in understood if each["person_id"] == person)


def _redacted_overrides(content: bytes, own: Iterable[str]) -> bytes:
    found = read_overrides(content)
    if not any(each.application_id in own for each in found.overrides):
        return content
    kept = [
        replace(each, reason=say("office.erased")) if each.application_id in own else each
        for each in found.overrides
    ]
    return overrides_yaml(kept, found.spent)


def _walked(value: Any, person: str, token: str) -> Any:
    """Return plain JSON without a person: in objects about it free text goes, its id everywhere."""
    if isinstance(value, str):
        return _replaced(value, person, token)
    if isinstance(value, list):
        return [_walked(each, person, token) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _walked(each, person, token) for key, each in value.items()}
    if value.get("person_id") == person and "family_name" in value:
        found |= _BLANKED | {"extra": [], "administration_as_written": value["administration"]}
    about = value.get("application")
    if isinstance(about, dict) and about.get("person_id") == person and "attributes" in value:
        found["attributes"] = [each for each in found["attributes"] if each[0] in _SAFE]
    return found


_SAFE = frozenset(
    {
        *("administration", "application", "country_group", "gender", "meeting", "person"),
        *("region", "study_group", "ticket_cost"),
    }
)
"""Attributes that hold no text a person wrote."""


def _replaced(text: str, person: str, token: str) -> str:
    if text == person:
        return token
    for before, after in (("[", "]"), ("[", ",")):
        text = text.replace(f"{before}{person}{after}", f"{before}{token}{after}")
    return text
