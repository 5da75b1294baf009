"""Policies as TOML files: found, read, and refused with all their problems at once."""

import json
import os.path
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from attrs import evolve

from followup.errors import InvalidPolicy, Problem, shown, unknown
from followup.policy import Off, Policy, Rule
from followup.policytable import Document, read_document

if TYPE_CHECKING:
    from pathlib import Path


def bundled_policies() -> tuple[str, ...]:
    """Return the names of the policies that come with the library.

    >>> bundled_policies()
    ('basic-service-2017', 'dongguan', 'national-2018', 'synthetic-variant')
    """
    return tuple(sorted(path.stem for path in _bundle().glob("*.toml")))


def load_policy(name: "str | Path") -> Policy:
    """Return a policy by its bundled name or its TOML file, with the policies that it extends.

    Raises `InvalidPolicy` with every problem of the file, each with its path in it.

    >>> policy = load_policy("dongguan")
    >>> policy.extends, policy.rules[-1].id
    ('national-2018', 'risk3-joint')
    """
    chain = _chain(str(name))
    policy = _policy(chain)
    problems = [*_bad_names(policy, chain)]
    if problems:
        raise InvalidPolicy(problems)
    return policy


def policy_from_texts(texts: Iterable[str]) -> Policy:
    """Return the policy that TOML texts make together, bases first: what `Policy.texts` holds."""
    return _policy([(f"policy {number}", text) for number, text in enumerate(texts, 1)])


def _bad_names(policy: Policy, chain: list[tuple[str, str]]) -> Iterator[Problem]:
    """Refuse what a new file must not say; a register that knows such a policy opens all the same."""
    names = [str(_toml(place, text)["policy"]["id"]) for place, text in chain]
    for number, (name, (place, _)) in enumerate(zip(names, chain, strict=True)):
        if name in names[:number]:
            yield Problem("own_base", (place, "policy.id"), {"id": shown(name)})
        ids = [("policy.id", name), *((f"rule[{shown(r.id)}].id", r.id) for r in policy.rules if r.policy == name)]
        yield from (Problem("line", (place, where)) for where, told in ids if not told.isprintable())


def _bundle() -> "Path":
    from pathlib import Path  # noqa: PLC0415 - see policytable

    return Path(__file__).parent / "policies"


def _chain(name: str, folder: str = "", below: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return place and text of a policy and its bases, bases first; `below` are the files that led here."""
    place, text = _text(os.path.join(folder, name) if folder and name not in bundled_policies() else name)
    known = os.path.realpath(place)
    if known in below:
        circle = " -> ".join(os.path.basename(path) for path in (*below, known))
        raise _BadBaseError(Problem("circle", facts={"circle": circle}))
    header = _toml(place, text).get("policy")
    base = header.get("extends") if isinstance(header, dict) else None
    if not isinstance(base, str):
        return [(place, text)]
    try:
        return [*_chain(base, os.path.dirname(place), (*below, known)), (place, text)]
    except _BadBaseError as error:
        raise InvalidPolicy([problem.at(place, "policy.extends") for problem in error.problems]) from None


class _BadBaseError(InvalidPolicy):
    pass


def _text(place: str) -> tuple[str, str]:
    path = str(_bundle() / f"{place}.toml") if place in bundled_policies() else place
    try:
        with open(path, encoding="utf-8-sig") as file:
            return place, file.read()
    except UnicodeDecodeError:
        raise InvalidPolicy(Problem("unreadable", (place,))) from None
    except (OSError, ValueError):  # nothing there, a folder, an endless name, a NUL in it
        raise _BadBaseError(unknown("policy", os.path.basename(place), bundled_policies())) from None


def _toml(place: str, text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - see policytable

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPolicy(Problem("toml", (place,), {"reason": shown(error, 200)})) from None


def _policy(chain: list[tuple[str, str]]) -> Policy:
    tables = [_toml(place, text) for place, text in chain]
    problems: list[Problem] = []
    documents = [read_document(place, table, problems) for (place, _), table in zip(chain, tables, strict=True)]
    if not problems and not any(document.rule for document in documents):
        problems.append(Problem("no_rule", (chain[-1][0],)))
    problems += _taken_ids([(place, table) for (place, _), table in zip(chain, tables, strict=True)])
    rules, offs = _merged([(place, document) for (place, _), document in zip(chain, documents, strict=True)], problems)
    if problems:
        raise InvalidPolicy(problems)
    header = documents[-1].policy
    return Policy(
        id=header.id,
        title=header.title,
        extends=documents[-2].policy.id if len(documents) > 1 else None,
        version=_version(tables),
        label=header.version,
        rules=rules,
        offs=offs,
        texts=tuple(text for _, text in chain),
    )


def _merged(documents: list[tuple[str, Document]], problems: list[Problem]) -> tuple[tuple[Rule, ...], tuple[Off, ...]]:
    """Put the rules of all files together: what a file replaces or switches off ends on the eve."""
    rules: list[Rule] = []
    offs: list[Off] = []
    for place, document in documents:
        known = list(dict.fromkeys(rule.id for rule in rules))
        written = [evolve(item, policy=document.policy.id) for item in document.rule]
        for item in written:
            key, target = ("off", item.off) if isinstance(item, Off) else ("replaces", item.replaces)
            if target is not None and target not in known:
                name = target if isinstance(item, Off) else item.id
                problems.append(unknown("base_rule", target, known).at(place, f"rule[{name}].{key}"))
            rules = [r.ended(item.since - timedelta(1)) if r.id == target else r for r in rules]
        rules = [rule for rule in rules if rule.until is None or rule.since <= rule.until]
        rules += [item for item in written if isinstance(item, Rule)]
        offs += [item for item in written if isinstance(item, Off)]
    return tuple(rules), tuple(offs)


def _version(tables: list[dict[str, Any]]) -> str:
    from hashlib import sha256  # noqa: PLC0415 - see policytable

    canonical = json.dumps(tables, default=date.isoformat, ensure_ascii=False, sort_keys=True)
    return sha256(canonical.encode()).hexdigest()[:12]


def _taken_ids(tables: list[tuple[str, dict[str, Any]]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for place, table in tables:
        rules = table.get("rule")
        for rule in rules if isinstance(rules, list) else []:
            name = rule.get("id") if isinstance(rule, dict) else None
            if isinstance(name, str) and name in first and (rule.get("replaces") != name or first[name] == place):
                yield Problem("taken", (place, f"rule[{shown(name)}].id"), {"id": shown(name), "place": first[name]})
            elif isinstance(name, str):
                first[name] = place
