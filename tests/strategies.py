"""Synthetic ledgers from a narrow calendar, so that same-day entries, late recordings and month ends do happen.

Everybody here is made up: no name, number or place is anyone's.
"""

import os
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from attrs import evolve, field, frozen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from followup import Entry, Ledger, Policy, Registered, Retracted, due_visits, load_policy
from followup.entries import TYPES
from followup.policyfile import policy_from_texts
from followup.terms import (
    Adherence,
    ContactMode,
    Diagnosis,
    Function,
    Grade,
    IncidentKind,
    Insight,
    LineKind,
    Office,
    Physical,
    Reaction,
    RiskLevel,
    Role,
    Seen,
    Sex,
    Stability,
    Symptom,
)

# The same examples on every run, as a test that fails by chance helps nobody; "long" looks further. A ledger is
# a large draw, and some laws ask for one with a follow-up: neither says that a strategy is wrong.
_SPARED: Final = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=200, suppress_health_check=_SPARED)
settings.register_profile(
    "long", derandomize=False, database=None, deadline=None, max_examples=20_000, suppress_health_check=_SPARED
)
settings.load_profile(os.environ.get("FOLLOWUP_PROFILE", "ci"))

#: The first days of the weeks from which one ledger is drawn.
SEASONS: Final = (
    date(2026, 8, 20),  # a month end, and what three months make of it: 31 August, 30 November
    date(2024, 1, 25),  # 31 January and 29 February 2024
    date(2026, 2, 5),  # Spring Festival 2026, with a working Saturday at either end
    date(2026, 9, 10),  # National Day 2026
    date(2024, 12, 10),  # the turn of the year at which `risk3-joint` takes effect
)
#: How many days a season has.
WEEKS: Final = 7 * 6

#: A duty of every kind, on top of the national norm.
DUTIES: Final = """
[policy]
id = "duties"
title = { zh = "测试用职责", en = "Duties, for tests" }
extends = "national-2018"

[[rule]]
id = "refer"
kind = "referral"
when = { status = ["managed", "declined"], class = "unstable" }
within = "same day"
after = ["began", "referred", "admitted"]
since = 2018-05-28
title = { zh = "转诊", en = "Refer at once" }
source = { document = "测试", evidence = "assumption" }

[[rule]]
id = "refer-check"
kind = "referral-check"
when = { status = ["managed", "declined"], class = "unstable" }
within = "2 weeks"
after = ["began"]
since = 2025-01-01
title = { zh = "转诊结果", en = "Learn what came of it" }
source = { document = "测试", evidence = "assumption" }

[[rule]]
id = "hospital-check"
kind = "status-check"
when = { status = "in_hospital" }
within = "1 month"
after = ["admitted", "done"]
since = 2018-05-28
title = { zh = "住院情况", en = "Ask whether the stay lasts" }
source = { document = "测试", evidence = "assumption" }

[[rule]]
id = "lost-report"
kind = "report"
when = [{ status = "lost" }, { status = "managed", misses = "3" }]
within = "same day"
after = ["began"]
to = ["care_group", "police", "higher_centre"]
since = 2018-05-28
title = { zh = "失访报告", en = "Report a loss" }
source = { document = "测试", evidence = "assumption" }

[[rule]]
id = "yearly-check"
kind = "health-check"
when = { status = "managed" }
within = "1 year"
after = ["informed", "checked"]
since = 2018-05-28
title = { zh = "年度体检", en = "Yearly health check" }
source = { document = "测试", evidence = "assumption" }
"""

POLICIES: Final = (
    load_policy("national-2018"),
    load_policy("dongguan"),
    policy_from_texts([*load_policy("national-2018").texts, DUTIES]),
)

_Fields = dict[str, SearchStrategy[Any]]


def _maybe(values: SearchStrategy[Any] | type[Any] | Sequence[Any]) -> SearchStrategy[Any]:
    known = values if isinstance(values, SearchStrategy) else st.sampled_from(values)
    return st.none() | known


def _some(values: type[Any]) -> SearchStrategy[Any]:
    return st.lists(st.sampled_from(values), unique=True, max_size=3)


