"""Worked cases as text tables: read for the tests, written so that a clinician can read and sign them."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from attrs import define, field

from followup import DueVisit, Entry, Ledger, Policy, due_visits, entry_from_json, standing
from followup.policy import FOLLOW_UPS

FOLDER = Path(__file__).parent / "golden"
LISTS = {"seen", "present", "symptoms"}
LINE = re.compile(
    r"(?P<kind>\S+) due (?P<due>\S+)( opens (?P<opens>\S+))?( by (?P<by>\S+))?( missing (?P<missing>.+?))?( to (?P<to>.+))?"
)


@define
class GoldenCase:
    """One person's entries, and what is expected on which days."""

    id: str
    title: str
    policy: str = ""
    #: The version of the policy that the expectations were written for.
    version: str = ""
    entries: list[Entry] = field(factory=list)
    expected: list[tuple[date, str]] = field(factory=list)


def read_cases(folder: Path = FOLDER) -> Iterator[GoldenCase]:
    """Return all cases of all files, in order."""
    for path in sorted(folder.glob("*.txt")):
        case: GoldenCase | None = None
        for line in path.read_text("utf-8").splitlines():
            words = line.strip()
            if words.startswith("case "):
                name, _, title = words[5:].partition(": ")
                case = GoldenCase(name, title)
                yield case
            elif words and not words.startswith("#") and case is not None:
                _read_line(case, words)


def _read_line(case: GoldenCase, words: str) -> None:
    if words.startswith("policy "):
        case.policy, _, case.version = words[7:].partition(" ")
    elif words.startswith("on "):
        day, _, expected = words[3:].partition(": ")
        case.expected.append((date.fromisoformat(day), expected))
    else:
        case.entries.append(_entry(words, case.entries))


def _entry(words: str, earlier: list[Entry]) -> Entry:
    head, _, rest = words.partition(":")
    bracket = re.search(r"\[recorded (\S+)\]", words)
    day, kind = head.split("[")[0].split()
    found: dict[str, Any] = {"type": kind, "patient": "p1", "on": day}
    for part in filter(None, rest.split("[")[0].strip().split(", ")):
        name, _, value = part.strip().partition(" ")
        found[name] = value.split() if (kind, name) == ("done", "to") else _value(name, value, earlier)
    return entry_from_json(found | ({"recorded_at": bracket[1]} if bracket else {}))


def _value(name: str, value: str, earlier: list[Entry]) -> Any:
    if name in LISTS:
        return [] if value == "none" else value.split()
    if name == "functions":
        return dict(pair.split("=") for pair in value.split())
    if name == "entry":
        return earlier[int(value) - 1].id
    return {"yes": True, "no": False}.get(value, int(value) if name == "risk" else value)


def answer(case: GoldenCase, policy: Policy, on: date, expected: str) -> str:
    """Say what the library answers, with those parts that the expectation names."""
    ledger = Ledger("p1", case.entries)
    visits, bar, duties = expected.partition(" | ")
    lines = due_visits(ledger, policy, on)
    found = [line for line in lines if line.kind in FOLLOW_UPS]
    text = "; ".join([str(standing(ledger, policy, on) or "unregistered"), *_told(found, visits.split("; ")[1:])])
    if not bar:
        return text
    others = _told([line for line in lines if line.kind not in FOLLOW_UPS], duties.split("; "))
    return f"{text} | {'; '.join(others) or 'none'}"


def _told(lines: list[DueVisit], expected: list[str]) -> Iterator[str]:
    wanted = [LINE.fullmatch(part) for part in expected]
    for place, line in enumerate(lines):
        asked = wanted[place] if place < len(wanted) else None
        text = f"{line.kind} due {line.due_on}"
        text += f" opens {line.opens_on}" if asked and asked["opens"] else ""
        text += f" by {line.reasons[0].rule}" if asked and asked["by"] else ""
        text += f" missing {' '.join(line.missing_roles) or 'nobody'}" if asked and asked["missing"] else ""
        text += f" to {' '.join(line.reasons[0].to) or 'nobody'}" if asked and asked["to"] else ""
        yield text
