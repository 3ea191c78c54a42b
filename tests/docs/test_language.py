"""What people read: gender-neutral, complete, and with links that lead somewhere.

Resolution 55 asks for gender-neutral language; the list holds the words its editors would mark.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from allocator.texts import catalogue

ROOT = Path(__file__).parents[2]
GENDERED = re.compile(
    r"\b(he|she|his|him|her|hers|himself|herself|s/he|he/she|his/her|him/her"
    r"|(?:chair|spokes|sales|work|business|middle|fore|lay|states|fire|police)(?:man|men|woman|women)"
    r"|man(?:kind|power|made|-made|ned|-hours?|-days?)|unmanned|gentlem[ae]n|ladies"
    r"|mother tongue|forefathers?|(?-i:Mr|Mrs|Ms))\b",
    re.IGNORECASE,
)
QUOTED = re.compile(r"`[^`]*`|“[^”]*”|\"[^\"\n]*\"")
"""Code and quotations: what others wrote, such as the name of a past role."""
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")])
POLICIES = sorted(ROOT.glob("policies/*.yaml"))
TEMPLATES = sorted(ROOT.glob("allocator/**/templates/*"))
MODULES = sorted(ROOT.glob("allocator/**/*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_list_of_words_finds_what_it_is_for() -> None:
    for written in ("He applies", "the Chairman", "manpower", "his/her", "Spokeswoman"):
        assert GENDERED.search(written), written
    for written in ("the chair", "there", "women", "human resources", "mandate", "manual"):
        assert not GENDERED.search(written), written


def test_texts_are_gender_neutral() -> None:
    found = {key: text for key, text in catalogue().items() if GENDERED.search(text)}
    assert found == {}


@pytest.mark.parametrize("path", [*DOCUMENTS, *POLICIES, *TEMPLATES], ids=name_of)
def test_documents_are_gender_neutral(path: Path) -> None:
    text = QUOTED.sub("", path.read_text(encoding="utf-8"))
    assert [match.group() for match in GENDERED.finditer(text)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_to_files_that_exist(path: Path) -> None:
    targets = [t.split("#")[0] for t in LINK.findall(path.read_text(encoding="utf-8"))]
    local = [t for t in targets if t and "://" not in t and not t.startswith("mailto:")]
    assert [t for t in local if not (path.parent / t).exists()] == []


def wanted(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the keys of texts a module asks for: (key or what it begins with, whether whole)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module in ("allocator.texts", "allocator.errors")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called not in {"say", "problem"} & imported:
            continue
        first = node.args[0]
        before = "problem." if called == "problem" else ""
        after = ".what" if called == "problem" else ""
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield before + first.value + after, True
        elif isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
            yield before + str(first.values[0].value), False


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_text_asked_for_exists(path: Path) -> None:
    keys = catalogue()
    missing = [
        key
        for key, whole in wanted(path)
        if not (key in keys if whole else any(each.startswith(key) for each in keys))
    ]
    assert missing == []


def test_every_problem_says_what_is_wrong_and_what_to_do() -> None:
    ends = {".what": ".do", ".do": ".what"}
    keys = [key for key in catalogue() if key.startswith("problem.")]
    alone = [
        key
        for key in keys
        for end, other in ends.items()
        if key.endswith(end) and key.removesuffix(end) + other not in keys
    ]
    assert alone == []
