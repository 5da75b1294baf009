"""The examples, run as their readers run them."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def _run(*words: str) -> str:
    command = [sys.executable, "-W", "error", "-X", "utf8", *words]
    return subprocess.run(command, capture_output=True, check=True, encoding="utf-8", cwd=EXAMPLES).stdout


@pytest.mark.parametrize(
    "name", ["daily_due_list.py", "own_database.py", "own_policy.py", "own_tests.py", "care_teams.py"]
)
def test_an_example_is_at_most_40_lines(name: str) -> None:
    """An example is read in one go."""
    assert len((EXAMPLES / name).read_text("utf-8").splitlines()) <= 40


def test_daily_due_list_prints_every_team_of_the_bundled_district() -> None:
    """The bundled script needs no argument, and counts everyone."""
    printed = _run("daily_due_list.py")
    assert printed.startswith("2026-11-23随访到期名单，东莞市严重精神障碍患者分级随访")
    assert "登记600人" in printed
    assert printed.count("村关爱帮扶小组：") == 12


def test_daily_due_list_takes_a_folder_a_day_and_a_language() -> None:
    """A health centre gives its own folder and day."""
    printed = _run("daily_due_list.py", "district", "2026-11-30", "en")
    assert printed.startswith("Follow-ups due on 2026-11-30, Dongguan graded follow-up")


def test_own_database_gives_due_dates_for_plain_dicts() -> None:
    """Plain dicts in, due dates out."""
    assert _run("own_database.py").splitlines() == [
        "4419-0007 visit 2026-12-10 not_due",
        "4419-0007 health-check 2027-09-01 not_due",
        "4419-0008 referral 2026-11-16 overdue",
        "4419-0008 referral-check 2026-11-30 open",
        "4419-0008 visit 2026-11-30 open",
        "4419-0008 health-check 2027-09-01 not_due",
    ]


def test_own_policy_is_stricter_than_the_national_one() -> None:
    """The town's weekly rule governs in place of the national one, and the yearly floor stays among the reasons."""
    first, *reasons = _run("own_policy.py").splitlines()
    assert first == "visit 2026-11-23 due_today"
    assert [reason.split(":")[0].strip() for reason in reasons] == [
        "Follow-up every week, unstable",
        "At least four follow-ups a year",
    ]


def test_own_tests_pass_and_catch_the_wrong_rule() -> None:
    """A district's rule keeps the laws that bare dates can keep, its policy all of them, and a wrong rule is caught."""
    printed = _run("-m", "pytest", "-q", "--no-cov", "-p", "no:cacheprovider", "own_tests.py")
    assert "6 passed, 2 skipped" in printed


def test_care_teams_names_who_comes_and_what_the_team_lacks() -> None:
    """Of 613 villages one has lost its policeman: the town's is named; the patient who moves has another team."""
    count, printed = _run("care_teams.py", "en").split("\n", 1)
    assert int(count) > 613 * 7
    before, after = ("".join(part.split()) for part in printed.split("Follow-ups due on")[1:])
    assert "Team枫林村关爱帮扶小组:1" in before
    assert ">10100001:caregroup:" in before
    assert "police(虚构1镇综合管理小组):" in before
    assert "theteamhasnobodyas:police;thenearestteamthathasis虚构1镇综合管理小组" in before
    assert "Team柳湾村关爱帮扶小组:1" in after
    assert ";police:" in after
    assert "nobodyas" not in after


def test_bundled_teams_are_what_their_generator_makes(tmp_path: Path) -> None:
    """The teams of the twelve villages can be made again, to the byte; a larger directory is of Dongguan's size."""
    _run("dongguan_teams.py", str(tmp_path), "12")
    for name in ("teams.csv", "members.csv"):
        assert (tmp_path / name).read_bytes() == (EXAMPLES / "teams" / name).read_bytes()
    _run("dongguan_teams.py", str(tmp_path))
    groups = [line for line in (tmp_path / "teams.csv").read_text("utf-8-sig").splitlines() if ",关爱帮扶小组," in line]
    assert len(groups) == len({line.split(",")[0] for line in groups}) == 613


def test_bundled_district_is_what_its_generator_makes(tmp_path: Path) -> None:
    """The synthetic district can be made again, to the byte."""
    _run("district/generate.py", "--folder", str(tmp_path))
    for name in ("patients.csv", "followups.csv"):
        assert (tmp_path / name).read_bytes() == (EXAMPLES / "district" / name).read_bytes()
