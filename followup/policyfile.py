"""Policies as TOML files: found, read, and refused with all their problems at once."""

import json
import os.path
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import cache, partial
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, fields_dict, frozen

from followup.dates import Interval, day
from followup.errors import FollowupError, InvalidPolicy, Problem, shown, unknown
from followup.policy import FOLLOW_UPS, VOCABULARY, Condition, Off, Policy, Rule, Title
from followup.terms import Anchor, ContactMode, LineKind, Office, Role, Term

if TYPE_CHECKING:
    from pathlib import Path

    from cattrs import Converter

_COMPARED: Final = re.compile(r"(>=|<=|>|<)\s*(\d+)")
_RANGE: Final = re.compile(r"(\d+)\.\.(\d+)")


@frozen(kw_only=True)
class Header:
    """The `[policy]` table of a file; `version` is a label that its author may write."""

    id: str
    title: Title
    extends: str | None = None
    version: str | None = None


@frozen(kw_only=True)
class Document:
    """One policy file as it stands, before its bases are added."""

    policy: Header
    rule: tuple[Rule | Off, ...] = ()


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
    from pathlib import Path  # noqa: PLC0415 - see _converter

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
    import tomllib  # noqa: PLC0415 - see _converter

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPolicy(Problem("toml", (place,), {"reason": shown(error, 200)})) from None


def _policy(chain: list[tuple[str, str]]) -> Policy:
    tables = [_toml(place, text) for place, text in chain]
    problems: list[Problem] = []
    documents = [_document(place, table, problems) for (place, _), table in zip(chain, tables, strict=True)]
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
    from hashlib import sha256  # noqa: PLC0415 - see _converter

    canonical = json.dumps(tables, default=date.isoformat, ensure_ascii=False, sort_keys=True)
    return sha256(canonical.encode()).hexdigest()[:12]


def _document(place: str, table: dict[str, Any], problems: list[Problem]) -> Document:
    found = Document(policy=Header(id="", title=Title("", "")))
    if isinstance(table.get("rule"), dict):
        problems.append(Problem("brackets", (place, "rule")))
        return found
    try:
        found = _converter().structure(table, Document)
    except ExceptionGroup as error:  # cattrs gathers whatever its hooks raise
        problems += [_by_id(problem, table).at(place) for problem in _problems(error, "")]
    else:
        problems += [
            problem.at(place) for rule in found.rule if isinstance(rule, Rule) for problem in rule_problems(rule)
        ]
    return found


def rule_problems(rule: Rule) -> Iterator[Problem]:
    """Tell what of a rule contradicts the rest of it."""
    place = f"rule[{rule.id}]"
    if rule.opens.unit not in {"day", "week"}:
        yield Problem("opens.unit", (f"{place}.opens",), {"word": rule.opens})
    elif rule.opens.longest > rule.within.shortest:
        yield Problem("opens.longer", (f"{place}.opens",), {"opens": rule.opens, "within": rule.within})
    if rule.kind not in FOLLOW_UPS and (rule.with_ or rule.mode):
        yield Problem("not_for_kind", (f"{place}.{'with' if rule.with_ else 'mode'}",), {"kind": rule.kind})
    if rule.to and rule.kind is not LineKind.REPORT:
        yield Problem("not_for_kind", (f"{place}.to",), {"kind": rule.kind})
    if rule.kind is LineKind.REPORT and not rule.to:
        yield Problem("missing", (f"{place}.to",), {"field": "to"})
    if rule.until is not None and rule.until < rule.since:
        yield Problem("until", (f"{place}.until",), {"until": rule.until, "since": rule.since})
    if rule.transition is not None and rule.transition.unit == "workday":
        yield Problem("transition", (f"{place}.transition",), {"word": rule.transition})
    if (rule.replaces is None) != (rule.reason is None):
        lacking = "reason" if rule.reason is None else "replaces"
        yield Problem("missing", (f"{place}.{lacking}",), {"field": lacking})


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


def _problems(error: BaseException, path: str) -> Iterator[Problem]:
    """Turn what cattrs gathered into problems, each with its path."""
    from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError  # noqa: PLC0415 - see _converter

    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from _problems(inner, _joined(path, _step(inner)))
    elif isinstance(error, FollowupError):
        yield from (evolve(problem, where=(_joined(path, *problem.where),)) for problem in error.problems)
    elif isinstance(error, ForbiddenExtraKeysError):
        names = fields_dict(error.cl)
        known = [name.rstrip("_") for name in names if error.cl is Document or name not in _NOT_WRITTEN]
        yield from (unknown("key", key, known).at(_joined(path, shown(key))) for key in sorted(error.extra_fields))
    elif isinstance(error, KeyError):
        yield Problem("missing", (path,), {"field": path.rpartition(".")[2]})
    else:
        yield Problem("type", (path or "policy",))


def _step(error: BaseException) -> str:
    from cattrs.errors import AttributeValidationNote, IterableValidationNote  # noqa: PLC0415 - see _converter

    for note in getattr(error, "__notes__", ()):
        if isinstance(note, IterableValidationNote):
            return f"[{int(note.index) + 1}]"
        if isinstance(note, AttributeValidationNote):
            return note.name.rstrip("_")
    return ""


def _joined(path: str, *steps: str) -> str:
    for step in steps:
        path += step if not path or not step or step.startswith("[") else f".{step}"
    return path


