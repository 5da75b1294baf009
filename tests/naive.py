"""The follow-up norm told a second time, naively: day after day lived through in turn, every rule an if-statement.

It shares with the library the classes of the entries and nothing else, so that the two can be held against each
other. What stands in 「」 is the norm's sentence, or its row, that a function tells. (A) marks an assumption that
the library's design makes; a comment "Silent:" marks what neither says, where this follows the library.
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
ENDINGS = (MovedIn, Discharged, Released, Found)
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
    """Count 「always anchor + n months at once」; (A) it opens a week before, two where it is more than a month."""
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
    #: Silent: so taken before the registration, which says whether it is.
    consents: bool = True
    in_hospital: bool = False
    detained: bool = False
    lost: bool = False
    moved_out: bool = False
    dead: bool = False
    #: The last day on which each stay in hospital, custody or loss began.
    began: tuple[tuple[date, str], ...] = ()
    #: The days on which the centre knew of the consent.
    consented: tuple[date, ...] = ()
    #: The days on which the centre knew of a discharge, a release or a moving in.
    informed: tuple[date, ...] = ()
    moved_in: tuple[date, ...] = ()
    found: tuple[date, ...] = ()
    visits: tuple[Visited, ...] = ()
    #: On how many days in a row a follow-up found the class that governs.
    class_run: int = 0
    #: The day that was counted last.
    run_counted: date | None = None
    #: The doctor's own date for the next follow-up.
    planned: date | None = None
    #: The day on which it was agreed, at the follow-up or by a postponement.
    agreed: date | None = None
    #: The day of the visit that found the patient at home while in hospital by the records.
    seen_out: date | None = None
    #: The days of the failed attempts since the last follow-up or return.
    misses: tuple[date, ...] = ()
    incidents: tuple[date, ...] = ()
    checks: tuple[date, ...] = ()
    admissions: tuple[date, ...] = ()
    discharges: tuple[date, ...] = ()
    referrals: tuple[Referred, ...] = ()
    done: tuple[Done, ...] = ()


def status(day: Day) -> str:
    """Tell 「consenting and at home」 (`managed`), or why not; (A) several suspensions may overlap."""
    for closed in ("dead", "moved_out"):
        if getattr(day, closed):
            return closed
    # Silent: which of them counts. The one that began last, as whoever is lost from hospital is lost; else the
    # hospital, then custody, then loss.
    away = [name for name in ("in_hospital", "detained", "lost") if getattr(day, name)]
    if away:
        return max(away, key=lambda name: max(on for on, begun in day.began if begun == name))
    return "managed" if day.consents else "declined"


def standing_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Leave out what was taken back: (A) from the first day; a retraction may itself be retracted."""
    told = list(entries)

    def stands(entry: Entry) -> bool:
        return not any(isinstance(other, Retracted) and other.entry == entry.id and stands(other) for other in told)

    return [entry for entry in told if not isinstance(entry, Retracted) and stands(entry)]


def acts_on(entry: Entry) -> date:
    """Return the day an entry acts: (A) a discharged patient counts as in hospital until the centre is informed."""
    if isinstance(entry, Discharged) and entry.informed_on is not None:
        return max(entry.on, entry.informed_on)
    return entry.on


def place(entry: Entry) -> tuple[int, date, int, int, str]:
    """Return the place of an entry within its day: (A) by kind, and of one kind the worse last."""
    # Silent: what is worse. The class comes before the risk, as 「any of several facts makes a patient unstable」.
    # Of two discharges told on one day the earlier comes first.
    if isinstance(entry, Visited):
        return KINDS.index(Visited), entry.on, BETTER_TO_WORSE.index(class_of(entry)), entry.risk, entry.id
    return KINDS.index(type(entry)), entry.on, 0, 0, entry.id


