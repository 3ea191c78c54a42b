"""Reads policy files: bytes, a path or the name of a shipped policy become a checked ``Policy``."""

from functools import cache, lru_cache
from pathlib import Path as FilePath
from typing import Any

from allocator.errors import AllocatorError, Problem, Where, has_errors, ordered, problem
from allocator.fields import suggestion, validate
from allocator.policy_checks import checks
from allocator.policy_diff import Change, diff
from allocator.policy_promises import PolicyPromise, promises
from allocator.policy_schema import Policy, PolicyFile
from allocator.policy_settle import settle
from allocator.policy_words import Section, plain_words
from allocator.strict_yaml import MAX_BYTES, read_yaml

__all__ = [
    "Change",
    "Policy",
    "PolicyPromise",
    "Section",
    "check_policy",
    "diff",
    "json_schema",
    "load_policy",
    "plain_words",
    "policy_bytes",
    "promises",
    "settle",
    "shipped_policies",
]

REMEMBERED = 32
"""Policies that are kept as read."""


@lru_cache(maxsize=REMEMBERED)
def check_policy(data: bytes, file: str) -> tuple[Policy | None, tuple[Problem, ...]]:
    """Read a policy and say everything that is wrong with it or worth knowing.

    The same bytes are read once: a policy is asked for at every step, and nothing changes it.

    Parameters
    ----------
    data : bytes
        The file's bytes.
    file : str
        The file's name as the person knows it.

    Returns
    -------
    policy : Policy or None
        ``None`` where the file cannot be read as a policy at all.
    problems : tuple of Problem
        Errors first; a policy with errors must not be used.
    """
    try:
        document = read_yaml(data, file)
        policy = Policy(validate(PolicyFile, document), document)
    except AllocatorError as error:
        return None, ordered(error.problems)
    return policy, ordered(checks(policy))


def load_policy(source: FilePath | str) -> Policy:
    """Load a policy from a path, or by the name of a shipped one.

    Raises
    ------
    AllocatorError
        There is no such file, or the policy has errors.
    """
    policy, problems = check_policy(*policy_bytes(source))
    if policy is None or has_errors(problems):
        raise AllocatorError(problems)
    return policy


def policy_bytes(source: FilePath | str) -> tuple[bytes, str]:
    """Return the bytes of a policy and the name of its file.

    The name of a shipped policy means that policy, whatever lies in the current directory; a file
    of that very name is meant by a path such as ``./itu-t-2024``.

    Raises
    ------
    AllocatorError
        There is no such file or it cannot be read.
    """
    shipped = _shipped_files()
    path = shipped.get(source, FilePath(source)) if isinstance(source, str) else source
    if not path.is_file():
        hint = suggestion(path.stem, list(shipped))
        raise AllocatorError(
            problem("policy-no-file", Where(file=path.name), value=path.name, hint=hint)
        )
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1), path.name
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AllocatorError(
            problem("policy-unreadable", Where(file=path.name), reason=reason)
        ) from None


@cache
def shipped_policies() -> tuple[tuple[str, str], ...]:
    """Return (name, title) of every policy that comes with the tool, by name."""
    found = []
    for name, path in _shipped_files().items():
        document = read_yaml(path.read_bytes(), path.name)
        found.append((name, validate(PolicyFile, document).policy.title))
    return tuple(found)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of policy files, for editors that complete and check as one types."""
    schema = _tidied(PolicyFile.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _tidied(node: Any) -> Any:
    """Drop pydantic's titles of fields, and write a default parameter as its value alone."""
    if isinstance(node, list):
        return [_tidied(each) for each in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidied(each) for key, each in node.items()}
    if isinstance(tidy.get("title"), str) and ("type" in tidy or "anyOf" in tidy or "$ref" in tidy):
        del tidy["title"]
    if isinstance(default := tidy.get("default"), dict) and "value" in default:
        tidy["default"] = default["value"]
    return tidy


def _shipped_files() -> dict[str, FilePath]:
    """Return the shipped policies by name: in the package, or beside it in a checkout."""
    package = FilePath(__file__).parent
    inside = package / "policies"
    folder = inside if inside.is_dir() else package.parent / "policies"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
