"""A `WorkList` as a person or a program reads it: one module a format, each with `render`."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from followup.errors import InvalidFile, Problem
from followup.worklist import WorkList

#: The formats there are, with the extra that each needs.
FORMATS: Final = {"table": None, "csv": None, "json": None, "xlsx": "excel", "html": "html", "ics": "ical"}


def render(found: WorkList, form: str, lang: str, *, with_names: bool = False, **options: Any) -> str | bytes:
    """Return a list in one of `FORMATS`, a workbook as bytes; names and telephones stay out unless asked for.

    `options` are the format's own. Raises `InvalidFile` where its extra is not installed.
    """
    make: Callable[..., str | bytes] = import_module(f"{__name__}.{form}").render
    try:
        return make(found, lang, with_names=with_names, **options)
    except ModuleNotFoundError:
        raise InvalidFile(Problem("list.extra", facts={"extra": FORMATS[form]})) from None
