"""The audit, by mutation: the national policy broken in many ways, each caught with the law it breaks."""

import re
from datetime import date

import pytest

from followup import InvalidPolicy, Policy, Remark, audit, bundled_policies, load_policy
from followup.policyfile import policy_from_texts

NATIONAL = load_policy("national-2018").texts[0]
JOINT = load_policy("dongguan").texts[1]
LOCAL = '[policy]\nid = "town"\ntitle = { zh = "某镇", en = "A town" }\nextends = "national-2018"\n'
HOME = 'status = ["managed", "declined"]'
WRITTEN = 'since = 2018-05-28\ntitle = { zh = "某", en = "a" }\nsource = { document = "虚构", clause = "1", evidence = "assumption" }\n'


def blocks() -> dict[str, str]:
    """Return the rules of the national policy as texts, by their ids."""
    parts = NATIONAL.split("\n[[rule]]\n")[1:]
    return {part.split('"')[1]: "\n[[rule]]\n" + part for part in parts}


def without(*ids: str) -> str:
    """Return the national policy without some rules."""
    text = NATIONAL
    for name in ids:
        text = text.replace(blocks()[name].rstrip("\n"), "", 1)
    return text


def changed(name: str, old: str, new: str) -> str:
    """Return the national policy with one rule changed."""
    block = blocks()[name]
    assert old in block
    return NATIONAL.replace(block, block.replace(old, new), 1)


def added(name: str, condition: str, within: str, after: str = '["visit", "began"]', more: str = "") -> str:
    """Return the text of one more rule; it asks for a visit where nothing else is said."""
    kind = "" if "kind =" in more else 'kind = "visit"\n'
    return f'\n[[rule]]\nid = "{name}"\n{kind}when = {{ {condition} }}\nwithin = "{within}"\nafter = {after}\n{more}\n{WRITTEN}'


def errors(*texts: str) -> list[Remark]:
    """Return the errors of the policy that the texts make."""
    return [remark for remark in audit(policy_from_texts(texts)) if remark.is_error]


UNSTABLE = f'{HOME}, class = "unstable"'

