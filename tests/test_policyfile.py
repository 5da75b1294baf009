"""Policies as files: what is read, and what is refused with which words."""

from pathlib import Path

import pytest

from followup import InvalidPolicy, Policy, load_policy
from followup.policyfile import policy_from_texts

HEADER = '[policy]\nid = "x"\ntitle = { zh = "某", en = "x" }\n'
RULE = """
[[rule]]
id = "a"
kind = "visit"
when = { status = "managed" }
within = "2 weeks"
after = ["visit", "began"]
since = 2026-01-01
title = { zh = "某", en = "a" }
source = { document = "某", clause = "1", evidence = "assumption" }
"""


def policy(*changes: tuple[str, str], header: str = HEADER) -> Policy:
    """Return the small policy with texts replaced."""
    text = header + RULE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return policy_from_texts([text])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("within =", "witin =", 'rule[a].witin: unknown key "witin"; did you mean "within"?'),
        ("since = 2026-01-01\n", "", 'rule[a].since: "since" is missing; give it a value'),
        (
            'source = { document = "某", clause = "1", evidence = "assumption" }',
            "",
            'rule[a].source: "source" is missing',
        ),
        ('"visit"\nwhen', '"visits"\nwhen', 'rule[a].kind: "visits" is no LineKind; did you mean "visit"?'),
        ('"2 weeks"', '"2 fortnights"', 'rule[a].within: "2 fortnights" is no period; write "2 weeks"'),
        ('"2 weeks"', '"-2 weeks"', 'rule[a].within: "-2 weeks" is no period'),
        ('"2 weeks"', '"0 weeks"', 'rule[a].within: "0 weeks" is no period'),
        ('"2 weeks"', "14", 'rule[a].within: "14" is no period'),
        ("[policy]", "[polcy]", 'polcy: unknown key "polcy"; did you mean "policy"?'),
        ("[policy]", "[header]", 'header: unknown key "header"; use one of: policy, rule'),
        ("status", "staus", 'rule[a].when.staus: unknown key "staus"; did you mean "status"?'),
        ("status", "age", 'rule[a].when.age: unknown key "age"; use one of: status, risk, class, class_run, misses'),
        ('"managed"', '"manged"', 'rule[a].when.status: "manged" is no status; did you mean "managed"?'),
        ('{ status = "managed" }', '{ risk = ">= 6" }', 'rule[a].when.risk: ">= 6" is no risk; use one of: unknown, 0'),
        ('{ status = "managed" }', "{ risk = 3 }", 'rule[a].when.risk: "3" is no text; write some in quotes'),
        ('{ status = "managed" }', "{}", "rule[a].when: a condition is a table"),
        ('{ status = "managed" }', "{ status = [] }", 'rule[a].when.status: "[]" is no list'),
        ('"began"', '"begun"', 'rule[a].after[2]: "begun" is no Anchor; did you mean "began"?'),
        ('["visit", "began"]', '"visit"', 'rule[a].after: "visit" is no list; write at least one value in [brackets]'),
        ("2026-01-01", '"2026-01-01"', 'rule[a].since: "2026-01-01" is no date; write it without quotes'),
        ("2026-01-01", "2026-01-01T00:00:00", "rule[a].since:"),
        ("2026-01-01", "0001-01-01", 'rule[a].since: "0001-01-01" is no day of the calendar between 1900 and 2200'),
        ("2026-01-01", "9500-01-01", 'rule[a].since: "9500-01-01" is no day of the calendar between 1900 and 2200'),
        ("2026-01-01", "2026-01-01\nuntil = 9999-12-31", 'rule[a].until: "9999-12-31" is no day of the calendar'),
        ('en = "a"', 'en = ""', 'rule[a].title.en: "" is no text; write some in quotes'),
        ('"assumption"', '"publshed"', 'rule[a].source.evidence: "publshed" is no Evidence; did you mean "published"?'),
        (
            "since",
            'opens = "3 weeks"\nsince',
            'rule[a].opens: it opens "3 weeks" before a last day that is only "2 weeks"',
        ),
        (
            'within = "2 weeks"',
            'within = "same day"\nopens = "1 day"',
            'rule[a].opens: it opens "1 day" before a last day that is only "same day"',
        ),
        ("since", 'opens = "1 month"\nsince', 'rule[a].opens: "1 month" is no opening; give it in days or weeks'),
        ("since", 'with = ["polise"]\nsince', 'rule[a].with[1]: "polise" is no Role; did you mean "police"?'),
        ("since", 'to = ["police"]\nsince', 'rule[a].to: a rule of the kind "visit" has no such key; take it out'),
        ('"x"\ntitle', '"x"\nextend = "y"\ntitle', 'policy.extend: unknown key "extend"; did you mean "extends"?'),
        ("[[rule]]", "[[rules]]", 'rules: unknown key "rules"; did you mean "rule"?'),
        ("[[rule]]", "[[rule]", "this is no valid TOML"),
    ],
)
def test_a_bad_policy_says_where_and_how_to_mend_it(old: str, new: str, problem: str) -> None:
    """Each error names its path in the file and its remedy."""
    with pytest.raises(InvalidPolicy) as caught:
        policy((old, new))
    assert problem in str(caught.value)
    assert caught.value.text("zh") != caught.value.text("en")


