"""The list as a calendar file: what stands in an event, and how a later list updates it."""

from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from click.testing import CliRunner
from icalendar import Calendar, Event

from followup import Entry, Missed, Registered, Visited, load_policy
from followup.cli import main
from followup.register import Register
from followup.views import render
from followup.worklist import WorkList

TODAY: Final = date(2026, 11, 23)
PEOPLE: Final[list[Entry]] = [
    Registered(
        "10100001", "2026-10-12", name="王某某", phone="19900000001", team="清溪村关爱帮扶小组", village="清溪村"
    ),
    Visited("10100001", "2026-11-16", risk=4, mode="home", present=["care_group", "police"]),
]


@pytest.fixture
def register() -> Register:
    """Make a register of one person at risk."""
    register = Register.create(":memory:", load_policy("dongguan"))
    register.record_all(PEOPLE)
    return register


def events(found: WorkList, lang: str = "zh") -> dict[str, Event]:
    """Return the events by what they are called."""
    content = render(found, "ics", lang, with_names=True)
    assert isinstance(content, str)
    walked = Calendar.from_ical(content).walk("VEVENT")
    return {str(event["SUMMARY"]): event for event in walked if isinstance(event, Event)}


def test_an_event_lasts_the_day_that_the_visit_is_planned_for(register: Register) -> None:
    """All day, on `plan_on`, taking no time off anybody's diary."""
    event = events(register.worklist(TODAY))["随访 10100001"]
    (line,) = register.worklist(TODAY).lines
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (line.due.plan_on, line.due.plan_on + timedelta(1))
    assert (event["TRANSP"], event["CLASS"], event["STATUS"]) == ("TRANSPARENT", "PRIVATE", "CONFIRMED")


def test_an_event_tells_nothing_of_the_patient(register: Register) -> None:
    """Kind, number and last day alone: a telephone shows them to whoever looks."""
    content = render(register.worklist(TODAY), "ics", "zh", with_names=True)
    for word in ("王某某", "19900000001", "清溪", "帮扶", "民警", "危险", "不稳定", "规范", "4级"):
        assert word not in content, word


def test_a_later_list_updates_the_event_of_a_line(register: Register) -> None:
    """The same line keeps its UID, a later day or a new entry raises its revision, and no clock is asked."""
    first = events(register.worklist(TODAY))["随访 10100001"]
    assert render(register.worklist(TODAY), "ics", "zh") == render(register.worklist(TODAY), "ics", "zh")
    register.record(Missed("10100001", "2026-11-23"))
    second = events(register.worklist(TODAY))["随访 10100001"]
    third = events(register.worklist(TODAY + timedelta(1)))["随访 10100001"]
    assert first["UID"] == second["UID"] == third["UID"]
    assert int(first.decoded("SEQUENCE")) < int(second.decoded("SEQUENCE")) < int(third.decoded("SEQUENCE"))
    assert first.decoded("DTSTAMP") < third.decoded("DTSTAMP")
    assert "10100001" not in str(first["UID"])


def test_a_new_round_is_another_event(register: Register) -> None:
    """Once the visit was made the next one has an event of its own."""
    before = events(register.worklist(TODAY))["随访 10100001"]
    register.record(Visited("10100001", "2026-11-23", risk=4, mode="home", present=["care_group", "police"]))
    after = events(register.worklist(TODAY + timedelta(10)))["随访 10100001"]
    assert before["UID"] != after["UID"]


def test_a_line_that_left_the_list_is_cancelled_where_lists_are_compared(register: Register) -> None:
    """`--since` says which events to take away."""
    before = events(register.worklist(TODAY))["随访 10100001"]
    register.record(
        Visited(
            "10100001", "2026-11-24", risk=0, mode="home", stability="stable", recorded_at="2026-11-24T09:00:00+08:00"
        )
    )
    later = TODAY + timedelta(1)
    gone = events(register.compared(register.worklist(later), TODAY))["随访 10100001"]
    assert (gone["UID"], gone["STATUS"]) == (before["UID"], "CANCELLED")
    assert int(gone.decoded("SEQUENCE")) > int(before.decoded("SEQUENCE"))


def test_the_event_of_a_visit_that_was_made_is_cancelled_where_the_next_is_due_already(register: Register) -> None:
    """Both lists have a follow-up of the patient, and a calendar that imported both would keep a dead appointment."""
    then = events(register.worklist(TODAY))["随访 10100001"]
    made = evolve(PEOPLE[1], on="2026-11-24", recorded_at="2026-11-24T09:00:00+08:00")
    register.record(made)
    later = TODAY + timedelta(12)
    told = Calendar.from_ical(str(render(register.compared(register.worklist(later), TODAY), "ics", "zh")))
    found = [event for event in told.walk("VEVENT") if event["SUMMARY"] == "随访 10100001"]
    now = events(register.worklist(later))["随访 10100001"]
    assert {(str(event["UID"]), str(event["STATUS"])) for event in found} == {
        (str(then["UID"]), "CANCELLED"),
        (str(now["UID"]), "CONFIRMED"),
    }


def test_names_asked_for_in_a_calendar_are_refused_with_a_warning(tmp_path: Path) -> None:
    """The file is written without them, and standard error says so."""
    with Register.create(tmp_path / "r.db", load_policy("dongguan")) as register:
        register.record_all(PEOPLE)
    words = ["due", str(tmp_path / "r.db"), "--today", str(TODAY), "--format", "ics", "--lang", "en"]
    done = CliRunner().invoke(main, [*words, "--with-names"])
    assert done.exit_code == 0
    assert done.stderr == "A calendar names nobody: --with-names is ignored.\n"
    assert done.stdout == CliRunner().invoke(main, words).stdout