BROKEN: dict[str, tuple[str, str, int | None, str]] = {
    # what is done to it: its text, the code of the error, the law, a rule that is named
    "floor-and-stable-dropped": (without("floor", "stable", "declined"), "gap", 2, ""),
    "floor-and-unstable-dropped": (without("floor", "unstable"), "gap", 2, ""),
    "floor-dropped-nobody-visits-the-unseen": (without("floor"), "gap", 2, ""),
    "floor-for-managed-alone": (changed("floor", HOME, 'status = "managed"'), "less", 4, "floor"),
    "floor-begins-later": (changed("floor", "2018-05-28", "2020-01-01"), "gap", 2, ""),
    "floor-ends": (changed("floor", "since = 2018-05-28", "since = 2018-05-28\nuntil = 2027-01-01"), "gap", 2, ""),
    "floor-counts-from-visits-alone": (changed("floor", '["visit", "began"]', '["visit"]'), "gap", 2, ""),
    "floor-counts-from-its-beginning-alone": (changed("floor", '["visit", "began"]', '["began"]'), "gap", 2, ""),
    "floor-of-a-health-check": (changed("floor", 'kind = "visit"', 'kind = "health-check"'), "gap", 2, ""),
    "floor-of-14-weeks": (changed("floor", "3 months", "14 weeks"), "few", None, "floor"),
    "floor-of-4-months": (changed("floor", "3 months", "4 months"), "few", None, "floor"),
    "floor-of-92-days": (changed("floor", "3 months", "92 days"), "few", None, "floor"),
    "unstable-every-5-weeks": (changed("unstable", "2 weeks", "5 weeks"), "less", 4, "unstable"),
    "unstable-every-15-days": (changed("unstable", "2 weeks", "15 days"), "less", 4, "unstable"),
    "unstable-dropped": (without("unstable"), "less", 4, "basic-first"),
    "unstable-for-managed-alone": (changed("unstable", HOME, 'status = "managed"'), "less", 4, "unstable"),
    "unstable-until-attempts-fail": (changed("unstable", UNSTABLE, f'{UNSTABLE}, misses = "0"'), "less", 4, "unstable"),
    "unstable-at-risk-3-alone": (changed("unstable", UNSTABLE, f'{UNSTABLE}, risk = "<= 3"'), "less", 4, "unstable"),
    "unstable-not-at-risk-0": (changed("unstable", UNSTABLE, f'{UNSTABLE}, risk = ">= 1"'), "less", 4, "basic-first"),
    "unstable-the-first-time-alone": (changed("unstable", UNSTABLE, f'{UNSTABLE}, class_run = "1"'), "less", 4, "undetermined-again"),
    "basic-branch-closed": (without("basic-again"), "less", 4, "undetermined-again"),
    "basic-first-dropped": (without("basic-first"), "less", 4, "undetermined-first"),
    "basic-swapped-with-stable": (
        changed("stable", 'class = "stable"', 'class = "basic"').replace('class = "basic", class_run = ">= 2"', 'class = "stable"'),
        "less", 4, "basic-again",
    ),
    "undetermined-stricter-than-basic": (changed("undetermined-first", "2 weeks", "1 week"), "less", 4, "undetermined-first"),
    "declined-split-off": (
        changed("unstable", HOME, 'status = "managed"') + added("declined-too", 'status = "declined", class = "unstable"', "2 weeks"),
        "less", 4, "unstable",
    ),
    "30-days-at-more-than-a-month": (
        changed("undetermined-again", "1 month", "4 weeks"), "less", 4, "undetermined-again",
    ),
    "status-forgotten": (changed("floor", f"{{ {HOME} }}", '{ class_run = ["0", "1", "2"] }'), "absent", 2, "floor"),
    "visits-to-the-lost": (changed("unstable", HOME, 'status = ["managed", "declined", "lost"]'), "absent", 2, "unstable"),
    "visits-in-hospital": (NATIONAL + added("ward", 'status = "in_hospital"', "1 month"), "absent", 2, "ward"),
    "doctors-date-beside-the-visit": (changed("doctors-date", '["planned"]', '["planned", "visit"]'), "latest", 4, "doctors-date"),
    "failed-attempt-beside-the-visit": (
        NATIONAL + added("again", HOME, "1 week", '["first_missed", "visit"]'), "latest", 4, "again",
    ),
    "transition-without-a-rule-before": (changed("floor", "since", 'transition = "20 years"\nsince'), "gap", 2, ""),
    "10-workdays-are-longer-than-3-weeks": (
        changed("unstable", "2 weeks", "10 workdays").replace('2 weeks"\nafter = ["visit"', '3 weeks"\nafter = ["visit"'),
        "less", 4, "basic-first",
    ),
    "declined-from-declining-alone": (
        changed("declined", '3 months"\nafter = ["visit", "began"]', '2 weeks"\nafter = ["began"]'), "lapse", 4, "declined",
    ),
    "consent-beside-the-visit": (changed("first-visit", '["informed"]', '["informed", "visit"]'), "latest", 4, "first-visit"),
    "visit-for-no-failed-attempt": (
        NATIONAL + added("calm", f'{HOME}, misses = "0"', "1 week"), "less", 4, "calm",
    ),
    "one-of-the-better-class-alone": (NATIONAL + added("spoilt", f'{HOME}, class = "stable"', "1 week"), "less", 4, "spoilt"),
    "incident-answered-at-low-risk-alone": (
        changed("incident", f"{{ {HOME} }}", f'{{ {HOME}, risk = "<= 1" }}').replace('within = "2 weeks"\nafter = ["incident"]', 'within = "3 days"\nafter = ["incident"]'),
        "less", 4, "incident",
    ),
    "class-that-the-risk-excludes": (NATIONAL + added("none", f'{HOME}, class = "stable", risk = ">= 3"', "1 week"), "never", 5, "none"),
    "undetermined-at-risk-2": (NATIONAL + added("none", f'{HOME}, class = "undetermined", risk = "2"', "1 week"), "never", 5, "none"),
    "retry-without-failure": (changed("retry-second", 'misses = "1"', 'misses = "0"'), "never", 5, "retry-second"),
    "planned-for-the-unseen": (changed("doctors-date", f"{{ {HOME} }}", f'{{ {HOME}, risk = "unknown" }}'), "never", 5, "doctors-date"),
    "beaten-everywhere": (NATIONAL + added("weekly", UNSTABLE, "1 week"), "beaten", 5, "unstable"),
    "beaten-from-visits-alone": (NATIONAL + added("slower", UNSTABLE, "3 weeks", '["visit"]'), "beaten", 5, "slower"),
    "beaten-by-one-from-visits-alone": (NATIONAL + added("weekly", UNSTABLE, "1 week", '["visit"]'), "beaten", 5, "unstable"),
    "report-beaten": (changed("hospital-status", "3 months", "1 month") + blocks()["hospital-status"].replace('"hospital-status"', '"twice"'), "beaten", 5, "twice"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "law", "rule"), BROKEN.values(), ids=BROKEN)
