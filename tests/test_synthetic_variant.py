"""The synthetic variant: every word of the policy language is used, in rules that say they are made up."""

import re
import tomllib
from datetime import date
from typing import Any

import pytest
from attrs import fields

from followup import Entry, Ledger, Policy, Registered, Rule, Visited, audit, due_visits, load_policy
from followup.policy import VOCABULARY, Off
from followup.policyfile import bundled_policies
from followup.terms import Anchor, ContactMode, LineKind, Office, Role

POLICY: Policy = load_policy("synthetic-variant")
TEXT = POLICY.texts[-1]
TABLE: dict[str, Any] = tomllib.loads(TEXT)
NOT_WRITTEN = {"policy", "counted_from", "asked_since", "lead", "lone_event", "earliest"}


def spoken() -> set[str]:
    """Return every word in quotes of the file."""
    return set(re.findall(r'"([^"]*)"', TEXT))


def test_every_key_is_used() -> None:
    """What a rule or a switched-off rule can say is said somewhere."""
    keys = {key for rule in TABLE["rule"] for key in rule}
    assert {a.name.rstrip("_") for kind in (Rule, Off) for a in fields(kind)} - NOT_WRITTEN == keys
    assert {name for rule in TABLE["rule"] for when in _tables(rule.get("when", [])) for name in when} == set(
        VOCABULARY
    )


def _tables(when: Any) -> list[dict[str, Any]]:
    return when if isinstance(when, list) else [when]


@pytest.mark.parametrize("terms", [LineKind, Anchor, ContactMode, Role, Office], ids=lambda terms: terms.__name__)
def test_every_kind_anchor_way_and_party_is_used(terms: Any) -> None:
    """Each term that a rule can name is named."""
    assert {str(term) for term in terms} <= spoken()


def test_every_status_class_period_and_comparison_is_used() -> None:
    """Each state that can be asked about, each unit of time, each way to compare."""
    assert {str(value) for name in ("status", "class") for value in VOCABULARY[name]} <= spoken()
    units = {re.sub(r"^\d+ |s$", "", word) for word in spoken() if re.fullmatch(r"\d+ [a-z]+", word)}
    assert units == {"day", "week", "month", "year", "workday"}
    assert {"same day", "unknown", "1"} <= spoken()
    for sign in (">=", "<=", ">", "<"):
        assert any(re.fullmatch(f"{sign} \\d", word) for word in spoken()), sign
    assert any(re.fullmatch(r"\d\.\.\d", word) for word in spoken())
    assert any(isinstance(rule.get("when"), list) for rule in TABLE["rule"])


def test_it_says_that_it_is_synthetic() -> None:
    """In its title, in both languages, and in the source of each rule; none claims to be known."""
    assert "虚构" in POLICY.title.zh
    assert "Synthetic" in POLICY.title.en
    for rule in TABLE["rule"]:
        assert "虚构" in rule["source"]["document"]
        assert "synthetic" in rule["source"]["document"]
        assert rule["source"]["evidence"] == "assumption"


def test_it_passes_its_audit() -> None:
    """A demonstration that breaks a law would teach how to break it."""
    assert [remark.text() for remark in audit(POLICY) if remark.is_error] == []


def test_what_it_replaces_and_switches_off_holds_on_the_eve() -> None:
    """The rules of the base are in force up to the eve, and those in their place from the day on."""
    eve, day = date(2025, 12, 31), date(2026, 1, 1)
    changed = {rule["replaces"]: rule["id"] for rule in TABLE["rule"] if "replaces" in rule}
    by_id = {rule.id: rule for rule in POLICY.rules}
    for old, new in changed.items():
        assert (by_id[old].holds_on(eve), by_id[old].holds_on(day)) == (True, False)
        assert (by_id[new].holds_on(eve), by_id[new].holds_on(day)) == (False, True)
    assert not by_id["declined"].holds_on(day)


def test_four_policies_are_bundled() -> None:
    """The national norm, Dongguan's, the basic services alone, and this one."""
    assert bundled_policies() == ("basic-service-2017", "dongguan", "national-2018", "synthetic-variant")


def test_who_was_never_seen_has_a_rule_of_their_own() -> None:
    """It holds from its first day on, beside the yearly floor, whose last day it shares, and until the first follow-up."""
    told: list[Entry] = [Registered("p1", "2025-12-01"), Visited("p1", "2026-01-05", risk=0, mode="home")]

    def reasons(on: date) -> dict[str, str]:
        lines = due_visits(Ledger("p1", told), POLICY, on)
        return {reason.rule: str(reason.due_on) for line in lines if line.kind == "visit" for reason in line.reasons}

    assert reasons(date(2025, 12, 31)) == {"floor": "2026-03-01"}
    assert reasons(date(2026, 1, 1)) == {"floor": "2026-03-01", "never-seen": "2026-03-01"}
    assert "never-seen" not in reasons(date(2026, 1, 5))
