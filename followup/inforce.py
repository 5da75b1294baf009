"""Which policy and which holiday notices a register goes by, since when, and when that was recorded."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import reduce
from hashlib import sha256
from typing import Any, Final

from attrs import evolve, frozen
from sqlite_utils import Database

from followup.audittrail import Writing, writings
from followup.dates import WorkCalendar, instant, work_calendar, zoned
from followup.errors import Problem, RegisterError
from followup.noticefile import notice_from_text
from followup.policy import Policy
from followup.policyfile import policy_from_texts
from followup.schedule import RECKONING

#: The day from which a register's first policy is in force: no fact is older.
ALWAYS: Final = date(1900, 1, 1)


_ADOPTED: Final = "SELECT texts, adopted_from, recorded_at, duties_from, seq FROM policies ORDER BY adopted_from, seq"


@frozen(kw_only=True)
class Adoption:
    """One policy that a register adopted: from which day on, who noted it and when, and its withdrawal."""

    id: str
    version: str
    since: date
    #: The transaction that noted it; None in a register of a release that noted none.
    noted: Writing | None
    #: Why it was withdrawn before its day, and the transaction that did so.
    reason: str | None = None
    withdrawn: Writing | None = None


def adoptions(db: Database) -> Iterator[Adoption]:
    """Return every policy that a register adopted, the first first, those withdrawn among them."""
    noted: dict[tuple[str, str | None], list[Writing]] = {}
    for writing in writings(db):
        action = "adopt" if writing.action == "create" else writing.action
        noted.setdefault((action, writing.subject), []).append(writing)
    for policy, version, day, duties_from, recorded_at, reason, withdrawn_at in db.execute(_HISTORY):
        mark = adoption_mark(policy, version, day)
        whole = adoption_note(policy, version, day, duties_from, recorded_at)
        yield Adoption(
            id=policy,
            version=version,
            since=date.fromisoformat(day),
            noted=_earliest(noted, "adopt", whole) or _earliest(noted, "adopt", mark),
            reason=reason,
            withdrawn=_earliest(noted, "withdraw", withdrawal_note(mark, reason, withdrawn_at))
            or _earliest(noted, "withdraw", f"{mark} {reason}"),
        )


def _earliest(noted: Mapping[tuple[str, str | None], list[Writing]], action: str, subject: str) -> Writing | None:
    """Take the first writing that notes something, as the same may be adopted and withdrawn more than once."""
    found = noted.get((action, subject))
    return found.pop(0) if found else None


_HISTORY: Final = """
    SELECT p.id, p.version, p.adopted_from, p.duties_from, p.recorded_at, w.reason, w.recorded_at FROM policies p
    LEFT JOIN withdrawals w ON w.policy = p.seq ORDER BY p.seq
"""


def adoption_mark(policy: str, version: str, day: date | str) -> str:
    """Return how the audit names an adoption."""
    return f"{policy} {version} {day}"


def adoption_note(
    policy: str, version: str, day: date | str, duties_from: date | str | None, recorded_at: str | None
) -> str:
    """Return how the audit notes an adoption with all that its row tells; earlier releases noted its mark alone."""
    return _with(adoption_mark(policy, version, day), duties=duties_from, recorded=recorded_at)


def _with(mark: str, **told: object) -> str:
    return " ".join([mark, *(f"{name} {value}" for name, value in told.items() if value is not None)])


def write_withdrawal(db: Database, day: date, reason: str, recorded_at: str | None) -> str | None:
    """Note that what was adopted from a day on is withdrawn, and return its mark; None where nothing was adopted."""
    row = db.execute(_STANDING, [day.isoformat()]).fetchone()
    if row is None:
        return None
    seq, policy, version = row
    db.execute("INSERT INTO withdrawals VALUES (?, ?, ?)", [seq, reason, recorded_at])
    return withdrawal_note(adoption_mark(policy, version, day), reason, recorded_at)


def withdrawal_note(mark: str, reason: str | None, recorded_at: str | None) -> str:
    """Return how the audit notes the withdrawal of an adoption; earlier releases noted its mark and reason alone."""
    return _with(f"{mark} {reason}", recorded=recorded_at or "-")


_STANDING: Final = """
    SELECT seq, id, version FROM policies WHERE adopted_from = ? AND seq NOT IN (SELECT policy FROM withdrawals)
