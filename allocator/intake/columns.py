"""Headers of a file become known columns: matched loosely, near misses named, the rest kept."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from allocator.errors import Problem, Where, problem
from allocator.intake.folding import fold_header, plain
from allocator.intake.terms import as_currency
from allocator.intake.values import Unreadable
from allocator.model import GENDER_COLUMNS, Severity


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The columns a kind of file has: their names, other words for them, and which must be there.

    ``words`` maps the folded header to the column's name; those in ``weak`` stand for it only where
    no other header does ("Study group" is the meeting unless there is a column "Meeting").
    ``noted_elsewhere`` are columns whose absence the reader of the column itself remarks on. A file
    that ``may_be_empty`` says by its headers alone that there is nothing.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    words: dict[str, str]
    weak: frozenset[str]
    noted_elsewhere: tuple[str, ...]
    may_be_empty: bool = False

    def known(self, header: str) -> str | None:
        """Return the column a header stands for, ``None`` if for none."""
        found = self.claim(header)
        return found[0] if found else None

    def claim(self, header: str) -> tuple[str, bool] | None:
        """Return the column a header stands for and whether weakly, ``None`` if for none."""
        for text, remarked in ((header, False), (_bare(header), True)):
            folded = fold_header(text)
            if name := self.words.get(folded):
                return name, remarked or folded in self.weak
        return None


# "Ticket cost (CHF)", "Ticket cost, CHF" and "Gender (F/M)" carry a remark behind the name.
_REMARK = re.compile(r"(.*?)\s*(?:[(\[]([^()\[\]]*)[)\]]|[,/ ]\s*([A-Z]{3}))\s*[*:]*\s*")


def _bare(header: str) -> str:
    match = _REMARK.fullmatch(plain(header)) if len(header) < 200 else None
    return match[1] if match else header


def currency_of(header: str) -> str:
    """Return the currency that a header names behind its column's name, empty if it names none."""
    match = _REMARK.fullmatch(plain(header))
    try:
        return as_currency(match[2] or match[3] or "") if match else ""
    except Unreadable:
        return ""


def _vocabulary(
    required: str,
    weak: str,
    noted_elsewhere: str,
    columns: dict[str, str],
    *,
    may_be_empty: bool = False,
) -> Vocabulary:
    words = {
        fold_header(word): name
        for name, others in columns.items()
        for word in (name, *others.split(","))
        if word.strip()
    }
    weakly = frozenset(fold_header(word) for word in weak.split(","))
    elsewhere = tuple(noted_elsewhere.split())
    needed = tuple(required.split())
    return Vocabulary(tuple(columns), needed, words, weakly, elsewhere, may_be_empty)


APPLICATIONS = _vocabulary(
    "application_id administration requested",
    "name, full name, applicant name, applicant, nominee, delegate name, nom, study group, sg, "
    "ticket, fare, application, nomination, request id, reference number, position",
    "person_id meeting ticket_currency",
    {
        "application_id": "application, application no, application number, application ref, "
        "application reference, nomination id, nomination, request id, reference number, "
        "numero de demande, id demande, numero de solicitud",
        "person_id": "person, applicant id, participant id, delegate id, personal id",
        "family_name": "surname, last name, name, full name, applicant name, applicant, nominee, "
        "delegate name, nom, nom de famille, apellido, apellidos",
        "given_name": "first name, given names, forename, forenames, prenom, prenoms, nombre",
        "gender": ", ".join(GENDER_COLUMNS),
        "administration": "country, member state, country name, administration country, "
        "country of administration, iso3, iso code, country code, pays, etat membre, pais, "
        "estado miembro",
        "meeting": "event, meeting id, meeting code, study group, sg, reunion, event code",
        "requested": "fellowship type, type of fellowship, fellowship, fellowship requested, "
        "requested fellowship, package, package requested, requested package, type requested, "
        "request type, kind of fellowship, type de bourse, bourse demandee, tipo de beca",
        "accepts_partial": "accept partial, partial accepted, accepts partial fellowship, "
        "would accept partial, partial ok, accepts a partial fellowship",
        "ticket_cost": "ticket price, cost of ticket, price of ticket, air ticket cost, airfare, "
        "air fare, fare, ticket quote, ticket, cost of air ticket, ticket amount, "
        "prix du billet, cout du billet, precio del billete",
        "ticket_currency": "currency, currency of ticket, ticket cost currency, devise, monnaie, "
        "moneda",
        "contributions": "contribution, number of contributions, written contributions, "
        "contributions submitted, no of contributions, contribuciones",
        "role": "function, leadership role, role in study group, position, fonction, funcion",
        "first_time": "first participation, first timer, first time participant, first meeting, "
        "first attendance, new delegate, premiere participation, primera participacion",
        "specific_needs": "special needs, specific need, disability, person with disability, "
        "persons with disabilities, accessibility needs, besoins specifiques, "
        "necesidades especificas",
        "registration_approved": "registration approved by focal point, preregistration approved, "
        "approved registration, registration confirmed, registered and approved",
        "authorised": "authorized, authorised by administration, authorized by administration, "
        "signed and stamped, signature and stamp, authorisation, authorization",
        "received": "received on, date received, received date, date of receipt, "
        "submission date, submitted, submitted on, date submitted, application date, "
        "date de reception, fecha de recepcion",
    },
)

