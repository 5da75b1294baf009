"""A work list as a workbook: to sort, to print, to fill in after each visit, and to be read back as records."""

import io
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen
from wcwidth import wcswidth

from followup.errors import InvalidFile, Problem
from followup.listform import DAYS, OUTCOMES, SEVERAL, SHEETS
from followup.patientform import PATIENT
from followup.sentences import say
from followup.terms import Bucket
from followup.views.cells import by_team, cells, head, heading, moved, state
from followup.views.columns import wrapped
from followup.views.people import people, shows_people
from followup.worklist import WorkLine, WorkList

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: A common font, which other systems have as wide under another name: type of 10 points is printed at 8 and more
#: as long as all that is printed is no wider than so many characters, in 17 columns.
_FONT: Final = {"font_name": "Arial", "font_size": 10}
_PAPER: Final = 163
#: What a line says that is printed, with the most characters that stand side by side; a Chinese one counts as two.
_LISTED: Final = {
    "patient": 9, "name": 7.5, "phone": 12, "team": 8.5, "village": 7, "kind": 6.5, "bucket": 9, "due_on": 9.5,
    "plan_on": 9.5, "risk": 5.5, "rule": 14, "findings": 15, "roles": 14, "comers": 17.5,
}  # fmt: skip
#: Those whose texts are the longest.
_LONG: Final = frozenset({"team", "rule", "findings", "comers"})
#: What more it says, behind the columns to fill in; which roles must come stands there where it is printed who comes.
_MORE: Final = {"stability": 12, "roles": 30, "people": 60, "reasons": 60}
#: The columns to fill in that are printed; those beyond are there for whoever has more to tell.
_FILLED: Final = dict(zip(OUTCOMES, (10, 8, 7, 8), strict=False))
_WIDE: Final = 12
#: What a heading needs for the arrow of its filter.
_ARROW: Final = 2
#: How high a line of text is, in points, and a line without Chinese, whose small letters are narrow, too.
_LINE: Final = 15
_LATIN_LINE: Final = 13
_NARROW: Final = 1.15
#: A row is high enough to be written in by hand, and no row may be higher than 409 points.
_LEAST: Final = 27
_MOST: Final = 405
#: The headings stand below so many lines.
_TITLES: Final = 3
_DAY: Final = "yyyy-mm-dd"
_EARLIEST: Final = date(2000, 1, 1)
_A4: Final = 9
#: A sheet has no more rows.
_MOST_ROWS: Final = 1_048_576
#: A sheet's title has no more characters, and none of these.
_LONGEST: Final = 31
_FORBIDDEN: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
#: Text is text, whatever it looks like.
_OPTIONS: Final = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
#: The columns that have codes, which stand on a sheet of their own.
_CODED: Final = {column: choices for column, choices in OUTCOMES.items() if choices}
_COLOURS: Final[Mapping[Bucket, Mapping[str, Any]]] = {
    Bucket.OVERDUE: {"bg_color": "#FBD5D5", "font_color": "#8B0000", "bold": True},
    Bucket.DUE_TODAY: {"bg_color": "#FDECC8", "font_color": "#5C3A00", "bold": True},
}


#: A line, and its cells in words.
_Row = tuple[WorkLine, Mapping[str, str]]


@frozen
class _Styles:
    """The formats of a workbook's cells, and its language."""

    lang: str
    title: "Format"
    note: "Format"
    heading: "Format"
    asked: "Format"
    text: "Format"
    day: "Format"
    number: "Format"
    more: "Format"
    blank: "Format"
    blank_day: "Format"
    #: Of whole columns: text, and days.
    behind: tuple["Format", "Format"]
    buckets: Mapping[Bucket, "Format"]


@frozen
class _Column:
    """A column of a sheet: what it says of a line, or what it asks for."""

    name: str
    heading: str
    width: float
    is_asked: bool = False
    is_printed: bool = True


