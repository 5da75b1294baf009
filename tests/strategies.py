"""What the tests of the laws ask: ledgers of the kit, by bundled policies and by some that are made at random."""

import json
from datetime import date
from typing import Final

from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from hypothesis.vendor.pretty import RepresentationPrinter

from followup import Ledger, Policy, due_visits, load_policy
from followup.policyfile import policy_from_texts
from followup.testing import SPANS, ledgers
from followup.testing.ledgers import asking_days
from followup.testing.policies import policies as any_policies

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
#: The last owes duties from a day in the midst of two of the spans.
POLICIES: Final = (_NATIONAL, load_policy("dongguan"), _DUTIES, evolve(_DUTIES, duties_from=date(2026, 9, 20)))


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


def policies() -> SearchStrategy[Policy]:
    """Return policies: the bundled ones as often as those made at random that pass their audit."""
    return st.sampled_from([*POLICIES * (len(MADE) // len(POLICIES)), *MADE])


def _made_policies(count: int) -> tuple[Policy, ...]:
    """Return so many of the kit's policies that are not bundled: an audit takes longer than a question."""
    found: dict[str, Policy] = {}

    @settings(max_examples=20 * count, derandomize=True, database=None)
    @given(any_policies())
    def collect(policy: Policy) -> None:
        if policy.id == "made" and len(found) < count:
            found[policy.version] = policy

    collect()
    return tuple(found.values())


#: Policies made at random, which pass their audit.
MADE: Final = _made_policies(64 if settings.get_current_profile_name() == "long" else 16)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a ledger, a policy and a day that matters to both."""
    return _question(draw, draw(ledgers()), draw(policies()))


@st.composite
def rounds(draw: st.DrawFn) -> list[Question]:
    """Draw the same question about several people, whose ledgers are of the same weeks."""
    span, policy = draw(st.sampled_from(SPANS)), draw(policies())
    register = [draw(ledgers(f"p{number}", span=span)) for number in range(1, 1 + draw(st.integers(1, 4)))]
    on = _question(draw, draw(st.sampled_from(register)), policy).on
    return [Question(ledger, policy, on) for ledger in register]


def _question(draw: st.DrawFn, ledger: Ledger, policy: Policy) -> Question:
    return Question(ledger, policy, draw(asking_days(ledger, lambda day: due_visits(ledger, policy, day))))
