"""People who may be one and the same: found by what is known of them, and never merged by themselves."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from hashlib import blake2b, sha256
from itertools import groupby
from operator import itemgetter
from secrets import token_bytes
from typing import Final

from sqlite_utils import Database

from followup.case import Case, case_on
from followup.findings import Finding
from followup.ledger import Ledger
from followup.spellings import tight

_OF_15: Final = re.compile(r"\d{15}", re.ASCII)
_OF_18: Final = re.compile(r"\d{17}[\dX]", re.ASCII)


def duplicates(ledgers: Iterable[Ledger]) -> Iterator[Finding]:
    """Yield the people who may be one, as last told of: by the ID number, or by name, birth date and village.

    A finding names patient numbers alone. Of each ledger only hashes stay in memory, salted anew each time.

    >>> from followup import Registered
    >>> people = [Ledger(p, [Registered(p, "2026-01-05", id_number="SYNTHETIC-1")]) for p in ("p1", "p2")]
    >>> [(found.code, found.patient, found.facts["others"]) for found in duplicates(people)]
    [('same-id-number', 'p1', ('p2',))]
    """
    salt, first, alike = token_bytes(16), dict[bytes, str](), dict[bytes, tuple[str, ...]]()
    for ledger in ledgers:
        case = case_on(ledger, date.max)
        for likeness in likenesses(case) if case is not None else ():
            hashed = blake2b(likeness.encode(), key=salt, digest_size=16).digest()
            known = first.setdefault(hashed, ledger.patient)
            if known != ledger.patient:
                alike[hashed] = (*alike.get(hashed, (likeness.split()[0], known)), ledger.patient)
    for code, *people in sorted((code, *sorted(people)) for code, *people in alike.values()):
        yield _finding(code, people)


def _finding(code: str, people: Iterable[str]) -> Finding:
    first, *others = people
    return Finding(first, code, (), {"patient": first, "others": tuple(others)})


def likenesses(case: Case) -> list[str]:
    """Return by what a person would be taken for another: hashes of the ID number, and of name, birth date and village.

    Each begins with the code of its finding. Spaces and full-width characters make no other person, nor does a number
    of 15 digits beside that of 18, which has the century and a check digit more (GB 11643-1999).
    """
    name, born, number = (case.person.get(key) for key in ("name", "born", "id_number"))
    found = [] if number is None else [_hashed("same-id-number", _whole(tight(number).upper()))]
    if name and born and case.village:
        found.append(_hashed("same-person", tight(name), str(born), tight(case.village)))
    return found


def _whole(number: str) -> str:
    """Return the 17 digits that an ID number has beside its check digit; a number of another kind as it is."""
    if _OF_15.fullmatch(number):
        return f"{number[:6]}19{number[6:]}"
    return number[:-1] if _OF_18.fullmatch(number) else number


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


def kept_duplicates(db: Database, since: int | None = None) -> Iterator[Finding]:
    """Yield the people of a register who may be one; with `since` those alone of whom later entries tell."""
    rows = db.execute(_ALL) if since is None else db.execute(_NEW, [since])
    for likeness, alike in groupby(rows, key=itemgetter(0)):
        people = [patient for _, patient in alike]
        if len(people) > 1:
            yield _finding(likeness.split()[0], people)
