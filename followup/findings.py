"""Doubts about a ledger under a policy, as values; they change no date and stop nothing."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from attrs import field, frozen

from followup.case import Case, case_on
from followup.duevisit import DueVisit
from followup.entries import Entry, Visited
from followup.ledger import Ledger
from followup.policy import Policy
from followup.schedule import lines
from followup.sentences import say
from followup.terms import Anchor, LineKind, Role

#: How a spreadsheet knows a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@frozen
class Finding:
    """One doubt: a stable code, the entries it is about, and a sentence."""

    code: str
    entries: tuple[Entry, ...] = field(repr=False)
    facts: dict[str, Any] = field(factory=dict, hash=False)

    def text(self, lang: str = "en") -> str:
        """Return the doubt as one sentence in `lang`."""
        days = say(lang, "word.and").join(dict.fromkeys(str(entry.on) for entry in self.entries))
        facts = {name: _shown(value, lang) for name, value in self.facts.items()}
        return say(lang, f"finding.{self.code}", days=days, **facts)


def _shown(value: object, lang: str) -> object:
    if isinstance(value, tuple):
        return say(lang, "word.and").join(role.label(lang) for role in value if isinstance(role, Role))
    return value


def findings(ledger: Ledger, policy: Policy, on: date) -> tuple[Finding, ...]:
    """Return the doubts about one patient's ledger as of the day `on`; none before the registration.

    >>> from followup import Registered, Visited, load_policy
    >>> ledger = Ledger("p1", [Registered("p1", "2026-11-02"), Visited("p1", "2026-10-01", risk=0)])
    >>> [finding.code for finding in findings(ledger, load_policy("national-2018"), date(2026, 11, 3))]
    ['visit-before-registration']
    """
    case = case_on(ledger, on)
    return () if case is None else doubts(case, lines(case, policy))


def doubts(case: Case, running: Iterable[DueVisit]) -> tuple[Finding, ...]:
    """Return the doubts about a case and its running lines, for whoever has both already."""
    found = [Finding(code, entries) for code, entries in case.doubts]
    found += _case_doubts(case)
    for line in running:
        found += _line_doubts(case, line)
    return tuple(found)


def _case_doubts(case: Case) -> Iterator[Finding]:
    if case.not_reached:
        yield Finding("three-misses", (case.anchors["first_missed"][1],))
    if any(isinstance(value, str) and value.startswith(_FORMULA) for value in case.person.values()):
        yield Finding("formula-in-text", ())


def _line_doubts(case: Case, line: DueVisit) -> Iterator[Finding]:
    last = case.visits[-1] if case.visits else None
    if any(reason.calendar == "provisional" for reason in line.reasons):
        yield Finding("calendar-provisional", ())
    if last is None or line.kind is not LineKind.VISIT:
        return
    yield from _presence_doubts(last, line)
    planned = next((reason for reason in line.reasons if reason.anchor is Anchor.PLANNED), None)
    if planned is not None and planned.due_on > line.due_on:
        facts = {"until": planned.due_on, "due": line.due_on}
        yield Finding("doctors-date-late", (case.postponed or last,), facts)


def _presence_doubts(last: Visited, line: DueVisit) -> Iterator[Finding]:
    if line.missing_roles:
        yield Finding("party-absent", (last,), {"roles": line.missing_roles})
    elif line.roles and last.present is None and line.reasons:
        yield Finding("presence-not-recorded", (last,))
    asked = {role for reason in line.reasons if reason.anchor_on <= last.on for role in reason.invited}
    absent = tuple(role for role in line.invited if role in asked and role not in (last.present or line.invited))
    if absent:
        yield Finding("not-invited", (last,), {"roles": absent})
