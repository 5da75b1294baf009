"""A policy file's table, read into rules: each word checked, and all its problems told at once."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, partial
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import evolve, fields_dict, frozen

from followup.dates import Interval, day
from followup.errors import FollowupError, InvalidPolicy, Problem, shown, unknown
from followup.policy import FOLLOW_UPS, VOCABULARY, Condition, Off, Rule, Title
from followup.terms import Anchor, ContactMode, LineKind, Office, Role, Term

if TYPE_CHECKING:
    from cattrs import Converter

_T = TypeVar("_T", bound=Term)

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


def read_document(place: str, table: dict[str, Any], problems: list[Problem]) -> Document:
    """Return the document that a table tells, and put what is wrong with it into `problems`."""
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
    converter.register_structure_hook(Term, _term)  # or they would be taken for texts
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


def _term(value: object, kind: type[_T]) -> _T:
    return _one_of(value, tuple(kind), kind.__name__)


def _recipient(value: object) -> Role | Office:
    known: tuple[Role | Office, ...] = (*Role, *Office)
    return _one_of(value, known, "Role")


def _one_of(value: object, terms: tuple[_T, ...], name: str) -> _T:
    """Return a term; whoever writes rules is shown the word that is none, as it tells of nobody."""
    for term in terms:
        if term == value:
            return term
    raise InvalidPolicy(unknown("value", value, map(str, terms), field=name))


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
