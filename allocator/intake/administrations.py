"""The country of a row, as written, becomes the administration it stands for."""

from dataclasses import dataclass
from datetime import date

from allocator.countries import Kind, display_name, resolve
from allocator.intake.reading import Reading
from allocator.intake.values import Unreadable
from allocator.model import Severity


@dataclass(frozen=True, slots=True)
class Administration:
    """``code`` is the ISO alpha-3 code, or a name where there is none; see ``Application``."""

    code: str
    written: str
    not_member: str | None


_NONE = Administration("", "", None)


def read_administrations(reading: Reading, on: date) -> list[Administration]:
    """Read the column ``administration``: membership as of ``on``, doubts as warnings.

    An unknown or ambiguous name is an error with what it could mean. A name that is no Member
    State is kept with the reason: the application is then ineligible, not the file at fault.
    """
    doubts: dict[str, str] = {}

    def read(text: str) -> Administration:
        administration, remark = as_administration(text, on)
        if remark:
            doubts[text] = remark
        return administration

    administrations = reading.read_needed("administration", read, _NONE)
    for at, cell in enumerate(reading.cells("administration")) if doubts else ():
        if remark := doubts.pop(cell, ""):
            where = reading.where(at, "administration")
            reading.remark(Severity.WARNING, where, "intake-country-doubt", cell, remark=remark)
    return administrations


def as_administration(text: str, on: date) -> tuple[Administration, str]:
    """Read a country; return it with a doubt worth a warning, or an empty text.

    Raises
    ------
    Unreadable
        The name is blank, unknown, or could mean several.
    """
    if not text:
        raise Unreadable("intake-country-blank")
    found = resolve(text, on)
    if found.kind is Kind.AMBIGUOUS:
        meant = ", ".join(f"{display_name(code)} ({code})" for code in found.candidates)
        raise Unreadable("intake-country-ambiguous", meant=meant)
    if found.kind is Kind.UNKNOWN:
        near = ", ".join(found.suggestions)
        raise Unreadable("intake-country-near" if near else "intake-country", near=near)
    not_member = found.reason if found.kind is Kind.NOT_MEMBER else None
    return Administration(found.iso3 or found.name or text, text, not_member), found.remark
