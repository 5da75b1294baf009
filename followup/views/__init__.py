"""A `WorkList` as a person or a program reads it: one module a format, each with `render`."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from followup.worklist import WorkList

#: The formats there are.
FORMATS: Final = ("table", "csv", "json")


def render(found: WorkList, form: str, lang: str, *, with_names: bool = False) -> str:
    """Return a list as text in one of `FORMATS`; names and telephones stay out unless asked for."""
    make: Callable[..., str] = import_module(f"{__name__}.{form}").render
    return make(found, lang, with_names=with_names)
