"""The text of a hand-written file becomes typed values; what cannot be read becomes problems.

Pydantic does the walking; the types below read text exactly (no floats), and ``validate`` says in
plain words, with the line, what is wrong.
"""

import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from fractions import Fraction
from typing import Annotated, TypeGuard, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema
from pydantic import model_validator as _model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from allocator.errors import AllocatorError, Problem, Where, ordered, problem
from allocator.model import POINT, Severity
from allocator.strict_yaml import Data, Document, Path
from allocator.texts import say

LONGEST_TEXT = 4000
MOST_MONEY = 10**12
"""Largest amount that is read, in minor units."""
MOST_POINTS = 100_000
"""Largest number of merit points that is read, in points."""

_SPACES = " \u00a0\u2009\u202f'\u2019"
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,9})?")
_DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_RATIO = re.compile(r"([0-9]{1,6}) ?/ ?([0-9]{1,6})")
_POINTS = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,3})?")
_MONEY = re.compile(
    rf"([0-9]{{1,40}}|[0-9]{{1,3}}(?:[{_SPACES}][0-9]{{3}}){{1,12}})(?:\.([0-9]{{1,2}}))?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_WEB = re.compile(r"https?://[^\s<>\"'`]{1,500}")

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


def reader[T](expected: str, read: Callable[[str], T | None]) -> BeforeValidator:
    """Make the validator of a type that is written as a single value.

    Parameters
    ----------
    expected : str
        Key of the text ``field-expected.<expected>`` that says what to write.
    read : callable
        Returns ``None`` for a text that it cannot read.
    """

    def validator(raw: object) -> object:
        if raw is None:
            raise PydanticCustomError("field-empty", "{expected}", {"expected": expected})
        if isinstance(raw, list | tuple | dict):
            raise PydanticCustomError("field-not-single", "{expected}", {"expected": expected})
        if not isinstance(raw, str):
            return raw
        value = read(raw.strip())
        if value is None:
            raise PydanticCustomError("field-wrong", "{expected}", {"expected": expected})
        return value

    return BeforeValidator(validator)


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _number(text: str) -> Fraction | None:
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def read_share(text: str) -> Fraction | None:
    """Return the share between 0 and 1 that a text states, or ``None``."""
    value = None
    if text.endswith("%") and _DECIMAL.fullmatch(part := text[:-1].rstrip(_SPACES)):
        value = Fraction(part) / 100
    elif (ratio := _RATIO.fullmatch(text)) and int(ratio[2]):
        value = Fraction(int(ratio[1]), int(ratio[2]))
    elif _DECIMAL.fullmatch(text):
        value = Fraction(text)
    return value if value is not None and value <= 1 else None


def _points(text: str) -> int | None:
    if not _POINTS.fullmatch(text):
        return None
    value = Fraction(text) * POINT
    if abs(value) > MOST_POINTS * POINT:
        raise PydanticCustomError("field-too-large", "{largest}", {"largest": str(MOST_POINTS)})
    return int(value)


def _money(text: str) -> int | None:
    if text.startswith(("-", "\u2212")) and _MONEY.fullmatch(text[1:].lstrip(_SPACES)):
        raise PydanticCustomError("field-negative", "0")
    found = _MONEY.fullmatch(text)
    if not found:
        return None
    units = int("".join(sign for sign in found[1] if sign.isdigit()))
    value = units * 100 + int((found[2] or "0").ljust(2, "0"))
    if value > MOST_MONEY:
        most = f"{MOST_MONEY // 100:,}".replace(",", " ")
        raise PydanticCustomError("field-too-large", "{largest}", {"largest": most})
    return value


def _signed_money(text: str) -> int | None:
    unsigned = text.removeprefix("-").removeprefix("\u2212").lstrip(_SPACES)
    value = _money(unsigned)
    return value if value is None or unsigned == text else -value


def typed_money(text: str) -> int | None:
    """Return an amount as a person types it, with a minus where it came back, in minor units.

    ``None`` if it is none, or more than any amount here may be.
    """
    try:
        return _signed_money(text.strip())
    except PydanticCustomError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _text(text: str) -> str | None:
    return text if 0 < len(text) <= LONGEST_TEXT else None


def _identifier(text: str) -> str | None:
    return text if _IDENTIFIER.fullmatch(text) else None


def _web(text: str) -> str | None:
    return text if _WEB.fullmatch(text) else None


def _schema(kind: str | list[str], description: str, **more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "description": description, **more})


