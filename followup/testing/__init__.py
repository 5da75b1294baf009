"""The kit for testing schedule rules (extra `[testing]`): strategies, laws, worked cases, a register driven at random.

>>> from followup import load_policy
>>> check_policy(load_policy("national-2018"), examples=10)
"""

from followup.testing.cases import CaseBroken, WorkedCase, check_cases, read_cases
from followup.testing.change import check_change, scheduler_of
from followup.testing.checks import check_policy
from followup.testing.entries import entries
from followup.testing.laws import LAWS
from followup.testing.ledgers import ledgers
from followup.testing.policies import intervals, policies, rules
from followup.testing.spans import SPANS, Span
from followup.testing.story import LawBroken, Line, Story
from followup.testing.trial import Law, Scheduler, dates_only

__all__ = [
    "LAWS",
    "SPANS",
    "CaseBroken",
    "Law",
    "LawBroken",
    "Line",
    "Scheduler",
    "Span",
    "Story",
    "WorkedCase",
    "check_cases",
    "check_change",
    "check_policy",
    "dates_only",
    "entries",
    "intervals",
    "ledgers",
    "policies",
    "read_cases",
    "rules",
    "scheduler_of",
]
