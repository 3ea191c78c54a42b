#!/usr/bin/env python3
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

# Its parts in their order, each behind a line with its name:
#   folding: Text is brought to the form in which it is matched: what nobody sees or hears is left out.
#   check_report: What was looked at becomes a line: pass or fail, the figure it rests on, and what is wrong.
#   check_container: The bytes of ``record.zip`` become its members, and the members the bytes: one form only.
#   check_signature: The signature of a record (Ed25519, RFC 8032) and its time stamp (RFC 3161), checked offline.
#   check_book: Round, policy and pool of a record, read from plain JSON, answer what the rules ask about them.
#   check_programme: The programme is written once more, from round, policy and pool, and must be the one recorded.
#   check_rules: The awards are held against every rule, straight from the tables, without the programme.
#   check_proof: The checker of a proof: no allocation is better, and the lottery selects this one of the best.
#   check_outcome: What came out is held together: worth, lottery, draws and decisions agree with one another.
#   check_promises: Every declined application is tried once more: it does not fit, or the whole is worth no more.
#   check_evidence: The proof in a record is checked, and must say of the result what the result says of itself.
#   check_effects: What the record says of the round as a whole: the effect of each balance factor, the exchanges.
#   check_flips: What the flip test says is held against the stated genders, the decisions and the policy.
#   check_fairness: How groups fared is counted again, from the applications judged and the awards.
#   check_instead: The allocations that margins rest on are carried out: whom they award, what they are worth.
#   check_margins: A margin is held against the decision, the merit, and the allocations that it was found with.
#   check_explanations: What each application was told is held against the decisions, the merit, the draws and the rules.
#   check_all: The checks in their order: those that every verifier makes, and where others go between them.
#   check_main: The command line of ``verify_record.py``: a record becomes lines of checks and an exit code.

import argparse
import base64
import binascii
import copy
import csv
import hashlib
import io
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial
from math import gcd, lcm
from pathlib import Path
from typing import Any, NamedTuple

if sys.version_info < (3, 10):
    print("verify_record.py needs Python 3.10 or newer.", file=sys.stderr)
    sys.exit(2)

VERSION = '0.1.0'

TEXTS = {
    'verify.alone.about': 'Check a decision record of the fellowship allocator; nothing else is needed.',
    'verify.alone.json': 'print the report as JSON',
    'verify.alone.key': 'a file with the public key you trust (PEM, or 64 hexadecimal digits)',
    'verify.alone.previous': 'the previous record of the same round',
    'verify.alone.record': 'the record.zip to check',
    'verify.alone.timestamp-ca': 'the certificates of the time-stamping authority (PEM)',
    'verify.assess.attributes': "attributes.json is not what the policy's words mean",
    'verify.assess.none': 'the inputs could not be read, so this could not be recomputed',
    'verify.assess.problem': 'the inputs cannot be assessed: {problem}',
    'verify.assess.problems': 'the problems noted are not those that the inputs give',
    'verify.check.container': 'Form of the file',
    'verify.check.costs': 'Costs, from the inputs',
    'verify.check.decisions': 'Decisions',
    'verify.check.draws': 'Ties and draws',
    'verify.check.edition': 'Version of the allocator',
    'verify.check.effects': 'Effects and exchanges',
    'verify.check.eligibility': 'Eligibility, from the inputs',
    'verify.check.explanations': 'Explanations',
    'verify.check.fairness': 'Fairness',
    'verify.check.inputs': 'Inputs as read and as understood',
    'verify.check.lottery': 'Lottery order',
    'verify.check.members': 'Members and checksums',
    'verify.check.merit': 'Merit, from the inputs',
    'verify.check.objective': 'Worth of the allocation',
    'verify.check.office': 'Log of the office',
    'verify.check.payments': 'Funds and who pays',
    'verify.check.policy': 'Policy and its rules on the day',
    'verify.check.policy-promises': 'What the policy promises',
    'verify.check.pool': 'Everyone judged once',
    'verify.check.previous': 'Previous record',
    'verify.check.programme': 'Programme',
    'verify.check.promises': 'No seat left empty to advantage',
    'verify.check.proof': 'No better allocation, and the lottery',
    'verify.check.reasons': 'Reasons',
    'verify.check.rules': 'Rules kept',
    'verify.check.signature': 'Signature',
    'verify.check.tables': 'Reference tables',
    'verify.check.timestamp': 'Time stamp',
    'verify.container.figure': '{bytes} bytes, {count} members, nothing between or behind them',
    'verify.container.form': 'the bytes are not those that packing the members gives; something was added, removed or compressed',
    'verify.container.large': 'the file is larger than {most} MiB',
    'verify.container.many': 'there are more than {most} members',
    'verify.container.name': 'the member name {name} is not the plain name of a file',
    'verify.container.twice': 'the member {name} is there twice',
    'verify.costs.figure': '{count} packages costed',
    'verify.costs.other': '{application}: its costs are not what the inputs give',
    'verify.decisions.csv': 'decisions.csv, line {row}: not what was decided',
    'verify.decisions.figure': '{awarded} awarded, {declined} declined, {ineligible} ineligible, as the awards say',
    'verify.decisions.form': 'decisions.csv is not written as the allocator writes it',
    'verify.decisions.ids': 'there is not exactly one decision per application',
    'verify.decisions.none': 'the record does not hold the decisions as they were published',
    'verify.decisions.other': '{application}: {field} is not what was decided',
    'verify.decisions.rows': 'decisions.csv has {rows} rows',
    'verify.detail': '             - {text}',
    'verify.draws.figure': '{tied} were tied, drawn as the order says',
    'verify.draws.order': 'the draws are not in the order of the lottery',
    'verify.draws.other': '{application}: its draw is not what the seed and the awards say',
    'verify.edition.changed': 'verify_record.py in the record is not the one of version {version}: do not use it',
    'verify.edition.figure': 'made by version {version}, as is this check; verify_record.py in it is the genuine one',
    'verify.edition.format': 'versions.json and the manifest name different forms',
    'verify.edition.maybe': "with this version's rules and tables: {figure}",
    'verify.edition.other': 'made by version {theirs}, looked at by version {mine}: let version {theirs} verify it',
    'verify.effects.factors': 'the balance factors told of are not those of the policy',
    'verify.effects.figure': 'balance factors: {factors}; without each the awards keep every rule and are worth no less, and what it did follows from the two; exchanges at no loss: {swaps}, carried out: {tried}',
    'verify.effects.none': 'the record does not say what the balance factors did',
    'verify.effects.not-final': 'effects of balance factors are told of an allocation that is not final',
    'verify.effects.other': 'factor {factor}: {part} is not what the awards with it and without it give',
    'verify.effects.some': 'balance factors told of: {factors}, not told of, for the round is large: {left}; what is told follows from the awards; exchanges at no loss: {swaps}, carried out: {tried}',
    'verify.effects.stopped': 'the run was stopped before it told what these balance factors did: {factors}',
    'verify.effects.swap': '{awarded} and {declined} cannot be exchanged at no loss within the rules',
    'verify.effects.swaps': 'the exchanges are not listed as they must be',
    'verify.effects.untied': '{awarded} and {declined} are said to be exchangeable, but were not drawn for',
    'verify.eligibility.figure': '{eligible} eligible, {ineligible} ineligible with their reasons',
    'verify.eligibility.other': '{application}: eligible or not, its reasons or its groups are not what the inputs give',
    'verify.explanations.figure': '{count} agree with decisions, merit and draws ({exact} with an exact margin, which follows from allocations that were carried out); {tried} declined tried again: what is said to stand in the way does',
    'verify.explanations.ids': 'there is not exactly one explanation per application',
    'verify.explanations.none': 'there are no explanations in this record',
    'verify.explanations.obstacles': '{application}: what is said to stand in its way does not, or something else does',
    'verify.explanations.other': '{application}: what is said under “{field}” does not follow from the rest of the record',
    'verify.fairness.asked': 'the flip test did not ask about everybody',
    'verify.fairness.attributes': 'the figures are not by gender, region and country group, in this order',
    'verify.fairness.bands': 'by {attribute}: the groups compared, or their merit bands, are not those of the applications and awards',
    'verify.fairness.clauses': 'the flip test names other clauses than those that look at gender',
    'verify.fairness.figure': '{groups} groups counted again at every stage, and the merit bands of {bands} comparisons',
    'verify.fairness.flip': '{application}: the flip test says of its decision or stated gender what is not so',
    'verify.fairness.none': 'the record holds no figures of fairness',
    'verify.fairness.order': 'the flip test answers a question twice, or one that nobody asked, or not in the usual order',
    'verify.fairness.other': 'by {attribute}: the counts of {group} are not those of the applications and awards',
    'verify.fairness.pairs': 'the groups compared are not those, or not in the order, that the method asks for',
    'verify.fairness.status': 'the flip test says that it got further, or less far, than its answers show',
    'verify.fields': 'something has not exactly the fields {names}',
    'verify.findings': '{count} findings',
    'verify.inputs.figure': '{files} files read again: {applications} applications, {awards} awards of the past',
    'verify.inputs.other': '{member} is not what the input files say',
    'verify.inputs.refused': 'the input files cannot be read as a round: {problem}',
    'verify.inputs.roles': 'inputs.json does not name a round, a policy and applications',
    'verify.limit': '- {text}',
    'verify.limits': 'What no check can show:',
    'verify.line': '{status} {title}: {figure}',
    'verify.lottery.figure': '{applications} applications in the order of SHA-256 of the seed "{seed}" and their ids',
    'verify.lottery.funds': "the order of the funds is not the method's",
    'verify.lottery.order': 'the order is not what the seed gives',
    'verify.lottery.seed': "the seed is not the round's",
    'verify.malformed': 'the record is not formed as records are ({kind})',
    'verify.members.canonical': 'the member {name} is not in canonical form',
    'verify.members.changed': 'the member {name} has another SHA-256 than the manifest says',
    'verify.members.figure': '{count} members as listed; SHA-256 of the manifest begins {digest}',
    'verify.members.format': 'the record is of form {format}, which this version does not know',
    'verify.members.inputs': 'the input files are not those that inputs.json tells of',
    'verify.members.json': 'the member {name} is not JSON as records hold it',
    'verify.members.missing': 'the member {name} is missing',
    'verify.members.redaction': 'redacted.json does not list parts of this record in their order',
    'verify.members.unknown': 'the member {name} does not belong in a record',
    'verify.members.unlisted': 'the member {name} is not in the manifest',
    'verify.members.withheld': 'the data of a person were erased from {names} after the record was made, so the SHA-256 of these cannot be checked; all others are what the manifest says',
    'verify.merit.figure': '{count} merit figures with {lines} lines',
    'verify.merit.other': '{application}: its merit is not what the inputs give',
    'verify.more': 'and {count} more',
    'verify.needs-allocator': 'not looked at by this file; `allocator verify` does',
    'verify.objective.bound': 'worth and proven bound do not go together',
    'verify.objective.column': 'the value of column {name} is out of its bounds',
    'verify.objective.figure': '{points} points from {awards} awards, less missed balance',
    'verify.objective.other': 'the awards are worth {mine} points, not what the record says',
    'verify.objective.row': 'the solution breaks the row {name}',
    'verify.objective.values': "the solution's values are not the awards",
    'verify.office.figure': "made in an office whose log stood at entry {seq}, {digest}; the check of the office's log tells whether its store still holds it",
    'verify.office.form': "what it says of the office's log is not formed as it should be",
    'verify.open.inputs-true': 'That the inputs were true: what applicants, administrations and officers wrote is taken as written.',
    'verify.open.margins': 'That the margins are exact: each that says so rests on allocations in the record, which keep every rule and give its figures, but that none is better takes a solver. Nor can a bound, and the tie of an application that has no more than a bound, be shown.',
    'verify.open.standalone': 'Whether eligibility, merit and costs follow from the input files and the policy: this file does not read them. The allocator does: allocator verify RECORD',
    'verify.open.tied': 'That the list of those who took part in the lottery is complete.',
    'verify.open.tied-proven': 'That the list of those who took part in the lottery is complete. That the lottery chose this allocation is proven.',
    'verify.open.unsigned': "That this is the record that was published: it bears no signature that you gave a key for. Compare the manifest's SHA-256 with the published one: {digest}",
    'verify.payments.divided': '{application}: its payment is not divided over the funds as the method says',
    'verify.payments.figure': '{paid} from the funds ({funds} in all), each within its amount and purpose',
    'verify.payments.overdrawn': 'the fund {fund} is overdrawn by {over}',
    'verify.payments.part': '{application}: a part of its payment cannot be',
    'verify.payments.purpose': '{application}: a fund pays that may not',
    'verify.payments.shared': '{application}: several funds pay, which the policy forbids',
    'verify.payments.sum': '{application}: what the funds pay is not its amount',
    'verify.policy-promises.figure': '{holding} of {all} promises hold, as the record says',
    'verify.policy-promises.other': 'the promises are not those that the policy keeps in this round',
    'verify.policy.figure': '{title}, version {version}, on {day}',
    'verify.policy.other': 'rules.json is not what the policy says on {day}',
    'verify.pool.changed': '{application}: it was judged as another than was read',
    'verify.pool.figure': '{applications} applications: {eligible} eligible, {ineligible} not; each merit is the sum of its lines',
    'verify.pool.merit': '{application}: the lines of its merit do not add up',
    'verify.pool.other': 'the applications judged are not those that were read',
    'verify.pool.reason': '{application}: it is ineligible without a reason',
    'verify.previous.broken': 'the previous record given is not formed as records are',
    'verify.previous.first': 'none: it says to be the first of its round',
    'verify.previous.members': 'the previous record given was changed: {reason}',
    'verify.previous.named': "it follows the record whose manifest's SHA-256 begins {digest}; give that record with --previous to check the link",
    'verify.previous.none': 'it says to be the first of its round, but a previous record was given',
    'verify.previous.other': "it does not follow the record given, whose manifest's SHA-256 begins {digest}",
    'verify.previous.round': 'the record given is one of another round',
    'verify.previous.same': 'it follows the record given ({digest})',
    'verify.programme.columns': 'the column {name} is not what round, policy and candidates ask for',
    'verify.programme.figure': '{columns} columns and {rows} rows, written again from round, policy and candidates',
    'verify.programme.package': 'the programme is not the one that the allocator writes from the inputs',
    'verify.programme.rows': 'the row {name} is not what round, policy and candidates ask for',
    'verify.programme.size': 'it has more or fewer rows or columns than round, policy and candidates ask for',
    'verify.promises.better': '{application} would fit, and the whole would be worth more with it',
    'verify.promises.figure': '{declined} declined were tried; {left} would fit, and none would make the whole worth more',
    'verify.proof.figure': 'proven, parts: {parts}; none is worth more, and of equals the lottery chose this one',
    'verify.proof.gap': 'the run was stopped early and says so; proven: no allocation is worth more than {bound} points',
    'verify.proof.none': 'there is no proof in this record',
    'verify.proof.not-final': 'the run was stopped early and says so: the answer is not final',
    'verify.proof.partial': 'the proof was stopped early and says so; proven: no allocation is worth more than {bound} points',
    'verify.proof.parts': 'a part of the proof holds something that is not read',
    'verify.proof.wrong': '{reason}',
    'verify.reasons.factor': 'factor {factor}: a better allocation without it is near at hand than the one told of',
    'verify.reasons.figure': '{count} reasons found again from the awards',
    'verify.reasons.obstacles': '{application}: the clauses in its way are not those that one more award would break',
    'verify.reasons.other': '{application}: the reason is not what the awards say',
    'verify.reasons.swaps': 'the exchanges at no loss are not those that there are',
    'verify.rules.amount': '{application} is awarded {amount}, which is not its cost',
    'verify.rules.budget': 'the budget of meeting {meeting} is exceeded by {over}',
    'verify.rules.cap': 'the cap {bound} is exceeded',
    'verify.rules.figure': '{awards} awards of {spent} {currency} within every budget, limit, floor and cap',
    'verify.rules.floor': 'the floor {bound} is not reached',
    'verify.rules.once': 'one person has more than one award at a meeting: {applications}',
    'verify.rules.order': 'the awards are not in the order of the application ids',
    'verify.rules.package': '{application} is awarded {package}, which it could not be',
    'verify.rules.pair': '{state} has a second partial award at meeting {meeting} that is not the ticket',
    'verify.rules.quota': '{state} has more awards at meeting {meeting} than the quota allows',
    'verify.rules.twice': '{application} is awarded twice',
    'verify.rules.year': 'one person has more awards in the financial year than the limit allows: {applications}',
    'verify.signature.form': 'signature.json is not formed as it must be',
    'verify.signature.given': 'signed with the key given ({signer})',
    'verify.signature.key': 'the public key is neither Ed25519 in PEM form nor 64 hexadecimal digits',
    'verify.signature.none': 'the record is not signed',
    'verify.signature.other-key': 'it is signed with another key ({signer}) than the one given',
    'verify.signature.own': 'signed with the key {signer}, which only the record itself names: compare it with the published key, or give that with --key',
    'verify.signature.wanted': 'a public key was given, but the record is not signed',
    'verify.signature.wrong': 'the signature is not one of this manifest by the key it names',
    'verify.tables.figure': '{count} tables, the same as in this version',
    'verify.tables.other': 'made with other reference tables ({names}): let version {version} of the allocator verify it',
    'verify.tables.rows': 'the rows shown are not those that the round uses',
    'verify.timestamp.figure': 'stamped by the authority given, {time}',
    'verify.timestamp.no-ca': 'there is a time stamp; give the certificates of its authority with --timestamp-ca to check it',
    'verify.timestamp.no-openssl': 'openssl was not found on this computer',
    'verify.timestamp.none': 'the record bears no time stamp',
    'verify.timestamp.wanted': 'a certificate was given, but the record bears no time stamp',
    'verify.timestamp.wrong': 'the time stamp is not one of this manifest by the authority given',
    'verify.verdict.incomplete': 'NOT FULLY VERIFIED: no check fails, but something needed was not checked ({passed} of {all} hold).',
    'verify.verdict.refused': 'REFUSED: at least one check fails ({passed} of {all} hold).',
    'verify.verdict.verified': 'VERIFIED: {passed} of {all} checks hold, none fails.',
    'verify.withheld': 'not as recorded, which can be because a person was erased: {figure}',
}


def say(key: str, **values: object) -> str:
    """Return the text of ``key`` with its fields filled in."""
    return TEXTS[key].format(**values)


# --- allocator.intake.folding --------------------------------------------------------------
# Text is brought to the form in which it is matched: what nobody sees or hears is left out.


# Letters that no Unicode decomposition takes apart.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}  # noqa: RUF001
)
# Only a matter of speed: what ``fold`` does to ASCII.
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}


