"""A policy checked whole: its audit, then the laws over people made at random."""

from collections.abc import Iterator

from attrs import frozen

from followup.audit import audit_errors
from followup.policy import Policy
from followup.testing.change import no_early_news, scheduler_of
from followup.testing.laws import LAWS
from followup.testing.story import LawBroken
from followup.testing.trial import Law

#: Law 8 within one policy: at the days on which its own rules begin and end.
_CHANGES = Law("change", 8, no_early_news)


@frozen
class Verdict:
    """What came of one law: None where it holds, or the story that breaks it."""

    law: Law
    broken: LawBroken | None


def check_policy(policy: Policy, *, examples: int | None = None, seed: int | None = 0) -> None:
    """Check a policy: it passes its audit, and laws 1 to 8 hold over people who live around its changes.

    Raises `AssertionError` with all errors of the audit, or `LawBroken` (an `AssertionError`) with the shortest
    story that breaks a law. `examples` are tried of each law (default: hypothesis's profile), from `seed` on.

    >>> from followup import load_policy
    >>> check_policy(load_policy("dongguan"), examples=20)
    """
    errors = audit_errors(policy)
    if errors:
        raise AssertionError("\n".join(remark.text("en") for remark in errors))
    for verdict in verdicts(policy, examples=examples, seed=seed):
        if verdict.broken is not None:
            raise verdict.broken


def verdicts(policy: Policy, *, examples: int | None = None, seed: int | None = 0) -> Iterator[Verdict]:
    """Return what comes of each law under a policy, one by one."""
    for law in (*LAWS.values(), _CHANGES):
        try:
            law(scheduler_of(policy), policy=policy, examples=examples, seed=seed)
        except LawBroken as broken:
            yield Verdict(law, broken)
        else:
            yield Verdict(law, None)
