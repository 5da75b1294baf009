"""Workbooks that are zip packages (.xlsx), unpacked within limits and packed anew: what was counted is read."""

import html
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

from attrs import define

from followup.bookchecks import LARGEST, CheckedBook, check_bytes, check_cells, letters
from followup.errors import InvalidFile, Problem
from followup.sheets import sheet_place

#: Parts that tell nothing of cells.
_IDLE: Final = re.compile(
    r"(^|/)(media|drawings|theme|charts|docProps|customXml|pivot\w*|externalLinks|comments\w*)(/|\.)|\.(?!xml$|rels$)[^./]*$",
    re.IGNORECASE,
)
#: No search goes on from one tag into the next, or begins within a word: a part may be made to take for ever.
_ATTRIBUTE: Final = re.compile(r'(?<![\w:])([\w:]+)\s*=\s*"([^"]*)"')
_1904: Final = re.compile(rb'\bdate1904\s*=\s*["\'](1|true|on)["\']')
#: The place of a cell, the number of a row, and what a cell holds.
_PLACE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})", re.ASCII)
_ROW: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_CONTENTS: Final = frozenset({"v", "is", "f"})
_FAILED: Final = re.compile(rb'(<(?:\w+:)?c\b[^<>]*?\bt\s*=\s*)(?:"e"|\'e\')')
_UNCOUNTED: Final = re.compile(
    rb"<((?:\w+:)?c\b)([^<>]*)>\s*<(?:\w+:)?f\b[^<>]*?(?:/>|>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*(</(?:\w+:)?c>)"
)
_TYPE: Final = re.compile(rb'\st\s*=\s*["\'](\w+)["\']')
_SHARED: Final = re.compile(rb'\bt\s*=\s*["\']s["\'][^<>]{0,999}>\s*<(?:\w+:)?v>\s*([0-9]+)')
_ITEM: Final = re.compile(rb"<(?:\w+:)?si\b")


def checked_zip(content: bytes) -> CheckedBook:
    """Return a workbook that may be read; `InvalidFile` for another kind of package, and for one too large."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = set(package.namelist())
        _check_kind(names, package)
        parts = dict(_parts(package))
    titles = _titles(parts)
    longest = _text_lengths(parts)
    for name, part in parts.items():
        if b"sheetData" in part:
            parts[name] = _with_failures(part)
            _check_sheet(titles.get(name.lower(), ()), parts[name], longest)
    book = next((part for name, part in parts.items() if name.lower().endswith("/workbook.xml")), b"")
    return CheckedBook(_packed(parts), from_1904=bool(_1904.search(book)))


def _check_kind(names: set[str], package: zipfile.ZipFile) -> None:
    if any(name.lower().endswith("workbook.bin") for name in names):
        raise InvalidFile(Problem("book.kind", facts={"kind": ".xlsb"}))
    if "mimetype" in names and b"opendocument" in package.open("mimetype").read(100):
        raise InvalidFile(Problem("book.kind", facts={"kind": ".ods"}))
    if not any(re.search(r"workbook\w*\.xml$", name, re.IGNORECASE) for name in names):
        raise InvalidFile(Problem("book.foreign"))


def _parts(package: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield the parts that tell of cells; no more bytes are unpacked than a workbook may have."""
    total = 0
    for info in package.infolist():
        if not _IDLE.search(info.filename):
            with package.open(info) as part:
                found = part.read(LARGEST - total + 1)
            total += len(found)
            check_bytes(total)
            if b"\0" in found[:100]:
                raise InvalidFile(Problem("book.damaged"))
            yield info.filename, found


def _packed(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return out.getvalue()


def _titles(parts: Mapping[str, bytes]) -> dict[str, tuple[str, ...]]:
    """Return the place of each sheet by its part, as far as the package tells."""
    sheets = enumerate(_elements(parts, "workbook.xml", "sheet"), 1)
    places = {each.get("r:id"): sheet_place(each.get("name", ""), number) for number, each in sheets}
    links = _elements(parts, "workbook.xml.rels", "Relationship")
    found = {each.get("Target", "").rsplit("/", 1)[-1].lower(): places.get(each.get("Id")) for each in links}
    return {name.lower(): (place,) for name in parts if (place := found.get(name.rsplit("/", 1)[-1].lower()))}


def _elements(parts: Mapping[str, bytes], ending: str, tag: str) -> list[dict[str, str]]:
    text = next((part for name, part in parts.items() if name.lower().endswith(ending)), b"").decode("utf-8", "replace")
    found = re.findall(rf"<(?:\w+:)?{tag}\s([^<>]*)>", text)
    return [{name: html.unescape(value) for name, value in _ATTRIBUTE.findall(each)} for each in found]


def _with_failures(part: bytes) -> bytes:
    """Make errors, and formulas that nobody has counted, texts: they would be read as empty cells."""
    part = _FAILED.sub(rb'\1"str"', part)
    return _UNCOUNTED.sub(_uncounted, part)


def _uncounted(cell: re.Match[bytes]) -> bytes:
    kind = _TYPE.search(cell[2])
    if kind and kind[1] == b"str":  # a formula that gives no text
        return cell[0]
    return b'<%s%s t="str"><v>#FORMULA!</v>%s' % (cell[1], _TYPE.sub(b"", cell[2]), cell[3])


def _check_sheet(where: tuple[str, ...], part: bytes, lengths: list[int]) -> None:
    rows, columns = _extent(part)
    check_cells(where, rows, columns)
    if max(lengths, default=0) * part.count(b"<") > LARGEST:
        check_bytes(sum(lengths[int(found[1])] for found in _SHARED.finditer(part) if int(found[1]) < len(lengths)))


def _extent(part: bytes) -> tuple[int, int]:
    """Return the farthest row and column that hold anything, as every reader of XML must see them.

    A reader that is less strict could be led to a cell so far off that no memory suffices.
    """
    seen = _Extent()
    parser = ParserCreate()
    parser.StartElementHandler = seen.start
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(part, True)
    except ExpatError:
        raise InvalidFile(Problem("book.damaged")) from None
    return seen.rows, seen.columns


@define
class _Extent:
    """What was seen of a sheet so far: where the cell is that is being read, and the farthest that holds anything."""

    row: int = 0
    column: int = 0
    rows: int = 0
    columns: int = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """See an element begin."""
        kind = name.rpartition(":")[2]
        if kind == "row":
            self.row, self.column = _number(attributes.get("r"), self.row + 1), 0
        elif kind == "c":
            place = _PLACE.fullmatch(attributes.get("r", f"{letters(self.column + 1)}{self.row}"))
            if place is None:
                _refuse()
            else:
                self.column, self.row = _column(place[1].upper()), int(place[2])
        elif kind in _CONTENTS:
            self.rows, self.columns = max(self.rows, self.row), max(self.columns, self.column)


def _number(text: str | None, usual: int) -> int:
    if text is not None and not _ROW.fullmatch(text):
        _refuse()
    return usual if text is None else int(text)


def _refuse(*_: object) -> None:
    raise InvalidFile(Problem("book.damaged"))


@lru_cache(maxsize=1 << 15)
def _column(named: str) -> int:
    number = 0
    for letter in named:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _text_lengths(parts: Mapping[str, bytes]) -> list[int]:
    """Return how long each of the texts is that cells share: one long text may stand in every cell."""
    text = next((part for name, part in parts.items() if name.lower().endswith("sharedstrings.xml")), b"")
    starts = [*(item.start() for item in _ITEM.finditer(text)), len(text)]
    return [after - before for before, after in pairwise(starts)]
