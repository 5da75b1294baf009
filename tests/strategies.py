"""Synthetic ledgers from a narrow calendar, so that same-day entries, late recordings and month ends do happen.

Everybody here is made up: no name, number or place is anyone's.
"""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from attrs import evolve, frozen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from hypothesis.vendor.pretty import RepresentationPrinter
from madepolicies import sound_policies

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
    "long", derandomize=False, database=None, deadline=None, max_examples=10_000, suppress_health_check=_SPARED
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
#: How many days a season has after its first.
DAYS: Final = 40

#: A duty of every kind, on top of the national norm.
DUTIES: Final = """
[policy]
id = "duties"
title = { zh = "测试用职责", en = "Duties, for tests" }
extends = "national-2018"

[[rule]]
id = "own-refer"
kind = "referral"
when = { status = ["managed", "declined"], class = "unstable" }
within = "same day"
after = ["began", "referred", "admitted"]
since = 2018-05-28
title = { zh = "转诊", en = "Refer at once" }
source = { document = "测试", evidence = "assumption" }

[[rule]]
id = "own-refer-check"
kind = "referral-check"
when = { status = ["managed", "declined"], class = "unstable" }
within = "2 weeks"
after = ["began"]
since = 2025-01-01
title = { zh = "转诊结果", en = "Learn what came of it" }
source = { document = "测试", evidence = "assumption" }

[[rule]]
id = "own-hospital-check"
kind = "status-check"
when = { status = "in_hospital" }
within = "1 month"
after = ["admitted", "done"]
since = 2018-05-28
title = { zh = "住院情况", en = "Ask whether the stay lasts" }
source = { document = "测试", evidence = "assumption" }

[[rule]]
id = "own-lost-report"
kind = "report"
when = [{ status = "lost" }, { status = "managed", misses = "3" }]
within = "same day"
after = ["began"]
to = ["care_group", "police", "higher_centre"]
since = 2018-05-28
title = { zh = "失访报告", en = "Report a loss" }
source = { document = "测试", evidence = "assumption" }

[[rule]]
id = "own-yearly-check"
kind = "health-check"
when = { status = "managed" }
within = "1 year"
after = ["informed", "checked"]
since = 2018-05-28
title = { zh = "年度体检", en = "Yearly health check" }
source = { document = "测试", evidence = "assumption" }
"""

_NATIONAL: Final = load_policy("national-2018")
_DUTIES: Final = policy_from_texts([*_NATIONAL.texts, DUTIES])
#: The last owes duties from a day in the midst of two of the seasons.
POLICIES: Final = (_NATIONAL, load_policy("dongguan"), _DUTIES, evolve(_DUTIES, duties_from=date(2026, 9, 20)))

_Fields = dict[str, SearchStrategy[Any]]


def _maybe(values: Iterable[Any]) -> SearchStrategy[Any]:
    return st.sampled_from([None, *values])


def _some(values: Sequence[Any]) -> SearchStrategy[Any]:
    return st.none() | st.lists(st.sampled_from(values), unique=True, max_size=3)


