"""Every text a person reads, by key: YAML files in a folder per language, one file per area.

``say("problem.intake-empty.what", file="a.csv")`` fills the fields of the text. A missing key is a
defect of the program and raises ``KeyError``; ``tests/docs`` checks that each key used exists.
"""

from functools import cache
from importlib import resources

import yaml

LANGUAGE = "en"


@cache
def catalogue(language: str = LANGUAGE) -> dict[str, str]:
    """Return every text of a language as one flat mapping from dotted key to text."""
    texts: dict[str, str] = {}
    folder = resources.files(__name__) / language
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".yaml"):
            _flatten("", yaml.safe_load(entry.read_text(encoding="utf-8")) or {}, texts)
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


def say(key: str, **values: object) -> str:
    """Return the text of ``key`` with its fields filled in."""
    return catalogue()[key].format(**values)
