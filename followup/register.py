"""The ledger of everyone in one SQLite file, with the dates that it gives kept beside it.

Facts are only ever added, each in a chain of hashes; dates are written in the transaction of the entry that moved
them (see `keptdates`). A list for a day before a patient's last entry, or as it was known at a moment, is made
from the ledgers themselves.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Final, Self

from attrs import evolve, frozen
from sqlite_utils import Database

from followup.audit import check_sound
from followup.audittrail import By, Writing, write_audit, writing_of
from followup.case import case_on
from followup.chain import Head
from followup.dates import SHANGHAI, work_calendar, zoned
from followup.derivation import derive_anew
from followup.duplicates import kept_duplicates
from followup.entries import Entry
from followup.entryjson import shown_id
from followup.entryrows import blank, head, patients, people_of, read_ledgers, select, villages
from followup.errors import Problem, RefusedEntries, RegisterError, shown
from followup.findings import Finding
from followup.foretelling import Foretold
from followup.inforce import (
    ALWAYS,
    Adoption,
    adoption_note,
    adoptions,
    kept_stamp,
    notice_note,
    policy_in_force,
    stamp,
    write_notice,
    write_policy,
    write_stamp,
    write_withdrawal,
)
from followup.intake import take
from followup.keptdates import drop, kept_people, kept_teams, patients_after
from followup.keptlists import kept_list
from followup.ledger import Ledger
from followup.moves import moves
from followup.noticefile import notice_from_text
from followup.policy import Policy
from followup.refusals import check_reason
from followup.schedule import resting
from followup.storage import (
    OURS,
    Place,
    connected,
    copy,
    copy_beside,
    file_of,
    foreign,
    is_path,
    make_private,
    new_file,
    remove,
    sentences_of_sqlite,
    snapshot,
    transaction,
    wiped,
)
from followup.tables import STAMPED, is_of_a_later_release, migrations
from followup.teamrows import Told, directory, directory_head
from followup.teamrows import append as append_rows
from followup.teams import Directory
from followup.terms import Bucket
from followup.worklist import WorkList


@frozen(eq=False)
class Register:
    """Everyone's ledger, and today's list at the cost of what is on it.

    >>> from followup import Registered, load_policy
    >>> register = Register.create(":memory:", load_policy("national-2018"))
    >>> register.record(Registered("p1", "2026-11-02", team="Qingxi"))
    True
    >>> [str(line.due.due_on) for line in register.worklist(date(2026, 11, 16)).lines]
    ['2026-11-16']
    """

    db: Database
    policy: Policy
    #: Who writes, and by which program: noted with all that is written.
    author: str | None = None
    program: str = "followup"

    @classmethod
    def create(
        cls,
        place: Place,
        policy: Policy,
        duties_from: date | None = None,
        *,
        author: str | None = None,
        program: str = "followup",
    ) -> "Register":
        """Make a new register (a file of mode 0600, or in an open connection) and return it, open.

        Raises `RegisterError` where there is something already, `InvalidPolicy` for a policy that fails its audit.
        """
        if len(policy.editions) > 1 or not policy.texts:
            raise RegisterError(Problem("adopt.first", facts={"id": policy.id}))
        check_sound(policy)
        named = is_path(place) and place != ":memory:"
        if named:
            new_file(place)
        try:
            with sentences_of_sqlite(place):
                opened = evolve(policy, duties_from=duties_from, calendar=work_calendar())
                register = cls(connected(place), opened, author, program)
                register._set_up()
                return register
        except BaseException:
            if named:
                remove(place)
            raise

    @classmethod
    def open(cls, place: Place, *, author: str | None = None, program: str = "followup") -> "Register":
        """Open a register by its path or in an open connection, under the policies that it has adopted.

        One of an earlier release is taken further, after a copy of its file was put beside it; where the library
        has learned of a holiday notice since, or to reckon otherwise, the kept dates are derived anew. Raises
        `RegisterError` where there is no register, or one of a later release.
        """
        if is_path(place) and not Path(place).is_file():
            raise RegisterError(Problem("register.missing", facts={"path": place}))
        with sentences_of_sqlite(place):
            db = connected(place)
            if db.execute("PRAGMA application_id").fetchone() != (OURS,):
                raise foreign(place)
            _take_further(db, place, (author, program))
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(STAMPED)  # where it is gone, all is derived anew
            register = cls(db, policy_in_force(db), author, program)
            return register if kept_stamp(db) == stamp(register.policy) else register._derived_anew()

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, entry: Entry) -> bool:
        """Record one entry and the dates it moves; False where it is known already."""
        return self.record_all([entry]) == 1

    def record_all(self, entries: Iterable[Entry], foretold: Foretold | None = None) -> int:
        """Record entries, and the dates they move, all or none; return how many were new.

        They are taken one by one as they come, so that any number fits; dates that whoever reads them has `foretold`
        are not derived once more. Raises `RefusedEntries` with every problem: an unknown patient, a second
        registration of other content, a retraction of nothing.
        """
        with self.batch():
            count, refused = take(self.db, self.policy, entries, foretold)
            if refused:
                raise RefusedEntries([problem for _, problem in refused], tuple(entry.id for entry, _ in refused))
            if count:
                self.note("record")
        return count

    @contextmanager
    def batch(self, *, keep: bool = True) -> Iterator[None]:
        """Write all that happens within, or nothing of it where an error ends it; nothing either without `keep`.

        Nobody else writes meanwhile. One batch may stand in another, which then decides for both. Raises
        `RegisterError` where another program changed the rules.
        """
        with sentences_of_sqlite(self.db):
            within = self.db.conn.in_transaction  # of another batch: an error that is caught leaves nothing of it
            with self.db.atomic() if within else transaction(self.db, keep=keep):
                self._check_rules()
                yield

    def adopt(self, policy: Policy, day: date, recorded_at: str | None = None) -> "Register":
        """Adopt a policy from a day on, derive all dates anew, and return the register under it.

        For every earlier day the policies before it hold. Raises `RegisterError` where a policy was adopted for
        that day or a later one, or where it is this one already, and `InvalidPolicy` where from that day on the
        rules would fail their audit: a policy that begins later would leave everybody unvisited until then.
        """
        with self.batch():
            self.check_adoption(policy, day)
            write_policy(self.db, policy, day, None, recorded_at)
            return self._under_new_rules("adopt", adoption_note(policy.id, policy.version, day, None, recorded_at), day)

    def withdraw(self, day: date, today: date, reason: str, recorded_at: str | None = None) -> "Register":
        """Withdraw what was adopted from a day to come on, derive all dates anew, and return the register without it.

        The row stays, and a list as it was known before goes by it. Raises `RegisterError` where nothing was adopted
        from that day on, where the day is not after `today` or no reason is given, and `InvalidPolicy` where what
        remains would fail its audit.
        """
        check_reason(reason)
        if day <= today:
            raise RegisterError(Problem("withdraw.in_force", facts={"on": day, "today": today}))
        with self.batch():
            subject = write_withdrawal(self.db, day, reason, recorded_at)
            if subject is None:
                raise RegisterError(Problem("withdraw.unknown", facts={"on": day}))
            register = self._under_new_rules("withdraw", subject)
            check_sound(register.policy, day)
            return register

    @sentences_of_sqlite()
    def adoptions(self) -> list[Adoption]:
        """Return every policy that was adopted, the first first, and those withdrawn among them."""
        return list(adoptions(self.db))

    def check_adoption(self, policy: Policy, day: date) -> None:
        """Raise `RegisterError` or `InvalidPolicy` where a policy cannot be adopted from a day on."""
        last = self.policy.editions[-1]
        since = max(last.since, ALWAYS)
        if day <= since:
            raise RegisterError(Problem("adopt.earlier", facts={"on": day, "last": since}))
        if last.version == policy.version:
            raise RegisterError(Problem("adopt.same", facts={"id": policy.id, "version": policy.version}))
        check_sound(self.policy.then(policy, day), day)

    def add_notice(self, text: str, recorded_at: str | None = None) -> "Register":
        """Enter a year's holiday notice (the text of its TOML file), derive all dates anew, and return the register."""
        notice = notice_from_text(text)
        with self.batch():
            write_notice(self.db, notice.year, text, recorded_at)
            return self._under_new_rules("notice", notice_note(notice.year, text, recorded_at))

    def forget(self, patient: str, on: date, reason: str) -> None:
        """Erase all that is recorded of a patient, as the law may ask for, and leave a tombstone.

        Number, day and reason stay, and the seals by which the chain goes on; copies and exports still hold the
        person. Raises `RegisterError` for an unknown patient, and where no reason is given.
        """
        check_reason(reason)
        with sentences_of_sqlite():
            if self.db.conn.in_transaction:
                raise RegisterError(Problem("register.batch"))
            self.db.execute("PRAGMA secure_delete = ON")
        try:
            with self.batch():
                self.ledger(patient)
                count = blank(self.db, patient, on, reason)
                drop(self.db, patient)
                self.note("forget", f"{patient} {count} {on} {reason}")
        finally:
            self.db.execute("PRAGMA secure_delete = FAST")
        if not wiped(self.db):
            raise RegisterError(Problem("forget.open", facts={"patient": shown(patient)}))

    def backup(self, path: str | Path) -> None:
        """Write a copy of the register as it is at this moment into a new file, while others may write."""
        copy(self.db, path)

    @sentences_of_sqlite()
    def duplicates(self, since: int | None = None) -> list[Finding]:
        """Return the people who may be one; with `since` those alone of whom more was told after so many entries."""
        return list(kept_duplicates(self.db, since))

    @sentences_of_sqlite()
    def head(self) -> Head:
        """Return how far the chain goes: lists show it, and `integrity.check` compares."""
        return head(self.db)

    @sentences_of_sqlite()
    def writing_of(self, entry: Entry) -> Writing | None:
        """Return who wrote an entry, when and by which program; None where it is not here."""
        return writing_of(self.db, entry)

    @sentences_of_sqlite()
    def note(self, action: str, subject: str | None = None) -> None:
        """Note in the audit what a transaction does, within it."""
        write_audit(self.db, (self.author, self.program), action, subject)

    @sentences_of_sqlite()
    def policy_known(self, known: datetime | None) -> Policy:
        """Return the policies as recorded by a moment; by now with None."""
        return self.policy if known is None else policy_in_force(self.db, known)

    @sentences_of_sqlite()
    def size(self) -> int:
        """Return how many patients there are."""
        (count,) = self.db.execute("SELECT count(*) FROM patients WHERE salt IS NOT NULL").fetchone()
        return int(count)

    def ledger(self, patient: str, known: datetime | None = None) -> Ledger:
        """Return everything recorded of one patient (by a moment); `RegisterError` for an unknown one."""
        with sentences_of_sqlite():
            for ledger in read_ledgers(self.db, self._living(patient)):
                found = ledger if known is None else ledger.as_known(known)
                if found is not None:
                    return found
        raise RegisterError(Problem("patient.unknown", facts={"patient": shown(patient)}))

    def ledgers(self, wanted: Iterable[str] | None = None) -> Iterator[Ledger]:
        """Return the ledgers of the patients named, or of all, in the order of their numbers."""
        with sentences_of_sqlite():
            yield from read_ledgers(self.db, patients(self.db) if wanted is None else sorted(set(wanted)))

    def worklist(
        self,
        on: date,
        team: str | None = None,
        within: int = 0,
        known: datetime | None = None,
        village: str | None = None,
    ) -> WorkList:
        """Return the list of a day, of one team or of all: `WorkList.of` over all ledgers, but quick.

        `within` adds what falls due in so many further days. Names, findings and reasons are read when they are
        asked for, while the register is open. With `known` the list is made from what had been recorded by that
        moment (one without a zone is Shanghai's), entries and policies: as it was printed then; this reads every
        ledger. With `village` it is the list of that village; this reads the ledgers of all who were ever of it.
        """
        with sentences_of_sqlite(), snapshot(self.db):
            self._check_rules()
            if known is not None or village is not None:
                known = known and zoned(known)
                policy = self.policy_known(known)
                ledgers = self.ledgers(None if village is None else people_of(self.db, village))
                then = filter(None, ledgers if known is None else (ledger.as_known(known) for ledger in ledgers))
                there = then if village is None else (ledger for ledger in then if _is_of(ledger, village, on))
                whole = self.directory(known)
                listed = WorkList.of(there, policy, on, team=team, within=within, directory=whole)
                return evolve(listed, head=str(self.head()), known=known)
            return kept_list(self.db, self.policy, on, team, within)

    def compared(  # noqa: PLR0913, PLR0917 - both lists are asked for alike
        self,
        now: WorkList,
        since: date | datetime,
        team: str | None = None,
        within: int = 0,
        known: datetime | None = None,
        village: str | None = None,
    ) -> WorkList:
        """Return a list with what is new on it since that of an earlier day, and what left it.

        The earlier list is the one printed that morning, before anything of its day was recorded; where `since` is a
        moment, the one of that moment.
        """

        def listing(ledger: Ledger, policy: Policy) -> WorkList:
            there = [ledger] if village is None or _is_of(ledger, village, now.on) else []
            return WorkList.of(there, policy, now.on, team=team, within=within)

        known = known and zoned(known)
        day, moment = _morning_of(since)
        then = self.worklist(day, team, within, moment if known is None else min(moment, known), village)
        found = moves(
            then,
            now,
            lambda patient: self.ledger(patient).as_known(moment),
            lambda patient: self.ledger(patient, known),
            listing,
        )
        return evolve(now, since=day, moves=tuple(found), before=(*then.lines, *then.duties))

    def record_teams(self, told: Iterable[Told]) -> int:
        """Add rows to the directory of teams, all or none; return how many told anything new.

        The last row of a key counts. Raises `RefusedTeams` where it would be left open who answers.
        """
        with self.batch():
            count = append_rows(self.db, told)
            if count:
                self.note("teams", str(directory_head(self.db)))
        return count

    def directory(self, known: datetime | None = None) -> Directory:
        """Return the directory of teams (as told by a moment); an empty one where none is kept."""
        with sentences_of_sqlite():
            return directory(self.db, known=known)

    def people_by_team(self, on: date) -> Mapping[str | None, int]:
        """Return how many people have each team on a day, or none (None); whoever moved out or died has none."""
        with sentences_of_sqlite(), snapshot(self.db):
            counts = kept_people(self.db, on)
            for ledger in self.ledgers(patients_after(self.db, on)):
                case = case_on(ledger, on)
                counts.update([case.team] if case is not None and resting(case.status) is not Bucket.CLOSED else [])
        return dict(sorted(counts.items(), key=lambda pair: pair[0] or ""))

    @sentences_of_sqlite()
    def teams(self) -> list[str]:
        """Return the teams that have patients."""
        return kept_teams(self.db)

    @sentences_of_sqlite()
    def villages(self) -> list[str]:
        """Return the villages that people were ever of."""
        return villages(self.db)

    def find(self, beginning: str) -> Entry:
        """Return the entry whose id begins so; `RegisterError` for none or several."""
        is_one = len(beginning) >= _SHORTEST and _DIGITS.issuperset(beginning)
        wanted = (beginning, beginning + "g") if is_one else ("", "")
        with sentences_of_sqlite():
            found = select(self.db, _BEGINNING, wanted)
        if len(found) != 1:
            short = "entry.short" if len(beginning) < _SHORTEST else "retract.unknown"
            code = "entry.ambiguous" if found else short
            raise RegisterError(Problem(code, facts={"entry": shown_id(beginning)}))
        return found[0][1]

    # What follows serves the methods above.

    def _set_up(self) -> None:
        if self.db.table_names():
            raise RegisterError(Problem("register.exists", facts={"path": file_of(self.db) or ":memory:"}))
        make_private(self.db)
        self.db.execute("PRAGMA journal_mode = WAL")
        with transaction(self.db):
            migrations.apply(self.db)
            write_policy(self.db, self.policy, ALWAYS, self.policy.duties_from, None)
            write_stamp(self.db, self.policy)
            told = adoption_note(self.policy.id, self.policy.version, ALWAYS, self.policy.duties_from, None)
            self.note("create", told)

    def _derived_anew(self) -> "Register":
        """Derive all dates anew by what the library now knows, unless another program was quicker."""
        with transaction(self.db):
            now = evolve(self, policy=policy_in_force(self.db))
            is_kept = kept_stamp(self.db) == stamp(now.policy)
            return now if is_kept else self._under_new_rules("derive", stamp(now.policy))

    def _check_rules(self) -> None:
        """Refuse to go by rules that another program has changed meanwhile."""
        if kept_stamp(self.db) != stamp(self.policy):
            raise RegisterError(Problem("register.changed"))

    def _under_new_rules(self, action: str, subject: str, since: date = date.min) -> "Register":
        """Derive all dates from a day on anew, by the policies and notices as they now stand; within a transaction."""
        register = evolve(self, policy=policy_in_force(self.db))
        derive_anew(self.db, register.policy, since)
        write_stamp(self.db, register.policy)
        self.note(action, subject)
        return register

    def _living(self, patient: str) -> list[str]:
        """Return the patient's number, if nobody has forgotten the person."""
        row = self.db.execute("SELECT forgotten_on FROM patients WHERE patient = ?", [patient]).fetchone()
        if row is not None and row[0] is not None:
            raise RegisterError(Problem("patient.forgotten", facts={"patient": shown(patient), "on": row[0]}))
        return [patient]


