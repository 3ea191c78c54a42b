"""What people write for an administration becomes an ITU Member State, a named doubt, or unknown.

A name is folded to keys that forget case, accents, punctuation, filler words and the order of the
words ("Korea, Republic of" and "the Republic of Korea" are one), and looked up: codes first, then
UN and ISO names in English, then the aliases of ``data/aliases.csv``, then ISO names in the other
UN languages. Nothing is ever guessed: a near miss is only suggested.
"""

import gettext
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from itertools import combinations

import pycountry

from allocator.tables import Period, period, read
from allocator.texts import say

_LANGUAGES = ("fr", "es", "ru", "ar", "zh_CN")
_LONGEST = 120
_ENGLISH_FILLERS = ("the", "of", "and")
_ROMANCE_FILLERS = ("d", "de", "del", "des", "du", "e", "el", "et", "l", "la", "las", "le", "les")
_FILLERS = frozenset((*_ENGLISH_FILLERS, *_ROMANCE_FILLERS, "los", "y"))
_IN_FULL = {"st": "saint", "rep": "republic", "dem": "democratic", "fed": "federated"}
_MARKS = "'’‘ʼʻ`´′."  # noqa: RUF001 - the marks people type for an apostrophe, and the full stop
_SPACED = str.maketrans(dict.fromkeys(_MARKS, " "))
_GLUED = str.maketrans(dict.fromkeys(_MARKS, ""))


