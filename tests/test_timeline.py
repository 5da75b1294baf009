"""One person's time: windows, misses and what is due, drawn as text and as a page."""

import re
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from wcwidth import wcswidth

from followup import Admitted, Discharged, Entry, Ledger, Missed, Registered, Visited, load_policy
from followup.cli import main
from followup.explanation import explain
from followup.register import Register
from followup.sentences import LANGUAGES
from followup.testing import ledgers
from followup.timeline import timeline
from followup.views.columns import clipped, in_columns, width, wrapped
from followup.views.timeline import drawn, render_page

TODAY: Final = date(2026, 11, 23)
POLICY: Final = load_policy("national-2018")
ENTRIES: Final[list[Entry]] = [
    Registered("p1", "2026-07-01", name="王某某", phone="19900000001", team="清溪组"),
    Visited("p1", "2026-07-10", risk=3, mode="home", stability="unstable"),
    Missed("p1", "2026-07-20"),
    Visited("p1", "2026-07-31", risk=0, mode="home", stability="stable"),
    Admitted("p1", "2026-08-20"),
    Discharged("p1", "2026-09-01"),
    Visited("p1", "2026-09-10", risk=1, mode="clinic", stability="basic"),
]


def windows(entries: list[Entry]) -> list[tuple[str, str, str, int]]:
    """Return the follow-up windows of entries: kind, last day, end, days late."""
    found = timeline(Ledger("p1", entries), POLICY, TODAY).windows
    return [
        (str(one.kind), str(one.due_on), str(one.ended_on), one.days_late(TODAY))
        for one in found
        if one.kind in {"visit", "first-visit", "retry"}
    ]


def test_windows_tell_what_was_made_in_time_and_what_was_not() -> None:
    """Each visit that was owed, when it ended and how late; a failed attempt ends none; a stay in hospital does."""
    assert windows(ENTRIES) == [
        ("first-visit", "2026-07-15", "2026-07-10", 0),
        ("visit", "2026-10-01", "2026-07-10", 0),
        ("visit", "2026-07-24", "2026-07-31", 7),
        ("retry", "2026-08-03", "2026-07-31", 0),
        ("visit", "2026-10-31", "2026-08-20", 0),
        ("first-visit", "2026-09-15", "2026-09-10", 0),
        ("visit", "2026-12-01", "2026-09-10", 0),
        ("visit", "2026-09-24", "None", 60),
    ]


def test_a_day_in_the_past_knows_nothing_later() -> None:
    """What came after the day asked about is not drawn."""
    found = timeline(Ledger("p1", ENTRIES), POLICY, date(2026, 7, 20))
    assert [entry.on.isoformat() for entry in found.entries] == ["2026-07-01", "2026-07-10", "2026-07-20"]
    assert {window.ended_on for window in found.windows} <= {None, date(2026, 7, 10)}


DRAWING: Final = """\
Timeline from 2026-07-01 to 2026-12-14, 3 days a column:
                         2026
                         07        08        09        10         11        12
entries                  +  o  x   o     +   +  o                        |
follow-up                .....===!!.......   ......==!!!!!!!!!!!!!!!!!!!!|
first follow-up          ..==                ...=                        |
another attempt                ..===                                     |
referral                    !!!!!!!!                                     |
"""


def test_the_drawing_shows_entries_windows_and_today() -> None:
    """A mark an entry, a stretch a state, a column so many days, the day asked about; and how each window ended."""
    lines = drawn(Ledger("p1", ENTRIES), POLICY, TODAY, "en")
    assert lines[: DRAWING.count("\n")] == DRAWING.splitlines()
    text = " ".join(map(str.strip, lines))
    assert "follow-up: opens 2026-07-17, last day 2026-07-24, ended 2026-07-31 (follow-up), overdue by 7 days" in text
    assert "follow-up: opens 2026-09-17, last day 2026-09-24, owed, overdue by 60 days" in text


@pytest.mark.parametrize("lang", LANGUAGES)
@settings(deadline=None, max_examples=60)
@given(ledger=ledgers())
def test_a_drawing_fits_a_line_of_100_cells(lang: str, ledger: Ledger) -> None:
    """Whatever was recorded, no line of it is wider, Chinese characters counted as two."""
    for line in drawn(ledger, POLICY, date(2026, 3, 2), lang):
        assert wcswidth(line) <= 100, line


def test_nobody_is_drawn_before_the_registration() -> None:
    """There is nothing to draw, and the story says why."""
    ledger, day = Ledger("p1", ENTRIES), date(2026, 6, 1)
    assert drawn(ledger, POLICY, day, "en") == []
    assert "was not registered on 2026-06-01" in render_page(ledger, POLICY, day, "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_tells_the_whole_story_and_names_nobody(lang: str) -> None:
    """Every sentence of the telling stands on the page, with a picture that has a text."""
    hostile = "<script>alert(1)</script>"
    entries = [*ENTRIES, Missed("p1", "2026-11-01", reason=hostile)]
    text = render_page(Ledger("p1", entries), POLICY, TODAY, lang)
    bare = (
        re.sub(r"\s+", " ", re.sub("<[^>]*>", "", text)).replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">")
    )
    for line in explain(Ledger("p1", entries), POLICY, TODAY, lang).splitlines():
        assert re.sub(r"\s+", " ", line.strip().rstrip("：:")) in bare
    assert hostile not in text
    assert "<desc" in text
    assert not any(word in text for word in ("王某某", "19900000001"))


def run(*words: str | Path, code: int = 0) -> Result:
    """Run a command on the day, and check its exit code."""
    done = CliRunner().invoke(main, [*map(str, words), "--today", str(TODAY), "--lang", "en"])
    assert done.exit_code == code, done.output
    return done


def test_explain_draws_beside_the_telling_and_writes_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text ends with the timeline; `--format html -o FILE` writes the page."""
    with Register.create(tmp_path / "r.db", POLICY) as register:
        register.record_all(ENTRIES)
    printed = run("explain", tmp_path / "r.db", "p1").stdout
    assert printed.startswith("Patient p1 on 2026-11-23: overdue\n")
    assert "\nTimeline from 2026-07-01 to 2026-12-14, " in printed
    run("explain", tmp_path / "r.db", "p1", "--format", "html", "-o", tmp_path / "p1.html")
    assert (tmp_path / "p1.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert run("explain", tmp_path / "r.db", "p1", "-o", tmp_path / "r.db", code=3).stderr
    monkeypatch.setitem(sys.modules, "jinja2", None)
    wanted = "this format needs another package; run pip install 'followup[html]'\n"
    assert run("explain", tmp_path / "r.db", "p1", "--format", "html", code=3).stderr == wanted


@pytest.mark.parametrize(
    ("text", "most", "lines"),
    [
        ("", 5, [""]),
        ("abc def", 7, ["abc def"]),
        ("abc def", 6, ["abc", "def"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("一二三", 4, ["一二", "三"]),
        ("一二三", 5, ["一二", "三"]),
        ("a一 b二", 3, ["a一", "b二"]),
    ],
)
def test_text_is_wrapped_by_its_width(text: str, most: int, lines: list[str]) -> None:
    """Words stay whole where they fit, Chinese breaks anywhere, nothing is lost."""
    assert wrapped(text, most) == lines


def test_columns_line_up_by_width() -> None:
    """A Chinese cell takes two columns a character; a long one goes on below."""
    rows: list[Any] = list(in_columns([("一", "x"), ("一二三", "yy")], [4, 2]))
    assert rows == [["一    x"], ["一二  yy", "三"]]
    assert (width("一a"), clipped("一二三", 5), clipped("一二", 4)) == (3, "一二…", "一二")
