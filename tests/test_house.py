"""The rules of the house that no linter knows: who may import what, and who may touch what."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from graphlib import TopologicalSorter
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final

import pytest
from glue_strategies import MODEL
from singer_sdk import Stream, Tap

import tap_glue_metadata
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream
from tap_glue_metadata.streams.report import RunReport
from tap_glue_metadata.tap import TapGlueMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE: Final = "tap_glue_metadata"
ROOT: Final = Path(tap_glue_metadata.__path__[0])
ENGINE: Final = f"{PACKAGE}.streams.sdk"
READING: Final = re.compile(r"(Get|List|BatchGet|Describe|Query|Search)[A-Z]")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES: Final = {
    module_name(path): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(ROOT.rglob("*.py"))
}


def imports(module: str) -> set[str]:
    """Name what a module imports, for types included; of this package the modules."""
    found = set()
    for node in ast.walk(SOURCES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in SOURCES else str(node.module) for name in full}
    return found


def within(*packages: str) -> list[str]:
    return [
        module
        for module in SOURCES
        if any(f"{module}.".startswith(f"{PACKAGE}.{package}.") for package in packages)
    ]


def offending(modules: list[str], *forbidden: str) -> list[tuple[str, str]]:
    assert modules
    return [
        (module, name)
        for module in modules
        for name in sorted(imports(module))
        if any(f"{name}.".startswith(f"{one}.") for one in forbidden)
    ]


def test_aws_and_records_know_nothing_of_singer() -> None:
    later = [f"{PACKAGE}.streams", f"{PACKAGE}.tap", "singer_sdk"]
    assert offending(within("aws", "records"), *later) == []


def test_aws_comes_before_all_else() -> None:
    later = SOURCES.keys() - {PACKAGE, *within("aws", "settings", "redaction", "texts")}
    assert offending(within("aws"), *later) == []


def test_redaction_knows_nothing_of_the_rest() -> None:
    others = SOURCES.keys() - {PACKAGE, *within("redaction")}
    assert offending(within("redaction"), *others, "boto3", "botocore", "singer_sdk") == []


def test_the_settings_know_nothing_but_their_errors() -> None:
    settings = f"{PACKAGE}.settings"
    assert imports(settings) & SOURCES.keys() == {f"{PACKAGE}.aws.errors"}
    assert offending([settings], "boto3", "botocore", "singer_sdk") == []


def test_records_are_pure() -> None:
    others = SOURCES.keys() - {PACKAGE, *within("records", "redaction", "texts")}
    assert offending(within("records"), *others, "boto3", "botocore", "singer_sdk") == []


def test_the_engine_knows_no_streams() -> None:
    later = [f"{PACKAGE}.streams", f"{PACKAGE}.tap", "singer_sdk"]
    assert offending(within("engine", "preflight"), *later) == []
    passes = within(
        *("streams.base", "streams.declaration", "streams.extra"),
        *("streams.sdk", "streams.sinks", "streams.stream_pass"),
    )
    declarations = {stream.__module__ for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)}
    assert offending(passes, *declarations) == []


def test_the_engine_names_no_stream() -> None:
    names = {stream.name for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)}
    declarations = {stream.__module__ for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)}
    # Reads, their hooks and how records are made are declared as well; the rest is the engine.
    reads = ("engine.selection", "streams.catalog_reads", "streams.taggable")
    declarations |= {f"{PACKAGE}.{module}" for module in reads}
    engine = SOURCES.keys() - declarations - {*within("records", "aws", "redaction")}
    texts = {
        (module, node.value)
        for module in engine
        for node in ast.walk(SOURCES[module])
        if isinstance(node, ast.Constant) and node.value in names
    }
    other_things = {  # the folder of schemas, and Singer's partitions of a state
        (f"{PACKAGE}.streams.declaration", "schemas"),
        (f"{PACKAGE}.streams.bookmarks", "partitions"),
    }
    assert texts == other_things


def test_no_module_is_long() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")}
    assert not {name for name, text in texts.items() if len(text.splitlines()) > 300}


def test_no_import_goes_in_circles() -> None:
    graph = {module: imports(module) & SOURCES.keys() - {PACKAGE} for module in SOURCES}
    assert list(TopologicalSorter(graph).static_order())


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def declared(tree: ast.AST) -> set[str]:
    """Name what is declared in a module or class: functions, variables and attributes."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


PUBLIC: Final = {"_exit"}  # of os, and documented, whatever its name says