def test_a_broken_national_policy_is_caught(text: str, code: str, law: int | None, rule: str) -> None:
    """Each mutation is found, with the law it breaks, and the rule and the state that show it."""
    assert text != NATIONAL
    codes = {"less", "dropped", "anew"} if code == "less" else {code}
    found = [remark for remark in errors(text) if remark.code in codes]
    named = [remark for remark in found if not rule or rule in remark.rules]
    assert named, [remark.text() for remark in errors(text)]
    assert named[0].law == law
    assert law is None or named[0].text("en").startswith(f"law {law}: ")
    assert named[0].text("zh") != named[0].text("en")
    if code in {"gap", "few", "less"}:
        assert named[0].state is not None


UNREAD = {
    "field-misspelt": (changed("floor", "within", "witin"), 'did you mean "within"'),
    "value-misspelt": (changed("floor", '"managed"', '"manged"'), 'did you mean "managed"'),
    "period-of-nothing": (changed("floor", "3 months", "0 months"), "is no period"),
    "no-source": (re.sub(r"(?s)(id = \"floor\".*?)source = [^\n]*\n", r"\1", NATIONAL, count=1), '"source" is missing'),
    "no-since": (changed("floor", "since = 2018-05-28\n", ""), '"since" is missing'),
    "id-taken": (NATIONAL + blocks()["floor"], 'the rule id "floor" is taken'),
    "ends-before-it-begins": (changed("floor", "since = 2018-05-28", "since = 2018-05-28\nuntil = 2018-01-01"), "before it begins"),
    "report-to-nobody": (changed("loss-report", 'to = ["care_group", "police", "higher_centre"]\n', ""), '"to" is missing'),
    "parties-of-a-duty": (changed("refer", "since", 'with = ["police"]\nsince'), "no such key"),
    "transition-in-working-days": (changed("floor", "since", 'transition = "5 workdays"\nsince'), "a transition is counted"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), UNREAD.values(), ids=UNREAD)
def test_what_cannot_be_read_is_refused_by_the_loader(text: str, words: str) -> None:
    """A misspelt or impossible rule never comes as far as the audit."""
    with pytest.raises(InvalidPolicy) as caught:
        policy_from_texts([text])
    assert words in str(caught.value)


def local(text: str) -> list[Remark]:
    """Return the errors of a local policy upon the national one."""
    return errors(NATIONAL, LOCAL + text)


OFF = '\n[[rule]]\noff = "{name}"\nsince = 2026-01-01\nreason = {{ zh = "某", en = "a" }}\nsource = {{ document = "虚构", clause = "1", evidence = "assumption" }}\n'
REPLACED = 'replaces = "{name}"\nreason = {{ zh = "某", en = "a" }}\n{more}'


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (OFF.format(name="floor"), {"gap"}),
        (OFF.format(name="health-check"), set()),
        (added("quarter", HOME, "13 weeks", more=REPLACED.format(name="floor", more="")), set()),
        (added("rare", HOME, "4 months", more=REPLACED.format(name="floor", more="")), {"few"}),
        (added("weekly", UNSTABLE, "1 week", more=REPLACED.format(name="unstable", more="")), set()),
        (added("rare", UNSTABLE, "3 weeks", more=REPLACED.format(name="unstable", more="")), {"less"}),
    ],
)
def test_a_local_policy_is_audited_with_its_base(text: str, codes: set[str]) -> None:
    """What a local policy replaces or switches off may open a gap from its day on."""
    assert {remark.code for remark in local(text)} == codes


