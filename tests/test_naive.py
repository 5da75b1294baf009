"""The library held against the norm told a second time, naively, from its text (tests/naive.py)."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import naive
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Question

from followup import Entry, Ledger, due_visits, load_policy, standing
from followup.entries import TYPES
from followup.testing import ledgers
from followup.testing.ledgers import asking_days, events, registrations, retractions
from followup.testing.spans import spans

_POLICIES: Final = {name: load_policy(name) for name in ("national-2018", "dongguan")}
_UNTOLD: Final = {"type", "patient", "on", "recorded_at"}


@st.composite
def _crowded_ledgers(draw: st.DrawFn) -> Ledger:
    span = draw(spans())
    happened = st.lists(events("p1", span), min_size=10, max_size=25)
    known = [draw(registrations("p1", span)), *draw(happened)]
    return Ledger("p1", [*known, *draw(retractions(known, span))])


@st.composite
def _questions(draw: st.DrawFn) -> list[Question]:
    """Draw a ledger with some of the days that matter to it, and ask of each by either policy."""
    ledger = draw(ledgers() | _crowded_ledgers())
    near = asking_days(ledger, lambda day: due_visits(ledger, _POLICIES["dongguan"], day))
    days = draw(st.lists(near, min_size=1, max_size=10, unique=True))
    return [Question(ledger, policy, on) for on in days for policy in _POLICIES.values()]


def _by_the_library(question: Question) -> dict[str, str]:
    ledger, policy, on = question.ledger, question.policy, question.on
    lines = {str(line.kind): str(line.due_on) for line in due_visits(ledger, policy, on)}
    return lines | {"standing": str(standing(ledger, policy, on))}


def _by_the_norm(question: Question) -> dict[str, str]:
    entries, on, dongguan = question.ledger.entries, question.on, question.policy.id == "dongguan"
    lines = {kind: str(last) for kind, last in naive.due_dates(entries, on, dongguan=dongguan).items()}
    return lines | {"standing": str(naive.standing(entries, on, dongguan=dongguan))}


def _short(entry: Entry) -> str:
    told = " ".join(f"{name}={value}" for name, value in entry.as_json().items() if name not in _UNTOLD)
    return f"{entry.on} {entry.type} {told} #{entry.id}"


def _side_by_side(question: Question, library: dict[str, str], norm: dict[str, str]) -> str:
    rows = [("", "library", "norm"), *((key, library.get(key, "-"), norm.get(key, "-")) for key in {**library, **norm})]
    table = [f"{key:<16}{left:<12}{right:<12}{'' if left == right or not key else '<'}" for key, left, right in rows]
    told = [_short(entry) for entry in question.ledger.entries]
    return "\n".join(["", *told, f"on {question.on} by {question.policy.id}:", *table])


def _explained(question: Question) -> set[str]:
    """Return what may differ by a known difference, each of which has its own test below."""
    days, found = naive.history(question.ledger.entries, question.on), set()
    if any(naive.in_hospital(day) and not day.consents for day in days):
        found |= {"health-check"}
    return found


@given(_questions())
def test_the_library_answers_as_the_norm_reads(questions: list[Question]) -> None:
    """Every line's last day and the standing are what the text of the norm gives, the national and Dongguan's."""
    for question in questions:
        library, norm = _by_the_library(question), _by_the_norm(question)
        differ = {key for key in {**library, **norm} if library.get(key) != norm.get(key)}
        assert differ <= _explained(question), _side_by_side(question, library, norm)


def _told(kind: str, on: str, **fields: Any) -> Entry:
    return TYPES[kind]("p1", on, **fields)


_REGISTERED: Final = _told("registered", "2026-03-01")
_DECLINED: Final = _told("registered", "2026-03-01", consents=False)

#: The corners in which the two have differed once, smallest first; and the day that is asked.
_CORNERS: Final[dict[str, tuple[str, list[Entry]]]] = {
    "consent told again": (
        "2026-03-20",
        [_REGISTERED, _told("visited", "2026-03-02", risk=0, mode="home"), _told("consented", "2026-03-12")],
    ),
    "registered again": ("2026-03-20", [_DECLINED, _told("registered", "2026-03-05")]),
    "admitted again": (
        "2026-03-20",
        [_REGISTERED, _told("admitted", "2026-03-05"), _told("admitted", "2026-03-09")],
    ),
    "found twice": ("2026-03-20", [_REGISTERED, _told("found", "2026-03-05"), _told("found", "2026-03-12")]),
    "received twice, before a holiday": (
        "2026-10-20",
        [
            _told("registered", "2026-09-12", consents=False),
            _told("moved_in", "2026-09-27"),
            _told("moved_in", "2026-09-29"),
        ],
    ),
    "two incidents": (
        "2026-03-20",
        [_DECLINED, _told("incident", "2026-03-05"), _told("incident", "2026-03-12")],
    ),
    "moved in and out on a day": (
        "2026-03-20",
        [_REGISTERED, _told("moved_in", "2026-03-05"), _told("moved_out", "2026-03-05")],
    ),
    "failed on the day of a return": (
        "2026-03-20",
        [_REGISTERED, _told("released", "2026-03-05"), _told("missed", "2026-03-05")],
    ),
    "three failures in exactly a month": (
        "2026-04-20",
        [_REGISTERED, *(_told("missed", on) for on in ("2026-03-05", "2026-03-20", "2026-04-05"))],
    ),
    "failed before the registration": ("2026-03-03", [_told("missed", "2026-02-20"), _REGISTERED]),
    "two follow-ups of a day, the unstable one at the lower risk": (
        "2026-03-20",
        [
            _REGISTERED,
            _told("visited", "2026-03-05", risk=2, stability="basic"),
            _told("visited", "2026-03-05", risk=0, stability="unstable"),
        ],
    ),
    "basic again, exactly a week later": (
        "2026-03-20",
        [_REGISTERED, _told("visited", "2026-03-03", risk=1), _told("visited", "2026-03-10", risk=1)],
    ),
    "undetermined, then basic": (
        "2026-03-20",
        [_REGISTERED, _told("visited", "2026-03-03", risk=0), _told("visited", "2026-03-12", risk=1)],
    ),
    "well, and whether the reaction is severe not known": (
        "2026-03-20",
        [
            _REGISTERED,
            _told(
                "visited",
                "2026-03-03",
                risk=0,
                symptoms=[],
                insight="full",
                functions=dict.fromkeys(naive.FUNCTIONS, "fair"),
                reaction="present",
                physical="stable",
            ),
        ],
    ),
    "postponed to an earlier day": (
        "2026-03-20",
        [
            _REGISTERED,
            _told("visited", "2026-03-03", risk=0, stability="stable", next_on="2026-05-20"),
            _told("postponed", "2026-03-04", until="2026-04-10"),
        ],
    ),
    "unstable by telephone in hospital, then discharged": (
        "2026-03-20",
        [
            _REGISTERED,
            _told("admitted", "2026-03-03"),
            _told("visited", "2026-03-05", risk=4, mode="phone"),
            _told("discharged", "2026-03-10"),
        ],
    ),
    "referred, the outcome not known": (
        "2026-03-20",
        [_REGISTERED, _told("visited", "2026-03-05", risk=4), _told("referred", "2026-03-05")],
    ),
    "at risk before the reply of 2025": (
        "2025-01-10",
        [
            _told("registered", "2024-12-01"),
            _told("visited", "2024-12-12", risk=4, mode="home"),
            _told("visited", "2024-12-25", risk=4, mode="phone"),
        ],
    ),
    "a follow-up before the registration, after the discharge": (
        "2026-03-20",
        [
            _told("discharged", "2026-02-20"),
            _told("visited", "2026-02-25", risk=0, mode="home"),
            _DECLINED,
        ],
    ),
    "discharged, told of late, and admitted again meanwhile": (
        "2026-03-20",
        [
            _REGISTERED,
            _told("admitted", "2026-03-03"),
            _told("discharged", "2026-03-05", informed_on="2026-03-15"),
            _told("admitted", "2026-03-10"),
        ],
    ),
    "discharged, told of late, and discharged again meanwhile": (
        "2026-03-20",
        [
            _REGISTERED,
            _told("discharged", "2026-03-05", informed_on="2026-03-15"),
            _told("discharged", "2026-03-10"),
            _told("visited", "2026-03-12", risk=0, mode="home"),
        ],
    ),
    "discharged, told before": ("2026-03-20", [_DECLINED, _told("discharged", "2026-03-15", informed_on="2026-03-05")]),
    "two discharges of a day and an admission": (
        "2026-03-20",
        [
            _REGISTERED,
            _told("admitted", "2026-03-03"),
            _told("discharged", "2026-03-05"),
            _told("discharged", "2026-03-05", informed_on="2026-03-04"),
            _told("admitted", "2026-03-05"),
        ],
    ),
}


@pytest.mark.parametrize("policy", _POLICIES)
@pytest.mark.parametrize("corner", _CORNERS)
def test_the_corners_are_answered_alike(corner: str, policy: str) -> None:
    """Where the norm is silent the naive telling makes the library's choice, and where it is not, both follow it."""
    on, entries = _CORNERS[corner]
    question = Question(Ledger("p1", entries), _POLICIES[policy], date.fromisoformat(on))
    library, norm = _by_the_library(question), _by_the_norm(question)
    assert library == norm, _side_by_side(question, library, norm)


