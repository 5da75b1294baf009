"""A scheduler put to the test: `Law` draws people and days, and `Trial` is one question that is asked.

A scheduler is a function `(ledger, on) -> lines`: this library's own (`scheduler_of(policy)`) or a user's.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final
from unittest import SkipTest

import hypothesis
from attrs import evolve, field, frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from followup.entries import Entry
from followup.ledger import Ledger
from followup.policy import Policy
from followup.sentences import say
from followup.terms import LineKind
from followup.testing.ledgers import asking_days, ledgers
from followup.testing.story import LawBroken, Line, Story

#: What answers: all running lines of one person at the end of a day.
Scheduler = Callable[[Ledger, date], Iterable[Line]]

_DAY: Final = timedelta(days=1)
#: What of a line, and of its reasons, is compared where both have it.
_TOLD: Final = ("kind", "due_on", "opens_on", "plan_on", "roles", "invited", "missing_roles", "modes")
_GIVEN: Final = (
    "rule",
    "version",
    "source",
    "anchor",
    "anchor_on",
    "fact_on",
    "entry",
    "within",
    "not_before",
    "due_on",
)


def answered(scheduler: Scheduler, ledger: Ledger, on: date) -> tuple[Line, ...]:
    """Return what a scheduler answers; `TypeError` where that is no lines."""
    found: object = scheduler(ledger, on)
    if not isinstance(found, Iterable):
        raise TypeError(say("en", "law.no_lines", kind=type(found).__name__))
    return tuple(found)


@frozen
class Trial:
    """One question put to a scheduler: about whom, on which day, and how to draw what else a law needs."""

    law: str
    scheduler: Scheduler
    policy: Policy | None
    ledger: Ledger
    on: date
    draw: Callable[[st.SearchStrategy[Any]], Any]

    def lines(self, entries: Iterable[Entry] | None = None, on: date | None = None) -> tuple[Line, ...]:
        """Return the answer, about other entries or on another day where they are given."""
        ledger = self.ledger if entries is None else Ledger(self.ledger.patient, entries)
        return answered(self.scheduler, ledger, on or self.on)

    def about(self, entries: Iterable[Entry]) -> "Trial":
        """Return the question asked of other entries."""
        return evolve(self, ledger=Ledger(self.ledger.patient, entries))

    def expect(self, holds: object, code: str, lines: Sequence[Line], **facts: Any) -> None:
        """Raise `LawBroken` unless something holds."""
        if not holds:
            raise LawBroken(Story(self.law, code, self.ledger, self.on, tuple(lines), facts))

    def changes_between(self, first: date, last: date) -> bool:
        """Say whether the rules change on a day after `first`, up to `last`."""
        changes = () if self.policy is None else self.policy.changes_after(first)
        return any(day <= last for day in changes)

    @property
    def rest(self) -> date:
        """The first day from which on nothing more is entered."""
        return max([self.on, *(day for day, _ in self.ledger.effects)])


@frozen
class Law:
    """One law: call it with a scheduler, and it passes or raises `LawBroken`."""

    name: str
    number: int
    check: Callable[[Trial], None] = field(repr=False)
    #: Whether it looks at reasons: a scheduler of bare dates (`dates_only`) is then skipped.
    needs_reasons: bool = False
    #: What of it can be asked of bare dates where there is a policy.
    of_dates: Callable[[Trial], None] | None = field(default=None, repr=False)

    def __call__(
        self,
        scheduler: Scheduler,
        *,
        policy: Policy | None = None,
        people: st.SearchStrategy[Ledger] | None = None,
        examples: int | None = None,
        seed: int | None = 0,
    ) -> None:
        """Try the law on so many people; raise `LawBroken` where it does not hold.

        With `policy` people live around the days on which its rules change, and what the scheduler says is
        compared with its rules; of bare dates, that they are no later. `people` (default: `ledgers(policy=policy)`)
        are drawn by hypothesis, `examples` of them (default: its profile's `max_examples`), the same ones on every run;
        others with another `seed`, and with None as hypothesis is set. Raises `unittest.SkipTest`, which pytest and
        unittest report as skipped, where the law needs reasons and the scheduler gives bare dates.
        """
        is_bare = self.needs_reasons and getattr(scheduler, "gives_dates_only", False)
        check = self.check if not is_bare else self.of_dates if policy is not None else None
        if check is None:
            raise SkipTest(say("en", "law.skipped", law=self.text("en")))
        changes = () if policy is None else policy.changes_after(date.min)
        # A ledger is a large draw, and the story tells what hypothesis would explain by its code.
        phases = [Phase.explicit, Phase.generate, Phase.shrink]

        @settings(
            max_examples=settings().max_examples if examples is None else examples,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=phases,
        )
        @given(ledgers(policy=policy) if people is None else people, st.data())
        def holds(ledger: Ledger, data: st.DataObject) -> None:
            on = data.draw(asking_days(ledger, lambda day: answered(scheduler, ledger, day), changes))
            check(Trial(self.name, scheduler, policy, ledger, on, data.draw))

        try:
            (holds if seed is None else hypothesis.seed(seed)(holds))()
        except LawBroken as broken:
            raise LawBroken(broken.story) from None

    def text(self, lang: str = "en") -> str:
        """Return the law in a sentence."""
        return say(lang, f"law.{self.name}")

    def __str__(self) -> str:
        return self.name


def dates_only(next_date: Callable[[Ledger, date], date | None]) -> Scheduler:
    """Return the scheduler of a function that says no more than a person's next date, or None.

    >>> from followup import Registered
    >>> ledger = Ledger("p1", [Registered("p1", "2026-11-01")])
    >>> scheduler = dates_only(lambda ledger, on: date(2026, 11, 15))
    >>> [(str(line.kind), str(line.due_on)) for line in scheduler(ledger, date(2026, 11, 2))]
    [('visit', '2026-11-15')]
    """

    def scheduler(ledger: Ledger, on: date) -> Iterable[Line]:
        found = next_date(ledger, on)
        if found is not None and type(found) is not date:
            raise TypeError(say("en", "law.no_date", kind=type(found).__name__))
        return () if found is None else (BareLine(found),)

    scheduler.gives_dates_only = True  # type: ignore[attr-defined]
    return scheduler


@frozen
class BareLine:
    """A follow-up of which nothing but its last day is told."""

    due_on: date
    kind: LineKind = LineKind.VISIT
    roles: tuple[str, ...] = ()
    reasons: tuple[Any, ...] = ()


def due_days(lines: Iterable[Line]) -> dict[str, date]:
    """Return the last day of each kind that runs."""
    return {line.kind: line.due_on for line in lines}


def told_of(lines: Iterable[Line]) -> list[tuple[str, str]]:
    """Return what is compared of an answer."""
    return sorted(
        (str(_given(line, _TOLD)), str([_given(reason, _GIVEN) for reason in line.reasons])) for line in lines
    )


def _given(value: Any, names: Iterable[str]) -> list[str]:
    return [str(getattr(value, name, None)) for name in names]
