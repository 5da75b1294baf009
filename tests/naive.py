"""The follow-up norm told a second time, naively: every day lived through in turn, every rule an if-statement.

It shares with the library the classes of the entries and nothing else, so that the two can be held against each
other. What is in 「」 or names a table row is the norm's; what begins with (A) is a choice where the norm is silent.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import chinese_calendar

from followup.entries import (
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
    Postponed,
    Referred,
    Registered,
    Released,
    Retracted,
    Visited,
)

#: The first and the last day on which a follow-up may sensibly be made.
Window = tuple[date, date]

ONE_DAY = timedelta(days=1)
ONE_WEEK = timedelta(weeks=1)
TWO_WEEKS = timedelta(weeks=2)

#: The kinds of one day, in the order in which they are read.
KINDS = (
    *(Registered, MovedIn, Consented, Declined, Assigned, Amended),
    *(Discharged, Released, Found),
    *(Missed, Incident, Visited, Checked, Referred, Done),
    *(Admitted, Detained, Lost, MovedOut),
    *(Postponed, Died),
)
ENDINGS = (Discharged, Released, Found)
AFTER_BEGINNINGS = (Postponed, Died)

FACE_TO_FACE = ("clinic", "home")
FUNCTIONS = ("self_care", "housework", "work", "study", "contact")
BETTER_TO_WORSE = ("stable", "undetermined", "basic", "unstable")
FOLLOW_UPS = ("visit", "first-visit", "retry")


# Section 5: how days are counted.


def months_after(start: date, months: int) -> date:
    """「31 January + 1 month = 28 or 29 February」: the same day of the month, or the month's last."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def is_workday(day: date) -> bool:
    """「工作日 need the State Council's yearly notice」; (A) a year without one is counted Monday to Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def at_once(clock: date) -> Window:
    """「At once」: on the same day."""
    return clock, clock


def within_weeks(clock: date, weeks: int) -> Window:
    """「2 weeks after 1 November is 15 November」; (A) it opens a week before."""
    last = clock + weeks * ONE_WEEK
    return max(clock, last - ONE_WEEK), last


def within_months(clock: date, months: int) -> Window:
    """「Always anchor + n months at once」; (A) it opens a week before, two where it is more than a month."""
    last = months_after(clock, months)
    return max(clock, last - (TWO_WEEKS if months > 1 else ONE_WEEK)), last


def within_workdays(clock: date, workdays: int) -> Window:
    """「2026-02-13 + 5 working days = 02-27」; (A) it opens a week before."""
    last = clock
    while workdays:
        last += ONE_DAY
        if is_workday(last):
            workdays -= 1
    return max(clock, last - ONE_WEEK), last


# Section 3: the class of one follow-up.


def class_by_criteria(visit: Visited) -> str:
    """「Unstable: any one」, 「basically stable: at least one」, 「stable: all」; (A) what is absent is not good."""
    functions = visit.functions or {}
    if visit.risk >= 3 or visit.insight == "absent" or visit.reaction == "severe" or visit.physical == "severe":
        return "unstable"
    if visit.risk >= 1 or "poor" in functions.values():
        return "basic"
    no_symptoms = visit.symptoms is not None and not visit.symptoms
    good_functions = all(function in functions for function in FUNCTIONS)
    good_health = visit.reaction == "none" and visit.physical == "stable"
    if no_symptoms and visit.insight == "full" and good_functions and good_health:
        return "stable"
    return "undetermined"


def class_by_risk(risk: int) -> str:
    """「Unstable: risk 3-5」, 「basically stable: risk 1-2」, 「stable: risk 0」."""
    if risk >= 3:
        return "unstable"
    return "basic" if risk >= 1 else "stable"


def class_of(visit: Visited) -> str:
    """「Where the recorded class and the risk disagree, the worse of the two governs」."""
    if visit.stability is None:
        return class_by_criteria(visit)
    return max(str(visit.stability), class_by_risk(visit.risk), key=BETTER_TO_WORSE.index)


def governing(found: str) -> str:
    """「Undetermined: as basically stable」."""
    return "basic" if found == "undetermined" else found


# What has happened to one person, by the end of a day.


@dataclass(frozen=True)
class Day:
    """All that counts of one person at the end of one day."""

    on: date
    registered: bool = False
    consents: bool = False
    in_hospital: bool = False
    detained: bool = False
    lost: bool = False
    moved_out: bool = False
    dead: bool = False
    #: The day on which the centre knew of the consent, the discharge, the release or the moving in.
    informed: date | None = None
    #: The day on which a transfer was received last.
    moved_in: date | None = None
    #: The day on which the present or last stay in hospital began.
    stay_began: date | None = None
    visits: tuple[Visited, ...] = ()
    #: In how many follow-ups in a row the class was what it is, and the day of the one counted last.
    class_run: int = 0
    run_counted: date | None = None
    #: The doctor's own date for the next follow-up.
    planned: date | None = None
    #: The days of the failed attempts since the last follow-up or return.
    misses: tuple[date, ...] = ()
    incidents: tuple[date, ...] = ()
    checks: tuple[date, ...] = ()
    admissions: tuple[date, ...] = ()
    referrals: tuple[Referred, ...] = ()
    done: tuple[Done, ...] = ()


def status(day: Day) -> str:
    """「What the scheduler calls `managed` is consenting and at home」, and otherwise why not."""
    for suspended in ("dead", "moved_out", "lost", "detained", "in_hospital"):
        if getattr(day, suspended):
            return suspended
    return "managed" if day.consents else "declined"


def standing_entries(entries: Iterable[Entry]) -> list[Entry]:
    """(A) A retraction acts from the first day, whatever its own date; it may itself be retracted."""
    told = list(entries)

    def stands(entry: Entry) -> bool:
        return not any(isinstance(other, Retracted) and other.entry == entry.id and stands(other) for other in told)

    return [entry for entry in told if not isinstance(entry, Retracted) and stands(entry)]


def acts_on(entry: Entry) -> date:
    """(A) A discharged patient counts as in hospital until the centre is informed."""
    if isinstance(entry, Discharged) and entry.informed_on is not None:
        return max(entry.on, entry.informed_on)
    return entry.on


def place(entry: Entry) -> tuple[int, int, int, str]:
    """(A) The entries of a day by kind; of one kind the worse last: higher risk, worse class, then id."""
    if isinstance(entry, Visited):
        return KINDS.index(Visited), entry.risk, BETTER_TO_WORSE.index(class_of(entry)), entry.id
    return KINDS.index(type(entry)), 0, 0, entry.id


def history(entries: Iterable[Entry], on: date) -> list[Day]:
    """Live through every day from the first entry to `on`."""
    facts = standing_entries(entries)
    days: list[Day] = []
    today = Day(min([on, *(acts_on(fact) for fact in facts)]))
    while today.on <= on:
        todays = [fact for fact in facts if acts_on(fact) == today.on]
        days.append(lived(today, sorted(todays, key=place)))
        today = replace(days[-1], on=today.on + ONE_DAY)
    return days


def lived(day: Day, facts: Sequence[Entry]) -> Day:
    """(A) The order of a day: an ending that finds nothing open is applied after that day's beginnings."""
    waiting: list[Entry] = []
    for fact in facts:
        if isinstance(fact, ENDINGS) and not ends_something(day, fact):
            waiting.append(fact)
        elif not isinstance(fact, AFTER_BEGINNINGS):
            day = after_fact(day, fact)
    for fact in waiting:
        day = after_fact(day, fact)
    for fact in facts:
        if isinstance(fact, AFTER_BEGINNINGS):
            day = after_fact(day, fact)
    return after_follow_ups(day)


