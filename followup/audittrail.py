"""Who wrote to a register, when, by which program and what: one row a transaction, each chained to the one before."""

from collections.abc import Iterator
from typing import Final

from attrs import frozen
from sqlite_utils import Database

from followup.chain import written
from followup.entries import Entry

#: What the time is, and where the two chains end.
_ENDS: Final = """
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT digest FROM audit ORDER BY seq DESC LIMIT 1),
    (SELECT max(seq) FROM entries), (SELECT digest FROM entries ORDER BY seq DESC LIMIT 1)
"""
_COLUMNS: Final = "at, author, program, action, subject, entries, head, digest"

#: Who writes, and by which program.
By = tuple[str | None, str]


@frozen
class Writing:
    """One transaction: when (UTC, by SQLite's clock), who, by which program, what it did, and the chain after it."""

    at: str
    author: str | None
    program: str
    #: "create", "record", "adopt", "withdraw", "notice", "forget", "teams", "repair", "derive", "migrate" or "restore".
    action: str
    #: What it was about: a policy and its first day, a notice and a hash of it, a patient who was forgotten.
    subject: str | None
    #: How many entries there were after it, and the last one's digest.
    entries: int
    head: str
    digest: str

    def follows(self, before: str) -> bool:
        """Say whether the row is as it was written after the digest `before`."""
        row = (self.at, self.author, self.program, self.action, self.subject, self.entries, self.head)
        return written(before, row) == self.digest


def write_audit(db: Database, by: By, action: str, subject: str | None = None) -> None:
    """Note a transaction, within it."""
    at, before, entries, head = db.execute(_ENDS).fetchone()
    row = (at, *by, action, subject, entries or 0, head or "")
    values = [*row, written(before or "", row)]
    db.execute(f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608


def writings(db: Database) -> Iterator[Writing]:
    """Return every transaction, the first first."""
    for row in db.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq"):  # noqa: S608
        yield Writing(*row)


def writing_of(db: Database, entry: Entry) -> Writing | None:
    """Return the transaction that wrote an entry; None for an entry that is not there."""
    place = "SELECT seq FROM entries WHERE patient = ? AND id = ?"
    found = f"SELECT {_COLUMNS} FROM audit WHERE entries >= ({place}) ORDER BY seq LIMIT 1"  # noqa: S608
    row = db.execute(found, [entry.patient, entry.id]).fetchone()
    return None if row is None else Writing(*row)
