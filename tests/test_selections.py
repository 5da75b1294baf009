"""The list as a team works with it: sorted, some of its lines, and as a message that names nobody."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any, Final

import click
import pytest
from attrs import evolve
from click.testing import CliRunner, Result

from followup import Assigned, Entry, Ledger, Registered, Visited, WorkList, load_policy
from followup.cli import main
from followup.register import Register
from followup.selections import ORDERS, in_order, selected
from followup.sentences import LANGUAGES
from followup.terms import Bucket, Role
from followup.views import FORMATS
from followup.views.digest import FEWEST, digest

TODAY: Final = date(2026, 11, 23)
POLICY: Final = load_policy("dongguan")


def person(patient: str, village: str | None, seen_on: str, risk: int) -> list[Entry]:
    """Return a person of a village, seen on a day with a risk."""
    registered = Registered(patient, "2025-11-03", team="T", village=village, name="王某某", phone="19900000001")
    stability = "basic" if risk else "stable"
    present = ["prevention_doctor"]
    return [registered, Visited(patient, seen_on, risk=risk, mode="home", present=present, stability=stability)]


PEOPLE: Final[list[Entry]] = [
    *person("p1", "清溪村", "2026-11-10", 0),
    *person("p2", "白鹭村", "2026-11-11", 4),
    *person("p3", "清溪村", "2026-08-24", 0),
    *person("p4", None, "2026-11-09", 1),
    *person("p5", "白鹭村", "2026-08-01", 0),
    Assigned("p4", "2026-11-01", village="清溪村"),
    Assigned("p5", "2026-11-01", village="河畔村"),
]


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """Make a register of five people in three villages."""
    with Register.create(tmp_path / "r.db", POLICY, duties_from=TODAY) as register:
        register.record_all(PEOPLE)
    return tmp_path / "r.db"


def run(*words: str | Path, code: int = 0, lang: str = "en") -> Result:
    """Run a command on the day, and check its exit code."""
    done = CliRunner().invoke(main, [*map(str, words), "--today", str(TODAY), "--lang", lang])
    assert done.exit_code == code, done.output
    return done


def listed(register: Path, *words: str) -> dict[str, Any]:
    """Return a list as JSON."""
    found: dict[str, Any] = json.loads(run("due", register, "--format", "json", *words).stdout)
    return found


@pytest.mark.parametrize(
    ("order", "patients"),
    [
        ("urgency", ["p5", "p4", "p2", "p3"]),
        ("village", ["p2", "p5", "p4", "p3"]),
        ("risk", ["p2", "p4", "p5", "p3"]),
        ("date", ["p5", "p4", "p3", "p2"]),
    ],
)
def test_lines_stand_in_the_order_asked_for(register: Path, order: str, patients: list[str]) -> None:
    """Urgency is the usual order; villages by the bytes of GB18030, risk from above, days to plan for from the first."""
    assert [line["patient"] for line in listed(register, "--sort", order)["lines"]] == patients
    assert "urgency" in ORDERS


def test_the_usual_order_is_that_of_the_list(register: Path) -> None:
    """Ordering by urgency changes nothing."""
    with Register.open(register) as found:
        given = found.worklist(TODAY)
        assert in_order(given, "urgency") == given


def test_a_village_is_counted_by_where_people_are_that_day(register: Path) -> None:
    """Who moved there counts, who moved away does not, and so it is before they moved."""
    found = listed(register, "--village", "清溪村")
    assert sum(found["counts"].values()) == 3
    assert [line["patient"] for line in found["lines"]] == ["p4", "p3"]
    assert sum(listed(register, "--village", "清溪村", "--on", "2026-10-31")["counts"].values()) == 2
    assert sum(listed(register, "--village", "河畔村", "--team", "T")["counts"].values()) == 1


def test_a_village_has_the_same_lines_alone_and_on_the_whole_list(register: Path) -> None:
    """The slow way and the quick way agree."""
    for village in ("清溪村", "白鹭村", "河畔村"):
        every = [line for line in listed(register)["lines"] if line["village"] == village]
        assert listed(register, "--village", village)["lines"] == every


def test_a_misspelt_village_gets_no_empty_list(register: Path) -> None:
    """Nobody is told that nobody is due because of a slip of the pen."""
    done = run("due", register, "--village", "清溪", code=3)
    assert done.stderr == 'no patient is of the village "清溪"; did you mean "清溪村"?\n'


def test_a_role_has_the_lines_that_need_or_invite_it(register: Path) -> None:
    """The police see what they must come to, and what they are asked to; Chinese names of roles are known."""
    found = listed(register, "--role", "police", "--within", "30d")
    assert [line["patient"] for line in found["lines"]] == ["p2"]
    assert all("police" in line["roles"] + line["invited"] for line in found["lines"])
    assert listed(register, "--role", "民警", "--within", "30d") == found
    assert "none of: prevention_doctor, psychiatrist" in run("due", register, "--role", "polic", code=2).stderr


def test_a_kind_has_its_lines_alone(register: Path) -> None:
    """Referrals alone, or visits alone."""
    found = listed(register, "--kind", "referral")
    assert (found["lines"], [line["kind"] for line in found["duties"]]) == ([], ["referral"])
    assert listed(register, "--kind", "visit")["duties"] == []


def test_counts_are_of_everybody_whichever_lines_are_shown(register: Path) -> None:
    """`--kind`, `--role` and `--within` choose lines and leave the counts; the list says so."""
    every = listed(register)["counts"]
    assert all(listed(register, *words)["counts"] == every for words in (["--kind", "referral"], ["--role", "police"], ["--within", "30d"]))  # fmt: skip
    assert listed(register, "--role", "police")["only"] == {"role": "police"}
    printed = run("due", register, "--role", "police", "--kind", "visit").stdout
    assert "Only: follow-up, what needs or invites: police (the counts are of everybody registered)" in printed


def test_a_comparison_is_of_the_village_too(register: Path) -> None:
    """Who is new in another village is not told."""
    with Register.open(register) as found:
        found.record(
            Visited(
                "p3", "2026-11-23", risk=0, mode="home", stability="stable", recorded_at="2026-11-23T08:00:00+08:00"
            )
        )
    assert (
        "Off the list since 2026-11-22: 1"
        in run("due", register, "--since", "2026-11-22", "--village", "清溪村").stdout
    )
    assert (
        "Off the list since 2026-11-22: 0"
        in run("due", register, "--since", "2026-11-22", "--village", "白鹭村").stdout
    )


def test_the_command_line_knows_each_order_and_format() -> None:
    """What it offers without reading the library is what there is."""
    options = {name: option.type for option in main.commands["due"].params for name in option.opts}
    for name, known in (("--sort", ORDERS), ("--format", FORMATS)):
        found = options[name]
        assert isinstance(found, click.Choice)
        assert tuple(found.choices) == tuple(known)


def crowd(people: int, team: str | None = "清溪村关爱帮扶小组") -> WorkList:
    """Return a list of so many people, all of them overdue."""
    ledgers = [
        Ledger(f"101000{n:02}", [Registered(f"101000{n:02}", "2026-10-12", team=team, name="王某某")])
        for n in range(people)
    ]
    return WorkList.of(ledgers, POLICY, TODAY)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_digest_counts_and_names_nobody(lang: str) -> None:
    """Counts alone, in one message of 70 Chinese or 160 Latin characters."""
    text = digest(crowd(30), lang)
    assert len(text) <= {"zh": 70, "en": 160}[lang]
    assert "\n" not in text
    assert not re.search(r"101000|王|清溪|F\d\d|lost|失访|suspended|closed", text)
    assert (
        text
        == {
            "zh": "2026-11-23随访：登记30人，逾期30人，今日到期0人，可随访0人；其他职责逾期0项。",
            "en": "Follow-ups 2026-11-23: 30 registered, 30 overdue, 0 due today, 0 open; 0 duties overdue.",
        }[lang]
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_digest_of_few_people_tells_no_count(lang: str) -> None:
    """Of one or two people a count says how they stand: no figure leaves."""
    few, enough = digest(crowd(FEWEST - 1), lang), digest(crowd(FEWEST), lang)
    assert re.findall(r"\d+", few.replace("2026-11-23", "")) == [str(FEWEST)]
    assert re.findall(r"\d+", enough.replace("2026-11-23", ""))[:2] == [str(FEWEST), str(FEWEST)]
    assert few == digest(crowd(1), lang)
    closed = evolve(crowd(1), counts={**crowd(1).counts, Bucket.CLOSED: 30})
    assert digest(closed, lang) == few, "one person among the dead is one person"


def test_a_digest_says_whose_it_is(register: Path) -> None:
    """A team's or a village's, cut off where its name is long."""
    assert digest(crowd(30), "en", "A team") == digest(crowd(30), "en").replace(":", " (A team):", 1)
    assert len(digest(crowd(30), "zh", "长" * 500)) <= 85
    assert run("due", register, "--digest", "--team", "T").stdout.startswith("Follow-ups 2026-11-23 (T): fewer than 10")


def test_a_digest_goes_with_no_choice_of_lines(register: Path) -> None:
    """Its counts are of people: what would promise others is wrong usage."""
    for words in (["--kind", "visit"], ["--role", "police"], ["--format", "csv"], ["--since", "2026-11-22"]):
        assert "it counts people" in run("due", register, "--digest", *words, code=2).stderr


def test_who_is_only_asked_sees_the_line_too() -> None:
    """A visit to which the police are invited and not bound is on their list, and not on that of the guardians."""
    entries = [Registered("p1", "2025-11-03"), Visited("p1", "2026-11-12", risk=2, mode="home", stability="unstable")]
    found = WorkList.of([Ledger("p1", entries)], POLICY, TODAY)
    (line,) = selected(found, role=Role.POLICE).lines
    assert (line.due.kind, Role.POLICE in line.due.roles, Role.POLICE in line.due.invited) == ("visit", False, True)
    assert not selected(found, role=Role.GUARDIAN).lines
