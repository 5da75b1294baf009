"""Law 8: a change of rules makes nobody overdue for a day before it took effect."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final

from attrs import evolve

from followup.case import case_on
from followup.entries import Entry, Registered, Retracted
from followup.policy import FOLLOW_UPS, Policy, asks_the_same
from followup.schedule import due_visits
from followup.testing.ledgers import ledgers
from followup.testing.spans import SPANS, span_from
from followup.testing.story import Line
from followup.testing.trial import Law, Scheduler, Trial, due_days, told_of

_DAY: Final = timedelta(days=1)
_EVE: Final = timedelta(days=20)


def scheduler_of(policy: Policy) -> Scheduler:
    """Return the scheduler that this library is under a policy."""
    return lambda ledger, on: due_visits(ledger, policy, on)


def check_change(
    old: Policy, new: Policy, day: date | None = None, *, examples: int | None = None, seed: int | None = 0
) -> None:
    """Check law 8 for a change from one policy to another on a day (default: in turn, a day in each of `SPANS`).

    Before the day the old policy's answer holds; from it on nobody is overdue for a day before it who was not
    overdue by the old one, and where the rules have no dates of their own the last day is `max(new, min(old, day))`;
    that of a duty nobody owed before may be later, as it is counted from the day. Raises `LawBroken`.

    >>> from followup import load_policy
    >>> check_change(load_policy("national-2018"), load_policy("dongguan"), date(2026, 12, 1), examples=20)
    """
    for change in [first + _EVE for first, _ in SPANS] if day is None else [day]:
        joined = old.then(new, change)
        law = Law("change", 8, partial(follows, old, new, change))
        people = ledgers(span=span_from(change - _EVE))
        law(scheduler_of(joined), policy=joined, people=people, examples=examples, seed=seed)


def follows(old: Policy, new: Policy, day: date, trial: Trial) -> None:
    """Expect of a change of rules all that `check_change` promises."""
    before = min(trial.on, day - _DAY)
    found = trial.lines(on=before)
    was = due_visits(trial.ledger, old, before)
    trial.expect(told_of(found) == told_of(was), "before", found, day=day, found=due_days(was))
    _goes_by(old, new, day, trial)
    no_early_news(trial)
    begins = trial.ledger.entries[0].on
    rules = (*old.rules, *new.rules)
    if all(rule.since <= begins and rule.until is None and rule.transition is None for rule in rules):
        alone = evolve(new, duties_from=old.duties_from)
        _counts(trial, due_days(due_visits(trial.ledger, old, max(trial.on, day))), alone, day)


def _goes_by(old: Policy, new: Policy, day: date, trial: Trial) -> None:
    """Expect that reasons name the new version, and that a duty that nobody owed before is counted from the day on."""
    found, eve = trial.lines(on=max(trial.on, day)), case_on(trial.ledger, day - _DAY)
    owed = {rule.kind for rule in old.rules if eve is not None and rule.holds_on(eve.on) and rule.matches(eve.state)}
    came = {
        rule.id
        for rule in new.rules
        if rule.kind not in FOLLOW_UPS | owed and not any(asks_the_same(rule, other) for other in old.rules)
    }
    for line in found:
        for reason in line.reasons:
            facts = {"rule": reason.rule, "version": new.version, "found": reason.version, "day": day}
            trial.expect(reason.version == new.version, "version", found, **facts)
            is_older = reason.rule not in came
            trial.expect(is_older or reason.anchor_on >= day, "counted", found, on=reason.anchor_on, **facts)


def _counts(trial: Trial, was: dict[str, date], new: Policy, day: date) -> None:
    """Expect the later of the new last day and the earlier of old one and day; of a new duty, no earlier one."""
    on = max(trial.on, day)
    found, will = trial.lines(on=on), due_days(due_visits(trial.ledger, new, on))
    now = due_days(found)
    for kind in will:
        due_on = max(will[kind], min(was.get(kind, day), day))
        is_new = kind not in FOLLOW_UPS and was.get(kind, day) >= day
        holds = now.get(kind, due_on) >= due_on if is_new else now.get(kind) == due_on
        trial.expect(holds, "formula", found, kind=kind, due=due_on, day=day)


def no_early_news(trial: Trial) -> None:
    """On a day on which the rules change nobody is overdue who was not so, for as early a day, on its eve."""
    for day in () if trial.policy is None else trial.policy.changes_after(trial.ledger.entries[0].on):
        known = list(_known_by(trial, day - _DAY))
        if any(isinstance(entry, Registered) for entry in known):
            eve, found = trial.lines(known, day - _DAY), trial.lines(known, day)
            _was_overdue(trial, day, due_days(eve), found)


def _known_by(trial: Trial, eve: date) -> Iterator[Entry]:
    """Return the entries that take effect by a day, and what takes any of them back."""
    late = {entry.id for day, entries in trial.ledger.effects for entry in entries if day > eve}
    for entry in trial.ledger.entries:
        if entry.id not in late and (entry.on <= eve or isinstance(entry, Retracted)):
            yield entry


def _was_overdue(trial: Trial, day: date, was: dict[str, date], found: Sequence[Line]) -> None:
    for line in found:
        is_early = line.due_on < day
        facts = {"kind": line.kind, "due": line.due_on, "day": day}
        trial.expect(not is_early or was.get(line.kind, date.max) <= line.due_on, "early", found, **facts)
