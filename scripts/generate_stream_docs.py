"""Write docs/streams: a page for each group of streams, and a diagram of all of them.

Run by `make docs`; a test holds the committed files against the declarations and schemas.
"""

from __future__ import annotations

import inspect
import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore import xform_name

from tap_glue_metadata.aws.policy import checked_operations
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import EmbeddedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_glue_metadata.read import Read
    from tap_glue_metadata.streams.base import GlueStream

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = ROOT / "docs" / "streams"
ALL: Final = (*STREAM_TYPES, *EXTRA_STREAM_TYPES)


def pages() -> dict[Path, str]:
    """Return what every file should hold.

    Returns:
        The text by path.
    """
    ordered = sorted(ALL, key=lambda stream: [s.group for s in ALL].index(stream.group))
    groups = {group: list(streams) for group, streams in groupby(ordered, lambda s: s.group)}
    written = {PAGES / f"{group}.md": _page(group, streams) for group, streams in groups.items()}
    return {**written, PAGES / "diagram.md": _diagram()}


def _page(group: str, streams: list[type[GlueStream]]) -> str:
    if group == "default":
        intro = "These streams are there without any setting."
    else:
        intro = f'These streams are there with `extra_streams: ["{group}"]`, or named one by one.'
    title = f"# Streams: {group}\n\n{intro} [How they relate](diagram.md)\n"
    return "\n".join([title, *map(_section, streams)])


def _section(stream: type[GlueStream]) -> str:
    doc = (inspect.getdoc(stream) or "").splitlines()[0]
    facts = "".join(f"- {name}: {value}\n" for name, value in _facts(stream))
    fields = "".join(_rows(_schema(stream)))
    table = f"| field | type | from |\n|---|---|---|\n{fields}"
    return f"## {stream.name}\n\n{doc}\n\n{facts}\n{table}"


def _facts(stream: type[GlueStream]) -> Iterator[tuple[str, str]]:
    calls = stream.calls()
    yield "Primary key", _code(stream.primary_keys)
    yield "Replication key on offer", _code(stream.replication_keys) or "none"
    if not calls:
        return
    yield "Operations", ", ".join(dict.fromkeys(_told(read) for read in calls))
    yield "IAM actions", _code(_actions(calls))
    yield "Calls", _cost(stream)


def _actions(calls: tuple[Read, ...]) -> list[str]:
    glue = checked_operations(read.operation for read in calls if read.service == "glue")
    others = sorted({read.action for read in calls if read.service != "glue"})
    return [*(f"glue:{name}" for name in glue), *others]


def _told(read: Read) -> str:
    values = f" ({read.each.size} at a time)" if read.each else ""
    return f"`{read.operation}`{values}"


def _cost(stream: type[GlueStream]) -> str:
    """Tell how many calls a stream takes, which its parents' objects decide."""
    if issubclass(stream, EmbeddedStream):
        return f"none of its own: it comes with `{stream.parent_stream_type.name}`"
    read = stream.reads()[-1]
    parent = read.parent
    if parent is None:
        told = "one for each page, in each account and region"
    elif read.each:
        told = f"one for {read.each.size} values of `{parent.operation}` or fewer"
    else:
        told = f"one and more for each object of `{parent.operation}`"
    for condition in [read.where] if read.where else ():
        told += f", where `{condition.replace('|', chr(92) + '|')}`"
    if stream.again:
        names = " and ".join(_code([again.read.operation]) for again in stream.again)
        told += f"; a second look by {names} at those of which the list leaves something out"
    return told


def _rows(schema: dict[str, Any]) -> Iterator[str]:
    for name, field in schema["properties"].items():
        yield f"| `{name}` | {_type(field)} | {_cell(field['description'])} |\n"


def _type(field: dict[str, Any]) -> str:
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    kind = " or ".join(kind for kind in kinds if kind != "null")
    if "items" in field:
        kind = f"array of {_type(field['items'])}"
    return field.get("format", kind) if kind == "string" else kind


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(names: Any) -> str:  # noqa: ANN401 - any iterable of texts
    return ", ".join(f"`{name}`" for name in names)


def _schema(stream: type[GlueStream]) -> dict[str, Any]:
    path = ROOT / "tap_glue_metadata" / "schemas" / f"{stream.name}.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _diagram() -> str:
    entities = "".join(map(_entity, ALL))
    relations = "".join(dict.fromkeys(_relations()))
    return (
        "# How the streams relate\n\n"
        "Each line leads from a parent to what is read for its objects, or comes inside them.\n\n"
        f"```mermaid\nerDiagram\n{relations}{entities}```\n"
    )


def _entity(stream: type[GlueStream]) -> str:
    properties = _schema(stream)["properties"]
    keys = "".join(
        f"        {_type(properties[name]).replace('-', '_')} {name} PK\n"
        for name in stream.primary_keys
    )
    return f"    {stream.name} {{\n{keys}    }}\n"


def _relations() -> Iterator[str]:
    """Yield a line for each stream that has the objects of another one above its own."""
    for stream in ALL:
        if issubclass(stream, EmbeddedStream):
            yield f"    {stream.parent_stream_type.name} ||--o{{ {stream.name} : holds\n"
            continue
        if not stream.source:
            continue
        parents = (_stream_of(read) for read in stream.reads()[-2::-1])
        above = [parent for parent in parents if parent not in {None, stream}]
        # What is called for a database in addition to its tables belongs to both.
        for parent in above[: 2 if stream.source.with_parent else 1]:
            yield f"    {parent.name} ||--o{{ {stream.name} : has\n"


def _stream_of(read: Read) -> type[GlueStream] | None:
    """Return the stream that is about the objects of a read."""
    own = [s for s in ALL if s.source and not issubclass(s, EmbeddedStream)]
    return next((s for s in own if _noun(s.reads()[-1]) == _noun(read)), None)


def _noun(read: Read) -> str:
    """Return what an operation is about: `ListJobs` and `GetJobs` are about jobs."""
    words = xform_name(read.operation).split("_")
    noun = "_".join(word for word in words if word not in {"get", "list", "batch", "describe"})
    return noun.removesuffix("s")


def main() -> None:
    """Write the files."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
