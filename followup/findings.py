"""Doubts about a ledger under a policy, as values; they change no date and stop nothing."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, Final

from attrs import field, frozen

from followup.case import Case, case_on
from followup.duevisit import DueVisit, Reason
from followup.entries import (
    Assigned,
    Consented,
    Declined,
    Detained,
    Died,
    Entry,
    Found,
    Lost,
    MovedIn,
    MovedOut,
    Postponed,
    Released,
    Visited,
)
from followup.formulas import BEGINNINGS
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy, Title
from followup.schedule import lines, undone
from followup.sentences import say
from followup.settlement import settles_nothing
from followup.stability import computed_class
from followup.terms import Anchor, Insight, LineKind, Reaction, RiskLevel, Stability, Status, Term

#: From how many levels on a change of risk is doubted, and how late a follow-up or an incident may be entered (A).
_JUMP: Final = 3
_VISIT_DAYS: Final = 10
_INCIDENT_DAYS: Final = 1
#: The lines that a follow-up settles only in the way of contact asked for; another attempt is made in any.
_OF_A_WAY: Final = frozenset({LineKind.VISIT, LineKind.FIRST_VISIT})
_AWAY: Final = frozenset({Status.IN_HOSPITAL, Status.DETAINED, Status.LOST})
#: Kinds of entry that exclude each other on one day.
_OPPOSED: Final[tuple[tuple[type[Entry], type[Entry]], ...]] = (
    (Consented, Declined), (Lost, Found), (Lost, Visited), (MovedOut, MovedIn), (Detained, Released),
)  # fmt: skip
#: What two entries of a kind on one day should tell alike.
_TOLD: Final[dict[type[Entry], Callable[[Any], object]]] = {
    Visited: lambda visit: (visit.risk, visit.stability),
    Postponed: lambda entry: entry.until,
    Assigned: lambda entry: (entry.team, entry.village),
}


@frozen
class Finding:
    """One doubt: about whom, a stable code, the entries it is about, and a sentence."""

    patient: str
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
        return say(lang, "word.and").join(str(_shown(part, lang)) for part in value)
    if isinstance(value, type) and issubclass(value, Entry):
        return say(lang, f"entry.{value.type}")
    if isinstance(value, Title):
        return value.text(lang)
    if value is None:
        return say(lang, "word.unknown")
    return value.label(lang) if isinstance(value, Term) else value


def findings(ledger: Ledger, policy: Policy, on: date) -> tuple[Finding, ...]:
    """Return the doubts about one patient's ledger as of the day `on`; none before the registration.

    Those about a follow-up are about the last one; to see what was doubted before, ask for an earlier day.

    >>> from followup import Registered, Visited, load_policy
    >>> ledger = Ledger("p1", [Registered("p1", "2026-11-02"), Visited("p1", "2026-10-01", risk=0)])
    >>> [finding.code for finding in findings(ledger, load_policy("national-2018"), date(2026, 11, 3))]
    ['visit-before-registration']
    """
    case = case_on(ledger, on)
    return () if case is None else doubts(case, lines(case, policy), policy)


def doubts(case: Case, running: Iterable[DueVisit], policy: Policy) -> tuple[Finding, ...]:
    """Return the doubts about a case and its running lines, for whoever has both already."""
    found = [*_case_doubts(case), *contradictions(case), *_visit_doubts(case)]
    for reason, entry in undone(case, policy):
        facts = {"title": reason.title, "due": reason.due_on}
        found.append(Finding(case.patient, "duty-undone", (entry,), facts))
    for line in running:
        found += _line_doubts(case, line, policy)
    return tuple(found)


def _case_doubts(case: Case) -> Iterator[Finding]:
    for code, entries in case.doubts:
        if code != "away-after-return" or case.status in _AWAY:
            yield Finding(case.patient, code, entries)
    if case.not_reached and not case.suspensions:
        yield Finding(case.patient, "three-misses", case.not_reached)
    if any(isinstance(value, str) and value.startswith(BEGINNINGS) for value in case.person.values()):
        yield Finding(case.patient, "formula-in-text", ())
    for _, incident in case.incidents:
        if _days_late(case, incident) > _INCIDENT_DAYS:
            yield Finding(case.patient, "incident-recorded-late", (incident,), {"recorded": incident.recorded_on})
    for deed in filter(settles_nothing, case.deeds):
        yield Finding(case.patient, "done-nothing", (deed,), {"kind": getattr(deed, "kind", None)})
    yield from _postponement_doubts(case)
    yield from _death_doubts(case)


def _postponement_doubts(case: Case) -> Iterator[Finding]:
    entry = case.postponed
    if entry is not None and not (entry.author and entry.reason):
        yield Finding(case.patient, "postponed-unsigned", (entry,))
    if entry is not None and entry.until <= entry.on:
        yield Finding(case.patient, "postponed-backwards", (entry,), {"until": entry.until})


def _death_doubts(case: Case) -> Iterator[Finding]:
    days = tuple(dict.fromkeys(case.suspensions.get(Status.DEAD, ())))
    if len(days) > 1:
        first_and_last = (*(entry for _, _, entry in case.spells), case.mover)
        deaths = dict.fromkeys(entry for entry in first_and_last if isinstance(entry, Died))
        yield Finding(case.patient, "died-twice", tuple(deaths), {"died": days})


def contradictions(case: Case) -> Iterator[Finding]:
    """Return the facts of one day that cannot both be so."""
    for entries in case.crowded:
        kinds = {type(entry): entry for entry in entries}
        for one, other in _OPPOSED:
            if one in kinds and other in kinds:
                facts = {"kinds": (one, other)}
                yield Finding(case.patient, "contradiction", (kinds[one], kinds[other]), facts)
        for kind, told in _TOLD.items():
            same = [entry for entry in entries if type(entry) is kind]
            if len({told(entry) for entry in same}) > 1:
                yield Finding(case.patient, "contradiction", tuple(same), {"kinds": (kind, kind)})


def _visit_doubts(case: Case) -> Iterator[Finding]:
    if not case.visits:
        return
    last, before = case.visits[-1], case.visits[-2:-1]
    computed = computed_class(last)
    if last.stability is Stability.STABLE and last.risk >= RiskLevel.HITS_THINGS_ANYWHERE:
        yield Finding(case.patient, "stable-at-high-risk", (last,), {"risk": int(last.risk)})
    elif last.stability is not None and last.stability is not computed and _is_known(last, computed):
        yield Finding(case.patient, "class-differs", (last,), {"recorded": last.stability, "computed": computed})
    if before and abs(last.risk - before[0].risk) >= _JUMP:
        facts: dict[str, Any] = {"before": int(before[0].risk), "after": int(last.risk)}
        yield Finding(case.patient, "risk-jump", (before[0], last), facts)
    if (late := _days_late(case, last)) > _VISIT_DAYS:
        facts = {"recorded": last.recorded_on, "days_late": late}
        yield Finding(case.patient, "visit-recorded-late", (last,), facts)


def _days_late(case: Case, entry: Entry) -> int:
    """Return how many days late a fact was entered: nobody's can be before the person is in the register."""
    registered = None if case.registered is None else case.registered.recorded_on
    return 0 if entry.recorded_on is None else (entry.recorded_on - max(entry.on, registered or entry.on)).days


