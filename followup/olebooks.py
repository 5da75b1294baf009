"""Workbooks of the old kind (.xls), walked through record by record for what their reader does not tell."""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from followup.bookchecks import CheckedBook, check_bytes, check_cells
from followup.errors import InvalidFile, Problem
from followup.sheets import sheet_place

OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER, _ENTRY = 512, 128
#: Where an entry says what it is; streams, and the root.
_KIND, _KINDS = 66, (2, 5)
#: The rows and columns that a sheet of this kind has at most.
_ROWS, _COLUMNS = 65_536, 256
#: The sizes of a sector, and of one of a small stream, that there are.
_SIZES: Final = {(512, 64), (4096, 64)}
#: Streams by which other documents are known.
_OTHERS: Final = frozenset({"WordDocument", "PowerPoint Document", "VisioDocument", "__properties_version1.0"})
#: Records: what a workbook has, what a sheet has.
_PASSWORD, _DAYS, _SHEET, _BEGIN, _END = 0x2F, 0x22, 0x85, 0x809, 0x0A
_EXTENT, _FORMULA, _MULTIPLE, _ERROR = 0x200, 0x06, 0xBD, 0x205
_CELLS: Final = frozenset({_FORMULA, _MULTIPLE, _ERROR, 0xD6, 0xFD, 0x203, 0x204, 0x27E})


def checked_ole(content: bytes) -> CheckedBook:
    """Return a workbook that may be read; `InvalidFile` for one with a password, another document, one too large."""
    check_bytes(len(content))
    file = _CompoundFile.of(content)
    if "EncryptedPackage" in file.entries:
        raise InvalidFile(Problem("book.encrypted"))
    if "Workbook" not in file.entries:
        raise InvalidFile(_no_workbook(file.entries))
    stream = file.stream("Workbook")
    from_1904, sheets = False, list[tuple[int, str]]()
    for kind, body in _records(stream, 0):
        if kind == _PASSWORD:
            raise InvalidFile(Problem("book.encrypted"))
        if kind == _DAYS:
            from_1904 = body[:2] == b"\1\0"
        if kind == _SHEET:
            place = sheet_place(_title(body), len(sheets) + 1)
            sheets.append((struct.unpack_from("<I", body)[0], place))
    if any(at >= len(stream) for at, _ in sheets):
        raise InvalidFile(Problem("book.damaged"))
    failed = {number: _failed(stream, *sheet) for number, sheet in enumerate(sheets)}
    return CheckedBook(content, from_1904, failed)


def _no_workbook(streams: Iterable[str]) -> Problem:
    if "Book" in streams:
        return Problem("book.kind", facts={"kind": "Excel 5.0/95 .xls"})
    return Problem("book.foreign" if _OTHERS.intersection(streams) else "book.damaged")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records from a place on to the end that belongs to its beginning."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        depth += (kind == _BEGIN) - (kind == _END)
        if kind == _END and depth <= 0:
            return
        at += 4 + size


def _title(body: bytes) -> str:
    return body[8:].decode("utf-16-le" if body[7] & 1 else "latin-1", "replace")


def _failed(stream: bytes, at: int, place: str) -> frozenset[tuple[int, int]]:
    """Return the cells of a sheet whose formula fails; `InvalidFile` where it reaches too far."""
    rows = columns = 0
    failed = set()
    for kind, body in _records(stream, at):
        if kind == _EXTENT:
            _check_extent(body)
        if kind in _CELLS:
            row, column = struct.unpack_from("<HH", body)
            last = struct.unpack_from("<H", body, len(body) - 2)[0] if kind == _MULTIPLE else column
            rows, columns = max(rows, row + 1), max(columns, last + 1)
            if (kind == _ERROR and body[7]) or (kind == _FORMULA and body[6] == 2 and body[12:14] == b"\xff\xff"):  # noqa: PLR2004
                failed.add((row, column))
    check_cells((place,), rows, columns)
    return frozenset(failed)


def _check_extent(body: bytes) -> None:
    """Refuse a sheet that claims more than there can be: memory for all of it would be asked for at once."""
    top, rows, left, columns = struct.unpack_from("<IIHH", body)
    if not top <= rows <= _ROWS or not left <= columns <= _COLUMNS:
        raise InvalidFile(Problem("book.damaged"))


def _chain(parts: Sequence[bytes], links: Sequence[int], first: int) -> bytes:
    """Return the parts that are linked, from the first on; a chain is never longer than all parts."""
    found: list[bytes] = []
    at = first
    while at < len(parts) and len(found) < len(parts):
        found.append(parts[at])
        at = links[at]
    return b"".join(found)


def _numbers(table: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4])


def _cut(content: bytes, size: int, start: int = 0) -> list[bytes]:
    return [content[at : at + size] for at in range(start, len(content), size)]


@frozen
class _CompoundFile:
    """A file of files, in sectors that a table links."""

    sectors: Sequence[bytes] = field(repr=False)
    links: Sequence[int] = field(repr=False)
    #: First sector and size of each stream; the first entry is the home of the small ones.
    entries: Mapping[str, tuple[int, int]]
    #: Streams below this size are cut smaller, and linked by a table of their own.
    large: int
    small: int
    small_links: Sequence[int] = field(repr=False)

    @classmethod
    def of(cls, content: bytes) -> "_CompoundFile":
        """Read the tables of a file."""
        size, small = (1 << min(shift, 16) for shift in struct.unpack_from("<HH", content, 30))
        if (size, small) not in _SIZES:
            raise InvalidFile(Problem("book.damaged"))
        folder, _, large, first_small = struct.unpack_from("<4I", content, 48)
        sectors = _cut(content, size, max(size, _HEADER))
        links = _numbers(b"".join(sectors[at] for at in _tables(content, sectors)))
        entries: dict[str, tuple[int, int]] = {}
        for entry in _cut(_chain(sectors, links, folder), _ENTRY):
            if entry[_KIND] in _KINDS:  # others may hold anything
                name, place = _entry(entry)
                entries.setdefault(name, place)  # a document within the document may have streams of the same name
        if any(length > len(content) for _, length in entries.values()):
            raise InvalidFile(Problem("book.damaged"))
        return cls(sectors, links, entries, large, small, _numbers(_chain(sectors, links, first_small)))

    def stream(self, name: str) -> bytes:
        """Return the content of a stream."""
        first, size = self.entries[name]
        if size >= self.large:
            return _chain(self.sectors, self.links, first)[:size]
        home = _chain(self.sectors, self.links, next(iter(self.entries.values()))[0])
        return _chain(_cut(home, self.small), self.small_links, first)[:size]


def _tables(content: bytes, sectors: Sequence[bytes]) -> list[int]:
    """Return the sectors that hold the table of links: the first are named in the header, the others in a chain."""
    found = list(_numbers(content[76:_HEADER]))
    (at,) = struct.unpack_from("<I", content, 68)
    while at < len(sectors) and len(found) < len(sectors) + _HEADER:
        *more, at = _numbers(sectors[at])
        found += more
    return [number for number in dict.fromkeys(found) if number < len(sectors)]


def _entry(entry: bytes) -> tuple[str, tuple[int, int]]:
    """Return a stream's name, with its first sector and its size."""
    (length,) = struct.unpack_from("<H", entry, 64)
    first, size = struct.unpack_from("<II", entry, 116)
    return entry[: max(length - 2, 0)].decode("utf-16-le", "replace"), (first, size)