def test_all_errors_of_a_file_come_at_once() -> None:
    """Nobody mends a file one error at a time."""
    with pytest.raises(InvalidPolicy) as caught:
        policy(('"2 weeks"', '"soon"'), ('"managed"', '"alive"'), ('"assumption"', '"rumour"'))
    assert len(caught.value.problems) == 3


def test_a_rule_id_is_taken_once() -> None:
    """An id that a base has, or the file itself, cannot be taken again."""
    with pytest.raises(InvalidPolicy, match=r'the rule id "a" is taken \(by policy 1\)'):
        policy_from_texts([HEADER + RULE + RULE])
    with pytest.raises(InvalidPolicy, match=r"policy 2, rule\[a\].id"):
        policy_from_texts([HEADER + RULE, HEADER + RULE])


def test_extends_that_does_not_exist_gets_a_guess(tmp_path: Path) -> None:
    """A misspelt base is named, with the bundled one that was meant."""
    path = tmp_path / "own.toml"
    path.write_text(HEADER.replace("title", 'extends = "national-2081"\ntitle', 1) + RULE, "utf-8")
    with pytest.raises(
        InvalidPolicy, match=r'policy\.extends: there is no policy "national-2081"; did you mean "national-2018"'
    ):
        load_policy(path)


def test_policies_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    """A circle of bases is an error, not a hang."""
    for name, base in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.toml").write_text(HEADER.replace("title", f'extends = "{base}.toml"\ntitle', 1), "utf-8")
    with pytest.raises(InvalidPolicy, match="extend each other in a circle"):
        load_policy(tmp_path / "a.toml")


def test_a_policy_has_another_id_than_its_base_and_names_of_one_line(tmp_path: Path) -> None:
    """Two policies of one name, and an id that would break a list, are refused in a file, and opened in a register."""
    own = tmp_path / "own.toml"
    header = HEADER.replace('"x"', '"national-2018"', 1) + 'extends = "national-2018"\n'
    own.write_text(header + RULE.replace('id = "a"', 'id = "a\\nb"'), "utf-8")
    with pytest.raises(InvalidPolicy) as caught:
        load_policy(own)
    assert 'own.toml, policy.id: a policy cannot have the id of its base, "national-2018"' in str(caught.value)
    assert "rule[a�b].id: it must be text on one line" in str(caught.value)
    assert policy_from_texts([*load_policy("national-2018").texts, own.read_text("utf-8")]).rules[-1].id == "a\nb"


def test_a_local_policy_adds_to_its_base(tmp_path: Path) -> None:
    """The base's rules come first and keep their own policy's name."""
    (tmp_path / "own.toml").write_text(HEADER.replace("title", 'extends = "dongguan"\ntitle', 1) + RULE, "utf-8")
    found = load_policy(tmp_path / "own.toml")
    assert [rule.policy for rule in found.rules][-2:] == ["dongguan", "x"]
    assert found.extends == "dongguan"
    assert found == policy_from_texts(found.texts)


def test_version_is_a_hash_of_what_the_policy_says() -> None:
    """A comment changes nothing; a rule of the policy or of its base does."""
    base = policy()
    assert policy(("[[rule]]", "# a comment\n[[rule]]")).version == base.version
    assert policy(('"2 weeks"', '"3 weeks"')).version != base.version
    assert policy_from_texts([HEADER, HEADER + RULE]).version != base.version


@pytest.mark.parametrize(
    ("when", "risks"),
    [
        ('risk = "3"', [3]),
        ('risk = ">= 3"', [3, 4, 5]),
        ('risk = "<= 1"', [0, 1]),
        ('risk = "> 4"', [5]),
        ('risk = "< 1"', [0]),
        ('risk = "1..2"', [1, 2]),
        ('risk = "unknown"', [None]),
        ('risk = ["unknown", "0", ">= 5"]', [None, 0, 5]),
    ],
)
def test_conditions_allow_what_they_say(when: str, risks: list[int | None]) -> None:
    """Each spelling of a condition allows its values, and no other."""
    (rule,) = policy(('status = "managed"', when)).rules
    ((_, allowed, *_),) = rule.when
    assert allowed == frozenset(risks)


def test_a_list_of_conditions_means_any_of_them() -> None:
    """Several tables are alternatives."""
    found = policy(('{ status = "managed" }', '[{ status = "lost" }, { risk = "5" }]')).rules[0]
    assert len(found.when) == 2


@pytest.mark.parametrize(
    ("within", "opens"),
    [
        ("2 weeks", 7),
        ("1 month", 7),
        ("3 months", 14),
        ("10 workdays", 7),
        ("3 days", 3),
        ("same day", 0),
        ("5 weeks", 14),
    ],
)
def test_opening_is_a_week_or_two_if_not_given(within: str, opens: int) -> None:
    """One week before the last day, two weeks where the period exceeds a month, never longer than the period."""
    assert policy(('"2 weeks"', f'"{within}"')).rules[0].opens.longest == opens
