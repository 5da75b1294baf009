"""Everyone's dates derived anew; of a large register's people a second process derives the greater part.

It reads the file as it was when this process began to write, so that nothing goes between them but rows to keep.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from itertools import chain, islice
from typing import Final

from sqlite_utils import Database

from followup.companion import Helper, answer, shared
from followup.entryrows import head, patients, read_ledgers
from followup.keptdates import SPANS, Kept, drop_indexes, keep, kept, make_indexes
from followup.policy import Policy
from followup.storage import connected, file_of, snapshot
from followup.tables import EMPTIED

#: A register of more entries than this is worth a second process.
_LARGE: Final = 50_000
#: So many people are derived at a time.
_LOT: Final = 50
#: For so many milliseconds a second process waits for a file that somebody holds for himself.
_PATIENCE: Final = 1_000
#: The file, and under which rules dates are kept, and since when.
_Task = tuple[str, Policy, date]
#: Patients, each with the rows to keep.
_Derived = list[tuple[str, Kept]]


def derive_anew(db: Database, policy: Policy, since: date = date.min) -> None:
    """Keep the dates of everyone anew, from the day `since` on: before it they stay as they are."""
    drop_indexes(db, since)
    if since == date.min:
        for statement in EMPTIED:
            db.execute(statement)
    else:
        _end_spans(db, str(since))
    everyone = derived(db, policy, since)
    while lot := [rows for _, rows in islice(everyone, _LOT)]:
        keep(db, *lot)
    make_indexes(db, since)


def _end_spans(db: Database, since: str) -> None:
    for table in SPANS:
        db.execute(f"DELETE FROM {table} WHERE from_on >= :since", {"since": since})  # noqa: S608
        db.execute(f"UPDATE {table} SET until_on = :since WHERE until_on > :since", {"since": since})  # noqa: S608


def derived(db: Database, policy: Policy, since: date = date.min) -> Iterator[tuple[str, Kept]]:
    """Yield all patients in order, each with the rows to keep."""
    ours = partial(_of, db, policy, since)
    if not _is_shared(db):
        return chain.from_iterable(map(ours, _lots(db)))
    # Where it greets with another head, something is not yet committed, and it sees other entries.
    task, lots = (file_of(db), policy, since), _lots(db)
    return chain.from_iterable(shared("followup.derivation", task, lots, ours, greeting=head(db)))


def _is_shared(db: Database) -> bool:
    """Say whether a second process may read the file while this one writes, and is worth it."""
    (mode,) = db.execute("PRAGMA journal_mode").fetchone()
    return mode == "wal" and head(db).entries > _LARGE


def _lots(db: Database) -> Iterator[list[str]]:
    everyone = patients(db)
    while lot := [*islice(everyone, _LOT)]:
        yield lot


def _of(db: Database, policy: Policy, since: date, lot: list[str]) -> _Derived:
    named = since == date.min  # who is like whom is told with what is derived from the first day on
    ledgers = read_ledgers(db, lot, named=named)
    return [(ledger.patient, kept(ledger, policy, since, named=named)) for ledger in ledgers]


@contextmanager
def _helper(task: _Task) -> Iterator[Helper]:
    path, policy, since = task
    db = connected(path)
    with closing(db), snapshot(db):
        db.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        db.execute("PRAGMA query_only = ON")
        yield head(db), partial(_of, db, policy, since)


if __name__ == "__main__":
    answer(_helper)
