"""Mutants of the checks, each of which a unit test must notice: `make mutants`.

A mutant is one module with one operator, constant or condition changed. The tests are collected
once; each mutant then runs them in a forked process until one fails.
"""

import ast
import copy
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wxyc_assets/domain/gates"
TESTS = ROOT / "wxyc_assets_tests/unit/domain/gates"

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

ROUNDED = frozenset(
    {
        ("disappearance", "self.share > self.allowed + ROUNDING"),
        ("regression", "result.number >= lowest_allowed - ROUNDING"),
        ("regression", "measure.share(each) < measure.share(old) - ROUNDING"),
        ("result", "number >= floor - ROUNDING"),
        ("result", "part < floor * whole - slack - ROUNDING"),
        ("result", "needed > int(needed) + ROUNDING"),
    }
)
"""Comparisons that tolerate an error of rounding: equality to the last bit is not observed."""


@dataclass(frozen=True)
class Mutant:
    """One changed module."""

    path: Path
    line: int
    before: str
    after: str
    tree: ast.Module

    @property
    def is_equivalent(self) -> bool:
        """True if nothing that can be observed has changed."""
        return (self.path.stem, self.before) in ROUNDED

    def __str__(self) -> str:
        return f"{self.path.stem}:{self.line} {self.before} -> {self.after}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(path.read_text())
    nodes = list(ast.walk(tree))
    decorators = {id(inner) for node in nodes for inner in _in_decorators(node)}
    for index, node in enumerate(nodes):
        if id(node) in decorators:
            continue
        for changed in _changes(node):
            mutated = copy.deepcopy(tree)
            target = list(ast.walk(mutated))[index]
            before = ast.unparse(target) if isinstance(target, ast.expr) else ""
            vars(target).update(vars(changed))
            line = getattr(node, "lineno", 0)
            after = ast.unparse(target) if isinstance(target, ast.expr) else "condition negated"
            yield Mutant(path, line, before, after, mutated)


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


def _in_decorators(node: ast.AST) -> Iterator[ast.AST]:
    for decorator in getattr(node, "decorator_list", []):
        yield from ast.walk(decorator)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    vars(changed).update(fields)
    return changed


def apply(mutant: Mutant) -> None:
    """Replace what the module defines, wherever it was imported."""
    name = f"wxyc_assets.domain.gates.{mutant.path.stem}"
    original = sys.modules[name]
    changed = ModuleType(name)
    sys.modules[name] = changed
    exec(compile(ast.fix_missing_locations(mutant.tree), name, "exec"), vars(changed))
    for module in list(sys.modules.values()):
        if not module.__name__.startswith(("wxyc_assets.", "wxyc_assets_tests.")):
            continue
        for key, value in list(vars(module).items()):
            if key in vars(original) and value is vars(original)[key] and key in vars(changed):
                setattr(module, key, vars(changed)[key])


class MutantLoop:
    """A pytest plugin that runs the collected tests once per mutant."""

    def __init__(self, found: Sequence[Mutant]) -> None:
        self._found = found
        self.survivors: list[Mutant] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.survivors = [each for each in self._found if self._survives(each, session.items)]
        return True

    def _survives(self, mutant: Mutant, items: Sequence[pytest.Item]) -> bool:
        child = os.fork()
        if not child:
            try:
                apply(mutant)
                os._exit(_run(items))
            except BaseException:  # noqa: BLE001  a mutant that cannot even be imported
                os._exit(1)
        return os.waitpid(child, 0)[1] == 0


def _run(items: Sequence[pytest.Item]) -> int:
    """Return 1 as soon as a test fails, 0 if none does."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            return 1
    return 0


def main() -> None:
    """Print every surviving mutant; exit with 1 if there is one."""
    os.chdir(ROOT)
    found = [each for path in sorted(PACKAGE.glob("*.py")) for each in mutants(path)]
    loop = MutantLoop(found)
    if pytest.main(["-p", "no:cacheprovider", "-p", "no:terminal", str(TESTS)], [loop]):
        sys.exit("The tests could not be collected.")
    unexpected = [each for each in loop.survivors if not each.is_equivalent]
    sys.stdout.write("".join(f"survives: {each}\n" for each in unexpected))
    sys.stdout.write(f"{len(found)} mutants, {len(unexpected)} survive.\n")
    sys.exit(bool(unexpected))


if __name__ == "__main__":
    main()
