"""Every sentence that a person reads, in one module a language (`zh`, `en`), found by its key."""

from functools import cache
from importlib import import_module
from typing import Any, Final

#: The languages there are; `zh` comes first, as most readers are health workers in China.
LANGUAGES: Final = ("zh", "en")


@cache
def sentences(lang: str) -> dict[str, str]:
    """Return all sentences of one language by key; a module is read when it is first needed."""
    if lang not in LANGUAGES:
        said = f"no such language: {lang!r}; there are {', '.join(LANGUAGES)}"
        raise ValueError(said)
    found: dict[str, str] = import_module(f"{__name__}.{lang}").SENTENCES
    return found


class _Count(int):
    """A number that a sentence may name what it counts: "{days:day|days}" is "1 day", or "2 days"."""

    def __format__(self, spec: str) -> str:
        one, bar, more = spec.partition("|")
        return f"{int(self)} {one if self == 1 else more}" if bar else super().__format__(spec)


def say(lang: str, key: str, /, **facts: Any) -> str:
    """Return the sentence `key` in `lang` with its facts filled in.

    >>> say("en", "list.team", team="A", count=3)
    'Team A: 3'
    >>> say("en", "interval.week", count=1)
    '1 week'
    """
    sentence = sentences(lang)[key]
    if "|" in sentence:
        facts = {name: _Count(value) if type(value) is int else value for name, value in facts.items()}
    return sentence.format(**facts)
