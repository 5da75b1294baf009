"""What is known of one patient at the end of a day, folded from the ledger's facts."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from attrs import Factory, define

from followup.dates import Interval
from followup.entries import (
    PERSONAL,
    Admitted,
    Amended,
    Assigned,
    Checked,
    Consented,
    Declined,
    Detained,
    Died,
    Discharged,
    Done,
    Entry,
    Found,
    Incident,
    Lost,
    Missed,
    MovedIn,
    MovedOut,
    Person,
    Postponed,
    Referred,
    Registered,
    Released,
    Visited,
)
from followup.ledger import Ledger
from followup.stability import effective_class
from followup.terms import ContactMode, RiskLevel, Seen, Stability, Status

#: The facts that rules speak of: status, risk, effective class, class run (0-2), misses (0-2, or 3 where they
#: meet the definition of a loss).
State = tuple[Status, RiskLevel | None, Stability, int, int]

# Members of an enum are looked up by a slow property in Python 3.11; what every fold needs is kept here.
_MANAGED, _DECLINED, _DEAD = Status.MANAGED, Status.DECLINED, Status.DEAD
_BASIC, _UNDETERMINED = Stability.BASIC, Stability.UNDETERMINED

#: Which status speaks where several suspensions overlap: death and moving away, then the one that began last (whoever
#: is lost from hospital is lost), then the first of these.
_SUSPENSIONS: Final = (Status.DEAD, Status.MOVED_OUT, Status.IN_HOSPITAL, Status.DETAINED, Status.LOST)
_FINAL: Final = frozenset(_SUSPENSIONS[:2])
#: Of whom it is known where they are: whoever was lost has been found.
_KNOWN_WHERE: Final = frozenset({Status.IN_HOSPITAL, Status.DETAINED})
#: A follow-up less than this many days after the one counted last does not advance the class run (A).
_RUN_DAYS: Final = 7

_MONTH: Final = Interval(1, "month")
#: What cannot happen to the dead; a discharge may be told of the day, a report or an address after it.
_OF_THE_LIVING: Final = frozenset(
    {
        *(Consented, Declined, Missed, Incident, Visited, Checked, Referred),
        *(Admitted, Detained, Lost, Found, MovedOut, MovedIn),
    }
)
_FACE_TO_FACE: Final = frozenset({ContactMode.CLINIC, ContactMode.HOME})


@define(eq=False, repr=False)  # it holds names, which no repr shows
class Case:
    """What is known of one patient at the end of the day `on`; made by `case_on`, not changed after.

    A suspension stands with the days on which it began, as one stay may be told of several times.
    """

    patient: str
    on: date
    registered: Registered | None = None
    consents: bool = True
    team: str | None = None
    village: str | None = None
    #: Name, phone and so on as last amended.
    person: dict[str, Any] = Factory(dict)
    suspensions: dict[Status, list[date]] = Factory(dict)
    #: The completed follow-ups, in order.
    visits: list[Visited] = Factory(list)
    #: The failed attempts since the last follow-up or return, one a day, and the first three in a row that lie
    #: within a month of the first of the three: the definition of a loss (U).
    misses: list[Missed] = Factory(list)
    not_reached: tuple[Missed, ...] = ()
    #: The last attempt that came too late to be counted with the first ones.
    passed_on: date = date.min
    #: The latest of each kind of anchor, with the entry that tells it.
    anchors: dict[str, tuple[date, Entry]] = Factory(dict)
    #: The days on which the centre was informed, and of incidents: an earlier one may still wait for its answer.
    informed: list[tuple[date, Entry]] = Factory(list)
    incidents: list[tuple[date, Entry]] = Factory(list)
    #: What settles duties, in order: referrals, checks, duties done, admissions.
    deeds: list[Entry] = Factory(list)
    #: The effective class of the last follow-up, and for how many follow-up days in a row.
    stability: Stability = Stability.UNKNOWN
    #: Its class group (undetermined is basic), for how many follow-up days in a row, and the day counted last.
    run: tuple[Stability, int, date] = (Stability.UNKNOWN, 0, date.min)
    #: The postponement of the next visit: it replaces a doctor's date, and moves `plan_on` where there is none.
    postponed: Postponed | None = None
    #: The end-of-day states since the registration: first day, state, the entry that brought it.
    spells: list[tuple[date, State, Entry]] = Factory(list)
    #: The facts of days that have several: they may contradict each other.
    crowded: list[tuple[Entry, ...]] = Factory(list)
    #: Doubts that arose while reading: a finding's code and the entries.
    doubts: list[tuple[str, tuple[Entry, ...]]] = Factory(list)
    #: The run as the day began: several follow-ups of one day count as its last.
    run_before: tuple[Stability, int, date] = (Stability.UNKNOWN, 0, date.min)
    #: The stay in hospital that a follow-up ended, by seeing the patient: when it began, and that follow-up.
    seen_out: tuple[date, Visited] | None = None
    #: Endings that found nothing open; they are tried again after the day's beginnings.
    endings: list[tuple[Status, Entry]] = Factory(list)
    #: The last entry that may have changed the state.
    mover: Entry | None = None

    @property
    def state(self) -> State:
        """The facts that rules speak of, as of this day."""
        return self.spells[-1][1]

    @property
    def status(self) -> Status:
        """Consenting and at home, or why not."""
        return self.spells[-1][1][0]

    @property
    def planned(self) -> tuple[date, Entry] | None:
        """The doctor's own date for the next follow-up, or the day until which it was postponed."""
        last = self.visits[-1] if self.visits else None
        if last is None or last.next_on is None or last.next_on <= last.on:
            return None
        return (last.next_on, last) if self.postponed is None else (self.postponed.until, self.postponed)

    @property
    def risk(self) -> RiskLevel | None:
        """The risk level of the last completed follow-up."""
        return self.spells[-1][1][1]


