"""Strategies of ledgers: one person's story of a few weeks, and the days on which to ask about it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from followup.dates import day
from followup.entries import TYPES, Entry, Registered, Retracted
from followup.ledger import Ledger
from followup.policy import Policy
from followup.settlement import INSTEAD
from followup.terms import Function, Grade, Insight, LineKind, Physical, Reaction, RiskLevel
from followup.testing.entries import TOLD, Fields, built, entries, known_kinds, that_matter
from followup.testing.spans import Span, days, spans

#: A follow-up that tells little: no class is recorded, and none is computed.
_VAGUE: Final[Fields] = {name: st.none() for name in ("mode", "present", "stability", "insight")} | {"risk": st.just(0)}
#: The follow-up of somebody who is well by every criterion: only such a one is computed as stable.
_WELL: Final[Fields] = {
    "risk": st.just(RiskLevel.NONE),
    "symptoms": st.just(()),
    "insight": st.just(Insight.FULL),
    "functions": st.just(dict.fromkeys(Function, Grade.GOOD)),
    "reaction": st.just(Reaction.NONE),
    "physical": st.just(Physical.STABLE),
    "stability": st.none(),
}
#: A duty done that a register takes: one that this settles.
_DONE: Final[Fields] = {
    "kind": st.sampled_from([kind for kind in LineKind if kind not in INSTEAD]),
    "to": st.sampled_from([told for told in TOLD if told]),
}
#: How often what happens in a ledger beside follow-ups, where not once.
_OFTEN: Final = {
    "missed": 10,
    "incident": 4,
    "declined": 3,
    "done": 3,
    "postponed": 3,
    "checked": 2,
    "amended": 0,
    "assigned": 0,
    "admitted": 2,
    "discharged": 2,
    "moved_in": 2,
    "referred": 2,
    "retracted": 0,
}
#: A registration lies in the first days of a span, or some days later.
_EARLY, _LATE = timedelta(days=4), timedelta(days=14)
_DAY: Final = timedelta(days=1)


@st.composite
def ledgers(
    draw: st.DrawFn,
    patient: str = "p1",
    *,
    span: Span | None = None,
    kinds: Collection[str] | None = None,
    policy: Policy | None = None,
) -> Ledger:
    """Draw the ledger of one person: registered once as a rule, with a handful of entries, before it too.

    `span` is the first and the last day on which anything happens, both inclusive (default: one of `SPANS`);
    `kinds` are the entry types that may follow the registration (default: all); with `policy` the days lie, every
    second time, around one on which its rules change.

    >>> from hypothesis import find
    >>> ledger = find(ledgers(kinds=["visited"]), lambda ledger: any(entry.type == "visited" for entry in ledger.facts))
    >>> [entry.type for entry in ledger.entries]
    ['registered', 'visited']
    """
    weeks = draw(spans(policy)) if span is None else (day(span[0]), day(span[1]))
    wanted = frozenset(TYPES if kinds is None else known_kinds(kinds)) - {"retracted"}
    known = [draw(registrations(patient, weeks))]
    for told in draw(st.lists(_episodes(patient, weeks, wanted), max_size=8)) if wanted else []:
        known += told
    taken_back = draw(retractions(known, weeks)) if kinds is None or "retracted" in kinds else []
    return Ledger(patient, [*known, *taken_back])


@cache
def registrations(patient: str, span: Span) -> SearchStrategy[Entry]:
    """Return registrations in a span's first days, most of them bare."""
    first, last = span
    bare = st.builds(Registered, st.just(patient), days((first, min(first + _EARLY, last))))
    return bare | built("registered", patient, (first, min(first + _LATE, last)), that_matter("registered", span))


