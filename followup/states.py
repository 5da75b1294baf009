"""The finite space of states that rules can speak of: which can be reached, which are worse, and how to tell them."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from followup.case import State
from followup.policy import VOCABULARY, Condition
from followup.sentences import say, sentences
from followup.stability import BY_RISK, SEVERITY
from followup.terms import RiskLevel, Stability, Status, Term

#: What the last follow-up found: risk, effective class, class run.
Found = tuple[RiskLevel | None, Stability, int]

_NEVER_SEEN: Found = (None, Stability.UNKNOWN, 0)


@cache
def reachable() -> tuple[State, ...]:
    """Return every state in which a registered person can be.

    >>> len(reachable())
    644
    """
    found = [_NEVER_SEEN, *_found()]
    return tuple((status, *seen, misses) for status in Status for seen in found for misses in range(4))


def _found() -> Iterator[Found]:
    for risk in RiskLevel:
        for stability in SEVERITY:
            only_computed = stability is Stability.UNDETERMINED
            if SEVERITY[stability] >= SEVERITY[BY_RISK[risk]] and not (only_computed and risk > RiskLevel.NONE):
                yield from ((risk, stability, run) for run in (1, 2))


@cache
def worsenings() -> tuple[tuple[Found, Found], ...]:
    """Return what a follow-up may find, with each that would be a higher risk or a worse class.

    The class run is held fixed; where the class differs, a longer run may also begin anew, or a new one continue
    one before it, as they would if the same follow-up had found it.
    """
    found = tuple(_found())
    return tuple((one, other) for one in found for other in found if _is_worse(one, other))


def _is_worse(one: Found, other: Found) -> bool:
    (risk, stability, run), (higher, worse, longer) = one, other
    if (risk, stability) == (higher, worse) or risk is None or higher is None:
        return False
    regrouped = _group(stability) is not _group(worse)
    return higher >= risk and SEVERITY[worse] >= SEVERITY[stability] and (run == longer or regrouped)


def _group(stability: Stability) -> Stability:
    return Stability.BASIC if stability is Stability.UNDETERMINED else stability


def told_state(state: State, lang: str) -> str:
    """Return a state in words.

    >>> told_state(reachable()[0], "en")
    'managed, risk not known, class not known, failed attempts 0'
    """
    status, risk, stability, run, misses = state
    given: list[tuple[str, Any]] = [("status", status), ("risk", risk), ("class", stability)]
    given += [("class_run", run)] * (run > 0) + [("misses", misses)]
    return say(lang, "word.and").join(_told(name, {value}, lang) for name, value in given)


def told_conditions(when: Iterable[Condition], lang: str) -> str:
    """Return in words whom a rule is for: the fields that it asks about, each with the values that it allows."""
    return say(lang, "word.or").join(_told_condition(condition, lang) for condition in when)


def _told_condition(condition: Condition, lang: str) -> str:
    pairs = zip(VOCABULARY, condition, strict=True)
    asked = [(name, allowed) for name, allowed in pairs if allowed != set(VOCABULARY[name])]
    told = [_told(name, allowed, lang) for name, allowed in asked]
    return say(lang, "word.and").join(told) or say(lang, "word.everybody")


def _told(name: str, allowed: Iterable[Any], lang: str) -> str:
    ordered = [value for value in VOCABULARY[name] if value in set(allowed)]
    numbers = [value for value in ordered if isinstance(value, int)]
    words = [value.label(lang) for value in ordered if isinstance(value, Term)]
    words += [say(lang, "word.unknown")] * (None in ordered)
    if len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1:
        words.append(f"{numbers[0]}-{_number(name, numbers[-1], lang)}")
    else:
        words += [_number(name, number, lang) for number in numbers]
    return say(lang, f"when.{name}", value=say(lang, "word.slash").join(words))


def _number(name: str, number: int, lang: str) -> str:
    """Return a number, the last of a run or of failed attempts with what it stands for."""
    key = f"when.{name}.{int(number)}"
    return say(lang, key) if key in sentences(lang) else str(int(number))
