"""Commands about rules, and lists of days gone by, as their users run them."""

import json
import re
from pathlib import Path

import pytest
from test_cli import register, run

import followup

__all__ = ["register"]  # the fixture

OWN = Path(__file__).parent.parent / "examples" / "own_policy.toml"
NOTICE = """
year = 2027
source = "虚构的放假通知(测试)"
[[holiday]]
from = 2027-01-01
to = 2027-01-03
"""


def test_list_names_every_bundled_policy() -> None:
    """Name, version and title, in the language asked for."""
    printed = run("policy", "list").stdout
    assert [line.split()[0] for line in printed.splitlines()] == sorted(
        line.split()[0] for line in printed.splitlines()
    )
    assert "national-2018" in printed
    assert "东莞市严重精神障碍患者分级随访" in run("policy", "list", lang="zh").stdout


def test_show_prints_a_policy_that_a_clinician_can_sign() -> None:
    """For whom, how often, with whom, since when, by which text and how well that is known; then a line to sign."""
    printed = run("policy", "show", "dongguan").stdout
    assert printed.startswith("Dongguan graded follow-up\ndongguan, version ")
    rule = printed[printed.index("Joint follow-up") :]
    for words in (
        "for: managed/declined, risk 3-5",
        "within 2 weeks of the last follow-up of this kind or the day this state began, whichever is known and later",
        "must be there: care group, police",
        "only by: clinic, home visit",
        "in force since 2025-01-01",
        "settled by: a follow-up",
        "source: 东卫函复〔2025〕316号 二(二) [published, text read], in dongguan",
        "Read and approved by: ____",
    ):
        assert words in rule
    assert "settled by: the referral's outcome, an admission, or the record that it was done" in printed
    assert "It extends national-2018, whose rules stand below too" in printed
    chinese = run("policy", "show", str(OWN), lang="zh").stdout
    assert "出处：虚构的河畔镇通知(示例) 第1条〔假设，非规范原文〕，载于riverside" in chinese
    assert "替换unstable：本镇每周随访不稳定患者" in chinese
    assert "2026-01-01起施行" in chinese
    assert "审阅人：____" in chinese


def test_audit_passes_with_notes_and_fails_with_the_state_and_the_rules(tmp_path: Path) -> None:
    """Exit 0 with notes; 3 with errors, each with its law, the state, and the rules."""
    assert run("policy", "audit", "national-2018").stdout.startswith("Audit of national-2018 (")
    bad = tmp_path / "bad.toml"
    bad.write_text(OWN.read_text("utf-8").replace('within = "1 week"', 'within = "5 weeks"'), "utf-8")
    printed = run("policy", "audit", bad, code=3).stdout
    assert "ERROR law 4: " in printed
    assert "class unstable" in printed
    assert "unstable-weekly" in printed
    assert "basic-again" in printed


def test_a_policy_that_fails_its_audit_is_taken_by_no_register(register: Path, tmp_path: Path) -> None:
    """Neither a new register nor an old one goes by a rule that hurts somebody."""
    bad = tmp_path / "bad.toml"
    bad.write_text(OWN.read_text("utf-8").replace('within = "1 week"', 'within = "5 weeks"'), "utf-8")
    assert "law 4" in run("init", tmp_path / "new.db", "--policy", bad, code=3).stderr
    assert not (tmp_path / "new.db").exists()
    assert "law 4" in run("policy", "adopt", register, bad, "--from", "2026-12-01", code=3).stderr
    assert "dongguan" in run("explain", register, "p1", "--on", "2026-12-01").stdout


def test_a_policy_that_begins_later_is_taken_by_no_register(register: Path, tmp_path: Path) -> None:
    """Nobody leaves the list because the rules begin after the day from which they are to count."""
    late = tmp_path / "late.toml"
    text = Path(followup.__file__).parent.joinpath("policies", "national-2018.toml").read_text("utf-8")
    late.write_text(text.replace("2018-05-28", "2030-01-01"), "utf-8")
    begin: list[str | Path] = ["init", tmp_path / "new.db", "--policy", late]
    adopt: list[str | Path] = ["policy", "adopt", register, late, "--from", "2026-12-01"]
    for words in (begin, adopt):
        assert "law 2: nobody would visit: managed" in run(*words, code=3).stderr
    assert not (tmp_path / "new.db").exists()


def test_diff_says_what_changes_for_whom() -> None:
    """Rule by rule, and state by state."""
    printed = run("policy", "diff", "national-2018", OWN).stdout
    assert "- unstable: Follow-up, unstable" in printed
    assert "+ unstable-weekly: Follow-up every week, unstable (1 week)" in printed
    assert "for: managed/declined, class unstable; replaced by unstable-weekly" in printed
    assert "; replaces unstable: the town sees its unstable patients every week" in printed
    assert printed.splitlines()[-1] == "follow-up: managed/declined, risk 0-5, class unstable: 2 weeks -> 1 week"
    assert run("policy", "diff", "dongguan", "dongguan").stdout.count("nothing changes") == 2


