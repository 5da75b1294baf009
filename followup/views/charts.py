"""The pictures of a list: how long follow-ups are overdue, and what each team has to do in the next four weeks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from attrs import field, frozen

from followup.sentences import say
from followup.terms import Bucket
from followup.views.cells import by_team
from followup.worklist import WorkLine

#: How far the second picture looks, and how far a list must look to hold it: over the longest holiday.
WEEKS: Final = 4
AHEAD: Final = 7 * WEEKS + 14
#: The first days of the bands by which what is overdue is counted.
_BANDS: Final = (1, 8, 15, 31, 91, 181)
#: The most teams of which each has a bar of its own, and how long a bar is.
_TEAMS: Final = 20
_WIDTH: Final = 128.0


@frozen
class Part:
    """A part of a bar: where it begins, how long it is, what it counts."""

    x: float
    width: float
    kind: str
    count: int


@frozen
class Bar:
    """A bar with its label; the figures stand beside it in words."""

    label: str
    figures: str
    parts: tuple[Part, ...]


@frozen
class Chart:
    """A picture of bars, with a text that says the same."""

    title: str
    note: str
    text: str
    bars: tuple[Bar, ...]
    #: What the colours mean, where there are several.
    legend: tuple[tuple[str, str], ...] = field(default=())


def ageing(lines: Iterable[WorkLine], lang: str) -> Chart:
    """Return how many follow-up lines are overdue for how long."""
    late = Counter(_band(line.days_overdue) for line in lines if line.bucket is Bucket.OVERDUE)
    labels = [say(lang, "chart.span", first=first, last=after - 1) for first, after in pairwise(_BANDS)]
    labels.append(say(lang, "chart.beyond", first=_BANDS[-1]))
    counts = [late[place] for place in range(len(_BANDS))]
    parts = [say(lang, "chart.ageing.part", label=label, count=n) for label, n in zip(labels, counts, strict=True)]
    text = say(lang, "chart.ageing.text", total=sum(counts), parts=say(lang, "word.and").join(parts))
    bars = [_bar(label, str(n), [("late", n)], max(counts)) for label, n in zip(labels, counts, strict=True)]
    return Chart(say(lang, "chart.ageing"), "", text, tuple(bars))


def _band(days: int) -> int:
    return sum(first <= days for first in _BANDS) - 1


def load(lines: Iterable[WorkLine], on: date, lang: str, *, is_whole: bool) -> Chart:
    """Return what each team has to do: overdue, and in each of four weeks; the busiest teams one by one.

    `is_whole` says that `lines` hold what has not opened yet, too.
    """
    counted = [(team, _weeks(of_team, on)) for team, of_team in by_team(lines)]
    told = [(team or say(lang, "list.no_team"), weeks) for team, weeks in counted if any(weeks)]
    busiest = sorted(told, key=lambda pair: -sum(pair[1]))[:_TEAMS]
    shown = [pair for pair in told if pair in busiest]
    if others := [weeks for team, weeks in told if (team, weeks) not in busiest]:
        shown.append((say(lang, "chart.others", count=len(others)), [sum(week) for week in zip(*others, strict=True)]))
    most = max((sum(weeks) for _, weeks in shown), default=0)
    texts = [_load_text(team, weeks, lang) for team, weeks in shown]
    bars = [_bar(team, "·".join(map(str, weeks)), zip(_KINDS, weeks, strict=True), most) for team, weeks in shown]
    note = say(lang, "chart.load.note" if is_whole else "chart.load.here")
    text = " ".join(texts) or say(lang, "chart.none")
    return Chart(say(lang, "chart.load"), note, text, tuple(bars), tuple(zip(_KINDS, _labels(on, lang), strict=True)))


_KINDS: Final = ("late", *(f"week{number}" for number in range(1, WEEKS + 1)))


def _weeks(lines: Iterable[WorkLine], on: date) -> list[int]:
    """Return how many lines are overdue, and how many are planned for each week from the day on."""
    found = [0] * (WEEKS + 1)
    for line in lines:
        week = max(0, (line.due.plan_on - on).days) // 7 + 1
        if line.bucket is Bucket.OVERDUE:
            found[0] += 1
        elif week <= WEEKS:
            found[week] += 1
    return found


def _labels(on: date, lang: str) -> list[str]:
    firsts = [on + timedelta(7 * week) for week in range(WEEKS)]
    weeks = [say(lang, "chart.week", first=f"{first:%m-%d}", last=f"{first + timedelta(6):%m-%d}") for first in firsts]
    return [Bucket.OVERDUE.label(lang), *weeks]


def _load_text(team: str, weeks: Sequence[int], lang: str) -> str:
    told = say(lang, "word.and").join(map(str, weeks[1:]))
    return say(lang, "chart.load.text", team=team, overdue=weeks[0], weeks=told)


def _bar(label: str, figures: str, counts: Iterable[tuple[str, int]], most: int) -> Bar:
    parts, x = [], 0.0
    for kind, count in counts:
        width = round(_WIDTH * count / most, 1) if most else 0.0
        if width:
            parts.append(Part(round(x, 1), width, kind, count))
        x += width
    return Bar(label, figures, tuple(parts))