class Kind(StrEnum):
    """How a written name reads on a day."""

    MEMBER = "member"
    NOT_MEMBER = "not_member"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a written name stands for.

    ``iso3`` is set for a Member State, and for a recognised name that is none but has an ISO
    code. ``name`` is what we call it, empty when ambiguous or unknown. ``reason`` says why it is no
    Member State; ``candidates`` are the ISO alpha-3 codes an ambiguous name may mean; ``remark`` is
    a doubt worth a warning although the name was understood.
    """

    written: str
    kind: Kind
    iso3: str | None = None
    name: str = ""
    reason: str = ""
    candidates: tuple[str, ...] = ()
    remark: str = ""

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Names of Member States spelled much like an unknown one, nearest first, three at most."""
        return _suggest(self.written) if self.kind is Kind.UNKNOWN else ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a key means: one code, or several when ambiguous, and the key of a remark."""

    codes: tuple[str, ...]
    remark: str = ""


def resolve(written: str, on: date) -> Resolution:
    """Say which administration a name, a code or a spelling stands for on a day.

    Parameters
    ----------
    written : str
        ISO alpha-2 or alpha-3, UN M49 number, or a name as people write it.
    on : date
        The day on which membership counts.
    """
    return _resolve(written, on)


def country_code(written: str) -> str:
    """Return the ISO alpha-3 code that a name, a code or a spelling stands for, else the text.

    Whose name it is does not depend on the day, unlike who is a Member State.
    """
    return resolve(written, date.max).iso3 or written


@lru_cache(maxsize=1 << 16)
def _resolve(written: str, on: date) -> Resolution:
    entry = _lookup(written)
    if entry is None:
        return Resolution(written, Kind.UNKNOWN)
    if len(entry.codes) > 1:
        return Resolution(written, Kind.AMBIGUOUS, candidates=entry.codes)
    (code,) = entry.codes
    name = display_name(code)
    iso3 = code if code in _iso_names() else None
    remark = say(f"countries.remark.{entry.remark}", name=name) if entry.remark else ""
    reason = _why_not_member(code, name, on)
    kind = Kind.NOT_MEMBER if reason else Kind.MEMBER
    return Resolution(written, kind, iso3, name, reason=reason, remark=remark)


def _why_not_member(code: str, name: str, on: date) -> str:
    membership = membership_periods().get(code)
    if membership is None:
        reason = _not_members()[code]["reason"] if code in _not_members() else "territory"
        return say(f"countries.reason.{reason}", name=name)
    if membership.holds(on):
        return ""
    if membership.start is not None and on < membership.start:
        return say("countries.reason.not-yet", name=name, since=membership.start.isoformat())
    return say("countries.reason.no-longer", name=name, until=membership.end)


@cache
def membership_periods() -> dict[str, Period]:
    """Return when each ITU Member State (ISO alpha-3) is or was one."""
    return {row["iso3"]: period(row) for row in read("member_states")}


@cache
def _not_members() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in read("not_members")}


@cache
def _iso_names() -> dict[str, str]:
    return {country.alpha_3: country.name for country in pycountry.countries}


@cache
def _un_rows() -> dict[str, dict[str, str]]:
    return {row["iso3"]: row for row in read("countries")}


def display_name(iso3: str) -> str:
    """Return the UN short name; for others the name of the tables or of ISO 3166, else the code."""
    if iso3 in _un_rows():
        return _un_rows()[iso3]["name"]
    if iso3 in _not_members():
        return _not_members()[iso3]["name"]
    return _iso_names().get(iso3, iso3)


_WITH_THE = frozenset(
    (
        *("ARE", "BHS", "CAF", "COD", "COG", "COM", "DOM", "GBR", "GMB", "KOR", "LAO", "MDA"),
        *("MDV", "MHL", "NLD", "PHL", "PRK", "PSE", "RUS", "SLB", "SYR", "TZA", "USA", "VAT"),
    )
)
"""Those whose names are said with "the"."""


def name_in_sentence(iso3: str) -> str:
    """Return the name as it stands within a sentence, with "the" where English wants it."""
    name = display_name(iso3)
    return f"the {name}" if iso3 in _WITH_THE else name


def iso2(iso3: str) -> str:
    """Return the ISO alpha-2 code of an ISO alpha-3 code, empty if there is none."""
    if iso3 in _un_rows():
        return _un_rows()[iso3]["iso2"]
    country = pycountry.countries.get(alpha_3=iso3)
    return str(country.alpha_2) if country else ""


# Reading a name


def _lookup(written: str) -> _Entry | None:
    text = written.strip()
    if not text or len(text) > _LONGEST:
        return None
    if code := _codes().get(text.upper()):
        return _Entry((code,))
    if text.isascii() and text.isdigit() and (code := _codes().get(text.zfill(3))):
        # A spreadsheet drops leading zeros; but a stray number must not pass unnoticed.
        return _Entry((code,), "number")
    index = _index()
    return next((index[key] for key in fold(text) if key in index), None)


def words(text: str, marks: dict[int, str] = _SPACED) -> tuple[str, ...]:
    """Split a name into plain lower-case words, in full and without fillers, in written order."""
    lower = text.replace("&", " and ").translate(marks).casefold()
    plain = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    found = (_IN_FULL.get(word, word) for word in re.findall(r"[^\W_]+", plain))
    return tuple(word for word in found if word not in _FILLERS)


def fold(text: str) -> tuple[str, ...]:
    """Return the keys of a name: words sorted, then words run together.

    An apostrophe or full stop is read both as a space and as nothing ("d'Ivoire", "U.A.E.").
    """
    readings = (words(text, _SPACED), words(text, _GLUED))
    keys = [" ".join(sorted(each)) for each in readings] + ["".join(each) for each in readings]
    return tuple(key for key in dict.fromkeys(keys) if key)


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for country in pycountry.countries:
        for code in (country.alpha_2, country.alpha_3, country.numeric):
            found[code] = country.alpha_3
    return found


@cache
def _index() -> dict[str, _Entry]:
    """Return what every key means; where two names share a key, the first source below wins."""
    aliases = tuple(_alias_names())
    doubtful = [each for each in aliases if each[1].remark or len(each[1].codes) > 1]
    index: dict[str, _Entry] = {}
    for name, entry in (*doubtful, *english_names(), *aliases, *_foreign()):
        for key in fold(name):
            index.setdefault(key, entry)
    return index


def english_names() -> Iterator[tuple[str, _Entry]]:
    """Yield UN and ISO names in English, the names that are no Member State, and alpha-3 codes."""
    for row in read("countries"):
        yield row["name"], _Entry((row["iso3"],))
    for row in read("not_members"):
        yield row["name"], _Entry((row["code"],))
    for country in pycountry.countries:
        for name in (*_iso_forms(country), country.alpha_3):
            yield name, _Entry((country.alpha_3,))


def _iso_forms(country: object) -> Iterator[str]:
    for form in ("name", "official_name", "common_name"):
        if name := getattr(country, form, None):
            yield name


def _alias_names() -> Iterator[tuple[str, _Entry]]:
    for row in read("aliases"):
        yield row["written"], _Entry(tuple(row["code"].split()), row["remark"])


def _foreign() -> Iterator[tuple[str, _Entry]]:
    for language in _LANGUAGES:
        catalogue = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language])
        for country in pycountry.countries:
            for name in _iso_forms(country):
                yield catalogue.gettext(name), _Entry((country.alpha_3,))


# Suggestions

_TYPOS = 2
_SUGGEST_UP_TO = 32


@lru_cache(maxsize=4096)
def _suggest(written: str) -> tuple[str, ...]:
    parts = words(written[:_LONGEST])
    said = "".join(parts)
    found = dict.fromkeys(_named_within(parts), 0)
    if 2 < len(said) <= _SUGGEST_UP_TO:
        near = _near_spellings()
        spellings = dict.fromkeys(s for cut in _cuts(said) for s in near.get(cut, ()))
        for spelling in spellings:
            apart = _edits(said, spelling)
            if apart <= (_TYPOS if len(said) > 5 else 1):
                code = _spellings()[spelling]
                found[code] = min(apart, found.get(code, apart))
    nearest = sorted(found, key=lambda code: (found[code], -len(display_name(code)), code))
    return tuple(display_name(code) for code in nearest[:3])


def _named_within(parts: tuple[str, ...]) -> Iterator[str]:
    """Yield Member States whose name stands within a longer text ("Ministry of ICT, Kenya")."""
    spellings = _spellings()
    if len(parts) <= 12:
        for start, end in combinations(range(len(parts) + 1), 2):
            if code := spellings.get("".join(parts[start:end])):
                yield code


@cache
def _spellings() -> dict[str, str]:
    """Return the English spellings of Member States, run together, with their codes."""
    names = [*english_names(), *_alias_names()]
    return {
        "".join(words(name)): entry.codes[0]
        for name, entry in names
        if len(name) > 3 and len(entry.codes) == 1 and entry.codes[0] in membership_periods()
    }


@cache
def _near_spellings() -> dict[str, tuple[str, ...]]:
    """Return, for each spelling short of up to two letters, the spellings it may come from."""
    near: dict[str, tuple[str, ...]] = {}
    for spelling in _spellings():
        if len(spelling) <= _SUGGEST_UP_TO:
            for cut in _cuts(spelling):
                near[cut] = (*near.get(cut, ()), spelling)
    return near


def _cuts(word: str) -> Iterator[str]:
    places = range(len(word))
    left_out = {
        "".join(word[i] for i in places if i not in gone)
        for count in range(_TYPOS + 1)
        for gone in combinations(places, count)
    }
    return iter(sorted(left_out))


def _edits(a: str, b: str) -> int:
    """Count the letters to insert, leave out, replace or swap to turn one word into the other."""
    above: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        new = [i]
        for j, other in enumerate(b, 1):
            steps = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                steps = min(steps, above[j - 2] + 1)
            new.append(steps)
        above, row = row, new
    return row[-1]