def test_diff_tells_of_every_obligation_that_goes() -> None:
    """First visits, further attempts and duties too, each with whom it was for."""
    printed = run("policy", "diff", "national-2018", "basic-service-2017").stdout
    for line in (
        "first follow-up, counted from the day the centre was informed: managed/declined: 10 workdays, only by: clinic, home visit -> nothing",
        "another attempt, counted from the first failed attempt: managed/declined, failed attempts 1: 2 weeks -> nothing",
        "follow-up, counted from the incident: managed/declined: 2 weeks -> nothing",
        "report, counted from the day this state began: managed/declined, failed attempts 3 within a month, or lost: same day, to be told: care group, police, higher centre -> nothing",
    ):
        assert line in printed.splitlines()


def test_diff_tells_of_a_text_that_was_found_right(tmp_path: Path) -> None:
    """Where the wording alone is another nothing that is due changes, and the rule is shown."""
    own = tmp_path / "own.toml"
    own.write_text(OWN.read_text("utf-8").replace('"assumption"', '"published"'), "utf-8")
    printed = run("policy", "diff", OWN, own).stdout
    assert "~ unstable-weekly: source: " in printed
    assert printed.splitlines()[-1] == "nothing changes"


@pytest.mark.parametrize(
    ("on", "trial", "later"),
    [("2026-11-23", True, "2027-01-01"), ("2027-01-01", False, ""), ("2020-01-01", False, "2026-01-01, ")],
)
def test_diff_compares_the_rules_of_the_day_asked_for(on: str, trial: bool, later: str) -> None:  # noqa: FBT001
    """A rule that has ended or not begun is no difference on that day; later days are named."""
    printed = run("policy", "diff", "dongguan", "synthetic-variant", "--on", on).stdout
    assert printed.startswith(f"From dongguan to synthetic-variant, as of {on}\n")
    assert ("+ trial-risk4-weekly: " in printed) is trial
    assert (f"Later they differ otherwise: {later}" in printed) is bool(later)


def test_adopt_shows_first_whom_it_touches(register: Path) -> None:
    """A dry run changes nothing; an adoption counts from its day, with the old policy on the eve."""
    words: list[str | Path] = ["policy", "adopt", register, "national-2018", "--from", "2026-12-01"]
    shown = run(*words, "--dry-run").stdout
    assert re.match(r"From dongguan \([0-9a-f]{12}\) to national-2018 \([0-9a-f]{12}\) from 2026-12-01 on: ", shown)
    assert shown.endswith("Nothing changed (--dry-run).\n")
    assert "(dongguan, version" in run("explain", register, "p1", "--on", "2026-12-01").stdout
    assert "In force from 2026-12-01 on" in run(*words).stdout
    assert "(dongguan, version" in run("explain", register, "p1", "--on", "2026-11-30").stdout
    assert "(national-2018, version" in run("explain", register, "p1", "--on", "2026-12-01").stdout
    found = json.loads(run("due", register, "--format", "json", "--on", "2026-11-30").stdout)
    assert found["policy"]["id"] == "dongguan"
    assert "adopted from 2026-12-01 on already" in run(*words, code=3).stderr


def test_adopt_counts_whom_it_touches_as_of_the_day_or_of_today(register: Path, tmp_path: Path) -> None:
    """A policy adopted from a day gone by is counted as of today; other parties and duties by team and class."""
    shown = run("policy", "adopt", register, "national-2018", "--from", "2024-01-01", "--dry-run").stdout
    assert shown.splitlines()[0].endswith("have others who must be there (as of 2026-11-23)")
    own = tmp_path / "own.toml"
    text = OWN.read_text("utf-8").replace('"unstable-weekly"\nkind = "visit"', '"health-soon"\nkind = "health-check"')
    text = text.replace('replaces = "unstable"', 'replaces = "health-check"').replace(', class = "unstable"', "")
    text = text.replace('invites = ["psychiatrist"]\n', "").replace('["visit", "began"]', '["informed", "checked"]')
    own.write_text(text, "utf-8")
    shown = run("policy", "adopt", register, own, "--from", "2026-12-01", "--dry-run").stdout
    table = shown[shown.index("what  ") :].splitlines()
    assert table[0].split() == ["what", "team", "class", "earlier", "later", "new", "ended", "other", "parties"]
    assert {line.split("  ")[0] for line in table[2:] if line.startswith("health")} == {"health check"}


