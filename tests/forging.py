"""Every way to change the structure of JSON by one step, as a patient forger would try them.

Each key left out, each list emptied, cut, doubled or with two parts swapped, each value a little
off, of another kind, or that of a neighbour.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

type Forged = tuple[str, str]
"""Where, as a path without positions (``.pairs[].bands``), and what was done there."""


def forgeries(held: list[Any], instances: int) -> Iterator[Forged]:
    """Change the one value in a list in place, one thing at a time, and back again.

    Parameters
    ----------
    held : list
        The value, alone in a list.
    instances : int
        How many of all places with the same path are tried: the first, the last, and between.
    """
    found: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    for path, holder, key in _places(held, ""):
        found[path].append((holder, key))
    for path, places in found.items():
        others = [holder[key] for holder, key in places[:: max(1, len(places) // 7)]]
        last = len(places) - 1
        for place in sorted({n * last // max(1, instances - 1) for n in range(instances)}):
            holder, key = places[place]
            value = holder[key]
            for what, other in _altered(value, others):
                holder[key] = other
                yield path.removeprefix("[]"), what
            holder[key] = value


def _places(value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield every place in a value: its path, what holds it, under which key."""
    keys: Any = ()
    if isinstance(value, dict | list):
        keys = [*value] if isinstance(value, dict) else range(len(value))
    for key in keys:
        inner = f"{path}.{key}" if isinstance(value, dict) else f"{path}[]"
        yield inner, value, key
        yield from _places(value[key], inner)


def _altered(value: Any, others: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield other values, each with what was done; ``others`` stand at the same path."""
    if isinstance(value, dict):
        yield from ((f"without {key}", _without(value, key)) for key in value)
        yield "with more", {**value, "more": 0}
        return
    yield "nothing", None
    if isinstance(value, list):
        yield from _altered_list(value)
        return
    if isinstance(value, bool):
        yield from (("the opposite", not value), ("a number", int(value)))
    elif isinstance(value, int):
        yield from (("more", value + 1), ("less", value - 1), ("as text", str(value)), ("0", 0))
        yield "as a truth", bool(value)
    elif isinstance(value, str):
        yield from (("empty", ""), ("longer", value + "1"), ("shorter", value[:-1]))
    else:
        yield from (("empty", ""), ("0", 0), ("a list", []))
    for other in others:
        if not isinstance(other, dict | list) and other != value:
            yield "a neighbour's", other
            return


def _altered_list(value: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    if not value:
        yield "filled", [0]
        return
    yield from (("emptied", []), ("first gone", value[1:]), ("last gone", value[:-1]))
    yield from (("first twice", [value[0], *value]), ("last twice", [*value, value[-1]]))
    if len(value) > 1:
        yield "swapped", [value[1], value[0], *value[2:]]


def _without(value: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name != key}