YesNo = Annotated[
    bool,
    reader("yes-no", lambda text: _YES_NO.get(text.lower())),
    WithJsonSchema({"enum": ["yes", "no", True, False], "description": "yes or no"}),
]
"""``yes``, ``no``, ``true`` or ``false``."""

Day = Annotated[
    date, reader("day", _day), _schema("string", "ISO date, YYYY-MM-DD", pattern=_DAY.pattern)
]
"""An ISO date."""

Share = Annotated[
    Fraction,
    reader("share", read_share),
    _schema(["string", "number"], "share between 0 and 1: 1/2, 50 % or 0.35"),
]
"""A fraction between 0 and 1: ``1/2``, ``50 %`` or ``0.35``."""

Number = Annotated[Fraction, reader("number", _number), _schema(["string", "number"], "number")]
"""Any exact decimal number."""

Points = Annotated[
    int,
    reader("points", _points),
    _schema(["string", "number"], "merit points, at most three decimals", multipleOf=0.001),
]
"""Merit points; the value is in thousandths."""

Whole = Annotated[int, reader("whole", _whole), _schema("integer", "whole number")]
"""A whole number."""

MoneyText = Annotated[
    int,
    reader("money", _money),
    _schema(["string", "number"], "amount of money, at most two decimals: 120000 or 120 000.00"),
]
"""An amount of at least 0; the value is in minor units."""

SignedMoney = Annotated[
    int,
    reader("signed-money", _signed_money),
    _schema(["string", "number"], "amount of money, below 0 allowed, at most two decimals"),
]
"""An amount, below 0 too; the value is in minor units."""

Text = Annotated[str, reader("text", _text), _schema(["string", "number"], "text")]
"""A text that is not blank, without spaces around it."""

Identifier = Annotated[
    str,
    reader("identifier", _identifier),
    _schema(["string", "number"], "short name of letters, digits, - . _"),
]
"""A short name to refer to something by."""

WebAddress = Annotated[str, reader("web", _web), _schema("string", "web address", format="uri")]
"""An ``http`` or ``https`` address."""


def _one_or_many(raw: object) -> object:
    return [raw] if isinstance(raw, str) else raw


Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many)]
"""A list of texts; a single one needs no list."""


class Part(BaseModel):
    """A group of lines: frozen, no unknown keys.

    A list left empty (say, because all its lines are comments) counts as not written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @_model_validator(mode="before")
    @classmethod
    def _drop_empty_lists(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            return raw
        lists = {
            name
            for key, field in cls.model_fields.items()
            if get_origin(field.annotation) in (tuple, dict)
            for name in (key, field.alias)
        }
        return {key: value for key, value in raw.items() if value is not None or key not in lists}


def validate[M: BaseModel](model: type[M], document: Document) -> M:
    """Read a document as an instance of ``model``.

    Raises
    ------
    AllocatorError
        One problem per field that cannot be read, with line, path and what to write instead.
    """
    if document.data is None:
        raise AllocatorError(problem("yaml-empty", Where(file=document.file)))
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        wrong = [each["loc"] for each in details]
        problems = ordered(
            _problem(model, document, each) for each in details if not _only_follows(each, wrong)
        )
        raise AllocatorError(problems) from None


def _only_follows(detail: ErrorDetails, wrong: list[Path]) -> bool:
    """Tell whether a list is too short only because pydantic does not count its wrong entries."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other) > len(loc) and other[: len(loc)] == loc for other in wrong
    )


def path_text(path: Path) -> str:
    """Return a path as people read it: ``merit.criteria[2].column`` (entries count from 1)."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _problem(model: type[BaseModel], document: Document, detail: ErrorDetails) -> Problem:
    loc = detail["loc"]
    code, more = _meaning(detail)
    if code == "field-no-kind" or detail["type"] == "union_tag_invalid":
        loc = (*loc, "kind")
    path = _written_path(document.data, loc)
    name = str(path[-1]) if path else ""
    raw = more.pop("tag") or detail["input"]
    if code == "field-unknown":
        more["hint"] = suggestion(name, _known_keys(model, loc[:-1]))
    if code == "field-no-kind":
        more["choices"] = ", ".join(_kinds(_at(model, loc[:-1])))
    return problem(
        code,
        document.where(path),
        severity=Severity.ERROR,
        value=raw if isinstance(raw, str) else "",
        path=path_text(path) or document.file,
        name=name,
        **more,
    )


_CODES = {
    "missing": "field-missing",
    "extra_forbidden": "field-unknown",
    "literal_error": "field-one-of",
    "enum": "field-one-of",
    "union_tag_invalid": "field-one-of",
    "union_tag_not_found": "field-no-kind",
    "tuple_type": "field-not-list",
    "list_type": "field-not-list",
    "too_short": "field-too-few",
    "too_long": "field-too-many",
    "model_type": "field-not-mapping",
    "model_attributes_type": "field-not-mapping",
    "dict_type": "field-not-mapping",
}
"""Our codes for pydantic's kinds of error."""


