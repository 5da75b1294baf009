"""The README, run: its Python, its commands and what they print.

`python tests/readme.py` writes what they print now into the README, to be read before it is committed.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from followup.__main__ import __file__ as program

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

#: The head of a chain, another in every register.
_HEAD = re.compile(r"\b(\d+):[0-9a-f]{20}\b")
#: A record of a refused row, for the README's example of an error.
BAD = "编号,随访日期,本次随访形式,危险性评估,本次随访分类\n10600027,2026-02-31,2,6,1\n1060003,2026-11-02,2,,3\n"


def blocks(language: str, text: str | None = None) -> Iterator[str]:
    """Return the README's code blocks of one language."""
    for found in FENCE.finditer(README.read_text("utf-8") if text is None else text):
        if found[1] == language:
            yield found[2]


def run_console(block: str, folder: Path) -> str:
    """Run the `$` lines of a block in a folder and return them with what they print now."""
    lines = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{line}\n{_printed(line[2:], folder)}" for line in lines)


def _printed(command: str, folder: Path) -> str:
    words = shlex.split(command)
    assert words[0] == "followup", command
    done = subprocess.run(
        [sys.executable, str(program), *words[1:]],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
    )
    return _HEAD.sub(r"\1:0123456789abcdef0123", done.stdout)


def prepare(folder: Path) -> Path:
    """Put what the README's commands read into a folder, and return it."""
    shutil.copytree(ROOT / "examples" / "district", folder / "examples" / "district")
    shutil.copy(ROOT / "examples" / "own_policy.toml", folder / "examples")
    shutil.copytree(ROOT / "examples" / "teams", folder / "examples" / "teams")
    (folder / "bad.csv").write_text(BAD, "utf-8")
    (folder / "cases.txt").write_text(next(blocks("text")), "utf-8")
    return folder


def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = prepare(Path(folder))
        text = README.read_text("utf-8")
        for block in blocks("console", text):
            text = text.replace(f"```console\n{block}```", f"```console\n{run_console(block, place)}```")
        README.write_text(text, "utf-8")


if __name__ == "__main__":
    _write()
