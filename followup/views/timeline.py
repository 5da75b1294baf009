"""One person's time as a drawing for a terminal, and with the whole story as a page to print."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from attrs import frozen

from followup.case import case_on
from followup.entries import Entry, Missed, Visited
from followup.explanation import chapters
from followup.ledger import Ledger
from followup.policy import Policy
from followup.sentences import say
from followup.terms import LineKind
from followup.timeline import Timeline, Window, timeline
from followup.views.columns import width, wrapped
from followup.views.html import page

#: How wide a drawing is: the width of a terminal's line.
_WIDEST: Final = 100
#: How far it looks back and ahead, in days; what is due later is told in words alone.
_BACK: Final = 365
_AHEAD: Final = 120
_LEAST_AHEAD: Final = 21
#: Plain characters, as any other may be as wide as two where Chinese is read.
_VISIT, _MISSED, _OTHER = "o", "x", "+"
_WAITING, _OPEN, _LATE, _TODAY = ".", "=", "!", "|"


@frozen
class _Span:
    """The days that are drawn, first and last."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.last - self.first).days + 1

    def months(self) -> Iterator[date]:
        """Yield the first days of the months that begin in it."""
        at = self.first
        while at <= self.last:
            if at.day == 1:
                yield at
            at += timedelta(1)