def _asked(entries: Sequence[Entry], on: date) -> tuple[dict[str, str], dict[str, str]]:
    question = Question(Ledger("p1", entries), _POLICIES["national-2018"], on)
    return _by_the_library(question), _by_the_norm(question)


def test_an_attempt_that_failed_on_the_day_of_a_return_is_followed_by_another() -> None:
    """The attempts before a return are forgotten, that of its day is not."""
    failed = [_told("missed", "2026-03-04"), _told("missed", "2026-03-05")]
    library, norm = _asked([_REGISTERED, _told("moved_in", "2026-03-05"), *failed], date(2026, 3, 6))
    assert norm["retry"] == "2026-03-19"
    assert library == norm


@pytest.mark.xfail(strict=True, reason="who declined is owed a health check while in hospital")
def test_who_declined_is_owed_no_health_check_in_hospital() -> None:
    """The health check is for those who agree, in hospital as at home."""
    library, norm = _asked([_DECLINED, _told("admitted", "2026-03-05")], date(2026, 3, 6))
    assert "health-check" not in norm
    assert library == norm


def test_who_is_lost_from_hospital_is_reported() -> None:
    """The loss is reported at once, whether or not the discharge is known."""
    suspended = [_told("admitted", "2026-03-05"), _told("lost", "2026-03-09")]
    library, norm = _asked([_REGISTERED, *suspended], date(2026, 3, 10))
    assert norm["report"] == "2026-03-09"
    assert library == norm
