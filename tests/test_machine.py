"""A register driven at random against a plain model in memory: whatever is done to it, in whatever order."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from strategies import DAYS, SEASONS, days_of, events, registrations

from followup import Entry, Ledger, Policy, Registered, Retracted, WorkList, load_policy
from followup.chain import Head
from followup.errors import RefusedEntries, RegisterError
from followup.exports import export
from followup.forms import Reading, entries_of
from followup.integrity import check, repair
from followup.register import Register

SEASON = SEASONS[0]
PEOPLE = ("10100001", "10100002", "p3")
POLICIES = tuple(map(load_policy, ("national-2018", "dongguan", "basic-service-2017")))


class Interrupted(Exception):
    """The program is stopped in the midst of a batch."""


class RegisterMachine(RuleBasedStateMachine):
    """A real register in a file, and what it should hold."""

    def __init__(self) -> None:
        """Make a register and its model."""
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "r.db"
        self.policy = evolve(POLICIES[0], duties_from=SEASON)
        self.register = Register.create(self.path, POLICIES[0], SEASON)
        self.known: dict[str, dict[str, Entry]] = {}
        self.forgotten: set[str] = set()
        self.heads: list[Head] = []
        self.exports = 0

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
        if isinstance(entry, Retracted) and entry.entry not in all_of_one:
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
        for patient in PEOPLE[:2]:
            happened = data.draw(st.lists(events(patient, SEASON), min_size=1, max_size=5))
            self.record([data.draw(registrations(patient, SEASON)), *happened])

    @rule(data=st.data(), patient=st.sampled_from(PEOPLE), late=st.booleans())
    def record_some(self, data: st.DataObject, patient: str, late: bool) -> None:  # noqa: FBT001 - drawn
        """Record a few entries of a person, a registration among them where there is none."""
        entries = data.draw(st.lists(events(patient, SEASON), max_size=3))
        if patient not in self.known:
            entries.insert(0, data.draw(registrations(patient, SEASON)))
        moment = f"{SEASON + timedelta(DAYS * (3 if late else 1))}T09:00:00+08:00"
        self.record([evolve(entry, recorded_at=moment) for entry in entries])

    @precondition(lambda self: self.known)
    @rule(data=st.data(), on=days_of(SEASON))
    def retract(self, data: st.DataObject, on: date) -> None:
        """Take an entry back, perhaps a retraction."""
        entry = data.draw(st.sampled_from([e for known in self.known.values() for e in known.values()]))
        self.record([Retracted(entry.patient, on, entry=entry.id)])

    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """Offer a batch of which one entry is of nobody."""
        stranger = data.draw(events("nobody", SEASON))
        self.record([*data.draw(st.lists(events(PEOPLE[1], SEASON), max_size=2)), stranger])

    @rule(data=st.data(), patient=st.sampled_from(PEOPLE))
    def interrupt(self, data: st.DataObject, patient: str) -> None:
        """Stop in the midst of a batch, and open the register again."""

        def broken() -> Iterator[Entry]:
            yield data.draw(registrations(patient, SEASON))
            yield data.draw(events(patient, SEASON))
            raise Interrupted

        with suppress(Interrupted):
            self.register.record_all(broken())
        self.reopen()

    @rule()
    def reopen(self) -> None:
        """Close the file and open it again."""
        self.register.close()
        self.register = Register.open(self.path, author="machine")

    @rule(policy=st.sampled_from(POLICIES), days=st.integers(1, 60))
    def adopt(self, policy: Policy, days: int) -> None:
        """Adopt another policy from some later day on."""
        day = max(SEASON, self.policy.editions[-1].since) + timedelta(days)
        if policy.version != self.policy.editions[-1].version:
            self.register = self.register.adopt(policy, day)
            self.policy = self.policy.then(policy, day)

    @precondition(lambda self: len(self.known) > 1)
    @rule(data=st.data(), on=days_of(SEASON))
    def forget(self, data: st.DataObject, on: date) -> None:
        """Forget somebody: the number is not used again."""
        patient = data.draw(st.sampled_from(sorted(self.known)))
        self.register.forget(patient, on, "request")
        del self.known[patient]
        self.forgotten.add(patient)

    @rule()
    def copy(self) -> None:
        """Go on with a copy of the register."""
        self.exports += 1
        place = Path(self.folder.name) / f"copy-{self.exports}.db"
        self.register.backup(place)
        self.register.close()
        self.path, self.register = place, Register.open(place)

    @rule()
    def move(self) -> None:
        """Export everything, and import it into a new register: the ledgers are the same."""
        self.exports += 1
        folder = Path(self.folder.name) / f"out-{self.exports}"
        export(self.register.ledgers, folder, with_ids=True)
        if self.known:
            other = Register.create(":memory:", POLICIES[0])
            told = entries_of([folder / "entries.jsonl"], date(2200, 1, 1), Reading())
            other.record_all(sourced.entry for sourced in told)
            assert list(other.ledgers()) == self.ledgers()

    @rule()
    def mend(self) -> None:
        """Derive everything anew, though nothing is wrong."""
        repair(self.register)

    @rule(on=days_of(SEASON, 3 * DAYS), within=st.sampled_from([0, 7, 40]))
    def ask(self, on: date, within: int) -> None:
        """Ask for the list of a day, past or future: it is the pure function over the ledgers (law 10)."""
        found = self.register.worklist(on, within=within)
        expected = WorkList.of(self.ledgers(), self.policy, on, within=within)
        assert (found.counts, found.lines, found.duties) == (expected.counts, expected.lines, expected.duties)
        self.heads += [self.register.head()] if self.known else []

    @invariant()
    def gives_the_lists_that_it_should(self) -> None:
        """Give the lists of a day in the midst of things and of one after them all."""
        for on in (SEASON + timedelta(DAYS // 2), SEASON + timedelta(2 * DAYS)):
            self.ask(on, 7)

    @invariant()
    def holds_what_it_should(self) -> None:
        """Hold the ledgers of the model, and nobody else's."""
        assert list(self.register.ledgers()) == self.ledgers()
        for patient in self.forgotten:
            with suppress(RegisterError):
                self.register.ledger(patient)
                raise AssertionError(patient)

    @invariant()
    def has_no_problem(self) -> None:
        """Pass the check, and continue the last list that was given."""
        assert list(check(self.register, self.heads[-1] if self.heads else None)) == []


RegisterMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=15)
TestRegisterMachine = RegisterMachine.TestCase
