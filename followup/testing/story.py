"""How a law is broken, told so that a clinician can read it: the entries, the day, what should be and what is."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, Protocol

from attrs import field, frozen

from followup.entries import Entry
from followup.explanation import told
from followup.ledger import Ledger
from followup.sentences import say
from followup.terms import LineKind


class Line(Protocol):
    """What a scheduler answers: `DueVisit`, or anything with as much. The laws look at no more than these."""

    @property
    def kind(self) -> str:
        """What is due: the JSON spelling of a `LineKind`."""

    @property
    def due_on(self) -> date:
        """The last day, still on time."""

    @property
    def roles(self) -> Iterable[str]:
        """Who must be there."""

    @property
    def reasons(self) -> Iterable[Any]:
        """The reasons: each with rule, source, anchor_on, within, not_before, due_on, entry."""


@frozen
class Story:
    """One broken law: which, by whose entries, on which day, what was expected, and what was found instead."""

    law: str
    #: Which of the law's sentences: a key below "law.<law>." in `followup.sentences`.
    code: str
    ledger: Ledger
    on: date
    lines: tuple[Line, ...]
    #: What the sentence names.
    facts: Mapping[str, Any] = field(factory=dict, hash=False)

    def text(self, lang: str = "en") -> str:
        """Return the law and how it is broken, in `lang`; it names nobody."""
        return "\n".join([say(lang, f"law.{self.law}"), self.told(lang)])

    def told(self, lang: str = "en") -> str:
        """Return how the law is broken, a line a fact."""
        facts = {name: _shown(value, lang) for name, value in self.facts.items()}
        found = [
            say(lang, "story.expected", text=say(lang, f"law.{self.law}.{self.code}", **facts)),
            say(lang, "story.asked", on=self.on),
            *([text for line in self.lines for text in _line(line, lang)] or [say(lang, "explain.nothing")]),
            say(lang, "story.entries", patient=self.ledger.patient),
            *(_entry(entry, lang) for entry in self.ledger.entries),
        ]
        return "\n".join(found)


class LawBroken(AssertionError):
    """A law that does not hold, with its story."""

    story: Story

    def __init__(self, story: Story) -> None:
        """Tell the story in English; `text("zh")` tells it in Chinese."""
        super().__init__(story.text("en"))
        self.story = story

    def text(self, lang: str = "en") -> str:
        """Return the story in `lang`."""
        return self.story.text(lang)


def _line(line: Line, lang: str) -> Iterable[str]:
    """Return what is due, and by which rule and text."""
    yield say(lang, "story.line", kind=_shown(line.kind, lang), due=line.due_on)
    for reason in line.reasons:
        if hasattr(reason, "text"):
            yield say(lang, "story.reason", text=reason.text(lang))
        elif hasattr(reason, "rule"):
            yield say(lang, "story.reason", text=f"{reason.rule} [{getattr(reason, 'source', '')}]")


def _entry(entry: Entry, lang: str) -> str:
    recorded = "" if entry.recorded_on is None else say(lang, "story.recorded", on=entry.recorded_on)
    return say(lang, "explain.entry", on=entry.on, what=told(entry, lang) + recorded, id=entry.id[:8])


_KINDS: Final = frozenset(LineKind)


def _shown(value: object, lang: str) -> object:
    if isinstance(value, Entry):
        return f"{value.on} {told(value, lang)}"
    if isinstance(value, Mapping):
        pairs = (say(lang, "story.due", kind=_shown(kind, lang), due=due) for kind, due in value.items())
        return say(lang, "word.and").join(pairs) or say(lang, "word.none")
    return LineKind(value).label(lang) if isinstance(value, str) and value in _KINDS else value
