"""The README tells what the program does."""

import doctest
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from readme import README, ROOT, blocks, prepare, run_console

from followup import load_policy


@pytest.mark.parametrize("block", list(blocks("pycon")))
def test_python_of_the_readme_prints_what_it_says(block: str) -> None:
    """Each block of Python runs by itself and gives the output shown."""
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", str(README), 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_commands_of_the_readme_print_what_it_says(tmp_path: Path) -> None:
    """Each command gives the output shown, in the order of the README."""
    folder = prepare(tmp_path)
    for block in blocks("console"):
        assert run_console(block, folder) == block


@pytest.mark.parametrize("block", list(blocks("python")))
def test_test_files_of_the_readme_pass(block: str, tmp_path: Path) -> None:
    """Each test file shown passes as it stands."""
    folder = prepare(tmp_path)
    (folder / "test_shown.py").write_text(block, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shown.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stdout


def test_policy_of_the_readme_is_the_example(tmp_path: Path) -> None:
    """The policy shown loads, and is the one in examples/."""
    (shown,) = blocks("toml")
    (tmp_path / "shown.toml").write_text(shown, "utf-8")
    assert load_policy(tmp_path / "shown.toml").version == load_policy(ROOT / "examples/own_policy.toml").version
    assert tomllib.loads(shown)


def test_both_languages_give_the_same_two_commands() -> None:
    """The set-up commands stand in the English and in the Chinese part."""
    commands = list(blocks("sh"))
    assert commands[:2] == commands[2:]
