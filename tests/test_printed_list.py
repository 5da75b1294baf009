"""The list as a workbook on paper: printed by LibreOffice, large enough to be read and to be written on by hand."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet
from pypdf import PdfReader

from followup import Area, CareTeam, Directory, Entry, Ledger, Member, Registered, Visited, WorkList, load_policy
from followup.forms import read_files
from followup.listform import OUTCOMES
from followup.sentences import LANGUAGES, say
from followup.views import render

TODAY: Final = date(2026, 11, 23)
#: The headings stand in this row.
TOP: Final = 4
#: Type on paper has at least so many points.
LEAST: Final = 8.0


def entries(n: int) -> Iterator[Entry]:
    """Yield what is recorded of a person whose every cell is long."""
    patient = f"1050{n:04}"
    yield Registered(
        patient, "2026-09-01", name="欧阳某某", phone="19900000001", village="白鹭村第二小区",
        team="白鹭村关爱帮扶小组",
    )  # fmt: skip
    yield Visited(patient, "2026-09-10", risk=4, mode="home", present=["prevention_doctor"], next_on="2026-12-24")


DIRECTORY: Final = Directory([
    CareTeam("白鹭村关爱帮扶小组", "care_group", Area("白鹭村", "village")),
    *(Member("白鹭村关爱帮扶小组", f"赵某{n}", "police" if n < 9 else "village_cadre", "19900000002")
      for n in range(18)),
])  # fmt: skip
LIST: Final = WorkList.of(
    [Ledger(f"1050{n:04}", list(entries(n))) for n in range(12)], load_policy("dongguan"), TODAY, directory=DIRECTORY
)


def content(lang: str, **options: Any) -> bytes:
    """Return the list as a workbook."""
    found = render(LIST, "xlsx", lang, **options)
    assert isinstance(found, bytes)
    return found


def printed(lang: str, **options: Any) -> tuple[Worksheet, list[str]]:
    """Return the sheet of the follow-ups, and the headings of the columns that are printed."""
    sheet = openpyxl.load_workbook(BytesIO(content(lang, **options))).worksheets[0]
    first, _, last, _ = range_boundaries(sheet.print_area.rpartition("!")[2].replace("$", ""))
    return sheet, [str(sheet.cell(TOP, column).value) for column in range(int(first or 0), int(last or 0) + 1)]


OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "plain": {}, "named": {"with_names": True}, "a sheet a team": {"with_names": True, "split": True},
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_visitor_needs_is_printed(lang: str) -> None:
    """Who, what, when, why, doubts and who comes, and room for day, way, risk and class; the rest is on the sheet."""
    sheet, headings = printed(lang, with_names=True)
    columns = ("name", "phone", "kind", "bucket", "due_on", "plan_on", "risk", "rule", "findings", "comers")
    assert {say(lang, f"column.{name}") for name in columns} <= set(headings)
    bare = [heading.partition(" (")[0] for heading in headings]
    assert bare[-4:] == ["随访日期", "本次随访形式", "危险性评估", "本次随访分类"]
    everything = {str(cell.value).partition(" (")[0] for cell in sheet[TOP]}
    assert set(OUTCOMES) <= everything
    assert {say(lang, f"column.{name}") for name in ("stability", "roles", "reasons", "people")} <= everything
    assert say(lang, "column.roles") in printed(lang)[1]


def test_the_names_are_printed_and_the_telephones_stand_behind() -> None:
    """Eighteen people are read on paper by their roles and names; where they can be called stands on the sheet."""
    sheet, headings = printed("zh", with_names=True)
    columns = {str(cell.value): int(cell.column or 0) for cell in sheet[TOP]}
    names, phones = (str(sheet.cell(TOP + 1, columns[name]).value) for name in ("参加人员姓名", "参加人员"))
    assert all(f"赵某{n}" in text for n in range(18) for text in (names, phones))
    assert ("19900000002" in names, phones.count("19900000002")) == (False, 36)
    assert "参加人员" not in headings


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_printed_list_is_read_back_when_it_is_filled_in(lang: str, tmp_path: Path) -> None:
    """Who comes is the list's own word: it becomes no record, and no column of it is unknown."""
    book = openpyxl.load_workbook(BytesIO(content(lang, with_names=True)))
    sheet = book.worksheets[0]
    columns = {str(cell.value).partition(" (")[0]: int(cell.column or 0) for cell in sheet[TOP]}
    for name, value in {"随访日期": "2026-11-22", "本次随访形式": "2", "危险性评估": "1", "本次随访分类": "2"}.items():
        sheet.cell(TOP + 1, columns[name], value)
    book.save(tmp_path / "filled.xlsx")
    reading = read_files([tmp_path / "filled.xlsx"], TODAY)
    assert not reading.problems
    patient = str(sheet.cell(TOP + 1, 1).value)
    assert [one.entry for one in reading.entries] == [
        Visited(patient, "2026-11-22", risk=1, mode="home", stability="basic")
    ]
    assert not any("column" in note.text("en") for note in reading.notes)


def soffice() -> str:
    """Return the path of LibreOffice; without it the test is skipped, and in CI (CI=true) it fails."""
    found = shutil.which("soffice")
    if found is None:
        reason = "no LibreOffice on this machine; install it with: apt-get install libreoffice-calc fonts-noto-cjk"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Print every kind of list, and return the folder of what came out."""
    folder = tmp_path_factory.mktemp("printed")
    for lang in LANGUAGES:
        for name, options in OPTIONS.items():
            (folder / f"{name} {lang}.xlsx").write_bytes(content(lang, **options))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [soffice(), profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    files = map(str, folder.glob("*.xlsx"))
    subprocess.run([*command, *files], check=True, capture_output=True, timeout=300)
    return folder


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", OPTIONS)
def test_type_on_paper_is_large_enough(sheets: Path, name: str, lang: str) -> None:
    """No letter of any printed sheet, the codes among them, is smaller than 8 points."""
    sizes: dict[float, str] = {}

    def note(text: str, matrix: list[float], within: list[float], _: object, size: float) -> None:
        if text.strip():
            sizes[size * abs(within[3]) * abs(matrix[3])] = text

    pages = PdfReader(sheets / f"{name} {lang}.pdf").pages
    assert {tuple(round(float(side)) for side in page.mediabox[2:]) for page in pages} == {(842, 595)}
    for page in pages:
        page.extract_text(visitor_text=note)
    assert len(sizes) > 1
    assert min(sizes) >= LEAST, sizes[min(sizes)]
