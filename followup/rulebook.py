"""A policy in words, so that a clinician can read and sign it; and a comparison of two, for whom what changes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from followup.case import State
from followup.comparison import is_no_longer
from followup.duevisit import told_anchor
from followup.policy import VOCABULARY, Condition, Off, Policy, Rule, asks_the_same, is_worded_alike
from followup.sentences import say
from followup.states import reachable, told_conditions
from followup.terms import Anchor, ContactMode, LineKind, Office, Role, Term


def rulebook(policy: Policy, lang: str = "en") -> str:
    """Return a policy as text in "zh" or "en": every rule, for whom it is, since when and by which text.

    >>> from followup import load_policy
    >>> print(rulebook(load_policy("dongguan")).splitlines()[0])
    Dongguan graded follow-up
    """
    label = "" if policy.label is None else say(lang, "rulebook.label", label=policy.label)
    head = [policy.title.text(lang), say(lang, "rulebook.head", id=policy.id, version=policy.version) + label]
    if policy.extends is not None:
        head.append(say(lang, "rulebook.extends", id=policy.extends))
    numbered = (told_rule(rule, lang, number) for number, rule in enumerate(policy.rules, 1))
    offs = (_told_off(off, lang) for off in policy.offs)
    return "\n".join(["\n".join(head), *("\n" + text for text in (*numbered, *offs)), "", say(lang, "rulebook.sign")])


def told_rule(rule: Rule, lang: str, number: int) -> str:
    """Return one rule in words."""
    head = say(
        lang, "rulebook.rule", number=number, title=rule.title.text(lang), id=rule.id, kind=rule.kind.label(lang)
    )
    return "\n".join([head, *(f"   {line}" for line in _details(rule, lang))])


def _details(rule: Rule, lang: str) -> Iterator[str]:
    yield say(lang, "rulebook.when", text=told_conditions(rule.when, lang))
    key = "rulebook.clock" if rule.within.count else "rulebook.clock.at_once"
    anchors = say(lang, "word.or_of_days").join(told_anchor(a, (*rule.with_, *rule.mode), lang) for a in rule.after)
    several = say(lang, "rulebook.latest") if len(rule.after) > 1 else ""
    yield say(lang, key, within=rule.within.text(lang), anchors=anchors) + several
    if rule.within.count:
        yield say(lang, "rulebook.opens", opens=rule.opens.text(lang))
    for name, terms in (("with", rule.with_), ("mode", rule.mode), ("invites", rule.invites), ("to", rule.to)):
        if terms:
            yield say(lang, f"rulebook.{name}", terms=_listed(terms, lang))
    yield say(lang, f"rulebook.settled.{rule.kind}")
    yield _in_force(rule, lang)
    yield from _replacement(rule, lang)
    yield say(
        lang, "rulebook.source", source=rule.source, evidence=rule.source.evidence.label(lang), policy=rule.policy
    )


def _in_force(rule: Rule, lang: str) -> str:
    found = say(lang, "rulebook.since", since=rule.since)
    found += "" if rule.until is None else say(lang, "rulebook.until", until=rule.until)
    return found + ("" if rule.transition is None else say(lang, "rulebook.transition", on=rule.earliest))


def _told_off(off: Off, lang: str) -> str:
    facts = {"id": off.off, "since": off.since, "reason": off.reason.text(lang)}
    return say(lang, "rulebook.off", source=off.source, evidence=off.source.evidence.label(lang), **facts)


def _listed(terms: Iterable[Term], lang: str) -> str:
    return say(lang, "word.and").join(term.label(lang) for term in terms)


def comparison(old: Policy, new: Policy, on: date, lang: str = "en") -> str:
    """Return what changes from one policy to another: rule by rule, and for whom what is due becomes different.

    The rules in force on the day `on` are compared; if the difference is another one later, the days are told.

    >>> from followup import load_policy
    >>> text = comparison(load_policy("national-2018"), load_policy("dongguan"), date(2026, 11, 23))
    >>> print(text.splitlines()[2])
    + risk3-joint: Joint follow-up at risk level 3 and above (2 weeks); for: managed/declined, risk 3-5
    """
    changed = [*_changed_rules(old, new, on, lang)]
    people = [*_changed_obligations(old, new, on, lang)]
    same = [say(lang, "diff.same")]
    later = [*_later_changes(old, new, on, changed, lang)]
    head = [say(lang, "diff.title", old=old.id, new=new.id, on=on)]
    head += [say(lang, "diff.later", days=say(lang, "word.and").join(map(str, later)))] if later else []
    return "\n".join([*head, say(lang, "diff.rules"), *(changed or same), say(lang, "diff.states"), *(people or same)])


def _later_changes(old: Policy, new: Policy, on: date, changed: list[str], lang: str) -> Iterator[date]:
    """Return the days after which the rules differ otherwise than on the day before."""
    for day in sorted({*old.changes_after(on), *new.changes_after(on)}):
        now = [*_changed_rules(old, new, day, lang)]
        if now != changed:
            yield day
        changed = now


def _changed_rules(old: Policy, new: Policy, on: date, lang: str) -> Iterator[str]:
    was = {rule.id: rule for rule in old.rules if rule.holds_on(on)}
    now = {rule.id: rule for rule in new.rules if rule.holds_on(on)}
    successors = {rule.replaces: name for name, rule in now.items()}
    for name in dict.fromkeys([*was, *now]):
        if name not in now:
            told = _told_change("diff.gone", was[name], lang)
            yield told + (say(lang, "diff.replaced", id=successors[name]) if name in successors else "")
        elif name not in was:
            told = _told_change("diff.added", now[name], lang)
            yield told + "".join(say(lang, "word.then") + text for text in _replacement(now[name], lang))
        elif not (asks_the_same(was[name], now[name]) and is_worded_alike(was[name], now[name])):
            before, after = (
                dict.fromkeys([rule.title.text(lang), *_details(rule, lang)]) for rule in (was[name], now[name])
            )
            less, more = (
                say(lang, "word.then").join(line for line in one if line not in other)
                for one, other in ((before, after), (after, before))
            )
            yield say(lang, "diff.changed", id=name, old=less, new=more)


def _told_change(key: str, rule: Rule, lang: str) -> str:
    facts = {"id": rule.id, "title": rule.title.text(lang), "within": rule.within.text(lang)}
    return say(lang, key, **facts, state=told_conditions(rule.when, lang))


def _replacement(rule: Rule, lang: str) -> Iterator[str]:
    if rule.replaces is not None and rule.reason is not None:
        yield say(lang, "rulebook.replaces", id=rule.replaces, reason=rule.reason.text(lang))


def _changed_obligations(old: Policy, new: Policy, on: date, lang: str) -> Iterator[str]:
    groups: dict[tuple[_Obligation, str, str], list[State]] = {}
    for state in reachable():
        was, now = (_obligations(policy, state, on) for policy in (old, new))
        for key in {**was, **now}:
            before, after = (_told_obligation(known.get(key, ()), lang) for known in (was, now))
            groups.setdefault((key, before, after), []).append(state)
    for (key, before, after), states in sorted(groups.items(), key=lambda group: _ORDER[group[0][0][0]]):
        if before != after:
            facts = {"kind": _told_kind(key, lang), "state": told_conditions(_conditions(states), lang)}
            yield say(lang, "diff.state", **facts, old=before, new=after)


#: What is owed: its kind, and from what it counts where it is no visit that goes on and on.
_Obligation = tuple[LineKind, tuple[Anchor, ...]]
_ORDER: Final = {kind: number for number, kind in enumerate(LineKind)}
_PARTIES: Final[tuple[Term, ...]] = (*Role, *Office, *ContactMode)
_ROUND: Final = frozenset({Anchor.VISIT, Anchor.BEGAN})


def _obligations(policy: Policy, state: State, on: date) -> dict[_Obligation, list[Rule]]:
    """Return what is owed in a state, with the rules that ask for it."""
    found: dict[_Obligation, list[Rule]] = {}
    for rule in policy.matching(state):
        if rule.holds_on(on):
            goes_on = rule.kind is LineKind.VISIT and Anchor.VISIT in rule.after and set(rule.after) <= _ROUND
            found.setdefault((rule.kind, () if goes_on else tuple(sorted(rule.after))), []).append(rule)
    return found


def _told_kind(key: _Obligation, lang: str) -> str:
    kind, after = key
    if not after:
        return kind.label(lang)
    anchors = say(lang, "word.or_of_days").join(anchor.label(lang) for anchor in after)
    return say(lang, "diff.kind", kind=kind.label(lang), anchors=anchors)


def _told_obligation(rules: Sequence[Rule], lang: str) -> str:
    """Return how soon something is owed, by the shortest of the rules that ask for it, and who takes part."""
    if not rules:
        return say(lang, "diff.nothing")
    shortest = [r for r in rules if all(is_no_longer(r.within, other.within) for other in rules)] or rules
    parties: dict[str, list[Term]] = {
        "with": [role for rule in shortest for role in rule.with_],
        "mode": [mode for rule in shortest for mode in rule.mode],
        "to": [to for rule in rules for to in rule.to],
    }
    ordered = {key: sorted(set(them), key=_PARTIES.index) for key, them in parties.items() if them}
    told = [say(lang, f"rulebook.{key}", terms=_listed(them, lang)) for key, them in ordered.items()]
    return say(lang, "word.and").join([shortest[0].within.text(lang), *told])


def _conditions(states: Iterable[State]) -> tuple[Condition, ...]:
    """Return conditions that together allow just these states, of those that can be reached."""
    wanted = set(states)
    whole = tuple(frozenset(values) for values in zip(*wanted, strict=True))
    allowed = [state for state in reachable() if all(map(frozenset.__contains__, whole, state))]
    if len(allowed) == len(wanted):
        return (tuple(_as_much_as_possible(whole, wanted)),)
    parts = [_parted(wanted, place) for place in (0, 4, 2, 1, 3)]
    fewest = min((part for part in parts if len(part) > 1), key=len)
    return tuple(found for states in fewest for found in _conditions(states))


def _parted(states: set[State], place: int) -> list[list[State]]:
    """Return states by a field, those of its values together that leave the same open in the other fields."""
    others: dict[Any, set[tuple[Any, ...]]] = {}
    for state in states:
        others.setdefault(state[place], set()).add((*state[:place], *state[place + 1 :]))
    values = [value for value in tuple(VOCABULARY.values())[place] if value in others]
    alike = dict.fromkeys(frozenset(others[value]) for value in values)
    return [[state for state in states if others[state[place]] == one] for one in alike]


def _as_much_as_possible(whole: Condition, wanted: set[State]) -> Iterator[frozenset[object]]:
    """Leave a field open where closing it excludes nothing."""
    for place, values in enumerate(whole):
        others = [state for state in reachable() if all(p == place or v in whole[p] for p, v in enumerate(state))]
        closed = any(state not in wanted for state in others)
        yield values if closed or place in {0, 1, 2} else frozenset(tuple(VOCABULARY.values())[place])
