"""Draw faults with a mutation tool: `pip install cosmic-ray==8.7.0`, then `python tests/faults/draw.py`.

It prints tables for `faults.toml`. Nobody chooses: of each module so many places are drawn from a seed, and of each
place one of the tool's mutants. Passed over is what is no fault of a running program: annotations, and mutants that
cannot even be imported.
"""

import ast
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import cosmic_ray.plugins
from attrs import frozen
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.ast.ast_query import ASTQuery
from cosmic_ray.mutating import mutate_code
from run import PACKAGE, copied

_SEED: Final = 20260
#: How many of each module.
_COUNTS: Final = {
    "schedule": 5,
    "settlement": 3,
    "case": 5,
    "policy": 3,
    "policyfile": 3,
    "dates": 3,
    "worklist": 2,
    "register": 2,
    "keptdates": 3,
    "intake": 1,
    "entryrows": 2,
}
#: Of a policy's file what gives the rules their meaning; its refusals have tests of their own.
_EVALUATION: Final = {"_merged", "_allowed", "_values"}


@frozen
class Mutant:
    """A module as the tool would have it."""

    operator: str
    code: str


def main() -> None:
    """Print so many mutants of each module."""
    for module, count in _COUNTS.items():
        source = (PACKAGE / f"{module}.py").read_text("utf-8")
        drawn = _drawn(module, source, Random(f"{_SEED} {module}"))
        for number, mutant in zip(range(1, count + 1), drawn, strict=False):
            before, after = _replacement(source, mutant.code)
            print(f'[[fault]]\nid = "{module}-t{number}"\nmodule = "{module}"\nmade_by = "{mutant.operator}"')
            print(f"before = '''\n{before}'''\nafter = '''\n{after}'''\n")


def _drawn(module: str, source: str, random: Random) -> Iterator[Mutant]:
    places = _places(module, source)
    while places:
        mutants = places.pop(random.choice(sorted(places)))
        name, operator, occurrence = random.choice(mutants)
        code = mutate_code(source, operator, occurrence)
        if code is not None and _runs_otherwise(source, code) and _is_importable(module, code):
            yield Mutant(name, code)


def _places(module: str, source: str) -> dict[tuple[int, int], list[tuple[str, Any, int]]]:
    """Return the tool's mutants by the places at which they begin: operator and occurrence."""
    tree, found = get_ast(source), defaultdict(list)
    for name in sorted(cosmic_ray.plugins.operator_names()):
        kind = cosmic_ray.plugins.get_operator(name)
        if kind.arguments():
            continue
        operator = kind()
        positions = ((node, start) for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node))
        for occurrence, (node, start) in enumerate(positions):
            if module != "policyfile" or ASTQuery(node).get_definition_name() in _EVALUATION:
                found[start].append((name, operator, occurrence))
    return dict(found)


def _runs_otherwise(source: str, code: str) -> bool:
    return ast.dump(_Bare().visit(ast.parse(source))) != ast.dump(_Bare().visit(ast.parse(code)))


class _Bare(ast.NodeTransformer):
    """Leaves out annotations."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _is_importable(module: str, code: str) -> bool:
    with TemporaryDirectory() as folder:
        copied(Path(folder), module, code)
        asked = [sys.executable, "-c", f"import followup.{module}, followup.testing.machine"]
        done = subprocess.run(asked, check=False, env=os.environ | {"PYTHONPATH": folder}, capture_output=True)
        return done.returncode == 0


def _replacement(source: str, code: str) -> tuple[str, str]:
    """Return the lines that differ, with so many before them that they stand in the source but once."""
    old, new = source.splitlines(keepends=True), code.splitlines(keepends=True)
    first = next(number for number, (one, other) in enumerate(zip(old, new, strict=False)) if one != other)
    last = next(number for number in range(1, len(old)) if old[-number] != new[-number]) - 1
    while source.count("".join(old[first : len(old) - last])) > 1:
        first -= 1
    return "".join(old[first : len(old) - last]), "".join(new[first : len(new) - last])


if __name__ == "__main__":
    main()
