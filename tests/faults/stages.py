"""The kit in its stages, against whatever `followup` is found first: `run.py` puts a faulty copy before this one.

It prints each stage and check as it begins with it, and ends with 1 at the first that fails: the last one printed,
with the sentence of the law that is broken, or the error.
"""

import resource
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import HypothesisException
from hypothesis.stateful import run_state_machine_as_test

#: What is tried: its name, and how.
Check = tuple[str, Callable[[], object]]

TESTS: Final = Path(__file__).parents[1]
#: How long one check may compute; the longest takes a fifth of it.
_SECONDS: Final = 90
#: How many people each law is tried with.
_EXAMPLES: Final = 100
#: These are no part of what the laws, the cases and the norm are asked about.
_BESIDE: Final = {"worklist", "register", "keptdates", "intake", "entryrows"}
_POLICIES: Final = ("national-2018", "dongguan", "synthetic-variant", *(f"made {number}" for number in range(5)))
_CHANGES: Final = (
    ("national-2018", "dongguan"),
    ("basic-service-2017", "national-2018"),
    ("dongguan", "synthetic-variant"),
    ("synthetic-variant", "basic-service-2017"),
    *((f"made {number}", f"made {number + 1}") for number in range(3)),
)


class _Caught(BaseException):  # an Exception would be shrunk, and a story is not asked for
    """A check that fails, or cannot be done."""


def main(module: str, seed: int) -> None:
    """Run the stages that can tell of a fault in a module; exit with 1 at the first that does."""
    settings.register_profile(
        "faults",
        max_examples=2 * _EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("faults")
    stages: dict[str, Callable[[], Iterator[Check]]] = {
        "laws": partial(_laws, seed),
        "cases": _cases,
        "differential": _differential,
        "register": _register,
    }
    if module in _BESIDE:
        stages = {"register": _register}
    stage = name = ""
    try:
        for stage, checks in stages.items():
            name = "beginning"
            _say(stage, name)
            for name, check in checks():
                _say(stage, name)
                check()
    except (Exception, _Caught) as error:  # noqa: BLE001 - whatever a fault leads to
        broken = error.__cause__ or error
        story = getattr(broken, "story", None)
        code = type(broken).__name__ if story is None else f"{story.law}.{story.code}"
        print(stage, f"{name}: {code}", sep="\t")
        sys.exit(1)


def _say(stage: str, check: str) -> None:
    """Print what is tried, and give it its time."""
    print(stage, check, sep="\t", flush=True)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + _SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def _laws(seed: int) -> Iterator[Check]:
    from followup import bundled_policies, load_policy  # noqa: PLC0415 - a fault may show as it is loaded
    from followup.testing import LAWS, Law, check_change, scheduler_of  # noqa: PLC0415

    def check(trial: Any) -> None:
        for law in LAWS.values():
            law.check(evolve(trial, law=law.name))

    # Each law is tried with as many people as if it were alone: drawing them takes the most time.
    every = Law("every", 0, _at_once(check))
    sys.path.append(str(TESTS))
    policies = {name: load_policy(name) for name in bundled_policies()}
    policies |= {f"made {number}": policy for number, policy in enumerate(import_module("strategies").MADE)}
    for name in _POLICIES:
        scheduler = _at_once(scheduler_of(policies[name]))
        yield name, partial(every, scheduler, policy=policies[name], examples=_EXAMPLES, seed=seed)
    for name, other in _CHANGES:
        old, new = policies[name], policies[other]
        yield f"{name} to {other}", partial(check_change, old, new, examples=_EXAMPLES, seed=seed)


def _at_once(asked: Callable[..., Any]) -> Callable[..., Any]:
    """End at the first failure."""

    def tried(*values: object) -> Any:
        try:
            return asked(*values)
        except HypothesisException:
            raise
        except Exception as error:
            raise _Caught from error

    return tried


def _cases() -> Iterator[Check]:
    from followup.testing import read_cases  # noqa: PLC0415

    cases = read_cases(TESTS / "golden")
    yield from ((case.id, case.check) for case in cases)


def _differential() -> Iterator[Check]:
    sys.path.append(str(TESTS))
    for module in ("test_extension", "test_naive"):
        for name, test in vars(import_module(module)).items():
            if name.startswith("test_") and hasattr(test, "hypothesis"):
                yield name, test


def _register() -> Iterator[Check]:
    sys.path.append(str(TESTS))
    machines = import_module("test_machine")
    driven = settings(max_examples=_EXAMPLES // 2, stateful_step_count=15)
    for machine in (machines.RegisterMachine, machines.CrowdedMachine):
        yield machine.__name__, partial(run_state_machine_as_test, machine, settings=driven)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
