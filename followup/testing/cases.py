"""Worked cases as text tables, that a clinician can read and sign; run on a policy, or on any scheduler's answer.

A file has any number of cases, each of them:

    case J03: A visit without the police leaves the joint visit owed on its day
    policy dongguan 40ee37b02ac1
      2026-01-05 registered: consents yes
      2026-01-12 visited: risk 3, mode home, stability unstable, present care_group police
      2026-01-22 visited: risk 3, mode home, stability unstable, present care_group
      on 2026-01-25: open; visit due 2026-01-26 by risk3-joint missing police
      on 2026-01-27: overdue; visit due 2026-01-26 | none

- `policy` names the policy and, after it, the version that the case was written for; both may be left out.
- An entry is a day, a type and its fields: a name, a space and the JSON spelling. Several values stand with spaces
  between them (`none` for an empty list), functions as `self_care=good`; `entry 2` is the case's second entry;
  `[recorded 2026-02-01T09:00:00]` at the end says when it was recorded.
- `on` says what is expected on a day: the standing (`unregistered` before the registration), then each follow-up
  line, the earliest first; after a bar the duties, where they matter (`none` for no duty). A line is its kind and
  `due DAY`, then as much as matters of `opens DAY`, `by RULE` (the strictest), `missing ROLES` (or `nobody`) and
  `to RECIPIENTS`.
- Empty lines and lines that begin with `#` say nothing.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from followup.dates import day
from followup.duevisit import DueVisit
from followup.entries import Entry, Registered
from followup.entryjson import entry_from_json
from followup.errors import FollowupError, InvalidFile, Problem, shown
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy
from followup.policyfile import load_policy
from followup.schedule import due_visits, standing
from followup.sentences import say

_SEVERAL: Final = frozenset({"seen", "present", "symptoms"})
_LINE: Final = re.compile(
    r"(?P<kind>\S+) due (?P<due>\S+)( opens (?P<opens>\S+))?( by (?P<by>\S+))?"
    r"( missing (?P<missing>.+?))?( to (?P<to>.+))?"
)
_ENTRY: Final = re.compile(r"(\S+) (\w+)(?::\s*([^\[]*))?\s*(?:\[recorded (\S+)\])?")


@define
class WorkedCase:
    """One person's entries, and what is expected on which days."""

    id: str
    title: str
    #: File and line.
    place: tuple[str, str] = ("", "")
    policy: str = ""
    #: The version of the policy that the expectations were written for.
    version: str = ""
    entries: list[Entry] = field(factory=list, repr=False)
    expected: list[tuple[date, str]] = field(factory=list, repr=False)

    def check(self, policy: Policy | None = None) -> None:
        """Compare what is expected with what the policy gives (default: the one that the case names).

        Raises `CaseBroken` with both side by side, and `InvalidFile` where the case was written for another policy.
        """
        asked = self._policy(policy)
        ledger = Ledger("p1", self.entries)
        for on, expected in self.expected:
            found = answer(ledger, asked, on, expected)
            if found != expected:
                running = [
                    line for line in due_visits(ledger, asked, on) if " | " in expected or line.kind in FOLLOW_UPS
                ]
                raise CaseBroken(self, on, expected, found, running)

    def _policy(self, policy: Policy | None) -> Policy:
        if policy is None and not self.policy:
            raise InvalidFile(Problem("case.policy", self.place))
        asked = load_policy(self.policy) if policy is None else policy
        if (self.policy or asked.id) != asked.id or (self.version or asked.version) != asked.version:
            facts = {"written": f"{self.policy} {self.version}".strip(), "policy": f"{asked.id} {asked.version}"}
            raise InvalidFile(Problem("case.version", self.place, facts))
        return asked

    def __str__(self) -> str:
        return self.id


class CaseBroken(AssertionError):
    """A worked case that comes out otherwise: expected and found side by side, and the reasons of what was found."""

    def __init__(self, case: WorkedCase, on: date, expected: str, found: str, lines: Iterable[DueVisit]) -> None:
        """Tell it in English; `text("zh")` tells it in Chinese."""
        self.case, self.on, self.expected, self.found, self.lines = case, on, expected, found, tuple(lines)
        super().__init__(self.text("en"))

    def text(self, lang: str = "en") -> str:
        """Return the case, the day, expected and found side by side, and why."""
        from tabulate import tabulate  # noqa: PLC0415 - only a mismatch needs it

        facts = {"id": self.case.id, "title": self.case.title, "on": self.on}
        heads = ["", say(lang, "case.expected"), say(lang, "case.found")]
        pairs = zip_longest(*(re.split("; | [|] ", text) for text in (self.expected, self.found)), fillvalue="")
        rows = [["" if expected == found else "!", expected, found] for expected, found in pairs]
        reasons = [reason.text(lang) for line in self.lines for reason in line.reasons]
        place = ", ".join(self.case.place)
        told = [
            say(lang, "case.broken", **facts),
            place,
            tabulate(rows, heads, tablefmt="simple", disable_numparse=True),
        ]
        return "\n".join([*filter(None, told), *(say(lang, "story.reason", text=reason) for reason in reasons)])