def history(entries: Iterable[Entry], on: date) -> list[Day]:
    """Live through every day on which something happened, and `on`."""
    facts = [fact for fact in standing_entries(entries) if acts_on(fact) <= on]
    day, days = Day(on), []
    for today in sorted({on, *(acts_on(fact) for fact in facts)}):
        todays = [fact for fact in facts if acts_on(fact) == today]
        day = lived(replace(day, on=today), sorted(todays, key=place))
        days.append(day)
    return days


def lived(day: Day, facts: Sequence[Entry]) -> Day:
    """Apply the facts of one day: (A) an ending that finds nothing open after that day's beginnings."""
    # Silent: that moving in is such an ending, and that the morning decides what is open: of two discharges of one
    # day the second tells of the first again, and does not end the stay that began on it.
    waiting = [fact for fact in facts if isinstance(fact, ENDINGS) and not ends_something(day, fact)]
    last = [fact for fact in facts if isinstance(fact, AFTER_BEGINNINGS)]
    for fact in facts:
        if fact not in waiting and fact not in last:
            day = after_fact(day, fact)
    for fact in (*waiting, *last):
        day = after_fact(day, fact)
    return after_follow_ups(day)


def ends_something(day: Day, fact: Entry) -> bool:
    """Say whether an ending has something to end."""
    if isinstance(fact, Discharged):
        return day.in_hospital
    if isinstance(fact, Released):
        return day.detained
    return day.moved_out if isinstance(fact, MovedIn) else day.lost


def after_fact(day: Day, fact: Entry) -> Day:
    """Return the day as one more fact leaves it."""
    if isinstance(fact, Registered | Consented | Declined | MovedOut | Died):
        return after_coming_or_going(day, fact)
    if isinstance(fact, Discharged | Released | Found | MovedIn):
        return after_return(day, fact)
    if isinstance(fact, Admitted | Detained | Lost):
        return after_suspension(day, fact)
    if isinstance(fact, Visited):
        return after_visit(day, fact)
    if isinstance(fact, Postponed):
        return after_postponement(day, fact)
    return after_anything_else(day, fact)


def after_coming_or_going(day: Day, fact: Entry) -> Day:
    """「Dead patients leave the register's active part. Transfer out closes here and opens there」."""
    if isinstance(fact, Registered):
        if day.registered:  # Silent: a second registration says nothing of the consent.
            return day
        consented = (max(fact.informed_on or fact.on, fact.on),) if fact.consents else ()
        return replace(day, registered=True, consents=fact.consents, consented=(*day.consented, *consented))
    if isinstance(fact, Consented):  # Silent: 「newly」, so that consent told again asks for no first visit.
        newly = () if day.consents else (fact.informed_on or fact.on,)
        return replace(day, consents=True, consented=(*day.consented, *newly))
    if isinstance(fact, Declined):
        return replace(day, consents=False)
    if isinstance(fact, MovedOut):
        return replace(day, moved_out=True)
    return replace(day, dead=True)


def after_return(day: Day, fact: Entry) -> Day:
    """End a suspension: (A) each by its own entry; a return without its beginning counts as a return."""
    if isinstance(fact, Discharged) and seen_since(day, fact):
        # Silent: the visit that found the patient at home was after the discharge, and is the first one.
        discharges = (*day.discharges, fact.on)
        return replace(day, discharges=discharges, informed=(*day.informed, fact.on), seen_out=None)
    if isinstance(fact, Discharged) and overtaken(day, fact):
        return day
    # Silent: an attempt that failed on the day of the return counts after it, in whatever order the two are read.
    day = replace(day, misses=tuple(missed for missed in day.misses if missed == day.on))
    if isinstance(fact, Discharged):
        informed = (*day.informed, fact.informed_on or fact.on)
        return replace(day, in_hospital=False, discharges=(*day.discharges, fact.on), informed=informed)
    if isinstance(fact, Released):
        return replace(day, detained=False, informed=(*day.informed, fact.on))
    if isinstance(fact, MovedIn):
        # Silent: whoever moves in has been found, unless lost on that day.
        missing = day.lost and (day.on, "lost") in day.began
        informed = (*day.informed, fact.on)
        return replace(day, moved_out=False, lost=missing, informed=informed, moved_in=(*day.moved_in, fact.on))
    return replace(day, lost=False, found=(*day.found, fact.on))