@cache
def events(patient: str, span: Span, kinds: frozenset[str] = frozenset(TYPES)) -> SearchStrategy[Entry]:
    """Return what may happen to a patient: about every second time a follow-up, where there may be any."""
    lean = {
        kind: built(kind, patient, span, that_matter(kind, span) | (_DONE if kind == "done" else {}))
        for kind in TYPES
        if kind in kinds
    }
    found = [lean[kind] for kind in lean for _ in range(_OFTEN.get(kind, 1))]
    found += [entries(kind, patient=patient, span=span) for kind in ("amended", "assigned") * 2 if kind in kinds]
    if "visited" in kinds:
        well = built("visited", patient, span, that_matter("visited", span) | _WELL)
        vague = built("visited", patient, span, that_matter("visited", span) | _VAGUE)
        full = entries("visited", patient=patient, span=span)
        found = [lean["visited"]] * 18 + [vague] * 5 + [well] * 3 + [full] * 3 + found
    return st.sampled_from(found).flatmap(lambda chosen: chosen)  # one_of would count each but once


#: What belongs together, one after the other.
_STORIES: Final = (
    ("admitted", "discharged", "admitted"),
    ("visited", "moved_out"),
    ("visited", "incident"),
    ("detained", "released"),
    ("lost", "found"),
    ("moved_out", "moved_in"),
    ("missed", "missed", "missed"),
    ("visited", "visited", "visited"),
    ("referred", "visited", "visited", "visited"),
    ("died", "died"),
)


#: Of so many episodes one is a state that lasts.
_LASTS: Final = 7


@st.composite
def _episodes(draw: st.DrawFn, patient: str, span: Span, kinds: frozenset[str]) -> list[Entry]:
    """Draw one event as a rule, or some that belong together."""
    if "visited" in kinds and draw(st.integers(0, _LASTS)) == _LASTS:  # what one follow-up finds, the next finds again
        visit = draw(events(patient, span, frozenset({"visited"})))
        return [evolve(visit, on=on) for on in draw(st.lists(days(span), min_size=2, max_size=3))]
    stories = [story for story in _STORIES if kinds.issuperset(story)]
    if not stories or draw(st.integers(0, 3)) < 3:  # noqa: PLR2004 - the simplest is one event
        return [draw(events(patient, span, kinds))]
    story = draw(st.sampled_from(stories))
    whens = sorted(draw(days(span)) for _ in story)
    return [
        evolve(draw(events(patient, span, frozenset({kind}))), on=on) for kind, on in zip(story, whens, strict=True)
    ]


@st.composite
def retractions(draw: st.DrawFn, known: Sequence[Entry], span: Span) -> list[Entry]:
    """Draw a few retractions of known entries, and of one another."""
    found = list(known)
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        taken = draw(st.sampled_from(found[:0:-1] * 4 + found[:1]))  # the registration seldom
        found.append(Retracted(taken.patient, draw(days(span)), entry=taken.id))
    return found[len(known) :]


def asking_days(ledger: Ledger, lines_on: Any, more: Iterable[date] = ()) -> SearchStrategy[date]:
    """Return the days on which to ask about a ledger; the last to be chosen is the eve of its registration."""
    return st.sampled_from(days_to_ask(ledger, lines_on, more))


def days_to_ask(ledger: Ledger, lines_on: Any, more: Iterable[date] = ()) -> list[date]:
    """Return the days near a ledger's entries, and near those on which something opens or falls due.

    `lines_on` answers what is due on a day; `more` are further days, as those on which rules change: they are few, so
    each of them stands there three times.
    """
    begins = min(fact.on for fact in ledger.entries if isinstance(fact, Registered))
    told = {entry.on for entry in ledger.entries} | {day for day, _ in ledger.effects}
    due = {day for on in told for line in lines_on(on) for day in _days_of(line)}
    near = {day for known in told | due for day in _around(known)}
    changes = [day for change in more for day in _around(change) if begins <= day <= max(near)]
    return [*sorted(day for day in near if day >= begins), *changes * 3, begins - _DAY]


def _around(day: date) -> tuple[date, date, date]:
    return day - _DAY, day, day + _DAY


def _days_of(line: Any) -> list[date]:
    opens_on = getattr(line, "opens_on", None)
    return [line.due_on] if opens_on is None else [opens_on, line.due_on]
