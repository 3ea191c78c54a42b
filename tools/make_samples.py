"""Writes the applications of the sample rounds that ship with the package, always the same bytes.

People and all that is said of them are invented; a round's own facts stand in its ``round.yaml``.
Names are words that reveal no gender. Every choice is drawn from a hash of what it decides, so that
a new column or State changes nothing else. The shares (packages, contributions, roles, women)
follow what is known of real meetings.
"""

import csv
import hashlib
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tools.sample_words import FAMILY_NAMES, GIVEN_NAMES, STATES

SAMPLES = Path(__file__).parent.parent / "allocator" / "samples"
DEADLINE_DAYS = 42

COLUMNS = (
    *("application_id", "person_id", "family_name", "given_name", "gender", "administration"),
    *("meeting", "requested", "accepts_partial", "ticket_cost", "ticket_currency"),
    *("contributions", "role", "first_time", "specific_needs", "registration_approved"),
    *("authorised", "received"),
)
PRIOR_COLUMNS = (
    *("person_id", "administration", "package", "financial_year", "meeting", "awarded_on"),
)


@dataclass(frozen=True)
class Call:
    """One meeting as applicants see it: who may come from where, and until when."""

    meeting: str
    deadline: date
    applications: int
    region: str = ""
    fare_factor: int = 100


def draw(key: str, below: int) -> int:
    """Return a number in ``range(below)`` that depends on the key alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % below


def choose(key: str, chances: Mapping[str, int]) -> str:
    """Return one of the keys of ``chances``, each with its chance in the whole."""
    left = draw(key, sum(chances.values()))
    for value, chance in chances.items():
        left -= chance
        if left < 0:
            return value
    raise AssertionError("the chances do not add up")


def person(key: str, administration: str) -> dict[str, str]:
    """Return the columns that belong to a person, the same at every meeting."""
    women = 20 + draw(f"women {administration}", 30)
    gender = choose(f"gender {key}", {"female": women, "male": 98 - women, "not stated": 2})
    written = {"female": ("female", "F", "woman"), "male": ("male", "M", "man")}
    style = draw(f"gender style {key}", 20)
    return {
        "person_id": "P" + hashlib.sha256(f"person {key}".encode()).hexdigest()[:6].upper(),
        "family_name": FAMILY_NAMES[draw(f"family {key}", len(FAMILY_NAMES))],
        "given_name": GIVEN_NAMES[draw(f"given {key}", len(GIVEN_NAMES))],
        "gender": written[gender][max(0, style - 17)] if gender in written else "",
        "administration": administration,
    }


def nomination(key: str, call: Call, fare: int) -> dict[str, str]:
    """Return the columns that belong to one nomination for one meeting."""
    requested = choose(f"requested {key}", {"full": 60, "ticket": 20, "dsa": 20})
    quote = fare * call.fare_factor * (75 + draw(f"fare {key}", 60)) // 10_000
    late = draw(f"late {key}", 100) < 4
    days = -(1 + draw(f"days late {key}", 6)) if late else draw(f"days early {key}", 45)
    return {
        "meeting": call.meeting,
        "requested": requested,
        "accepts_partial": choose(f"partial {key}", {"yes": 60, "no": 35, "": 5}),
        "ticket_cost": "" if draw(f"no quote {key}", 100) < 5 else f"{quote}.{quote % 20 * 5:02d}",
        "ticket_currency": choose(f"currency {key}", {"CHF": 80, "EUR": 12, "USD": 8}),
        "contributions": choose(
            f"contributions {key}", {"0": 55, "1": 25, "2": 12, "3": 5, "5": 3}
        ),
        "role": choose(
            f"role {key}",
            {"": 80, "Rapporteur": 4, "Associate Rapporteur": 4, "Editor": 8, "Vice-chair": 4},
        ),
        "first_time": choose(f"first {key}", {"no": 65, "yes": 30, "": 5}),
        "specific_needs": choose(f"needs {key}", {"no": 96, "yes": 4}),
        "registration_approved": choose(f"approved {key}", {"yes": 96, "no": 4}),
        "authorised": choose(f"authorised {key}", {"yes": 98, "no": 2}),
        "received": (call.deadline - timedelta(days=days)).isoformat(),
    }


def nominees(call: Call, recurring: int) -> Iterator[tuple[str, str, int]]:
    """Yield (person key, administration, fare) for a meeting, one to three persons per State.

    ``recurring`` percent of the persons are the State's regular delegate, who may apply to several
    meetings; the others are new for each meeting.
    """
    states = [state for state in STATES if not call.region or state.region == call.region]
    states.sort(key=lambda each: hashlib.sha256(f"{call.meeting} {each.name}".encode()).digest())
    wanted = call.applications
    for state in states:
        per_state = int(choose(f"{call.meeting} {state.name}", {"1": 65, "2": 30, "3": 5}))
        for number in range(min(per_state, wanted)):
            key = f"{state.name} {call.meeting} {number}"
            regular = number == 0 and draw(f"regular {key}", 100) < recurring
            yield f"{state.name} regular" if regular else key, state.name, state.fare
        wanted -= min(per_state, wanted)


def applications(calls: Sequence[Call], recurring: int) -> list[dict[str, str]]:
    """Return the rows of an applications file, in the order they came in."""
    rows = []
    for call in calls:
        for who, administration, fare in nominees(call, recurring):
            key = f"{who} for {call.meeting}"
            rows.append(person(who, administration) | nomination(key, call, fare))
    rows.sort(key=lambda row: (row["received"], row["meeting"], row["person_id"]))
    return [{"application_id": f"A{n:04d}"} | row for n, row in enumerate(rows, start=1)]


def with_twin_spelling(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Let one person appear a second time under another spelling and another identifier."""
    first = next(row for row in rows if "-" in row["family_name"])
    again = first | {
        "application_id": f"A{len(rows) + 1:04d}",
        "person_id": "P" + hashlib.sha256(b"twin").hexdigest()[:6].upper(),
        "family_name": first["family_name"].replace("-", " ").upper(),
    }
    return [*rows, again]


