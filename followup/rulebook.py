"""A policy in words, so that a clinician can read and sign it; and a comparison of two, for whom what changes."""

from collections.abc import Iterable, Iterator
from datetime import date

from followup.case import State
from followup.comparison import is_no_longer
from followup.policy import VOCABULARY, Condition, Off, Policy, Rule, asks_the_same
from followup.sentences import say
from followup.states import reachable, told_conditions
from followup.terms import LineKind, Status, Term


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
    anchors = say(lang, "word.or_of_days").join(anchor.label(lang) for anchor in rule.after)
    several = say(lang, "rulebook.latest") if len(rule.after) > 1 else ""
    yield say(lang, key, within=rule.within.text(lang), anchors=anchors) + several
    if rule.within.count:
        yield say(lang, "rulebook.opens", opens=rule.opens.text(lang))
    for name, terms in (("with", rule.with_), ("mode", rule.mode), ("invites", rule.invites), ("to", rule.to)):
        if terms:
            yield say(lang, f"rulebook.{name}", terms=_listed(terms, lang))
    yield say(lang, f"rulebook.settled.{rule.kind}")
    yield _in_force(rule, lang)
    if rule.replaces is not None and rule.reason is not None:
        yield say(lang, "rulebook.replaces", id=rule.replaces, reason=rule.reason.text(lang))
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
    """Return what changes from one policy to another: rule by rule, and for whom follow-ups become different.

    `on` is the day as of which the rules are compared; rules that begin later count from their first day.

    >>> from followup import load_policy
    >>> text = comparison(load_policy("national-2018"), load_policy("dongguan"), date(2026, 11, 23))
    >>> print(text.splitlines()[-1])
    managed/declined, risk 3-5, class unstable: 2 weeks -> 2 weeks, must be there: care group, police
    """
    last = max([on, *old.changes_after(on), *new.changes_after(on)])
    changed = [*_changed_rules(old, new, last, lang)] or [say(lang, "diff.same")]
    states = [*_changed_states(old, new, last, lang)] or [say(lang, "diff.same")]
    head = say(lang, "diff.title", old=old.id, new=new.id, on=last)
    return "\n".join([head, say(lang, "diff.rules"), *changed, say(lang, "diff.states"), *states])


def _changed_rules(old: Policy, new: Policy, on: date, lang: str) -> Iterator[str]:
    was = {rule.id: rule for rule in old.rules if rule.holds_on(on)}
    now = {rule.id: rule for rule in new.rules if rule.holds_on(on)}
    for name in dict.fromkeys([*was, *now]):
        if name not in now:
            yield say(lang, "diff.gone", id=name, title=was[name].title.text(lang))
        elif name not in was:
            yield say(lang, "diff.added", id=name, title=now[name].title.text(lang), within=now[name].within.text(lang))
        elif not asks_the_same(was[name], now[name]):
            told = (dict.fromkeys(_details(rule, lang)) for rule in (was[name], now[name]))
            before, after = told
            less, more = (
                say(lang, "word.then").join(line for line in one if line not in other)
                for one, other in ((before, after), (after, before))
            )
            yield say(lang, "diff.changed", id=name, old=less, new=more)


def _changed_states(old: Policy, new: Policy, on: date, lang: str) -> Iterator[str]:
    groups: dict[tuple[str, str], list[State]] = {}
    for state in reachable():
        if state[0] in {Status.MANAGED, Status.DECLINED}:
            pair = _round(old, state, on, lang), _round(new, state, on, lang)
            groups.setdefault(pair, []).append(state)
    for (before, after), states in groups.items():
        if before != after:
            yield say(lang, "diff.state", state=told_conditions(_conditions(states), lang), old=before, new=after)


def _round(policy: Policy, state: State, on: date, lang: str) -> str:
    """Return how often somebody in a state is seen, and by whom."""
    rules = [r for r in policy.matching(state) if r.holds_on(on) and r.kind is LineKind.VISIT and "visit" in r.after]
    shortest = [r for r in rules if all(is_no_longer(r.within, other.within) for other in rules)] or rules
    if not shortest:
        return say(lang, "diff.nothing")
    with_ = dict.fromkeys(role for rule in shortest for role in rule.with_)
    told = shortest[0].within.text(lang)
    return told + (say(lang, "word.and") + say(lang, "rulebook.with", terms=_listed(with_, lang)) if with_ else "")


def _conditions(states: Iterable[State]) -> tuple[Condition, ...]:
    """Return conditions that together allow just these states, of those that can be reached."""
    wanted = set(states)
    whole = tuple(frozenset(values) for values in zip(*wanted, strict=True))
    allowed = [state for state in reachable() if all(map(frozenset.__contains__, whole, state))]
    if len(allowed) == len(wanted):
        return (tuple(_as_much_as_possible(whole, wanted)),)
    place = next(p for p in (2, 1, 3, 0, 4) if len(whole[p]) > 1)
    ordered = [value for value in tuple(VOCABULARY.values())[place] if value in whole[place]]
    return tuple(found for value in ordered for found in _conditions(s for s in wanted if s[place] == value))


def _as_much_as_possible(whole: Condition, wanted: set[State]) -> Iterator[frozenset[object]]:
    """Leave a field open where closing it excludes nothing."""
    for place, values in enumerate(whole):
        others = [state for state in reachable() if all(p == place or v in whole[p] for p, v in enumerate(state))]
        closed = any(state not in wanted for state in others)
        yield values if closed or place in {0, 1, 2} else frozenset(tuple(VOCABULARY.values())[place])