def ends_something(day: Day, fact: Entry) -> bool:
    """Say whether a discharge, a release or a finding has something to end."""
    if isinstance(fact, Discharged):
        return day.in_hospital
    if isinstance(fact, Released):
        return day.detained
    return day.lost


def after_fact(day: Day, fact: Entry) -> Day:
    """Return the day as one more fact leaves it."""
    if isinstance(fact, Registered | Consented | Declined | MovedIn | MovedOut | Died):
        return after_coming_or_going(day, fact)
    if isinstance(fact, Discharged | Released | Found):
        return after_return(day, fact)
    if isinstance(fact, Admitted | Detained | Lost):
        return after_suspension(day, fact)
    if isinstance(fact, Visited):
        return after_visit(day, fact)
    return after_anything_else(day, fact)


def after_coming_or_going(day: Day, fact: Entry) -> Day:
    """「Dead patients leave the register's active part. Transfer out closes here and opens there」."""
    if isinstance(fact, Registered):
        informed = (fact.informed_on or fact.on) if fact.consents else day.informed
        return replace(day, registered=True, consents=fact.consents, informed=informed)
    if isinstance(fact, Consented):
        return replace(day, consents=True, informed=fact.informed_on or fact.on)
    if isinstance(fact, Declined):
        return replace(day, consents=False)
    if isinstance(fact, MovedIn):
        return replace(day, moved_out=False, informed=fact.on, moved_in=fact.on, misses=())
    if isinstance(fact, MovedOut):
        return replace(day, moved_out=True)
    return replace(day, dead=True)


