"""Killed at any moment, or written to by many at once, a register is as it was before or after: never between.

FOLLOWUP_KILLS=200 pytest tests/test_crashes.py kills as many processes as it says.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import pytest

from followup import Registered, Visited, WorkList, load_policy
from followup.errors import RegisterError
from followup.integrity import check
from followup.register import Register

KILLS = int(os.environ.get("FOLLOWUP_KILLS", "10"))
POLICY = load_policy("national-2018")
#: How many entries one import has.
BATCH = 400

#: What is killed: each writes until it dies, and says when it begins.
IMPORTS = """
import sys
from datetime import date, timedelta
from followup import Registered, Visited
from followup.register import Register
register = Register.open(sys.argv[1])
print("go", flush=True)
for number in range(int(sys.argv[2]), 10**9):
    people = [f"{number}-{person}" for person in range(100)]
    register.record_all(
        entry
        for patient in people
        for entry in [
            Registered(patient, "2026-01-05", name="某人", team="A"),
            *(Visited(patient, date(2026, 2, 1) + timedelta(30 * count), risk=count, mode="home") for count in range(3)),
        ]
    )
"""
RECORDS = """
import sys
from datetime import date, timedelta
from followup import Visited
from followup.register import Register
register = Register.open(sys.argv[1])
print("go", flush=True)
for number in range(int(sys.argv[2]), 10**9):
    register.record(Visited("p1", date(2026, 1, 5) + timedelta(number % 300), risk=number % 5, symptoms=[], reaction="none", mode="home", next_on=date(2027, 1, 1) + timedelta(number)))
"""
ADOPTS = """
import sys
from datetime import date, timedelta
from followup import load_policy
from followup.register import Register
register = Register.open(sys.argv[1])
day = register.policy.editions[-1].since
print("go", flush=True)
for number in range(1, 1000):
    name = "dongguan" if register.policy.editions[-1].id == "national-2018" else "national-2018"
    register = register.adopt(load_policy(name), max(day, date(2026, 1, 1)) + timedelta(number))
"""
FORGETS = """
import sys
from datetime import date
from followup.register import Register
register = Register.open(sys.argv[1])
print("go", flush=True)
for ledger in list(register.ledgers()):
    register.forget(ledger.patient, date(2026, 3, 1), "request")
"""
#: The same with a second process, which is left behind.
SHARES = f"from followup import companion, derivation\ncompanion.HAS_ROOM, derivation._LARGE = True, 0\n{ADOPTS}"
SCRIPTS = {"import": IMPORTS, "record": RECORDS, "adopt": ADOPTS, "share": SHARES, "forget": FORGETS}


def killed(script: str, path: Path, number: int, after: float) -> None:
    """Start a process that writes, and kill it so many seconds after it began."""
    command = [sys.executable, "-c", script, str(path), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(after)
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_killed_writer_leaves_all_or_nothing(kind: str, tmp_path: Path) -> None:
    """After every kill the check finds nothing, and each transaction is there whole or not at all."""
    path, random = tmp_path / "r.db", Random(kind)
    with Register.create(path, POLICY) as register:
        people = [Registered(f"p{number}", "2026-01-05", team="A") for number in range(1, 120)]
        register.record_all([*people, *(Visited(one.patient, "2026-01-12", risk=1, mode="home") for one in people)])
        begun = register.head().entries
    for number in range(max(1, KILLS // len(SCRIPTS))):
        killed(SCRIPTS[kind], path, 1_000 * number, random.uniform(0.0, 1.0 if kind == "share" else 0.4))
        with Register.open(path) as register:
            assert list(check(register)) == []
            entries = register.head().entries
            assert kind != "import" or (entries - begun) % BATCH == 0
            assert kind in {"import", "record"} or entries == begun
            on = date(2026, 4, 1)
            assert register.worklist(on).counts == WorkList.of(register.ledgers(), register.policy, on).counts


def test_a_killed_import_of_the_command_line_leaves_nothing(tmp_path: Path) -> None:
    """A file that was read in part is not recorded in part."""
    path, file = tmp_path / "r.db", tmp_path / "p.jsonl"
    Register.create(path, POLICY).close()
    lines = [
        json.dumps(entry)
        for number in range(3_000)
        for entry in (
            {"type": "registered", "patient": f"p{number}", "on": "2026-01-05"},
            {"type": "visited", "patient": f"p{number}", "on": "2026-01-12", "risk": 0},
        )
    ]
    file.write_text("\n".join(lines), "utf-8")
    command = [sys.executable, "-m", "followup", "import", str(path), str(file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while not path.with_name("r.db-wal").exists() or path.with_name("r.db-wal").stat().st_size < 100_000:
            assert process.poll() is None
            time.sleep(0.002)
        process.kill()
    with Register.open(path) as register:
        assert register.head().entries in {0, len(lines)}
        assert list(check(register)) == []


#: Dies by itself after so many steps of SQLite.
COPIES = """
import os, signal, sqlite3, sys
from followup.cli import main
left = int(sys.argv.pop(1))
def step():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
class Counted(sqlite3.Connection):
    def execute(self, sql, *values):
        self.set_progress_handler(step if "VACUUM" in sql else None, 20)
        return super().execute(sql, *values)
