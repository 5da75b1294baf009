"""What commands have in common: kinds of options, today, the language, errors as sentences with an exit code."""

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click

from followup.errors import FollowupError, InvalidFile, Problem, RegisterError
from followup.sentences import LANGUAGES, say

if TYPE_CHECKING:
    from followup.register import Register

_T = TypeVar("_T")

#: Exit codes: 1 someone is overdue and --fail-overdue was given, or a policy fails its test, 2 wrong usage (click's
#: own), 3 bad data.
OVERDUE, FAILED, BAD_DATA = 1, 1, 3

#: How every SQLite file begins that is not encrypted.
_SQLITE: Final = b"SQLite format 3\0"
#: After so many seconds somebody who waits is told how far it is.
LONG: Final = 2
#: The formats of a list.
FORMATS: Final = ("table", "csv", "json", "xlsx", "html", "ics")
#: What tells a moment from a day.
_TIME: Final = re.compile(r"[T ]\d")
_WITHIN: Final = re.compile(r"(\d{1,3})d?")


def _said(key: str, **facts: object) -> str:
    return _in_both(lambda lang: say(lang, f"usage.{key}", **facts))


def _in_both(text: Callable[[str], str]) -> str:
    """Return a sentence in both languages: which one is wanted is not known while options are read."""
    return " · ".join(map(text, LANGUAGES))


class Day(click.ParamType[date]):
    """A civil day as 2026-11-22."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day, or refuse it as wrong usage."""
        from followup.dates import day

        try:
            return day(value)
        except FollowupError as error:
            self.fail(_in_both(error.text), param, ctx)


class DayOrMoment(click.ParamType["date | datetime"]):
    """A civil day as 2026-11-22, or a moment as 2026-11-22T08:00."""

    name = "date or moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | datetime:
        """Read the day or the moment, or refuse it as wrong usage."""
        from followup.dates import day, instant

        try:
            return instant(str(value)) if _TIME.search(str(value)) else day(value)
        except (ValueError, FollowupError):
            self.fail(_said("day_or_moment", word=value), param, ctx)


class Moment(DayOrMoment):
    """A moment, or a civil day, which says its end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the moment, or refuse it as wrong usage."""
        found = super().convert(value, param, ctx)
        return found if isinstance(found, datetime) else end_of_day(found)


class Word(click.ParamType[Any]):
    """A word of one of the lists in `terms`: its JSON spelling or a label."""

    name = "word"

    def __init__(self, kind: str) -> None:
        """Take words of the list that is called so."""
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Look the word up, or refuse it as wrong usage with those that there are."""
        from followup.terms import LineKind, Role

        known: list[LineKind | Role] = list({"LineKind": LineKind, "Role": Role}[self.kind])
        found = next((term for term in known if value in {term, term.zh, term.en}), None)
        return found or self.fail(_said("word", word=value, options=", ".join(known)), param, ctx)


class Days(click.ParamType[int]):
    """A number of days as 7d."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number, or refuse it as wrong usage."""
        found = _WITHIN.fullmatch(str(value))
        if found is None:
            self.fail(_said("days", word=value), param, ctx)
        return int(found[1])


class Zone(click.ParamType[ZoneInfo]):
    """A time zone as Asia/Shanghai."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        """Read the zone, or refuse it as wrong usage."""
        try:
            return value if isinstance(value, ZoneInfo) else ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            self.fail(_said("zone", word=value), param, ctx)


_SHARED: Final = (
    click.option("--lang", type=click.Choice(LANGUAGES), default="zh", show_default=True, envvar="FOLLOWUP_LANG",
                 help="Language of what is printed. 输出语言。"),
    click.option("--today", type=Day(), envvar="FOLLOWUP_TODAY", help="The date to take for today. 指定今天的日期。"),
    click.option("--tz", type=Zone(), default="Asia/Shanghai", show_default=True, help="Whose today. 时区。"),
)  # fmt: skip


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options, and answer errors with a sentence and an exit code."""

    @functools.wraps(function)
    def run(*args: Any, today: date | None, tz: ZoneInfo, lang: str, **given: Any) -> None:
        try:
            function(*args, today=today or datetime.now(tz).date(), lang=lang, **given)
        except (FollowupError, UnicodeEncodeError, OSError) as error:
            if isinstance(error, OSError) and error.errno != ENOSPC:
                raise
            click.echo(_sentence(error).text(lang), err=True)
            sys.exit(BAD_DATA)

    return functools.reduce(lambda found, option: option(found), reversed(_SHARED), run)


