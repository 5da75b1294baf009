"""What changed between the list of an earlier day and a later one: who is new on it, who left it, and why."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from attrs import evolve, frozen

from followup.entries import Entry, Registered, Retracted
from followup.ledger import Ledger
from followup.policy import Policy
from followup.worklist import Move, WorkLine, WorkList

#: What makes the later list of one ledger, by any rules.
Listing = Callable[[Ledger, Policy], WorkList]


@frozen
class _Lists:
    """Two lists, the rules that held on the earlier one's day, and how the later one is made."""

    then: WorkList
    now: WorkList
    rules_then: Policy
    listing: Listing


def moves(
    then: WorkList,
    now: WorkList,
    known_then: Callable[[str], Ledger | None],
    known_now: Callable[[str], Ledger],
    listing: Listing,
) -> Iterator[Move]:
    """Return the lines that are on one of two lists only, each with its cause.

    `known_then` and `known_now` return a patient's ledger as it was known when either list was made; `listing` makes
    the later list of one ledger, by any rules.
    """
    was, has = _by_key(then), _by_key(now)
    lists = _Lists(then, now, _as_in_force(then.policy, then.on), listing)
    for key in [key for key in has if key not in was] + [key for key in was if key not in has]:
        line = has[key] if key in has else was[key]
        yield _move(lists, line, key in has, *_told(lists, known_then(key[0]), known_now(key[0])))


def _move(lists: _Lists, line: WorkLine, is_new: bool, known: Sequence[Entry], told: Sequence[Entry]) -> Move:  # noqa: FBT001
    """Return why a line is new or left: its day came, the rules changed, or by which entry."""
    if _is_listed(lists, line, known, lists.rules_then) is is_new:
        return Move(line, is_new, None)
    if _is_listed(lists, line, known, lists.now.policy) is is_new:
        return Move(line, is_new, None, by_rule=True)
    counted = is_new and next((entry for entry in told if entry.id == line.due.reasons[0].entry), None)
    return Move(line, is_new, counted or _turn(lists, line, is_new, known, told))


def _turn(lists: _Lists, line: WorkLine, is_new: bool, known: Sequence[Entry], told: Sequence[Entry]) -> Entry:  # noqa: FBT001
    """Return the last entry without which, and without what follows it, the line had not moved."""
    for place in reversed(range(1, len(told))):
        if _is_listed(lists, line, [*known, *told[:place]], lists.now.policy) is not is_new:
            return told[place]
    return told[0]


def _is_listed(lists: _Lists, line: WorkLine, entries: Sequence[Entry], policy: Policy) -> bool:
    """Say whether a line would be on the later list if no more were known, and these were the rules."""
    if not any(isinstance(entry, Registered) for entry in entries):
        return False
    found = lists.listing(Ledger(line.due.patient, entries), policy)
    return (line.due.patient, line.due.kind) in _by_key(found)


def _told(lists: _Lists, before: Ledger | None, after: Ledger) -> tuple[list[Entry], list[Entry]]:
    """Return what was known of the earlier day when its list was made, and what was told since, in order."""
    known = [] if before is None else [entry for entry in before.entries if entry.on <= lists.then.on]
    counts = [entry for entry in after.entries if entry.on <= lists.now.on or isinstance(entry, Retracted)]
    return known, [entry for entry in counts if entry not in known]


def _as_in_force(policy: Policy, day: date) -> Policy:
    """Return a policy as if its rules changed no more after a day."""
    begun = [rule for rule in policy.rules if rule.since <= day]
    rules = (evolve(rule, until=None) if rule.until is not None and rule.until >= day else rule for rule in begun)
    return evolve(policy, rules=tuple(rules))


def _by_key(found: WorkList) -> dict[tuple[str, str], WorkLine]:
    return {(line.due.patient, line.due.kind): line for line in (*found.lines, *found.duties)}