def _is_known(visit: Visited, computed: Stability) -> bool:
    """Say whether the class by the criteria follows from what was recorded, not from what was left out."""
    if computed is not Stability.UNDETERMINED:
        return True
    doubtful = bool(visit.symptoms) or visit.insight is Insight.PARTIAL or visit.reaction is Reaction.PRESENT
    return visit.stability is Stability.STABLE and doubtful


def _line_doubts(case: Case, line: DueVisit, policy: Policy) -> Iterator[Finding]:
    last = case.visits[-1] if case.visits else None
    if any(reason.calendar == "provisional" for reason in line.reasons):
        yield Finding(case.patient, "calendar-provisional", ())
    if case.postponed is not None and line.kind in FOLLOW_UPS and case.postponed.until > line.due_on:
        facts = {"until": case.postponed.until, "due": line.due_on}
        yield Finding(case.patient, "postponed-late", (case.postponed,), facts)
    if last is not None and line.kind in _OF_A_WAY:
        yield from _mode_doubts(case, last, line)
    if last is None or line.kind is not LineKind.VISIT:
        return
    yield from _presence_doubts(case, last, line, policy)
    planned = next((reason for reason in line.reasons if reason.anchor is Anchor.PLANNED), None)
    if planned is not None and case.postponed is None and planned.due_on > line.due_on:
        facts = {"until": planned.due_on, "due": line.due_on}
        yield Finding(case.patient, "doctors-date-late", (last,), facts)


def _mode_doubts(case: Case, last: Visited, line: DueVisit) -> Iterator[Finding]:
    for reason in line.reasons:
        if reason.modes and last.mode not in reason.modes and _was_owed(reason, last):
            facts = {"title": reason.title, "mode": last.mode, "modes": reason.modes}
            yield Finding(case.patient, "mode-other", (last,), facts)


def _was_owed(reason: Reason, visit: Visited) -> bool:
    """Say whether a rule asked for a follow-up already, which neither brought its state about nor is its last."""
    if reason.anchor_on == visit.on:
        return reason.anchor is not Anchor.VISIT and reason.entry != visit.id
    return reason.anchor_on < visit.on


def _presence_doubts(case: Case, last: Visited, line: DueVisit, policy: Policy) -> Iterator[Finding]:
    patient = case.patient
    if line.missing_roles:
        yield Finding(patient, "party-absent", (last,), {"roles": line.missing_roles})
    elif line.roles and last.present is None and line.reasons:
        yield Finding(patient, "presence-not-recorded", (last,))
    # The follow-up that found the state was made before anybody could be asked for.
    before = next((state for day, state, _ in reversed(case.spells) if day < last.on), None)
    known = {rule.id for rule in policy.matching(before)} if before is not None else set()
    owed = [reason for reason in line.reasons if reason.anchor_on <= last.on and reason.rule in known]
    asked = {role for reason in owed for role in reason.invited}
    absent = tuple(role for role in line.invited if role in asked and role not in (last.present or line.invited))
    if absent:
        yield Finding(patient, "not-invited", (last,), {"roles": absent})
