"""Policies tested by worked cases, and without any Python: `followup policy test`."""

import re
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from followup import InvalidFile, load_policy
from followup.cli import main
from followup.testing import CaseBroken, check_cases, read_cases

DONGGUAN: Final = load_policy("dongguan")
CASE: Final = """
# A joint visit.
case A1: Without the police it stays owed
policy dongguan
  2026-01-05 registered: consents yes
  2026-01-12 visited: risk 3, mode home, stability unstable, present care_group police
  2026-01-22 visited: risk 3, mode home, present care_group [recorded 2026-01-30T09:00:00]
  on 2026-01-04: unregistered
  on 2026-01-27: overdue; visit due {due} by risk3-joint missing police
"""


def test_a_worked_case_passes_or_shows_both_sides(tmp_path: Path) -> None:
    """What comes out otherwise is told beside what was expected, with the reasons, in both languages."""
    place = tmp_path / "cases.txt"
    place.write_text(CASE.format(due="2026-01-26"), "utf-8")
    check_cases(place)
    place.write_text(CASE.format(due="2026-01-28"), "utf-8")
    with pytest.raises(CaseBroken) as caught:
        check_cases(place)
    en, zh = caught.value.text("en"), caught.value.text("zh")
    assert "Case A1 comes out otherwise on 2026-01-27: Without the police it stays owed" in en
    assert "cases.txt, line 3" in en
    assert re.search(r"!  +visit due 2026-01-28 \S+ \S+ missing police  +visit due 2026-01-26 ", en)
    assert "Joint follow-up at risk level 3 and above: 2 weeks from 2026-01-12" in en
    assert "Refer at once" not in en
    assert "3级及以上联合随访" in zh


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no case in it"),
        ("  2026-01-05 registered", "line 1: this stands before the first case"),
        ("case A: x\n 2026-01-05 registered\n", "line 1: the case expects nothing"),
        ("case A: x\n on 2026-01-05: not_due", "line 1: the case has no registration"),
        ("case A: x\n 2026-13-05 registered", 'line 2, on: "2026-13-05" is no day of the calendar'),
        ("case A: x\n 2026-01-05 regstered", 'line 2: "regstered" .*did you mean "registered"'),
        ("case A: x\n 2026-01-05 visited: risk 7", "line 2"),
        ("case A: x\n 2026-01-05 visited: risk", "line 2"),
        ("case A: x\n 2026-01-05 retracted: entry 9", "line 2: .*entry 9.* is no entry"),
        ("case A: x\n some words that say nothing!", "line 2: .* is no entry; write: 2026-01-12 visited"),
        ("case A: x\n on 2026-01-27: overdue; visit 2026-01-26", 'line 2: "visit 2026-01-26" is no line'),
        ("case A: x\n on then: overdue", 'line 2: "then" is no day of the calendar'),
    ],
)
def test_a_bad_case_is_told_with_its_line(text: str, problem: str, tmp_path: Path) -> None:
    """Whoever writes cases by hand is told where to look."""
    place = tmp_path / "cases.txt"
    place.write_text(text, "utf-8")
    with pytest.raises(InvalidFile, match=problem):
        read_cases(place)


def test_a_case_is_of_its_policy_and_version(tmp_path: Path) -> None:
    """A case that was written for another policy or version is not silently run on this one."""
    place = tmp_path / "cases.txt"
    place.write_text(CASE.format(due="2026-01-26").replace("policy dongguan", "policy dongguan 0123"), "utf-8")
    with pytest.raises(InvalidFile, match="written for dongguan 0123, and the policy is dongguan "):
        check_cases(place)
    with pytest.raises(InvalidFile, match="and the policy is national-2018 "):
        check_cases(place, load_policy("national-2018"))
    place.write_text(CASE.format(due="2026-01-26").replace("policy dongguan\n", ""), "utf-8")
    check_cases(place, DONGGUAN)
    with pytest.raises(InvalidFile, match="the case names no policy"):
        check_cases(place)
    with pytest.raises(InvalidFile, match="cannot be read"):
        read_cases(tmp_path / "nowhere.txt")


def run(*words: str | Path) -> tuple[int, str]:
    """Run `followup policy test`; return its exit code and all that it prints."""
    result = CliRunner().invoke(main, ["policy", "test", *map(str, words)])
    return result.exit_code, result.output


@pytest.mark.parametrize(("lang", "holds"), [("en", "  holds  Law 8"), ("zh", "  成立  定律八")])
def test_a_policy_is_tested_without_python(lang: str, holds: str, tmp_path: Path) -> None:
    """Audit, eight laws and the worked cases, each with what came of it."""
    place = tmp_path / "cases.txt"
    place.write_text(CASE.format(due="2026-01-26"), "utf-8")
    code, printed = run("dongguan", "--examples", "10", "--cases", place, "--lang", lang)
    assert code == 0
    assert holds in printed
    assert sum(line.startswith(holds[:5]) for line in printed.splitlines()) == 8
    assert printed.endswith("1/1\n规则通过检验。\n" if lang == "zh" else "1 of 1\nThe policy passes.\n")


def test_a_wrong_policy_exits_with_1_and_a_story(tmp_path: Path) -> None:
    """The audit's errors, the law that is broken, and the smallest story that shows it."""
    place = tmp_path / "late.toml"
    place.write_text(LATE, "utf-8")
    code, printed = run(place, "--lang", "en", "--examples", "100", "--seed", "2")
    assert code == 1
    assert "ERROR law 4: the rule everybody-again counts from the latest of several days" in printed
    assert "  FAILS  Law 4, safe" in printed
    assert "failed attempt" in printed.split("FAILS")[1].split("What is")[0]


def test_a_wrong_case_exits_with_1(tmp_path: Path) -> None:
    """A case that comes out otherwise fails the test, though every law holds."""
    place = tmp_path / "cases.txt"
    place.write_text(CASE.format(due="2026-01-27"), "utf-8")
    code, printed = run("dongguan", "--examples", "5", "--cases", place, "--lang", "en")
    assert (code, "Worked cases as expected: 0 of 1" in printed) == (1, True)


def test_without_hypothesis_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not installed the extra is told how."""
    monkeypatch.setattr("followup.cli.policies.find_spec", lambda _: None)
    assert run("dongguan", "--lang", "en") == (
        3,
        "testing rules needs another package; run pip install 'followup[testing]'\n",
    )


#: A failed attempt begins the two weeks anew.
LATE: Final = """
[policy]
id = "late"
title = { zh = "推后", en = "Late" }
extends = "national-2018"

[[rule]]
id = "everybody-again"
kind = "visit"
when = { status = ["managed", "declined"] }
within = "2 weeks"
after = ["visit", "first_missed"]
since = 2018-05-28
title = { zh = "每2周随访", en = "Every two weeks" }
source = { document = "虚构", clause = "1", evidence = "assumption" }
"""
