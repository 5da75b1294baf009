"""What a register cannot take: facts of an unknown person, a second registration, a retraction or duty of nothing."""

from collections.abc import Callable, Iterator, Sequence

from followup.entries import Done, Entry, Registered, Retracted
from followup.entryjson import shown_id
from followup.errors import Problem, RegisterError, shown
from followup.ledger import Ledger
from followup.settlement import INSTEAD, settles_nothing

#: An entry that is refused, and why.
Refusal = tuple[Entry, Problem]


def strangers(told: Sequence[Entry]) -> Iterator[Refusal]:
    """Refuse the entries of somebody who was never registered."""
    for entry in told:
        yield entry, Problem("patient.unknown", facts={"patient": shown(entry.patient)})


def refusals(ledger: Ledger, told: Sequence[Entry], owner_of: Callable[[str], str | None]) -> Iterator[Refusal]:
    """Return what of a person's newly told entries cannot be taken; the ledger holds them already.

    `owner_of` says whose entry an id is, None where there is no such entry.
    """
    standing = [entry for entry in ledger.facts if type(entry) is Registered]
    if len(standing) == 1 and not any(type(entry) in (Retracted, Done) for entry in told):
        return  # most people: told quickly
    first = next((entry for entry in standing if entry not in told), standing[0] if standing else None)
    lone = bool(ledger.facts) and not standing
    if lone and not any(isinstance(entry, Registered | Retracted) for entry in told):
        yield from strangers(told)
        return
    for entry in told:
        if type(entry) is Registered and entry != first and entry in standing:
            yield entry, Problem("patient.twice", facts={"patient": shown(entry.patient)})
        elif lone:
            yield entry, Problem("retract.registration", facts={"patient": shown(entry.patient)})
        elif isinstance(entry, Retracted) and len(standing) > 1 and not any(one in told for one in standing[1:]):
            yield entry, Problem("patient.twice", facts={"patient": shown(entry.patient)})
        elif isinstance(entry, Retracted):
            yield from _of_nothing(entry, ledger, owner_of)
        elif isinstance(entry, Done) and settles_nothing(entry):
            yield entry, _idle(entry)


def _of_nothing(entry: Retracted, ledger: Ledger, owner_of: Callable[[str], str | None]) -> Iterator[Refusal]:
    if all(entry.entry != known.id for known in ledger.entries):
        facts = {"entry": shown_id(entry.entry), "patient": shown(entry.patient)}
        code = "retract.unknown" if owner_of(entry.entry) is None else "retract.stranger"
        yield entry, Problem(code, facts=facts)


def _idle(entry: Done) -> Problem:
    """Return what to record instead of a "done" that settles nothing."""
    if entry.kind not in INSTEAD:
        return Problem("done.nobody")
    return Problem("done.nothing", facts={"kind": entry.kind, "instead": " / ".join(INSTEAD[entry.kind])})


def check_reason(reason: str) -> None:
    """Raise `RegisterError` where no reason is given for what needs one."""
    if not reason.strip():
        raise RegisterError(Problem("reason"))
