"""Everyone's dates derived anew; of a large register's people a second process derives the greater part.

It reads the file as it was when this process began to write, so that nothing goes between them but rows to keep.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import islice
from typing import Any, Final

from sqlite_utils import Database

from followup.companion import Next, answer, companion
from followup.entryrows import head, patients, read_ledgers
from followup.keptdates import SPANS, Kept, drop_indexes, keep, kept, make_indexes
from followup.policy import Policy
from followup.storage import connected, file_of, snapshot

#: A register of more entries than this is worth a second process.
_LARGE: Final = 50_000
#: So many people are derived at a time: of each nine such lots these are the second process's, as this one writes too.
_LOT: Final = 50
_LOTS: Final = 9
_THEIRS: Final = frozenset({0, 2, 4, 6, 8})
#: So many lots this process derives while the second one starts.
_MEANWHILE: Final = 20
#: For so many milliseconds a second process waits for a file that somebody holds for himself.
_PATIENCE: Final = 1_000


def derive_anew(db: Database, policy: Policy, since: date = date.min) -> None:
    """Keep the dates of everyone anew, from the day `since` on: before it they stay as they are."""
    drop_indexes(db, since)
    if since == date.min:
        db.execute("DELETE FROM likenesses")
    for table in SPANS:
        db.execute(f"DELETE FROM {table} WHERE from_on >= :since", {"since": str(since)})  # noqa: S608
        db.execute(f"UPDATE {table} SET until_on = :since WHERE until_on > :since", {"since": str(since)})  # noqa: S608
    everyone = derived(db, policy, since)
    while lot := [rows for _, rows in islice(everyone, _LOT)]:
        keep(db, *lot)
    make_indexes(db, since)


def derived(db: Database, policy: Policy, since: date = date.min) -> Iterator[tuple[str, Kept]]:
    """Yield all patients in order, each with the rows to keep."""
    if not _is_shared(db):
        for lot in _lots(db):
            yield from _of(db, lot, policy, since)
        return
    with companion("followup.derivation", (file_of(db), policy, since, _MEANWHILE)) as begun:
        received = None
        for number, lot in enumerate(_lots(db)):
            if number == _MEANWHILE:
                received = _of_one_mind(begun(), db)
            told = _told(received) if received and number % _LOTS in _THEIRS else None
            yield from _of(db, lot, policy, since) if told is None else told


def _is_shared(db: Database) -> bool:
    """Say whether a second process may read the file while this one writes, and is worth it."""
    (mode,) = db.execute("PRAGMA journal_mode").fetchone()
    return mode == "wal" and head(db).entries > _LARGE


def _of_one_mind(received: Next | None, db: Database) -> Next | None:
    """Return what gives the second process's parcels, unless it sees other entries: something is not yet committed."""
    return received if received and _told(received) == head(db) else None


def _told(received: Next) -> Any:
    """Return the next parcel; None where the second process has ended, and for ever after."""
    try:
        return received()
    except EOFError:
        return None


def _lots(db: Database) -> Iterator[list[str]]:
    everyone = patients(db)
    while lot := [*islice(everyone, _LOT)]:
        yield lot


def _of(db: Database, lot: list[str], policy: Policy, since: date) -> list[tuple[str, Kept]]:
    named = since == date.min  # who is like whom is told with what is derived from the first day on
    ledgers = read_ledgers(db, lot, named=named)
    return [(ledger.patient, kept(ledger, policy, since, named=named)) for ledger in ledgers]


def _read(task: tuple[str, Policy, date, int]) -> Iterator[Any]:
    """Yield how far the file's chain goes, then what is derived of each lot that is the second process's."""
    path, policy, since, begun_at = task
    db = connected(path)
    with closing(db), snapshot(db):
        db.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        db.execute("PRAGMA query_only = ON")
        yield head(db)
        for number, lot in enumerate(_lots(db)):
            if number >= begun_at and number % _LOTS in _THEIRS:
                yield _of(db, lot, policy, since)


if __name__ == "__main__":
    answer(_read)