def test_a_replacement_of_what_is_not_there_gets_a_guess() -> None:
    """A misspelt rule of the base is named, with the one that was meant."""
    with pytest.raises(
        InvalidPolicy, match=r'rule\[flor\]\.off: no rule "flor" comes from a base; did you mean "floor"'
    ):
        local(OFF.format(name="flor"))


@pytest.mark.parametrize(
    ("old", "new"),
    [('risk = ">= 3"', 'risk = "3"'), ('status = ["managed", "declined"], risk', 'status = "managed", risk')],
)
def test_a_joint_follow_up_that_a_higher_risk_would_end_is_caught(old: str, new: str) -> None:
    """Binding parties stay bound when the risk rises or the patient declines."""
    assert old in JOINT
    found = errors(NATIONAL, JOINT.replace(old, new))
    assert {(remark.law, remark.rules[0]) for remark in found} == {(4, "risk3-joint")}


def test_a_joint_follow_up_split_by_level_is_caught() -> None:
    """A rule of its own for each level would begin anew, in time, on the day the risk rises."""
    joint = JOINT[JOINT.index("[[rule]]") :]
    split = (
        JOINT.replace('">= 3"', '"3"')
        + "\n"
        + joint.replace('"risk3-joint"', '"risk4-joint"').replace('">= 3"', '">= 4"')
    )
    assert ("risk3-joint" in errors(NATIONAL, split)[0].rules, errors(NATIONAL, split)[0].law) == (True, 4)


