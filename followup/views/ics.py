"""A work list as a calendar file: an all-day event on the day that each line is planned for.

Calendars are synchronised to telephones and to other people's servers, so an event says the kind of visit, the
register's number and the last day, and nothing else: no name or telephone, no village or team (a care group of a
village says what it is about), no risk, class, roles or reason (who brings the police says how dangerous).
"""

from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from followup.dates import SHANGHAI
from followup.duevisit import DueVisit
from followup.sentences import say
from followup.worklist import WorkList

if TYPE_CHECKING:
    from icalendar import Event

#: A revision of an event is counted from this day on.
_FIRST: Final = date(2000, 1, 1)


def render(found: WorkList, lang: str, *, with_names: bool = False) -> str:  # noqa: ARG001 - it names nobody
    """Return the list as iCalendar text (RFC 5545).

    A later list has the same UID for a line whose clock goes on, and a higher SEQUENCE, so that it updates the
    event. Where the list was compared with an earlier one, the events of that one's lines that are not on this list
    are cancelled, though the same visit may be due again; without that, a calendar that subscribes to the file drops
    them, and one that imported it keeps them.
    """
    from icalendar import Calendar  # noqa: PLC0415 - an extra

    calendar = Calendar()
    calendar.add("prodid", "-//followup//followup//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", say(lang, "calendar.title"))
    if found.head is not None:
        calendar.add("x-wr-caldesc", say(lang, "list.head", head=found.head))
    there = {line.due.key: line.due for line in (*found.lines, *found.duties)}
    for due in there.values():
        calendar.add_component(_event(due, found, lang, "CONFIRMED"))
    for line in found.before:
        if line.due.key not in there:
            calendar.add_component(_event(line.due, found, lang, "CANCELLED"))
    return str(calendar.to_ical(), "utf-8")


def _event(due: DueVisit, found: WorkList, lang: str, status: str) -> "Event":
    from icalendar import Event  # noqa: PLC0415 - an extra

    event = Event()
    event.add("uid", f"{sha256(due.key.encode()).hexdigest()[:40]}@followup")
    event.add("summary", say(lang, "calendar.event", kind=due.kind.label(lang), patient=due.patient))
    event.add("description", say(lang, "calendar.last_day", on=due.due_on))
    event.add("dtstart", due.plan_on)
    event.add("dtend", due.plan_on + timedelta(1))
    # The moment of the list, which is its day: no clock is asked.
    event.add("dtstamp", datetime.combine(found.on, time.min, SHANGHAI))
    event.add("sequence", _revision(found))
    event.add("status", status)
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    return event


def _revision(found: WorkList) -> int:
    """Return a number that grows with each day and with each entry of the register."""
    entries = int(found.head.partition(":")[0]) if found.head else 0
    return (found.on - _FIRST).days + entries
