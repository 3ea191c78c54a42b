"""Writes ``verify_record.py``: the checkers in one file, with their texts, for any Python 3.10.

The checkers import only the standard library, one another, ``folding`` and ``say``. Here their
sources are put one after the other, without those imports; nothing else is changed but what
Python 3.10 does not know.
"""

import ast
import sys
from importlib import resources
from pathlib import Path

from allocator import __version__
from allocator.texts import catalogue

PACKAGE = Path(str(resources.files("allocator")))
TARGET = PACKAGE / "record" / "verify_record.py"
MODULES = (
    "intake.folding",
    "record.check_report",
    "record.check_container",
    "record.check_signature",
    "record.check_book",
    "record.check_programme",
    "record.check_rules",
    "record.check_proof",
    "record.check_outcome",
    "record.check_promises",
    "record.check_evidence",
    "record.check_effects",
    "record.check_flips",
    "record.check_fairness",
    "record.check_instead",
    "record.check_margins",
    "record.check_explanations",
    "record.check_all",
    "record.check_main",
)
SHARED = frozenset(f"allocator.{name}" for name in MODULES) | {"allocator.texts"}
_FROM_HERE = "allocator"

_OPENING = '''#!/usr/bin/env python3
# ruff: noqa
# fmt: off
# mypy: ignore-errors
"""Checks a decision record of the fellowship allocator: python3 verify_record.py record.zip

One file, the standard library of Python 3.10 or newer, no network, no solver. It prints each check
on a line of its own and leaves with 0 if the record is verified, 1 if not, 2 if it was not
understood or a file cannot be read. It is written by `python -m allocator.record.assemble` from the
modules named below, which the allocator itself runs; `docs/auditor.md` leads through it.
"""

from __future__ import annotations
'''

_TOO_OLD = """
if sys.version_info < (3, 10):
    print("verify_record.py needs Python 3.10 or newer.", file=sys.stderr)
    sys.exit(2)
"""

_SAY = '''

def say(key: str, **values: object) -> str:
    """Return the text of ``key`` with its fields filled in."""
    return TEXTS[key].format(**values)
'''

_ENDING = """

if __name__ == "__main__":
    sys.exit(main(VERSION))
"""


def standalone_source() -> str:
    """Return the text of ``verify_record.py``.

    Raises
    ------
    ValueError
        A checker imports what it must not, or two of them use one name.
    """
    imports: set[str] = set()
    bodies: list[str] = []
    contents = ["\n# Its parts in their order, each behind a line with its name:\n"]
    owners: dict[str, str] = {}
    for name in MODULES:
        source = PACKAGE.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        tree = ast.parse(source)
        _claim(tree, name, owners)
        imports |= _imports(tree, name)
        about = (ast.get_docstring(tree) or "").partition("\n")[0]
        contents.append(f"#   {name.rpartition('.')[2]}: {about}\n")
        bodies.append(f"\n\n# --- allocator.{name} " + "-" * (76 - len(name)) + "\n")
        bodies.append(_body(tree, source.splitlines()))
    texts = [f"    {key!r}: {text!r},\n" for key, text in _texts()]
    head = _merged(imports)
    known = f"\nVERSION = {__version__!r}\n\nTEXTS = {{\n{''.join(texts)}}}\n"
    return "".join([_OPENING, *contents, "\n", head, "\n", _TOO_OLD, known, _SAY, *bodies, _ENDING])


def _merged(imports: set[str]) -> str:
    """Return import lines, one per module, in order."""
    plain = sorted(each for each in imports if each.startswith("import "))
    names: dict[str, list[str]] = {}
    for each in sorted(imports.difference(plain)):
        _, module, _, name = each.split()
        names.setdefault(module, []).append(name)
    froms = [f"from {module} import {', '.join(found)}" for module, found in names.items()]
    return "\n".join([*plain, *froms])


def _texts() -> list[tuple[str, str]]:
    """Return the texts that the checkers use, by key; those of the allocator's commands apart."""
    others = ("verify.compare.", "verify.word.", "verify.heading", "verify.sign.", "verify.vipr")
    return sorted(
        (key, text)
        for key, text in catalogue().items()
        if key.startswith("verify.") and not key.startswith(others)
    )


def _claim(tree: ast.Module, module: str, owners: dict[str, str]) -> None:
    """Note the names a module defines; two modules in one file must not share any."""
    for node in tree.body:
        for name in _names(node):
            if name in owners:
                raise ValueError(f"{name} is defined in {owners[name]} and in {module}")
            owners[name] = module


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        parts = (each for each in ast.walk(node) if isinstance(each, ast.Name))
        return [each.id for each in parts if isinstance(each.ctx, ast.Store)]
    return []


def _imports(tree: ast.Module, module: str) -> set[str]:
    """Return the imports from the standard library; any other must be of a shared module."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            renamed = any(alias.asname for alias in node.names)
            if origin.partition(".")[0] == _FROM_HERE:
                if origin not in SHARED or renamed or node not in tree.body:
                    raise ValueError(f"{module} imports {origin}")
            elif origin != "__future__":
                found |= {f"from {origin} import {alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {f"import {alias.name}" for alias in node.names}
    standard = sys.stdlib_module_names
    foreign = {each for each in found if each.split()[1].split(".")[0] not in standard}
    if foreign:
        raise ValueError(f"{module}: {', '.join(sorted(foreign))}")
    return found


def _body(tree: ast.Module, lines: list[str]) -> str:
    """Return a module's lines without imports and type aliases, its docstring as a comment."""
    about = ast.get_docstring(tree) or ""
    opening = "".join(f"# {line}".rstrip() + "\n" for line in about.splitlines())
    gone: set[int] = set()
    after_alias = True  # a text there tells what the alias or the module is
    for node in tree.body:
        unwanted = isinstance(node, ast.Import | ast.ImportFrom | ast.TypeAlias)
        if unwanted or (after_alias and _is_text(node)):
            gone.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        after_alias = isinstance(node, ast.TypeAlias)
    kept = [line for number, line in enumerate(lines, 1) if number not in gone]
    return f"{opening}\n\n{_tidy(kept)}"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _tidy(lines: list[str]) -> str:
    """Return lines as text with no blank ones at its ends, nor more than two together."""
    text = "\n".join(lines).strip("\n") + "\n"
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text


def main() -> int:
    """Write the file."""
    TARGET.write_text(standalone_source(), encoding="utf-8", newline="\n")
    print(TARGET.relative_to(PACKAGE.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