def render(found: WorkList, lang: str, *, with_names: bool = False, split: bool = False) -> bytes:
    """Return the list as a workbook (.xlsx): follow-up lines on one sheet, or with `split` on one a team.

    Duties stand on a sheet of their own, and the codes of the columns to fill in on another.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - an extra

    out = io.BytesIO()
    is_manned = shows_people(found, with_names=with_names)
    left = {"roles" if is_manned else "comers", *(() if with_names else ("name", "phone"))}
    names = [name for name in _LISTED if name not in left]
    with Workbook(out, {**_OPTIONS, "in_memory": True, "default_format_properties": _FONT}) as book:
        # The same list is the same file, whenever it is made.
        book.set_properties({"created": datetime.combine(found.on, time.min)})
        styles = _styles(book, lang)
        for title, lines in _sheets(found, lang, split=split):
            listed = [name for name in names if name != "team" or not split]
            _write_sheet(book.add_worksheet(title), styles, found, lines, [*_listed(listed, lang), *_asked(lang)])
        if found.duties:
            duties = book.add_worksheet(say(lang, "sheet.duties"))
            _write_sheet(duties, styles, found, found.duties, _listed(names, lang))
        _write_moves(book, styles, found)
        _write_codes(book.add_worksheet(say(lang, "sheet.codes")), styles)
    return out.getvalue()


def _styles(book: "Workbook", lang: str) -> _Styles:
    cell = {"border": 1, "border_color": "#999999", "valign": "top", "text_wrap": True}
    centre = {**cell, "align": "center"}
    top = {**centre, "bold": True, "valign": "vcenter"}
    return _Styles(
        lang=lang,
        title=book.add_format({"bold": True, "font_size": 14}),
        note=book.add_format({"font_color": "#444444"}),
        heading=book.add_format({**top, "bg_color": "#E3E8EE"}),
        asked=book.add_format({**top, "bg_color": "#FFF3C4"}),
        text=book.add_format({**cell, "num_format": "@"}),
        day=book.add_format({**centre, "num_format": _DAY}),
        number=book.add_format(centre),
        more=book.add_format({**cell, "num_format": "@", "text_wrap": False}),
        blank=book.add_format({**cell, "bg_color": "#FFFDF2"}),
        blank_day=book.add_format({**centre, "bg_color": "#FFFDF2", "num_format": _DAY}),
        behind=(book.add_format({"num_format": "@"}), book.add_format({"num_format": _DAY})),
        buckets={bucket: book.add_format({**cell, **_COLOURS.get(bucket, {})}) for bucket in Bucket},
    )


def _sheets(found: WorkList, lang: str, *, split: bool) -> Iterator[tuple[str, Sequence[WorkLine]]]:
    """Return the sheets of follow-up lines with their titles, which differ."""
    if not split or not found.lines:
        yield say(lang, "sheet.lines"), found.lines
        return
    taken = {"history", *(say(lang, sheet).casefold() for sheet in SHEETS)}  # no sheet may be called History
    for team, lines in by_team(found.lines):
        title = _title(team or say(lang, "list.no_team"), taken)
        taken.add(title.casefold())
        yield title, lines


def _title(team: str, taken: Container[str]) -> str:
    """Return a sheet's title that no other has, in any case of its letters."""
    bare = team.translate(_FORBIDDEN).strip() or "-"
    ends = chain([""], (f" ({number})" for number in count(2)))
    titles = (bare[: _LONGEST - len(end)] + end for end in ends)
    return next(title for title in titles if title.casefold() not in taken)


def _listed(names: Sequence[str], lang: str) -> list[_Column]:
    named = [(name, _form_heading(PATIENT, lang) if name == "patient" else heading(name, lang)) for name in names]
    return [_Column(name, text, _LISTED[name]) for name, text in named]


def _asked(lang: str) -> list[_Column]:
    return [
        _Column(name, _form_heading(name, lang), _FILLED.get(name, _WIDE), is_asked=True, is_printed=name in _FILLED)
        for name in OUTCOMES
    ]


def _form_heading(column: str, lang: str) -> str:
    """Return the heading by which an import knows a column, and in English what it means."""
    meaning = say(lang, f"form.{column}")
    return column if meaning == column else f"{column} ({meaning})"


