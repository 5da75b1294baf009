"""A work list as a page: one file without scripts or network, to be read on a telephone or printed on A4."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from followup.errors import InvalidFile, Problem
from followup.sentences import say
from followup.views.cells import by_team, cells, head, heading, moved, state
from followup.views.charts import ageing, load
from followup.views.columns import clipped
from followup.views.people import posts, team_title
from followup.worklist import WorkLine, WorkList

_HEADINGS: Final = (
    "patient", "team", "village", "kind", "bucket", "due_on", "plan_on", "risk", "stability", "roles", "reasons",
    "findings", "people",
)  # fmt: skip


def render(found: WorkList, lang: str, *, with_names: bool = False, ahead: WorkList | None = None) -> str:
    """Return the list as HTML.

    `ahead` is the list of the same day that looks `charts.AHEAD` days further: the picture of the next four weeks
    is drawn from it; without it from the list itself.
    """
    title, counts, *notes = head(found, lang)
    teams = [(team_title(team, lines, lang), _told(lines, lang)) for team, lines in by_team(found.lines)]
    return page(
        "list.html",
        lang,
        title=title,
        notes=[counts, *notes],
        counts=[(str(bucket), bucket.label(lang), count) for bucket, count in found.counts.items()],
        ageing=ageing(found.lines, lang),
        load=load((ahead or found).lines, found.on, lang, is_whole=ahead is not None),
        teams=teams,
        duties=_told(found.duties, lang),
        moved=[(text, lines) for text, lines in moved(found, lang)],
        with_names=with_names,
        h={name: heading(name, lang) for name in _HEADINGS},
    )


def page(template: str, lang: str, **content: Any) -> str:
    """Return a page made from a template of the folder `templates`; every text is escaped.

    Raises `InvalidFile` where the package for it is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise InvalidFile(Problem("list.extra", facts={"extra": "html"})) from None

    pages = Environment(
        loader=PackageLoader("followup", "views/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.filters["clipped"] = clipped
    return pages.get_template(template).render(lang=lang, t=partial(say, lang), **content)


def _told(lines: Iterable[WorkLine], lang: str) -> list[dict[str, Any]]:
    return [_line(line, lang) for line in lines]


def _line(line: WorkLine, lang: str) -> dict[str, Any]:
    return cells(line, lang) | {
        "code": str(line.bucket),
        "bucket": state(line, lang),
        "reasons": [reason.text(lang) for reason in line.due.reasons],
        "findings": [finding.text(lang) for finding in line.findings],
        "posts": posts(line, lang),
    }
