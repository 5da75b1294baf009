"""A register driven at random against a plain model in memory: whatever is done to it, in whatever order.

For pytest, in a test file: `TestRegister = RegisterMachine.TestCase`. A district that has a policy of its own names it
in a class of its own, `policies = (load_policy("own.toml"), ...)`; the first is the one the register begins with.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import ClassVar, Final

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from followup.chain import Head
from followup.entries import Entry, Registered, Retracted
from followup.errors import RefusedEntries, RegisterError
from followup.exports import export
from followup.forms import Reading, entries_of
from followup.integrity import check, repair
from followup.ledger import Ledger
from followup.policy import Policy
from followup.policyfile import load_policy
from followup.register import Register
from followup.settlement import settles_nothing
from followup.testing.ledgers import events, registrations
from followup.testing.spans import DAYS, SPANS, days
from followup.worklist import WorkList

_SPAN: Final = SPANS[0]
_FIRST: Final = _SPAN[0]
_PEOPLE: Final = ("10100001", "10100002", "p3")


class _CrashError(Exception):
    """The program ends in the midst of a batch."""


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError("\nshould be\n".join(map(repr, (found, expected))))


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
            happened = data.draw(st.lists(events(patient, _SPAN), min_size=1, max_size=5))
            self.record([data.draw(registrations(patient, _SPAN)), *happened])

    @rule(data=st.data(), patient=st.sampled_from(_PEOPLE), late=st.booleans())
    def record_some(self, data: st.DataObject, patient: str, late: bool) -> None:  # noqa: FBT001 - drawn
        """Record a few entries of a person, a registration among them where there is none."""
        entries = data.draw(st.lists(events(patient, _SPAN), max_size=3))
        if patient not in self.known:
            entries.insert(0, data.draw(registrations(patient, _SPAN)))
        moment = f"{_FIRST + timedelta(DAYS * (3 if late else 1))}T09:00:00+08:00"
        self.record([evolve(entry, recorded_at=moment) for entry in entries])

    @precondition(lambda self: self.known)
    @rule(data=st.data(), on=days(_SPAN))
    def retract(self, data: st.DataObject, on: date) -> None:
        """Take an entry back, perhaps a retraction."""
        entry = data.draw(st.sampled_from([e for known in self.known.values() for e in known.values()]))
        self.record([Retracted(entry.patient, on, entry=entry.id)])

    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """Offer a batch of which one entry is of nobody."""
        stranger = data.draw(events("nobody", _SPAN))
        self.record([*data.draw(st.lists(events(_PEOPLE[1], _SPAN), max_size=2)), stranger])

    @rule(data=st.data(), patient=st.sampled_from(_PEOPLE))
    def crash(self, data: st.DataObject, patient: str) -> None:
        """Go on with the files as they are on the disk in the midst of a batch: nothing of it is there."""
        self.copies += 1
        place = Path(self.folder.name) / f"crashed-{self.copies}.db"

        def broken() -> Iterator[Entry]:
            yield data.draw(registrations(patient, _SPAN))
            yield data.draw(events(patient, _SPAN))
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

    @rule(data=st.data(), after=st.integers(1, 60))
    def adopt(self, data: st.DataObject, after: int) -> None:
        """Adopt another policy from some later day on."""
        policy = data.draw(st.sampled_from(self.policies))
        day = max(_FIRST, self.policy.editions[-1].since) + timedelta(after)
        if policy.version != self.policy.editions[-1].version:
            self.register = self.register.adopt(policy, day)
            self.former.append(self.policy)
            self.policy = self.policy.then(policy, day)

    @precondition(lambda self: self.former)
    @rule()
    def withdraw(self) -> None:
        """Withdraw the last policy on the eve of its first day."""
        day = self.policy.editions[-1].since
        self.register = self.register.withdraw(day, day - timedelta(1), "a mistake")
        self.policy = self.former.pop()

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
            _same(list(other.ledgers()), self.ledgers())

    @rule()
    def mend(self) -> None:
        """Derive everything anew, though nothing is wrong."""
        repair(self.register)

    @rule(on=days(_SPAN, 2 * DAYS), within=st.sampled_from([0, 7, 40]))
    def ask(self, on: date, within: int) -> None:
        """Ask for the list of a day, past or future: it is the pure function over the ledgers (law 10)."""
        found = self.register.worklist(on, within=within)
        expected = WorkList.of(self.ledgers(), self.policy, on, within=within)
        _same((found.counts, found.lines, found.duties), (expected.counts, expected.lines, expected.duties))
        self.heads += [self.register.head()] if self.known else []

    @invariant()
    def gives_the_lists_that_it_should(self) -> None:
        """Give the lists of a day in the midst of things and of one after them all."""
        for on in (_FIRST + timedelta(DAYS // 2), _FIRST + timedelta(2 * DAYS)):
            self.ask(on, 7)

    @invariant()
    def holds_what_it_should(self) -> None:
        """Hold the ledgers of the model, and nobody else's."""
        _same(list(self.register.ledgers()), self.ledgers())
        for patient in self.forgotten:
            with suppress(RegisterError):
                self.register.ledger(patient)
                raise AssertionError(patient)

    @invariant()
    def has_no_problem(self) -> None:
        """Pass the check, and continue the last list that was given."""
        _same(check(self.register, self.heads[-1] if self.heads else None), [])
