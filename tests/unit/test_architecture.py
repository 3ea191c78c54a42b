"""The house of docs/architecture.md: dependencies run one way, and only one room has a solver."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "allocator"
FLOORS = {
    **{"intake": 1, "optimise": 2, "explain": 3, "record": 3, "outputs": 4},
    **{"office": 5, "commands": 6, "ui": 6},
}
"""Modules at the top of the package are the vocabulary, floor 0, but for those named here."""
ON_TOP = {
    "decide": 3,
    "cli": 7,
    "cli_reference": 7,
    "cli_office": 7,
    "cli_office_after": 7,
    "cli_office_admin": 7,
    "__main__": 7,
}
PLAIN = ("allocator.record.check_proof", "allocator.record.canonical")
"""Rooms of the record that know nothing of the rest: the proof is made with its checker."""
MODULES = sorted(ROOT.rglob("*.py"))


def floor_of(module: str) -> int:
    """Return the floor a module of the package is on."""
    if module.startswith(PLAIN):
        return 0
    parts = module.split(".")
    if len(parts) < 2:
        return 0
    return FLOORS.get(parts[1], ON_TOP.get(parts[1], 0))


def imports(path: Path) -> Iterator[str]:
    """Yield every module a file imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    """Return a file's module name."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_nothing_from_above(path):
    own = floor_of(name_of(path))
    above = [m for m in imports(path) if m.startswith("allocator") and floor_of(m) > own]
    assert above == []


def test_only_the_engine_room_imports_a_solver():
    rooms = {
        name_of(path)
        for path in MODULES
        if any(each.split(".")[0] in ("pulp", "highspy") for each in imports(path))
    }
    assert rooms == {"allocator.optimise.engine", "allocator.optimise.integer"}


@pytest.mark.parametrize("library", ["streamlit", "sqlalchemy"])
def test_a_library_of_one_room_is_imported_nowhere_else(library):
    allowed = {
        "streamlit": ("allocator.ui",),
        "sqlalchemy": ("allocator.office.store", "allocator.office.migrations"),
    }[library]
    rooms = [
        name_of(path)
        for path in MODULES
        if any(each.split(".")[0] == library for each in imports(path))
    ]
    assert [room for room in rooms if not room.startswith(allowed)] == []
