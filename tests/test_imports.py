"""The house: which module may import which, and what the pure core leaves alone."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import followup

PACKAGE = Path(followup.__file__).parent

#: Each module may import those that stand before it.
ORDER = [
    "sentences",
    "errors",
    "later",
    "formulas",
    "terms",
    "dates",
    "spellings",
    "fields",
    "canonical",
    "entries",
    "entryreaders",
    "entryjson",
    "stencil",
    "stability",
    "ledger",
    "case",
    "teams",
    "teamchecks",
    "policy",
    "policytable",
    "policyfile",
    "noticefile",
    "states",
    "comparison",
    "audit",
    "duevisit",
    "rulebook",
    "settlement",
    "schedule",
    "findings",
    "worklist",
    "selections",
    "shifts",
    "moves",
    "explanation",
    "timeline",
    "chain",
    "storage",
    "tables",
    "audittrail",
    "refusals",
    "entryrows",
    "inforce",
    "teamrows",
    "duplicates",
    "keptdates",
    "foretelling",
    "companion",
    "derivation",
    "keptlists",
    "intake",
    "register",
    "integrity",
    "sheets",
    "jsonlines",
    "readahead",
    "grids",
    "formtables",
    "bookchecks",
    "olebooks",
    "zipbooks",
    "workbooks",
    "patientform",
    "visitform",
    "listform",
    "forms",
    "teamforms",
    "importreport",
    "redaction",
    "formrows",
    "proofreading",
    "formfiles",
    "teamfiles",
    "exports",
    "views",
    "testing",
    "hypothesishook",
    "cli",
    "__main__",
]


def _module(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("followup"):
            found.add((node.module or "").removeprefix("followup").lstrip(".").split(".")[0] or "__init__")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    """A module imports only modules that stand before it, itself (a package) or nothing of ours."""
    name = _module(path)
    if name != "__init__":
        assert _imported(path) <= {*ORDER[: ORDER.index(name)], *({name} if path.parent != PACKAGE else set())}


def test_pure_core_imports_no_database_no_command_line_no_test_kit() -> None:
    """`import followup` brings neither SQLite nor click nor hypothesis, nor what only files need."""
    code = (
        "import sys, followup; followup.due_visits; "
        "print(sorted({'sqlite3', 'sqlite_utils', 'click', 'hypothesis', 'cattrs', 'tabulate', 'chinese_calendar'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert done.stdout.strip() == "[]"


def test_public_names_are_sorted_and_there() -> None:
    """`__all__` is sorted, and each name of it can be imported."""
    assert followup.__all__ == sorted(followup.__all__)
    assert all(hasattr(followup, name) for name in followup.__all__)


def test_no_clock_outside_the_command_line() -> None:
    """Only the command line asks what day it is."""
    for path in PACKAGE.rglob("*.py"):
        if "cli" not in path.parts:
            assert not re.search(r"(date\.today|datetime\.now|time\.time)\(", path.read_text("utf-8")), path