def _meaning(detail: ErrorDetails) -> tuple[str, dict[str, object]]:
    """Return our code for an error of pydantic's, and the fields of its text."""
    kind, context = detail["type"], detail.get("ctx", {})
    # Pydantic's own kinds have underscores; a kind with a dash is a code of ours.
    code = kind if "-" in kind else _CODES.get(kind, "field-other")
    if code == "field-not-mapping" and detail["input"] is None:
        code = "field-empty"
    choices = context.get("expected_tags", context.get("expected", ""))
    return code, {
        "choices": context.get("choices") or str(choices).replace("'", "").replace(" or ", ", "),
        "expected": _expected(str(context.get("expected", "")) if code == kind else "lines"),
        "least": context.get("min_length", 1),
        "most": context.get("max_length", ""),
        "largest": context.get("largest", ""),
        "reason": kind.replace("_", " "),
        "tag": context.get("tag"),
    }


def _expected(name: str) -> str:
    return say(f"field-expected.{name or 'value'}", most=LONGEST_TEXT)


def _written_path(data: Data, loc: Path) -> Path:
    """Return the steps of ``loc`` that are in the file: pydantic adds names of variants to them."""
    path: list[str | int] = []
    for position, step in enumerate(loc):
        known, inner = _step(data, step)
        if step == "[key]":  # how pydantic marks that the key is wrong, not its value
            continue
        if known:
            data = inner
        if known or (position == len(loc) - 1 and isinstance(data, dict)):
            path.append(step)
    return tuple(path)


def _step(data: Data, step: str | int) -> tuple[bool, Data]:
    if isinstance(data, dict) and isinstance(step, str):
        return step in data, data.get(step)
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return True, data[step]
    return False, None


def suggestion(name: str, known: list[str]) -> str:
    """Return a hint in words: the known name that is meant, or all known names."""
    if close := closest(name, known):
        return say("field-hint.did-you-mean", close=close)
    return say("field-hint.known", known=", ".join(known)) if known else say("field-hint.remove")


def closest(name: str, known: list[str]) -> str | None:
    """Return the known name that a misspelt one probably means."""
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.6)), None)


def _known_keys(model: type[BaseModel], loc: Path) -> list[str]:
    """Return the keys that may stand at ``loc``, as written in a file."""
    found = _at(model, loc)
    if not _is_model(found):
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _at(model: type[BaseModel], loc: Path) -> object:
    found: object = model
    for step in loc:
        found = _inside(found, step)
    return found


def _kinds(kind: object) -> list[str]:
    """Return the names of a union's variants."""
    return [get_args(each.model_fields["kind"].annotation)[0] for each in get_args(_bare(kind))]


def _inside(kind: object, step: str | int) -> object:
    """Return the type one step further in; a variant's name is a step as well."""
    if _is_model(kind):
        fields = kind.model_fields.items()
        named = (field.annotation for name, field in fields if step in (name, field.alias))
        return _bare(next(named, None))
    return next((_bare(each) for each in _variants(kind) if _fits(each, step)), None)


def _bare(kind: object) -> object:
    """Strip ``Annotated`` and ``| None``."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    variants = [each for each in get_args(kind) if each is not type(None)]
    return _bare(variants[0]) if type(None) in get_args(kind) and len(variants) == 1 else kind


def _variants(kind: object) -> tuple[object, ...]:
    return tuple(each for each in get_args(kind) if each is not Ellipsis and each is not str)


def _fits(kind: object, step: str | int) -> bool:
    kind = _bare(kind)
    field = kind.model_fields.get("kind") if _is_model(kind) else None
    return isinstance(step, int) or field is None or step in get_args(field.annotation)


def _is_model(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
