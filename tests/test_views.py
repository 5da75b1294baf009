"""The list in every format: the same lines, whole texts, and nobody's name unless it is asked for."""

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from datetime import date
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any, Final

import openpyxl
import pytest
from attrs import evolve
from icalendar import Calendar
from wcwidth import wcswidth, wcwidth

from followup import Entry, Ledger, Registered, Visited, WorkList, load_policy
from followup.errors import InvalidFile
from followup.sentences import LANGUAGES, say
from followup.terms import Bucket, LineKind
from followup.views import FORMATS, render
from followup.views.cells import cause
from followup.views.charts import ageing, load
from followup.worklist import Move

TODAY: Final = date(2026, 11, 23)
POLICY: Final = load_policy("dongguan")
NAME, PHONE = "王某某", "19900000001"
#: What a careless or a wicked hand may write where a name belongs.
HOSTILE: Final = [
    '=HYPERLINK("http://x.invalid","点")',
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</title></svg>{{ 7*7 }}{% raw %}",
    "\u202e逆序\u202c\u200f右\u2067",
    "长" * 500,
    "a" * 500,
    "👩\u200d⚕️🙂 & \"'`",
    "@SUM(A1)|'cmd'",
    "BEGIN:VEVENT\\n,;",
]


def worklist(name: str = NAME, phone: str = PHONE, team: str | None = "清溪组", village: str = "清溪村") -> WorkList:
    """Return a list of three people, one of them overdue, one with duties."""
    entries: list[Entry] = [
        Registered("p1", "2026-10-12", name=name, phone=phone, team=team, village=village),
        Visited("p1", "2026-10-20", risk=4, mode="home", present=["care_group", "police"]),
        Visited("p1", "2026-10-21", risk=4, mode="home", present=["prevention_doctor"]),
        Registered("p2", "2026-11-13", name=name, team=team),
        Registered("p3", "2025-10-12", village=village),
        Visited("p3", "2026-08-24", risk=0, mode="home", stability="stable"),
    ]
    ledgers = (Ledger(p, [entry for entry in entries if entry.patient == p]) for p in ("p1", "p2", "p3"))
    return WorkList.of(ledgers, POLICY, TODAY)


def text_of(found: WorkList, form: str, lang: str = "zh", **options: Any) -> str:
    """Return a list in a format that is text."""
    content = render(found, form, lang, **options)
    assert isinstance(content, str)
    return content


def book_of(found: WorkList, lang: str = "zh", **options: Any) -> openpyxl.Workbook:
    """Return a list as a workbook, opened."""
    content = render(found, "xlsx", lang, **options)
    assert isinstance(content, bytes)
    return openpyxl.load_workbook(io.BytesIO(content))


