"""Rules of docs/contributing.md that no linter knows: sizes, docstrings, names, statements."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from wxyc_assets_tests.conftest import LONGEST, TESTS

PROJECT = Path(__file__).parents[2]
PRODUCT = ("wxyc_assets", "wxyc_sandbox")
PACKAGES = (*PRODUCT, "wxyc_assets_tests")
LONGEST_FUNCTION = 40
EMBEDDED_QUESTIONS = {"What", "Whether", "Who", "Which", "How", "Where", "When", "Why"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


@cache
def trees(package: str) -> dict[str, ast.Module]:
    """Return the modules of a package by file; migrations never change."""
    return {
        str(path.relative_to(PROJECT)): ast.parse(path.read_text())
        for path in sorted((PROJECT / package).rglob("*.py"))
        if path.parent.name != "versions"
    }


def nodes(package: str) -> Iterator[tuple[str, ast.AST]]:
    for file, tree in trees(package).items():
        yield from ((file, node) for node in ast.walk(tree))


@pytest.mark.parametrize("package", PRODUCT)
def test_no_function_is_longer_than_a_page(package: str) -> None:
    sizes = {
        f"{file}: {node.name}": 1 + (node.end_lineno or 0) - node.lineno
        for file, node in nodes(package)
        if isinstance(node, Function)
    }
    assert {where: lines for where, lines in sizes.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_docstring_begins_with_an_embedded_question(package: str) -> None:
    first_lines = [
        f"{file}: {docstring.splitlines()[0]}"
        for file, node in nodes(package)
        if isinstance(node, Documented)
        if (docstring := ast.get_docstring(node))
    ]
    assert len(first_lines) > 100
    found = [each for each in first_lines if each.split(": ")[1].split()[0] in EMBEDDED_QUESTIONS]
    assert found == []


def test_one_name_is_one_class() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for package in PRODUCT:
        for file, tree in trees(package).items():
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    homes[node.name].append(file)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_each_statement_says_first_what_it_returns_or_changes() -> None:
    statements = [*PROJECT.glob("wxyc_assets/adapters/postgres/sql/**/*.sql")]
    assert len(statements) > 100
    assert [each.name for each in statements if not each.read_text().startswith("-- ")] == []


def test_the_files_that_start_first_are_there() -> None:
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []
