"""The library held against the norm told a second time, naively, from its text (tests/naive.py)."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import naive
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Question

from followup import Entry, Ledger, due_visits, load_policy, standing
from followup.entries import Admitted, Lost, Missed, MovedIn, Registered
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
def _questions(draw: st.DrawFn, policy: str) -> Question:
    ledger = draw(ledgers() | _crowded_ledgers())
    on = draw(asking_days(ledger, lambda day: due_visits(ledger, _POLICIES[policy], day)))
    return Question(ledger, _POLICIES[policy], on)


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


def _hold_against_the_norm(question: Question) -> None:
    library, norm = _by_the_library(question), _by_the_norm(question)
    differ = {key for key in {**library, **norm} if library.get(key) != norm.get(key)}
    assert differ <= _explained(question), _side_by_side(question, library, norm)


@given(_questions("national-2018"))
def test_the_library_answers_as_the_national_norm_reads(question: Question) -> None:
    """Every line's last day and the standing are what the text of the national norm gives."""
    _hold_against_the_norm(question)


@given(_questions("dongguan"))
def test_the_library_answers_as_the_norm_reads_in_dongguan(question: Question) -> None:
    """Every line's last day and the standing are what the text of the norm gives where Dongguan's reply holds."""
    _hold_against_the_norm(question)


def _asked(entries: Sequence[Entry], on: date) -> tuple[dict[str, str], dict[str, str]]:
    question = Question(Ledger("p1", entries), _POLICIES["national-2018"], on)
    return _by_the_library(question), _by_the_norm(question)


def test_an_attempt_that_failed_on_the_day_of_a_return_is_followed_by_another() -> None:
    """The attempts before a return are forgotten, that of its day is not."""
    entries = [Registered("p1", "2026-03-01"), Missed("p1", "2026-03-04"), MovedIn("p1", "2026-03-05")]
    library, norm = _asked([*entries, Missed("p1", "2026-03-05")], date(2026, 3, 6))
    assert norm["retry"] == "2026-03-19"
    assert library == norm


@pytest.mark.xfail(strict=True, reason="who declined is owed a health check while in hospital")
def test_who_declined_is_owed_no_health_check_in_hospital() -> None:
    """The health check is for those who agree, in hospital as at home."""
    entries = [Registered("p1", "2026-03-01", consents=False), Admitted("p1", "2026-03-05")]
    library, norm = _asked(entries, date(2026, 3, 6))
    assert "health-check" not in norm
    assert library == norm


def test_who_is_lost_from_hospital_is_reported() -> None:
    """The loss is reported at once, whether or not the discharge is known."""
    entries = [Registered("p1", "2026-03-01"), Admitted("p1", "2026-03-05"), Lost("p1", "2026-03-09")]
    library, norm = _asked(entries, date(2026, 3, 10))
    assert norm["report"] == "2026-03-09"
    assert library == norm
