"""The register: entries append-only, dates kept beside them, equal to the pure function."""

import json
import sqlite3
import stat
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from time import tzset
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from followup import (
    Admitted,
    Amended,
    Assigned,
    Bucket,
    Discharged,
    Entry,
    Ledger,
    Registered,
    Retracted,
    Visited,
    WorkList,
    entry_from_json,
    load_policy,
)
from followup.errors import RegisterError
from followup.forms import read_files
from followup.integrity import check, repair
from followup.policyfile import policy_from_texts
from followup.register import Register
from followup.teamrows import Told
from followup.teams import Area, CareTeam
from followup.testing import ledgers

EXAMPLE = Path(__file__).parent.parent / "examples" / "district"
ENTRIES = [
    Registered("p1", "2026-01-05", name="王某", id_number="990101199001010001", phone="19900000001", team="A"),
    Visited("p1", "2026-01-12", risk=0, mode="home", stability="stable", form={"随访医生签名": "某医生"}),
    Registered("p2", "2026-01-05", team="B"),
]


@pytest.fixture
def register() -> Register:
    """Make a register in memory."""
    return Register.create(":memory:", load_policy("dongguan"))


def same(found: WorkList, expected: WorkList) -> bool:
    """Say whether two lists are the same but for the policy object."""
    return (found.counts, found.lines, found.duties) == (expected.counts, expected.lines, expected.duties)


def renamed(ledger: Ledger, patient: str) -> list[Entry]:
    """Return a ledger's entries as another patient's, its retractions naming the new ids."""
    ids: dict[str, str] = {}
    pending = [entry.as_json() for entry in ledger.entries]
    found: list[Entry] = []
    while pending:
        for data in [d for d in pending if d["type"] != "retracted" or d["entry"] in ids]:
            old = entry_from_json(data)
            new = entry_from_json(
                data | {"patient": patient} | ({"entry": ids[data["entry"]]} if "entry" in data else {})
            )
            ids[old.id] = new.id
            found.append(new)
            pending.remove(data)
        if all(d["type"] == "retracted" and d["entry"] not in ids for d in pending):
            break
    return found


@settings(max_examples=100)
@given(st.lists(ledgers(), min_size=1, max_size=3), st.sampled_from(["national-2018", "dongguan"]), st.data())
def test_the_copy_is_the_ledger(people: list[Ledger], name: str, data: st.DataObject) -> None:
    """Law 10: a register's list for any day, past or future, equals the pure function over its ledgers."""
    assume(all(sum(entry.type == "registered" for entry in ledger.facts) == 1 for ledger in people))
    register = Register.create(":memory:", load_policy(name))
    entries = [entry for number, ledger in enumerate(people) for entry in renamed(ledger, f"p{number}")]
    assert register.record_all(entries) == len({entry.id for entry in entries})
    kept = list(register.ledgers())
    assert {e.id for ledger in kept for e in ledger.entries} == {e.id for e in entries}
    days = sorted({entry.on for entry in entries})
    on = data.draw(st.sampled_from(days)) + timedelta(data.draw(st.integers(-10, 120)))
    within = data.draw(st.sampled_from([0, 7, 40]))
    assert same(register.worklist(on, within=within), WorkList.of(kept, register.policy, on, within=within))


@pytest.mark.parametrize("on", ["2024-11-30", "2025-06-01", "2026-11-22", "2026-11-23", "2027-02-28"])
def test_a_districts_list_is_the_pure_functions(district: Register, on: str) -> None:
    """The bundled district's list is the same from the kept dates as from the ledgers, for all and for a team."""
    day = date.fromisoformat(on)
    assert same(district.worklist(day), WorkList.of(district.ledgers(), district.policy, day))
    team = "清溪村关爱帮扶小组"
    assert same(
        district.worklist(day, team, 7), WorkList.of(district.ledgers(), district.policy, day, team=team, within=7)
    )


@pytest.fixture(scope="module")
def district() -> Register:
    """Import the bundled district."""
    register = Register.create(":memory:", load_policy("dongguan"))
    reading = read_files(sorted(EXAMPLE.glob("*.csv")), date(2026, 11, 23))
    register.record_all(sourced.entry for sourced in reading.entries)
    return register