def read_cases(path: str | Path) -> tuple[WorkedCase, ...]:
    """Return the cases of a file, or of all `.txt` files of a folder, in order.

    Raises `InvalidFile` with every problem, each with file and line.

    For pytest: `@pytest.mark.parametrize("case", read_cases("cases.txt"), ids=str)`, and in the test `case.check()`.
    """
    place = Path(path)
    files = sorted(place.glob("*.txt")) if place.is_dir() else [place]
    problems: list[Problem] = []
    found = [case for file in files for case in _read(file, problems)]
    problems += [problem for case in found for problem in _missing(case)]
    if not (found or problems):
        problems.append(Problem("case.none", (str(path),)))
    if problems:
        raise InvalidFile(problems)
    return tuple(found)


def check_cases(path: str | Path, policy: Policy | None = None) -> None:
    """Check all cases of a file or folder, under one policy or each under the one that it names."""
    for case in read_cases(path):
        case.check(policy)


def _read(file: Path, problems: list[Problem]) -> Iterator[WorkedCase]:
    case: WorkedCase | None = None
    for number, line in enumerate(_lines(file), 1):
        words, place = line.strip(), (file.name, f"line {number}")
        if words.startswith("case "):
            name, _, title = words[5:].partition(": ")
            case = WorkedCase(name, title, place)
            yield case
        elif not words or words.startswith("#"):
            continue
        elif case is None:
            problems.append(Problem("case.first", place))
            return
        else:
            try:
                _read_line(case, words)
            except FollowupError as error:
                problems += [problem.at(*place) for problem in error.problems]


def _missing(case: WorkedCase) -> Iterator[Problem]:
    if not any(isinstance(entry, Registered) for entry in case.entries):
        yield Problem("case.unregistered", case.place)
    if not case.expected:
        yield Problem("case.nothing", case.place)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InvalidFile(Problem("case.file", (str(file),))) from None


def _read_line(case: WorkedCase, words: str) -> None:
    if words.startswith("policy "):
        case.policy, _, case.version = words[7:].partition(" ")
    elif words.startswith("on "):
        on, _, expected = words[3:].partition(": ")
        _check_expected(expected)
        case.expected.append((_day(on), expected))
    else:
        case.entries.append(_entry(words, case.entries))


def _day(text: str) -> date:
    """Return a day; what is none is shown, as a worked case tells of nobody."""
    try:
        return day(text)
    except FollowupError:
        raise InvalidFile(Problem("date", facts={"word": shown(text)})) from None


def _check_expected(expected: str) -> None:
    for part in re.split("; | [|] ", expected)[1:]:
        if part != "none" and not _LINE.fullmatch(part):
            raise InvalidFile(Problem("case.line", facts={"word": shown(part)}))


def _entry(words: str, earlier: list[Entry]) -> Entry:
    read = _ENTRY.fullmatch(words)
    if read is None:
        raise InvalidFile(Problem("case.entry", facts={"word": shown(words)}))
    on, kind, fields, recorded_at = read.groups()
    found: dict[str, Any] = {"type": kind, "patient": "p1", "on": on}
    for part in filter(None, (fields or "").strip().split(", ")):
        name, _, value = part.strip().partition(" ")
        found[name] = _value(kind, name, value, earlier)
    return entry_from_json(found | ({"recorded_at": recorded_at} if recorded_at else {}))


def _value(kind: str, name: str, value: str, earlier: list[Entry]) -> Any:
    if name in _SEVERAL or (kind, name) == ("done", "to"):
        return [] if value == "none" else value.split()
    if name == "functions":
        return dict(pair.partition("=")[::2] for pair in value.split())
    if name == "entry":
        return _earlier(value, earlier).id
    return {"yes": True, "no": False}.get(value, int(value) if name == "risk" and value.isdecimal() else value)


def _earlier(number: str, entries: list[Entry]) -> Entry:
    if not (number.isdecimal() and 0 < int(number) <= len(entries)):
        raise InvalidFile(Problem("case.entry", facts={"word": shown(f"entry {number}")}))
    return entries[int(number) - 1]


def answer(ledger: Ledger, policy: Policy, on: date, expected: str) -> str:
    """Return what the library answers, with those parts that the expectation names."""
    visits, bar, duties = expected.partition(" | ")
    lines = due_visits(ledger, policy, on)
    found = [line for line in lines if line.kind in FOLLOW_UPS]
    text = "; ".join([str(standing(ledger, policy, on) or "unregistered"), *_told(found, visits.split("; ")[1:])])
    if not bar:
        return text
    others = _told([line for line in lines if line.kind not in FOLLOW_UPS], duties.split("; "))
    return f"{text} | {'; '.join(others) or 'none'}"


def _told(lines: list[DueVisit], expected: list[str]) -> Iterator[str]:
    wanted = [_LINE.fullmatch(part) for part in expected]
    for place, line in enumerate(lines):
        asked = wanted[place] if place < len(wanted) else None
        text = f"{line.kind} due {line.due_on}"
        text += f" opens {line.opens_on}" if asked and asked["opens"] else ""
        text += f" by {line.reasons[0].rule}" if asked and asked["by"] else ""
        text += f" missing {' '.join(line.missing_roles) or 'nobody'}" if asked and asked["missing"] else ""
        text += f" to {' '.join(line.reasons[0].to) or 'nobody'}" if asked and asked["to"] else ""
        yield text
