"""The story of one patient: entries, rules, arithmetic, dates, in words that a prevention doctor understands."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final
from unicodedata import category

from followup.case import Case, case_on
from followup.duevisit import DueVisit, told_source
from followup.entries import FIELDS, PERSONAL, Entry
from followup.errors import masked
from followup.findings import doubts
from followup.ledger import Ledger
from followup.policy import Policy
from followup.schedule import lines, resting, stands, verdicts
from followup.sentences import say, sentences
from followup.terms import Bucket, DeathReason, LossReason, Silence, Status, Term


def explain(ledger: Ledger, policy: Policy, on: date, lang: str = "en") -> str:
    """Return the story of one patient as of the day `on`, in "zh" or "en"; it names nobody.

    >>> from followup import Registered, Visited, load_policy
    >>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), Visited("p1", "2026-11-01", risk=3, mode="home")])
    >>> print(explain(ledger, load_policy("national-2018"), date(2026, 11, 22)).splitlines()[0])
    Patient p1 on 2026-11-22: overdue
    """
    told = chapters(ledger, policy, on, lang)
    return "\n".join(text for heading, texts in told for text in (heading, *texts))


def chapters(ledger: Ledger, policy: Policy, on: date, lang: str) -> list[tuple[str, list[str]]]:
    """Return the story by its parts, each with its heading: who, entries, rules, what is due, findings."""
    case = case_on(ledger, on)
    if case is None:
        return [(say(lang, "explain.unregistered", patient=ledger.patient, on=on), [])]
    running = lines(case, policy)
    title, *state = _head(case, policy, stands(resting(case.status), running, on), lang)
    due = [text for line in running for text in _line(line, on, lang)] or [say(lang, "explain.nothing")]
    found = [
        (title, state),
        (say(lang, "explain.entries"), list(_entries(ledger, on, lang))),
        (say(lang, "explain.rules"), list(_rules(case, policy, lang))),
        (say(lang, "explain.due"), due),
    ]
    doubted = [say(lang, "explain.finding", text=finding.text(lang)) for finding in doubts(case, running, policy)]
    return [*found, *([(say(lang, "explain.findings"), doubted)] if doubted else [])]


def _head(case: Case, policy: Policy, bucket: Bucket, lang: str) -> Iterator[str]:
    yield say(lang, "explain.title", patient=case.patient, on=case.on, standing=bucket.label(lang))
    edition = policy.edition(case.on)
    yield say(lang, "explain.policy", title=edition.title.text(lang), id=edition.id, version=edition.version)
    yield say(
        lang,
        "explain.state",
        status=case.status.label(lang),
        risk=say(lang, "word.unknown") if case.risk is None else int(case.risk),
        stability=case.stability.label(lang),
        run=case.run[1],
        misses=len(case.misses),
        team=case.team or say(lang, "list.no_team"),
    )


def _entries(ledger: Ledger, on: date, lang: str) -> Iterator[str]:
    for entry in ledger.entries:
        if entry.on <= on:
            key = "explain.entry" if entry in ledger.facts or entry.type == "retracted" else "explain.retracted"
            yield say(lang, key, on=entry.on, what=told(entry, lang), id=entry.id[:8])


def told(entry: Entry, lang: str) -> str:
    """Return an entry in words, without anything that says who the patient is."""
    found = [say(lang, f"entry.{entry.type}")]
    for name in FIELDS[entry.type]:
        value = getattr(entry, name)
        if value is not None and name not in PERSONAL and f"field.{name}" in sentences(lang):
            shown = value[:8] if name == "entry" else _word(_term(entry, name, value), lang)
            found.append(say(lang, f"field.{name}", value=shown))
    return say(lang, "word.then").join(found)


def _term(entry: Entry, name: str, value: object) -> object:
    """Return the term of a form's list that a free text spells, as imports record it; any other value as it is."""
    terms = _LISTED.get((entry.type, name), ())
    return next((term for term in terms if term == value), value)


#: Texts into which imports write a code of the form.
_LISTED: Final[dict[tuple[str, str], type[Term]]] = {
    ("missed", "reason"): LossReason,
    ("lost", "reason"): LossReason,
    ("died", "reason"): DeathReason,
    ("done", "outcome"): Status,
}


def one_line(text: str) -> str:
    """Return text without what would break a line or command a terminal."""
    return "".join(" " if category(c)[0] == "C" or category(c) in {"Zl", "Zp"} else c for c in text)


def _word(value: object, lang: str) -> str:
    if isinstance(value, Term):
        return value.label(lang)
    if isinstance(value, bool):
        return say(lang, "word.yes" if value else "word.no")
    if isinstance(value, Mapping):
        return say(lang, "word.and").join(f"{_word(k, lang)}: {_word(v, lang)}" for k, v in value.items())
    if isinstance(value, tuple):
        return say(lang, "word.and").join(_word(part, lang) for part in value) or say(lang, "word.none")
    return str(int(value)) if isinstance(value, int) else one_line(masked(str(value)))


def _rules(case: Case, policy: Policy, lang: str) -> Iterator[str]:
    for rule, verdict in verdicts(case, policy):
        if verdict is Silence.ENDED:
            continue
        if isinstance(verdict, Silence):
            facts = {"title": rule.title.text(lang), "why": verdict.label(lang)}
            facts["source"] = told_source(rule.source, lang)
            yield say(lang, "explain.silent", **facts)
        else:
            yield say(lang, "explain.rule", text=verdict.text(lang))


def _line(line: DueVisit, on: date, lang: str) -> Iterator[str]:
    where = line.status(on)
    late = say(lang, "explain.overdue", days=(on - line.due_on).days) if where is Bucket.OVERDUE else ""
    facts = {"due": line.due_on, "opens": line.opens_on, "plan": line.plan_on, "bucket": where.label(lang) + late}
    yield say(lang, "explain.line", kind=line.kind.label(lang), **facts)
    parties = (("roles", line.roles), ("missing", line.missing_roles), ("invited", line.invited))
    for name, roles in parties:
        if roles:
            yield say(lang, f"explain.line.{name}", roles=_word(roles, lang))
