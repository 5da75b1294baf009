"""The answer: a line that is due (`DueVisit`) with its reasons, and the one definition of overdue."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from attrs import frozen

from followup.dates import Interval
from followup.later import Later
from followup.policy import Source, Title
from followup.sentences import say
from followup.terms import Anchor, Bucket, ContactMode, Evidence, LineKind, Office, Role, Term

# Members of an enum are looked up by a slow property in Python 3.11; what every line needs is kept here.
_OVERDUE: Final = Bucket.OVERDUE
_DUE_TODAY: Final = Bucket.DUE_TODAY
_OPEN: Final = Bucket.OPEN
_NOT_DUE: Final = Bucket.NOT_DUE


@frozen(slots=False)  # made for every line of every patient; without slots attrs fills it twice as fast
class Reason:
    """Why a line has its date: the rule, its source, the day and entry it is counted from, the arithmetic.

    Replaying it, `max(within after clock_on, not_before)`, gives `due_on`.
    """

    #: The rule's id, its title and text, and who wrote it.
    rule: str
    title: Title
    policy: str
    #: The version of the policy that was asked.
    version: str
    source: Source
    #: The kind of day it is counted from; "began" where the state began after the rule's own anchor.
    anchor: Anchor
    #: The day it is counted from: the anchor's own, or the one from which duties are owed at all.
    anchor_on: date
    #: The anchor's own day.
    fact_on: date
    #: The id of the entry that tells the anchor.
    entry: str
    within: Interval
    #: The day the rule came into force, or the end of its transition, or the day that held before it.
    not_before: date
    #: "provisional" where working days run through a year without a notice, "published" where they do
    #: not, None where none are counted.
    calendar: str | None
    roles: tuple[Role, ...]
    invited: tuple[Role, ...]
    modes: tuple[ContactMode, ...]
    #: To whom a report is still owed.
    to: tuple[Role | Office, ...]
    opens_on: date
    due_on: date

    def text(self, lang: str = "en") -> str:
        """Return the reason as one sentence in `lang`."""
        key = "reason.at_once" if not self.within.count else "reason"
        facts = {"title": self.title.text(lang), "anchor": self._anchor(lang), "source": told_source(self.source, lang)}
        found = say(lang, key, on=self.anchor_on, within=self.within.text(lang), due=self.due_on, **facts)
        if self.to:
            found += say(lang, "reason.to", to=say(lang, "word.and").join(to.label(lang) for to in self.to))
        if self.due_on == self.not_before > self.within.after(self.anchor_on):
            found += say(lang, "reason.not_before", on=self.not_before)
        if self.calendar == "provisional":
            found += say(lang, "reason.provisional")
        return found

    def _anchor(self, lang: str) -> str:
        """Return in words what the day is from which it is counted."""
        anchor = told_anchor(self.anchor, (*self.roles, *self.modes), lang)
        if self.fact_on == self.anchor_on:
            return anchor
        return say(lang, "reason.owed", anchor=anchor, on=self.fact_on)


def told_anchor(anchor: Anchor, asked: Sequence[Term], lang: str) -> str:
    """Return in words from what is counted; where roles or ways of contact are asked for, not any follow-up counts."""
    return say(lang, "reason.visit") if anchor is Anchor.VISIT and asked else anchor.label(lang)


def told_source(source: Source, lang: str) -> str:
    """Return a source in words, marked where its text was never checked, or is nobody's.

    >>> told_source(Source("GF2018", Evidence("unconfirmed")), "en")
    'GF2018; unconfirmed'
    """
    mark = evidence_mark(source, lang)
    return say(lang, "reason.marked", source=source, mark=mark) if mark else str(source)


def evidence_mark(source: Source, lang: str) -> str:
    """Return in words that a source's text was never checked, or that it is nobody's; empty where it was read."""
    return source.evidence.label(lang) if source.evidence in _MARKED else ""


#: How a source is known that is never shown as the norm's wording.
_MARKED: Final = frozenset({Evidence.UNCONFIRMED, Evidence.ASSUMPTION})


@frozen(slots=False)
class DueVisit(Later):
    """One running line: a kind of follow-up (or duty) that a patient is owed, opened or not yet.

    Days are inclusive: on `due_on` the visit is still on time, on the day after it is overdue.
    """

    patient: str
    kind: LineKind
    opens_on: date
    due_on: date
    #: What a team plans by: the last working day of the window (of a postponed follow-up up to that day, or the next
    #: of the window); where the window has none, the last before it.
    plan_on: date
    #: Who must be there.
    roles: tuple[Role, ...]
    #: Who is asked to be there, and does not bind.
    invited: tuple[Role, ...]
    #: Who was missing at the last follow-up that would otherwise have settled the line.
    missing_roles: tuple[Role, ...]
    #: The ways of contact that count; any where empty.
    modes: tuple[ContactMode, ...]
    #: Every rule that holds, the strictest first.
    reasons: tuple[Reason, ...]

    @property
    def key(self) -> str:
        """A name of the line that stays while its clock does: patient, kind, clock entry."""
        return f"{self.patient}/{self.kind}/{self.reasons[0].entry}"

    def status(self, on: date) -> Bucket:
        """Return `overdue`, `due_today`, `open` or `not_due` on a day; it is never stored."""
        return bucket(self.opens_on, self.due_on, on)


def bucket(opens_on: date, due_on: date, on: date) -> Bucket:
    """Return where a line stands on a day: the one definition of overdue.

    >>> bucket(date(2026, 11, 8), date(2026, 11, 15), date(2026, 11, 15)).value
    'due_today'
    >>> bucket(date(2026, 11, 8), date(2026, 11, 15), date(2026, 11, 16)).value
    'overdue'
    """
    if on > due_on:
        return _OVERDUE
    if on == due_on:
        return _DUE_TODAY
    return _OPEN if on >= opens_on else _NOT_DUE