def _write_sheet(
    sheet: "Worksheet", styles: _Styles, found: WorkList, lines: Sequence[WorkLine], columns: Sequence[_Column]
) -> None:
    """Write titles, headings and one row a line; what more there is to say comes behind what is printed."""
    if _TITLES + 1 + len(lines) > _MOST_ROWS:
        raise InvalidFile(Problem("export.rows"))
    lang, is_asked = styles.lang, any(column.is_asked for column in columns)
    title, *counts = head(found, lang)
    sheet.write_string(0, 0, title, styles.title)
    sheet.write_string(1, 0, "  ".join(counts), styles.note)
    sheet.write_string(2, 0, say(lang, "list.fill_in") if is_asked else "", styles.note)
    rows = [(line, _told(line, lang)) for line in lines]
    shown = _fitted(columns, rows)
    printed = {column.name for column in columns}
    more = [name for name in _MORE if name not in printed and (name != "people" or "comers" in printed)]
    shown += [_Column(name, heading(name, lang), _MORE[name], is_printed=False) for name in more]
    _write_headings(sheet, styles, shown)
    # What is asked for behind the page needs no cell as yet: its column has the format.
    written = [(place, column) for place, column in enumerate(shown) if column.is_printed or not column.is_asked]
    for at, row in enumerate(rows, _TITLES + 1):
        sheet.set_row(at, _height(row, shown))
        for place, column in written:
            _write_cell(sheet, (at, place), row, column, styles)
    _add_checks(sheet, shown, len(rows), lang)
    sheet.print_area(0, 0, _TITLES + len(rows), sum(column.is_printed for column in shown) - 1)
    sheet.autofilter(_TITLES, 0, _TITLES + len(rows), len(shown) - 1)
    _set_up(sheet, say(lang, "list.page", on=found.on, page="&P", pages="&N"))


def _told(line: WorkLine, lang: str) -> dict[str, str]:
    told = cells(line, lang)
    told["bucket"] = state(line, lang)
    told["rule"] = line.due.reasons[0].title.text(lang)
    # Where no team answers nobody can be named: who must come is said instead.
    told["comers"] = people(line, lang, with_phones=False) or told["roles"]
    return told


def _fitted(columns: Sequence[_Column], rows: Sequence[_Row]) -> list[_Column]:
    """Return columns no wider than what stands in them; what is left of the paper is given to the longest texts."""
    shown = [_fitting(column, rows) for column in columns]
    spare = _PAPER - sum(column.width for column in shown if column.is_printed)
    long = [place for place, column in enumerate(columns) if column.name in _LONG]
    for left, place in zip(range(len(long), 0, -1), long, strict=True):
        wider = _fitting(evolve(columns[place], width=columns[place].width + spare / left), rows)
        spare -= wider.width - shown[place].width
        shown[place] = wider
    return shown


def _fitting(column: _Column, rows: Sequence[_Row]) -> _Column:
    """Return a column no wider than what stands in it."""
    if column.is_asked:
        return column
    widest = max((_width(told[column.name]) + 1 for _, told in rows), default=0)
    return evolve(column, width=min(column.width, max(widest, min(_width(column.heading), 8) + _ARROW)))


def _write_headings(sheet: "Worksheet", styles: _Styles, columns: Sequence[_Column]) -> None:
    for place, column in enumerate(columns):
        sheet.write_string(_TITLES, place, column.heading, styles.asked if column.is_asked else styles.heading)
        sheet.set_column(place, place, column.width, None if column.is_printed else styles.behind[column.name in DAYS])
    sheet.set_row(_TITLES, _LINE * max(_line_count(column.heading, column.width - _ARROW) for column in columns))


def _height(row: _Row, columns: Sequence[_Column]) -> float:
    heights = [_text_height(row[1][column.name], column.width) for column in columns if _is_wrapped(column)]
    return min(max(_LEAST, *heights), _MOST)


def _text_height(text: str, width: float) -> float:
    """Return how high a text is in a column, in points."""
    return _LATIN_LINE * _line_count(text, width * _NARROW) if text.isascii() else _LINE * _line_count(text, width)


def _is_wrapped(column: _Column) -> bool:
    return column.is_printed and not column.is_asked