_TEXTS: Final = st.sampled_from(["", "甲", "=1+1"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=4
)
_TEAMS: Final = ("镇东", "镇西")
_PRESENT: Final = st.sampled_from([(), (Role.CARE_GROUP, Role.POLICE), (Role.POLICE,), tuple(Role)])
_FORM: Final = st.dictionaries(_TEXTS, _TEXTS, max_size=2)
_FUNCTIONS: Final = st.dictionaries(st.sampled_from(Function), st.sampled_from(Grade))

#: The follow-up of somebody who is well by every criterion: only such a one is computed as stable.
_WELL: Final[_Fields] = {
    "risk": st.just(RiskLevel.NONE),
    "symptoms": st.just(()),
    "insight": st.just(Insight.FULL),
    "functions": st.just(dict.fromkeys(Function, Grade.GOOD)),
    "reaction": st.just(Reaction.NONE),
    "physical": st.just(Physical.STABLE),
}


def days_of(season: date) -> SearchStrategy[date]:
    """Return the days of a season, the first where it does not matter."""
    return st.integers(0, WEEKS).map(lambda count: season + timedelta(count))


def _later_days(season: date) -> SearchStrategy[date]:
    return st.integers(0, 3 * WEEKS).map(lambda count: season + timedelta(count))


def _recorded(season: date) -> SearchStrategy[str | None]:
    return st.none() | _later_days(season).map(lambda day: f"{day}T09:00:00+08:00")


def _person_fields(season: date) -> _Fields:
    return {name: _maybe(_TEXTS) for name in ("name", "id_number", "phone", "guardian")} | {
        "sex": _maybe(Sex),
        "born": _maybe(days_of(season)),
    }


def _visited_fields(season: date) -> _Fields:
    """Return what most follow-ups tell, and most rules ask for."""
    return {
        "risk": st.sampled_from(RiskLevel),
        "mode": _maybe(ContactMode),
        "seen": _maybe(_some(Seen)),
        "present": _maybe(_PRESENT),
        "stability": _maybe([Stability.STABLE, Stability.BASIC, Stability.UNSTABLE]),
        "next_on": _maybe(_later_days(season)),
    }


def _all_visited_fields(season: date) -> _Fields:
    return _visited_fields(season) | {
        "symptoms": _maybe(_some(Symptom)),
        "insight": _maybe(Insight),
        "functions": _maybe(_FUNCTIONS),
        "adherence": _maybe(Adherence),
        "reaction": _maybe(Reaction),
        "physical": _maybe(Physical),
        "form": _maybe(_FORM),
    }


def _registered_fields(season: date) -> _Fields:
    return _person_fields(season) | {
        "diagnosis": _maybe(Diagnosis),
        "consents": st.sampled_from([True, False]),
        "informed_on": _maybe(days_of(season)),
        "village": _maybe(_TEXTS),
        "team": _maybe(_TEAMS),
        "form": _maybe(_FORM),
    }


def _fields(season: date) -> dict[str, _Fields]:
    """Return what each entry type may tell besides its patient, its day and when it was recorded."""
    reason, informed = {"reason": _maybe(_TEXTS)}, {"informed_on": _maybe(days_of(season))}
    office = st.sampled_from([[], [Role.CARE_GROUP, Role.POLICE, Office.HIGHER_CENTRE], [Role.POLICE]])
    return {
        "registered": _registered_fields(season),
        "amended": _person_fields(season),
        "consented": informed,
        "declined": informed,
        "assigned": {"team": _maybe(_TEAMS), "village": _maybe(_TEXTS)},
        "visited": _all_visited_fields(season),
        "missed": reason | {"mode": _maybe(ContactMode), "present": _maybe(_PRESENT)},
        "referred": reason | {"to": _maybe(_TEXTS), "outcome": _maybe(_TEXTS)},
        "admitted": reason,
        "discharged": reason | informed,
        "detained": reason,
        "released": reason,
        "lost": reason,
        "found": reason,
        "moved_out": reason | {"to": _maybe(_TEXTS)},
        "moved_in": reason | {"from_": _maybe(_TEXTS)},
        "died": reason,
        "incident": {"kind": _maybe(IncidentKind)},
        "checked": {},
        "done": {"kind": st.sampled_from(LineKind), "to": _maybe(office), "outcome": _maybe(_TEXTS)},
        "postponed": reason | {"until": _later_days(season), "author": _maybe(_TEXTS)},
        "retracted": reason | {"entry": st.sampled_from(["0" * 20, "f" * 20])},
    }


def _built(kind: str, patient: str, season: date, fields: _Fields) -> SearchStrategy[Entry]:
    return st.builds(TYPES[kind], st.just(patient), days_of(season), recorded_at=_recorded(season), **fields)


@cache
def entries(kind: str, patient: str = "p1", season: date = SEASONS[0]) -> SearchStrategy[Entry]:
    """Return entries of one type, with any of its fields."""
    return _built(kind, patient, season, _fields(season)[kind])


#: What happens in a ledger, the frequent more often; a death, a second registration seldom.
_HAPPENS: Final = (
    *["missed"] * 4,
    *["admitted", "discharged", "moved_in", "incident"] * 2,
    *(kind for kind in TYPES if kind not in {"registered", "retracted", "visited", "died"}),
)


@cache
def events(patient: str, season: date) -> SearchStrategy[Entry]:
    """Return what may happen to a registered patient: about every second time a follow-up."""
    plain = _built("visited", patient, season, _visited_fields(season))
    well = _built("visited", patient, season, _visited_fields(season) | _WELL | {"stability": st.none()})
    visits = [*[plain] * 10, *[well] * 3, *[entries("visited", patient, season)] * 3]
    return st.one_of(visits + [entries(kind, patient, season) for kind in (*_HAPPENS, "died", "registered")])


@st.composite
def retractions(draw: st.DrawFn, known: Sequence[Entry], season: date) -> list[Entry]:
    """Draw a few retractions of known entries, and of one another."""
    found = list(known)
    for back in draw(st.lists(st.integers(1, 6), max_size=3)):
        taken = found[-1 - (back - 1) % len(found)]
        found.append(Retracted(taken.patient, draw(days_of(season)), entry=taken.id))
    return found[len(known) :]


@st.composite
def ledgers(draw: st.DrawFn, patient: str = "p1", season: date | None = None) -> Ledger:
    """Draw the ledger of one person: registered once as a rule, with a handful of entries, before it too."""
    weeks = draw(st.sampled_from(SEASONS)) if season is None else season
    registered = draw(st.builds(Registered, st.just(patient), days_of(weeks)) | entries("registered", patient, weeks))
    happened = [registered, *draw(st.lists(events(patient, weeks), max_size=8))]
    return Ledger(patient, [*happened, *draw(retractions(happened, weeks))])


@st.composite
def registers(draw: st.DrawFn) -> list[Ledger]:
    """Draw the ledgers of several people over the same weeks."""
    season = draw(st.sampled_from(SEASONS))
    return [draw(ledgers(f"p{number}", season)) for number in range(1, 1 + draw(st.integers(1, 4)))]


def asking_days(ledger: Ledger, policy: Policy) -> SearchStrategy[date]:
    """Return the days near a ledger's entries, and near the days on which something opens or falls due."""
    told = {entry.on for entry in ledger.entries} | {day for day, _ in ledger.effects}
    due = {day for on in told for line in due_visits(ledger, policy, on) for day in (line.opens_on, line.due_on)}
    near = {day + timedelta(count) for day in told | due for count in (-1, 0, 1)}
    return st.sampled_from(sorted(near))


@frozen
class Question:
    """What is asked of the library: whose ledger, which policy, which day."""

    ledger: Ledger
    policy: Policy = field(repr=lambda policy: policy.id)
    on: date = field(repr=str)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a ledger, a policy and a day that matters to both."""
    ledger, policy = draw(ledgers()), draw(policies())
    return Question(ledger, policy, draw(asking_days(ledger, policy)))


def policies() -> SearchStrategy[Policy]:
    """Return the test policies, as they are or with duties owed from some day only."""
    opened = [evolve(POLICIES[-1], duties_from=season + timedelta(WEEKS // 2)) for season in SEASONS]
    return st.sampled_from([*POLICIES, *opened])
