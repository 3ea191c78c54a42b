"""Every text a person reads, by key: YAML files in a folder per language, one file per area.

``say("problem.intake-empty.what", file="a.csv")`` fills the fields of the text. A missing key is a
defect of the program and raises ``KeyError``; ``tests/docs`` checks that each key used exists.

A text that says how many gives both forms: ``{count:# award|# awards}``. The first is for one, the
second for any other number; the number stands where ``#`` is.
"""

from functools import cache
from importlib import resources

import yaml

LANGUAGE = "en"

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Half a second quicker at every start, where PyYAML was built with its parser in C."""

THIN = "\u202f"
"""Narrow no-break space between thousands, so that a number never breaks over lines."""


@cache
def catalogue(language: str = LANGUAGE) -> dict[str, str]:
    """Return every text of a language as one flat mapping from dotted key to text."""
    texts: dict[str, str] = {}
    folder = resources.files(__name__) / language
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".yaml"):
            content = yaml.load(entry.read_text(encoding="utf-8"), Loader=_LOADER)
            _flatten("", content or {}, texts)
    return texts


def _flatten(prefix: str, node: dict[object, object], into: dict[str, str]) -> None:
    for key, value in node.items():
        name = f"{prefix}{key}"
        if not isinstance(key, str) or not isinstance(value, str | dict):
            # YAML reads an unquoted on, yes or no as true or false, and 1 or a date as such.
            raise TypeError(f"text {name}: write the key and the text between quotation marks")
        if isinstance(value, dict):
            _flatten(f"{name}.", value, into)
        elif name in into:
            raise KeyError(f"text {name} is defined twice")
        else:
            into[name] = value.rstrip("\n")


class Counted:
    """A value that a text may give two forms for: ``# award|# awards``.

    Parameters
    ----------
    value : object
        A number, or one already written for reading.
    """

    def __init__(self, value: object) -> None:
        self.value = value

    def __format__(self, form: str) -> str:
        """Return the form for one or for any other number, the number in the place of ``#``."""
        if "|" not in form:
            return format(self.value, form)
        shown = f"{self.value:,}".replace(",", THIN) if type(self.value) is int else str(self.value)
        one, other = form.split("|")
        return (one if shown == "1" else other).replace("#", shown)


def say(key: str, **values: object) -> str:
    """Return the text of ``key`` with its fields filled in."""
    text = catalogue()[key]
    if "|" in text:
        return text.format(**{name: Counted(value) for name, value in values.items()})
    return text.format(**values)