def test_a_moment_without_a_zone_is_shanghais_whatever_the_machines_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list as it was known is the same on a server that is set to another zone."""
    moment, on = datetime(2026, 1, 12, 8), date(2026, 1, 12)  # noqa: DTZ001 - that is asked
    zoned = moment.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    register = Register.create(":memory:", load_policy("dongguan"))
    register.record_all([evolve(entry, recorded_at=f"{entry.on}T23:30:00+08:00") for entry in ENTRIES])
    register.record_teams(
        [Told(CareTeam("A", "care_group", Area("甲村", "village"), since="2026-01-01"), "2026-01-11T23:30:00+08:00")]
    )
    expected = register.worklist(on, known=zoned), register.ledger("p1", zoned), register.directory(zoned).records
    compared = register.compared(register.worklist(on), zoned)
    for zone in ("America/New_York", "Pacific/Kiritimati"):
        monkeypatch.setenv("TZ", zone)
        tzset()
        found = register.worklist(on, known=moment), register.ledger("p1", moment), register.directory(moment).records
        assert found == expected
        assert register.policy_known(moment).version == register.policy.version
        assert register.compared(register.worklist(on), moment) == compared
    monkeypatch.undo()
    tzset()


def test_kept_dates_move_on_the_day_a_rule_takes_effect() -> None:
    """Law 10 at a `since`: nobody has to write anything that night."""
    text = load_policy("national-2018").texts[0]
    rule = text[text.index('[[rule]]\nid = "stable"') : text.index('[[rule]]\nid = "floor"')]
    later = rule.replace('"stable"\nkind', '"stable-monthly"\nkind').replace("3 months", "1 month")
    ended = text.replace(rule, rule.replace("since", "until = 2026-02-28\nsince"))
    policy = policy_from_texts([ended + "\n" + later.replace("2018-05-28", "2026-03-01")])
    register = Register.create(":memory:", policy)
    register.record_all(ENTRIES)
    for on, bucket in ((date(2026, 2, 28), "not_due"), (date(2026, 3, 1), "due_today"), (date(2026, 3, 2), "overdue")):
        found = register.worklist(on, "A")
        assert found.counts[Bucket(bucket)] == 1, on
        assert same(found, WorkList.of(register.ledgers(), policy, on, team="A"))


def test_recording_twice_changes_nothing(register: Register) -> None:
    """Equal content is one fact."""
    assert register.record_all(ENTRIES) == 3
    assert register.record_all(ENTRIES) == 0
    assert register.record(ENTRIES[0]) is False
    assert [len(ledger.entries) for ledger in register.ledgers()] == [2, 1]


def test_a_late_fact_moves_the_kept_dates(register: Register) -> None:
    """A discharge entered late brings the patient back on the list."""
    register.record_all([*ENTRIES, Admitted("p1", "2026-02-01")])
    assert register.worklist(date(2026, 6, 1)).counts[Bucket.SUSPENDED] == 1
    register.record(Discharged("p1", "2026-02-20"))
    assert register.worklist(date(2026, 6, 1)).counts[Bucket.SUSPENDED] == 0


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([Visited("p9", "2026-02-01", risk=0)], 'no patient "p9" is registered'),
        ([Registered("p1", "2026-02-05")], '"p1" is registered already'),
        ([Registered("p3", "2026-02-05"), Registered("p3", "2026-02-06")], '"p3" is registered already'),
        ([Retracted("p1", "2026-02-01", entry="0a" * 10)], 'there is no entry "0a0a0a0a0a0a0a0a0a0a"'),
        ([Retracted("p2", "2026-02-01", entry=ENTRIES[1].id)], "is not of the patient"),
        ([Retracted("p1", "2026-02-01", entry=ENTRIES[0].id)], '"p1" would keep records and be on no list'),
    ],
)
def test_what_cannot_be_taken_is_refused_whole(register: Register, entries: list[Entry], problem: str) -> None:
    """One bad entry, and nothing of the batch is recorded."""
    register.record_all(ENTRIES)
    with pytest.raises(RegisterError, match=problem):
        register.record_all([Assigned("p2", "2026-02-01", team="C"), *entries])
    assert [len(ledger.entries) for ledger in register.ledgers()] == [2, 1]
    assert register.worklist(date(2026, 2, 2), "C").counts[Bucket.OVERDUE] == 0


def test_a_registration_may_be_replaced_in_one_go(register: Register) -> None:
    """Taking the wrong one back and registering anew is one batch."""
    register.record_all(ENTRIES)
    register.record_all([Retracted("p2", "2026-02-01", entry=ENTRIES[2].id), Registered("p2", "2026-01-06", team="B")])
    (line,) = [line for line in register.worklist(date(2026, 1, 20)).lines if line.due.patient == "p2"]
    assert line.due.due_on == date(2026, 1, 20)


def test_whoever_was_registered_by_mistake_leaves_and_gets_no_records(register: Register) -> None:
    """With nothing else recorded a registration can be taken back; then the person is unknown."""
    register.record_all([*ENTRIES, Retracted("p2", "2026-02-01", entry=ENTRIES[2].id)])
    assert sum(register.worklist(date(2026, 2, 2)).counts.values()) == 1
    with pytest.raises(RegisterError, match='no patient "p2" is registered'):
        register.record(Visited("p2", "2026-02-02", risk=3))
    register.record_all([Registered("p2", "2026-02-03"), Visited("p2", "2026-02-03", risk=3)])
    assert sum(register.worklist(date(2026, 2, 4)).counts.values()) == 2


def test_a_register_is_a_private_file_that_opens_again(tmp_path: Path) -> None:
    """The file is its owner's alone, and holds policy and entries."""
    path = tmp_path / "r.db"
    with Register.create(path, load_policy("dongguan"), date(2026, 1, 1)) as register:
        register.record_all(ENTRIES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Register.open(path) as register:
        assert register.policy == evolve(load_policy("dongguan"), duties_from=date(2026, 1, 1))
        assert register.ledger("p1") == Ledger("p1", ENTRIES[:2])
    with pytest.raises(RegisterError, match="exists already"):
        Register.create(path, load_policy("dongguan"))
    connection = sqlite3.connect(path)
    with pytest.raises(RegisterError, match=f'^"{path}" exists already'):
        Register.create(connection, load_policy("dongguan"))
    connection.close()


def test_a_register_lives_in_an_open_connection_too(tmp_path: Path) -> None:
    """Whoever has a connection (an encrypted one, say) gives it instead of a path."""
    connection = sqlite3.connect(tmp_path / "c.db")
    Register.create(connection, load_policy("national-2018")).record_all(ENTRIES)
    assert Register.open(connection).ledger("p2").patient == "p2"


def test_the_tables_are_the_contract(register: Register) -> None:
    """`entries` is as documented; personal fields and forms stand apart; the digests chain."""
    register.record_all([*ENTRIES, Amended("p1", "2026-03-01", phone="19900000009")])
    rows = list(register.db.query("SELECT * FROM entries ORDER BY seq"))
    assert list(rows[0]) == ["seq", "id", "patient", "type", "on", "recorded_at", "body", "digest"]
    assert [row["on"] for row in rows] == ["2026-01-05", "2026-01-12", "2026-01-05", "2026-03-01"]
    assert len({row["digest"] for row in rows}) == 4
    text = json.dumps(rows, ensure_ascii=False)
    assert not any(word in text for word in ("王某", "990101199001010001", "19900000001", "19900000009", "某医生"))
    assert register.ledger("p1").entries[1] == ENTRIES[1]


def test_who_has_no_team_is_on_everybodys_list_alone(register: Register) -> None:
    """However a team is called of which a list is asked; dates move with a record, and with a team that is given."""
    register.record_all([*ENTRIES, Registered("p9", "2026-01-05"), Visited("p9", "2026-01-12", risk=0, mode="home")])
    policy, on = register.policy, date(2026, 11, 23)

    def listed(team: str | None) -> list[tuple[str | None, str]]:
        found = register.worklist(on, team)
        assert same(found, WorkList.of(register.ledgers(), policy, on, team=team))
        return [(line.team, line.due.patient) for line in (*found.lines, *found.duties)]

    assert set(listed(None)) == {(None, "p9"), ("A", "p1"), ("B", "p2")}
    assert [listed(team) for team in ("", "\n", "None")] == [[], [], []]
    register.record(Visited("p9", "2026-11-20", risk=0, mode="home", stability="stable"))
    assert set(listed(None)) == {("A", "p1"), ("B", "p2")}
    register.record(Assigned("p9", "2026-11-21", team="A"))
    assert (check(register), set(listed("A"))) == ([], {("A", "p1")})


MOVES = {
    "to another team": [Assigned("p1", "2026-03-01", team="B")],
    "to another team, and back": [Assigned("p1", "2026-03-01", team="B"), Assigned("p1", "2026-03-02", team="A")],
    "taken back": [
        (moved := Assigned("p1", "2026-03-01", team="B")),
        Retracted("p1", "2026-03-03", entry=moved.id, reason="a slip"),
    ],
    "told late": [Visited("p1", "2026-04-01", risk=0, mode="home"), Assigned("p1", "2026-03-01", team="B")],
    "taken back, once a visit was told of": [
        moved,
        Visited("p1", "2026-04-01", risk=0, mode="home"),
        Retracted("p1", "2026-04-02", entry=moved.id, reason="a slip"),
    ],
}


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
@pytest.mark.parametrize("moves", MOVES.values(), ids=MOVES)
def test_whoever_moves_stands_with_one_team(register: Register, moves: list[Entry], *, together: bool) -> None:
    """Dates are kept by team: none stays behind, be somebody told of once more in the batch that tells who it is."""
    told = [ENTRIES[0], Registered("p9", "2026-01-05", team="B"), *moves]
    for entries in [told] if together else [[entry] for entry in told]:
        register.record_all(entries)
    assert check(register) == []
    on = date(2026, 11, 23)
    for team in (None, "A", "B"):
        assert same(register.worklist(on, team), WorkList.of(register.ledgers(), register.policy, on, team=team))


def test_a_list_of_a_day_before_an_entry_knows_that_somebody_has_a_later_one(register: Register) -> None:
    """Entered in whatever order, before and after all dates are derived anew, and where the entry is taken back."""

    def check_lists(register: Register) -> None:
        for on in (date(2026, 1, 10), date(2026, 3, 2), date(2026, 3, 3), date(2027, 1, 1)):
            assert same(register.worklist(on), WorkList.of(register.ledgers(), register.policy, on))
        assert check(register) == []

    for entry in (*ENTRIES, Visited("p1", "2026-03-03", risk=4, mode="home"), Visited("p2", "2026-03-02", risk=1)):
        register.record(entry)
        check_lists(register)
    last = register.ledger("p1").entries[-1]
    register = register.adopt(load_policy("national-2018"), date(2027, 1, 1))
    register.record(Retracted("p1", "2026-03-04", entry=last.id, reason="a slip"))
    check_lists(register)
    repair(register)
    check_lists(register)


def _dump(register: Register) -> Iterable[str]:
    return list(register.db.conn.iterdump())


def test_a_refused_batch_leaves_no_trace(register: Register) -> None:
    """All or nothing, in every table."""
    register.record_all(ENTRIES)
    before = _dump(register)
    with pytest.raises(RegisterError):
        register.record_all([Visited("p1", "2026-02-01", risk=1), Visited("p9", "2026-02-01", risk=1)])
    assert _dump(register) == before


def test_a_refused_batch_within_another_leaves_no_trace(register: Register) -> None:
    """Whoever catches the error and goes on keeps what else was recorded, and nothing of the refused."""
    with register.batch():
        register.record_all(ENTRIES)
        before = _dump(register)
        with pytest.raises(RegisterError):
            register.record_all([Visited("p1", "2026-02-01", risk=1), Visited("p9", "2026-02-01", risk=1)])
        assert _dump(register) == before
    assert _dump(register) == before
    assert not list(check(register))


def test_a_batch_that_is_not_kept_leaves_no_trace(register: Register) -> None:
    """A trial of an import changes nothing, and neither does an error among the entries."""
    before = _dump(register)
    with register.batch(keep=False):
        assert register.record_all(ENTRIES) == 3
    assert _dump(register) == before

    def broken() -> Iterable[Entry]:
        yield from ENTRIES
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        register.record_all(broken())
    assert _dump(register) == before


def test_entries_may_come_in_any_order_and_a_few_at_a_time(register: Register) -> None:
    """A register holds the same, and says the same, whether all comes at once, mixed up, or one by one."""
    later = [Visited("p1", "2026-02-12", risk=3), Visited("p2", "2026-02-12", risk=2), Admitted("p1", "2026-03-01")]
    register.record_all([later[0], ENTRIES[2], ENTRIES[1], later[1], ENTRIES[0], later[2]])
    other = Register.create(":memory:", load_policy("dongguan"))
    for entry in [*ENTRIES, *later]:
        other.record(entry)
    assert list(register.ledgers()) == list(other.ledgers())
    assert same(register.worklist(date(2026, 4, 1)), other.worklist(date(2026, 4, 1)))
    assert [*check(register), *check(other)] == []


def test_a_list_tells_of_the_moment_when_it_was_made(tmp_path: Path) -> None:
    """Reasons and findings asked for later are of the entries that the list was made from, whoever wrote since."""
    path, on = tmp_path / "r.db", date(2026, 6, 1)
    with Register.create(path, load_policy("dongguan")) as one, Register.open(path) as other:
        one.record_all(ENTRIES)
        expected = WorkList.of(list(one.ledgers()), one.policy, on)
        listed, named = one.worklist(on), one.worklist(on)
        other.record_all([Visited("p1", "2026-05-30", risk=4), Amended("p1", "2026-05-30", name="李某")])
        assert same(listed, expected)
        assert [line.name for line in named.lines if line.due.patient == "p1"] == ["王某"]
        late = one.worklist(on, within=30)
        other.forget("p1", on, "request")
        with pytest.raises(RegisterError, match='no patient "p1" is registered'):
            [line.findings for line in late.lines]
    with pytest.raises(RegisterError, match="is closed"):
        [line.due.reasons for line in late.lines]


def test_a_register_begins_with_one_policy_as_a_file_has_it() -> None:
    """Several in one, or one without a text, would be another one once the register is opened again."""
    several = load_policy("national-2018").then(load_policy("dongguan"), date(2026, 6, 1))
    for policy in (several, evolve(load_policy("dongguan"), texts=())):
        with pytest.raises(RegisterError, match=f"{policy.id} is several policies in one, or has no text of its own"):
            Register.create(":memory:", policy)


def test_a_day_of_the_wrong_kind_is_no_damage(register: Register) -> None:
    """Whoever asks with a text is not told that the register's dates were changed."""
    register.record_all(ENTRIES)
    with pytest.raises(AttributeError, match="isoformat"):
        register.worklist("2026-11-23")  # type: ignore[arg-type]


def test_a_batch_goes_by_the_rules_that_were_adopted_within_it(register: Register) -> None:
    """Who goes on with the register as it was before would keep dates by the former rules."""
    register.record_all(ENTRIES)
    with register.batch():
        later = register.adopt(load_policy("national-2018"), date(2026, 6, 1))
        with pytest.raises(RegisterError, match="has changed since it was opened"):
            register.record(Visited("p1", "2026-06-12", risk=3))
        later.record(Visited("p1", "2026-06-13", risk=3))
    assert check(later) == []


def test_a_retraction_brings_no_second_registration_back(register: Register) -> None:
    """Taking the retraction of a registration back is refused while another one stands."""
    wrong = Retracted("p2", "2026-02-01", entry=ENTRIES[2].id)
    register.record_all([*ENTRIES, wrong, Registered("p2", "2026-01-06", team="B")])
    before = _dump(register)
    with pytest.raises(RegisterError, match='"p2" is registered already'):
        register.record(Retracted("p2", "2026-02-02", entry=wrong.id))
    assert _dump(register) == before


def test_many_people_who_were_known_are_judged_few_at_a_time(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are touched at once, their dates are kept, indexes included."""
    monkeypatch.setattr("followup.intake._MANY", 20)
    monkeypatch.setattr("followup.intake._CROWD", 20)
    people = [f"n{number:03}" for number in range(150)]
    register.record_all(Registered(patient, "2026-01-05", team="A") for patient in people[::-1])
    visits = [Visited(p, date(2026, 2, 1) + timedelta(n), risk=n, mode="home") for n in range(4) for p in people]
    assert register.record_all(visits) == 600
    assert check(register) == []
    on = date(2026, 4, 1)
    assert same(register.worklist(on), WorkList.of(register.ledgers(), register.policy, on))


@pytest.mark.parametrize("beginning", ["~", "~000", "forgotten", "g" * 20, "%%%%", "'; --", "", "a" * 200])
def test_what_begins_no_id_finds_nothing(register: Register, beginning: str) -> None:
    """Neither is one who was forgotten found by what was left."""
    register.record_all(ENTRIES)
    register.forget("p1", date(2026, 6, 1), "request")
    left = [str(row[0]) for row in register.db.execute("SELECT id FROM entries WHERE type = 'forgotten'")]
    for word in (beginning, *(one[:8] for one in left), *left):
        with pytest.raises(RegisterError, match=r"there is no entry|too short"):
            register.find(word)


def test_what_two_follow_ups_tell_alike_is_kept_apart(register: Register) -> None:
    """Whoever changes what one entry tells of the functions changes no other's, nor what is read next."""
    grades = {"self_care": "good", "work": "fair"}
    visits = [Visited(patient, "2026-02-01", risk=0, functions=grades) for patient in ("p1", "p2")]
    register.record_all([*ENTRIES, *visits])
    told = [register.ledger(patient).entries[-1].functions for patient in ("p1", "p2", "p1")]  # type: ignore[attr-defined]
    told[0].clear()
    assert told[1:] == [grades, grades]