def seen_since(day: Day, discharge: Discharged) -> bool:
    """Say whether the patient was seen at home after a discharge that was told of later."""
    return day.seen_out is not None and day.admissions[-1] <= discharge.on <= day.seen_out


def overtaken(day: Day, discharge: Discharged) -> bool:
    """Say whether a discharge is older than the present stay, or at home no news: a later one or its like is known."""
    # Silent: such a one ends nothing and asks for no first visit.
    if day.in_hospital:
        return day.admissions[-1] > discharge.on
    return any(known >= discharge.on for known in day.discharges)


def after_suspension(day: Day, fact: Entry) -> Day:
    """Begin a suspension: (A) each by its own entry."""
    # Silent: whoever is admitted or detained after a loss has been found.
    name = "detained" if isinstance(fact, Detained) else "lost" if isinstance(fact, Lost) else "in_hospital"
    day = replace(day, began=(*day.began, (fact.on, name)), lost=False)
    if isinstance(fact, Detained):
        return replace(day, detained=True)
    if isinstance(fact, Lost):
        return replace(day, lost=True)
    return replace(day, in_hospital=True, admissions=(*day.admissions, fact.on))


def after_visit(day: Day, visit: Visited) -> Day:
    """Count a follow-up: (A) face to face with the patient it ends a stay in hospital, custody and loss."""
    planned = visit.next_on if visit.next_on is not None and visit.next_on > visit.on else None
    day = replace(day, visits=(*day.visits, visit), planned=planned, agreed=visit.on, misses=())
    if visit.mode in FACE_TO_FACE and "patient" in (visit.seen or ()):
        seen_out = visit.on if day.in_hospital else day.seen_out
        return replace(day, in_hospital=False, detained=False, lost=False, seen_out=seen_out)
    return day


def after_postponement(day: Day, postponed: Postponed) -> Day:
    """Replace the doctor's date: (A) by a later postponement, if there is one."""
    # Silent: an earlier day replaces it too, one not after the follow-up does not.
    if day.planned is None or postponed.until <= day.visits[-1].on:
        return day
    return replace(day, planned=postponed.until, agreed=postponed.on)


def after_anything_else(day: Day, fact: Entry) -> Day:
    """Note what only settles or asks; 「a failed attempt is not a visit」."""
    if isinstance(fact, Missed) and fact.on not in day.misses:
        # Silent: a third attempt too late to make a loss with the first: the ladder goes on from those that can.
        is_late = len(day.misses) > 1 and not three_failures(day.misses)
        counted = [on for on in day.misses if not is_late or fact.on <= months_after(on, 1)]
        return replace(day, misses=(*counted, fact.on))
    if isinstance(fact, Incident):
        return replace(day, incidents=(*day.incidents, fact.on))
    if isinstance(fact, Checked):
        return replace(day, checks=(*day.checks, fact.on))
    if isinstance(fact, Referred):
        return replace(day, referrals=(*day.referrals, fact))
    if isinstance(fact, Done):
        return replace(day, done=(*day.done, fact))
    return day


def after_follow_ups(day: Day) -> Day:
    """Count the days in a row with one class: (A) a day less than a week after the one counted last does not."""
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


def unstable_here(day: Day) -> bool:
    """「Unstable: refer at once」, (A) in hospital and in custody too."""
    here = status(day) in {"managed", "declined", "in_hospital", "detained"}
    return day.registered and here and class_in_force(day.visits) == "unstable"


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


def in_custody(day: Day) -> bool:
    """Say whether the patient is in custody, (A) where it is as in hospital."""
    return day.registered and status(day) == "detained"