def _sentence(error: FollowupError | UnicodeEncodeError | OSError) -> FollowupError | Problem:
    """Return what tells an error; what cannot be printed is no fault of a word that was given."""
    if isinstance(error, FollowupError):
        return error
    if isinstance(error, OSError):
        return Problem("register.full")
    is_word = error.encoding.lower().replace("-", "") == "utf8"
    return Problem("argument") if is_word else Problem("output.encoding", facts={"encoding": error.encoding})


@contextmanager
def opened(path: Path, author: str | None = None) -> "Iterator[Register]":
    """Open the register of a path, and close it after; `author` is who writes to it."""
    from followup.register import Register
    from followup.storage import sentences_of_sqlite

    with sentences_of_sqlite(path), Register.open(path, author=author, program=program()) as found:
        yield found


def work_on(path: Path, author: str | None, work: "Callable[[Register], _T]") -> _T:
    """Return what is made of the register of a path: anew where another program changed its rules meanwhile.

    Whoever waited for that program to be ready goes by the new rules; until they are looked at, `work` tells nothing.
    """
    while True:
        with opened(path, author) as found:
            try:
                return work(found)
            except RegisterError as error:
                if error.problems[0].code != "register.changed":
                    raise


def program() -> str:
    """Return by which program the command line writes: this one, and its version."""
    from importlib.metadata import version

    return f"followup {version('followup')}"


def _login() -> str | None:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return None


#: Who writes is noted with what is written.
written_by: Final = click.option(
    "--by",
    "writer",
    envvar="FOLLOWUP_BY",
    default=_login,
    help="Who records this; the login name if not given. 录入人。",
)


def write(path: Path, content: str | bytes) -> None:
    """Write a file, a new one for its owner alone, or say why it cannot be written; no register is written over."""
    if _is_database(path):
        raise InvalidFile(Problem("report.register", (str(path),)))
    try:
        with open(path, "wb", opener=_private) as file:
            file.write(content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        raise InvalidFile(Problem("output", facts={"path": path, "reason": error.strerror})) from None


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def put(content: str | bytes, path: Path | None) -> None:
    """Write to a file, or print; what is no text goes to no screen."""
    if path is not None:
        write(path, content)
    elif isinstance(content, bytes) and sys.stdout.isatty():
        raise InvalidFile(Problem("list.binary"))
    else:
        click.echo(content, nl=False)


def keep_off(path: Path | None, register: Path, *files: Path) -> None:
    """Refuse to write over a register, what SQLite keeps beside it, or a file that is read."""
    kept = [*(Path(f"{register}{end}") for end in ("", "-wal", "-shm", "-journal")), *files]
    if path is not None and any(path.resolve() == one.resolve() or _is_same(path, one) for one in kept):
        raise InvalidFile(Problem("report.same", (str(path),)))


def _is_same(one: Path, other: Path) -> bool:
    """Say whether two paths lead to one file; a file that is not there is none."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def end_of_day(day: date) -> datetime:
    """Return the last moment of a civil day."""
    from followup.dates import SHANGHAI

    return datetime.combine(day, time.max, SHANGHAI)


def now(precision: str = "seconds") -> str:
    """Return this moment as entries and policies note it."""
    return datetime.now(UTC).isoformat(timespec=precision)
