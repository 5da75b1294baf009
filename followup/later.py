"""Values some fields of which are made when they are first asked for."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self


class Later:
    """Base of values that `later` makes: one of its own fields may wait."""

    if not TYPE_CHECKING:  # to a type checker a field that waits is as good as any

        def __getattr__(self, name: str) -> Any:
            """Make a field that waits; Python asks here for what is not there."""
            make = self.__dict__.get("_waiting", {}).get(name)
            if make is None:
                raise AttributeError(name)
            found = self.__dict__[name] = make()
            return found

    @classmethod
    def later(cls, given: Mapping[str, Any], waiting: Mapping[str, Callable[[], Any]]) -> Self:
        """Return a value of which some fields are given, and the others are made when they are asked for."""
        found = object.__new__(cls)
        found.__dict__.update(given, _waiting=waiting)
        return found