_TEXTS: Final = st.sampled_from([None, "", "甲", "=1+1"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=4
)
_FORM: Final = st.none() | st.dictionaries(st.sampled_from(["编号", "医生签名"]), st.sampled_from(["", "1"]))
_FUNCTIONS: Final = st.none() | st.dictionaries(st.sampled_from(Function), st.sampled_from(Grade))
_TEAMS: Final = ("镇东", "镇西")
_VILLAGES: Final = ("甲村", "=乙村", "")
_PRESENT: Final = ((), (Role.CARE_GROUP, Role.POLICE), (Role.POLICE,), tuple(Role))
_TOLD: Final = ((), (Role.CARE_GROUP, Role.POLICE, Office.HIGHER_CENTRE), (Role.POLICE,))
_CODED: Final = (Stability.STABLE, Stability.BASIC, None, None, Stability.UNSTABLE)

#: A follow-up that tells little: no class is recorded, and none is computed.
_VAGUE: Final[_Fields] = {name: st.none() for name in ("mode", "present", "stability", "insight")} | {
    "risk": st.just(0)
}
#: The follow-up of somebody who is well by every criterion: only such a one is computed as stable.
_WELL: Final[_Fields] = {
    "risk": st.just(RiskLevel.NONE),
    "symptoms": st.just(()),
    "insight": st.just(Insight.FULL),
    "functions": st.just(dict.fromkeys(Function, Grade.GOOD)),
    "reaction": st.just(Reaction.NONE),
    "physical": st.just(Physical.STABLE),
}


def _weeks(season: date, count: int = DAYS) -> list[date]:
    return [season + timedelta(number) for number in range(count + 1)]


def days_of(season: date, count: int = DAYS) -> SearchStrategy[date]:
    """Return the days of a season, the first where it does not matter."""
    return st.sampled_from(_weeks(season, count))


def _maybe_day(season: date, count: int = DAYS) -> SearchStrategy[date | None]:
    return _maybe(_weeks(season, count))


def _recorded(season: date) -> SearchStrategy[str | None]:
    return _maybe(f"{day}T09:00:00+08:00" for day in _weeks(season, 3 * DAYS))


def _that_matter(season: date) -> dict[str, _Fields]:
    """Return the fields of each entry type that dates can depend on."""
    informed = {"informed_on": _maybe_day(season)}
    return {kind: {} for kind in TYPES} | {
        "registered": informed | {"consents": st.sampled_from([True, False])},
        "consented": informed,
        "declined": informed,
        "visited": {
            "risk": st.sampled_from([0, 1, 2, 3, *RiskLevel, 0, 0]),
            "mode": _maybe(ContactMode),
            "seen": _maybe([(Seen.PATIENT,), (Seen.FAMILY,)]),
            "present": _maybe(_PRESENT),
            "insight": _maybe(Insight),
            "stability": _maybe(_CODED),
            "next_on": _maybe_day(season, 3 * DAYS),
        },
        "referred": {"outcome": _maybe(["admitted"])},
        "discharged": informed,
        "done": {"kind": st.sampled_from(LineKind), "to": _maybe(_TOLD)},
        "postponed": {"until": days_of(season, 3 * DAYS)},
        "retracted": {"entry": st.sampled_from(["0" * 20, "f" * 20])},
    }


def _that_do_not(season: date) -> dict[str, _Fields]:
    """Return all other fields of each entry type."""
    texts = {name: dict.fromkeys(names.split(), _TEXTS) for name, names in _TEXT_FIELDS.items()}
    person: _Fields = {"sex": _maybe(Sex), "born": _maybe_day(season), "id_number": _maybe(["SYNTHETIC-1"])}
    place: _Fields = {"team": _maybe(_TEAMS), "village": _maybe(_VILLAGES)}
    more: dict[str, _Fields] = {
        "registered": person | place | {"diagnosis": _maybe(Diagnosis), "form": _FORM},
        "amended": person,
        "assigned": place,
        "visited": {
            "seen": _some(list(Seen)),
            "present": _some(list(Role)),
            "symptoms": _some(list(Symptom)),
            "functions": _FUNCTIONS,
            "adherence": _maybe(Adherence),
            "reaction": _maybe(Reaction),
            "physical": _maybe(Physical),
            "form": _FORM,
        },
        "missed": {"mode": _maybe(ContactMode), "present": _maybe(_PRESENT)},
        "incident": {"kind": _maybe(IncidentKind)},
    }
    return {kind: texts.get(kind, {}) | more.get(kind, {}) for kind in TYPES}


_PERSON: Final = "name phone guardian"
_TEXT_FIELDS: Final = {
    **dict.fromkeys(["admitted", "discharged", "detained", "released", "lost", "found", "died", "retracted"], "reason"),
    "registered": _PERSON,
    "amended": _PERSON,
    "missed": "reason",
    "referred": "to reason outcome",
    "moved_out": "to reason",
    "moved_in": "from_ reason",
    "done": "outcome",
    "postponed": "author reason",
}


def _built(kind: str, patient: str, season: date, fields: _Fields, days: int = DAYS) -> SearchStrategy[Entry]:
    when = days_of(season, days)
    return st.builds(TYPES[kind], st.just(patient), when, recorded_at=_recorded(season), **fields)


@cache
def entries(kind: str, patient: str = "p1", season: date = SEASONS[0]) -> SearchStrategy[Entry]:
    """Return entries of one type, with any of its fields."""
    return _built(kind, patient, season, _that_matter(season)[kind] | _that_do_not(season)[kind])


#: How often what happens in a ledger beside follow-ups, where not once.
_OFTEN: Final = {"missed": 10, "incident": 4, "admitted": 2, "discharged": 2, "moved_in": 2, "retracted": 0}


@cache
def events(patient: str, season: date) -> SearchStrategy[Entry]:
    """Return what may happen to a patient: about every second time a follow-up."""
    fields = _that_matter(season)
    lean = {kind: _built(kind, patient, season, fields[kind]) for kind in TYPES}
    well = _built("visited", patient, season, fields["visited"] | _WELL | {"stability": st.none()})
    vague = _built("visited", patient, season, fields["visited"] | _VAGUE)
    found = [lean["visited"]] * 18 + [vague] * 5 + [well] * 3 + [entries("visited", patient, season)] * 3
    found += [lean[kind] for kind in TYPES for _ in range(_OFTEN.get(kind, 1))]
    return st.sampled_from(found).flatmap(lambda chosen: chosen)  # one_of would count each but once


@cache
def registrations(patient: str, season: date) -> SearchStrategy[Entry]:
    """Return registrations in a season's first days, most of them bare."""
    bare = st.builds(Registered, st.just(patient), days_of(season, 4))
    return bare | _built("registered", patient, season, _that_matter(season)["registered"], 14)


@st.composite
def retractions(draw: st.DrawFn, known: Sequence[Entry], season: date) -> list[Entry]:
    """Draw a few retractions of known entries, and of one another."""
    found = list(known)
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        taken = draw(st.sampled_from(found[:0:-1] * 4 + found[:1]))  # the registration seldom
        found.append(Retracted(taken.patient, draw(days_of(season)), entry=taken.id))
    return found[len(known) :]


@st.composite
def ledgers(draw: st.DrawFn, patient: str = "p1", season: date | None = None) -> Ledger:
    """Draw the ledger of one person: registered once as a rule, with a handful of entries, before it too."""
    weeks = draw(st.sampled_from(SEASONS)) if season is None else season
    known = [draw(registrations(patient, weeks)), *draw(st.lists(events(patient, weeks), max_size=10))]
    return Ledger(patient, [*known, *draw(retractions(known, weeks))])


def asking_days(ledger: Ledger, policy: Policy) -> SearchStrategy[date]:
    """Return the days near a ledger's entries, and near the days on which something opens or falls due.

    The eve of the registration is among them, the last to be chosen.
    """
    begins = min((fact.on for fact in ledger.facts if isinstance(fact, Registered)), default=date.min)
    told = {entry.on for entry in ledger.entries} | {day for day, _ in ledger.effects}
    due = {day for on in told for line in due_visits(ledger, policy, on) for day in (line.opens_on, line.due_on)}
    near = {day + timedelta(count) for day in told | due for count in (-1, 0, 1) if day >= begins}
    return st.sampled_from(sorted(near, key=lambda day: (day < begins, day)))


@frozen(repr=False)
class Question:
    """What is asked of the library: whose ledger, which policy, which day."""

    ledger: Ledger
    policy: Policy
    on: date

    def __repr__(self) -> str:
        """Tell the question in JSON lines, as a whole policy tells nobody anything."""
        told = [json.dumps(entry.as_json(), ensure_ascii=False) for entry in self.ledger.entries]
        duties = "" if self.policy.duties_from is None else f", duties from {self.policy.duties_from}"
        return "\n  ".join([f"on {self.on} by {self.policy.id}{duties}:", *told])

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:  # noqa: ARG002, FBT001
        printer.text(repr(self))


@cache
def policies() -> SearchStrategy[Policy]:
    """Return policies: the bundled ones as often as those made at random that pass their audit."""
    made = sound_policies(64 if settings.get_current_profile_name() == "long" else 16)
    return st.sampled_from([*POLICIES * (len(made) // len(POLICIES)), *made])


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a ledger, a policy and a day that matters to both."""
    ledger, policy = draw(ledgers()), draw(policies())
    return Question(ledger, policy, draw(asking_days(ledger, policy)))


@st.composite
def rounds(draw: st.DrawFn) -> list[Question]:
    """Draw the same question about several people, whose ledgers are of the same weeks."""
    season, policy = draw(st.sampled_from(SEASONS)), draw(policies())
    register = [draw(ledgers(f"p{number}", season)) for number in range(1, 1 + draw(st.integers(1, 4)))]
    on = draw(asking_days(draw(st.sampled_from(register)), policy))
    return [Question(ledger, policy, on) for ledger in register]
