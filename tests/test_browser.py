"""The pages as a browser shows and prints them, with every script switched off."""

import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

import pytest
from attrs import evolve
from browser import Browser, browser
from pypdf import PdfReader

from followup import (
    Area,
    CareTeam,
    Directory,
    Entry,
    Ledger,
    Member,
    Missed,
    Registered,
    Visited,
    WorkList,
    load_policy,
)
from followup.sentences import LANGUAGES, say
from followup.views import render
from followup.views.timeline import render_page

TODAY: Final = date(2026, 11, 23)
POLICY: Final = load_policy("dongguan")
PHONE: Final = 360
#: What a hand may write where a name or a village belongs.
HOSTILE: Final = (
    "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">",
    "\u202e逆序",
    "a" * 500,
    "长" * 500,
)


def entries() -> Iterator[Entry]:
    """Yield what is recorded of eighty people of two teams, four of them with hostile names."""
    for n in range(80):
        name = HOSTILE[n] if n < len(HOSTILE) else "王某某"
        team = "清溪村关爱帮扶小组" if n % 8 else name
        yield Registered(f"p{n:02}", "2026-09-01", name=name, phone="19900000001", village=name, team=team)
        yield Visited(f"p{n:02}", f"2026-10-{1 + n % 28:02}", risk=n % 6, mode="home", present=["prevention_doctor"])
        yield Missed(f"p{n:02}", "2026-11-20", reason=name)


PEOPLE: Final = [Ledger(f"p{n:02}", [entry for entry in entries() if entry.patient == f"p{n:02}"]) for n in range(80)]
LIST: Final = WorkList.of(PEOPLE, POLICY, TODAY)

#: Nine people come to each of thirty joint follow-ups, each of them in two roles: eighteen names and telephones.
CREW: Final = [f"赵某{n:02}" for n in range(9)]
DIRECTORY: Final = Directory([
    CareTeam("甲组", "care_group", Area("甲村", "village")),
    *(Member("甲组", name, "police" if n < 5 else "village_cadre", f"199000001{n:02}") for n, name in enumerate(CREW)),
])  # fmt: skip
JOINT: Final = evolve(WorkList.of(
    [
        Ledger(f"j{n:02}", [Registered(f"j{n:02}", "2026-09-01", team="甲组", name="王某某", phone="19900000001"),
                            Visited(f"j{n:02}", "2026-11-10", risk=3, mode="home")]) for n in range(30)
    ],
    POLICY, TODAY, directory=DIRECTORY,
), duties=())  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start the browser, with scripts off as in a careful office."""
    with browser(tmp_path_factory.mktemp("profile")) as found:
        found.ask("Emulation.setScriptExecutionDisabled", value=True)
        yield found


@pytest.fixture(scope="module", params=["list-zh", "list-en", "timeline-zh", "timeline-en"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a list, or one person's time, in a language."""
    kind, _, lang = request.param.partition("-")
    path = tmp_path_factory.mktemp("pages") / f"{request.param}.html"
    path.write_text(listed(lang) if kind == "list" else render_page(PEOPLE[0], POLICY, TODAY, lang), "utf-8")
    return path


def listed(lang: str) -> str:
    """Return the list as a page, with the hostile names."""
    text = render(LIST, "html", lang, with_names=True)
    assert isinstance(text, str)
    return text


def test_nothing_is_wider_than_a_telephone(page: Browser, file: Path) -> None:
    """At 360 pixels nobody scrolls to the side, whatever the names."""
    page.open(file, PHONE)
    assert page.value("document.documentElement.scrollWidth") <= PHONE
    wide = (
        "[...document.querySelectorAll('body *')].filter(e => !e.closest('thead') "
        f"&& e.getBoundingClientRect().right > {PHONE + 1}).map(e => e.outerHTML.slice(0, 80))"
    )
    assert page.value(wide) == []


def test_nothing_is_wider_than_a_sheet_or_a_screen(page: Browser, file: Path) -> None:
    """Nor on a screen, nor on paper."""
    page.open(file, 1280)
    assert page.value("document.documentElement.scrollWidth") <= 1280
    page.ask("Emulation.setEmulatedMedia", media="print")
    page.open(file, 1040)  # A4 lying, without its margins, at 96 pixels an inch
    assert page.value("document.documentElement.scrollWidth") <= 1040
    page.ask("Emulation.setEmulatedMedia", media="")


#: For each text that is seen: its colour, the colour behind it, and whether it is large.
CONTRAST: Final = """
(() => {
  const numbers = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (let at = e; at; at = at.parentElement) {
      const found = numbers(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (!texts.currentNode.data.trim() || !box.width || e.matches('title, desc')) continue;
    const own = numbers(e.closest('svg') ? style.fill : style.color);
    const [a, b] = [light(own), light(behind(e))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 700;
    found.push([(a + 0.05) / (b + 0.05), size >= 24 || (bold && size >= 18.66), texts.currentNode.data.slice(0, 20)]);
  }
  return found;
})()
"""