def test_history_tells_who_adopted_what_and_a_mistake_is_withdrawn(register: Path) -> None:
    """Since when, by whom, in force or to come; a withdrawn adoption stays on the list with its reason."""
    run("policy", "adopt", register, "national-2018", "--from", "2026-12-01", "--by", "甲医生")
    rows = [line.split("  ") for line in run("policy", "history", register).stdout.splitlines()]
    assert [row[0] for row in rows] == ["from", "-" * 13, "the beginning", "2026-12-01"]
    assert (rows[2][-1].strip(), rows[3][-1].strip()) == ("in force", "to come")
    assert "甲医生" in run("policy", "history", register, lang="zh").stdout
    words: list[str | Path] = ["policy", "withdraw", register, "--from", "2026-12-01", "--reason", "wrong file"]
    assert run(*words, "--by", "乙医生").stdout.startswith("Withdrawn: what was adopted from 2026-12-01 on.")
    told = run("policy", "history", register).stdout.splitlines()[-1]
    assert re.search(r"withdrawn \d{4}-\d\d-\d\d \d\d:\d\d, 乙医生: wrong file$", told)
    assert "(dongguan, version" in run("explain", register, "p1", "--on", "2026-12-01").stdout
    assert "no policy was adopted from 2026-12-01 on" in run(*words, code=3).stderr
    assert run("check", register).stdout.startswith("Nothing is wrong")


def test_a_notice_is_entered_once_it_is_out(register: Path, tmp_path: Path) -> None:
    """The calendar says how far it reaches; a notice takes it a year further, a bad one nothing."""
    notice = tmp_path / "2027.toml"
    notice.write_text(NOTICE, "utf-8")
    assert "known until the end of 2026" in run("calendar", register).stdout
    assert "known until the end of 2027" in run("calendar", register, notice).stdout
    notice.write_text(NOTICE.replace("2027-01-03", "2026-01-03"), "utf-8")
    assert "2027.toml, holiday[1]: a holiday from" in run("calendar", register, notice, code=3).stderr
    assert "known until the end of 2027" in run("calendar", register).stdout


def test_a_written_version_is_printed_beside_the_hash(tmp_path: Path) -> None:
    """Whoever signs a policy sees what its author called it."""
    own = tmp_path / "own.toml"
    own.write_text(OWN.read_text("utf-8").replace('id = "riverside"', 'id = "riverside"\nversion = "draft 3"'), "utf-8")
    assert "(its author's version: draft 3)" in run("policy", "show", own).stdout


def test_a_calendar_with_a_gap_says_so(register: Path, tmp_path: Path) -> None:
    """A notice of 2028 makes no notice of 2027; one for a year that is known says which days it changes."""
    notice = tmp_path / "notice.toml"
    notice.write_text(NOTICE.replace("2027", "2028"), "utf-8")
    assert "known until the end of 2026, and in 2028; others" in run("calendar", register, notice).stdout
    notice.write_text(NOTICE.replace("2027", "2026"), "utf-8")
    printed = run("calendar", register, notice).stdout
    assert "takes the place of what was known of 2026" in printed
    assert "2026-10-01 worked" in printed
    assert "takes the place" not in run("calendar", register, notice).stdout


def test_due_as_known_is_the_list_of_then(register: Path) -> None:
    """Before anything was recorded the list was empty; a word that is no day is wrong usage."""
    assert "Registered 0:" in run("due", register, "--as-known", "2026-11-22").stdout
    assert "Follow-ups due on 2026-11-22" in run("due", register, "--as-known", "2026-11-22T08:00").stdout
    assert "was not registered" in run("explain", register, "p1", "--on", "2026-10-01").stdout
    assert "neither a day" in run("due", register, "--as-known", "yesterday", code=2).stderr
    assert "neither a day" in run("due", register, "--as-known", "20261122", code=2).stderr


@pytest.mark.parametrize(("known", "moment"), [("2026-11-22", "23:59:59"), ("2026-11-22T08:00", "08:00:00")])
def test_a_list_as_known_says_so(register: Path, known: str, moment: str) -> None:
    """It is no ordinary list of the day: a person and a program are told of which moment it is."""
    told = ("due", register, "--as-known", known)
    assert f"As it was known at 2026-11-22 {moment}," in run(*told).stdout
    assert json.loads(run(*told, "--format", "json").stdout)["as_known"].startswith(f"2026-11-22T{moment}")
    assert "As it was known" not in run("due", register).stdout
    assert "as_known" not in json.loads(run("due", register, "--format", "json").stdout)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_due_since_says_who_is_new_and_who_left(register: Path, form: str) -> None:
    """Every format tells each line that is new, and by which entry; a later day to compare with is refused."""
    printed = run("due", register, "--since", "2026-11-22", "--format", form).stdout
    if form == "json":
        told = json.loads(printed)["since"]
        assert told["on"] == "2026-11-22"
        assert {line["patient"] for line in told["new"]} == {"p1", "p2"}
        assert all(line["entry"] for line in told["new"])
        assert told["left"] == []
    else:
        assert "follow-up of 2026-10-20 [" in printed
        assert ("New since 2026-11-22: " in printed) == (form == "table")
    assert "must be of a day before" in run("due", register, "--since", "2026-11-23", code=3).stderr
