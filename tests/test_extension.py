"""Which rule is in force on which day, where one policy extends another: read from the texts once more, by hand."""

import tomllib
from datetime import date, timedelta
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from followup.policyfile import policy_from_texts

FIRST: Final = date(2026, 3, 1)
DAYS: Final = [FIRST + timedelta(number) for number in range(5)]
ASKED: Final = [FIRST + timedelta(number) for number in range(-2, 8)]
NAMES: Final = ["a", "b", "c"]

HEADER: Final = """
[policy]
id = "{id}"
title = {{ zh = "虚构", en = "synthetic" }}
"""
REASON: Final = """
source = { document = "虚构", evidence = "assumption" }
reason = { zh = "虚构", en = "synthetic" }
"""
RULE: Final = """
[[rule]]
id = "{id}"
kind = "visit"
within = "1 week"
after = ["visit", "began"]
when = {{ status = ["managed", "declined"] }}
title = {{ zh = "虚构", en = "synthetic" }}
since = {since}
"""


@st.composite
def texts(draw: st.DrawFn) -> list[str]:
    """Draw a policy of three rules, and one or two that extend it, each of them the one before."""
    found = [HEADER.format(id="p0") + "".join(draw(rules(name)) for name in NAMES)]
    known = list(NAMES)
    for level in range(1, 1 + draw(st.integers(1, 2))):
        header = HEADER.format(id=f"p{level}") + f'extends = "p{level - 1}"\n'
        targets = draw(st.lists(st.sampled_from(known), unique=True))
        written = [draw(changes(target, level)) for target in targets]
        found.append(header + "".join(written) + draw(rules(f"more-{level}")))
        known = [name for name in (*known, f"more-{level}") if name not in targets]  # what is gone cannot go again
    return found


@st.composite
def rules(draw: st.DrawFn, name: str, more: str = "") -> str:
    """Draw a rule that begins on one of a few days, and may end, on that day too."""
    since = draw(st.sampled_from(DAYS))
    until = draw(st.sampled_from([None, *(day for day in DAYS if day >= since)]))
    end = "" if until is None else f"until = {until}\n"
    return RULE.format(id=name, since=since) + end + (more or REASON.strip().splitlines()[0] + "\n")


@st.composite
def changes(draw: st.DrawFn, target: str, level: int) -> str:
    """Draw what replaces a rule of a base, under its name or another, or switches it off."""
    if draw(st.booleans()):
        return f'\n[[rule]]\noff = "{target}"\nsince = {draw(st.sampled_from(DAYS))}{REASON}'
    name = draw(st.sampled_from([target, f"{target}-{level}"]))
    return draw(rules(name, f'replaces = "{target}"{REASON}'))


def in_force(told: list[str], day: date) -> set[tuple[str, str]]:
    """Return the rules of a day, each with the policy that wrote it, as whoever reads the files would say."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for table in map(tomllib.loads, told):
        for item in table["rule"]:
            target = item.get("off") or item.get("replaces")
            if item["since"] <= day:
                found = {key: one for key, one in found.items() if key[0] != target or key[1] == table["policy"]["id"]}
            if "id" in item:
                found[item["id"], table["policy"]["id"]] = item
    return {key for key, one in found.items() if one["since"] <= day <= one.get("until", date.max)}


@given(texts())
def test_a_rule_is_in_force_from_its_first_day_to_its_last_and_until_it_is_replaced(told: list[str]) -> None:
    """The first day counts and so does the last; what replaces a rule, or switches it off, does so from its own day."""
    policy = policy_from_texts(told)
    for day in ASKED:
        assert {(rule.id, rule.policy) for rule in policy.rules if rule.holds_on(day)} == in_force(told, day)
