"""What changed between the list of an earlier day and a later one: who is new on it, who left it, and why."""

from collections.abc import Callable, Iterator

from followup.case import case_on
from followup.entries import Entry
from followup.ledger import Ledger
from followup.schedule import lines
from followup.worklist import Move, WorkLine, WorkList


def moves(
    then: WorkList, now: WorkList, known_then: Callable[[str], Ledger | None], known_now: Callable[[str], Ledger]
) -> Iterator[Move]:
    """Return the lines that are on one of two lists only, each with its cause.

    `known_then` and `known_now` return a patient's ledger as it was known when either list was made.
    """
    was, has = _by_key(then), _by_key(now)
    for key in [key for key in has if key not in was] + [key for key in was if key not in has]:
        before, after = known_then(key[0]), known_now(key[0])
        on_its_own = before is not None and _is_listed(before, now, key)
        new = [] if before is None else [e for e in after.entries if e.on <= now.on and e not in before.entries]
        told = [entry for entry in after.entries if entry.on <= now.on] if before is None else new
        is_new = key in has
        if on_its_own is is_new or not told:
            yield Move(has[key] if is_new else was[key], is_new, None, by_rule=not is_new or not on_its_own)
        else:
            yield Move(has[key] if is_new else was[key], is_new, _cause(has.get(key), told))


def _by_key(found: WorkList) -> dict[tuple[str, str], WorkLine]:
    return {(line.due.patient, line.due.kind): line for line in (*found.lines, *found.duties)}


def _is_listed(ledger: Ledger, now: WorkList, key: tuple[str, str]) -> bool:
    """Say whether the line would be on the later list if nothing new were known."""
    case = case_on(ledger, now.on)
    running = () if case is None else lines(case, now.policy)
    return any(line.kind == key[1] and line.opens_on <= now.on for line in running)


def _cause(line: WorkLine | None, told: list[Entry]) -> Entry:
    """Return the entry that a new line counts from, or the last that was entered."""
    counted = line and next((entry for entry in told if entry.id == line.due.reasons[0].entry), None)
    return counted or told[-1]
