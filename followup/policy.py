"""The rules: a district's policy as cited, dated values; `policyfile` reads them from TOML.

A rule is a condition (`when`), a clock (`after`, `within`) and a settling fact (its `kind`).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from attrs import field, frozen

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
    title: Title
    source: Source
    #: The policy that wrote the rule.
    policy: str = ""
    #: `opens` as a number of days.
    lead: timedelta = field(init=False, eq=False, repr=False)

    @opens.default
    def _usual_opening(self) -> Interval:
        weeks = 2 if self.within.shortest > Interval(1, "month").shortest else 1
        return Interval(min(7 * weeks, self.within.longest), "day")

    @lead.default
    def _lead(self) -> timedelta:
        return timedelta(self.opens.longest)

    def matches(self, state: State) -> bool:
        """Say whether the condition holds in a state."""
        return any(all(map(frozenset.__contains__, condition, state)) for condition in self.when)


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
    rules: tuple[Rule, ...] = field(eq=False)
    #: The TOML texts, bases first: what a register keeps.
    texts: tuple[str, ...] = field(repr=False)
    calendar: WorkCalendar = field(factory=work_calendar, eq=False, repr=False)
    #: A duty's clock starts no earlier: no one is greeted with years of unrecorded duties.
    duties_from: date | None = None
    _matching: dict[State, dict[str, Rule]] = field(factory=dict, init=False, eq=False, repr=False)

    def matching(self, state: State) -> Mapping[str, Rule]:
        """Return the rules, by id, whose condition holds in a state, whatever their dates."""
        found = self._matching.get(state)
        if found is None:
            found = self._matching[state] = {rule.id: rule for rule in self.rules if rule.matches(state)}
        return found

    def changes_after(self, day: date) -> tuple[date, ...]:
        """Return the days after `day` on which a rule comes into force, in order."""
        return tuple(sorted({rule.since for rule in self.rules if rule.since > day}))
