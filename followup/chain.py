"""The chain of hashes over a register's entries: a change of any of them behind the library's back shows.

Each entry has a *seal*, a hash of its content with a salt of its person's; its digest is a hash of the digest
before it and of the seal. Whoever forgets a person keeps the seals alone: without the salt they tell nothing,
and the chain goes on through them.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, Self
from unicodedata import normalize

from attrs import frozen

from followup.canonical import canonical
from followup.errors import InvalidEntry, Problem, shown

#: How many digits of the last digest a list shows: nobody finds another chain with the same.
_DIGITS: Final = 20
_HEAD: Final = re.compile(r"(\d{1,12}):([0-9a-f]{20,64}|(?<=^0:))")


def sealed(salt: str, row: Sequence[str | None], personal: str | None) -> str:
    """Return the seal of an entry: `row` is id, patient, type, on, recorded_at and body; none has a line break."""
    entry_id, patient, kind, on, recorded_at, body = row
    return _hash(f"{salt}\n{entry_id}\n{patient}\n{kind}\n{on}\n{recorded_at or ''}\n{body}\n{personal or ''}")


def linked(before: str, seal: str) -> str:
    """Return the digest of an entry after the digest before it; "" stands before the first."""
    return _hash(before + seal)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def written(before: str, row: Sequence[Any]) -> str:
    """Return the digest of a row of the audit after the digest before it."""
    return _hash(canonical([before, *row]))


@frozen
class Head:
    """How far a chain went: how many entries, and the last one's digest.

    >>> str(Head.parse("12:0123456789abcdef0123"))
    '12:0123456789abcdef0123'
    """

    entries: int
    digest: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a head as a list shows it; `InvalidEntry` for anything else."""
        found = _HEAD.fullmatch(normalize("NFKC", text).strip())
        if found is None:
            raise InvalidEntry(Problem("head", facts={"word": shown(text)}))
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.entries}:{self.digest[:_DIGITS]}"

    def starts(self, digest: str) -> bool:
        """Say whether a digest is the one of which a list showed the beginning."""
        return digest.startswith(self.digest)