class Page(HTMLParser):
    """A page taken apart: its texts, its elements with their attributes, the cells of its rows."""

    def __init__(self, text: str) -> None:
        """Take a text apart."""
        super().__init__()
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[dict[str, str]] = []
        self.label: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; a row begins, or a cell."""
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append({})
        if tag == "td":
            self.label = dict(attrs)["data-label"]

    def handle_endtag(self, tag: str) -> None:
        """Leave a cell."""
        if tag == "td":
            self.label = None

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)
        if self.label is not None:
            self.rows[-1][self.label] = self.rows[-1].get(self.label, "") + data


def from_json(found: WorkList, lang: str) -> set[tuple[str, str, str]]:
    """Return the lines of the JSON."""
    data = json.loads(text_of(found, "json", lang))
    lines = [*data["lines"], *data["duties"]]
    return {(line["patient"], LineKind(line["kind"]).label(lang), line["plan_on"]) for line in lines}


def from_csv(found: WorkList, lang: str) -> set[tuple[str, str, str]]:
    """Return the lines of the CSV."""
    rows = csv.DictReader(io.StringIO(text_of(found, "csv", lang).removeprefix("\ufeff"), newline=""))
    return {tuple(row[say(lang, f"column.{name}")] for name in ("patient", "kind", "plan_on")) for row in rows}  # type: ignore[misc]


def cells_of_table(text: str) -> list[dict[str, str]]:
    """Return the rows of a table by its headings, what was wrapped put together again."""
    rows: list[dict[str, str]] = []
    lines, spans = text.splitlines(), list[tuple[int, int]]()
    for line, following in pairwise([*lines, ""]):
        if following.startswith("--"):
            spans = [found.span() for found in re.finditer("-+", following)]
            headings = [cut(line, *span) for span in spans]
        elif spans and line and not line.startswith(("--", "  !")) and not re.match(r" {4}\S", line):
            cells = dict(zip(headings, (cut(line, *span) for span in spans), strict=True))
            if line[0] != " ":
                rows.append(dict.fromkeys(headings, ""))
            rows[-1] = {name: rows[-1][name] + cells[name] for name in headings}
        elif not line:
            spans = []
    return rows


def cut(line: str, start: int, end: int) -> str:
    """Return what stands between two cells of a terminal."""
    found, at = "", 0
    for char in line:
        found += char if start <= at < end else ""
        at += max(wcwidth(char), 0)
    return found.strip()


def from_table(found: WorkList, lang: str) -> set[tuple[str, str, str]]:
    """Return the lines of the table."""
    kinds = {kind.label(lang).replace(" ", ""): kind.label(lang) for kind in LineKind}
    names = [say(lang, f"column.{name}") for name in ("patient", "kind", "plan_on")]
    cells = [[row[name] for name in names] for row in cells_of_table(text_of(found, "table", lang))]
    return {(patient, kinds[kind.replace(" ", "")], on) for patient, kind, on in cells}


def from_xlsx(found: WorkList, lang: str) -> set[tuple[str, str, str]]:
    """Return the lines of the workbook."""
    lines = set()
    for sheet in book_of(found, lang).worksheets[:-1]:
        names = [str(cell.value) for cell in sheet[4]]
        kind, plan_on = (names.index(say(lang, f"column.{name}")) for name in ("kind", "plan_on"))
        for row in sheet.iter_rows(5, values_only=True):
            lines.add((str(row[0]), str(row[kind]), str(row[plan_on])[:10]))
    return lines


def from_html(found: WorkList, lang: str) -> set[tuple[str, str, str]]:
    """Return the lines of the page."""
    rows = [row for row in Page(text_of(found, "html", lang)).rows if row]
    return {tuple(row[say(lang, f"column.{name}")].strip() for name in ("patient", "kind", "plan_on")) for row in rows}  # type: ignore[misc]


def from_ics(found: WorkList, lang: str) -> set[tuple[str, str, str]]:
    """Return the lines of the calendar."""
    events = Calendar.from_ical(text_of(found, "ics", lang)).walk("VEVENT")
    pairs = [(str(event["SUMMARY"]).rpartition(" "), str(event.decoded("DTSTART"))) for event in events]
    return {(patient, kind, on) for (kind, _, patient), on in pairs}


READERS: Final[dict[str, Callable[[WorkList, str], set[tuple[str, str, str]]]]] = {
    "csv": from_csv, "table": from_table, "xlsx": from_xlsx, "html": from_html, "ics": from_ics,
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", sorted(READERS))
def test_a_list_has_the_same_lines_in_every_format(form: str, lang: str) -> None:
    """Patients, kinds and days to plan for, duties too, are those of the JSON."""
    found = worklist()
    assert len(from_json(found, lang)) == len(found.lines) + len(found.duties) > 4
    assert READERS[form](found, lang) == from_json(found, lang)


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_nobody_is_named_unless_asked(form: str) -> None:
    """Names and telephones come with `with_names` alone; into a calendar never."""

    def words(**options: Any) -> str:
        if form != "xlsx":
            return text_of(worklist(), form, **options)
        cells = [cell for sheet in book_of(worklist(), **options).worksheets for row in sheet.values for cell in row]
        return " ".join(map(str, cells))

    assert not any(word in words() for word in (NAME, PHONE))
    assert all(word in words(with_names=True) for word in (NAME, PHONE)) is (form != "ics")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_is_whole_and_harmless_in_every_format(hostile: str) -> None:
    """It runs nowhere, breaks nothing, and not a character of it is lost; CSV alone marks a formula."""
    found = worklist(name=hostile)
    names = [row["姓名"] for row in csv.DictReader(io.StringIO(text_of(found, "csv", with_names=True)[1:], newline=""))]
    assert hostile in {name.removeprefix("'") if hostile[0] in "=@" else name for name in names}
    assert not any(name.startswith(("=", "@", "+", "-")) for name in names)
    assert json.loads(text_of(found, "json", with_names=True))["lines"][0]["name"] == hostile
    cells = [cell for sheet in book_of(found, with_names=True).worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value == hostile} == {"s"}
    page = Page(text_of(found, "html", with_names=True))
    assert hostile in page.texts
    assert not {"script", "img", "a", "link", "iframe", "form"} & {tag for tag, _ in page.elements}
    assert hostile not in text_of(found, "ics", with_names=True)
    below = "".join(re.findall(r"^ {4}(.*)", text_of(found, "table", with_names=True), re.MULTILINE))
    assert "".join(re.sub("[\u202e\u202c\u200f\u2067\u200d]", "", hostile).split()) in "".join(below.split())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_table_is_no_wider_than_a_terminal(hostile: str, lang: str) -> None:
    """Whatever people and villages are called, each row of it has its place in 100 cells."""
    text = text_of(worklist(name=hostile, phone="1" * 60, village=hostile), "table", lang, with_names=True)
    assert cells_of_table(text)
    assert max(wcswidth(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_team_or_village_breaks_nothing(hostile: str) -> None:
    """It stands in headings, in titles of sheets and in the picture."""
    found = worklist(team=hostile, village=hostile)
    page = Page(text_of(found, "html"))
    assert hostile in page.texts
    assert not {"script", "img", "a"} & {tag for tag, _ in page.elements}
    assert len(Calendar.from_ical(text_of(found, "ics")).walk("VEVENT")) == len(found.lines) + len(found.duties)
    for split in (True, False):
        cells = [cell for sheet in book_of(found, split=split).worksheets for row in sheet.iter_rows() for cell in row]
        assert hostile in {cell.value for cell in cells}
        assert {cell.data_type for cell in cells if cell.value == hostile} == {"s"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_needs_nothing_but_itself(lang: str) -> None:
    """One file: no script, no network, no link; its language is said, its pictures have a text."""
    text = text_of(worklist(), "html", lang)
    page = Page(text)
    tags = {tag for tag, _ in page.elements}
    assert not {"script", "link", "img", "a", "iframe", "object", "form"} & tags
    assert not re.search(r"https?:|@import|url\(|javascript:", text)
    assert not [
        name
        for _, attributes in page.elements
        for name in attributes
        if name.startswith("on") or name in {"src", "href"}
    ]
    assert (
        next(attributes for tag, attributes in page.elements if tag == "html")["lang"]
        == {"zh": "zh-CN", "en": "en"}[lang]
    )
    pictures = [attributes for tag, attributes in page.elements if tag == "svg" and attributes.get("role") == "img"]
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert len(pictures) == 2
    assert all(set(str(picture["aria-labelledby"]).split()) <= ids for picture in pictures)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_says_counts_reasons_sources_and_findings(lang: str) -> None:
    """Everything that a line is there for stands on the page."""
    found = worklist()
    page = "".join(Page(text_of(found, "html", lang)).texts)
    for line in (*found.lines, *found.duties):
        assert all(reason.text(lang) in page for reason in line.due.reasons)
        assert all(finding.text(lang) in page for finding in line.findings)
    assert say(lang, "list.late", bucket=Bucket.OVERDUE.label(lang), days=20) in page
    assert found.lines[0].findings


def test_the_pictures_count_what_the_list_has() -> None:
    """Overdue lines by their days; what is planned for each of the next four weeks, also if it has not opened."""
    found = worklist()
    bars = ageing(found.lines, "en").bars
    assert [(bar.label, bar.figures) for bar in bars if bar.figures != "0"] == [("15–30 days", "1")]
    far = WorkList.of(
        [Ledger(f"q{n}", [Registered(f"q{n}", "2025-10-12", team="A"),
                          Visited(f"q{n}", f"2026-08-{24 + n}", risk=0, mode="home", stability="stable")]) for n in range(5)],
        POLICY, TODAY, within=42,
    )  # fmt: skip
    chart = load(far.lines, TODAY, "en", is_whole=True)
    assert [(bar.label, bar.figures) for bar in chart.bars] == [("A", "0·5·0·0·0")]
    assert sum(part.width for part in chart.bars[0].parts) == pytest.approx(128)
    assert chart.text == "A: overdue 0, week by week 5, 0, 0, 0."


def test_many_teams_are_told_together() -> None:
    """The busiest twenty have a bar each, the others one in common, and nobody is left out."""
    ledgers = [Ledger(f"p{n}", [Registered(f"p{n}", "2026-11-13", team=f"T{n // 2:02}")]) for n in range(60)]
    chart = load(WorkList.of(ledgers, POLICY, TODAY).lines, TODAY, "en", is_whole=False)
    assert len(chart.bars) == 21
    assert chart.bars[-1].label == "10 other teams"
    assert sum(sum(map(int, bar.figures.split("·"))) for bar in chart.bars) == 60


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", ["table", "csv", "html", "xlsx"])
def test_what_is_new_and_what_left_is_told_where_people_read(form: str, lang: str) -> None:
    """A list compared with that of an earlier day says which lines came and went, and why."""
    found = worklist()
    entry = Visited("p3", "2026-11-20", risk=0, mode="home")
    moves = (Move(found.lines[0], is_new=True, entry=None), Move(found.duties[0], is_new=False, entry=entry))
    content = render(evolve(found, since=date(2026, 11, 20), moves=moves), form, lang)
    if isinstance(content, bytes):
        book = openpyxl.load_workbook(io.BytesIO(content))
        content = "\n".join(str(cell) for row in book[say(lang, "sheet.moves")].values for cell in row)
    assert all(cause(move, lang) in unescape(content) for move in moves)


@pytest.mark.parametrize("form", FORMATS)
def test_every_list_says_how_far_the_register_went(form: str) -> None:
    """By it anybody can ask later whether the register still continues this list."""
    head = "12:0123456789abcdef0123"
    content = render(evolve(worklist(), head=head), form, "zh")
    if isinstance(content, bytes):
        content = "\n".join(
            str(cell) for sheet in openpyxl.load_workbook(io.BytesIO(content)) for row in sheet.values for cell in row
        )
    assert head in content.replace("\r\n ", "")  # a calendar file folds its lines


def test_a_sheet_that_holds_no_more_rows_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is too long for a worksheet is refused, not cut."""
    monkeypatch.setattr("followup.views.xlsx._MOST_ROWS", 5)
    with pytest.raises(InvalidFile, match="holds no more rows"):
        render(worklist(), "xlsx", "en")


@pytest.mark.parametrize(("form", "package"), [("xlsx", "xlsxwriter"), ("html", "jinja2"), ("ics", "icalendar")])
def test_a_format_says_which_extra_it_needs(form: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its package a sentence tells what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InvalidFile, match=r"this format needs another package; run pip install 'followup\["):
        render(worklist(), form, "en")