def case_on(ledger: Ledger, on: date) -> Case | None:
    """Return what is known at the end of the day `on`, or None before the registration.

    >>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), Visited("p1", "2026-11-01", risk=2)])
    >>> case_on(ledger, date(2026, 11, 2)).stability.value
    'basic'
    """
    case = Case(ledger.patient, on)
    for day, entries in ledger.effects:
        if day > on:
            break
        case.run_before = case.run
        if _DEAD in case.suspensions:
            case.doubts += [("entry-after-death", (entry,)) for entry in entries if type(entry) in _OF_THE_LIVING]
        for entry in entries:
            _READ[type(entry)](case, entry, day)
        if len(entries) > 1:
            case.crowded.append(entries)
        _end_day(case, day)
    return case if case.spells else None


def _end_day(case: Case, day: date) -> None:
    if case.endings:
        _try_again(case)
    if case.registered is None or case.mover is None:
        return
    risk = case.visits[-1].risk if case.visits else None
    run, misses = case.run[1], len(case.misses)
    misses = 3 if case.not_reached else misses if misses < 2 else 2  # noqa: PLR2004, FURB136 - min() takes twice as long
    capped = run if run < 2 else 2, misses  # noqa: PLR2004, FURB136
    state = (_status(case), risk, case.stability, *capped)
    if not case.spells or case.spells[-1][1] != state:
        case.spells.append((day, state, case.mover))


def _try_again(case: Case) -> None:
    for status, entry in case.endings:
        if not _close(case, status, entry.on) and status is not Status.MOVED_OUT:
            case.doubts.append(("return-without-beginning", (entry,)))
    case.endings.clear()


def _status(case: Case) -> Status:
    if case.suspensions:
        there = [status for status in _SUSPENSIONS if status in case.suspensions]
        return there[0] if there[0] in _FINAL else max(there, key=lambda status: case.suspensions[status][-1])
    return _MANAGED if case.consents else _DECLINED


def _read_registered(case: Case, entry: Registered, day: date) -> None:
    if case.registered is not None:
        case.doubts.append(("registered-twice", (case.registered, entry)))
        return
    case.registered = case.mover = entry
    case.consents = entry.consents
    if case.visits:
        case.doubts.append(("visit-before-registration", tuple(case.visits)))
    if entry.consents:
        case.informed.append((max(entry.informed_on or day, day), entry))
    _read_amended(case, entry, day)
    _read_assigned(case, entry, day)


def _read_amended(case: Case, entry: Person, day: date) -> None:  # noqa: ARG001 - all readers are called alike
    given = {name: getattr(entry, name) for name in PERSONAL}
    case.person |= {name: value for name, value in given.items() if value is not None}


def _read_assigned(case: Case, entry: Registered | Assigned, day: date) -> None:  # noqa: ARG001
    case.team = entry.team if entry.team is not None else case.team
    case.village = entry.village if entry.village is not None else case.village


def _read_consented(case: Case, entry: Consented, day: date) -> None:
    if not case.consents:
        case.informed.append((entry.informed_on or day, entry))
    case.consents, case.mover = True, entry


def _read_declined(case: Case, entry: Declined, day: date) -> None:  # noqa: ARG001
    case.consents, case.mover = False, entry


def _read_visited(case: Case, entry: Visited, day: date) -> None:
    case.visits.append(entry)
    case.mover = entry
    case.postponed = None
    case.stability = effective_class(entry)
    case.run = _run(case.run_before, case.stability, day)
    if case.misses:
        _forget_misses(case)
    if entry.next_on is not None and entry.next_on <= day:
        case.doubts.append(("date-not-after-visit", (entry,)))
    if case.suspensions:
        _seen_again(case, entry)


def _forget_misses(case: Case) -> None:
    case.misses.clear()
    case.not_reached = ()
    case.anchors.pop("first_missed", None)


def _run(before: tuple[Stability, int, date], stability: Stability, day: date) -> tuple[Stability, int, date]:
    group = _BASIC if stability is _UNDETERMINED else stability
    if before[0] is not group:
        return group, 1, day
    if (day - before[2]).days < _RUN_DAYS:
        return before
    return group, before[1] + 1, day


