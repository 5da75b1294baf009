"""Values some fields of which are made when they are first asked for."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self


class Later:
    """Base of values that `later` makes: some of their own fields may wait."""

    if not TYPE_CHECKING:  # to a type checker a field that waits is as good as any

        def __getattr__(self, name: str) -> Any:
            """Make a field that waits; Python asks here for what is not there."""
            make = self.__dict__.get("_make")
            if make is None or name.startswith("__"):
                raise AttributeError(name)
            found = self.__dict__[name] = make(self, name)
            return found

    @classmethod
    def later(cls, given: Mapping[str, Any], make: Callable[[Any, str], Any]) -> Self:
        """Return a value of which some fields are given; `make` makes any other, of the value and the field's name."""
        found = object.__new__(cls)
        found.__dict__.update(given)
        found.__dict__["_make"] = make
        return found

    @property
    def is_waiting(self) -> bool:
        """Whether it may have fields that wait."""
        return "_make" in self.__dict__

    def fill(self, **made: Any) -> None:
        """Give fields that wait, made elsewhere; what was made already stays."""
        for name, value in made.items():
            self.__dict__.setdefault(name, value)