def plain(text: str) -> str:
    """Return the text without differences that nobody sees.

    Compatibility forms (full-width letters, no-break spaces) become their plain form, the digits of
    any script become 0-9, invisible marks go, white space collapses.
    """
    if text.isascii():
        return " ".join(text.split())
    kept: list[str] = []
    # The acute accent on its own, used as an apostrophe, would decompose into a space.
    for letter in unicodedata.normalize("NFKC", text.replace("´", "'")):  # noqa: RUF001
        if unicodedata.category(letter) == "Cf" or letter in "\ufe0e\ufe0f":
            continue
        digit = unicodedata.decimal(letter, None)
        kept.append(letter if digit is None else str(digit))
    return " ".join("".join(kept).split())


def unaccented(text: str) -> str:
    """Return the plain text in small letters and without accents, punctuation kept."""
    small = plain(text).casefold()
    if small.isascii():
        return small
    split = unicodedata.normalize("NFKD", small.translate(_LETTERS))
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def fold(text: str) -> str:
    """Return the words of a text: small letters and digits, no accents, single spaces between.

    Two texts that fold to the same are the same for matching: ``"Côte-d'Ivoire"`` and
    ``"COTE D IVOIRE"``.
    """
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    letters = [letter if letter.isalnum() else " " for letter in unaccented(text)]
    return " ".join("".join(letters).split())


def fold_header(text: str) -> str:
    """Return a column's name as it is matched: folded, and without any space."""
    return fold(text).replace(" ", "")


def word(text: str) -> str:
    """Return a word as looked up in a list of words: no case, accents or closing punctuation."""
    return unaccented(text).strip(" .:!'\"")


# --- allocator.record.check_report ---------------------------------------------------------
# What was looked at becomes a line: pass or fail, the figure it rests on, and what is wrong.


PASS, FAIL, UNCHECKED = "pass", "fail", "not checked"
VERIFIED, INCOMPLETE, REFUSED = "verified", "incomplete", "refused"
MOST_DETAILS = 5
"""So many findings of one check are spelled out; the rest are counted."""


class Refused(Exception):
    """A check does not hold; the arguments say what is wrong, one text per finding."""


class Unchecked(Exception):
    """A check could not be made; the text says why. It does not stand for a pass."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a record.

    ``figure`` is what it found, in words with numbers; ``detail`` is what is wrong or open, empty
    for a pass. A check that is ``required`` and not made leaves the verdict incomplete.
    """

    id: str
    title: str
    status: str
    figure: str
    detail: tuple[str, ...] = ()
    required: bool = True

    def as_json(self) -> dict[str, object]:
        """Return the machine-readable form."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "figure": self.figure,
            "detail": list(self.detail),
            "required": self.required,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Every check of one record, and what no check can show (``limits``)."""

    checks: tuple[Check, ...]
    limits: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Return ``refused`` if a check fails, ``incomplete`` if a required one is not made."""
        if any(each.status == FAIL for each in self.checks):
            return REFUSED
        if any(each.status == UNCHECKED and each.required for each in self.checks):
            return INCOMPLETE
        return VERIFIED

    @property
    def exit_code(self) -> int:
        """Return 0 only for a record that is verified."""
        return 0 if self.verdict == VERIFIED else 1

    def check(self, name: str) -> Check:
        """Return the check with this id."""
        return next(each for each in self.checks if each.id == name)

    def as_json(self) -> dict[str, object]:
        """Return the machine-readable form."""
        return {
            "verdict": self.verdict,
            "checks": [each.as_json() for each in self.checks],
            "cannot_be_checked": list(self.limits),
        }


def carried_out(name: str, look: Callable[[], str], *, required: bool = True) -> Check:
    """Make one check.

    Parameters
    ----------
    name : str
        Its id; its title is the text ``verify.check.<id>``.
    look : callable
        Returns the figure, or raises ``Refused`` or ``Unchecked``. Anything else it raises comes
        from a record that is not formed as records are, and the check fails.
    required : bool
        Whether a record without it is not fully verified.
    """
    title = say(f"verify.check.{name}")
    try:
        return Check(name, title, PASS, look(), (), required)
    except Refused as error:
        return Check(name, title, FAIL, *_found(tuple(str(each) for each in error.args)), required)
    except Unchecked as error:
        return Check(name, title, UNCHECKED, str(error), (), required)
    except Exception as error:  # a forged record may be malformed in any way whatever
        figure = say("verify.malformed", kind=type(error).__name__)
        return Check(name, title, FAIL, figure, (), required)


def _found(findings: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    if len(findings) == 1:
        return findings[0], ()
    more = len(findings) - MOST_DETAILS
    rest = (say("verify.more", count=more),) if more > 0 else ()
    return say("verify.findings", count=len(findings)), findings[:MOST_DETAILS] + rest


def demand_none(findings: Iterable[str]) -> None:
    """Refuse if there is any finding."""
    found = tuple(findings)
    if found:
        raise Refused(*found)


def demand_fields(value: object, *names: str) -> None:
    """Refuse a JSON object that has other fields than these: nothing unread may be in a record."""
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        raise Refused(say("verify.fields", names=", ".join(sorted(names))))


def same(one: object, other: object) -> bool:
    """Tell whether two JSON values are the same; Python takes ``true`` for 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def report_lines(report: Report) -> Iterator[str]:
    """Yield the report as plain lines: one per check, its details below, then what stays open."""
    for each in report.checks:
        yield say("verify.line", status=each.status.ljust(12), title=each.title, figure=each.figure)
        for text in each.detail:
            yield say("verify.detail", text=text)
    yield ""
    yield verdict_text(report)
    yield say("verify.limits")
    for text in report.limits:
        yield say("verify.limit", text=text)


def verdict_text(report: Report) -> str:
    """Return the verdict in words, with how many checks passed."""
    passed = sum(each.status == PASS for each in report.checks)
    return say(f"verify.verdict.{report.verdict}", passed=passed, all=len(report.checks))


def safe(text: str) -> str:
    """Return a text of the record as it may be shown: short, and nothing that steers a terminal."""
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
    return shown if len(shown) <= 60 else shown[:57] + "..."


# --- allocator.record.check_container ------------------------------------------------------
# The bytes of ``record.zip`` become its members, and the members the bytes: one form only.
#
# A record is a zip file with members sorted by name, dated 1980, stored without compression. Every
# byte of it follows from the members, so whoever packs them again must get the same file: nothing
# can hide before, between or behind them. Any program that opens zip files opens it.


FORMAT = 4
"""Version of the record's form; it changes when a member's form does."""

MANIFEST, SIGNATURE, TIMESTAMP = "manifest.json", "signature.json", "timestamp.tsr"
REDACTED = "redacted.json"
UNLISTED = (MANIFEST, REDACTED, SIGNATURE, TIMESTAMP)
"""What the manifest cannot list: itself, what is made from its bytes, and what came later."""

STANDALONE = "verify_record.py"
REQUIRED = (
    "applications.json",
    "attributes.json",
    "inputs.json",
    "lottery.json",
    "pool.json",
    "programme.json",
    "result.json",
    "round.json",
    "rules.json",
    "tables.json",
    "versions.json",
    STANDALONE,
)
OFFICE = "office.json"
OPTIONAL = (
    *("decisions.csv", "effects.json", "explanations.json", "fairness.json"),
    *(OFFICE, "proof.json"),
)
INPUTS = "inputs/"

MOST_BYTES = 1 << 30
MOST_NAME = 200
MOST_MEMBERS = 64
MOST_DEPTH = 200
MOST_SAFE = 2**53 - 1

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s4B4H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UNIX, _READABLE = 20, 3, 0o644 << 16
_DATE_1980 = (1 << 5) | 1
_UTF8 = 0x800


def packed(members: dict[str, bytes]) -> bytes:
    """Return the record's bytes for its members."""
    body, directory = [], []
    offset = 0
    for name, content in sorted(members.items()):
        written = name.encode("utf-8")
        flag = 0 if name.isascii() else _UTF8
        common = (flag, 0, 0, _DATE_1980, zlib.crc32(content), len(content), len(content))
        local = _LOCAL.pack(b"PK\x03\x04", _VERSION, *common, len(written), 0)
        body += [local, written, content]
        versions = (_VERSION, _UNIX, _VERSION, 0)
        rest = (len(written), 0, 0, 0, 0, _READABLE, offset)
        directory += [_CENTRAL.pack(b"PK\x01\x02", *versions, *common, *rest), written]
        offset += len(local) + len(written) + len(content)
    index = b"".join(directory)
    count = len(members)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(index), offset, 0)
    return b"".join(body) + index + end


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the members of a record.

    Raises
    ------
    Refused
        The bytes are not exactly what packing the members gives, a name could lead out of a
        folder, or there is too much.
    """
    if len(data) > MOST_BYTES:
        raise Refused(say("verify.container.large", most=MOST_BYTES >> 20))
    members: dict[str, bytes] = {}
    offset = 0
    while data[offset : offset + 4] == b"PK\x03\x04":
        name, content, offset = _member(data, offset)
        if name in members:
            raise Refused(say("verify.container.twice", name=safe(name)))
        members[name] = content
        if len(members) > MOST_MEMBERS:
            raise Refused(say("verify.container.many", most=MOST_MEMBERS))
    if not members or packed(members) != data:
        raise Refused(say("verify.container.form"))
    return members


def _member(data: bytes, offset: int) -> tuple[str, bytes, int]:
    """Return the name and content of the member at an offset, and where it ends."""
    try:
        header = _LOCAL.unpack_from(data, offset)
        start = offset + _LOCAL.size + header[9]
        name = data[offset + _LOCAL.size : start].decode("utf-8")
    except (struct.error, UnicodeDecodeError):
        raise Refused(say("verify.container.form")) from None
    if not is_plain_name(name.removeprefix(INPUTS)):
        raise Refused(say("verify.container.name", name=safe(name)))
    return name, data[start : start + header[8]], start + header[8]


def is_plain_name(name: str) -> bool:
    """Tell whether a name is that of a file and no path, on any system."""
    forbidden = '/\\:*?"<>|'
    return (
        0 < len(name) <= MOST_NAME
        and name.isprintable()
        and name.strip(". ") == name
        and not any(sign in forbidden for sign in name)
    )


class Opened:
    """A record whose form is sound; its JSON members are read when they are first asked for."""

    def __init__(self, data: bytes):
        self.members = unpacked(data)
        self._read: dict[str, Any] = {}

    def plain(self, name: str) -> Any:
        """Return the content of a JSON member.

        Raises
        ------
        Refused
            It is missing, or not written in the one canonical way.
        """
        if name not in self._read:
            if name not in self.members:
                raise Refused(say("verify.members.missing", name=name))
            self._read[name] = read_canonical(name, self.members[name])
        return self._read[name]

    def manifest_digest(self) -> str:
        """Return the SHA-256 of the manifest, by which the next record names this one."""
        return hashlib.sha256(self.members.get(MANIFEST, b"")).hexdigest()


def read_canonical(name: str, content: bytes) -> Any:
    """Read JSON that is written in the canonical form of RFC 8785 and holds no fractions."""
    try:
        text = content.decode("utf-8")
        value = json.loads(text, parse_float=_no, parse_constant=_no, parse_int=_safe_int)
        _demand_shallow(value)
        same = _canonical(value, plane_zero=max(content, default=0) < 0xF0) == content
    except (ValueError, RecursionError):
        raise Refused(say("verify.members.json", name=safe(name))) from None
    if not same:
        raise Refused(say("verify.members.canonical", name=safe(name)))
    return value


def _no(text: str) -> None:
    raise ValueError(text)


def _safe_int(text: str) -> int:
    """Read a whole number that every reader keeps exact; larger ones are written as text."""
    if len(text) > 17 or abs(int(text)) > MOST_SAFE:
        raise ValueError(text)
    return int(text)


def _demand_shallow(value: Any) -> None:
    """Refuse JSON nested so deep that reading it could exhaust the program."""
    level, depth = _nested([value]), 0
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise ValueError("deep")
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [part for parts in inner for part in _nested(parts)]


def _nested(values: Iterable[Any]) -> list[Any]:
    return [each for each in values if isinstance(each, dict | list)]


def _canonical(value: Any, plane_zero: bool) -> bytes:
    """Return plain JSON values in canonical form, keys in the order of their UTF-16 code units.

    Without characters beyond the first plane that is the order of their code points.
    """
    ordered = value if plane_zero else _ordered(value)
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), sort_keys=plane_zero)
    return text.encode("utf-8")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda each: each.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key]) for key in keys}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


def look_at_members(record: Opened) -> str:
    """Check the manifest: every member is listed with its SHA-256, none is missing or unknown."""
    manifest = record.plain(MANIFEST)
    demand_fields(manifest, "format", "members", "previous")
    listed = manifest["members"]
    if manifest["format"] != FORMAT:
        raise Refused(say("verify.members.format", format=safe(str(manifest["format"]))))
    present = [name for name in record.members if name not in UNLISTED]
    demand_none(
        [
            *_named("missing", sorted({*listed, *REQUIRED} - set(present))),
            *_named("unlisted", [name for name in present if name not in listed]),
            *_named("unknown", [name for name in present if not _known(name)]),
            *_named("changed", _changed(record, present, listed)),
        ]
    )
    for name in present:
        if name.endswith(".json") and not name.startswith(INPUTS):
            record.plain(name)
    _look_at_inputs(record)
    if withheld(record):
        names = ", ".join(safe(name) for name in withheld(record))
        raise Unchecked(say("verify.members.withheld", names=names))
    return say("verify.members.figure", count=len(present), digest=record.manifest_digest()[:16])


def withheld(record: Opened) -> tuple[str, ...]:
    """Return the members that are no longer what was signed: a person was erased from them."""
    if REDACTED not in record.members:
        return ()
    names = record.plain(REDACTED)
    listed = isinstance(names, list) and all(type(each) is str for each in names)
    if not listed or not names or names != sorted({*names} & {*record.members}):
        raise Refused(say("verify.members.redaction"))
    return tuple(names)


def _changed(record: Opened, present: list[str], listed: Any) -> list[str]:
    gone = withheld(record)
    return [n for n in present if n in listed and n not in gone and not _same(record, n)]


def _look_at_inputs(record: Opened) -> None:
    """Check that the input files are those that ``inputs.json`` tells of."""
    told = [each["member"] for each in record.plain("inputs.json")]
    found = [name for name in record.members if name.startswith(INPUTS)]
    if sorted(told) != sorted(found):
        raise Refused(say("verify.members.inputs"))


def _named(problem: str, names: Iterable[str]) -> list[str]:
    return [say(f"verify.members.{problem}", name=safe(name)) for name in names]


def _known(name: str) -> bool:
    return name in REQUIRED or name in OPTIONAL or name.startswith(INPUTS)


def _same(record: Opened, name: str) -> bool:
    digest = hashlib.sha256(record.members[name]).hexdigest()
    return bool(record.plain(MANIFEST)["members"][name] == digest)


def look_at_previous(record: Opened, previous: Opened | None) -> str:
    """Check the link to the previous record of the same round."""
    link = record.plain(MANIFEST)["previous"]
    if previous is None:
        if link is None:
            return say("verify.previous.first")
        raise Unchecked(say("verify.previous.named", digest=safe(str(link))[:16]))
    if link is None:
        raise Refused(say("verify.previous.none"))
    if link != previous.manifest_digest():
        raise Refused(say("verify.previous.other", digest=previous.manifest_digest()[:16]))
    _demand_whole(previous)
    if previous.plain("round.json")["id"] != record.plain("round.json")["id"]:
        raise Refused(say("verify.previous.round"))
    return say("verify.previous.same", digest=link[:16])


def _demand_whole(previous: Opened) -> None:
    """Refuse a previous record whose members are not those that its manifest lists.

    The link names its manifest only. One from which a person was erased is still the one it was.
    """
    try:
        look_at_members(previous)
    except Refused as error:
        raise Refused(say("verify.previous.members", reason=error.args[0])) from None
    except Unchecked:
        return


def look_at_office(record: Opened) -> str:
    """Read where the office's log stood when the run began: a later store must hold that entry."""
    head = record.plain(OFFICE)
    demand_fields(head, "hash", "seq")
    number, digest = head["seq"], str(head["hash"])
    if type(number) is not int or number < 1 or not re.fullmatch("[0-9a-f]{64}", digest):
        raise Refused(say("verify.office.form"))
    return say("verify.office.figure", seq=number, digest=digest[:16])


# --- allocator.record.check_signature ------------------------------------------------------
# The signature of a record (Ed25519, RFC 8032) and its time stamp (RFC 3161), checked offline.
#
# The signature is checked in plain integers, after section 6 of the RFC, so that nobody needs to
# install anything. The time stamp is checked by openssl, where there is one.


P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
"""A square root of -1."""
PEM_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its PEM form (RFC 8410)."""


def look_at_signature(record: Opened, key: bytes | None) -> str:
    """Check the signature over the manifest's bytes, by the key given if one is.

    Parameters
    ----------
    record : Opened
        The record.
    key : bytes, optional
        The public key one trusts, 32 bytes.
    """
    if SIGNATURE not in record.members:
        if key is not None:
            raise Refused(say("verify.signature.wanted"))
        raise Unchecked(say("verify.signature.none"))
    signed = record.plain(SIGNATURE)
    try:
        fields = ["algorithm", "public_key", "signature"]
        if sorted(signed) != fields or signed["algorithm"] != "Ed25519":
            raise ValueError
        own = bytes.fromhex(signed["public_key"])
        signature = bytes.fromhex(signed["signature"])
    except (ValueError, TypeError):
        raise Refused(say("verify.signature.form")) from None
    if not is_signed(own, record.members[MANIFEST], signature):
        raise Refused(say("verify.signature.wrong"))
    if key is None:
        return say("verify.signature.own", signer=own.hex())
    if key != own:
        raise Refused(say("verify.signature.other-key", signer=own.hex()))
    return say("verify.signature.given", signer=own.hex())


def read_key(content: bytes) -> bytes:
    """Return a public key from PEM or 64 hexadecimal digits.

    Raises
    ------
    ValueError
        It is neither.
    """
    text = content.decode("ascii").strip()
    try:
        if text.startswith("-----BEGIN PUBLIC KEY-----"):
            der = base64.b64decode("".join(text.splitlines()[1:-1]), validate=True)
            key = der.removeprefix(PEM_PREFIX)
        else:
            key = bytes.fromhex(text)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise ValueError(say("verify.signature.key"))
    return key


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature is one of the message by the key (RFC 8032, section 5.1.7)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    signer, commitment = _point(key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if signer is None or commitment is None or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    left = _times(scalar, _BASE)
    right = _plus(commitment, _times(challenge, signer))
    return _equal(left, right)


def _plus(a: Point, b: Point) -> Point:
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    cross, depth = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = right - left, depth - cross, depth + cross, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        scalar >>= 1
    return total


def _equal(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def _point(written: bytes) -> Point | None:
    """Return the point that 32 bytes encode, ``None`` if they encode none."""
    y = int.from_bytes(written, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


_BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
    1,
    46827403850823179245072216630277197565144205554125654976674165829533817101731,
)


def look_at_timestamp(record: Opened, authority: Path | None) -> str:
    """Check the time stamp of the manifest against an authority's certificates (PEM)."""
    if TIMESTAMP not in record.members:
        if authority is not None:
            raise Refused(say("verify.timestamp.wanted"))
        raise Unchecked(say("verify.timestamp.none"))
    openssl = shutil.which("openssl")
    if authority is None:
        raise Unchecked(say("verify.timestamp.no-ca"))
    if openssl is None:
        raise Unchecked(say("verify.timestamp.no-openssl"))
    with tempfile.TemporaryDirectory() as folder:
        token, manifest = Path(folder, "token"), Path(folder, "manifest")
        token.write_bytes(record.members[TIMESTAMP])
        manifest.write_bytes(record.members[MANIFEST])
        about = ["-data", str(manifest), "-CAfile", str(authority)]
        asked = [openssl, "ts", "-verify", "-in", str(token), *about]
        told = [openssl, "ts", "-reply", "-in", str(token), "-text"]
        verified = subprocess.run(asked, capture_output=True, check=False, timeout=30)
        reply = subprocess.run(told, capture_output=True, check=False, timeout=30)
    if verified.returncode != 0:
        raise Refused(say("verify.timestamp.wrong"))
    lines = reply.stdout.decode("ascii", "replace").splitlines()
    time = next((each for each in lines if each.startswith("Time stamp: ")), "Time stamp: ?")
    return say("verify.timestamp.figure", time=safe(time.removeprefix("Time stamp: ")))