PRIOR_AWARDS = _vocabulary(
    "administration package financial_year",
    "study group, year, fellowship",
    "",
    {
        "person_id": "person, applicant id, participant id, fellow id, delegate id",
        "administration": "country, member state, country name, iso3, pays, pais",
        "package": "fellowship type, type of fellowship, fellowship, package awarded",
        "financial_year": "year, fiscal year, budget year, annee, ano, exercice",
        "meeting": "event, meeting id, meeting code, study group, reunion",
        "awarded_on": "date, award date, date of award, fecha",
    },
    may_be_empty=True,
)


@dataclass(frozen=True, slots=True)
class Matched:
    """Which cell of a row holds what.

    ``known`` maps the name of a column to its position, in the order of the vocabulary, and leaves
    out a column that two headers claim;
    ``extra`` has (header as written, position), sorted by header.
    """

    known: dict[str, int]
    extra: tuple[tuple[str, int], ...]


def score(headers: Iterable[str], vocabulary: Vocabulary) -> int:
    """Count the different known columns that a row names, to find the row of headers."""
    found = (vocabulary.known(each) for each in headers if 0 < len(each) < 200)
    return len(set(filter(None, found)))


def match(
    headers: tuple[str, ...], where: Where, vocabulary: Vocabulary
) -> tuple[Matched, list[Problem]]:
    """Match headers with the columns of a vocabulary.

    Parameters
    ----------
    headers : tuple of str
        The header row; blanks are columns without a header.
    where : Where
        File, sheet and row of the headers.
    vocabulary : Vocabulary
        The columns to look for.

    Returns
    -------
    tuple of Matched and list of Problem
        Problems: two headers for one column, required or optional columns that are missing,
        near misses, extra headers that occur twice.
    """
    places, extras = _places(headers, vocabulary)
    known = {name: places[name][0] for name in vocabulary.names if len(places.get(name, ())) == 1}
    extra = sorted((headers[at[0]], at[0]) for at in extras.values() if len(at) == 1)
    problems = [
        *_twice(headers, places, where),
        *_extra_twice(headers, extras, where),
        *_near_misses([header for header, _ in extra], places, where, vocabulary),
        *_missing(places, where, vocabulary),
    ]
    return Matched(known, tuple(extra)), problems


def _places(
    headers: tuple[str, ...], vocabulary: Vocabulary
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return the positions of every known column and of every other (folded) header."""
    found = [vocabulary.claim(header) for header in headers]
    strong = {each[0] for each in found if each and not each[1]}
    known: dict[str, list[int]] = {}
    extras: dict[str, list[int]] = {}
    for position, (header, name) in enumerate(zip(headers, found, strict=True)):
        if name and not (name[1] and name[0] in strong):
            known.setdefault(name[0], []).append(position)
        elif header:
            extras.setdefault(fold_header(header) or header, []).append(position)
    return known, extras


def _twice(
    headers: tuple[str, ...], places: dict[str, list[int]], where: Where
) -> Iterable[Problem]:
    for name, at in places.items():
        if len(at) > 1:
            both = " · ".join(sorted(headers[position] for position in at))
            yield problem("intake-column-twice", _at(where, name), value=both, column=name)


def _extra_twice(
    headers: tuple[str, ...], extras: dict[str, list[int]], where: Where
) -> Iterable[Problem]:
    for at in extras.values():
        if len(at) > 1:
            header = min(headers[position] for position in at)
            yield problem(
                "intake-extra-twice",
                _at(where, header),
                severity=Severity.WARNING,
                value=header,
                times=len(at),
            )


def _near_misses(
    extra: list[str], places: dict[str, list[int]], where: Where, vocabulary: Vocabulary
) -> Iterable[Problem]:
    absent = {
        word: name
        for word, name in vocabulary.words.items()
        if name not in places and len(word) >= 5
    }
    for header in extra:
        near = difflib.get_close_matches(fold_header(header)[:80], sorted(absent), 1, 0.8)
        if near:
            yield problem(
                "intake-near-miss",
                _at(where, header),
                severity=Severity.WARNING,
                value=header,
                suggestion=absent[near[0]],
            )


def _missing(
    places: dict[str, list[int]], where: Where, vocabulary: Vocabulary
) -> Iterable[Problem]:
    for name in vocabulary.names:
        if name in places:
            continue
        if name in vocabulary.required:
            yield problem("intake-column-missing", _at(where, name), column=name)
        elif name not in vocabulary.noted_elsewhere:
            yield problem(
                "intake-column-absent", _at(where, name), severity=Severity.NOTE, column=name
            )


def _at(where: Where, column: str) -> Where:
    return Where(where.file, where.sheet, where.row, column)
