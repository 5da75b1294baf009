"""What options of `record` hold, as JSON has it: words are read as in a spreadsheet, in either language or by code."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

from attrs import frozen

from followup.errors import InvalidEntry, Problem, harmless, no_term, shown
from followup.patientform import CONSENTS
from followup.sentences import say
from followup.sheets import codes, labels
from followup.spellings import choice_told, choices_told, plain
from followup.terms import (
    Adherence,
    ContactMode,
    Diagnosis,
    Function,
    Grade,
    IncidentKind,
    Insight,
    LineKind,
    Office,
    Physical,
    Reaction,
    Role,
    Seen,
    Sex,
    Stability,
    Symptom,
    Term,
)
from followup.visitform import INSIGHT, RISKS, SEEN

_ONE: Final[Mapping[str, type[Term]]] = {
    "mode": ContactMode, "insight": Insight, "adherence": Adherence, "reaction": Reaction, "physical": Physical,
    "stability": Stability, "diagnosis": Diagnosis, "sex": Sex, "incident.kind": IncidentKind, "done.kind": LineKind,
}  # fmt: skip
_SEVERAL: Final[Mapping[str, tuple[type[Term], ...]]] = {
    "seen": (Seen,), "present": (Role,), "symptoms": (Symptom,), "done.to": (Role, Office),
}  # fmt: skip
#: What forms call some terms besides.
_BESIDES: Final[Mapping[type[Term], Mapping[str, Any]]] = {Seen: SEEN, Insight: INSIGHT}
_BETWEEN: Final = re.compile(r"[,、;]")


@frozen
class _Words:
    """Words that may stand in an option, as a sentence says them: Chinese, English, and the code."""

    words: tuple[tuple[str, str, str | None], ...]

    def text(self, lang: str) -> str:
        """Return them in one language, with their codes."""
        named = [(zh if lang == "zh" else en, code) for zh, en, code in self.words]
        return say(lang, "word.and").join(word if code is None else f"{word} ({code})" for word, code in named)


def read_options(kind: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the texts of an entry type's options as JSON has them; what holds no term stays as it is.

    Raises `InvalidEntry` for each word that is no term of its field, with those that are.

    >>> read_options("visited", {"present": "民警、care_group", "mode": "2 家庭访视", "on": "2026-11-22"})
    {'present': ['police', 'care_group'], 'mode': 'home', 'on': '2026-11-22'}
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for field, text in given.items():
        reader = _READERS.get(f"{kind}.{field}") or _READERS.get(field, str)
        try:
            found[field] = reader(text)
        except InvalidEntry as error:
            problems += [problem.at(kind, field) for problem in error.problems]
    if problems:
        raise InvalidEntry(problems)
    return found


def _one(field: str, text: str) -> str:
    terms = [term for term in _ONE[field] if field != "stability" or term.code is not None]
    return str(_told(text, field, terms))


def _told(text: str, field: str, terms: Sequence[Term]) -> Any:
    options = _options(tuple(terms))
    try:
        return choice_told(text, options)
    except InvalidEntry as error:
        raise InvalidEntry([_named(problem, text, field, terms) for problem in error.problems]) from None


def _several(field: str, text: str) -> list[str]:
    """Return several terms; what is empty tells that there was none."""
    terms = [term for kind in _SEVERAL[field] for term in kind]
    found: list[str] = []
    problems: list[Problem] = []
    for part in _parts(text):
        try:
            found += map(str, choices_told(part, _options(tuple(terms))))
        except InvalidEntry as error:
            problems += [_named(problem, part, field, terms) for problem in error.problems]
    if problems:
        raise InvalidEntry(problems)
    return list(dict.fromkeys(found))


def _functions(text: str) -> dict[str, str]:
    """Return social functions with their grades, written as self_care=good,work=poor."""
    found: dict[str, str] = {}
    for part in _parts(text):
        name, sign, grade = (word.strip() for word in part.partition("="))
        if not sign:
            facts = {
                "word": harmless(part),
                "words": _Words(_named_words(Function)),
                "grades": _Words(_named_words(Grade)),
            }
            raise InvalidEntry(Problem("option.pair", facts=facts))
        function = str(_told(name, "functions", list(Function)))
        if function in found:
            raise InvalidEntry(Problem("json.twice", facts={"key": shown(name)}))
        found[function] = str(_told(grade, "functions", list(Grade)))
    return found


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(plain(text)) if part.strip()]


def _risk(text: str) -> int | str:
    if text.strip() in RISKS:
        return int(RISKS[text.strip()])
    if not re.fullmatch("-?[0-9]+级?", text):
        return text
    raise InvalidEntry(_stranger(text, "risk", [(level, level, None) for level in "012345"]))


def _consents(text: str) -> bool:
    known = {**CONSENTS, "yes": True, "no": False}
    if plain(text).lower() not in known:
        raise InvalidEntry(_stranger(text, "consents", [("是", "yes", None), ("否", "no", None)]))
    return bool(known[plain(text).lower()])


def _sex(text: str) -> str:
    """Return the sex; what is refused is not shown."""
    try:
        return _one("sex", text)
    except InvalidEntry:
        return text


@cache
def _options(terms: tuple[Term, ...]) -> Mapping[str, Any]:
    """Return terms by their codes, Chinese and English labels, JSON spellings and what forms call them besides."""
    found: dict[str, Any] = {}
    for kind in dict.fromkeys(map(type, terms)):
        spelled = {**codes(kind), **labels(kind), **_BESIDES.get(kind, {})}
        found |= {word: term for word, term in spelled.items() if term in terms}
    return found | {plain(term.en): term for term in terms}


def _named(problem: Problem, word: str, field: str, terms: Iterable[Term]) -> Problem:
    """Return a problem of a cell as one of an option."""
    if problem.code not in {"cell.code", "cell.several"}:
        return problem
    words = _named_words(terms)
    if problem.code == "cell.several":
        return Problem("cell.several", facts={"options": _Words(words)})
    return _stranger(word, field, words, list(_options(tuple(terms))))


def _named_words(terms: Iterable[Term]) -> tuple[tuple[str, str, str | None], ...]:
    return tuple((term.zh, term.en, term.code) for term in terms)


def _stranger(
    word: str, field: str, words: Sequence[tuple[str, str, str | None]], spellings: Iterable[str] = ()
) -> Problem:
    option = f"--{field.rpartition('.')[2].replace('_', '-')}"
    return no_term(word, spellings, field, "option", option=option, words=_Words(tuple(words)))


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    **{field: partial(_one, field) for field in _ONE},
    **{field: partial(_several, field) for field in _SEVERAL},
    "functions": _functions, "risk": _risk, "consents": _consents, "sex": _sex,
}  # fmt: skip