def entered_lost(day: Day) -> bool:
    """「Until someone enters that the patient is lost」."""
    return day.registered and status(day) == "lost"


def owed_health_check(day: Day) -> bool:
    """「Agrees」, (A) in hospital too."""
    return day.registered and (managed(day) or (in_hospital(day) and day.consents))


def lost(day: Day) -> bool:
    """「失访: missing; moved away; ...; or three failed attempts within one month counted from the first」."""
    # Silent: whoever is admitted after the loss has been found; whoever is lost from hospital is lost.
    return day.registered and (status(day) == "lost" or (at_home(day) and three_failures(day.misses)))


def gone(day: Day) -> bool:
    """「Dead patients leave the register's active part. Transfer out closes here」."""
    return status(day) in {"dead", "moved_out"}


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
    began = spell(days, at_home)  # (A) who declines again, or is discharged and has declined, included
    if began is None:
        return None
    # Silent: a visit before the registration settles that which the discharge asked for, not that of the consent.
    face_to_face = [visit for visit in days[-1].visits if visit.mode in FACE_TO_FACE]
    owed = unanswered((*days[-1].consented, *days[-1].informed), face_to_face)
    return None if owed is None else within_workdays(max(owed, began), 10)


def visit_after_moving_in(days: Sequence[Day]) -> Window | None:
    """「Transfer received: first visit within 2 weeks」."""
    # Silent: by telephone too; and received twice counts from the second time.
    began = spell(days, at_home)
    if began is None:
        return None
    owed = unanswered(days[-1].moved_in[-1:], days[-1].visits)
    return None if owed is None else within_weeks(max(owed, began), 2)


def unanswered(asked: Sequence[date], visits: Sequence[Visited]) -> date | None:
    """Return the first of the days on which a follow-up was asked for and since which there was none."""
    return min((on for on in asked if not any(visit.on >= on for visit in visits)), default=None)


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
    since = date(2025, 1, 1)  # Silent: nothing is due by the reply before it, nor open.
    if began is None or days[-1].on < since:
        return None
    opens, last = within_weeks(max([began, *(visit.on for visit in days[-1].visits if is_joint(visit))]), 2)
    return max(opens, since), max(last, since)


def is_joint(visit: Visited) -> bool:
    """「联合关爱帮扶小组和公安部门」; (A) face to face, and who is not recorded as present is not counted."""
    present = visit.present or ()
    return "care_group" in present and "police" in present and visit.mode in FACE_TO_FACE


def visit_at_least(days: Sequence[Day]) -> Window | None:
    """「Everyone managed: at least 4 follow-ups a year」; 「declined: the interval is 3 months here」."""
    began = spell(days, at_home)
    return None if began is None else within_months(visit_since(days, began), 3)


def visit_after_incident(days: Sequence[Day]) -> Window | None:
    """「Incident: follow up within 2 weeks at most」."""
    began, owed = spell(days, at_home), unanswered(days[-1].incidents, days[-1].visits)
    return None if began is None or owed is None else within_weeks(max(owed, began), 2)


def visit_once_found(days: Sequence[Day]) -> Window | None:
    """Ask for a follow-up at once of (A) who is found again."""
    # Silent: found twice, unseen, counts from the second time.
    # Silent: whoever is found, then admitted, is seen after the discharge.
    began, owed = spell(days, at_home), unanswered(days[-1].found[-1:], days[-1].visits)
    return None if began is None or owed is None or owed < began else at_once(owed)


def visit_as_planned(days: Sequence[Day]) -> Window | None:
    """「下次随访日期 is the doctor's: it may bring a visit forward; it never puts one off」."""
    began, planned, agreed = spell(days, at_home), days[-1].planned, days[-1].agreed
    if began is None or planned is None or agreed is None:
        return None
    # Silent: a day off is planned for the working day before, and opens on it if that is after the agreement.
    working = planned
    while not is_workday(working):
        working -= ONE_DAY
    # Silent: a date that passed in hospital or custody, or while the patient was lost, is nobody's any more.
    opens = working if agreed < working and began <= working else planned
    return None if planned < began else (opens, planned)