def _write_cell(sheet: "Worksheet", at: tuple[int, int], row: _Row, column: _Column, styles: _Styles) -> None:
    (line, told), name = row, column.name
    if column.is_asked:
        sheet.write_blank(*at, None, styles.blank_day if name in DAYS else styles.blank)
    elif name in {"due_on", "plan_on"}:
        sheet.write_datetime(*at, datetime.combine(getattr(line.due, name), time.min), styles.day)
    elif name == "risk" and line.risk is not None:
        sheet.write_number(*at, int(line.risk), styles.number)
    else:
        sheet.write_string(*at, told[name], _style(column, line, styles))


def _style(column: _Column, line: WorkLine, styles: _Styles) -> "Format":
    if column.name == "bucket":
        return styles.buckets[line.bucket]
    return styles.more if not column.is_printed else styles.number if column.name == "risk" else styles.text


@lru_cache(maxsize=1 << 14)
def _line_count(text: str, width: float) -> int:
    """Return how many lines a text takes in a column."""
    parts = text.split("\n")
    return sum(1 if _width(part) <= width else len(wrapped(part, int(width))) for part in parts)


def _width(text: str) -> int:
    """Return how many characters side by side a text takes, a Chinese one two."""
    if text.isascii():
        return len(text)
    width = wcswidth(text)
    return 2 * len(text) if width < 0 else width


def _add_checks(sheet: "Worksheet", columns: Sequence[_Column], rows: int, lang: str) -> None:
    """Have a spreadsheet offer the codes of each column that asks for one, and doubt what is no day."""
    for place, column in enumerate(columns):
        if column.is_asked and rows and (column.name in DAYS or column.name in _CODED):
            sheet.data_validation(_TITLES + 1, place, _TITLES + rows, place, _check(column.name, lang))


def _check(column: str, lang: str) -> dict[str, Any]:
    """Return what a spreadsheet checks in a column; where several may be written it only offers."""
    several = column in SEVERAL
    key = "list.check_day" if column in DAYS else "list.check_several" if several else "list.check_choice"
    told = {"input_title": column, "input_message": say(lang, key), "error_message": say(lang, key)}
    if column in DAYS:
        return {"validate": "date", "criteria": ">", "value": _EARLIEST, "error_type": "warning", **told}
    return {"validate": "list", "source": _source(column, lang), "show_error": not several, **told}


def _source(column: str, lang: str) -> str:
    """Return where the codes of a column stand."""
    from xlsxwriter.utility import xl_col_to_name  # noqa: PLC0415 - an extra

    place = xl_col_to_name(list(_CODED).index(column))
    return f"='{say(lang, 'sheet.codes')}'!${place}$2:${place}${len(_CODED[column]) + 1}"


def _write_moves(book: "Workbook", styles: _Styles, found: WorkList) -> None:
    """Tell what is new since an earlier day's list, and what left it, where they were compared."""
    if found.since is None:
        return
    sheet, told = book.add_worksheet(say(styles.lang, "sheet.moves")), moved(found, styles.lang)
    for row, text in enumerate(chain.from_iterable([title, *texts] for title, texts in told)):
        sheet.write_string(row, 0, text)
    sheet.set_column(0, 0, 100)


def _write_codes(sheet: "Worksheet", styles: _Styles) -> None:
    _lay(sheet)
    for place, (column, choices) in enumerate(_CODED.items()):
        title = _form_heading(column, styles.lang)
        sheet.write_string(0, place, title, styles.heading)
        sheet.set_column(place, place, max(map(_width, (title, *choices))) + 2)
        for row, choice in enumerate(choices, 1):
            sheet.write_string(row, place, choice, styles.text)


def _set_up(sheet: "Worksheet", footer: str) -> None:
    """Set pages as wide as one and as many as it takes, with the headings on each; on a screen they stay."""
    _lay(sheet)
    sheet.fit_to_pages(1, 0)
    sheet.freeze_panes(_TITLES + 1, 1)
    sheet.repeat_rows(_TITLES)
    sheet.set_footer(f"&C{footer}")


def _lay(sheet: "Worksheet") -> None:
    """Set the paper: A4 lying."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.25, right=0.25, top=0.4, bottom=0.6)