def after_return(day: Day, fact: Entry) -> Day:
    """(A) Each suspension ends by its own entry; a return without its beginning counts as a return."""
    if isinstance(fact, Discharged):
        return replace(day, in_hospital=False, informed=acts_on(fact), misses=())
    if isinstance(fact, Released):
        return replace(day, detained=False, informed=fact.on, misses=())
    return replace(day, lost=False, misses=())


def after_suspension(day: Day, fact: Entry) -> Day:
    """(A) Each suspension begins by its own entry; an admission told again changes nothing."""
    if isinstance(fact, Detained):
        return replace(day, detained=True)
    if isinstance(fact, Lost):
        return replace(day, lost=True)
    stay_began = day.stay_began if day.in_hospital else fact.on
    return replace(day, in_hospital=True, stay_began=stay_began, admissions=(*day.admissions, fact.on))


def after_visit(day: Day, visit: Visited) -> Day:
    """(A) A clinic or home visit at which the patient was seen ends in_hospital, detained and lost."""
    planned = visit.next_on if visit.next_on is not None and visit.next_on > visit.on else None
    day = replace(day, visits=(*day.visits, visit), planned=planned, misses=())
    if visit.mode in FACE_TO_FACE and "patient" in (visit.seen or ()):
        return replace(day, in_hospital=False, detained=False, lost=False)
    return day


def after_anything_else(day: Day, fact: Entry) -> Day:
    """「A failed attempt is not a visit」; (A) the doctor's date is replaced by a later postponement."""
    if isinstance(fact, Missed) and fact.on not in day.misses:
        return replace(day, misses=(*day.misses, fact.on))
    if isinstance(fact, Incident):
        return replace(day, incidents=(*day.incidents, fact.on))
    if isinstance(fact, Checked):
        return replace(day, checks=(*day.checks, fact.on))
    if isinstance(fact, Referred):
        return replace(day, referrals=(*day.referrals, fact))
    if isinstance(fact, Done):
        return replace(day, done=(*day.done, fact))
    if isinstance(fact, Postponed) and day.planned is not None and fact.until > day.planned:
        return replace(day, planned=fact.until)
    return day