# --- allocator.record.check_book -----------------------------------------------------------
# Round, policy and pool of a record, read from plain JSON, answer what the rules ask about them.
#
# Who is in a group, what a package counts, which funds may pay, which share a balance factor aims at.
# Written from ``docs/method.md``, apart from the code that decides.


PACKAGES = ("full", "ticket", "dsa")
GENEVA = ("geneva", "geneve", "genf", "ginebra")
FINEST = 1000
"""A proportional target with a larger denominator is taken down to the thousandth."""


def number(value: object) -> int:
    """Return a whole number; beyond 2^53, and only there, it is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("not a whole number")
    whole_number = int(value)
    if isinstance(value, str) and (abs(whole_number) <= MOST_SAFE or str(whole_number) != value):
        raise ValueError("not written as records write it")
    return whole_number


def ratio(text: str) -> Fraction:
    """Return a fraction written ``n/d``."""
    numerator, denominator = text.split("/")
    return Fraction(int(numerator), int(denominator))


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Return a value as it is compared: no case, accents or punctuation."""
    return fold(text) or text


class Aim:
    """A balance factor with its group and target share settled on the pool.

    ``step`` divides all that awards can count of its measure: the programme counts in such steps.
    """

    def __init__(
        self, clause: str, factor: dict[str, Any], group: Group, share: Fraction, step: int
    ):
        self.clause, self.factor, self.group, self.share = clause, factor, group, share
        self.step = step
        self.known_by: str = factor["known_by"] or factor["each"]
        self.measure: str = factor["measure"]

    @property
    def price(self) -> Fraction:
        """Return what 1/den of the measure short costs, in thousandths of a point."""
        unit = {"awards": 1, "half_units": 2, "money": number(self.factor["money_unit"])}
        return Fraction(number(self.factor["weight"]), self.share.denominator * unit[self.measure])


