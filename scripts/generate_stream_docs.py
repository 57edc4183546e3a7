"""Write docs/streams: a page for each group of streams, and a diagram of all of them.

Run by `make docs`; a test holds the committed files against the declarations and schemas.
"""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore import xform_name
from stream_facts import ALL, actions, code, cost, holds, operations

from tap_glue_metadata.streams.base import EmbeddedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.streams.base import GlueStream

ROOT: Final = Path(__file__).parent.parent
sys.path += [str(ROOT), str(ROOT / "tests")]

from demo.samples import records  # noqa: E402 - found by the path above

PAGES: Final = ROOT / "docs" / "streams"
_SAMPLE: Final = "A record of the demo's catalog, without the fields that are null:"


def pages() -> dict[Path, str]:
    """Return what every file should hold.

    Returns:
        The text by path.
    """
    ordered = sorted(ALL, key=lambda stream: [s.group for s in ALL].index(stream.group))
    groups = {group: list(streams) for group, streams in groupby(ordered, lambda s: s.group)}
    samples = records(stream.name for stream in ALL)
    written = {
        PAGES / f"{group}.md": _page(group, [(stream, samples[stream.name]) for stream in streams])
        for group, streams in groups.items()
    }
    return {**written, PAGES / "diagram.md": _diagram()}


def _page(group: str, streams: list[tuple[type[GlueStream], dict[str, Any]]]) -> str:
    if group == "default":
        intro = "These streams are there without any setting."
    else:
        intro = f'These streams are there with `extra_streams: ["{group}"]`, or named one by one.'
    title = f"# Streams: {group}\n\n{intro} [How they relate](diagram.md)\n"
    return "\n".join([title, *(_section(stream, sample) for stream, sample in streams)])


def _section(stream: type[GlueStream], sample: dict[str, Any]) -> str:
    facts = "".join(f"- {name}: {value}\n" for name, value in _facts(stream))
    fields = "".join(_rows(_schema(stream)))
    table = f"| field | type | from |\n|---|---|---|\n{fields}"
    shown = f"```json\n{json.dumps(sample, indent=2, ensure_ascii=False)}\n```\n"
    return f"## {stream.name}\n\n{holds(stream)}\n\n{facts}\n{table}\n{_SAMPLE}\n\n{shown}"


def _facts(stream: type[GlueStream]) -> Iterator[tuple[str, str]]:
    yield "Primary key", code(stream.primary_keys)
    yield "Replication key on offer", code(stream.replication_keys) or "none"
    if stream.calls():
        yield "Operations", ", ".join(operations(stream))
        yield "IAM actions", code(actions(stream))
    yield "Calls", cost(stream)


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


def _schema(stream: type[GlueStream]) -> dict[str, Any]:
    path = ROOT / "tap_glue_metadata" / "schemas" / f"{stream.name}.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _diagram() -> str:
    entities = "".join(map(_entity, ALL))
    relations = "".join(dict.fromkeys(_relations()))
    return (
        "# How the streams relate\n\n"
        "Each line leads from a parent to what is read for its objects (has), comes inside them "
        "(holds), or has their names (names).\n\n"
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
        for other in _named_in(stream):
            if other not in above:
                yield f"    {other.name} |o--o{{ {stream.name} : names\n"


def _named_in(stream: type[GlueStream]) -> Iterator[type[GlueStream]]:
    """Yield the streams whose objects a field names: `job_name`, or the very key, as an ARN is."""
    fields = _schema(stream)["properties"].keys()
    for other in ALL:
        key = other.primary_keys[-1]
        told = f"{other.name.removesuffix('s')}_name" if key == "name" else key
        if other is not stream and told in fields and (key == "name" or key.endswith("_arn")):
            yield other


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
