"""People who may be one and the same: found by what is known of them, and never merged by themselves."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from operator import itemgetter

from sqlite_utils import Database

from followup.case import Case
from followup.findings import Finding


def likenesses(case: Case) -> list[str]:
    """Return by what a person would be taken for another: hashes of the ID number, and of name, birth date and village.

    Each begins with the code of its finding.
    """
    name, born, number = (case.person.get(key) for key in ("name", "born", "id_number"))
    found = [] if number is None else [_hashed("same-id-number", str(number).upper())]
    if name and born and case.village:
        found.append(_hashed("same-person", name.strip(), str(born), case.village.strip()))
    return found


def _hashed(code: str, *told: str) -> str:
    return f"{code} {sha256(chr(0).join(told).encode()).hexdigest()[:32]}"


_ALL = """
    SELECT likeness, patient FROM likenesses WHERE likeness IN (
        SELECT likeness FROM likenesses GROUP BY likeness HAVING count(*) > 1
    ) ORDER BY likeness, patient
"""
_NEW = """
    SELECT l.likeness, l.patient FROM likenesses l JOIN (
        SELECT DISTINCT mine.likeness FROM likenesses mine JOIN (
            SELECT DISTINCT patient FROM entries NOT INDEXED
            WHERE seq > ? AND type IN ('registered', 'amended', 'assigned')
        ) USING (patient)
    ) USING (likeness) ORDER BY 1, 2
"""


def duplicates(db: Database, since: int | None = None) -> Iterator[Finding]:
    """Yield the people of a register who may be one; with `since` those alone of whom later entries tell."""
    rows = db.execute(_ALL) if since is None else db.execute(_NEW, [since])
    yield from _found(rows)


def _found(rows: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    for likeness, alike in groupby(rows, key=itemgetter(0)):
        first, *others = (patient for _, patient in alike)
        if others:
            yield Finding(first, likeness.split()[0], (), {"patient": first, "others": tuple(others)})