def _seen_again(case: Case, entry: Visited) -> None:
    if entry.mode in _FACE_TO_FACE and Seen.PATIENT in (entry.seen or ()):
        if Status.MOVED_OUT in case.suspensions:
            case.doubts.append(("seen-while-moved-out", (entry,)))
        for status in (Status.IN_HOSPITAL, Status.DETAINED, Status.LOST):
            begun = case.suspensions.pop(status, None)
            if begun is not None:
                case.doubts.append((f"seen-while-{status.replace('_', '-')}", (entry,)))
            if begun is not None and status is Status.IN_HOSPITAL:
                case.seen_out = begun[-1], entry


def _read_postponed(case: Case, entry: Postponed, day: date) -> None:
    if entry.until > (case.visits[-1].on if case.visits else day):
        case.postponed = entry
    else:
        case.doubts.append(("date-not-after-visit", (entry,)))


def _read_missed(case: Case, entry: Missed, day: date) -> None:
    if not case.misses or case.misses[-1].on != day:
        _pass_on(case, day)
        case.misses.append(entry)
        case.anchors["first_missed"] = case.misses[0].on, case.misses[0]
        if not case.not_reached and len(case.misses) > 2:  # noqa: PLR2004
            case.not_reached = tuple(case.misses[-3:])
    case.mover = entry


def _pass_on(case: Case, day: date) -> None:
    """Go on from the later attempts where a third is too late to make a loss with the first: none ends in silence."""
    if len(case.misses) > 1 and not case.not_reached:
        counted = [missed for missed in case.misses if day <= _MONTH.after(missed.on)]
        if len(counted) < len(case.misses):
            case.misses, case.passed_on = counted, day


def _beginning(status: Status, anchor: str | None = None) -> Callable[[Case, Any, date], None]:
    def read(case: Case, entry: Entry, day: date) -> None:
        case.suspensions.setdefault(status, []).append(day)
        if status in _KNOWN_WHERE:
            case.suspensions.pop(Status.LOST, None)
        case.mover = entry
        if anchor is not None:
            case.anchors[anchor] = day, entry
            case.deeds.append(entry)

    return read


def _ending(status: Status, anchor: str) -> Callable[[Case, Any, date], None]:
    def read(case: Case, entry: Entry, day: date) -> None:
        if type(entry) is Discharged and _was_seen_since(case, entry):
            return
        if status is Status.MOVED_OUT:
            case.suspensions.pop(Status.LOST, None)
        told = case.anchors.get(anchor)
        closed = _close(case, status, entry.on)
        if not closed and told is not None and entry.on <= told[1].on:
            return  # the same return, told again
        case.anchors[anchor] = entry.on, entry
        _forget_misses(case)
        case.mover = entry
        if anchor != "found":
            case.informed.append((getattr(entry, "informed_on", None) or day, entry))
        if not closed:
            case.endings.append((status, entry))
        elif status in case.suspensions:
            case.doubts.append(("away-after-return", (entry,)))

    return read


def _was_seen_since(case: Case, entry: Discharged) -> bool:
    """Say whether a follow-up had ended the stay already, by seeing the patient at home: then that is explained."""
    if case.seen_out is None or not case.seen_out[0] <= entry.on <= case.seen_out[1].on:
        return False
    case.anchors["discharged"] = entry.on, entry
    case.informed.append((entry.on, entry))  # who went there knew it
    case.doubts.remove(("seen-while-in-hospital", (case.seen_out[1],)))
    case.seen_out = None
    return True


def _close(case: Case, status: Status, on: date) -> bool:
    """End what began up to the day `on`, however often it was told; a later stay goes on."""
    begun = case.suspensions.get(status, [])
    after = [day for day in begun if day > on]
    if after:
        case.suspensions[status] = after
    else:
        case.suspensions.pop(status, None)
    return len(after) < len(begun)


def _deed(anchor: str) -> Callable[[Case, Any, date], None]:
    def read(case: Case, entry: Entry, day: date) -> None:
        case.anchors[anchor] = day, entry
        case.deeds.append(entry)

    return read


def _read_done(case: Case, entry: Done, day: date) -> None:
    case.anchors[f"done {entry.kind}"] = day, entry
    case.deeds.append(entry)


def _read_incident(case: Case, entry: Incident, day: date) -> None:
    case.incidents.append((day, entry))


_READ: Final[dict[type[Entry], Callable[[Case, Any, date], None]]] = {
    Registered: _read_registered,
    MovedIn: _ending(Status.MOVED_OUT, "moved_in"),
    Consented: _read_consented,
    Declined: _read_declined,
    Assigned: _read_assigned,
    Amended: _read_amended,
    Discharged: _ending(Status.IN_HOSPITAL, "discharged"),
    Released: _ending(Status.DETAINED, "released"),
    Found: _ending(Status.LOST, "found"),
    Missed: _read_missed,
    Incident: _read_incident,
    Visited: _read_visited,
    Checked: _deed("checked"),
    Referred: _deed("referred"),
    Done: _read_done,
    Admitted: _beginning(Status.IN_HOSPITAL, "admitted"),
    Detained: _beginning(Status.DETAINED),
    Lost: _beginning(Status.LOST),
    MovedOut: _beginning(Status.MOVED_OUT),
    Postponed: _read_postponed,
    Died: _beginning(Status.DEAD),
}
