"""The rules: a district's policy as cited, dated values; `policyfile` reads them from TOML.

A rule is a condition (`when`), a clock (`after`, `within`) and a settling fact (its `kind`); it is in force
from `since` to `until`. A policy that follows another (`Policy.then`) is one policy with the rules of both.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from attrs import evolve, field, fields, frozen

from followup.case import State
from followup.dates import Interval, WorkCalendar, work_calendar
from followup.terms import Anchor, ContactMode, Evidence, LineKind, Office, RiskLevel, Role, Stability, Status

#: What `when` may ask, and the values each can have: the closed vocabulary, in the order of `State`.
VOCABULARY: Final[Mapping[str, tuple[Any, ...]]] = {
    "status": tuple(Status),
    "risk": (None, *RiskLevel),
    "class": tuple(Stability),
    "class_run": (0, 1, 2),
    "misses": (0, 1, 2, 3),
}

#: The kinds that are follow-up lines; all others are duties.
FOLLOW_UPS: Final = frozenset({LineKind.VISIT, LineKind.FIRST_VISIT, LineKind.RETRY})

#: A condition: for each field of the vocabulary the values that it allows.
Condition = tuple[frozenset[Any], ...]


@frozen
class Title:
    """A title in both languages."""

    zh: str
    en: str

    def text(self, lang: str) -> str:
        """Return the title in `lang`."""
        return self.zh if lang == "zh" else self.en


@frozen
class Source:
    """Where a rule is written, and how well that text is known."""

    document: str
    evidence: Evidence
    clause: str = ""

    def __str__(self) -> str:
        return f"{self.document} {self.clause}".rstrip()


@frozen(kw_only=True, eq=False)
class Rule:
    """One rule: under which condition, counted from what, how long, with whom, and by which text."""

    id: str
    kind: LineKind
    #: Any of these conditions.
    when: tuple[Condition, ...]
    within: Interval
    #: The days it counts from: the latest of those that are known.
    after: tuple[Anchor, ...]
    #: How long before the last day the visit may sensibly be made, in days or weeks.
    opens: Interval = field()
    #: Roles without whom a visit does not settle this rule.
    with_: tuple[Role, ...] = ()
    #: Roles that are asked, and do not bind.
    invites: tuple[Role, ...] = ()
    #: Whom a report goes to, each owed one.
    to: tuple[Role | Office, ...] = ()
    #: The ways of contact that settle this rule; any where empty.
    mode: tuple[ContactMode, ...] = ()
    #: The first day the rule is in force.
    since: date
    #: The last day it is, where it ends.
    until: date | None = None
    #: How long after `since` a date under the former rules still holds, where it is the later one.
    transition: Interval | None = None
    title: Title
    source: Source
    #: The rule of a base that this one replaces from `since` on, and why.
    replaces: str | None = None
    reason: Title | None = None
    #: The policy that wrote the rule.
    policy: str = ""
    #: Its clock starts no earlier, where a duty came with a later policy and none of its kind was owed before.
    counted_from: date | None = None
    #: The first day it asked what it asks, where its wording alone has changed since.
    asked_since: date | None = None
    #: `opens` as a number of days.
    lead: timedelta = field(init=False, repr=False)
    #: Its anchor where that is one event alone.
    lone_event: Anchor | None = field(init=False, repr=False)
    #: The first last day that the rule can set by itself: the day since when it asks so, or the transition's end.
    earliest: date = field(init=False, repr=False)

    @opens.default
    def _usual_opening(self) -> Interval:
        weeks = 2 if self.within.shortest > Interval(1, "month").shortest else 1
        return Interval(min(7 * weeks, self.within.shortest), "day")

    @lead.default
    def _lead(self) -> timedelta:
        return timedelta(self.opens.longest)

    @lone_event.default
    def _lone_event(self) -> Anchor | None:
        return self.after[0] if len(self.after) == 1 and self.after[0] is not Anchor.BEGAN else None

    @earliest.default
    def _earliest(self) -> date:
        began = self.asked_since or self.since
        return began if self.transition is None else self.transition.after(began)

    def holds_on(self, day: date) -> bool:
        """Say whether the rule is in force on a day."""
        return self.since <= day and (self.until is None or day <= self.until)

    def ended(self, last: date) -> "Rule":
        """Return the rule, in force until the day `last` at most."""
        return evolve(self, until=last if self.until is None else min(self.until, last))

    def matches(self, state: State) -> bool:
        """Say whether the condition holds in a state."""
        return any(all(map(frozenset.__contains__, condition, state)) for condition in self.when)


@frozen(kw_only=True)
class Off:
    """A base's rule switched off from a day on: which, why, and by which text."""

    off: str
    since: date
    reason: Title
    source: Source
    #: The policy that switches it off.
    policy: str = ""


@frozen(kw_only=True)
class Edition:
    """Which policy was in force from the day `since` on."""

    id: str
    title: Title
    version: str
    since: date = date.min