def drawn(ledger: Ledger, policy: Policy, on: date, lang: str) -> list[str]:
    """Return one person's time as lines of text, 100 cells wide: what was recorded, and a row a kind of line.

    None where the person was not registered yet.
    """
    found = timeline(ledger, policy, on)
    if not found.windows and case_on(ledger, on) is None:
        return []
    span = _span(found)
    kinds = _kinds(found, span)
    labels = [say(lang, "timeline.entries"), *(kind.label(lang) for kind in kinds)]
    margin = max(map(width, labels)) + 2
    scale = -(-span.days // (_WIDEST - margin))
    rows = [_entry_row(found, span, scale), *(_kind_row(found, kind, span, scale) for kind in kinds)]
    title = say(lang, "timeline.title", first=span.first, last=span.last, scale=scale)
    axis = [" " * margin + text for text in _axis(span, scale)]
    drawing = [label + " " * (margin - width(label)) + row.rstrip() for label, row in zip(labels, rows, strict=True)]
    past = [text for told in _past(found, span, lang) for text in _told(told)]
    return [title, *axis, *drawing, say(lang, "timeline.legend"), *past]


def _span(found: Timeline) -> _Span:
    begun = min((entry.on for entry in found.entries), default=found.on)
    dues = [window.due_on for window in found.windows if window.ended_on is None]
    last = max([found.on + timedelta(_LEAST_AHEAD), *(due for due in dues if due <= found.on + timedelta(_AHEAD))])
    return _Span(max(begun, found.on - timedelta(_BACK)), last)


def _kinds(found: Timeline, span: _Span) -> list[LineKind]:
    shown = {window.kind for window in found.windows if (window.ended_on or found.on) >= span.first}
    return [kind for kind in LineKind if kind in shown]


def _axis(span: _Span, scale: int) -> list[str]:
    """Return the years and the months, each above the cell of its first day."""
    cells = -(-span.days // scale)
    years, months = [" "] * cells, [" "] * cells
    _write(years, 0, f"{span.first:%Y}")
    for first in span.months():
        at = (first - span.first).days // scale
        if first.month == 1:
            _write(years, at, f"{first:%Y}")
        _write(months, at, f"{first:%m}")
    return ["".join(years).rstrip(), "".join(months).rstrip()]


def _write(row: list[str], at: int, text: str) -> None:
    """Write a text where there is room for it, with a space around it."""
    end = at + len(text)
    if end <= len(row) and not "".join(row[max(0, at - 1) : end + 1]).strip():
        row[at:end] = text


def _entry_row(found: Timeline, span: _Span, scale: int) -> str:
    """Draw what was recorded: of what shares a cell a follow-up is seen, or else a failed attempt."""
    row = _blank(found, span, scale)
    for mark in (_OTHER, _MISSED, _VISIT):
        for entry in found.entries:
            if _mark(entry) == mark and entry.on >= span.first:
                row[(entry.on - span.first).days // scale] = mark
    return "".join(row)


def _mark(entry: Entry) -> str:
    return _VISIT if isinstance(entry, Visited) else _MISSED if isinstance(entry, Missed) else _OTHER


def _blank(found: Timeline, span: _Span, scale: int) -> list[str]:
    row = [" "] * -(-span.days // scale)
    row[(found.on - span.first).days // scale] = _TODAY
    return row


def _kind_row(found: Timeline, kind: LineKind, span: _Span, scale: int) -> str:
    """Draw the windows of a kind, of which one runs at a time: a later day of a cell goes before an earlier one."""
    row = _blank(found, span, scale)
    for window in found.windows:
        if window.kind is kind:
            for first, last, mark in _stretches(window, found.on):
                _draw(row, span, scale, (first, last), mark)
    row[(found.on - span.first).days // scale] = _TODAY
    return "".join(row)


def _stretches(window: Window, on: date) -> Iterator[tuple[date, date, str]]:
    """Yield first and last day of waiting, of the open window and of being overdue."""
    end = window.ended_on or max(on, window.due_on)
    day = timedelta(1)
    yield window.clock_on, min(end, window.opens_on - day), _WAITING
    yield window.opens_on, min(end, window.due_on), _OPEN
    yield window.due_on + day, end if window.ended_on else on, _LATE


def _draw(row: list[str], span: _Span, scale: int, days: tuple[date, date], mark: str) -> None:
    first, last = max(days[0], span.first), min(days[1], span.last)
    if first <= last:
        start, end = (first - span.first).days // scale, (last - span.first).days // scale
        row[start : end + 1] = mark * (end + 1 - start)


def _past(found: Timeline, span: _Span, lang: str) -> Iterator[str]:
    """Yield in words how each window that is drawn ended, or that it runs."""
    for window in found.windows:
        if (window.ended_on or found.on) >= span.first:
            yield _in_words(window, found.on, lang)


def _in_words(window: Window, on: date, lang: str) -> str:
    late = window.days_late(on)
    facts = {"kind": window.kind.label(lang), "opens": window.opens_on, "due": window.due_on}
    how = say(lang, "timeline.days_late", days=late) if late else ""
    if window.ended_on is None:
        return say(lang, "timeline.running", **facts, how=how)
    by = say(lang, "word.and").join(dict.fromkeys(say(lang, f"entry.{entry.type}") for entry in window.by))
    how = how or say(lang, "timeline.in_time")
    return say(lang, "timeline.ended", **facts, ended=window.ended_on, by=by or say(lang, "timeline.rules"), how=how)


def _told(text: str) -> list[str]:
    first, *others = wrapped(text, _WIDEST - 4)
    return [f"  {first}", *(f"    {other}" for other in others)]


@frozen
class _Bar:
    """A stretch of a row of the picture."""

    x: float
    width: float
    kind: str


#: How wide the picture is, and how the marks of the drawing are called in it.
_WIDTH: Final = 360
_CLASSES: Final = {
    _WAITING: "waiting",
    _OPEN: "open",
    _LATE: "late",
    _VISIT: "visit",
    _MISSED: "missed",
    _OTHER: "other",
}


def render_page(ledger: Ledger, policy: Policy, on: date, lang: str) -> str:
    """Return one person's story as HTML: the picture of the time, then entries, rules, what is due, findings."""
    found = timeline(ledger, policy, on)
    span = _span(found)
    (title, notes), *parts = chapters(ledger, policy, on, lang)
    return page(
        "timeline.html",
        lang,
        title=title,
        notes=notes,
        parts=[(heading.rstrip(":："), texts) for heading, texts in parts],
        period=say(lang, "timeline.period", first=span.first, last=span.last),
        marks=[(round(_x(entry.on, span), 1), _CLASSES[_mark(entry)]) for entry in _drawn(found.entries, span)],
        rows=[(kind.label(lang), _bars(found, kind, span)) for kind in _kinds(found, span)],
        months=[
            (round(_x(first, span), 1), f"{first:%m}" if first.month > 1 else f"{first:%Y}") for first in span.months()
        ],
        today=round(_x(found.on, span), 1),
        past=list(_past(found, span, lang)),
    )


def _drawn(entries: Iterable[Entry], span: _Span) -> Iterator[Entry]:
    return (entry for entry in entries if entry.on >= span.first)


def _x(day: date, span: _Span) -> float:
    return (day - span.first).days * _WIDTH / span.days


def _bars(found: Timeline, kind: LineKind, span: _Span) -> list[_Bar]:
    bars = []
    for window in found.windows:
        for start, end, mark in _stretches(window, found.on) if window.kind is kind else ():
            first, last = max(start, span.first), min(end, span.last)
            if first <= last:
                x, until = _x(first, span), _x(last + timedelta(1), span)
                bars.append(_Bar(round(x, 1), round(until - x, 1), _CLASSES[mark]))
    return bars
