"""Every sentence that a person reads, in one module a language (`zh`, `en`), found by its key."""

from functools import cache
from importlib import import_module
from typing import Any, Final

#: The languages there are; `zh` comes first, as most readers are health workers in China.
LANGUAGES: Final = ("zh", "en")


@cache
def sentences(lang: str) -> dict[str, str]:
    """Return all sentences of one language by key; a module is read when it is first needed."""
    found: dict[str, str] = import_module(f"{__name__}.{lang}").SENTENCES
    return found


def say(lang: str, key: str, /, **facts: Any) -> str:
    """Return the sentence `key` in `lang` with its facts filled in.

    >>> say("en", "list.team", team="A", count=3)
    'Team A: 3'
    """
    return sentences(lang)[key].format(**facts)