def after_follow_ups(day: Day) -> Day:
    """(A) `class_run` counts the days in a row of one class, of which one within a week does not count again."""
    before = [visit for visit in day.visits if visit.on < day.on]
    if len(before) == len(day.visits):
        return day
    if not before or class_in_force(before) != class_in_force(day.visits) or day.run_counted is None:
        return replace(day, class_run=1, run_counted=day.on)
    if day.on - day.run_counted >= ONE_WEEK:
        return replace(day, class_run=day.class_run + 1, run_counted=day.on)
    return day


def class_in_force(visits: Sequence[Visited]) -> str:
    """「Per class of the last completed follow-up」."""
    return governing(class_of(visits[-1])) if visits else "unknown"


# Conditions, and the day from which one has held.


def at_home(day: Day) -> bool:
    """「Declining never makes anyone's dates later: the rules of risk and class go on」."""
    return day.registered and status(day) in {"managed", "declined"}


def managed(day: Day) -> bool:
    """「Consenting and at home」."""
    return day.registered and status(day) == "managed"


def unstable(day: Day) -> bool:
    """「Unstable: risk 3-5, or marked symptoms, or ...」, at home."""
    return at_home(day) and class_in_force(day.visits) == "unstable"


def at_risk(day: Day) -> bool:
    """「对危险性评估等级3级及以上患者」, at home."""
    return at_home(day) and bool(day.visits) and day.visits[-1].risk >= 3


def basic_at_first(day: Day) -> bool:
    """「Basically stable」, and nobody has seen yet whether that settles."""
    return at_home(day) and class_in_force(day.visits) == "basic" and day.class_run == 1


def basic_still(day: Day) -> bool:
    """「Basically stable」, and at the second follow-up not settled."""
    return at_home(day) and class_in_force(day.visits) == "basic" and day.class_run >= 2


def stable(day: Day) -> bool:
    """「Stable」, at home."""
    return at_home(day) and class_in_force(day.visits) == "stable"


def in_hospital(day: Day) -> bool:
    """「Admitted: no community visit」."""
    return day.registered and status(day) == "in_hospital"


def lost(day: Day) -> bool:
    """「失访: missing; moved away; ...; or three failed attempts within one month counted from the first」."""
    return day.registered and (status(day) == "lost" or (at_home(day) and three_failures(day.misses)))


def three_failures(misses: Sequence[date]) -> bool:
    """「On three days, any three in a row within one month of the first of the three」."""
    return any(third <= months_after(first, 1) for first, third in zip(misses, misses[2:], strict=False))


def left_in_danger(day: Day) -> bool:
    """「Leaves the area: risk 3 and above, or unstable」."""
    return day.registered and status(day) == "moved_out" and class_in_force(day.visits) == "unstable"


def spell(days: Sequence[Day], holds: Callable[[Day], bool]) -> date | None:
    """Return the first day of the unbroken run of days, up to the last, on which a condition has held."""
    first = None
    for day in reversed(days):
        if not holds(day):
            break
        first = day.on
    return first


# Section 3, row by row. Each returns when the line opens and its last day; None where the row asks for nothing.


def first_visit(days: Sequence[Day]) -> Window | None:
    """「Newly registered and consenting, or discharged: face-to-face within 10 working days of ...」."""
    began, informed = spell(days, managed), days[-1].informed
    if began is None or informed is None:
        return None
    registered = next(day.on for day in days if day.registered)
    if seen_face_to_face(days[-1], max(informed, registered)):
        return None
    return within_workdays(max(informed, began), 10)


def visit_after_moving_in(days: Sequence[Day]) -> Window | None:
    """「Transfer received: first visit within 2 weeks」."""
    began, moved_in = spell(days, managed), days[-1].moved_in
    if began is None or moved_in is None:
        return None
    registered = next(day.on for day in days if day.registered)
    if seen_face_to_face(days[-1], max(moved_in, registered)):
        return None
    return within_weeks(max(moved_in, began), 2)


def seen_face_to_face(day: Day, since: date) -> bool:
    """「Face-to-face: at the clinic or at home; a telephone call is not」."""
    return any(visit.mode in FACE_TO_FACE and visit.on >= since for visit in day.visits)