@frozen(kw_only=True)
class Policy:
    """A programme's rules, its bases' first; `version` is a hash of all that they say.

    >>> from followup import load_policy
    >>> load_policy("dongguan").extends
    'national-2018'
    """

    id: str
    title: Title
    extends: str | None = None
    version: str
    #: The version that its author wrote.
    label: str | None = None
    rules: tuple[Rule, ...] = field(eq=False, repr=False)
    #: The rules of bases that are switched off.
    offs: tuple[Off, ...] = ()
    #: The TOML texts, bases first: what a register keeps.
    texts: tuple[str, ...] = field(repr=False)
    calendar: WorkCalendar = field(factory=work_calendar, eq=False, repr=False)
    #: A duty's clock starts no earlier: no one is greeted with years of unrecorded duties.
    duties_from: date | None = None
    #: The policies that were in force, one after the other, this one last.
    editions: tuple[Edition, ...] = field()
    #: Whether any rule ends.
    changes: bool = field(init=False, eq=False, repr=False)
    _turns: tuple[date, ...] = field(init=False, eq=False, repr=False)
    _begins: tuple[date, ...] = field(init=False, eq=False, repr=False)
    _matching: dict[State, Mapping[Rule, None]] = field(factory=dict, init=False, eq=False, repr=False)
    _former: dict[Rule, Sequence[Rule]] = field(factory=dict, init=False, eq=False, repr=False)

    @editions.default
    def _only_edition(self) -> tuple[Edition, ...]:
        return (Edition(id=self.id, title=self.title, version=self.version),)

    @changes.default
    def _changes(self) -> bool:
        return any(rule.until is not None for rule in self.rules)

    @_turns.default
    def _days_of_change(self) -> tuple[date, ...]:
        ends = {rule.until + _DAY for rule in self.rules if rule.until is not None}
        begins = {rule.since for rule in self.rules} | {edition.since for edition in self.editions}
        return tuple(sorted(begins | ends))

    @_begins.default
    def _days_of_editions(self) -> tuple[date, ...]:
        return tuple(edition.since for edition in self.editions)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001 - IPython's and hypothesis's own
        printer.text(repr(self))

    def matching(self, state: State) -> Mapping[Rule, None]:
        """Return the rules whose condition holds in a state, whatever their dates, in order and to look up."""
        found = self._matching.get(state)
        if found is None:
            found = self._matching[state] = dict.fromkeys(rule for rule in self.rules if rule.matches(state))
        return found

    def former(self, rule: Rule) -> Sequence[Rule]:
        """Return the rules of the kind that ended as a rule began to ask what it asks."""
        found = self._former.get(rule)
        if found is None:
            eve = (rule.asked_since or rule.since) - _DAY
            found = [other for other in self.rules if other.until == eve and other.kind is rule.kind]
            self._former[rule] = found
        return found

    def changes_after(self, day: date) -> tuple[date, ...]:
        """Return the days after `day` on which a rule comes into force or is so no longer, in order."""
        return self._turns[bisect_right(self._turns, day) :]

    def edition(self, on: date) -> Edition:
        """Return which policy is in force on a day."""
        return self.editions[max(bisect_right(self._begins, on) - 1, 0)]

    def then(self, new: "Policy", day: date) -> "Policy":
        """Return the one policy that is this one up to the eve of `day`, and `new` from that day on.

        A rule that both have alike goes on; where its title or source alone is another, the new wording is in force
        from `day` and no date moves. Any other rule of `new` is in force from `day` at the earliest, and a duty that
        came with it is counted from `day` at the earliest by whoever owed none of the kind on its eve.

        >>> from followup import load_policy
        >>> both = load_policy("national-2018").then(load_policy("dongguan"), date(2026, 12, 1))
        >>> both.rules[-1].id, str(both.rules[-1].since), both.edition(date(2026, 11, 30)).id
        ('risk3-joint', '2026-12-01', 'national-2018')
        """
        eve = day - _DAY
        going_on = {old: rule for rule in new.rules for old in self.rules if _goes_on(old, rule, day)}
        kept = [
            evolve(rule, until=going_on[rule].until) if rule in going_on else rule.ended(eve)
            for rule in self.rules  # in their order, by which reasons that tie stand
            if rule.since <= eve
        ]
        begun = [
            self._begun(rule, day)
            for rule in new.rules
            if rule not in going_on.values() and (rule.until is None or rule.until >= day)
        ]
        edition = Edition(id=new.id, title=new.title, version=new.version, since=day)
        return evolve(
            new,
            rules=(*kept, *begun),
            calendar=self.calendar,
            duties_from=self.duties_from,
            editions=(*(one for one in self.editions if one.since < day), edition),
        )

    def _begun(self, rule: Rule, day: date) -> Rule:
        """Return a rule of the policy that follows, in force from `day` at the earliest."""
        same = next((old for old in self.rules if _asks_on(old, rule, day)), None)
        if same is not None:
            asked_since = same.asked_since or same.since
            return evolve(rule, since=day, asked_since=asked_since, counted_from=same.counted_from)
        counted_from = None if rule.kind in FOLLOW_UPS else day
        return evolve(rule, since=max(rule.since, day), counted_from=counted_from)


_DAY: Final = timedelta(days=1)
#: In these a rule may differ and still ask the same.
_APART: Final = frozenset({"since", "until", "replaces", "reason", "policy", "counted_from", "asked_since", "earliest"})
_WORDING: Final = frozenset({"title", "source"})


def _goes_on(old: Rule, new: Rule, day: date) -> bool:
    return _asks_on(old, new, day) and is_worded_alike(old, new)


def _asks_on(old: Rule, new: Rule, day: date) -> bool:
    """Say whether `new` asks from a day on what `old` asked on its eve."""
    return old.holds_on(day - _DAY) and new.holds_on(day) and asks_the_same(old, new)


def asks_the_same(rule: Rule, other: Rule) -> bool:
    """Say whether two rules ask the same, whenever they are in force, whoever wrote them and by whatever text."""
    return all(getattr(rule, a.name) == getattr(other, a.name) for a in fields(Rule) if a.name not in _APART | _WORDING)


def is_worded_alike(rule: Rule, other: Rule) -> bool:
    """Say whether two rules have the same title and the same source."""
    return all(getattr(rule, name) == getattr(other, name) for name in _WORDING)