HARMLESS = {
    "comment": NATIONAL + "\n# a comment\n",
    "title": NATIONAL.replace("At least four follow-ups a year", "Four times a year"),
    "stable-dropped": without("stable"),
    "stable-every-13-weeks": changed("stable", "3 months", "13 weeks"),
    "floor-of-91-days": changed("floor", "3 months", "91 days"),
    "unstable-weekly": changed("unstable", "2 weeks", "1 week"),
    "stricter-at-risk-4": NATIONAL + added("four", f'{HOME}, risk = ">= 4"', "3 days"),
    "another-duty": NATIONAL + added("duty", 'status = "dead"', "1 week", '["began"]', 'kind = "status-check"'),
    "incident-at-once": changed("incident", "2 weeks", "same day"),
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_change_passes(text: str) -> None:
    """The audit cries only over what hurts."""
    assert [remark.text() for remark in errors(text)] == []


def bundled() -> list[Policy]:
    """Return the policies that come with the library."""
    return [load_policy(name) for name in bundled_policies()]


@pytest.mark.parametrize("policy", bundled(), ids=lambda policy: policy.id)
def test_bundled_policies_pass_and_say_what_is_not_certain(policy: Policy) -> None:
    """No error; every rule that is unconfirmed or assumed is listed, so are months and the calendar's end."""
    remarks = audit(policy)
    assert not [remark for remark in remarks if remark.is_error]
    doubtful = {rule.id for rule in policy.rules if rule.source.evidence in {"unconfirmed", "assumption"}}
    assert {remark.rules[0] for remark in remarks if remark.code == "unconfirmed"} == doubtful
    (months,) = [remark for remark in remarks if remark.code == "months"]
    assert set(months.rules) == {rule.id for rule in policy.rules if rule.within.unit in {"month", "year"}}
    (calendar,) = [remark for remark in remarks if remark.code == "calendar"]
    assert "published until the end of 20" in calendar.text("en")


SPLIT = NATIONAL.replace(
    blocks()["incident"],
    "".join(
        blocks()["incident"].replace('"incident"', f'"{name}"', 1).replace(HOME, f'{HOME}, risk = "{risk}"').replace("2 weeks", within)
        for name, risk, within in (("i1", "<= 2", "3 days"), ("i2", ">= 3", "1 week"))
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (changed("unstable", '"2 weeks"', '"10 workdays"'), {("basic-first", "unstable"), ("undetermined-first", "unstable")}),
        (SPLIT, {("i1", "i2")}),
        (BROKEN["incident-answered-at-low-risk-alone"][0], {("incident",)}),
    ],
    ids=["working-days", "two-for-an-incident", "none-for-an-incident"],
)  # fmt: skip
def test_an_error_names_the_rule_that_is_to_blame(text: str, named: set[tuple[str, ...]]) -> None:
    """It is the one that counts from the same days, not another that happens to hold there too."""
    found = errors(text)
    assert {remark.rules for remark in found} == named
    assert not any(re.search(r"\d (day|week|month)", remark.text("zh")) for remark in found)


@pytest.mark.parametrize("anchor", ["referred", "done", "checked", "admitted"])
def test_a_deed_that_would_put_a_visit_off_is_caught(anchor: str) -> None:
    """A visit that counts from the latest of the last visit and a deed comes later by the deed."""
    found = errors(NATIONAL + added("after-it", UNSTABLE, "13 days", f'["visit", "{anchor}"]'))
    assert {(remark.code, remark.law, remark.rules) for remark in found} >= {("latest", 4, ("after-it",))}


def test_what_a_local_policy_takes_away_is_noted() -> None:
    """A duty switched off, and a health check less often than once a year, are told to whoever signs."""
    notes = audit(policy_from_texts([changed("health-check", "1 year", "2 years"), LOCAL + OFF.format(name="refer")]))
    told = {remark.code: remark.text("en") for remark in notes if remark.code in {"off", "rare"}}
    assert told == {
        "off": "refer is switched off from 2026-01-01 on: a",
        "rare": "health-check: the health check is owed less often than once a year (2 years)",
    }


def test_a_kind_of_line_that_no_rule_asks_for_is_noted() -> None:
    """Without its rule, or once it has ended, nobody is asked for it: nothing else would say so."""
    ended = changed("health-check", "since = 2018-05-28", "since = 2018-05-28\nuntil = 2027-01-01")
    for text in (without("health-check"), ended):
        told = [remark for remark in audit(policy_from_texts([text])) if remark.code == "without"]
        assert [remark.text("en") for remark in told] == ["no rule asks for: health check"]
    told = [remark for remark in audit(load_policy("basic-service-2017")) if remark.code == "without"]
    assert [remark.text("en") for remark in told] == [
        "no rule asks for: first follow-up, another attempt, status check, report"
    ]
    assert not any(remark.code == "without" for remark in audit(load_policy("national-2018")))


def test_a_rule_that_begins_later_leaves_a_gap_until_then() -> None:
    """Whoever goes by a policy from a day on is told that nobody would be visited until its first rule begins."""
    late = policy_from_texts([NATIONAL.replace("2018-05-28", "2030-01-01")])
    assert not [remark for remark in audit(late) if remark.is_error]
    gaps = [remark for remark in audit(late, date(2026, 12, 1)) if remark.is_error]
    assert {(remark.code, str(remark.since)) for remark in gaps} == {("gap", "2026-12-01")}


@pytest.mark.parametrize("old", bundled(), ids=lambda policy: policy.id)
@pytest.mark.parametrize("new", bundled(), ids=lambda policy: policy.id)
def test_every_bundled_policy_may_follow_every_other(old: Policy, new: Policy) -> None:
    """The audit of a change of rules cries only over what hurts."""
    day = date(2026, 12, 1)
    assert not [remark.text() for remark in audit(old.then(new, day), day) if remark.is_error]


def test_a_source_without_its_clause_is_noted() -> None:
    """Every rule is cited; a citation without a clause is told."""
    text = re.sub(r'clause = "间隔由各地自定", ', "", NATIONAL)
    assert {remark.rules for remark in audit(policy_from_texts([text])) if remark.code == "clause"} == {
        ("declined",),
        ("lost-status",),
    }


def test_an_error_names_the_state_and_the_two_rules() -> None:
    """Whoever reads it knows who would be seen later, by which rule, and than whom."""
    (first, *_) = [remark for remark in errors(BROKEN["unstable-every-5-weeks"][0]) if remark.code == "less"]
    text = first.text("en")
    assert "class unstable" in text
    assert len(first.rules) == 2
    assert all(rule in text for rule in first.rules)