def visit_since(days: Sequence[Day], began: date) -> date:
    """Return the day of the last follow-up; (A) never before the condition began to hold."""
    visits = days[-1].visits
    return max(began, visits[-1].on) if visits else began


def visit_while_unstable(days: Sequence[Day]) -> Window | None:
    """「Unstable: ... if not admitted, at least every 2 weeks」."""
    began = spell(days, unstable)
    return None if began is None else within_weeks(visit_since(days, began), 2)


def visit_while_basic(days: Sequence[Day]) -> Window | None:
    """「Seen again at 2 weeks; if then settled, 3 months; if not, specialist guidance and 1 month, and so on」."""
    began = spell(days, basic_at_first)
    if began is not None:
        return within_weeks(visit_since(days, began), 2)
    began = spell(days, basic_still)
    return None if began is None else within_months(visit_since(days, began), 1)


def visit_while_stable(days: Sequence[Day]) -> Window | None:
    """「Stable: 3 months」."""
    began = spell(days, stable)
    return None if began is None else within_months(visit_since(days, began), 3)


def visit_jointly(days: Sequence[Day]) -> Window | None:
    """「对危险性评估等级3级及以上患者,联合关爱帮扶小组和公安部门至少每2周开展1次随访」."""
    began = spell(days, at_risk)
    if began is None or days[-1].on < date(2025, 1, 1):
        return None
    joint = [visit.on for visit in days[-1].visits if is_joint(visit)]
    return within_weeks(max(began, *joint), 2) if joint else within_weeks(began, 2)


def is_joint(visit: Visited) -> bool:
    """「联合关爱帮扶小组和公安部门」; (A) face to face, and whoever is not recorded was not there."""
    present = visit.present or ()
    return "care_group" in present and "police" in present and visit.mode in FACE_TO_FACE


def visit_at_least(days: Sequence[Day]) -> Window | None:
    """「Everyone managed: at least 4 follow-ups a year」; 「declined: the interval is 3 months here」."""
    began = spell(days, at_home)
    return None if began is None else within_months(visit_since(days, began), 3)


def visit_after_incident(days: Sequence[Day]) -> Window | None:
    """「Incident: follow up within 2 weeks at most」."""
    began = spell(days, at_home)
    if began is None:
        return None
    for incident in days[-1].incidents:
        if not any(visit.on >= incident for visit in days[-1].visits):
            return within_weeks(max(incident, began), 2)
    return None


def visit_as_planned(days: Sequence[Day]) -> Window | None:
    """「下次随访日期 is the doctor's: it may bring a visit forward; it never puts one off」."""
    began, planned = spell(days, at_home), days[-1].planned
    return None if began is None or planned is None else at_once(max(planned, began))


def retry(days: Sequence[Day]) -> Window | None:
    """「Second attempt within 2 weeks and third within 1 month, both counted from the first failed attempt」."""
    began = spell(days, lambda day: at_home(day) and bool(day.misses))
    if began is None:
        return None
    first = max(days[-1].misses[0], began)
    if len(days[-1].misses) == 1:
        return within_weeks(first, 2)
    return within_months(first, 1) if len(days[-1].misses) == 2 else None


def referral(days: Sequence[Day]) -> Window | None:
    """「Unstable: refer at once」."""
    began = spell(days, unstable)
    if began is None:
        return None
    referred = [fact.on for fact in days[-1].referrals]
    if any(on >= began for on in (*referred, *days[-1].admissions)):
        return None
    return at_once(began)


def referral_check(days: Sequence[Day]) -> Window | None:
    """「Within 2 weeks learn what came of it is one duty a spell of unstable, not one a visit」."""
    began = spell(days, unstable)
    if began is None:
        return None
    outcomes = [fact.on for fact in days[-1].referrals if fact.outcome is not None]
    checked = [fact.on for fact in days[-1].done if fact.kind == "referral-check"]
    if any(on >= began for on in (*outcomes, *checked, *days[-1].admissions)):
        return None
    return within_weeks(began, 2)