connect = sqlite3.connect
sqlite3.connect = lambda *words, **options: connect(*words, **options, factory=Counted)
main()
"""


def test_a_killed_backup_leaves_no_file_that_looks_like_one(tmp_path: Path) -> None:
    """What stands under the name that was asked for is the whole copy; another attempt makes it."""
    path, copy = tmp_path / "r.db", tmp_path / "copy.db"
    with Register.create(path, POLICY) as register:
        register.record_all(Registered(f"p{number}", "2026-01-05", name="某人") for number in range(2_000))
    for steps in (1, 200, 1_000):
        command = [sys.executable, "-c", COPIES, str(steps), "backup", str(path), str(copy)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert not copy.exists()
    assert sum(found.suffix == ".part" for found in tmp_path.iterdir()) == 3
    with Register.open(path) as register:
        register.backup(copy)
    with Register.open(copy) as register:
        assert (register.size(), check(register)) == (2_000, [])


WRITER = """
import sys
from datetime import date, timedelta
from followup import Registered, Visited
from followup.register import Register
register, me = Register.open(sys.argv[1], author=sys.argv[2]), sys.argv[2]
register.record(Registered(f"own-{me}", "2026-01-05", team=me))
for number in range(25):
    register.record(Visited("shared", date(2026, 2, 1) + timedelta(number), risk=int(me) % 6, mode="home", next_on=date(2027, 1, 1) + timedelta(int(me))))
    register.record(Visited(f"own-{me}", date(2026, 2, 1) + timedelta(number), risk=number % 6))
"""
READER = """
import sys
from datetime import date
from followup.register import Register
register = Register.open(sys.argv[1])
for _ in range(40):
    found = register.worklist(date(2026, 12, 1))
    for line in (*found.lines, *found.duties):
        assert any(reason.due_on == line.due.due_on for reason in line.due.reasons), line
    assert sum(found.counts.values()) >= 1
"""


def _started(script: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    yield subprocess.Popen([sys.executable, "-c", script, *words], stderr=subprocess.PIPE, encoding="utf-8")


def test_eight_writers_and_two_readers_lose_nothing(tmp_path: Path) -> None:
    """Every entry is there, no error came, each list was of one moment, and the dates are those of the entries."""
    path = tmp_path / "r.db"
    with Register.create(path, POLICY) as register:
        register.record(Registered("shared", "2026-01-05", team="0"))
    processes = [process for me in range(8) for process in _started(WRITER, str(path), str(me))]
    processes += [process for _ in range(2) for process in _started(READER, str(path))]
    errors = [process.communicate(timeout=300)[1] for process in processes]
    assert errors == [""] * len(processes)
    with Register.open(path) as register:
        assert register.head().entries == 1 + 8 * (1 + 25 + 25)
        assert list(check(register)) == []
        authors = {row[0] for row in register.db.execute("SELECT DISTINCT author FROM audit")}
        assert authors == {None, *map(str, range(8))}


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path) -> None:
    """A clear sentence, nothing recorded, and the register as good as before."""
    path = tmp_path / "r.db"
    with Register.create(path, POLICY) as one, Register.open(path) as other:
        other.db.execute("PRAGMA busy_timeout = 50")
        with one.batch():
            one.record(Registered("p1", "2026-01-05"))
            with pytest.raises(RegisterError, match="another program is writing"):
                other.record(Registered("p2", "2026-01-05"))
        assert other.record(Registered("p2", "2026-01-05"))
        assert [ledger.patient for ledger in one.ledgers()] == ["p1", "p2"]