"""


def policy_in_force(db: Database, known: datetime | None = None) -> Policy:
    """Return the policies of a register as one, each from its day on; with `known`, as recorded by that moment."""
    withdrawn = {seq for seq, _, _ in _known_rows(db, "SELECT policy, reason, recorded_at FROM withdrawals", known)}
    rows = [row for row in _known_rows(db, _ADOPTED, known) if row[4] not in withdrawn]
    try:
        return _told(rows, work_calendar(*_notices(db, known)))
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):  # damaged, or changed behind our back
        raise RegisterError(Problem("check.rules")) from None


def _told(rows: list[tuple[Any, ...]], calendar: WorkCalendar) -> Policy:
    (texts, _, _, duties_from, _), *later = rows
    first = evolve(
        policy_from_texts(json.loads(texts)),
        calendar=calendar,
        duties_from=None if duties_from is None else date.fromisoformat(duties_from),
    )
    return reduce(lambda policy, row: policy.then(_policy(row), date.fromisoformat(row[1])), later, first)


def _policy(row: tuple[Any, ...]) -> Policy:
    return policy_from_texts(json.loads(row[0]))


def _notices(db: Database, known: datetime | None) -> list[Any]:
    rows = _known_rows(db, "SELECT text, year, recorded_at FROM notices ORDER BY seq", known)
    latest = {year: text for text, year, _ in rows}
    return [notice_from_text(text) for text in latest.values()]


def _known_rows(db: Database, query: str, known: datetime | None) -> list[tuple[Any, ...]]:
    """Return rows, the third column of which says when they were recorded; the register's first policy always."""
    rows = db.execute(query).fetchall()
    return [row for row in rows if known is None or row[2] is None or instant(row[2]) <= zoned(known)]


def stamp(policy: Policy) -> str:
    """Return what kept dates were derived by: every policy with its first day, the calendar, and how it is reckoned."""
    told = [f"{edition.since} {edition.version}" for edition in policy.editions]
    return "; ".join([*told, f"calendar {policy.calendar.version}", f"reckoning {RECKONING}"])


def write_policy(db: Database, policy: Policy, day: date, duties_from: date | None, recorded_at: str | None) -> None:
    """Note that a policy is in force from a day on."""
    row = (
        day.isoformat(),
        policy.id,
        policy.version,
        duties_from and duties_from.isoformat(),
        json.dumps(policy.texts),
    )
    columns = "adopted_from, id, version, duties_from, texts, recorded_at"
    db.execute(f"INSERT INTO policies ({columns}) VALUES (?, ?, ?, ?, ?, ?)", (*row, recorded_at))  # noqa: S608


def write_notice(db: Database, year: int, text: str, recorded_at: str | None) -> None:
    """Note a year's holiday notice; a later one of the same year counts instead."""
    db.execute("INSERT INTO notices (year, text, recorded_at) VALUES (?, ?, ?)", (year, text, recorded_at))


def notice_mark(year: int, text: str) -> str:
    """Return how the audit names a notice: its year, and a hash of its text."""
    return f"{year} {sha256(text.encode()).hexdigest()[:12]}"


def notice_note(year: int, text: str, recorded_at: str | None) -> str:
    """Return how the audit notes a notice with all that its row tells; earlier releases noted its mark alone."""
    return _with(notice_mark(year, text), recorded=recorded_at)


def kept_stamp(db: Database) -> str | None:
    """Return what the kept dates were derived by."""
    row = db.execute("SELECT CAST(stamp AS BLOB) FROM derived").fetchone()  # what is no text is no stamp either
    return None if row is None else str(row[0], "utf-8", "replace")


def write_stamp(db: Database, policy: Policy) -> None:
    """Note what the kept dates are derived by."""
    db.execute("INSERT OR REPLACE INTO derived VALUES (1, ?)", (stamp(policy),))
