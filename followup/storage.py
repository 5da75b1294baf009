"""A register's file: how it is opened, read, written and copied, and what SQLite says in a sentence that helps."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any, Final
from weakref import WeakSet

from sqlite_utils import Database

from followup.errors import Problem, RegisterError

#: Where a register is: its path, or an open connection (of sqlite3, or of SQLCipher, which is no subclass of it).
Place = Any

#: The databases on which a batch is under way.
_BATCHES: Final = WeakSet[Database]()
#: "folu": how SQLite's own header says that a file is a register.
OURS: Final = 0x666F6C75
#: For so many seconds a writer waits for another one.
PATIENCE: Final = 20


def is_path(place: Place) -> bool:
    """Say whether a place is a path, and not an open connection."""
    return isinstance(place, str | Path)


def connected(place: Place) -> Database:
    """Return the open database of a path or a connection: foreign keys checked, each commit on the disk."""
    connection = sqlite3.connect(_plain(place), timeout=PATIENCE) if is_path(place) else place
    if connection.in_transaction:  # what follows would commit it
        raise RegisterError(Problem("register.transaction"))
    connection.isolation_level = None  # transactions begin where we say
    connection.row_factory = None
    db = Database(connection)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = FAST")
    return db


def _plain(place: str | Path) -> str:
    """Return a path that is one to SQLite too, whatever it is called: some builds take "file:a" for an address."""
    return ":memory:" if place == ":memory:" else os.path.abspath(place)  # noqa: PTH100 - as the system has it


def new_file(path: str | Path) -> None:
    """Make an empty file that its owner alone may read; `RegisterError` where there is one, or a log of one."""
    for left in (f"{path}-wal", f"{path}-journal"):  # SQLite would take it for the new file's
        if os.path.lexists(left):
            raise RegisterError(Problem("register.beside", facts={"path": left}))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise RegisterError(Problem("register.exists", facts={"path": path})) from None
    except (OSError, ValueError):
        raise RegisterError(Problem("register.folder", facts={"path": path})) from None


def make_private(db: Database) -> None:
    """Let a file that its connection has made be its owner's alone, before anything is written."""
    path = file_of(db)
    if path:
        Path(path).chmod(0o600)


def file_of(db: Database) -> str:
    """Return the path of a database; "" for one in memory."""
    return str(next(path for _, name, path in db.execute("PRAGMA database_list") if name == "main"))


def remove(path: str | Path) -> None:
    """Remove a file that was not finished, and what SQLite put beside it."""
    for end in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            Path(f"{path}{end}").unlink()


@contextmanager
def _whole_file(path: str | Path) -> Iterator[str]:
    """Yield the place of a new file that stands at `path` once all of it is written, and not before."""
    if os.path.lexists(path):
        raise RegisterError(Problem("register.exists", facts={"path": path}))
    part = os.path.abspath(f"{path}.{token_hex(4)}.part")  # noqa: PTH100 - as above
    new_file(part)
    try:
        yield part
        with open(part, "rb") as file:  # noqa: PTH123 - as above
            os.fsync(file.fileno())
        new_file(path)
        os.replace(part, path)  # noqa: PTH105 - as above
    except BaseException:
        remove(part)
        raise


def copy(db: Database, path: str | Path) -> None:
    """Write a copy of the database as it is at one moment into a new file, while others may write.

    Raises `RegisterError` where there is a file already, and for a copy that could not be opened again.
    """
    with sentences_of_sqlite(path), _whole_file(path) as part:
        # An encrypted register stays so, with its key: a plain copy of it would be a leak.
        db.execute("VACUUM INTO ?", [part])
        try:
            with sentences_of_sqlite():
                _read_back(db, part)
        except RegisterError:
            raise RegisterError(Problem("register.copy", facts={"path": path})) from None


def _read_back(db: Database, part: str) -> None:
    """Open a copy with the connection's own key: SQLCipher makes some that nobody can, by settings not its own."""
    db.execute("ATTACH DATABASE ? AS copied", [part])
    try:
        db.execute("SELECT count(*) FROM copied.sqlite_master").fetchone()
    finally:
        db.execute("DETACH DATABASE copied")