def _is_of(ledger: Ledger, village: str, on: date) -> bool:
    case = case_on(ledger, on)
    return case is not None and case.village == village


def _take_further(db: Database, place: Place, by: By) -> None:
    """Bring the tables of an earlier release up to this one's; a later one's are refused."""
    if is_of_a_later_release(db):
        raise RegisterError(Problem("register.newer", facts={"path": place}))
    if not migrations.pending(db):
        return
    copy_beside(db)
    with transaction(db):
        steps = [migration.name for migration in migrations.pending(db)]
        if steps:  # another program may have been quicker
            migrations.apply(db)
            write_audit(db, by, "migrate", " ".join(steps))


def _morning_of(since: date | datetime) -> tuple[date, datetime]:
    """Return the day of an earlier list, and the last moment that it tells of."""
    if isinstance(since, datetime):
        since = zoned(since)
        return since.astimezone(SHANGHAI).date(), since
    return since, datetime.combine(since, time.min, SHANGHAI) - datetime.resolution


#: The index has every id; the entries themselves are many times as long.
_BEGINNING: Final = """
    WHERE e.seq IN (
        SELECT seq FROM entries INDEXED BY entries_of_patient WHERE id >= ? AND id < ? LIMIT 2
    )
"""
#: With fewer characters an id is no answer to "which entry".
_SHORTEST: Final = 4
#: Of which ids are made; what is left of somebody who was forgotten has another.
_DIGITS: Final = frozenset("0123456789abcdef")