def _by_id(problem: Problem, table: dict[str, Any]) -> Problem:
    """Name a rule by its id where it has one, as its number in the file helps nobody."""

    def name(found: re.Match[str]) -> str:
        rule = table["rule"][int(found[1]) - 1]
        written = rule.get("id", rule.get("off")) if isinstance(rule, dict) else None
        return f"rule[{shown(written) if isinstance(written, str) else found[1]}]"

    return evolve(problem, where=tuple(re.sub(r"^rule\[(\d+)\]", name, place) for place in problem.where))


@cache
def _converter() -> "Converter":
    from cattrs import Converter, override  # noqa: PLC0415 - costs 60 ms; loaded when a policy is read
    from cattrs.gen import make_dict_structure_fn  # noqa: PLC0415

    converter = Converter(forbid_extra_keys=True)
    hooks: dict[Any, Callable[[Any], Any]] = {
        tuple[Condition, ...]: _conditions,
        Role | Office: _recipient,
    }
    for kind, hook in hooks.items():
        converter.register_structure_hook_func(partial(eq, kind), _hook(hook))
    converter.register_structure_hook(str, _hook(_word))
    converter.register_structure_hook(Term, lambda value, kind: kind(value))  # or they would be taken for texts
    converter.register_structure_hook(date, _hook(_date))
    converter.register_structure_hook(Interval, _hook(Interval.parse))
    for kind in (tuple[Anchor, ...], tuple[Role, ...], tuple[Role | Office, ...], tuple[ContactMode, ...]):
        converter.register_structure_hook_func(partial(eq, kind), _listed(converter.get_structure_hook(kind)))
    omitted = {name: override(omit=True) for name in _NOT_WRITTEN}
    rule = make_dict_structure_fn(Rule, converter, with_=override(rename="with"), **omitted)  # type: ignore[arg-type]
    off = make_dict_structure_fn(Off, converter, policy=override(omit=True))
    converter.register_structure_hook(Rule, rule)
    converter.register_structure_hook(Off, off)
    converter.register_structure_hook_func(
        partial(eq, Rule | Off), lambda value, _: off(value, Off) if "off" in value else rule(value, Rule)
    )
    return converter


#: What a rule's file does not say of it.
_NOT_WRITTEN: Final = ("policy", "counted_from", "asked_since", "lead", "lone_event", "earliest")


def _word(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidPolicy(Problem("word", facts={"word": shown(value)}))
    return value


def _hook(read: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda value, _: read(value)


def _listed(usual: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Refuse a lone text where a list is due: it would be read letter by letter."""

    def structure(value: Any, kind: Any) -> Any:
        if not isinstance(value, list) or not value:
            raise InvalidPolicy(Problem("list", facts={"word": shown(value)}))
        return usual(value, kind)

    return structure


def _date(value: object) -> date:
    if type(value) is not date:
        raise InvalidPolicy(Problem("date.toml", facts={"word": shown(value)}))
    return day(value)


def _recipient(value: object) -> Role | Office:
    known: dict[object, Role | Office] = {term: term for term in (*Role, *Office)}
    if value not in known:
        raise InvalidPolicy(unknown("value", value, map(str, known), field="Role"))
    return known[value]


def _conditions(value: Any) -> tuple[Condition, ...]:
    tables = value if isinstance(value, list) else [value]
    if not tables or not all(isinstance(table, dict) and table for table in tables):
        raise InvalidPolicy(Problem("condition", facts={"known": ", ".join(VOCABULARY)}))
    problems = [unknown("key", key, VOCABULARY).at(key) for table in tables for key in table if key not in VOCABULARY]
    found: list[Condition] = []
    for table in tables:
        allowed = []
        for name, values in VOCABULARY.items():
            try:
                allowed.append(_allowed(name, table[name]) if name in table else frozenset(values))
            except InvalidPolicy as error:
                problems += [problem.at(name) for problem in error.problems]
        found.append(tuple(allowed))
    if problems:
        raise InvalidPolicy(problems)
    return tuple(found)


def _allowed(name: str, wanted: object) -> frozenset[Any]:
    """Return the values of a field that `"2"`, `">= 3"`, `"1..2"`, a name or a list of names allow."""
    words = wanted if isinstance(wanted, list) else [wanted]
    if not words:
        raise InvalidPolicy(Problem("list", facts={"word": shown(wanted)}))
    return frozenset().union(*(_values(name, _word(word)) for word in words))


def _values(name: str, word: str) -> frozenset[Any]:
    values = {"unknown" if value is None else str(value): value for value in VOCABULARY[name]}
    if word in values:
        return frozenset({values[word]})
    numbers = [value for value in values.values() if isinstance(value, int)]
    found: list[int] = []
    if numbers and (compared := _COMPARED.fullmatch(word)):
        found = [value for value in numbers if _COMPARE[compared[1]](value, int(compared[2]))]
    elif numbers and (limits := _RANGE.fullmatch(word)):
        found = [value for value in numbers if int(limits[1]) <= value <= int(limits[2])]
    if not found:
        raise InvalidPolicy(unknown("value", word, [*values, *_EXAMPLES[bool(numbers)]], field=name))
    return frozenset(found)


_COMPARE: Final = {">=": ge, "<=": le, ">": gt, "<": lt}
_EXAMPLES: Final = {True: (">= 2", "1..2"), False: ()}
