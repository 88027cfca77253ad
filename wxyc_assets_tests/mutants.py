"""Mutants of the checks, each of which a unit test must notice: `make mutants`.

A mutant is the source of one module with one operator, constant or condition changed. Each runs the
unit tests of the checks in a process of its own, forked from one that has imported everything else.
"""

import ast
import copy
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

import wxyc_assets_tests.conftest  # noqa: F401  imported once here rather than by every mutant

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wxyc_assets/domain/gates"
TESTS = ROOT / "wxyc_assets_tests/unit/domain/gates"
AT_ONCE = 2
SECONDS = 60

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
SWAPPED = {"max": "min", "min": "max", "any": "all", "all": "any"}

EQUIVALENT: dict[str, str] = {}
"""Mutants that change nothing that can be observed, by their description, with the reason."""


@dataclass(frozen=True)
class Mutant:
    """One changed module."""

    path: Path
    description: str
    tree: ast.Module


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(path.read_text())
    nodes = list(ast.walk(tree))
    for index, node in enumerate(nodes):
        for changed in _changes(node):
            mutated = copy.deepcopy(tree)
            target = list(ast.walk(mutated))[index]
            before = ast.unparse(target) if isinstance(target, ast.expr) else ""
            vars(target).update(vars(changed))
            line = getattr(node, "lineno", 0)
            after = ast.unparse(target) if isinstance(target, ast.expr) else "condition negated"
            yield Mutant(path, f"{path.stem}:{line} {before} -> {after}", mutated)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield changed copies of a node; they have the same type."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OPERATORS:
            yield _with(node, ops=[OPERATORS[type(operator)]()])
        case ast.BoolOp() | ast.BinOp() if type(node.op) in OPERATORS:
            yield _with(node, op=OPERATORS[type(node.op)]())
        case ast.Constant(value=bool() as value):
            yield _with(node, value=not value)
        case ast.Constant(value=int() | float() as value):
            yield _with(node, value=value + 1)
        case ast.If() | ast.IfExp():
            yield _with(node, test=ast.UnaryOp(ast.Not(), copy.deepcopy(node.test)))
        case ast.Call(func=ast.Name(id=name)) if name in SWAPPED:
            yield _with(node, func=ast.Name(SWAPPED[name], ast.Load()))
        case _:
            return


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    vars(changed).update(fields)
    return changed


class _Mutated(MetaPathFinder, Loader):
    """Imports one module from a tree instead of its file."""

    def __init__(self, mutant: Mutant) -> None:
        self._tree = ast.fix_missing_locations(mutant.tree)
        self._name = f"wxyc_assets.domain.gates.{mutant.path.stem}"

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, self._name, "exec"), vars(module))


def survives(mutant: Mutant) -> bool:
    """Return True if every test passes with the mutant."""
    child = os.fork()
    if not child:
        sys.meta_path.insert(0, _Mutated(mutant))
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        options = ["-x", "-q", "-p", "no:cacheprovider", f"--timeout={SECONDS}", str(TESTS)]
        os._exit(pytest.main(options))
    _, status = os.waitpid(child, 0)
    return status == 0


def main() -> None:
    """Print every surviving mutant; exit with 1 if there is one."""
    os.chdir(ROOT)
    found = [each for path in sorted(PACKAGE.glob("*.py")) for each in mutants(path)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(survives, found))
    survivors = [
        each.description
        for each, lives in zip(found, outcomes, strict=True)
        if lives and each.description not in EQUIVALENT
    ]
    sys.stdout.write("".join(f"survives: {each}\n" for each in survivors))
    sys.stdout.write(f"{len(found)} mutants, {len(survivors)} survive.\n")
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()
