"""The rules of the house that no linter knows: who may import what, and who may touch what."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from glue_strategies import MODEL
from singer_sdk import Stream

import tap_glue_metadata
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream
from tap_glue_metadata.streams.report import RunReport

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    later = SOURCES.keys() - {PACKAGE, *within("aws", "settings", "redaction")}
    assert offending(within("aws"), *later) == []


def test_redaction_knows_nothing_of_the_rest() -> None:
    others = SOURCES.keys() - {PACKAGE, *within("redaction")}
    assert offending(within("redaction"), *others, "boto3", "botocore", "singer_sdk") == []


def test_the_settings_know_nothing_but_their_errors() -> None:
    settings = f"{PACKAGE}.settings"
    assert imports(settings) & SOURCES.keys() == {f"{PACKAGE}.aws.errors"}
    assert offending([settings], "boto3", "botocore", "singer_sdk") == []


def test_records_are_pure() -> None:
    others = SOURCES.keys() - {PACKAGE, *within("records", "redaction")}
    assert offending(within("records"), *others, "boto3", "botocore", "singer_sdk") == []


def test_the_engine_knows_no_streams() -> None:
    engine = (
        *("calls", "context", "listing", "outcomes", "parents", "pool", "read", "reading"),
        *("tolerance", "traversal"),
    )
    later = [f"{PACKAGE}.streams", f"{PACKAGE}.catalog_reads", f"{PACKAGE}.tap", "singer_sdk"]
    assert offending(within(*engine), *later) == []
    passes = within(
        *("streams.base", "streams.declaration", "streams.extra"),
        *("streams.sdk", "streams.sinks", "streams.stream_pass"),
    )
    declarations = {stream.__module__ for stream in (*STREAM_TYPES, *EXTRA_STREAM_TYPES)}
    assert offending(passes, *declarations) == []


def test_no_module_is_long() -> None:
    declarations = {"config_schema.py"}  # of settings, one after another
    texts = {path.name: path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")}
    long = {name for name, text in texts.items() if len(text.splitlines()) > 300}
    assert long <= declarations


def test_no_import_goes_in_circles() -> None:
    graph = {module: imports(module) & SOURCES.keys() - {PACKAGE} for module in SOURCES}
    assert list(TopologicalSorter(graph).static_order())


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def declared(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


OURS: Final = {name for tree in SOURCES.values() for name in declared(tree)}
PUBLIC: Final = {"_exit"}  # of os, and documented, whatever its name says


def private_touches(tree: ast.Module) -> Iterator[str]:
    """Name the private members of others that a module reads or imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [*str(node.module).split("."), *(alias.name for alias in node.names)]
            yield from filter(is_private, names)
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            yield from {node.attr} - OURS - PUBLIC


@pytest.mark.parametrize("module", [module for module in SOURCES if module != ENGINE])
def test_private_members_of_others_are_left_alone(module: str) -> None:
    assert set(private_touches(SOURCES[module])) == set()


def test_the_sdk_contract_covers_what_the_engine_touches() -> None:
    tree = SOURCES[ENGINE]
    overridden = {name for name in declared(tree) if is_private(name) and hasattr(Stream, name)}
    touched = {*private_touches(tree), *overridden}
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