@pytest.mark.parametrize("width", [PHONE, 1280])
def test_every_text_stands_out_from_its_ground(page: Browser, file: Path, width: int) -> None:
    """Contrast is AA: 4.5 to 1, and 3 to 1 for large letters."""
    page.open(file, width)
    found: list[tuple[float, bool, str]] = page.value(CONTRAST)
    assert len(found) > 20
    assert [text for ratio, is_large, text in found if ratio < (3 if is_large else 4.5)] == []


def test_the_page_needs_nobody(page: Browser, file: Path) -> None:
    """Nothing but the file itself is asked for, and no script stands in it."""
    page.open(file)
    asked = [params["request"]["url"] for params in page.told("Network.requestWillBeSent")]
    assert set(asked) == {file.as_uri()}
    assert page.value("document.scripts.length") == 0


def test_the_language_is_told_to_whoever_reads_aloud(page: Browser, file: Path) -> None:
    """The page says in which language it is, and its pictures have a name and a text."""
    page.open(file)
    assert page.value("document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[file.stem[-2:]]
    texts: list[Any] = page.value(
        "[...document.querySelectorAll('svg[role=img]')].map(e => e.getAttribute('aria-labelledby').split(' ')"
        ".map(id => document.getElementById(id).textContent.length))"
    )
    assert texts
    assert all(min(lengths) > 0 for lengths in texts)


def test_a_hostile_name_is_shown_and_runs_nothing(page: Browser, tmp_path: Path) -> None:
    """With scripts switched on: it is text, whole, apart from what stands beside it, and nothing else happens."""
    path = tmp_path / "list.html"
    path.write_text(listed("en"), "utf-8")
    page.ask("Emulation.setScriptExecutionDisabled", value=False)
    page.open(path)
    shown: list[str] = page.value("[...document.querySelectorAll('td bdi')].map(e => e.textContent)")
    assert set(HOSTILE) <= set(shown)
    assert page.value("document.title").startswith("Follow-ups due on")
    assert page.value("document.images.length + document.scripts.length + document.links.length") == 0
    isolated = "[...document.querySelectorAll('td bdi')].every(e => getComputedStyle(e).unicodeBidi === 'isolate')"
    assert page.value(isolated)
    page.ask("Emulation.setScriptExecutionDisabled", value=True)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_printed_page_of_a_table_has_its_headings(page: Browser, tmp_path: Path, lang: str) -> None:
    """The list on A4 lying: whichever page a line falls on, the headings stand above it."""
    path = tmp_path / "list.html"
    path.write_text(listed(lang), "utf-8")
    page.open(path)
    sheets = PdfReader(io.BytesIO(page.printed())).pages
    assert {tuple(round(float(side)) for side in sheet.mediabox[2:]) for sheet in sheets} == {(842, 595)}
    with_lines = [text for sheet in sheets if re.search(r"\bp\d\d\b", text := sheet.extract_text())]
    assert len(with_lines) > 3
    for text in map(bare, with_lines):
        assert all(bare(say(lang, f"column.{name}")) in text for name in ("due_on", "plan_on")), text[:300]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_comes_stands_across_the_sheet(page: Browser, tmp_path: Path, lang: str) -> None:
    """Where eighteen come to each line four lines and more stand on a sheet, each with everyone who comes."""
    path = tmp_path / "list.html"
    path.write_text(str(render(JOINT, "html", lang, with_names=True)), "utf-8")
    page.open(path)
    texts = [bare(sheet.extract_text()) for sheet in PdfReader(io.BytesIO(page.printed())).pages]
    assert len(texts) <= 1 + len(JOINT.lines) / 4
    for n, name in enumerate(CREW):
        # Each of them is a police officer or a village cadre, and a member of the care group too.
        assert sum(text.count(f"{name}199000001{n:02}") for text in texts) == 2 * len(JOINT.lines)
    for line in JOINT.lines:
        rows = [row for text in texts for row in re.split(r"(?=j\d\d)", text) if row.startswith(line.due.patient)]
        assert all(bare(say(lang, "column.people")) in row for row in rows)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_comes_stands_role_by_role_on_a_telephone(page: Browser, tmp_path: Path, lang: str) -> None:
    """There each role begins a line of its own, as wide as the card."""
    path = tmp_path / "list.html"
    path.write_text(str(render(JOINT, "html", lang, with_names=True)), "utf-8")
    page.open(path, PHONE)
    assert page.value("document.documentElement.scrollWidth") <= PHONE
    boxes: list[list[float]] = page.value(
        "[...document.querySelector('td.crew').querySelectorAll('bdi')].map(e => e.getBoundingClientRect())"
        ".map(box => [box.left, box.top, box.width])"
    )
    assert len(boxes) == 3
    assert len({left for left, _, _ in boxes}) == 1
    assert min(width for _, _, width in boxes) > 0.8 * PHONE


def bare(text: str) -> str:
    """Return a text without its spaces, and with the characters that a PDF has other ones for."""
    return "".join(normalize("NFKC", text).split())


def test_scripts_switched_off_change_nothing(page: Browser, file: Path) -> None:
    """All that the page holds is seen without them: what it shows is as high as with them."""
    heights = []
    for is_off in (False, True):
        page.ask("Emulation.setScriptExecutionDisabled", value=is_off)
        page.open(file, PHONE)
        heights.append((page.value("document.body.scrollHeight"), page.value("document.body.innerText")))
    assert heights[0] == heights[1]
