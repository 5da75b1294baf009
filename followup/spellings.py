"""What people write into forms: names of columns, days and codes, read as they are spelled, or refused."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from attrs import frozen

from followup.dates import day
from followup.errors import InvalidEntry, Problem, harmless

#: The problems that show a piece of a cell.
_OF_PIECES: Final = frozenset({"cell.code", "cell.together"})
_DATE: Final = re.compile(
    r"(?:(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?|(\d{4})(\d\d)(\d\d)(?:\.0+)?)"
    r"(?:\s*\(?(?:星期|周|礼拜)([一二三四五六日天])\)?)?(?:[T\s]+\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?)?",
    re.ASCII,
)
#: Sunday first.
_WEEKDAYS: Final = "日一二三四五六"
#: Numbers that stand beside each other without anything between them.
_CIRCLED: Final = re.compile("[①-⑳]")
#: It parts several codes, and behind a single one it says something else.
_PLUS: Final = re.compile(r"(?<=\S)[+&＋＆\\](?=\S)")
#: What web pages and other systems leave in a text, and nobody sees.
_UNSEEN: Final = dict.fromkeys([0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF])
#: What stands between the codes of one cell.
_BETWEEN: Final = r",、;|/\s"
#: What may stand between a code and its label, and between the letters of a label.
_LOOSE: Final = rf"[{_BETWEEN}.:()\[\]。·-]*"
_OTHER_WORD: Final = re.compile(rf"[^{_BETWEEN}]+")


def plain(text: str) -> str:
    """Return a header or a code without spaces around it, with full-width characters made plain and unseen ones gone.

    >>> plain(" ２　")
    '2'
    """
    return unicodedata.normalize("NFKC", text).translate(_UNSEEN).strip()


def tight(text: str) -> str:
    """Return a text as `plain`, without any space or line break in it.

    >>> tight("随访 日期（年月日）")
    '随访日期(年月日)'
    """
    return "".join(plain(text).split())


def alike(names: Iterable[str]) -> list[list[str]]:
    """Return the names that are spelled nearly alike: with other spaces, or full-width.

    >>> alike(["甲队(东)", "乙队", "甲队（东）"])
    [['甲队(东)', '甲队（东）']]
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(tight(name).lower(), []).append(name)
    return [several for several in found.values() if len(several) > 1]


def day_told(text: str) -> date | None:
    """Return the day that a text tells, year first; None for what is no day, might be several or has another weekday.

    >>> day_told("2026年1月2日"), day_told("2026/1/2 0:00:00"), day_told("1/2/2026")
    (datetime.date(2026, 1, 2), datetime.date(2026, 1, 2), None)
    """
    found = _DATE.fullmatch(plain(text))
    if found is None:
        return None
    *parts, weekday = found.groups()
    try:
        told = day("{:0>4}-{:0>2}-{:0>2}".format(*filter(None, parts)))
    except InvalidEntry:
        return None
    is_other = weekday is not None and weekday.replace("天", "日") != _WEEKDAYS[told.isoweekday() % 7]
    return None if is_other else told


@frozen
class _Spelled:
    """One choice as it stands in a cell: a code, a label, or both; or a word that is neither."""

    code: str | None = None
    label: str | None = None
    stranger: str | None = None


def choice_told(text: str, options: Mapping[str, Any]) -> Any:
    """Return what the one code of a cell stands for; `options` has codes and labels.

    >>> choice_told("2.基本稳定", {"1": "x", "2": "y", "基本稳定": "y"})
    'y'
    """
    word = plain(text)
    if word in options:
        return options[word]
    whole = "".join(word.split())
    if whole in options and not whole.isdigit():
        return options[whole]
    found = list(_spelled(word, options))
    if not found or any(each.stranger for each in found):
        raise InvalidEntry(_stranger(word, options))
    if len(found) > 1:
        raise InvalidEntry(Problem("cell.several", facts={"options": _codes(options)}))
    return _agreed(found[0], options)


def choices_told(text: str, options: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what the codes of a cell stand for, whatever separates them.

    >>> choices_told("1幻觉、10＋2", {"1": "a", "2": "b", "10": "c", "幻觉": "a"})
    ('a', 'c', 'b')
    """
    if text in options:
        return (options[text],)
    values: list[Any] = []
    problems: list[Problem] = []
    for each in _spelled(plain(_PLUS.sub(" ", _CIRCLED.sub(r"\g<0> ", text))), options):
        try:
            values += [_agreed(one, options) for one in _apart(each, options)]
        except InvalidEntry as error:
            problems += error.problems
    strangers = [problem for problem in problems if problem.code in _OF_PIECES]
    if len(strangers) > 1 or not (problems or values):  # pieces might tell together what none of them does
        problems = [_stranger(plain(text), options), *(one for one in problems if one not in strangers)]
    if problems:
        raise InvalidEntry(problems)
    return tuple(values)


def _agreed(each: _Spelled, options: Mapping[str, Any]) -> Any:
    if each.stranger or (each.code or each.label) not in options:
        raise InvalidEntry(_stranger(each.stranger or str(each.code), options))
    if each.label is None:
        return options[each.code or ""]
    if each.code is not None and options[each.code] != options[each.label]:
        means = [word for word, value in options.items() if value == options[each.code] and not word.isdigit()]
        facts = {"code": each.code, "means": means[0] if means else "?", "label": each.label}
        raise InvalidEntry(Problem("cell.contradiction", facts=facts))
    return options[each.label]


def _apart(each: _Spelled, options: Mapping[str, Any]) -> list[_Spelled]:
    """Take digits that run together apart, where each code has one digit and none stands there twice."""
    digits = each.code or ""
    if not digits or digits in options or each.label or not set(digits) <= options.keys():
        return [each]
    if any(len(code) > 1 for code in options if code.isdigit()):
        raise InvalidEntry(Problem("cell.together", facts={"word": harmless(digits)}))
    return [_Spelled(digit) for digit in digits] if len(set(digits)) == len(digits) else [each]


def _spelled(word: str, options: Mapping[str, Any]) -> Iterator[_Spelled]:
    pattern, labels = _pattern(tuple(options))
    at = 0
    while at < len(word):
        if found := pattern.match(word, at):
            label = found["label"] or found["alone"]
            yield _Spelled(found["code"] or found["lone"], labels[_letters(label)] if label else None)
        elif found := _OTHER_WORD.match(word, at):
            yield _Spelled(stranger=found[0])
        at = found.end() if found else at + 1


@lru_cache(maxsize=64)
def _pattern(options: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return how a choice is spelled, and the labels by their bare letters: the longest is looked for first."""
    labels = {_letters(word): word for word in options if not word.isdigit()}
    alone = "|".join(_LOOSE.join(map(re.escape, key)) for key in sorted(labels, key=len, reverse=True)) or r"(?!)"
    ends = rf"(?=[{_BETWEEN}]|$)"
    code = r"(?!\d)(?:\.0+(?!\d))?"
    return re.compile(
        rf"\(?(?P<code>\d+){code}{_LOOSE}(?P<label>{alone})(?:{ends}|(?=\(?\d))"
        rf"|\(?(?P<lone>\d+){code}\)?{ends}"
        rf"|(?P<alone>{alone}){ends}",
        re.ASCII | re.IGNORECASE,
    ), labels


def _letters(word: str) -> str:
    return re.sub(_LOOSE, "", word).lower()


def _stranger(word: str, options: Mapping[str, Any]) -> Problem:
    return Problem("cell.code", facts={"word": harmless(word), "options": _codes(options)})


def _codes(options: Mapping[str, Any]) -> str:
    return ", ".join([word for word in options if word.isdigit()] or options)