def restored(source: str | Path, path: str | Path) -> None:
    """Write the register of a backup into a new file; the backup is only read, be it on a disk that nobody may write.

    Raises `RegisterError` for what is no register, and where there is a file already.
    """
    with sentences_of_sqlite(source), closing(sqlite3.connect(_unwritten(source), uri=True)) as backup:
        if backup.execute("PRAGMA application_id").fetchone() != (OURS,):
            raise foreign(source)
        with _whole_file(path) as part, closing(sqlite3.connect(part)) as target:
            backup.backup(target)


def _unwritten(path: str | Path) -> str:
    """Return the address by which SQLite reads a file and makes no other beside it, unless some are there already."""
    beside = any(os.path.exists(f"{path}{end}") for end in ("-wal", "-journal"))  # noqa: PTH110 - as above
    return f"{Path(os.path.abspath(path)).as_uri()}?mode=ro{'' if beside else '&immutable=1'}"  # noqa: PTH100


def copy_beside(db: Database) -> None:
    """Put a copy of the register's file beside it, before its tables change; what is in memory has none."""
    path = file_of(db)
    for number in count(1) if path else ():
        try:
            copy(db, f"{path}.backup-{number}")
        except RegisterError as error:
            if error.problems[0].code not in {"register.exists", "register.beside"}:
                raise
        else:
            return


@contextmanager
def transaction(db: Database, *, keep: bool = True) -> Iterator[None]:
    """Write all that happens within, or nothing of it (nor without `keep`); nobody else writes meanwhile."""
    if db in _BATCHES:  # SQLite has rolled the batch around this one back: nothing of it may be kept
        raise RegisterError(Problem("register.lost"))
    db.execute("BEGIN IMMEDIATE")
    _BATCHES.add(db)
    try:
        yield
        _check_batch(db)
        db.execute("COMMIT" if keep else "ROLLBACK")
    except BaseException:
        db.rollback()
        raise
    finally:
        _BATCHES.discard(db)


def _check_batch(db: Database) -> None:
    if not db.conn.in_transaction:
        raise RegisterError(Problem("register.lost"))


def wiped(db: Database) -> bool:
    """Leave no trace of what was erased, in free pages or where SQLite moved a row; False where that cannot be."""
    try:
        with sentences_of_sqlite():
            db.execute("VACUUM")
            (busy, *_) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except RegisterError:
        return False
    return not busy


@contextmanager
def snapshot(db: Database) -> Iterator[None]:
    """Read all that is read within as it was at one moment, whoever writes meanwhile."""
    if db.conn.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.rollback()


@contextmanager
def sentences_of_sqlite(place: object = "") -> Iterator[None]:
    """Say what SQLite says in a sentence that helps."""
    try:
        yield
    except Exception as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}  # SQLCipher has a DatabaseError of its own
        if not kinds & {"DatabaseError", "UnicodeDecodeError"}:  # a damaged file may garble what SQLite itself says
            raise
        code = next((code for words, code in _SAID.items() if words in str(error)), "register.damaged")
        if code == "register.foreign":
            raise foreign(place) from None
        raise RegisterError(Problem(code, facts={"path": _named(place), "reason": error})) from None


def _named(place: object) -> object:
    """Return the path of what may be an open database."""
    with suppress(Exception):
        return file_of(place) if isinstance(place, Database) else place
    return ""


def foreign(place: Place) -> RegisterError:
    """Return the error of a place that holds no register; a connection may have the wrong key."""
    return RegisterError(Problem("register.foreign" if is_path(place) else "register.key", facts={"path": place}))


_SAID: Final = {
    "database is locked": "register.busy",
    "closed database": "register.closed",
    "readonly": "register.readonly",
    "unable to open": "register.folder",
    "not a database": "register.foreign",
    "disk is full": "register.full",
    "disk I/O error": "register.disk",
    "already exists": "register.exists",
    "no such table": "register.table",
    "Could not decode": "register.bytes",  # what it says shows what stands there
    "same thread": "register.thread",
    "within a transaction": "register.batch",
}