def status_check(days: Sequence[Day]) -> Window | None:
    """「In hospital: ask every 3 months whether it lasts」."""
    began = spell(days, in_hospital)
    if began is None:
        return None
    asked = [fact.on for fact in days[-1].done if fact.kind == "status-check"]
    admitted = [] if days[-1].stay_began is None else [days[-1].stay_began]
    return within_months(max([began, *asked, *admitted]), 3)


def report_of_loss(days: Sequence[Day]) -> Window | None:
    """「Then: written report to the care group and the police at once, and to the higher centre」."""
    began = spell(days, lost)
    if began is None or all(told(days[-1], whom, began) for whom in ("care_group", "police", "higher_centre")):
        return None
    return at_once(began)


def report_of_leaving(days: Sequence[Day]) -> Window | None:
    """「Leaves the area ...: tell the police and the higher centre at once」."""
    began = spell(days, left_in_danger)
    if began is None or all(told(days[-1], whom, began) for whom in ("police", "higher_centre")):
        return None
    return at_once(began)


def told(day: Day, whom: str, since: date) -> bool:
    """Say whether a report to somebody is recorded; (A) one that names nobody went to nobody."""
    return any(fact.kind == "report" and fact.on >= since and whom in (fact.to or ()) for fact in day.done)


def health_check(days: Sequence[Day]) -> Window | None:
    """「Health check: agrees: once a year」."""
    began = spell(days, managed)
    return None if began is None else within_months(max([began, *days[-1].checks]), 12)


# The answers.

RULES: dict[str, tuple[Callable[[Sequence[Day]], Window | None], ...]] = {
    "visit": (
        *(visit_while_unstable, visit_while_basic, visit_while_stable),
        *(visit_at_least, visit_after_incident, visit_as_planned),
    ),
    "first-visit": (first_visit, visit_after_moving_in),
    "retry": (retry,),
    "referral": (referral,),
    "referral-check": (referral_check,),
    "status-check": (status_check,),
    "report": (report_of_loss, report_of_leaving),
    "health-check": (health_check,),
}


def windows(days: Sequence[Day], *, dongguan: bool) -> dict[str, Window]:
    """(A) One line a kind: it opens with the earliest of its rules and is due with the earliest."""
    found = {}
    for kind, rules in RULES.items():
        asked = [rule(days) for rule in rules]
        if dongguan and kind == "visit":
            asked.append(visit_jointly(days))
        running = [window for window in asked if window is not None]
        if running:
            found[kind] = (min(opens for opens, _ in running), min(last for _, last in running))
    return found


def due_dates(entries: Iterable[Entry], on: date, *, dongguan: bool) -> dict[str, date]:
    """Return the last day of each kind of line that runs at the end of the day `on`."""
    return {kind: last for kind, (_, last) in windows(history(entries, on), dongguan=dongguan).items()}


def standing(entries: Iterable[Entry], on: date, *, dongguan: bool) -> str | None:
    """(A) The bucket: the most pressing of the follow-up lines, else why there is none."""
    days = history(entries, on)
    if not days or not days[-1].registered:
        return None
    found = windows(days, dongguan=dongguan)
    asked = [found[kind] for kind in FOLLOW_UPS if kind in found]
    if any(last < on for _, last in asked):
        return "overdue"
    if any(last == on for _, last in asked):
        return "due_today"
    if any(opens <= on for opens, _ in asked):
        return "open"
    return why_nothing(status(days[-1]))


def why_nothing(found: str) -> str:
    """(A) Nothing is asked for: suspended in hospital or detained, lost, closed when moved out or dead."""
    if found in {"in_hospital", "detained"}:
        return "suspended"
    if found in {"moved_out", "dead"}:
        return "closed"
    return "lost" if found == "lost" else "not_due"
