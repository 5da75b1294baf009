"""What goes wrong, as values: the data stands in fields, the sentence is made when it is read."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from followup.sentences import say

#: What may be an ID number or a telephone is never shown, in whatever digits and groups.
_LONG_NUMBER: Final = re.compile(r"\d(?:[\W_]{0,4}\d){9,}[\W_]{0,4}[\dXx]")
#: Days beside each other are neither.
_DAYS: Final = re.compile(r"(?:(?:19|20)\d\d([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?:[\W_]{1,4}|$))+")
#: So far beyond its end a text is looked at: a number that begins within it is known as a whole.
_AHEAD: Final = 60
#: A number that is no telephone, a day, one character.
_HARMLESS: Final = re.compile(
    r"[\d.:-]{1,6}|\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}年\d{1,2}月\d{1,2}日?"
    r"|(?:19|20)\d\d[01]\d[0-3]\d|None|True|False|.",
    re.DOTALL,
)
#: How a program calls a field; nobody's name is written so, in Chinese.
_KEY: Final = re.compile(r"[A-Za-z_][\w.-]*…?", re.ASCII)
#: A word of letters that is so near to one of the terms, and hardly longer, is a slip of the pen, and nobody's name.
_NEAR: Final = 0.75
_LONGER: Final = 2
_WORD: Final = re.compile(r"[A-Za-z_-]+|[\u4e00-\u9fff]+")


@frozen
class Problem:
    """One thing that is wrong: where, what, and how to mend it.

    >>> print(Problem("missing", facts={"field": "risk"}).at("visits.csv", "row 3"))
    visits.csv, row 3: "risk" is missing; give it a value
    """

    #: Which sentence: a key below "problem." in `followup.sentences`.
    code: str
    #: From the outside in: file, row, column; or the path in a policy file.
    where: tuple[str, ...] = ()
    #: What the sentence names, or a value that has a text of its own. Never a name, an ID number or a telephone.
    facts: Mapping[str, Any] = field(factory=dict, hash=False)

    def at(self, *where: str) -> "Problem":
        """Return the same problem, placed within `where`."""
        return evolve(self, where=(*where, *self.where))

    def text(self, lang: str = "en") -> str:
        """Return the whole sentence in `lang` ("zh" or "en"), its place first."""
        facts = {name: value.text(lang) if hasattr(value, "text") else value for name, value in self.facts.items()}
        what = say(lang, f"problem.{self.code}", **facts)
        if not self.where:
            return what
        places = (
            self.where[0],
            *(_place(place, lang) for place in self.where[1:]),
        )  # a file may be called "sheet 1.csv"
        return say(lang, "problem", where=", ".join(places), what=what)

    def __str__(self) -> str:
        return self.text()


def _place(place: str, lang: str) -> str:
    kind, _, value = place.partition(" ")
    return say(lang, f"place.{kind}", value=value) if kind in {"sheet", "worksheet", "row", "line", "column"} else place


def unknown(code: str, word: object, options: Iterable[str], **facts: Any) -> Problem:
    """Return the problem of a word that is none of `options`, with the nearest of them as a guess.

    >>> print(unknown("value", "hom", ["home", "clinic"], field="mode"))
    "hom" is no mode; did you mean "home"?
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only errors need it; an import is quicker without

    text = shown(word)
    known = list(options)
    close = get_close_matches(text, known, n=1) if any(map(str.isalpha, text)) else []
    guess = "".join(match for match in close if match != text)
    found = {"word": text, "options": ", ".join(known), "guess": guess, **facts}
    return Problem(f"{code}.guess" if guess else code, facts=found)


def no_term(word: object, options: Iterable[str], field: str, code: str = "value", **facts: Any) -> Problem:
    """Return the problem of a fact that is none of `options`; what is not near to one might be who somebody is.

    >>> print(no_term("张三", ["home", "clinic"], "mode"))
    "***" is no mode; use one of: home, clinic
    """
    from difflib import get_close_matches  # noqa: PLC0415 - see `unknown`

    known, text = list(options), shown(word)
    close = get_close_matches(text, known, n=1, cutoff=_NEAR) if _WORD.fullmatch(text) else []
    is_slip = any(len(text) <= len(term) + _LONGER for term in close)
    return unknown(code, text if is_slip else harmless(word), known, field=field, **facts)


def harmless(word: object) -> str:
    """Return what may be shown of a wrong value: a short number, a day, one character; never who somebody is.

    >>> harmless("2026-02-31"), harmless("990101199309030251")
    ('2026-02-31', '***')
    """
    text = shown(word)
    return text if _HARMLESS.fullmatch(text) else "***"


def harmless_key(name: object) -> str:
    """Return what may be shown of a strange field's name: one that a program might have given it.

    >>> harmless_key("blood_pressure"), harmless_key("张三")
    ('blood_pressure', '***')
    """
    text = shown(name)
    return text if _KEY.fullmatch(text) else "***"


def masked(text: str) -> str:
    """Return text without what may be an ID number or a telephone."""
    return _LONG_NUMBER.sub(lambda found: found[0] if _DAYS.fullmatch(found[0]) else "***", text)


def shown(word: object, most: int = 40) -> str:
    """Return `word` short enough, and tame enough, to stand in a one-line sentence."""
    try:
        text = str(word)
    except ValueError:  # an integer of thousands of digits
        text = type(word).__name__
    start = text[: most + _AHEAD]
    safe = masked("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in start))
    return safe if len(safe) <= most and start == text else f"{safe[:most]}…"


def _all(found: Problem | Iterable[Problem]) -> tuple[Problem, ...]:
    return (found,) if isinstance(found, Problem) else tuple(found)


@frozen(str=False)
class FollowupError(Exception):
    """Base of every error that this library raises on purpose: one or more problems, all at once.

    `str(error)` is English, one problem a line; `error.text("zh")` is the same in Chinese.
    """

    problems: tuple[Problem, ...] = field(converter=_all)

    def text(self, lang: str = "en") -> str:
        """Return all problems in `lang`, one a line."""
        return "\n".join(problem.text(lang) for problem in self.problems)

    def __str__(self) -> str:
        return self.text()


class InvalidEntry(FollowupError, ValueError):
    """An entry, or a ledger, that cannot be true: a risk of 6, a 31 February, an unknown field."""


class InvalidPolicy(FollowupError, ValueError):
    """A policy file with problems: all of them, each with its path in the file."""


class InvalidFile(FollowupError, ValueError):
    """A file to import with problems: all of them, each with file, row and column."""


class UnpublishedYear(FollowupError, ValueError):
    """Working days were asked of a strict calendar in a year whose notice is not out."""


class RegisterError(FollowupError):
    """A register that cannot be opened, or cannot take what it was given."""


@frozen(str=False)
class RefusedEntries(RegisterError):
    """Entries that a register cannot take: for each problem the id of the entry that it is about."""

    entries: tuple[str, ...] = ()