def private_touches(tree: ast.Module) -> set[str]:
    """Name the private members of others that a module imports or touches.

    An object's own are those that its class declares; of others, the module has to be the owner.
    """
    touched = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [*str(node.module).split("."), *(alias.name for alias in node.names)]
            touched |= {*filter(is_private, names)}
        elif isinstance(node, ast.ClassDef):
            touched |= attributes(node, of_self=True) - declared(node)
    return (touched | attributes(tree, of_self=False) - declared(tree)) - PUBLIC


def attributes(tree: ast.AST, *, of_self: bool) -> set[str]:
    """Name the private attributes that are touched: of the object itself, or of others."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and is_private(node.attr)
        and (ast.unparse(node.value) in {"self", "cls"}) == of_self
    }


@pytest.mark.parametrize("module", [module for module in SOURCES if module != ENGINE])
def test_private_members_of_others_are_left_alone(module: str) -> None:
    assert private_touches(SOURCES[module]) == set()


@pytest.mark.parametrize(
    ("text", "touched"),
    [
        ("class A:\n def f(self): return self._a", {"_a"}),
        ("class A:\n def f(self): self._a = 1\nclass B:\n def f(self): self._a()", {"_a"}),
        ("class A:\n def f(self): self._a = 1\ndef f(a): return a._a", set()),
        ("def f(a): return a._a", {"_a"}),
        ("from a._b import c", {"_b"}),
        ("from a import _b", {"_b"}),
        ("def f(a): return a.__class__", set()),
    ],
)
def test_private_members_are_told_by_their_owner(text: str, touched: set[str]) -> None:
    assert private_touches(ast.parse(text)) == touched


def declared_in(classes: Iterable[type], package: str) -> set[str]:
    """Name what those of some classes and their bases declare that a package defines."""
    found = {base for one in classes for base in one.__mro__ if base.__module__.startswith(package)}
    own = {one for one in found if one.__module__ != ENGINE}
    return set().union(*(declared(ast.parse(dedent(inspect.getsource(one)))) for one in own))


OF_THE_SDK: Final = {*filter(is_private, declared_in([Stream, Tap], "singer_sdk"))}


def test_no_private_name_of_the_sdk_is_taken_by_chance() -> None:
    assert "_tap" in OF_THE_SDK
    assert declared_in([TapGlueMetadata, *STREAM_TYPES], PACKAGE) & OF_THE_SDK == set()


def test_the_sdk_contract_covers_what_the_engine_touches() -> None:
    tree = SOURCES[ENGINE]
    touched = private_touches(tree) | declared(tree) & OF_THE_SDK
    contract = Path(__file__).with_name("test_sdk_contract.py").read_text(encoding="utf-8")
    assert "_tap" in touched
    assert [name for name in sorted(touched) if name not in contract] == []


@pytest.mark.parametrize("stream_type", STREAM_TYPES, ids=lambda stream: stream.name)
def test_streams_declare_reading_operations_of_the_service(stream_type: Any) -> None:
    assert stream_type.operations() or issubclass(stream_type, RunReport)
    for operation in stream_type.operations():
        assert READING.match(operation)
        assert operation in MODEL.operation_names
        output: Any = MODEL.operation_model(operation).output_shape
        # The raw answer is a dictionary to which botocore adds these.
        assert not {"Error", "ResponseMetadata"} & output.members.keys()


def test_embedded_children_stand_behind_their_parents() -> None:
    for index, stream_type in enumerate(STREAM_TYPES):
        if issubclass(stream_type, EmbeddedStream):
            assert stream_type.parent_stream_type in STREAM_TYPES[:index]


def undocumented(node: ast.Module | ast.ClassDef, path: str) -> Iterator[str]:
    if ast.get_docstring(node) is None:
        yield path
    for inner in node.body:
        if isinstance(inner, ast.ClassDef) and not inner.name.startswith("_"):
            yield from undocumented(inner, f"{path}.{inner.name}")
        elif isinstance(inner, ast.FunctionDef) and not is_private(inner.name):
            overrides = any(ast.unparse(d).endswith("override") for d in inner.decorator_list)
            if not overrides and ast.get_docstring(inner) is None:
                yield f"{path}.{inner.name}"


@pytest.mark.parametrize("module", SOURCES)
def test_what_is_public_is_documented(module: str) -> None:
    assert list(undocumented(SOURCES[module], module)) == []
    assert inspect.getdoc(importlib.import_module(module))