def prior_awards(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return awards of the years before to some of the same persons, and two of this year."""
    awards = []
    for row in {each["person_id"]: each for each in rows}.values():
        key = f"prior {row['person_id']}"
        if draw(key, 100) >= 18:
            continue
        year = choose(f"year {key}", {"2024": 35, "2025": 60, "2026": 5})
        on = date(2024, 1, 9) + timedelta(days=draw(f"on {key}", 300))
        group = choose(f"group {key}", {"sg13": 1, "sg20": 1, "sg11": 1, "tsag": 1})
        awards.append(
            {
                "person_id": row["person_id"],
                "administration": row["administration"],
                "package": choose(f"package {key}", {"full": 60, "ticket": 25, "dsa": 15}),
                "financial_year": year,
                "meeting": f"{group}-{year}",
                "awarded_on": "2025-12-01"
                if year == "2026"
                else on.replace(year=int(year)).isoformat(),
            }
        )
    return sorted(awards, key=lambda award: (award["awarded_on"], award["person_id"]))


def as_csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as CSV text with a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def one_meeting() -> dict[str, str]:
    """Return the made files of the one-meeting sample by name."""
    starts = date(2025, 9, 15)
    call = Call("sg20-2025-09", starts - timedelta(days=DEADLINE_DAYS), applications=61)
    rows = with_twin_spelling(applications([call], recurring=0))
    return {"applications.csv": as_csv(COLUMNS, rows)}


def year() -> dict[str, str]:
    """Return the made files of the year sample by name: one call for all meetings of 2026."""
    deadline = date(2025, 12, 12)
    sizes = {
        **{"sg2-2026-02": 30, "sg13-2026-03": 52, "sg3-2026-04": 28, "sg17-2026-04": 40},
        **{"tsag-2026-05": 46, "sg12-2026-06": 22, "sg11-2026-07": 34, "sg21-2026-07": 26},
        **{"sg20-2026-09": 44, "sg15-2026-10": 24, "sg5-2026-10": 38},
    }
    calls = [Call(meeting, deadline, size) for meeting, size in sizes.items()]
    calls.append(Call("sg20rg-afr-2026-06", deadline, 16, region="Africa", fare_factor=65))
    rows = applications(calls, recurring=45)
    return {
        "applications.csv": as_csv(COLUMNS, rows),
        "prior_awards.csv": as_csv(PRIOR_COLUMNS, prior_awards(rows)),
    }


def files() -> dict[str, str]:
    """Return every made file: path below ``allocator/samples`` to text."""
    rounds = {"one-meeting": one_meeting(), "year": year()}
    return {f"{name}/{file}": text for name, made in rounds.items() for file, text in made.items()}


def main() -> int:
    """Write the files."""
    for name, text in files().items():
        path = SAMPLES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path.relative_to(SAMPLES.parent.parent)}: {text.count(chr(10))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
