"""The dates of new people, derived while a file is read and before they are taken into a register."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from attrs import Factory, define

from followup.entries import Entry, Registered
from followup.keptdates import Kept, kept
from followup.ledger import Ledger
from followup.policy import Policy
from followup.refusals import refusals

#: By the patient the ids of the entries that give some dates, and the rows to keep of these.
Told = dict[str, tuple[list[str], Kept]]


@define
class Foretold:
    """Dates under one policy, until the register takes them; of anything else it derives its own."""

    policy: Policy
    told: Told = Factory(dict)

    def take(self, patient: str, entries: Sequence[Entry], policy: Policy) -> Kept | None:
        """Return the rows to keep of somebody of whom there are just these entries, under a policy; at most once."""
        ids, rows = self.told.pop(patient, (None, None))
        return rows if policy is self.policy and ids == [entry.id for entry in entries] else None


def foretell(entries: Iterable[Entry], policy: Policy) -> Told:
    """Return the dates of all who are told of one after the other; the first and the last may be told of elsewhere."""
    people = [(patient, list(told)) for patient, told in groupby(entries, key=attrgetter("patient"))]
    found = ((patient, told, newcomer(patient, told, policy)) for patient, told in people[1:-1])
    return {patient: ([entry.id for entry in told], rows) for patient, told, rows in found if rows is not None}


def newcomer(patient: str, told: list[Entry], policy: Policy) -> Kept | None:
    """Return the rows to keep of somebody of whom nothing else is known; None where any of it may be refused."""
    if Registered not in map(type, told):
        return None
    ledger = Ledger(patient, told)
    return None if any(refusals(ledger, told, lambda _: None)) else kept(ledger, policy)
