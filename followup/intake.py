"""Entries taken into a register: person by person appended to the chain, judged, and their dates kept.

A person who is new, and of whom all comes at once, is judged from what is at hand; whoever was known already, or
comes again, waits until everything is there and is read from the register. So any number of entries fits.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final

from attrs import Factory, define
from sqlite_utils import Database

from followup.entries import Amended, Assigned, Entry, Registered, Retracted
from followup.entryrows import Tip, append, known_among, lift_guards, owner_of, read_rows, salt_of, tip, touched
from followup.errors import Problem
from followup.foretelling import Foretold, newcomer
from followup.keptdates import Kept, drop, drop_indexes, keep, kept, make_indexes
from followup.ledger import Ledger
from followup.policy import Policy
from followup.refusals import Refusal, refusals, strangers

#: The entries that tell who somebody is or where, and those that may take such back.
_NAMING: Final = frozenset({Registered, Amended, Assigned, Retracted})
#: More people than this wait in the register, not in memory.
_MANY: Final = 5_000
#: So many people at once, more than there were, and indexes and guards are made anew at the end.
_CROWD: Final = 500
#: The dates of so many people are written together.
_AT_ONCE: Final = 50
#: So many problems at once are enough.
_MOST: Final = 10_000


@define
class _Intake:
    """What is under way: the chain's end, who waits, what is refused."""

    db: Database
    policy: Policy
    foretold: Foretold
    tip: Tip
    #: How many entries there were before.
    before: int
    waiting: set[str] = Factory(set)
    refused: list[Refusal] = Factory(list)
    kept: int = 0
    #: The dates that are not yet written.
    rows: list[Kept] = Factory(list)
    #: Whether anything was told by which somebody may resemble another: of a visit alone no name is read.
    named: bool = False
    #: What makes again the guards that were lifted with the indexes; None while all are there.
    guards: list[str] | None = None


def take(
    db: Database, policy: Policy, entries: Iterable[Entry], foretold: Foretold | None = None
) -> tuple[int, list[Refusal]]:
    """Take entries in, within a transaction; return how many were new, and what is refused."""
    at = tip(db)
    intake = _Intake(db, policy, foretold or Foretold(policy), at, at.seq)
    for patient, told in groupby(entries, key=attrgetter("patient")):
        _take_person(intake, patient, list(told))
    _write(intake)
    for patient, rows in read_rows(db, _waiting(intake), named=intake.named):
        _judge(intake, patient, [e for _, e in rows], [e for seq, e in rows if seq > intake.before])
    _write(intake)
    if intake.guards is not None:
        make_indexes(db)
        for statement in intake.guards:
            db.execute(statement)
    return at.seq - intake.before, intake.refused


def _take_person(intake: _Intake, patient: str, told: list[Entry]) -> None:
    intake.named = intake.named or not _NAMING.isdisjoint(map(type, told))
    salt, forgotten_on, is_new = salt_of(intake.db, patient)
    if salt is None:
        facts = {"patient": patient, "on": forgotten_on}
        _refuse(intake, ((entry, Problem("patient.forgotten", facts=facts)) for entry in told))
        return
    known = set() if is_new else known_among(intake.db, patient, told)
    added = append(intake.db, intake.tip, salt, told, known)
    foretold = intake.foretold.take(patient, added, intake.policy)
    rows = foretold or newcomer(patient, added, intake.policy) if is_new else None
    if rows is not None:
        _keep(intake, rows)
    elif added and len(intake.waiting) < _MANY:
        intake.waiting.add(patient)


def _waiting(intake: _Intake) -> Iterable[str]:
    """Return who waits, in order; where there were too many to remember, everyone who was touched."""
    return sorted(intake.waiting) if len(intake.waiting) < _MANY else touched(intake.db, intake.before)


def _judge(intake: _Intake, patient: str, entries: list[Entry], told: list[Entry]) -> None:
    if Registered not in map(type, entries):
        _refuse(intake, strangers(told))
        return
    ledger = Ledger(patient, entries)
    _refuse(intake, refusals(ledger, told, lambda entry_id: owner_of(intake.db, entry_id)))
    if not intake.refused:
        drop(intake.db, patient, named=intake.named)
        _keep(intake, kept(ledger, intake.policy, named=intake.named))


def _refuse(intake: _Intake, found: Iterator[Refusal]) -> None:
    for refusal in found:
        if len(intake.refused) < _MOST:
            intake.refused.append(refusal)


def _keep(intake: _Intake, rows: Kept) -> None:
    intake.kept += 1
    if intake.guards is None and intake.kept > _CROWD and intake.tip.seq > 2 * intake.before:
        drop_indexes(intake.db)
        intake.guards = lift_guards(intake.db)
    intake.rows.append(rows)
    if len(intake.rows) == _AT_ONCE:
        _write(intake)


def _write(intake: _Intake) -> None:
    keep(intake.db, *intake.rows)
    intake.rows.clear()
