"""A register driven at random against a plain model in memory: whatever is done to it, in whatever order.

For pytest, in a test file: `TestRegister = RegisterMachine.TestCase`. A district that has a policy of its own names it
in a class of its own, `policies = (load_policy("own.toml"), ...)`; the first is the one the register begins with.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import ClassVar, Final

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import SearchStrategy

from followup.chain import Head
from followup.dates import SHANGHAI
from followup.entries import Entry, Registered, Retracted
from followup.errors import RefusedEntries, RegisterError
from followup.exports import export
from followup.forms import entries_of
from followup.integrity import check, repair
from followup.jsonlines import Reading
from followup.ledger import Ledger
from followup.policy import Policy
from followup.policyfile import load_policy
from followup.register import Register
from followup.schedule import due_visits
from followup.settlement import settles_nothing
from followup.testing.entries import TEAMS, entries
from followup.testing.ledgers import events, registrations
from followup.testing.model import holds_what_is_due, key_of, listed_of, same, team_of
from followup.testing.spans import DAYS, SPANS, days
from followup.worklist import WorkList

_SPAN: Final = SPANS[0]
_FIRST: Final = _SPAN[0]
_PEOPLE: Final = ("10100001", "10100002", "p3")


class _CrashError(Exception):
    """The program ends in the midst of a batch."""


def _refusal(asked: Callable[[], object]) -> list[str]:
    """Return why a register refuses something; nothing where it does not."""
    try:
        asked()
    except RegisterError as error:
        return [problem.code for problem in error.problems]
    return []


def _noon(on: date) -> datetime:
    return datetime.combine(on, time(12), SHANGHAI)


@cache
def _happenings(patient: str) -> SearchStrategy[Entry]:
    """Return what may happen to a patient, who now and then goes to another team."""
    assigned = entries("assigned", patient=patient, span=_SPAN)
    return st.sampled_from([*[events(patient, _SPAN)] * 7, assigned]).flatmap(lambda chosen: chosen)


@cache
def _registrations(patient: str) -> SearchStrategy[Entry]:
    """Return registrations, some with a team."""
    full = entries("registered", patient=patient, span=_SPAN)
    teams = st.builds(
        lambda entry, team: evolve(entry, team=team), registrations(patient, _SPAN), st.sampled_from(TEAMS)
    )
    return registrations(patient, _SPAN) | teams | full


def _recorded(ledgers: Iterable[Ledger]) -> list[tuple[Ledger, list[str | None]]]:
    return [(ledger, [entry.recorded_at for entry in ledger.entries]) for ledger in ledgers]


def _keys(found: WorkList) -> set[tuple[str, str]]:
    return {key_of(line) for line in (*found.lines, *found.duties)}


def _apart(now: set[tuple[str, str]], was: set[tuple[str, str]]) -> set[tuple[str, str, bool]]:
    return {(*key, True) for key in now - was} | {(*key, False) for key in was - now}


class RegisterMachine(RuleBasedStateMachine):
    """A real register in a file, and what it should hold."""

    #: Those that are adopted, one after the other; the register begins with the first.
    policies: ClassVar[tuple[Policy, ...]] = tuple(
        map(load_policy, ("national-2018", "dongguan", "basic-service-2017"))
    )

    def __init__(self) -> None:
        """Make a register and its model."""
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "r.db"
        self.policy = evolve(self.policies[0], duties_from=_FIRST)
        self.former: list[Policy] = []
        self.register = Register.create(self.path, self.policies[0], _FIRST)
        self.known: dict[str, dict[str, Entry]] = {}
        self.forgotten: set[str] = set()
        self.heads: list[Head] = []
        #: Each policy that was adopted: when, which, from which day on.
        self.adopted: list[tuple[datetime, Policy, date]] = []
        self.copies = 0

    def teardown(self) -> None:
        """Close and remove the file."""
        self.register.close()
        self.folder.cleanup()

    def ledgers(self) -> list[Ledger]:
        """Return the ledgers that there should be."""
        return [Ledger(patient, self.known[patient].values()) for patient in sorted(self.known)]

    def takes(self, entries: list[Entry]) -> bool:
        """Say whether the model takes entries, all or none, and take them if so."""
        together = {patient: dict(known) for patient, known in self.known.items()}
        for entry in entries:
            together.setdefault(entry.patient, {}).setdefault(entry.id, entry)
        if any(self._is_refused(entry, together) for entry in entries):
            return False
        self.known = together
        return True

    def _is_refused(self, entry: Entry, together: dict[str, dict[str, Entry]]) -> bool:
        all_of_one = together[entry.patient]
        if entry.patient in self.forgotten or not any(isinstance(one, Registered) for one in all_of_one.values()):
            return True
        ledger = Ledger(entry.patient, all_of_one.values())
        standing = [one for one in ledger.facts if isinstance(one, Registered)]
        if settles_nothing(entry) or (isinstance(entry, Retracted) and entry.entry not in all_of_one):
            return True
        return len(standing) > 1 or bool(ledger.facts and not standing)

    def record(self, entries: list[Entry]) -> None:
        """Record entries in both, which must agree."""
        if self.takes(entries):
            self.register.record_all(entries)
        else:
            with suppress(RefusedEntries):
                self.register.record_all(entries)
                raise AssertionError(entries)

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Begin with two people to whom a few things happened."""
        for patient in _PEOPLE[:2]:
            happened = data.draw(st.lists(_happenings(patient), min_size=1, max_size=5))
            self.record([data.draw(_registrations(patient)), *happened])

    @rule(data=st.data(), patient=st.sampled_from(_PEOPLE), late=st.booleans())
    def record_some(self, data: st.DataObject, patient: str, late: bool) -> None:  # noqa: FBT001 - drawn
        """Record a few entries of a person, a registration among them where there is none."""
        entries = data.draw(st.lists(_happenings(patient), max_size=3))
        if patient not in self.known:
            entries.insert(0, data.draw(_registrations(patient)))
        moment = f"{_FIRST + timedelta(DAYS * (3 if late else 1))}T09:00:00+08:00"
        self.record([evolve(entry, recorded_at=moment) for entry in entries])

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def record_together(self, data: st.DataObject) -> None:
        """Record entries of several people at once, as they come."""
        of_one = {patient: _happenings(patient) for patient in sorted(self.known)}
        people = data.draw(st.lists(st.sampled_from(list(of_one)), min_size=2, max_size=6))
        self.record([data.draw(of_one[patient]) for patient in people])

    @precondition(lambda self: self.known)
    @rule(data=st.data(), on=days(_SPAN))
    def retract(self, data: st.DataObject, on: date) -> None:
        """Take an entry back, perhaps a retraction."""
        entry = data.draw(st.sampled_from([e for known in self.known.values() for e in known.values()]))
        self.record([Retracted(entry.patient, on, entry=entry.id)])

    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """Offer a batch of which one entry is of nobody."""
        stranger = data.draw(_happenings("nobody"))
        self.record([*data.draw(st.lists(_happenings(_PEOPLE[1]), max_size=2)), stranger])

    @rule(data=st.data(), patient=st.sampled_from(_PEOPLE))
    def crash(self, data: st.DataObject, patient: str) -> None:
        """Go on with the files as they are on the disk in the midst of a batch: nothing of it is there."""
        self.copies += 1
        place = Path(self.folder.name) / f"crashed-{self.copies}.db"

        def broken() -> Iterator[Entry]:
            yield data.draw(_registrations(patient))
            yield data.draw(_happenings(patient))
            for file in self.path.parent.glob(f"{self.path.name}*"):
                copyfile(file, f"{place}{file.name.removeprefix(self.path.name)}")
            raise _CrashError

        with suppress(_CrashError):
            self.register.record_all(broken())
        self.register.close()
        self.path, self.register = place, Register.open(place)

    @rule()
    def reopen(self) -> None:
        """Close the file and open it again."""
        self.register.close()
        self.register = Register.open(self.path, author="machine")

    @rule(data=st.data(), after=st.just(0) | st.integers(0, 60), moment=days(_SPAN))
    def adopt(self, data: st.DataObject, after: int, moment: date) -> None:
        """Adopt another policy from some later day on; not the same again, nor two for one day."""
        policy, last = data.draw(st.sampled_from(self.policies)), self.policy.editions[-1]
        day = max(_FIRST, last.since) + timedelta(after)
        recorded_at = _noon(max([moment, *(recorded.date() for recorded, _, _ in self.adopted)]))
        if policy.version != last.version and day > last.since:
            self.register = self.register.adopt(policy, day, recorded_at.isoformat())
            self.former.append(self.policy)
            self.policy = self.policy.then(policy, day)
            self.adopted.append((recorded_at, policy, day))
        else:
            code = "adopt.earlier" if day <= last.since else "adopt.same"
            same(_refusal(lambda: self.register.adopt(policy, day)), [code])

    @precondition(lambda self: self.former)
    @rule()
    def withdraw(self) -> None:
        """Withdraw the last policy on the eve of its first day."""
        day = self.policy.editions[-1].since
        self.register = self.register.withdraw(day, day - timedelta(1), "a mistake")
        self.policy = self.former.pop()
        self.adopted.pop()

    @precondition(lambda self: len(self.known) > 1)
    @rule(data=st.data(), on=days(_SPAN))
    def forget(self, data: st.DataObject, on: date) -> None:
        """Forget somebody: the number is not used again."""
        patient = data.draw(st.sampled_from(sorted(self.known)))
        self.register.forget(patient, on, "request")
        del self.known[patient]
        self.forgotten.add(patient)

    @rule()
    def copy(self) -> None:
        """Go on with a copy of the register."""
        self.copies += 1
        place = Path(self.folder.name) / f"copy-{self.copies}.db"
        self.register.backup(place)
        self.register.close()
        self.path, self.register = place, Register.open(place)

    @rule()
    def move(self) -> None:
        """Export everything, and import it into a new register: the ledgers are the same."""
        self.copies += 1
        folder = Path(self.folder.name) / f"out-{self.copies}"
        export(self.register.ledgers, folder, with_ids=True)
        if self.known:
            other = Register.create(":memory:", self.policies[0])
            told = entries_of([folder / "entries.jsonl"], date(2200, 1, 1), Reading())
            other.record_all(sourced.entry for sourced in told)
            same(list(other.ledgers()), self.ledgers())

    @rule()
    def mend(self) -> None:
        """Derive everything anew, though nothing is wrong."""
        repair(self.register)

    def ask(self, on: date, within: int, team: str | None = None, known: datetime | None = None) -> WorkList:
        """Ask for a list: it is the pure function over the ledgers (law 10), as they are or were known."""
        found = self.register.worklist(on, team, within, known)
        told, policy = self.ledgers(), self.policy
        if known is not None:
            told, policy = list(filter(None, (ledger.as_known(known) for ledger in told))), self.policy_known(known)
        expected = WorkList.of(told, policy, on, team=team, within=within)
        same((found.counts, found.lines, found.duties), (expected.counts, expected.lines, expected.duties))
        self.heads += [self.register.head()] if self.known else []
        holds_what_is_due(found, told, policy, team, within)
        return found

    def policy_known(self, known: datetime) -> Policy:
        """Return the policies that had been adopted by a moment, as one."""
        policy = evolve(self.policies[0], duties_from=_FIRST)
        for recorded_at, new, day in self.adopted:
            policy = policy.then(new, day) if recorded_at <= known else policy
        return policy

    def last_days(self) -> list[date]:
        """Return the last days of all that is due once everything has happened."""
        on = max(self.days_that_matter())
        running = [line for ledger in self.ledgers() for line in due_visits(ledger, self.policy, on)]
        return sorted({line.due_on for line in running} or {on})

    def days_that_matter(self) -> list[date]:
        """Return the days of the entries and of the changes of rules, and the eve of each."""
        told = {day for ledger in self.ledgers() for day, _ in ledger.effects} | {day for *_, day in self.adopted}
        return sorted({*told, *(day - timedelta(1) for day in told), _FIRST})

    @rule(data=st.data(), within=st.sampled_from([0, 7, 40]), team=st.sampled_from([None, *TEAMS]))
    def ask_some_day(self, data: st.DataObject, within: int, team: str | None) -> None:
        """Ask for the list of a day, past or future, of a team or of all, as it is or as it was known on another."""
        on = data.draw(days(_SPAN, 2 * DAYS) | st.sampled_from(self.days_that_matter()))
        known = data.draw(st.none() | days(_SPAN, 2 * DAYS).map(_noon))
        self.ask(on, within, team, known)

    @rule(data=st.data(), within=st.sampled_from([7, DAYS]))
    def ask_ahead(self, data: st.DataObject, within: int) -> None:
        """Ask for the list on which something falls due on the very last of the days ahead."""
        self.ask(data.draw(st.sampled_from(self.last_days())) - timedelta(within), within)

    @precondition(lambda self: self.adopted)
    @rule(data=st.data())
    def ask_before_the_adoption(self, data: st.DataObject) -> None:
        """Ask for a list under a policy as it was known on the eve of its adoption: the former rules go on."""
        recorded_at, _, day = data.draw(st.sampled_from(self.adopted))
        on = data.draw(st.sampled_from([on for on in self.last_days() if on >= day] or [day]))
        self.ask(on, 0, known=recorded_at - timedelta(1))

    @rule(data=st.data(), back=st.integers(1, DAYS))
    def compare(self, data: st.DataObject, back: int) -> None:
        """Ask what is new on a list and what left it since an earlier day: what stands on one of the two alone."""
        on = data.draw(st.sampled_from(self.days_that_matter()))
        since = on - timedelta(back)
        end = datetime.combine(since, time.max, SHANGHAI)
        now, then = self.ask(on, 0), self.ask(since, 0, known=end)
        listed, was = _keys(now), _keys(then)
        moves = self.register.compared(now, end).moves
        same({(*key_of(move.line), move.is_new) for move in moves}, _apart(listed, was))
        for move in moves:
            same(move.by_rule and move.entry is not None, False)
            if not any(day <= on for day in self.policy.changes_after(since)):
                before = self.register.ledger(move.line.due.patient).as_known(end)
                told = [] if before is None else [entry for entry in before.entries if entry.on <= since]
                stays = key_of(move.line) in listed_of(told, self.policy, on)
                same(move.entry is None, stays is move.is_new)

    @invariant()
    def gives_the_lists_that_it_should(self) -> None:
        """Give the lists of a day in the midst of things and of one after them all, which each team has its own of."""
        for on in (
            _FIRST + timedelta(DAYS // 2),
            _FIRST + timedelta(2 * DAYS),
            *(day for *_, day in self.adopted[-1:]),
        ):
            self.ask(on, 7)
        for one in TEAMS:
            self.ask(_FIRST + timedelta(2 * DAYS), 0, one)
        same(self.register.teams(), sorted({team for ledger in self.ledgers() if (team := team_of(ledger, date.max))}))

    @invariant()
    def holds_what_it_should(self) -> None:
        """Hold the ledgers of the model, and nobody else's."""
        same(_recorded(self.register.ledgers()), _recorded(self.ledgers()))
        left = self.register.db.execute(
            "SELECT count(*) FROM personal JOIN entries USING (seq) WHERE type = 'forgotten'"
        )
        same(left.fetchone(), (0,))
        same(_refusal(partial(self.register.ledger, "unheard-of")), ["patient.unknown"])
        for patient in self.forgotten:
            same(_refusal(partial(self.register.ledger, patient)), ["patient.forgotten"])

    @invariant()
    def has_no_problem(self) -> None:
        """Pass the check, and continue the last list that was given."""
        same(check(self.register, self.heads[-1] if self.heads else None), [])