class Book:
    """What a record says of its round, policy and candidates."""

    def __init__(self, record: Opened):
        self.round: dict[str, Any] = record.plain("round.json")
        self.rules: dict[str, Any] = record.plain("rules.json")
        self.candidates: list[dict[str, Any]] = record.plain("pool.json")["candidates"]
        self.ineligible: list[dict[str, Any]] = record.plain("pool.json")["ineligible"]
        self._names: dict[str, str] = record.plain("attributes.json")
        self.meetings = {each["id"]: each for each in self.round["meetings"]}
        self.funds: list[dict[str, Any]] = self.round["funds"]
        self.sharing: bool = self.rules["share_between_funds"]
        self.by_id = {each["application"]["application_id"]: each for each in self.candidates}
        self.costs = {
            application: {cost["package"]: number(cost["amount"]) for cost in each["costs"]}
            for application, each in self.by_id.items()
        }
        self._known: dict[str, dict[str, list[str]]] = {
            application: dict(each["attributes"]) for application, each in self.by_id.items()
        }
        self.payers = self._payers()
        self.aims = list(self._aims())

    def place(self, application: str) -> tuple[str, str]:
        """Return the Member State and the meeting of an application."""
        about = self.by_id[application]["application"]
        return about["administration"], about["meeting"]

    def person(self, application: str) -> str:
        """Return the person's id."""
        return str(self.by_id[application]["application"]["person_id"])

    def values(self, application: str, attribute: str) -> list[str]:
        """Return the values of an attribute; none where it is not known."""
        return self._known[application].get(self.meant(attribute), [])

    def meant(self, written: str) -> str:
        """Return the attribute that a word of a policy or a fund means."""
        return self._names.get(written, written)

    def group(self, selector: dict[str, Any]) -> Group:
        """Return a selector's conditions as they are compared."""
        return [
            (self.meant(name), frozenset(folded(value) for value in wanted))
            for name, wanted in selector["conditions"]
        ]

    def inside(self, group: Group, application: str, package: str = "") -> bool:
        """Tell whether an award of a package is in a group; what is not known is outside."""
        return all(
            any(folded(value) in wanted for value in self._compared(application, name, package))
            for name, wanted in group
        )

    def _compared(self, application: str, attribute: str, package: str) -> list[str]:
        if attribute == "package":
            return [package] if package else []
        found = self._known[application].get(attribute, [])
        if attribute == "country_group" and found:
            return [*found, *self.values(application, "region")]
        return found

    def coverage(self, package: str) -> Fraction:
        """Return the part of a full award's merit that a package carries."""
        return ratio(self.rules[f"coverage_{package}"])

    def merit(self, application: str) -> int:
        """Return an application's merit in thousandths of a point."""
        return number(self.by_id[application]["merit"])

    def has_pair_rule(self, meeting: str) -> bool:
        """Tell whether of two partial awards at this meeting one must be the ticket."""
        scope = self.rules["ticket_in_pair"]
        city = fold(self.meetings[meeting]["city"])
        return scope == "all" or (scope == "geneva" and city in GENEVA)

    def _payers(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return, by application and package, the funds that may pay."""
        funds = [(fund["id"], self.group(fund["only"])) for fund in self.funds]
        return {
            (application, package): tuple(
                fund for fund, only in funds if self.inside(only, application, package)
            )
            for application, costs in self.costs.items()
            for package in costs
        }

    def fund_order(self) -> list[str]:
        """Return the funds, first the one that may pay the fewest requests, equal ones by id."""
        reach = {fund["id"]: 0 for fund in self.funds}
        for funds in self.payers.values():
            for fund in funds:
                reach[fund] += 1
        return sorted(reach, key=lambda each: (reach[each], each))

    def _aims(self) -> Iterable[Aim]:
        amounts = [amount for costs in self.costs.values() for amount in costs.values()]
        for factor in self.rules["balance"]:
            step = gcd(*amounts) if factor["measure"] == "money" else 1
            if number(factor["weight"]) <= 0:
                continue
            for clause, group in self._groups(factor):
                known_by = factor["known_by"] or factor["each"]
                target = factor["target"]
                share = ratio(target) if target else self._proportion(group, known_by)
                if share > 0:
                    yield Aim(clause, factor, group, share, step or 1)

    def _groups(self, factor: dict[str, Any]) -> list[tuple[str, Group]]:
        """Return the groups a factor is about: its own, or one for each value of an attribute."""
        attribute = factor["each"]
        if not attribute:
            return [(factor["id"], self.group(factor["group"]))]
        values = sorted({v for each in self.by_id for v in self.values(each, attribute)})
        return [
            (f"{factor['id']}:{value}", self.group({"conditions": [[attribute, [value]]]}))
            for value in values
        ]

    def _proportion(self, group: Group, known_by: str) -> Fraction:
        """Return the group's part of the candidates of whom it is known."""
        known = [each for each in self.by_id if self.values(each, known_by)]
        if not known:
            return Fraction(0)
        part = Fraction(sum(self.inside(group, each) for each in known), len(known))
        if part.denominator <= FINEST:
            return part
        return Fraction(int(FINEST * part), FINEST)


def counted(measure: str, package: str, amount: int) -> int:
    """Return what an award counts: itself, its half-units, or its money in minor units."""
    if measure == "money":
        return amount
    return 2 if measure == "half_units" and package == "full" else 1


def units(limit: dict[str, Any], package: str) -> int:
    """Return the units that a package takes of a limit."""
    return number(limit[package])


def unions(sets: Iterable[tuple[str, ...]]) -> list[frozenset[str]]:
    """Return every union of sets that hang together, the small ones first."""
    base = sorted({frozenset(each) for each in sets if each}, key=sorted)
    found, fresh = set(base), set(base)
    while fresh:
        fresh = {a | b for a in fresh for b in base if a & b} - found
        found |= fresh
        if len(found) > 4096:
            raise ValueError("funds overlap in too many ways")
    return sorted(found, key=lambda each: (len(each), sorted(each)))


# --- allocator.record.check_programme ------------------------------------------------------
# The programme is written once more, from round, policy and pool, and must be the one recorded.
#
# Read it beside ``docs/method.md`` (the programme): each function writes the rows of one rule. It
# shares no code with the one that wrote the programme for the solver.


def look_at_programme(record: Opened) -> str:
    """Check that rows and columns are those that round, policy and pool ask for."""
    recorded = record.plain("programme.json")
    written = Writer(Book(record)).programme()
    for part in ("columns", "rows"):
        pairs = zip(recorded[part], written[part])  # noqa: B905 - lengths are compared below
        other = next((mine["name"] for theirs, mine in pairs if theirs != mine), None)
        if other is not None:
            raise Refused(say(f"verify.programme.{part}", name=safe(other)))
    if not same(recorded, written):
        raise Refused(say("verify.programme.size"))
    return say(
        "verify.programme.figure", columns=len(written["columns"]), rows=len(written["rows"])
    )


class Writer:
    """Writes the programme of a book; columns and rows grow rule by rule."""

    def __init__(self, book: Book):
        self.book = book
        self.rules = book.rules
        self.columns: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        coverages = [book.coverage(package) for package in PACKAGES]
        denominators = [
            each.denominator for each in (*coverages, *(a.price * a.step for a in book.aims))
        ]
        self.scale = lcm(*denominators)

    def programme(self) -> dict[str, Any]:
        """Return columns, rows and scale in the order of the method."""
        offers = self._offers()
        self._member_states(offers)
        self._persons(offers)
        self._budgets(offers)
        self._funds(offers)
        for bound in (*self.rules["floors"], *self.rules["caps"]):
            self._bound(offers, bound)
        for aim in self.book.aims:
            self._balance(offers, aim)
        return {"columns": self.columns, "rows": self.rows, "scale": self.scale}

    def column(self, name: str, gain: int, most: int, **award: str) -> int:
        """Add a column; return its position."""
        about = {"application": "", "fund": "", "package": None, **award}
        self.columns.append(
            {"name": name, "objective": as_written(gain), "upper": as_written(most), **about}
        )
        return len(self.columns) - 1

    def row(self, name: str, terms: Iterable[tuple[int, int]], sense: str, bound: int) -> None:
        """Add a row in its lowest terms; one that always holds is left out."""
        sums: dict[int, int] = {}
        for column, factor in terms:
            sums[column] = sums.get(column, 0) + factor
        kept = sorted((column, factor) for column, factor in sums.items() if factor)
        holds = bound >= 0 if sense == "<=" else bound <= 0
        if not kept and holds:
            return
        divisor = gcd(*(factor for _, factor in kept)) or 1
        lowest = bound // divisor if sense == "<=" else -(-bound // divisor)
        self.rows.append(
            {
                "name": name,
                "columns": [column for column, _ in kept],
                "coefficients": [as_written(factor // divisor) for _, factor in kept],
                "sense": sense,
                "bound": as_written(lowest),
            }
        )

    def _offers(self) -> list[Offer]:
        """Write a column per application and package, per fund too where one must pay alone."""
        book, offers = self.book, []
        for application, costs in book.costs.items():
            for package, cost in costs.items():
                gain = int(book.coverage(package) * book.merit(application) * self.scale)
                payers = book.payers[application, package]
                alone = payers and not book.sharing
                for funds in [(fund,) for fund in payers] if alone else [payers]:
                    fund = funds[0] if alone else ""
                    label = f"{application},{fund}" if alone else application
                    name = f"{package}[{label}]"
                    about = {"application": application, "package": package, "fund": fund}
                    position = self.column(name, gain, 1, **about)
                    offers.append((position, application, package, cost, funds))
        return offers

    def _member_states(self, offers: list[Offer]) -> None:
        for (state, meeting), own in grouped(offers, self.book.place).items():
            label = f"{state},{meeting}"
            fulls, partials = which(own, "full"), which(own, "ticket", "dsa")
            dsas = which(own, "dsa")
            paired = self.book.has_pair_rule(meeting) and len(dsas) > 1
            applications = grouped(own, str)
            quota = self.rules["quota"]
            if is_usual(quota) and len(applications) > 1 and fulls and partials:
                full = self.column(f"state_full[{label}]", 0, 1)
                self.row(f"state_full[{label}]", [*ones(fulls), (full, -1)], "<=", 0)
                self.row(f"quota[{label}]", [*ones(partials), (full, 2)], "<=", 2)
                for application, mine in applications.items():
                    self._one(application, [*ones(which(mine, "ticket", "dsa")), (full, 1)])
                if paired:
                    self.row(f"ticket_in_pair[{label}]", [*ones(dsas), (full, 1)], "<=", 1)
                continue
            for application, mine in applications.items():
                self._one(application, ones(which(mine, *PACKAGES)))
            if quota is not None:
                self._units(f"quota[{label}]", own, quota, number(quota["at_most"]))
            if paired:
                self.row(f"ticket_in_pair[{label}]", ones(dsas), "<=", 1)

    def _one(self, application: str, terms: list[tuple[int, int]]) -> None:
        if len(terms) > 1:
            self.row(f"one[{application}]", terms, "<=", 1)

    def _units(self, name: str, offers: list[Offer], limit: dict[str, Any], left: int) -> None:
        terms = [(offer[0], units(limit, offer[2])) for offer in offers]
        if sum(each for _, each in terms) > left:
            self.row(name, terms, "<=", max(left, 0))

    def _persons(self, offers: list[Offer]) -> None:
        for person, own in grouped(offers, self.book.person).items():
            meetings = grouped(own, lambda application: self.book.place(application)[1])
            applications = grouped(own, str)
            if len(applications) > len(meetings):
                for meeting, there in meetings.items():
                    name = f"person_meeting[{person},{meeting}]"
                    self.row(name, ones(which(there, *PACKAGES)), "<=", 1)
            if self.rules["person_year"] is not None:
                self._person_year(person, own, applications)

    def _person_year(self, person: str, own: list[Offer], parts: dict[str, list[Offer]]) -> None:
        limit = self.rules["person_year"]
        first = next(iter(parts))
        left = number(limit["at_most"]) - number(self.book.by_id[first]["used_half_units"])
        fulls, partials = which(own, "full"), which(own, "ticket", "dsa")
        if not (is_usual(limit) and left == 2 and len(parts) > 1 and fulls and partials):
            self._units(f"person_year[{person}]", own, limit, left)
            return
        full = self.column(f"person_full[{person}]", 0, 1)
        self.row(f"person_full[{person}]", [*ones(fulls), (full, -1)], "<=", 0)
        self.row(f"person_year[{person}]", [*ones(partials), (full, 2)], "<=", 2)
        for application, mine in parts.items():
            terms = ones(which(mine, "ticket", "dsa"))
            if terms:
                self.row(f"person_one[{application}]", [*terms, (full, 1)], "<=", 1)

    def _budgets(self, offers: list[Offer]) -> None:
        spent = grouped(offers, lambda application: self.book.place(application)[1])
        for name, meeting in self.book.meetings.items():
            if meeting["budget"] is not None:
                terms = [(offer[0], offer[3]) for offer in spent.get(name, [])]
                self.row(f"budget[{name}]", terms, "<=", number(meeting["budget"]))

    def _funds(self, offers: list[Offer]) -> None:
        money = {fund["id"]: number(fund["amount"]) for fund in self.book.funds}
        if not money:
            return
        self.row("fund[none]", [(offer[0], 1) for offer in offers if not offer[4]], "<=", 0)
        sets = [frozenset([fund]) for fund in money]
        if self.book.sharing:
            sets = unions(offer[4] for offer in offers)
        for some in sets:
            terms = [(o[0], o[3]) for o in offers if o[4] and some.issuperset(o[4])]
            name = "+".join(fund for fund in money if fund in some)
            self.row(f"fund[{name}]", terms, "<=", sum(money[fund] for fund in some))

    def _bound(self, offers: list[Offer], bound: dict[str, Any]) -> None:
        whole, group = self.book.group(bound["of"]), self.book.group(bound["group"])
        floor = bound["at_least"] is not None
        level = ratio(bound["at_least"] if floor else bound["at_most"])
        terms = []
        for column, application, package, cost, _ in offers:
            if self.book.inside(whole, application, package):
                inside = int(self.book.inside(group, application, package))
                if bound["share"]:
                    inside = level.denominator * inside - level.numerator
                terms.append((column, inside * counted(bound["measure"], package, cost)))
        target = Fraction(0) if bound["share"] else level
        if floor:
            self.row(f"floor[{bound['id']}]", terms, ">=", -(-target // 1))
        else:
            self.row(f"cap[{bound['id']}]", terms, "<=", target // 1)

    def _balance(self, offers: list[Offer], aim: Aim) -> None:
        """Write the shortfall; its upper bound is what the Member States could all take of it."""
        terms, most = [], []
        for own in grouped(offers, self.book.place).values():
            losses = []
            for application, mine in grouped(own, str).items():
                if not self.book.values(application, aim.known_by):
                    continue
                inside = self.book.inside(aim.group, application)
                factor = aim.share.denominator * inside - aim.share.numerator
                counts = [
                    (o[0], factor * counted(aim.measure, o[2], o[3]) // aim.step) for o in mine
                ]
                terms += counts
                losses.append(max(0, *(-count for _, count in counts)))
            most.append(sum(sorted(losses)[-self._most_awards() :]))
        short = self.column(
            f"short[{aim.clause}]", -int(aim.price * aim.step * self.scale), sum(most)
        )
        self.row(f"balance[{aim.clause}]", [*terms, (short, 1)], ">=", 0)

    def _most_awards(self) -> int:
        """Return how many awards a Member State can hold at a meeting; 0 stands for no limit."""
        quota = self.rules["quota"]
        least = min(units(quota, package) for package in PACKAGES) if quota else 0
        return number(quota["at_most"]) // least if least > 0 else 0


def as_written(value: int) -> int | str:
    """Return a whole number as records write it."""
    return value if abs(value) <= MOST_SAFE else str(value)


def which(offers: list[Offer], *packages: str) -> list[int]:
    """Return the columns of offers of these packages."""
    return [offer[0] for offer in offers if offer[2] in packages]


def ones(columns: Iterable[int]) -> list[tuple[int, int]]:
    """Return terms that count each column once."""
    return [(column, 1) for column in columns]


def is_usual(limit: dict[str, Any] | None) -> bool:
    """Tell whether a limit reads "one full or two partial", which is written more tightly."""
    return limit is not None and [
        number(limit[each]) for each in ("full", "ticket", "dsa", "at_most")
    ] == [2, 1, 1, 2]


def grouped(offers: list[Offer], by: Any) -> dict[Any, list[Offer]]:
    """Return the offers by what ``by`` says of their application, in order of appearance."""
    found: dict[Any, list[Offer]] = {}
    for offer in offers:
        found.setdefault(by(offer[1]), []).append(offer)
    return found


# --- allocator.record.check_rules ----------------------------------------------------------
# The awards are held against every rule, straight from the tables, without the programme.
#
# Money to the centime, the quota of each Member State, the pair rule, the year's limit of each
# person, one award per person and meeting, floors and caps; and which fund pays what.


def awards_of(record: Opened) -> list[Award]:
    """Return the awards of a record."""
    return [
        (each["application_id"], each["package"], number(each["amount"]))
        for each in record.plain("result.json")["awards"]
    ]


def look_at_rules(record: Opened) -> str:
    """Check every award and every rule."""
    book, awards = Book(record), awards_of(record)
    if awards != sorted(awards):
        raise Refused(say("verify.rules.order"))
    demand_none(not_offered(book, awards))
    demand_none(broken_rules(book, awards))
    spent = sum(amount for _, _, amount in awards)
    currency = book.round["currency"]
    return say(
        "verify.rules.figure", awards=len(awards), spent=cents(spent), currency=safe(currency)
    )


def broken_rules(book: Book, awards: list[Award]) -> list[str]:
    """Return every rule but those of the funds that awards break, in words."""
    return [
        *_budgets(book, awards),
        *_member_states(book, awards),
        *_persons(book, awards),
        *_bounds(book, awards),
    ]


def cents(amount: int) -> str:
    """Return minor units with two decimals."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // 100}.{amount % 100:02d}"


def not_offered(book: Book, awards: list[Award]) -> Iterator[str]:
    """Yield awards to nobody on the list, twice to one, of another package or at another price."""
    seen: set[str] = set()
    for application, package, amount in awards:
        if application in seen:
            yield say("verify.rules.twice", application=safe(application))
        seen.add(application)
        if package not in book.costs.get(application, {}):
            yield say("verify.rules.package", application=safe(application), package=safe(package))
        elif book.costs[application][package] != amount:
            yield say("verify.rules.amount", application=safe(application), amount=cents(amount))


def _budgets(book: Book, awards: list[Award]) -> Iterator[str]:
    spent: dict[str, int] = defaultdict(int)
    for application, _, amount in awards:
        spent[book.place(application)[1]] += amount
    for name, meeting in book.meetings.items():
        if meeting["budget"] is not None and spent[name] > number(meeting["budget"]):
            over = cents(spent[name] - number(meeting["budget"]))
            yield say("verify.rules.budget", meeting=safe(name), over=over)


def _member_states(book: Book, awards: list[Award]) -> Iterator[str]:
    held: dict[tuple[str, str], list[str]] = defaultdict(list)
    for application, package, _ in awards:
        held[book.place(application)].append(package)
    quota = book.rules["quota"]
    for (state, meeting), packages in held.items():
        place = {"state": safe(state), "meeting": safe(meeting)}
        if quota and _over(quota, packages, 0):
            yield say("verify.rules.quota", **place)
        if book.has_pair_rule(meeting) and packages.count("dsa") > 1:
            yield say("verify.rules.pair", **place)


def _over(limit: dict[str, Any], packages: list[str], used: int) -> bool:
    """Tell whether awards take more than is left; what takes nothing is possible even so."""
    left = max(number(limit["at_most"]) - used, 0)
    return sum(units(limit, each) for each in packages) > left


def _persons(book: Book, awards: list[Award]) -> Iterator[str]:
    """Yield persons over a limit, named by their applications."""
    held: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for application, package, _ in awards:
        held[book.person(application)].append((application, package))
    year = book.rules["person_year"]
    for own in held.values():
        names = safe(", ".join(application for application, _ in own))
        meetings = [book.place(application)[1] for application, _ in own]
        if len(meetings) > len(dict.fromkeys(meetings)):
            yield say("verify.rules.once", applications=names)
        used = number(book.by_id[own[0][0]]["used_half_units"])
        if year and _over(year, [package for _, package in own], used):
            yield say("verify.rules.year", applications=names)


def _bounds(book: Book, awards: list[Award]) -> Iterator[str]:
    for bound in (*book.rules["floors"], *book.rules["caps"]):
        whole, group = book.group(bound["of"]), book.group(bound["group"])
        total = inside = 0
        for application, package, amount in awards:
            if book.inside(whole, application, package):
                count = counted(bound["measure"], package, amount)
                total += count
                inside += count * book.inside(group, application, package)
        of = total if bound["share"] else 1
        least, most = bound["at_least"], bound["at_most"]
        if least is not None and inside < ratio(least) * of:
            yield say("verify.rules.floor", bound=safe(bound["id"]))
        if most is not None and inside > ratio(most) * of:
            yield say("verify.rules.cap", bound=safe(bound["id"]))


def look_at_payments(record: Opened) -> str:
    """Check who pays: funds within their amounts and purposes, shared out as the method says."""
    book = Book(record)
    for each in record.plain("result.json")["awards"]:
        demand_fields(each, "amount", "application_id", "package", "shares")
    shares: dict[str, list[tuple[str, int]]] = {
        each["application_id"]: [(fund, number(part)) for fund, part in each["shares"]]
        for each in record.plain("result.json")["awards"]
    }
    awards = awards_of(record)
    demand_none(broken_payments(book, awards, shares))
    expected = divided(book, _grants(record, book, awards))
    demand_none(
        say("verify.payments.divided", application=safe(application))
        for application, parts in shares.items()
        if parts != expected[application]
    )
    paid = sum(part for parts in shares.values() for _, part in parts)
    return say("verify.payments.figure", funds=len(book.funds), paid=cents(paid))


def broken_payments(
    book: Book, awards: list[Award], shares: dict[str, list[tuple[str, int]]]
) -> list[str]:
    """Return what is wrong with who pays what: amounts, purposes and what each fund has."""
    return [*_wrong_shares(book, awards, shares), *_overdrawn(book, shares)]


def _wrong_shares(
    book: Book, awards: list[Award], shares: dict[str, list[tuple[str, int]]]
) -> Iterator[str]:
    for application, package, amount in awards:
        parts = shares[application]
        name = safe(application)
        if book.funds and sum(part for _, part in parts) != amount:
            yield say("verify.payments.sum", application=name)
        if any(part < 0 for _, part in parts) or (not book.funds and parts):
            yield say("verify.payments.part", application=name)
        if any(fund not in book.payers[application, package] for fund, _ in parts):
            yield say("verify.payments.purpose", application=name)
        if len(parts) > 1 and not book.sharing:
            yield say("verify.payments.shared", application=name)


def _overdrawn(book: Book, shares: dict[str, list[tuple[str, int]]]) -> Iterator[str]:
    spent: dict[str, int] = defaultdict(int)
    for parts in shares.values():
        for fund, part in parts:
            spent[fund] += part
    for each in book.funds:
        over = spent[each["id"]] - number(each["amount"])
        if over > 0:
            yield say("verify.payments.overdrawn", fund=safe(each["id"]), over=cents(over))


def _grants(record: Opened, book: Book, awards: list[Award]) -> list[Grant]:
    """Return the awards with the funds that may pay: one, chosen in the solution, or several."""
    if book.sharing:
        return [(a, amount, book.payers[a, package]) for a, package, amount in awards]
    values = record.plain("result.json")["values"]
    chosen = {
        column["application"]: column["fund"]
        for column, value in zip(record.plain("programme.json")["columns"], values, strict=True)
        if value and column["application"]
    }
    return [(a, amount, (chosen[a],) if chosen[a] else ()) for a, _, amount in awards]


def divided(book: Book, grants: list[Grant]) -> dict[str, list[tuple[str, int]]]:
    """Divide awards over funds: by id, each from the most narrowly earmarked fund that may pay it.

    A fund gives as much as leaves every other award payable (Hall's condition over sets of funds).
    """
    money = {fund["id"]: number(fund["amount"]) for fund in book.funds}
    sets = unions(funds for _, _, funds in grants)
    spare = {
        some: sum(money[fund] for fund in some)
        - sum(cost for _, cost, funds in grants if some.issuperset(funds))
        for some in sets
    }
    order = book.fund_order()
    paid: dict[str, list[tuple[str, int]]] = {}
    for application, cost, funds in sorted(grants):
        parts: list[tuple[str, int]] = []
        for fund in [each for each in order if each in funds]:
            others = [some for some in sets if fund in some and not some.issuperset(funds)]
            part = min([cost, money[fund], *(spare[some] for some in others)])
            if part > 0:
                parts.append((fund, part))
                cost -= part
                money[fund] -= part
                for some in others:
                    spare[some] -= part
        first = [(fund, 0) for fund in order if fund in funds][:1]
        paid[application] = parts or first
    return paid


# --- allocator.record.check_proof ----------------------------------------------------------
# The checker of a proof: no allocation is better, and the lottery selects this one of the best.
#
# It uses whole numbers and the standard library only and imports nothing of this package, so that
# it can stand in a file of its own. ``docs/method.md`` (the proof) says why each step holds.


MOST_CHOICES = 4096
"""The most sets of awards that the rows about one block alone may allow."""

MOST_PARTS, MOST_BOUNDS = 100_000, 4
"""The most parts, and multipliers of one: whoever makes a proof stops at half of it, and brings at
most three. Without a limit a small forged record could keep a verifier busy for days."""


class ProofError(Exception):
    """The proof does not show what it claims; the message says where it fails."""


def require(holds: object, complaint: str) -> None:
    """Refuse the proof unless the condition holds."""
    if not holds:
        raise ProofError(complaint)


def whole(value: object) -> int:
    """Read a whole number; beyond 2^53 it is written as text."""
    text = isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit()
    require(text or type(value) is int, "a whole number was expected")
    return int(value)  # type: ignore[call-overload, no-any-return]


class Part(NamedTuple):
    """Some of all solutions: those that make one of ``choices[k]`` in every block k.

    ``open`` blocks have several; ``gain`` is what the others are worth, ``left`` what they leave of
    each row's bound. All solutions ``ahead`` come before the allocation in the lottery.
    """

    choices: list[list[Choice]]
    open: list[int]
    gain: int
    left: list[int]
    ahead: bool = False


class Problem:
    """The programme, all rows as ``terms <= bound``, its award columns in blocks.

    ``rows[r]`` are terms (column: coefficient) and bound, ``uses[j]`` column j's terms (row:
    coefficient), ``block[j]`` the block of award column j, ``helpers`` the other columns, that are
    worth nothing or less, ``helpers_in[r]`` those of row r. ``all`` is the part that holds every
    solution: in each block any choice its own rows allow.
    """

    def __init__(self, programme: Json, blocks: list[list[int]]) -> None:
        columns = programme["columns"]
        self.gains, self.uppers = ([whole(c[k]) for c in columns] for k in ("objective", "upper"))
        self.block = {whole(j): k for k, members in enumerate(blocks) for j in members}
        self.helpers = [j for j, c in enumerate(columns) if not c["application"]]
        named = sorted([*self.helpers, *(j for members in blocks for j in members)])
        require(named == [*range(len(columns))], "the blocks do not hold every award once")
        limits = [(u, 1 if j in self.block else max(u, 0)) for j, u in enumerate(self.uppers)]
        require(all(upper == limit for upper, limit in limits), "an upper bound is out of place")
        require(all(self.gains[j] <= 0 for j in self.helpers), "a helper is worth something")
        self.helpers_in: list[list[int]] = []
        self.rows: list[tuple[dict[int, int], int]] = []
        self.uses: list[dict[int, int]] = [{} for _ in columns]
        own: dict[int | None, list[int]] = defaultdict(list)
        for r, row in enumerate(programme["rows"]):
            sign = {"<=": 1, ">=": -1}[row["sense"]]
            pairs = zip(row["columns"], row["coefficients"], strict=True)
            terms = {whole(j): sign * whole(a) for j, a in pairs}
            require(len(terms) == len(row["columns"]), "a row names a column twice")
            require(all(0 <= j < len(columns) for j in terms), "a row names no column")
            self.rows.append((terms, sign * whole(row["bound"])))
            self.helpers_in.append([j for j in terms if j not in self.block])
            for j, a in terms.items():
                self.uses[j][r] = a
            own[self.own_block(r)].append(r)
        every = {k: self._allowed(members, own[k]) for k, members in enumerate(blocks)}
        bounds = [bound for _, bound in self.rows]
        self.all = self.narrowed(Part([*every.values()], [*every], 0, bounds), every)

    def own_block(self, r: int) -> int | None:
        """Return the only block row r is about, if more of its awards only use more of the row.

        A helper with -1, if there is no other in the row, is raised by the awards.
        """
        helpers, terms = self.helpers_in[r], self.rows[r][0]
        about = {self.block[j] for j in terms if j in self.block}
        grows = all(a >= 0 or (helpers == [j] and a == -1) for j, a in terms.items())
        return about.pop() if grows and len(about) == 1 else None

    def _allowed(self, members: list[int], own: list[int]) -> list[Choice]:
        """Return the sets of awards that a block's own rows allow, with helpers at their least."""
        raises = {r: j for r in own for j, a in self.rows[r][0].items() if a < 0}
        terms: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for r in own:
            for j, a in self.rows[r][0].items():
                terms[j].append((r, a))

        def fits(choice: Choice) -> bool:
            used: dict[int, int] = defaultdict(int)
            for r, a in (term for j in choice for term in terms[j]):
                used[r] += a
            least: dict[int, int] = defaultdict(int)
            for r in used.keys() & raises.keys():
                least[raises[r]] = max(least[raises[r]], used[r] - self.rows[r][1])
            for r, a, value in ((r, a, value) for j, value in least.items() for r, a in terms[j]):
                used[r] += a * value
            return all(total <= self.rows[r][1] for r, total in used.items() if r not in raises)

        found: list[Choice] = [()]
        for choice in found:  # it grows; what does not fit does not fit with more awards either
            after = members.index(choice[-1]) + 1 if choice else 0
            found += [(*choice, j) for j in members[after:] if fits((*choice, j))]
            require(len(found) <= MOST_CHOICES, "a block has too many choices")
        return found

    def narrowed(self, part: Part, kept: dict[int, list[Choice]], ahead: bool = False) -> Part:
        """Return the part in which these blocks have only the choices kept."""
        choices, gain, left = part.choices.copy(), part.gain, part.left.copy()
        for k in [k for k in part.open if k in kept]:
            choices[k] = kept[k]
            for j in choices[k][0] if len(choices[k]) == 1 else ():
                gain += self.gains[j]
                for r, a in self.uses[j].items():
                    left[r] -= a
        still = [k for k in part.open if len(choices[k]) > 1]
        return Part(choices, still, gain, left, part.ahead or ahead)

    def only(self, part: Part, awards: list[int], some: bool, ahead: bool = False) -> list[Part]:
        """Return the solutions with some of these awards of one block, or with none."""
        (k,) = {self.block[j] for j in awards}
        kept = [choice for choice in part.choices[k] if {*awards}.isdisjoint(choice) is not some]
        return [self.narrowed(part, {k: kept}, ahead)] if kept else []

    def drawn_before(self, part: Part, questions: list[Question]) -> Iterator[Part]:
        """Yield the solutions whose first answer unlike the allocation's is a yes."""
        for awards, answer in questions:
            if not answer:
                yield from self.only(part, awards, some=True, ahead=True)
            alike = self.only(part, awards, some=answer)
            if not alike:
                return
            (part,) = alike


class Prices:
    """What multipliers y of the rows leave of each column's gain, in units, and what that proves.

    ``blocks[k]``: the choices of block k that were asked about last, and their prices.
    """

    def __init__(self, problem: Problem, y: dict[int, int], unit: int) -> None:
        self.problem, self.y, self.unit = problem, y, unit
        helpers = dict.fromkeys([j for r in y for j in problem.helpers_in[r]])
        self.helping = sum([max(0, self.net(j)) * problem.uppers[j] for j in helpers])
        self.blocks: dict[int, tuple[list[Choice], list[int], int, int]] = {}

    def net(self, j: int) -> int:
        """Return what is left of a column's gain."""
        y, uses = self.y, self.problem.uses[j].items()
        return self.unit * self.problem.gains[j] - sum([y[r] * a for r, a in uses if r in y])

    def priced(self, k: int, choices: list[Choice]) -> tuple[list[Choice], list[int], int, int]:
        """Return a block's choices with the price of each, the highest and the lowest."""
        if k not in self.blocks or self.blocks[k][0] is not choices:
            nets = {j: self.net(j) for j in {j for choice in choices for j in choice}}
            prices = [sum([nets[j] for j in choice]) for choice in choices]
            self.blocks[k] = choices, prices, max(prices), min(prices)
        return self.blocks[k]

    def bounded(self, part: Part, least: int) -> tuple[int, Part]:
        """Return the bound on a part (times the unit), and what of it may reach ``least``."""
        priced = {k: self.priced(k, part.choices[k]) for k in part.open}
        bound = self.unit * part.gain + sum(value * part.left[r] for r, value in self.y.items())
        bound += self.helping + sum([highest for _, _, highest, _ in priced.values()])
        spare, kept = bound - self.unit * least, {}
        for k, (choices, prices, highest, lowest) in priced.items() if spare >= 0 else ():
            if lowest < highest - spare:
                kept[k] = [c for c, p in zip(choices, prices, strict=True) if p >= highest - spare]
        return bound, self.problem.narrowed(part, kept) if spare >= 0 else part


def questions_of(
    columns: list[Json], values: list[int], order: list[str], funds: list[str]
) -> list[Question]:
    """Return what the lottery asks in turn: the awards that mean yes, the allocation's answer.

    First who is awarded; then, of those, the package; last, if awards name it, the fund.
    """
    options: dict[str, list[int]] = defaultdict(list)
    for j, column in enumerate(columns):
        if column["application"]:
            options[column["application"]].append(j)
    require(len({*order}) == len(order) and {*order} >= {*options}, "the lottery lacks somebody")
    held = {a: columns[j]["package"] for a in order for j in options.get(a, ()) if values[j]}
    asked: list[tuple[str, Json]] = [(a, {}) for a in order]
    asked += [(a, {"package": package}) for a in held for package in ("full", "ticket")]
    for a in sorted(held, key=lambda a: options[a]):
        asked += [(a, {"package": held[a], "fund": fund}) for fund in funds]
    groups = [[j for j in options[a] if {**columns[j], **how} == columns[j]] for a, how in asked]
    return [(group, any(values[j] for j in group)) for group in groups if group]


def check_solution(problem: Problem, values: list[int], objective: int) -> None:
    """Refuse values that break a row, raise a helper without need or have another worth."""
    limits = zip(values, problem.uppers, strict=True)
    require(all(type(x) is int and 0 <= x <= u for x, u in limits), "a value is out of bounds")
    slack = [bound - sum(a * values[j] for j, a in terms.items()) for terms, bound in problem.rows]
    require(min(slack, default=0) >= 0, "the allocation breaks a row")
    for j in problem.helpers:
        needed = any(slack[r] + a < 0 for r, a in problem.uses[j].items())
        require(needed or not values[j], "a helping column is raised without need")
    worth = sum(gain * x for gain, x in zip(problem.gains, values, strict=True))
    require(worth == objective, "the allocation is worth something else")


def check(
    programme: Json,
    proof: Json,
    values: list[int],
    objective: int,
    order: list[str],
    funds: list[str],
) -> dict[str, int]:
    """Check that values are a solution worth ``objective``, and what the proof says of all others.

    Parameters
    ----------
    programme, proof : dict
        As the record holds them.
    values : list of int
        The allocation: one value per column.
    objective : int
        What it is worth.
    order, funds : list of str
        Applications as the lottery draws them; fund ids in the order awards prefer them.

    Returns
    -------
    dict
        The ``bound`` that no solution exceeds; ``optimal`` if it is the objective; ``drawn`` if the
        lottery selects the allocation among all that are as good; the number of ``parts``.

    Raises
    ------
    ProofError
        If the proof does not show what it says.
    """
    try:
        problem = Problem(programme, proof["blocks"])
        check_solution(problem, values, objective)
        questions = questions_of(programme["columns"], values, order, funds)
        return _check(problem, proof, objective, questions)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ProofError("the proof or the programme is malformed") from error


def _check(problem: Problem, proof: Json, objective: int, questions: list[Question]) -> Json:
    unit, bound, drawn = whole(proof["unit"]), whole(proof["bound"]), proof["drawn"] is True
    step = gcd(*problem.gains) or 1
    require(unit > 0 and bound >= objective and bound % step == 0, "the bound cannot be right")
    require(bound == objective or not drawn, "a lottery among allocations that may not be the best")
    waiting = [(problem.all, Prices(problem, {}, unit))]
    long = max([len(entry.get("multipliers", ())) for entry in proof["parts"]], default=0)
    require(len(proof["parts"]) <= MOST_PARTS and long <= MOST_BOUNDS, "the proof is too long")
    for entry in proof["parts"]:
        require(waiting, "the proof goes on after its end")
        part, prices = waiting.pop()
        exact = unit * objective
        read = [_multipliers(each) for each in entry.get("multipliers", ())]
        given = [Prices(problem, y, unit) for y in read] or [prices]
        for prices in given:
            if exact >= unit * objective:
                exact, part = prices.bounded(part, objective)
        if exact < unit * objective:
            continue
        if "split" in entry:
            below = [p for some in (False, True) for p in problem.only(part, entry["split"], some)]
            require(len(below) == 2, "a split leaves all on one side")
        else:
            require(not part.ahead and exact < unit * (bound + step), "a part is left open")
            below = [*problem.drawn_before(part, questions)] if drawn else []
        waiting += [(each, prices) for each in reversed(below)]
    require(not waiting, "the proof ends too early")
    optimal = bound == objective
    return {"bound": bound, "optimal": optimal, "drawn": drawn, "parts": len(proof["parts"])}


def _multipliers(pairs: list[list[int]]) -> dict[int, int]:
    """Read row multipliers."""
    y = {whole(r): whole(value) for r, value in pairs}
    require(all(r >= 0 and value >= 0 for r, value in y.items()), "a multiplier is negative")
    return y


# --- allocator.record.check_outcome --------------------------------------------------------
# What came out is held together: worth, lottery, draws and decisions agree with one another.


PUBLISHED = "decisions.csv"
OPTIMAL, NOT_FINAL = "optimal", "not final"
HEADER = (
    *("application_id", "decision", "package", "fund", "amount", "currency"),
    *("merit", "margin", "reason_code", "reason"),
)
RESULT = (
    *("awards", "bound", "decisions", "draws", "objective", "problems", "promises"),
    *("status", "values"),
)
OVERRIDE_CODES = {
    ("floors", "override"): "awarded-by-override",
    ("floors", "kept"): "kept",
    ("caps", "override"): "override",
    ("caps", "withdrawn"): "withdrawn",
}
"""The reason code of an application with an override, which is a floor or a cap on it alone."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def look_at_pool(record: Opened) -> str:
    """Check that every application was judged once, and that merit is the sum of its lines."""
    pool, written = record.plain("pool.json"), record.plain("applications.json")["applications"]
    judged = [*pool["candidates"], *pool["ineligible"]]
    by_id = {each["application"]["application_id"]: each["application"] for each in judged}
    ids = [each["application_id"] for each in written]
    if len(by_id) != len(judged) or sorted(by_id) != sorted(ids):
        raise Refused(say("verify.pool.other"))
    demand_none(_of_pool(pool, {each["application_id"]: each for each in written}, by_id))
    return say(
        "verify.pool.figure",
        applications=len(ids),
        eligible=len(pool["candidates"]),
        ineligible=len(pool["ineligible"]),
    )


def _of_pool(pool: dict[str, Any], written: dict[str, Any], by_id: dict[str, Any]) -> Iterator[str]:
    for application, about in by_id.items():
        if not same(about, written[application]):
            yield say("verify.pool.changed", application=safe(application))
    for each in pool["candidates"]:
        if number(each["merit"]) != sum(number(line["points"]) for line in each["breakdown"]):
            application = each["application"]["application_id"]
            yield say("verify.pool.merit", application=safe(application))
    for each in pool["ineligible"]:
        if not each["findings"]:
            application = each["application"]["application_id"]
            yield say("verify.pool.reason", application=safe(application))


def look_at_objective(record: Opened) -> str:
    """Check the worth: from merit, packages and balance, and once more from the programme."""
    result = record.plain("result.json")
    demand_fields(result, *RESULT)
    book, awards = Book(record), awards_of(record)
    scale = number(record.plain("programme.json")["scale"])
    demand_none(_of_values(record, awards))
    worth = worth_of(book, awards)
    objective, bound = number(result["objective"]), number(result["bound"])
    if worth * scale != objective:
        raise Refused(say("verify.objective.other", mine=points(worth)))
    if bound < objective or (result["status"] == OPTIMAL and bound != objective):
        raise Refused(say("verify.objective.bound"))
    return say("verify.objective.figure", points=points(worth), awards=len(awards))


def worth_of(book: Book, awards: list[Award]) -> Fraction:
    """Return what awards are worth, in thousandths of a point: merit less missed balance."""
    worth = Fraction(0)
    for application, package, _ in awards:
        worth += book.coverage(package) * book.merit(application)
    for aim in book.aims:
        whole = inside = 0
        for application, package, amount in awards:
            if book.values(application, aim.known_by):
                count = counted(aim.measure, package, amount)
                whole += count
                inside += count * book.inside(aim.group, application)
        short = aim.share.numerator * whole - aim.share.denominator * inside
        worth -= max(0, short) * aim.price
    return worth


def points(worth: Fraction) -> str:
    """Return thousandths of a point as points, rounded as all outputs do: halves away from 0."""
    whole = int(abs(worth) + Fraction(1, 2))
    sign = "-" if worth < 0 and whole else ""
    return f"{sign}{whole // 1000}.{whole % 1000:03d}"


def _of_values(record: Opened, awards: list[Award]) -> Iterator[str]:
    """Yield where the solution's values are not the awards, or break a row of the programme."""
    programme, result = record.plain("programme.json"), record.plain("result.json")
    values = [number(each) for each in result["values"]]
    columns = programme["columns"]
    chosen = [
        (column["application"], column["package"])
        for column, value in zip(columns, values, strict=True)
        if value and column["application"]
    ]
    if sorted(chosen) != sorted((application, package) for application, package, _ in awards):
        yield say("verify.objective.values")
    for column, value in zip(columns, values, strict=True):
        if not 0 <= value <= number(column["upper"]):
            yield say("verify.objective.column", name=safe(column["name"]))
    for row in programme["rows"]:
        terms = zip(row["columns"], row["coefficients"], strict=True)
        used = sum(number(factor) * values[column] for column, factor in terms)
        bound = number(row["bound"])
        if used > bound if row["sense"] == "<=" else used < bound:
            yield say("verify.objective.row", name=safe(row["name"]))


def draw_of(seed: str, application: str) -> str:
    """Return an application's draw: SHA-256 of the seed followed by its id."""
    return hashlib.sha256(f"{seed}{application}".encode()).hexdigest()


def look_at_lottery(record: Opened) -> str:
    """Check that the lottery's order is what the published seed gives."""
    book, lottery = Book(record), record.plain("lottery.json")
    demand_fields(lottery, "funds", "order", "seed")
    seed = book.round["lottery_seed"]
    if lottery["seed"] != seed or book.rules["lottery_seed"] != seed:
        raise Refused(say("verify.lottery.seed"))
    if lottery["order"] != sorted(book.by_id, key=lambda each: (draw_of(seed, each), each)):
        raise Refused(say("verify.lottery.order"))
    if lottery["funds"] != book.fund_order():
        raise Refused(say("verify.lottery.funds"))
    return say("verify.lottery.figure", applications=len(lottery["order"]), seed=safe(seed))


def look_at_draws(record: Opened) -> str:
    """Check that the tied are listed in the lottery's order with what they have been awarded."""
    lottery, draws = record.plain("lottery.json"), record.plain("result.json")["draws"]
    awarded = {application: package for application, package, _ in awards_of(record)}
    places = {application: place for place, application in enumerate(lottery["order"])}
    expected = [
        {
            "application_id": each["application_id"],
            "key": draw_of(lottery["seed"], each["application_id"]),
            "package": awarded.get(each["application_id"]),
            "position": position,
        }
        for position, each in enumerate(draws, start=1)
    ]
    demand_none(
        say("verify.draws.other", application=safe(mine["application_id"]))
        for theirs, mine in zip(draws, expected, strict=True)
        if not same(theirs, mine)
    )
    order = [places[each["application_id"]] for each in draws]
    if order != sorted(set(order)):
        raise Refused(say("verify.draws.order"))
    return say("verify.draws.figure", tied=len(draws))


def look_at_decisions(record: Opened) -> str:
    """Check that there is one decision per application, also in ``decisions.csv``."""
    lines = record.plain("result.json")["decisions"]
    for each in lines:
        demand_fields(each, *HEADER)
    ids = sorted(
        each["application_id"] for each in record.plain("applications.json")["applications"]
    )
    if [each["application_id"] for each in lines] != ids:
        raise Refused(say("verify.decisions.ids"))
    expected = _expected(record)
    drawn = {each["application_id"] for each in record.plain("result.json")["draws"]}
    overrides = override_codes(record.plain("rules.json"))
    for application, code in overrides.items():
        if expected.get(application, {}).get("decision") not in (None, "ineligible"):
            expected[application]["reason_code"] = code
    demand_none(
        say("verify.decisions.other", application=safe(line["application_id"]), field=field)
        for line in lines
        for field in _differing(line, expected[line["application_id"]], drawn)
    )
    if PUBLISHED not in record.members:
        raise Unchecked(say("verify.decisions.none"))
    _look_at_csv(record.members[PUBLISHED], lines)
    counts = [[each["decision"] for each in lines].count(d) for d in ("awarded", "declined")]
    return say(
        "verify.decisions.figure",
        awarded=counts[0],
        declined=counts[1],
        ineligible=len(lines) - sum(counts),
    )


def override_codes(rules: dict[str, Any]) -> dict[str, str]:
    """Return the reason code of each application with an override, by its id."""
    codes = {}
    for side in ("floors", "caps"):
        for bound in rules[side]:
            kind, colon, application = bound["id"].partition(":")
            if colon and (side, kind) in OVERRIDE_CODES:
                codes[application] = OVERRIDE_CODES[side, kind]
    return codes


def _expected(record: Opened) -> dict[str, dict[str, Any]]:
    """Return what each decision must say, by application id."""
    pool = record.plain("pool.json")
    currency = record.plain("round.json")["currency"]
    nothing = {"package": None, "fund": "", "amount": 0, "currency": currency, "merit": None}
    found = {}
    for each in pool["ineligible"]:
        why = each["findings"]
        said = {"reason_code": why[0]["rule"], "reason": " ".join(one["text"] for one in why)}
        application = each["application"]["application_id"]
        found[application] = {**nothing, "decision": "ineligible", "margin": None, **said}
    for each in pool["candidates"]:
        application = each["application"]["application_id"]
        found[application] = {**nothing, "decision": "declined", "merit": each["merit"]}
    for award in record.plain("result.json")["awards"]:
        found[award["application_id"]] |= {
            "decision": "awarded",
            "package": award["package"],
            "fund": " + ".join(fund for fund, _ in award["shares"]),
            "amount": award["amount"],
        }
    return found


def _differing(line: dict[str, Any], expected: dict[str, Any], drawn: set[str]) -> list[str]:
    """Return the fields in which a decision is not what it must be, its margin's sign included."""
    wrong = [field for field, value in expected.items() if not same(line[field], value)]
    margin = None if line["margin"] is None else number(line["margin"])
    if margin is not None and (margin < 0 if line["decision"] == "awarded" else margin > 0):
        wrong.append("margin")
    if "reason_code" not in expected:
        lottery = line["reason_code"] in ("lottery", "awarded-by-lottery")
        override = line["reason_code"] in OVERRIDE_CODES.values()
        if override or lottery != (line["application_id"] in drawn):
            wrong.append("reason_code")
    if not line["reason"]:
        wrong.append("reason")
    return wrong


def _look_at_csv(content: bytes, lines: list[dict[str, Any]]) -> None:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    written = [list(HEADER), *(_row(line) for line in lines)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(written)
    if len(rows) != len(written):
        raise Refused(say("verify.decisions.rows", rows=len(rows) - 1))
    demand_none(
        say("verify.decisions.csv", row=place)
        for place, (theirs, mine) in enumerate(zip(rows, written, strict=True), start=1)
        if theirs != mine
    )
    if text.getvalue().encode("utf-8") != content:
        raise Refused(say("verify.decisions.form"))


def _row(line: dict[str, Any]) -> list[str]:
    merit, margin = (
        "" if line[name] is None else points(Fraction(number(line[name])))
        for name in ("merit", "margin")
    )
    return [
        _guarded(line["application_id"]),
        line["decision"],
        line["package"] or "",
        _guarded(line["fund"]),
        cents(number(line["amount"])),
        _guarded(line["currency"]),
        merit,
        margin,
        _guarded(line["reason_code"]),
        _guarded(line["reason"]),
    ]


def _guarded(text: str) -> str:
    """Return a text as ``decisions.csv`` writes it: no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


# --- allocator.record.check_promises -------------------------------------------------------
# Every declined application is tried once more: it does not fit, or the whole is worth no more.
#
# A plain test of the method's promises that anyone can follow without the proof: everybody else
# keeps what they have, and one award is added.


def look_at_promises(record: Opened) -> str:
    """Check that no seat was left empty that could have been filled to advantage."""
    if record.plain("result.json")["status"] != OPTIMAL:
        raise Unchecked(say("verify.proof.not-final"))
    room = Room(record)
    fitting = list(_fitting(room))
    worth = worth_of(room.book, room.awards)
    demand_none(
        say("verify.promises.better", application=safe(extra[0]))
        for extra in fitting
        if worth_of(room.book, [*room.awards, extra]) > worth
    )
    left = dict.fromkeys(application for application, _, _ in fitting)
    declined = len(room.book.candidates) - len(room.awards)
    return say("verify.promises.figure", declined=declined, left=len(left))


def _fitting(room: Room) -> Iterator[Award]:
    """Yield every award that could be added to the others within all rules."""
    held = {application for application, _, _ in room.awards}
    for application, costs in room.book.costs.items():
        for package, amount in costs.items() if application not in held else ():
            if room.holds((application, package, amount)):
                yield application, package, amount


class Room:
    """What one more award finds beside those of a record."""

    def __init__(self, record: Opened):
        self.book, self.awards = Book(record), awards_of(record)
        self._purse = _Purse(record, self.book)
        self._quota = self.book.rules["quota"]
        self._used: dict[tuple[str, str], int] = {}
        for application, package, _ in self.awards if self._quota else ():
            place = self.book.place(application)
            self._used[place] = self._used.get(place, 0) + units(self._quota, package)

    def holds(self, extra: Award) -> bool:
        """Tell whether an award fits within all rules, everybody else keeping theirs."""
        application, package, _ = extra
        used = self._used.get(self.book.place(application), 0)
        # The quota and the money settle most, and are quick to ask about.
        if self._quota and used + units(self._quota, package) > number(self._quota["at_most"]):
            return False
        return self._purse.can_pay(extra) and not broken_rules(self.book, [*self.awards, extra])


class _Purse:
    """What is left in the meetings' budgets and in the funds."""

    def __init__(self, record: Opened, book: Book):
        self.book = book
        self.meetings = {
            name: number(each["budget"])
            for name, each in book.meetings.items()
            if each["budget"] is not None
        }
        self.funds = {fund["id"]: number(fund["amount"]) for fund in book.funds}
        self.sets = {
            some: sum(self.funds[fund] for fund in some) for some in unions(book.payers.values())
        }
        for award in record.plain("result.json")["awards"]:
            self._pay(award["application_id"], award["package"], award["shares"])

    def _pay(self, application: str, package: str, shares: list[list[object]]) -> None:
        amount = self.book.costs[application][package]
        meeting = self.book.place(application)[1]
        if meeting in self.meetings:
            self.meetings[meeting] -= amount
        for fund, part in shares:
            self.funds[str(fund)] -= number(part)
        for some in self.sets:
            if some.issuperset(self.book.payers[application, package]):
                self.sets[some] -= amount

    def can_pay(self, award: Award) -> bool:
        """Tell whether one more award can be paid, the others' shares moving if they may."""
        application, package, amount = award
        meeting = self.book.place(application)[1]
        if amount > self.meetings.get(meeting, amount):
            return False
        if not self.book.funds:
            return True
        payers = self.book.payers[application, package]
        if not self.book.sharing:
            return any(self.funds[fund] >= amount for fund in payers)
        over = (left for some, left in self.sets.items() if some.issuperset(payers))
        return bool(payers) and all(left >= amount for left in over)


# --- allocator.record.check_evidence -------------------------------------------------------
# The proof in a record is checked, and must say of the result what the result says of itself.


PROOF = "proof.json"


def look_at_proof(record: Opened) -> str:
    """Check that no allocation is worth more, and that the lottery selects this one of equals.

    The lottery's order is taken from the seed, not from the record's list.
    """
    result, programme = record.plain("result.json"), record.plain("programme.json")
    final = result["status"] == OPTIMAL
    if PROOF not in record.members:
        raise Unchecked(say("verify.proof.none" if final else "verify.proof.not-final"))
    book = Book(record)
    seed = book.round["lottery_seed"]
    order = sorted(book.by_id, key=lambda each: (draw_of(seed, each), each))
    values = [number(each) for each in result["values"]]
    objective = number(result["objective"])
    proof = record.plain(PROOF)
    demand_fields(proof, "blocks", "bound", "drawn", "parts", "unit")
    if any({*part} - {"multipliers", "split"} for part in proof["parts"]):
        raise Refused(say("verify.proof.parts"))
    try:
        shown = check(programme, proof, values, objective, order, book.fund_order())
    except ProofError as error:
        raise Refused(say("verify.proof.wrong", reason=error)) from None
    # A bound is rounded up: nothing is worth more than what is said.
    bound = points(Fraction(-(-shown["bound"] // number(programme["scale"]))))
    if not final:
        raise Unchecked(say("verify.proof.gap", bound=bound))
    if not (shown["optimal"] and shown["drawn"]):
        raise Unchecked(say("verify.proof.partial", bound=bound))
    return say("verify.proof.figure", parts=shown["parts"])


# --- allocator.record.check_effects --------------------------------------------------------
# What the record says of the round as a whole: the effect of each balance factor, the exchanges.
#
# Whether the allocation without a factor is the best one takes a solver or a proof and is not found
# again here. That it keeps every rule, that it is worth no less than the awards once the factor has
# no weight, and every figure that follows from the two are. Each exchange is carried out and held
# against all rules.


EFFECTS = "effects.json"
EFFECT = (
    *("awards", "brought_in", "factor", "kept_out", "merit", "merit_without", "money"),
    *("money_without", "reached", "repackaged", "title"),
)
MOST_SWAPS = 200
"""So many exchanges are listed, the rest counted."""

MOST_LINKED, MOST_ALONE = 150, 1500
"""Candidates up to which a round of several meetings, or of one, is decided again for each factor.

Persons and funds tie meetings together, and a single decision can then take a minute. It is a count
and not a time, so that the same round is explained alike on every machine.
"""


def look_at_effects(record: Opened) -> str:
    """Check the effects of the factors and the exchanges against the awards and the rules."""
    final = record.plain("result.json")["status"] == OPTIMAL
    if EFFECTS not in record.members:
        raise Unchecked(say("verify.effects.none" if final else "verify.proof.not-final"))
    if not final:
        raise Refused(say("verify.effects.not-final"))
    effects = record.plain(EFFECTS)
    demand_fields(effects, "factors", "left_out", "swaps", "swaps_count")
    book = Book(record)
    in_force = [each["id"] for each in book.rules["balance"] if number(each["weight"]) > 0]
    told = [each["factor"] for each in effects["factors"]]
    others = [each for each in in_force if each not in told]
    if told != [each for each in in_force if each in told] or effects["left_out"] != others:
        raise Refused(say("verify.effects.factors"))
    awards = awards_of(record)
    demand_none(
        say("verify.effects.other", factor=safe(each["factor"]), part=part)
        for each in effects["factors"]
        for part in _wrong_parts(book, awards, each)
    )
    demand_none(_wrong_swaps(record, book, awards, effects))
    meetings = {book.place(application)[1] for application in book.by_id}
    if effects["left_out"] and len(book.candidates) <= most_decided_again(meetings):
        raise Unchecked(say("verify.effects.stopped", factors=safe(", ".join(effects["left_out"]))))
    return say(
        f"verify.effects.{'some' if effects['left_out'] else 'figure'}",
        factors=len(told),
        left=len(effects["left_out"]),
        swaps=number(effects["swaps_count"]),
        tried=len(effects["swaps"]),
    )


def most_decided_again(meetings: set[str]) -> int:
    """Return up to how many candidates a round of these meetings is decided again."""
    return MOST_ALONE if len(meetings) < 2 else MOST_LINKED


def _wrong_parts(book: Book, awards: list[Award], effect: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of an effect that are not what the two allocations give."""
    demand_fields(effect, *EFFECT)
    for each in effect["awards"]:
        demand_fields(each, "amount", "application_id", "package", "shares")
    without = [
        (each["application_id"], each["package"], number(each["amount"]))
        for each in effect["awards"]
    ]
    shares = {
        each["application_id"]: [(fund, number(part)) for fund, part in each["shares"]]
        for each in effect["awards"]
    }
    if [each for each, _, _ in without] != sorted(shares):
        yield "awards"
    broken = [*not_offered(book, without)] or [
        *broken_rules(book, without),
        *broken_payments(book, without, shares),
    ]
    if broken:
        yield "awards"
        return
    if not _no_worse(book, awards, without, effect["factor"]):
        yield "awards"
    expected = _expected_effect(book, awards, without, effect["factor"])
    yield from (name for name, value in expected.items() if not same(effect[name], value))


def _no_worse(book: Book, awards: list[Award], without: list[Award], factor: str) -> bool:
    """Tell whether each allocation is worth no less than the other by the weights it was made with.

    The proof shows that of the awards; that of the other one is not proven, only this.
    """
    light = copy.copy(book)
    light.aims = [each for each in book.aims if each.factor["id"] != factor]
    ahead = worth_of(book, awards) >= worth_of(book, without)
    return ahead and worth_of(light, without) >= worth_of(light, awards)


def _expected_effect(
    book: Book, awards: list[Award], without: list[Award], factor: str
) -> dict[str, Any]:
    now = {application: package for application, package, _ in awards}
    then = {application: package for application, package, _ in without}
    both = {application for application in now if application in then}
    titles = {each["id"]: each["title"] for each in book.rules["balance"]}
    aims = [each for each in book.aims if each.factor["id"] == factor]
    return {
        "title": titles[factor],
        "brought_in": sorted(each for each in now if each not in both),
        "kept_out": sorted(each for each in then if each not in both),
        "repackaged": sorted(each for each in both if now[each] != then[each]),
        "merit": _written(_merit(book, awards)),
        "merit_without": _written(_merit(book, without)),
        "money": sum(amount for _, _, amount in awards),
        "money_without": sum(amount for _, _, amount in without),
        "reached": [_reach(book, aim, awards, without) for aim in aims],
    }


def _merit(book: Book, awards: list[Award]) -> Fraction:
    worth = (book.coverage(package) * book.merit(application) for application, package, _ in awards)
    return sum(worth, Fraction(0))


def _written(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _reach(book: Book, aim: Aim, awards: list[Award], without: list[Award]) -> dict[str, Any]:
    whole, inside = _counts_of(book, aim, awards)
    whole_without, inside_without = _counts_of(book, aim, without)
    return {
        "clause": aim.clause,
        "share": _written(aim.share),
        "counted": whole,
        "inside": inside,
        "counted_without": whole_without,
        "inside_without": inside_without,
    }


def _counts_of(book: Book, aim: Aim, awards: list[Award]) -> tuple[int, int]:
    """Return what awards to people whose group is known count, and those in the group."""
    whole = inside = 0
    for application, package, amount in awards:
        if book.values(application, aim.known_by):
            count = counted(aim.measure, package, amount)
            whole += count
            inside += count * book.inside(aim.group, application, package)
    return whole, inside


def _wrong_swaps(
    record: Opened, book: Book, awards: list[Award], effects: dict[str, Any]
) -> Iterator[str]:
    """Yield exchanges that lose something, break a rule, or are not listed as they must be."""
    listed = effects["swaps"]
    for each in listed:
        demand_fields(each, "awarded", "declined", "package")
    pairs = [(each["awarded"], each["declined"]) for each in listed]
    count = number(effects["swaps_count"])
    if pairs != sorted(set(pairs)) or len(pairs) != min(count, MOST_SWAPS):
        yield say("verify.effects.swaps")
        return
    drawn = {each["application_id"] for each in record.plain("result.json")["draws"]}
    money = _Money(record, book)
    worth = worth_of(book, awards)
    for each in listed:
        place = {"awarded": safe(each["awarded"]), "declined": safe(each["declined"])}
        if not {each["awarded"], each["declined"]} <= drawn:
            yield say("verify.effects.untied", **place)
        elif not _exchangeable(book, awards, money, worth, each):
            yield say("verify.effects.swap", **place)


def _exchangeable(
    book: Book, awards: list[Award], money: _Money, worth: Fraction, swap: dict[str, Any]
) -> bool:
    """Tell whether an exchange keeps every rule and the worth, everybody else as they are."""
    entering, package = swap["declined"], swap["package"]
    held = {application for application, _, _ in awards}
    cost = book.costs.get(entering, {}).get(package)
    if swap["awarded"] not in held or entering in held or cost is None:
        return False
    after = [each for each in awards if each[0] != swap["awarded"]]
    after.append((entering, package, cost))
    return (
        not broken_rules(book, after)
        and money.suffices(after, swap["awarded"], after[-1])
        and worth_of(book, after) == worth
    )


class _Money:
    """Whether the funds can pay for awards of which one was exchanged."""

    def __init__(self, record: Opened, book: Book):
        self.book = book
        self.amounts = {fund["id"]: number(fund["amount"]) for fund in book.funds}
        self.paid = {
            each["application_id"]: [(fund, number(part)) for fund, part in each["shares"]]
            for each in record.plain("result.json")["awards"]
        }

    def suffices(self, awards: list[Award], leaving: str, entering: Award) -> bool:
        """Tell whether all can be paid; without sharing everybody else is paid as they are."""
        if not self.book.funds:
            return True
        if self.book.sharing:
            return self._by_sets(awards)
        left = dict(self.amounts)
        for application, parts in self.paid.items():
            for fund, part in parts if application != leaving else ():
                left[fund] -= part
        application, package, cost = entering
        return any(left[fund] >= cost for fund in self.book.payers[application, package])

    def _by_sets(self, awards: list[Award]) -> bool:
        """Tell whether what only a set of funds may pay fits in their money, for every set."""
        needs = [(self.book.payers[a, package], cost) for a, package, cost in awards]
        if not all(funds for funds, _ in needs):
            return False
        return all(
            sum(cost for funds, cost in needs if some.issuperset(funds))
            <= sum(self.amounts[fund] for fund in some)
            for some in unions(funds for funds, _ in needs)
        )


def otherwise_of(record: Opened) -> dict[str, list[dict[str, Any]]]:
    """Return, by application, what each factor's effect says of it: how it would be without."""
    found: dict[str, list[dict[str, Any]]] = {}
    effects = record.plain(EFFECTS) if EFFECTS in record.members else {"factors": []}
    for effect in effects["factors"]:
        then = {each["application_id"]: each["package"] for each in effect["awards"]}
        for application in (*effect["brought_in"], *effect["kept_out"], *effect["repackaged"]):
            package = then.get(application)
            found.setdefault(application, []).append(
                {
                    "factor": effect["factor"],
                    "title": effect["title"],
                    "otherwise": "awarded" if package else "declined",
                    "package": package,
                }
            )
    return found


# --- allocator.record.check_flips ----------------------------------------------------------
# What the flip test says is held against the stated genders, the decisions and the policy.
#
# Whether another stated gender would have changed a decision takes deciding the round again, and is
# not found again here. That everybody was asked, which clauses look at gender, and that each answer
# is one that there can be, are.


GENDER = "gender"
GENDERS = ("female", "male", "other", "not stated")
NO_CLAUSE, ALL_ANSWERED, SOME_OPEN = "no clause", "complete", "incomplete"
FLIP = (
    *("after", "after_package", "alone", "application_id"),
    *("before", "before_package", "instead", "stated"),
)


def wrong_flips(record: Opened, book: Book, flips: dict[str, Any] | None) -> Iterator[str]:
    """Yield what the flip test says that is not so; ``None`` where none was made."""
    if flips is None:
        return
    demand_fields(flips, "asked", "clauses", "flips", "status", "unanswered")
    stated = {
        each["application"]["application_id"]: each["application"]["gender"]
        for each in (*book.candidates, *book.ineligible)
    }
    if not same(flips["asked"], _asked(stated)):
        yield say("verify.fairness.asked")
    if flips["clauses"] != [*gender_clauses(book)]:
        yield say("verify.fairness.clauses")
    final = record.plain("result.json")["status"] == OPTIMAL
    if flips["status"] != _status(flips, final):
        yield say("verify.fairness.status")
    if not _in_order(flips, stated):
        yield say("verify.fairness.order")
    lines = record.plain("result.json")["decisions"]
    decided = {each["application_id"]: (each["decision"], each["package"]) for each in lines}
    for each in flips["flips"]:
        demand_fields(each, *FLIP)
        if not _can_be(each, stated, decided, flips["clauses"]):
            yield say("verify.fairness.flip", application=safe(each["application_id"]))


def gender_clauses(book: Book) -> Iterator[str]:
    """Yield the paths of the clauses that look at gender, in the order in which they act."""
    rules = book.rules
    clauses = (
        ("eligibility", rules["eligibility"]),
        ("limits.floors", rules["floors"]),
        ("limits.caps", rules["caps"]),
        ("merit.criteria", rules["criteria"]),
        ("balance", rules["balance"]),
        ("funds", book.funds),
    )
    for kind, parts in clauses:
        for clause in parts:
            if any(book.meant(name) == GENDER for name in _looked_at(clause)):
                yield f"{kind}.{clause['id']}"


def _looked_at(clause: dict[str, Any]) -> Iterator[str]:
    """Yield the attributes, as written, that a clause of any kind turns on."""
    yield from (clause[field] for field in ("column", "each", "known_by") if clause.get(field))
    for field in ("group", "of", "only"):
        yield from (name for name, _ in clause.get(field, {"conditions": []})["conditions"])
    for alternative in clause.get("rules", []):
        yield from _looked_at(alternative)


def _others(gender: str) -> tuple[str, ...]:
    """Return what is put in place of a stated gender."""
    return tuple(each for each in GENDERS[:2] if each != gender)


def _asked(stated: dict[str, str]) -> list[list[Any]]:
    count = Counter(stated.values())
    return [[was, instead, count[was]] for was in GENDERS for instead in _others(was)]


def _status(flips: dict[str, Any], final: bool) -> str:
    """Return how far the test must say it got; empty if it says what goes with no status."""
    if not flips["clauses"] or not final:
        found = flips["flips"] or flips["unanswered"]
        return "" if found else "not final" if flips["clauses"] else NO_CLAUSE
    told = all(each["alone"] is not None for each in flips["flips"])
    return ALL_ANSWERED if told and not flips["unanswered"] else SOME_OPEN


def _in_order(flips: dict[str, Any], stated: dict[str, str]) -> bool:
    """Tell whether each question has at most one answer or stayed open, in the usual order."""
    answered = [(each["application_id"], each["instead"]) for each in flips["flips"]]
    left_open = [(application, instead) for application, instead in flips["unanswered"]]
    return (
        all(found == sorted({*found}) for found in (answered, left_open))
        and not {*answered}.intersection(left_open)
        and all(gender in _others(stated[each]) for each, gender in (*answered, *left_open))
    )


def _can_be(
    flip: dict[str, Any],
    stated: dict[str, str],
    decided: dict[str, tuple[str, str | None]],
    clauses: list[str],
) -> bool:
    """Tell whether a flip is from the real decision to another one, by clauses that could do it."""
    application, alone = flip["application_id"], flip["alone"]
    after = (flip["after"], flip["after_package"])
    packages = PACKAGES if flip["after"] == "awarded" else (None,)
    return (
        stated.get(application) == flip["stated"]
        and decided.get(application) == (flip["before"], flip["before_package"]) != after
        and flip["after"] in ("awarded", "declined", "ineligible", None)
        and flip["after_package"] in packages
        and (alone is None or alone == [each for each in clauses if each in alone])
        and (len(clauses) > 1 or alone == clauses)
    )


# --- allocator.record.check_fairness -------------------------------------------------------
# How groups fared is counted again, from the applications judged and the awards.
#
# Which groups are told of, which of them are compared, in which bands of merit and in which order is
# worked out here too, after ``docs/method.md`` (fairness), and must be what the record says.


FAIRNESS = "fairness.json"
COUNTED_BY = ("gender", "region", "country_group")
"""Attributes by which every record counts, in this order."""

USUAL_ORDER = {
    "gender": ("female", "male", "other"),
    "country_group": (
        *("ldc", "lldc", "sids"),
        *("low_income", "lower_middle_income", "upper_middle_income", "high_income"),
    ),
}
"""The groups that stand first; the others follow by name."""

FEWEST = 10
"""Groups, and all others beside them, are compared from so many eligible applications on."""

MOST_BANDS = 5
PER_BAND = 20
"""A band of merit for so many eligible applications."""


def look_at_fairness(record: Opened) -> str:
    """Check the counts of every group at every stage, and every comparison with its bands."""
    if FAIRNESS not in record.members:
        raise Unchecked(say("verify.fairness.none"))
    fairness = record.plain(FAIRNESS)
    demand_fields(fairness, "flips", "funnel", "pairs")
    census = _Census(record)
    if [each["attribute"] for each in fairness["funnel"]] != [*COUNTED_BY]:
        raise Refused(say("verify.fairness.attributes"))
    funnel = [census.funnel(attribute) for attribute in COUNTED_BY]
    demand_none(
        say("verify.fairness.other", attribute=mine["attribute"], group=safe(group))
        for theirs, mine in zip(fairness["funnel"], funnel, strict=True)
        for group in _miscounted(theirs, mine)
    )
    pairs = [pair for each in funnel for pair in census.pairs(each)]
    if [_sides(each) for each in fairness["pairs"]] != [_sides(each) for each in pairs]:
        raise Refused(say("verify.fairness.pairs"))
    demand_none(
        say("verify.fairness.bands", attribute=mine["attribute"])
        for theirs, mine in zip(fairness["pairs"], pairs, strict=True)
        if not same(theirs, mine)
    )
    demand_none(wrong_flips(record, census.book, fairness["flips"]))
    groups = sum(len(each["groups"]) for each in funnel)
    return say("verify.fairness.figure", groups=groups, bands=len(pairs))


def _sides(pair: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return what is compared with what."""
    return pair["attribute"], pair["one"]["value"], pair["other"]["value"]


def _miscounted(told: dict[str, Any], mine: dict[str, Any]) -> Iterator[str]:
    """Yield the groups whose counts are others; the attribute itself if it is the rest."""
    names = [[each["value"] for each in grouping["groups"]] for grouping in (told, mine)]
    if names[0] != names[1] or not same({**told, "groups": []}, {**mine, "groups": []}):
        yield mine["attribute"]
        return
    for theirs, group in zip(told["groups"], mine["groups"], strict=True):
        if not same(theirs, group):
            yield group["value"] or mine["attribute"]


class _Census:
    """Everybody's attributes, who is eligible, and what they were awarded."""

    def __init__(self, record: Opened):
        self.book = Book(record)
        self.attributes: dict[str, dict[str, list[str]]] = {
            each["application"]["application_id"]: dict(each["attributes"])
            for each in (*self.book.candidates, *self.book.ineligible)
        }
        self.awards = {
            each["application_id"]: number(each["amount"])
            for each in record.plain("result.json")["awards"]
        }

    def values(self, application: str, attribute: str) -> list[str]:
        """Return what is known of an attribute."""
        return self.attributes[application].get(attribute, [])

    def shown(self, attribute: str) -> list[str]:
        """Return the values that are told of: of country groups not those told of elsewhere."""
        every = {v for each in self.attributes for v in self.values(each, attribute)}
        if attribute == "country_group":
            every -= {v for each in self.attributes for v in self.values(each, "region")}
            every.discard("member_state")
        first = [each for each in USUAL_ORDER.get(attribute, ()) if each in every]
        return [*first, *sorted(every.difference(first))]

    def funnel(self, attribute: str) -> dict[str, Any]:
        """Return the counts of every group of an attribute, of all known and of all others."""
        shown = self.shown(attribute)
        known = [each for each in self.attributes if self.values(each, attribute)]
        silent = [each for each in self.attributes if not self.values(each, attribute)]
        held = {each: {*self.values(each, attribute)}.intersection(shown) for each in known}
        groups = [self.counts(value, [e for e in known if value in held[e]]) for value in shown]
        if rest := [each for each in known if not held[each]]:
            groups.append(self.counts("", rest))
        return {
            "attribute": attribute,
            "groups": groups,
            "known": self.counts("", known),
            "unknown": self.counts("", silent) if silent else None,
            "overlap": any(len(each) > 1 for each in held.values()),
        }

    def counts(self, value: str, applications: list[str]) -> dict[str, Any]:
        """Return how many were nominated, eligible and awarded, and the money awarded."""
        amounts = [self.awards[each] for each in applications if each in self.awards]
        return {
            "value": value,
            "nominated": len(applications),
            "eligible": sum(each in self.book.by_id for each in applications),
            "awarded": len(amounts),
            "money": as_written(sum(amounts)),
        }

    def pairs(self, funnel: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the comparisons by an attribute, in the order of its groups.

        By gender women with men, where there are both; otherwise each group with all others whose
        group is known, where both have enough eligible applications.
        """
        attribute = funnel["attribute"]
        if attribute == "gender":
            pair = self.pair(attribute, "female", "male")
            if pair["one"]["nominated"] and pair["other"]["nominated"]:
                yield pair
            return
        for value in [each["value"] for each in funnel["groups"] if each["value"]]:
            pair = self.pair(attribute, value, "")
            if min(pair["one"]["eligible"], pair["other"]["eligible"]) >= FEWEST:
                yield pair

    def pair(self, attribute: str, one: str, other: str) -> dict[str, Any]:
        """Return the comparison of two groups; without ``other`` with all others that are known."""
        known = [each for each in self.attributes if self.values(each, attribute)]
        mine = [each for each in known if one in self.values(each, attribute)]
        theirs = [
            each
            for each in known
            if one not in self.values(each, attribute)
            and (not other or other in self.values(each, attribute))
        ]
        own = {e["id"]: e["title"] for e in self.book.rules["criteria"] if self._for(e, attribute)}
        merit = {each: self._merit_without(each, own) for each in self.book.by_id}
        edges = band_edges([*merit.values()])
        return {
            "attribute": attribute,
            "one": self.counts(one, mine),
            "other": self.counts(other, theirs),
            "without": [*own.values()],
            "bands": [
                self._band(low, high, merit, mine, theirs)
                for low, high in zip([None, *edges], [*edges, None], strict=True)
            ],
        }

    def _for(self, criterion: dict[str, Any], attribute: str) -> bool:
        """Tell whether a criterion gives points for the attribute itself."""
        if criterion["kind"] == "country_group":
            return attribute in ("country_group", "region")
        return self.book.meant(criterion["column"]) == attribute

    def _merit_without(self, application: str, left_out: dict[str, str]) -> int:
        judged = self.book.by_id[application]
        lines = (each for each in judged["breakdown"] if each["criterion"] in left_out)
        return number(judged["merit"]) - sum(number(each["points"]) for each in lines)

    def _band(
        self,
        low: int | None,
        high: int | None,
        merit: dict[str, int],
        mine: list[str],
        theirs: list[str],
    ) -> dict[str, Any]:
        """Return how both groups fared above ``low`` and up to ``high`` thousandths of a point."""
        within = [
            [
                each
                for each in group
                if each in merit
                and (low is None or merit[each] > low)
                and (high is None or merit[each] <= high)
            ]
            for group in (mine, theirs)
        ]
        part, other_part = (sum(each in self.awards for each in group) for group in within)
        return {
            "low": low,
            "high": high,
            "part": part,
            "whole": len(within[0]),
            "other_part": other_part,
            "other_whole": len(within[1]),
        }


def band_edges(merits: list[int]) -> list[int]:
    """Return the merit at which each band of about as many applications ends, but the last.

    The i-th of k bands ends at the least merit that at least i/k of them do not exceed.
    """
    merits = sorted(merits)
    count = max(1, min(MOST_BANDS, len(merits) // PER_BAND))
    edges = {merits[-(-i * len(merits) // count) - 1] for i in range(1, count)}
    return sorted(edge for edge in edges if edge < merits[-1])


# --- allocator.record.check_instead --------------------------------------------------------
# The allocations that margins rest on are carried out: whom they award, what they are worth.
#
# An exact margin names the allocation that it was found with, as the award columns in which that one
# differs from the awards. Turning those over shows whether it keeps every row of the programme and
# what it is worth. That none is better takes a solver; but none that the record itself holds may be.


class Other(NamedTuple):
    """Another allocation: what those get who get something else in it, and its objective."""

    differs: dict[str, str | None]
    worth: int


class Board:
    """The programme with the awards on it, of which some columns may be turned over.

    ``slack`` is what a row has left; a helper that has -1 in a row (``lifts``) is at the least that
    its rows ask for, and their slack is counted without it.
    """

    def __init__(self, programme: dict[str, Any], values: list[int]):
        columns = programme["columns"]
        self.names = [(each["application"], each["package"]) for each in columns]
        self.gains = [number(each["objective"]) for each in columns]
        self.upper = [number(each["upper"]) for each in columns]
        self.values = values
        self.on = {j for j, value in enumerate(values) if value and self.names[j][0]}
        self.awards = {self.names[j][0]: self.names[j][1] for j in self.on}
        self.worth = sum(gain * value for gain, value in zip(self.gains, values, strict=True))
        self.of: dict[str, list[int]] = defaultdict(list)
        for j, (application, _) in enumerate(self.names):
            self.of[application].append(j)
        self.uses: list[list[tuple[int, int]]] = [[] for _ in columns]
        self.slack: list[int] = []
        self.lifts: dict[int, int] = {}
        self.lifted: dict[int, list[int]] = defaultdict(list)
        for r, row in enumerate(programme["rows"]):
            self._read(r, row)

    def _read(self, r: int, row: dict[str, Any]) -> None:
        sign = 1 if row["sense"] == "<=" else -1
        left = sign * number(row["bound"])
        for j, coefficient in zip(row["columns"], row["coefficients"], strict=True):
            factor = sign * number(coefficient)
            self.uses[j].append((r, factor))
            if factor == -1 and not self.names[j][0]:
                self.lifts[r] = j
                self.lifted[j].append(r)
            else:
                left -= factor * self.values[j]
        self.slack.append(left)

    def turned(self, columns: list[int]) -> Other | None:
        """Return the allocation with these award columns turned over; ``None`` if there is none."""
        places = range(len(self.names))
        plain = all(type(j) is int and j in places and self.names[j][0] for j in columns)
        if not plain or columns != sorted({*columns}):
            return None
        worth, moved = self.worth, dict[int, int]()
        for j in columns:
            step = -1 if j in self.on else 1
            worth += step * self.gains[j]
            for r, factor in self.uses[j]:
                moved[r] = moved.get(r, 0) + step * factor
        for k in {self.lifts[r]: None for r in moved if r in self.lifts}:
            least = max(0, *(moved.get(r, 0) - self.slack[r] for r in self.lifted[k]))
            if least > self.upper[k]:
                return None
            step = least - self.values[k]
            worth += step * self.gains[k]
            for r, factor in self.uses[k] if step else ():
                moved[r] = moved.get(r, 0) + (0 if self.lifts.get(r) == k else step * factor)
        if any(more > self.slack[r] for r, more in moved.items() if r not in self.lifts):
            return None
        return Other(self._differing(columns), worth)

    def _differing(self, columns: list[int]) -> dict[str, str | None]:
        after = self.on.symmetric_difference(columns)
        found: dict[str, str | None] = {}
        for application in {self.names[j][0]: None for j in columns}:
            held = (self.names[j][1] for j in self.of[application] if j in after)
            package = next(held, None)
            if package != self.awards.get(application):
                found[application] = package
        return found


class Others:
    """The allocations that a record holds besides the awards, and the best of them by outcome."""

    def __init__(self, record: Opened):
        programme, result = record.plain("programme.json"), record.plain("result.json")
        self.board = Board(programme, [number(each) for each in result["values"]])
        self.awards, self.worth = self.board.awards, self.board.worth
        self.level: set[str] = set()
        order = record.plain("lottery.json")["order"]
        self._place = {application: place for place, application in enumerate(order)}
        self._best: dict[tuple[str, str | None], int] = {}
        self._step_by_step()
        if EFFECTS in record.members:
            self._of_effects(record, number(programme["scale"]))

    def named(self, columns: list[int] | None) -> Other | None:
        """Return the allocation that a margin names, having taken note of it."""
        other = None if columns is None else self.board.turned(columns)
        if other is not None:
            self._note(other)
        return other

    def best(self, application: str, package: str | None) -> int | None:
        """Return the most that an allocation noted is worth in which the application gets this."""
        return self._best.get((application, package))

    def never(self, application: str, package: str) -> bool:
        """Tell whether nothing near at hand awards a package: alone, added, or for one other."""
        if self.best(application, package) is not None:
            return False
        name, on = (application, package), self.board.on
        for j in (j for j in self.board.of[application] if self.board.names[j] == name):
            changes = ([*on, j], *([other, j] for other in on))
            if any(self.board.turned(sorted(each)) is not None for each in changes):
                return False
        return True

    def comes_before(self, one: Other, other: Other) -> bool:
        """Tell whether the lottery selects the first of two allocations."""
        both = sorted({*one.differs, *other.differs}, key=lambda each: self._place[each])
        for application in both:
            held = [
                each.differs.get(application, self.awards.get(application)) is not None
                for each in (one, other)
            ]
            if held[0] != held[1]:
                return held[0]
        return False

    def _note(self, other: Other) -> None:
        for outcome in other.differs.items():
            self._best[outcome] = max(other.worth, self._best.get(outcome, other.worth))
        if other.worth == self.worth:
            self.level |= {*other.differs}

    def _step_by_step(self) -> None:
        """Take note of one award more and of one less."""
        for j, (application, _) in enumerate(self.board.names):
            if application and (j in self.board.on or application not in self.awards):
                self.named([j])

    def _of_effects(self, record: Opened, scale: int) -> None:
        """Take note of the exchanges, which are at no loss, and of the awards without a factor."""
        book, effects = Book(record), record.plain(EFFECTS)
        for each in effects["swaps"]:
            change = {each["awarded"]: None, each["declined"]: each["package"]}
            self._note(Other(change, self.worth))
        for effect in effects["factors"]:
            without = {each["application_id"]: each["package"] for each in effect["awards"]}
            listed = [(a, package, book.costs[a][package]) for a, package in without.items()]
            both = dict.fromkeys((*self.awards, *without))
            change = {a: without.get(a) for a in both if without.get(a) != self.awards.get(a)}
            self._note(Other(change, int(worth_of(book, listed) * scale)))


# --- allocator.record.check_margins --------------------------------------------------------
# A margin is held against the decision, the merit, and the allocations that it was found with.
#
# Which allocation is the best takes a solver to find. But an exact margin names those it rests on,
# and from these it is worked out once more: the figures of the packages, the draw where two are
# level, who else it touches. No allocation that the record holds anywhere may contradict it. A margin
# that is a bound names none; its parts are held against one another. The packages a margin is about,
# and those that a rule forbids anyhow, are looked up in the programme.


class Margins:
    """What the margins, ties and obstacles of a record must agree with."""

    def __init__(self, record: Opened):
        book, result = Book(record), record.plain("result.json")
        self._final = result["status"] == OPTIMAL
        programme = record.plain("programme.json")
        self._asked = _packages(programme, frozenset())
        self._possible = _packages(programme, _impossible(programme))
        scale = number(programme["scale"])
        self._gains = {each: int(book.coverage(each) * scale) for each in PACKAGES}
        self._drawn = {each["application_id"] for each in result["draws"]}
        self._others = Others(record)
        for each in record.plain("explanations.json"):
            for part in _parts(each["margin"]):
                self._others.named(part.get("instead"))

    def agree(self, explained: dict[str, Any], line: dict[str, Any]) -> bool:
        """Tell whether an explanation has the margin it must have, which the decision states.

        Every candidate has one if the allocation is final, nobody else.
        """
        margin, awarded = explained["margin"], explained["decision"] == "awarded"
        if explained["merit"] is None or not self._final:
            return margin is None and line["margin"] is None
        demand_fields(margin, "at_any_merit", "exact", "instead", "others", "packages", "points")
        for each in margin["packages"]:
            demand_fields(each, "exact", "instead", "package", "points")
        if any(type(each) is not bool for each in (margin["at_any_merit"], *_exact(margin))):
            return False
        if line["margin"] != _stated(margin, awarded):
            return False
        offered = self._possible.get(explained["application_id"], [])
        if awarded:
            return self._spared(explained, offered)
        return self._short(explained["application_id"], margin, offered)

    def tie_agrees(self, explained: dict[str, Any]) -> bool:
        """Tell whether an application was drawn for if, and only if, it could be otherwise.

        It could where an allocation that the record holds is as good and does something else with
        it. An exact margin holds the best there is; of a bound the reverse is not known.
        """
        if not self._final:
            return True
        application, margin = explained["application_id"], explained["margin"]
        drawn, level = application in self._drawn, application in self._others.level
        if drawn == level or margin is None:
            return drawn == level
        return drawn and not self._settled(explained, margin)

    def _settled(self, explained: dict[str, Any], margin: dict[str, Any]) -> bool:
        """Tell whether a margin names the best allocation for whatever else could have been."""
        if explained["decision"] == "awarded":
            return margin["instead"] is not None
        return all(_exact(margin)) and all(
            each["instead"] is not None or self._gains[each["package"]]
            for each in margin["packages"]
        )

    def obstacles_agree(self, explained: dict[str, Any]) -> bool:
        """Tell whether there is an obstacle for each package of a declined application only.

        Which packages a rule forbids by itself is looked up in the programme.
        """
        for each in explained["obstacles"]:
            demand_fields(each, "alone", "clauses", "package")
        told = [(each["package"], bool(each["alone"])) for each in explained["obstacles"]]
        application = explained["application_id"]
        asked = self._asked.get(application, []) if explained["decision"] == "declined" else []
        possible = self._possible.get(application, [])
        return same(told, [(each, each not in possible) for each in asked])

    def _spared(self, explained: dict[str, Any], offered: list[str]) -> bool:
        """Tell whether what an awarded application could lose is what its allocations give."""
        margin, merit = explained["margin"], number(explained["merit"])
        points = number(margin["points"])
        if not 0 <= points <= merit or margin["at_any_merit"] is not (points == merit):
            return False
        if not margin["packages"]:
            return self._spared_without(explained, offered)
        application, rest = explained["application_id"], self._others.named(margin["instead"])
        if rest is None or rest.differs.get(application, "") is not None:
            return False
        if rest.worth != self._others.best(application, None) or not all(_exact(margin)):
            return False
        names = [each["package"] for each in margin["packages"]]
        if (
            names != [each for each in offered if each in names]
            or explained["package"] not in names
        ):
            return False
        missed = (self._others.best(application, each) for each in offered if each not in names)
        if any(each is not None and each >= rest.worth for each in missed):
            return False
        rivals = {each["package"]: self._with(explained, each) for each in margin["packages"]}
        return all(
            rival is not None
            and rival.worth >= rest.worth
            and same(each["points"], self._spare(each["package"], rival, rest))
            for each, rival in zip(margin["packages"], rivals.values(), strict=True)
        ) and same(
            [margin["points"], margin["others"]],
            [self._most(merit, rivals, rest), self._gaining(rest)],
        )

    def _spared_without(self, explained: dict[str, Any], offered: list[str]) -> bool:
        """Tell whether a margin of an award that names no allocation can be right.

        None does without the award, or a package that carries no merit cannot be lost by merit; or
        it is a bound, which no allocation that the record holds may be below.
        """
        margin, gain = explained["margin"], self._gains[explained["package"]]
        if margin["others"] != [] or margin["instead"] is not None:
            return False
        gone = self._others.best(explained["application_id"], None)
        if margin["exact"]:
            never = gone is None or (not gain and gone < self._others.worth)
            return never and margin["at_any_merit"]
        if gone is None or not gain or len(offered) > 1:
            return True
        return number(margin["points"]) <= (self._others.worth - gone) // gain

    def _with(self, explained: dict[str, Any], part: dict[str, Any]) -> Other | None:
        """Return the allocation in which an awarded application gets a package, if it is so."""
        if part["package"] == explained["package"]:
            return Other({}, self._others.worth) if part["instead"] == [] else None
        return self._best_with(explained["application_id"], part)

    def _best_with(self, application: str, part: dict[str, Any]) -> Other | None:
        """Return the allocation named for a package, if it awards it and none held is better."""
        other = self._others.named(part["instead"])
        if other is None or other.differs.get(application) != part["package"]:
            return None
        best = self._others.best(application, part["package"])
        return other if other.worth == best else None

    def _spare(self, package: str, rival: Other, rest: Other) -> int | None:
        gain = self._gains[package]
        return (rival.worth - rest.worth) // gain if gain else None

    def _most(self, merit: int, rivals: dict[str, Other | None], rest: Other) -> int:
        """Return the most merit that can be lost with the award kept, by lead or by lot."""
        held = [(each, self._gains[package]) for package, each in rivals.items() if each]

        def kept(points: int) -> bool:
            lead = max(each.worth - gain * points for each, gain in held)
            level = [each for each, gain in held if each.worth - gain * points == lead]
            before = any(self._others.comes_before(each, rest) for each in level)
            return lead > rest.worth or (lead == rest.worth and before)

        if kept(merit):
            return merit
        most = max((each.worth - rest.worth) // gain for each, gain in held if gain)
        return most if kept(most) else most - 1

    def _gaining(self, other: Other) -> list[str]:
        held = self._others.awards
        return sorted(a for a, package in other.differs.items() if package and a not in held)

    def _losing(self, other: Other) -> list[str]:
        return sorted(a for a, package in other.differs.items() if package is None)

    def _short(self, application: str, margin: dict[str, Any], offered: list[str]) -> bool:
        """Tell whether what a declined application was short of is the least for a package.

        No merit would do for a package of which no figure is given, and that is exact.
        """
        if [each["package"] for each in margin["packages"]] != offered or margin["at_any_merit"]:
            return False
        if margin["instead"] is not None:
            return False
        if not all(self._figure_agrees(application, each) for each in margin["packages"]):
            return False
        known = _figures(margin)
        if not known:
            return margin["points"] is None and all(_exact(margin)) and margin["others"] == []
        points, least = number(margin["points"]), min(known.values())
        if margin["exact"]:
            return all(_exact(margin)) and self._reached(margin, least)
        bounded = [each["exact"] is (each["points"] is None) for each in margin["packages"]]
        return points == least and all(bounded) and margin["others"] == []

    def _figure_agrees(self, application: str, part: dict[str, Any]) -> bool:
        """Tell whether a package of a declined application was short of so much, or can have been.

        A figure that is not exact names no allocation, and is no more than any of them gives.
        """
        package, points = part["package"], part["points"]
        if part["instead"] is not None:
            other = self._best_with(application, part)
            needed = None if other is None else self._needed(package, other.worth)
            return other is not None and part["exact"] and same(points, needed)
        if points is None:
            never = not self._gains[package] or self._others.never(application, package)
            return bool(part["exact"]) and never
        best = self._others.best(application, package)
        needed = 0 if best is None else self._needed(package, best)
        if part["exact"] or number(points) < 0 or needed is None or not self._gains[package]:
            return False
        return best is None or number(points) <= needed

    def _needed(self, package: str, worth: int) -> int | None:
        gain = self._gains[package]
        return max(0, -((worth - self._others.worth) // gain)) if gain else None

    def _reached(self, margin: dict[str, Any], least: int) -> bool:
        """Tell whether the margin is the least figure, or more by one where the lottery was lost.

        Those it touches are who has no award in the allocation that was reached.
        """
        awards = Other({}, self._others.worth)
        lost, won = list[list[str]](), list[list[str]]()
        for each in margin["packages"]:
            other = self._others.named(each["instead"])
            if other is None or each["points"] is None or number(each["points"]) != least:
                continue
            ahead = other.worth + self._gains[each["package"]] * least > self._others.worth
            drawn = least > 0 and (ahead or self._others.comes_before(other, awards))
            (won if drawn else lost).append(self._losing(other))
        return number(margin["points"]) == (least if won else least + 1) and margin["others"] in (
            won or lost
        )


def _parts(margin: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return what names an allocation: the margin, and each of its packages."""
    return [] if margin is None else [margin, *margin["packages"]]


def _impossible(programme: dict[str, Any]) -> frozenset[int]:
    """Return the columns that one row forbids, whoever else is awarded."""
    never: set[int] = set()
    for row in programme["rows"]:
        factors = [number(each) for each in row["coefficients"]]
        if row["sense"] == "<=" and min(factors, default=0) >= 0:
            bound = number(row["bound"])
            pairs = zip(row["columns"], factors, strict=True)
            never.update(column for column, factor in pairs if factor > bound)
    return frozenset(never)


def _packages(programme: dict[str, Any], without: frozenset[int]) -> dict[str, list[str]]:
    """Return the packages of each application, but for those that only these columns have."""
    found: dict[str, dict[str, None]] = {}
    for place, column in enumerate(programme["columns"]):
        if place not in without:
            found.setdefault(column["application"], {})[column["package"]] = None
    return {application: [*packages] for application, packages in found.items()}


def _exact(margin: dict[str, Any]) -> list[Any]:
    return [margin["exact"], *(each["exact"] for each in margin["packages"])]


def _figures(margin: dict[str, Any]) -> dict[str, int]:
    """Return the figures of the packages that have one."""
    given = (each for each in margin["packages"] if each["points"] is not None)
    return {each["package"]: number(each["points"]) for each in given}


def _stated(margin: dict[str, Any], awarded: bool) -> int | None:
    """Return what the decision says: an exact margin, a shortage below 0."""
    if margin["points"] is None or not margin["exact"]:
        return None
    return number(margin["points"]) if awarded else -number(margin["points"])


# --- allocator.record.check_explanations ---------------------------------------------------
# What each application was told is held against the decisions, the merit, the draws and the rules.
#
# The margins took a solver to find; here the allocations that they name are carried out, and the
# margins follow from those. Which awards would fit is worked out again for some of the declined.


EXPLANATIONS = "explanations.json"
EXPLAINED = (
    *("application_id", "breakdown", "decision", "extra", "factors", "margin", "merit"),
    *("obstacles", "package", "reason_code", "tie"),
)
NEAREST = (
    *("person_year", "person_meeting", "quota", "ticket_in_pair"),
    *("cap", "floor", "budget", "fund"),
)
"""Which clause is named first when several stand in the way: the one nearest to the person."""
SAMPLE = 40
"""So many declined applications are tried again: those whose id has the smallest SHA-256."""


def look_at_explanations(record: Opened) -> str:
    """Check the explanations against everything that they rest on."""
    if EXPLANATIONS not in record.members:
        raise Unchecked(say("verify.explanations.none"))
    explained = record.plain(EXPLANATIONS)
    lines = record.plain("result.json")["decisions"]
    for each in explained:
        demand_fields(each, *EXPLAINED)
    if [each["application_id"] for each in explained] != [line["application_id"] for line in lines]:
        raise Refused(say("verify.explanations.ids"))
    told = _elsewhere(record)
    demand_none(
        say("verify.explanations.other", application=safe(each["application_id"]), field=field)
        for each, line in zip(explained, lines, strict=True)
        for field in _differing_explanation(each, line, told)
    )
    tried = sorted((each for each in explained if each["decision"] == "declined"), key=_rank)
    demand_none(_wrong_obstacles(record, tried[:SAMPLE]))
    exact = sum(each["margin"] is not None and each["margin"]["exact"] for each in explained)
    return say(
        "verify.explanations.figure",
        count=len(explained),
        exact=exact,
        tried=len(tried[:SAMPLE]),
    )


def _rank(explained: dict[str, Any]) -> str:
    return hashlib.sha256(explained["application_id"].encode("utf-8")).hexdigest()


class _Alone:
    """Which clauses of a programme forbid an award by themselves, whoever else is awarded."""

    def __init__(self, programme: dict[str, Any]):
        by_column: list[set[str]] = [set() for _ in programme["columns"]]
        for row in programme["rows"]:
            factors = [number(each) for each in row["coefficients"]]
            if row["sense"] != "<=" or min(factors, default=0) < 0:
                continue
            clause = _kind(row["name"])
            # A clause about a person is named without the person.
            clause = clause if clause.startswith("person_") else row["name"]
            for column, factor in zip(row["columns"], factors, strict=True):
                if factor > number(row["bound"]):
                    by_column[column].add(clause)
        self._found: dict[tuple[str, str], list[set[str]]] = {}
        for column, clauses in zip(programme["columns"], by_column, strict=True):
            key = (column["application"], column["package"])
            self._found.setdefault(key, []).append(clauses)

    def agrees(self, explained: dict[str, Any]) -> bool:
        """Tell whether each obstacle names the clauses that forbid it alone, of one fund at least.

        They are some of those that it names in all, in the same order.
        """
        return all(
            set(each["alone"])
            in self._found.get((explained["application_id"], each["package"]), ())
            and each["alone"] == [one for one in each["clauses"] if one in each["alone"]]
            for each in explained["obstacles"]
        )


def _code_of(obstacles: list[dict[str, Any]]) -> str:
    """Return the reason code of a declined application that no draw and no override settled."""
    if not all(each["clauses"] for each in obstacles):
        return "balance"
    if not obstacles:
        return "outranked"
    alone = [{_kind(one) for one in each["alone"]} for each in obstacles]
    if all(alone):
        nearest = min(set.intersection(*alone) or set.union(*alone), key=NEAREST.index)
        return nearest.replace("_", "-")
    least = min(obstacles, key=lambda each: (bool(each["alone"]), len(each["clauses"])))
    return _kind(least["clauses"][0]).replace("_", "-")


def _kind(clause: str) -> str:
    return clause.partition("[")[0]


def _code_follows(explained: dict[str, Any]) -> bool:
    """Tell whether the reason of a declined application is the one that its obstacles give."""
    code = explained["reason_code"]
    if explained["decision"] != "declined" or code in OVERRIDE_CODES.values():
        return True
    return bool(code == ("lottery" if explained["tie"] else _code_of(explained["obstacles"])))


@dataclass(frozen=True)
class _Elsewhere:
    """What the record says elsewhere, by application; ``lines`` are the lines of money."""

    breakdowns: dict[str, Any]
    ties: dict[str, dict[str, Any]]
    factors: dict[str, list[dict[str, Any]]]
    lines: dict[str, list[str]]
    margins: Margins
    alone: _Alone


def _elsewhere(record: Opened) -> _Elsewhere:
    book = Book(record)
    return _Elsewhere(
        breakdowns=_breakdowns(record),
        ties=_ties(record),
        factors=otherwise_of(record),
        lines=_lines(book),
        margins=Margins(record),
        alone=_Alone(record.plain("programme.json")),
    )


def _lines(book: Book) -> dict[str, list[str]]:
    """Return, by application, the budget and the funds from which it could be paid."""
    found = {}
    for application, costs in book.costs.items():
        meeting = book.place(application)[1]
        limited = book.meetings[meeting]["budget"] is not None
        payers = {fund for package in costs for fund in book.payers[application, package]}
        funds = [f"fund[{each['id']}]" for each in book.funds if each["id"] in payers]
        found[application] = [*([f"budget[{meeting}]"] if limited else []), *funds]
    return found


def _breakdowns(record: Opened) -> dict[str, Any]:
    return {
        each["application"]["application_id"]: each["breakdown"]
        for each in record.plain("pool.json")["candidates"]
    }


def _ties(record: Opened) -> dict[str, dict[str, Any]]:
    draws = record.plain("result.json")["draws"]
    return {
        each["application_id"]: {
            "key": each["key"],
            "of": len(draws),
            "position": each["position"],
        }
        for each in draws
    }


def _differing_explanation(
    explained: dict[str, Any], line: dict[str, Any], told: _Elsewhere
) -> Iterator[str]:
    """Yield the fields in which an explanation is not what the record says elsewhere."""
    application = line["application_id"]
    elsewhere = {
        **{field: line[field] for field in ("decision", "package", "reason_code", "merit")},
        "breakdown": told.breakdowns.get(application, []),
        "tie": told.ties.get(application),
        "factors": told.factors.get(application, []),
    }
    yield from (field for field, value in elsewhere.items() if not same(explained[field], value))
    if not told.margins.tie_agrees(explained):
        yield "tie"
    if not _extra_agrees(explained, told.lines.get(application, [])):
        yield "extra"
    if not _code_follows(explained):
        yield "reason_code"
    if not (told.margins.obstacles_agree(explained) and told.alone.agrees(explained)):
        yield "obstacles"
    if not told.margins.agree(explained, line):
        yield "margin"


def _extra_agrees(explained: dict[str, Any], lines: list[str]) -> bool:
    """Tell whether extra money is only asked for by the declined, of each line that could pay.

    That no amount would do is always exact.
    """
    for each in explained["extra"]:
        demand_fields(each, "amount", "exact", "line")
        if each["exact"] is not True and (each["exact"] is not False or each["amount"] is None):
            return False
        if each["amount"] is not None and number(each["amount"]) <= 0:
            return False
    named = [each["line"] for each in explained["extra"]]
    return not named or (explained["decision"] == "declined" and named == lines)


def _wrong_obstacles(record: Opened, declined: list[dict[str, Any]]) -> Iterator[str]:
    """Yield applications said to be in the way of a rule that they are not, or the reverse."""
    if not declined or record.plain("result.json")["status"] != OPTIMAL:
        return
    room = Room(record)
    for explained in declined:
        application = explained["application_id"]
        costs = room.book.costs[application]
        if any(
            room.holds((application, each["package"], costs[each["package"]]))
            is bool(each["clauses"])
            for each in explained["obstacles"]
        ):
            yield say("verify.explanations.obstacles", application=safe(application))


# --- allocator.record.check_all ------------------------------------------------------------
# The checks in their order: those that every verifier makes, and where others go between them.


FROM_INPUTS = ("inputs", "policy", "eligibility", "merit", "costs")
"""Checks that read the input files and the policy, for which the allocator is needed."""

OPTIONAL_CHECKS = ("signature", "timestamp")
"""Checks of what a record may do without."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the auditor has besides the record: each part may be missing."""

    previous: bytes | None = None
    public_key: bytes | None = None
    authority: Path | None = None


def look_at_file(data: bytes) -> tuple[Opened | None, Check]:
    """Open a record; there is nothing more to look at if its form is broken."""
    opened: list[Opened] = []

    def look() -> str:
        opened.append(Opened(data))
        count = len(opened[0].members)
        return say("verify.container.figure", bytes=len(data), count=count)

    check = carried_out("container", look)
    return (opened[0] if opened else None), check


def look_at_origin(record: Opened, given: Given) -> tuple[Check, ...]:
    """Check that the members belong together, who vouches for them, and what they follow."""
    office = (_made("office", lambda: look_at_office(record)),) if OFFICE in record.members else ()
    return (
        _made("members", lambda: look_at_members(record)),
        _made("signature", lambda: look_at_signature(record, given.public_key)),
        _made("timestamp", lambda: look_at_timestamp(record, given.authority)),
        _made("previous", lambda: look_at_previous(record, _previous(given))),
        *office,
    )


def _made(name: str, look: Callable[[], str]) -> Check:
    return carried_out(name, look, required=name not in OPTIONAL_CHECKS)


def _previous(given: Given) -> Opened | None:
    if given.previous is None:
        return None
    try:
        return Opened(given.previous)
    except Refused:
        raise Refused(say("verify.previous.broken")) from None


def look_within(record: Opened) -> tuple[Check, ...]:
    """Check everything that the record's own tables can show."""
    looks: tuple[tuple[str, Callable[[Opened], str]], ...] = (
        ("pool", look_at_pool),
        ("programme", look_at_programme),
        ("rules", look_at_rules),
        ("payments", look_at_payments),
        ("objective", look_at_objective),
        ("proof", look_at_proof),
        ("lottery", look_at_lottery),
        ("draws", look_at_draws),
        ("decisions", look_at_decisions),
        ("effects", look_at_effects),
        ("explanations", look_at_explanations),
        ("fairness", look_at_fairness),
        ("promises", look_at_promises),
    )
    return tuple(_made(name, partial(look, record)) for name, look in looks)


def of_redacted(record: Opened, checks: Iterable[Check]) -> Iterator[Check]:
    """Yield checks of what a record says; in one from which a person was erased none can fail.

    What does not agree may be what was erased. Such a record is never fully verified.
    """
    try:
        gone = bool(withheld(record))
    except Refused:  # said by the check of the members
        gone = False
    for each in checks:
        if gone and each.status == FAIL:
            figure = say("verify.withheld", figure=each.figure)
            yield replace(each, status=UNCHECKED, figure=figure)
        else:
            yield each


def look_at_edition(record: Opened, version: str, standalone: bytes) -> str:
    """Check which version made the record, and that the verifier in it is the genuine one."""
    versions = record.plain("versions.json")
    demand_fields(versions, "allocator", "format")
    if versions["format"] != record.plain(MANIFEST)["format"]:
        raise Refused(say("verify.edition.format"))
    theirs = versions["allocator"]
    if theirs != version:
        raise Unchecked(say("verify.edition.other", theirs=safe(theirs), mine=version))
    if record.members[STANDALONE] != standalone:
        raise Refused(say("verify.edition.changed", version=version))
    return say("verify.edition.figure", version=version)


def open_points(record: Opened | None, given: Given, checks: Iterable[Check]) -> tuple[str, ...]:
    """Return what cannot be checked at all, in words; ``checks`` are those that were made."""
    points = [say("verify.open.inputs-true")]
    if given.public_key is None and record is not None:
        points.append(say("verify.open.unsigned", digest=record.manifest_digest()))
    proven = any(each.id == "proof" and each.status == PASS for each in checks)
    points.append(say(f"verify.open.tied{'-proven' if proven else ''}"))
    points.append(say("verify.open.margins"))
    return tuple(points)


# --- allocator.record.check_main -----------------------------------------------------------
# The command line of ``verify_record.py``: a record becomes lines of checks and an exit code.


FOR_THE_ALLOCATOR = ("tables", *FROM_INPUTS, "reasons", "policy-promises")
"""Checks that this file leaves to the allocator."""

USAGE = 2
"""Exit code where the command was not understood or a file could not be read."""


def verify_alone(data: bytes, given: Given, version: str, standalone: bytes) -> Report:
    """Make every check that needs nothing but the record.

    Parameters
    ----------
    data : bytes
        The record.
    given : Given
        What else the auditor has.
    version, standalone : str, bytes
        The version of this file, and its bytes.
    """
    record, form = look_at_file(data)
    checks = [form]
    if record is not None:
        opened = record
        checks += look_at_origin(opened, given)
        checks.append(carried_out("edition", lambda: look_at_edition(opened, version, standalone)))
        checks += [_for_the_allocator(name) for name in FOR_THE_ALLOCATOR]
        checks += of_redacted(opened, look_within(opened))
    open_ = open_points(record, given, checks)
    return Report(tuple(checks), (say("verify.open.standalone"), *open_))


def _for_the_allocator(name: str) -> Check:
    def look() -> str:
        raise Unchecked(say("verify.needs-allocator"))

    return carried_out(name, look, required=False)


def main(version: str, arguments: Sequence[str] | None = None) -> int:
    """Verify the record named on the command line; return 0, 1 or 2."""
    parser = argparse.ArgumentParser(description=say("verify.alone.about"))
    parser.add_argument("record", type=Path, help=say("verify.alone.record"))
    parser.add_argument("--previous", type=Path, help=say("verify.alone.previous"))
    parser.add_argument("--key", type=Path, help=say("verify.alone.key"))
    parser.add_argument("--timestamp-ca", type=Path, help=say("verify.alone.timestamp-ca"))
    parser.add_argument("--json", action="store_true", help=say("verify.alone.json"))
    asked = parser.parse_args(arguments)
    try:
        data = asked.record.read_bytes()
        given = Given(
            previous=asked.previous.read_bytes() if asked.previous else None,
            public_key=read_key(asked.key.read_bytes()) if asked.key else None,
            authority=asked.timestamp_ca,
        )
        own = Path(__file__).read_bytes()
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    report = verify_alone(data, given, version, own)
    if asked.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        for line in report_lines(report):
            print(
                line.encode(sys.stdout.encoding or "ascii", "replace").decode(sys.stdout.encoding)
            )
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(VERSION))