def retry(days: Sequence[Day]) -> Window | None:
    """「Second attempt within 2 weeks and third within 1 month, both counted from the first failed attempt」."""
    misses = days[-1].misses  # and not from the registration, where the attempt came before it
    if not at_home(days[-1]) or not misses:
        return None
    if len(misses) == 1:
        return within_weeks(misses[0], 2)
    return within_months(misses[0], 1) if len(misses) == 2 else None


def referral(days: Sequence[Day]) -> Window | None:
    """「Unstable: refer at once」."""
    began = spell(days, unstable_here)
    if began is None or in_hospital_since(days, began):
        return None
    return None if any(fact.on >= began for fact in days[-1].referrals) else at_once(began)


def referral_check(days: Sequence[Day]) -> Window | None:
    """「Within 2 weeks learn what came of it is one duty a spell of unstable, not one a visit」."""
    began = spell(days, unstable_here)
    if began is None or in_hospital_since(days, began):
        return None
    outcomes = [fact.on for fact in days[-1].referrals if fact.outcome is not None]
    checked = [fact.on for fact in days[-1].done if fact.kind == "referral-check"]
    return None if any(on >= began for on in (*outcomes, *checked)) else within_weeks(began, 2)


def in_hospital_since(days: Sequence[Day], began: date) -> bool:
    """「If not admitted」: say whether the patient was in hospital on that day, or was admitted since."""
    # Silent: whoever was taken into custody from hospital is in custody.
    there = any(in_hospital(day) for day in days if day.on == began)
    return there or any(admitted >= began for admitted in days[-1].admissions)


def status_check(days: Sequence[Day]) -> Window | None:
    """「In hospital: ask every 3 months whether it lasts」; (A) so in custody, and of the lost."""
    # Silent: an admission told again says that the stay lasts.
    asked = [fact.on for fact in days[-1].done if fact.kind == "status-check"]
    for suspended in (in_hospital, in_custody, entered_lost):
        began = spell(days, suspended)
        if began is not None:
            return within_months(max([began, *asked, *(days[-1].admissions if suspended is in_hospital else ())]), 3)
    return None


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
    began = spell(days, owed_health_check)
    return None if began is None else within_months(max([began, *days[-1].checks]), 12)


# The answers.

RULES: dict[str, tuple[Callable[[Sequence[Day]], Window | None], ...]] = {
    "visit": (
        *(visit_while_unstable, visit_while_basic, visit_while_stable),
        *(visit_at_least, visit_after_incident, visit_once_found, visit_as_planned),
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
    """Return a line a kind: (A) it opens with the earliest of its rules and is due with the earliest."""
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
    """Return the last day of each kind of line that runs at the end of the day `on`.

    >>> told = [Registered("p1", "2026-10-31"), Visited("p1", "2026-11-01", risk=3, mode="home")]
    >>> due_dates(told, date(2026, 11, 2), dongguan=False)["visit"]
    datetime.date(2026, 11, 15)
    """
    return {kind: last for kind, (_, last) in windows(history(entries, on), dongguan=dongguan).items()}


def standing(entries: Iterable[Entry], on: date, *, dongguan: bool) -> str | None:
    """Return the bucket: (A) by the most pressing of the follow-up lines, else why there is none."""
    days = history(entries, on)
    if not days[-1].registered:
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
    """Say why nothing is open: (A) in hospital or detained, lost, moved out or dead, or not yet."""
    if found in {"in_hospital", "detained"}:
        return "suspended"
    if found in {"moved_out", "dead"}:
        return "closed"
    return "lost" if found == "lost" else "not_due"
