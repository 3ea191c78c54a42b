"""The building blocks of a policy file: a value with its reference, alone or dated, and entries.

Every parameter is a single value, ``{value, reference, note}``, or dated: ``{values: [{from, value,
reference, note}, ...], reference, note}``.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Self

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from allocator.fields import Day, Identifier, Part, Text, YesNo
from allocator.strict_yaml import Path

MOST_DATES = 100
"""Most dated values of one parameter."""


class Dated[T](Part):
    """A value from a day on, until the next one begins."""

    start: Day = Field(alias="from", description="First day on which the value is in force.")
    value: T
    reference: Identifier | None = None
    note: Text | None = None


class Parameter[T](Part):
    """A value, or values in force from given days on."""

    value: T | None = None
    values: tuple[Dated[T], ...] = Field((), max_length=MOST_DATES)
    reference: Identifier | None = None
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_single_value(cls, raw: object) -> object:
        if raw is None:
            raise PydanticCustomError("field-empty", "{expected}", {"expected": "value"})
        return raw if isinstance(raw, dict) else {"value": raw}

    @model_validator(mode="after")
    def _one_or_dated(self) -> Self:
        if (self.value is None) == (not self.values):
            raise PydanticCustomError("policy-value-or-values", "value or values")
        starts = [each.start for each in self.values]
        if len(set(starts)) < len(starts):
            raise PydanticCustomError("policy-same-day", "same day")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say that the value may stand alone."""
        reference = handler(core_schema)
        form = handler.resolve_ref_schema(reference)
        alone = next(each for each in form["properties"]["value"]["anyOf"] if each != _NULL)
        form["properties"]["value"] = alone
        whole = dict(form)
        form.clear()
        form["anyOf"] = [alone, whole]
        return reference

    def at(self, day: date) -> tuple[T, str | None] | None:
        """Return the value in force on a day with its own reference, or ``None``."""
        if self.value is not None:
            return self.value, self.reference
        begun = [each for each in self.values if each.start <= day]
        if not begun:
            return None
        latest = max(begun, key=lambda each: each.start)
        return latest.value, latest.reference or self.reference


_NULL = {"type": "null"}

YES: Parameter[bool] = Parameter(value=True)


class Cited(Part):
    """A part of a policy that rests on a reference."""

    reference: Identifier | None = Field(None, description="Key of the reference it rests on.")
    note: Text | None = Field(None, description="Anything a reader should know.")


class Item(Cited):
    """An entry of a list, with a name of its own."""

    id: Identifier = Field(description="Short name, unique in its list.")
    title: Text = Field(description="What it is called wherever people read it.")
    applies: Parameter[YesNo] = Field(YES, description="Whether it is in force; may be dated.")


def days_of_change(part: Part) -> tuple[date, ...]:
    """Return, sorted, the days on which a dated value of this part (or inside it) begins."""
    found = {each.start for _, parameter in parameters(part) for each in parameter.values}
    return tuple(sorted(found))


def parameters(part: Part, path: Path = ()) -> Iterator[tuple[Path, "Parameter[Any]"]]:
    """Yield every parameter that is inside a part and was written, with its path."""
    for name in type(part).model_fields:
        if name in part.model_fields_set:
            yield from _parameters_in(getattr(part, name), (*path, name))


def _parameters_in(value: object, path: Path) -> Iterator[tuple[Path, "Parameter[Any]"]]:
    if isinstance(value, Parameter):
        yield path, value
    elif isinstance(value, Part):
        yield from parameters(value, path)
    elif isinstance(value, tuple):
        for position, each in enumerate(value):
            yield from _parameters_in(each, (*path, position))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _parameters_in(each, (*path, key))


def named_path(content: Part, path: Path) -> tuple[Path, str]:
    """Return a path with entries by id instead of position, and the title of the last entry."""
    value: Any = content
    named: list[str | int] = []
    title = ""
    for step in path:
        value = getattr(value, str(step)) if isinstance(value, Part) else value[step]
        if isinstance(value, Item):
            step, title = value.id, value.title
        named.append(step)
    return tuple(named), title
