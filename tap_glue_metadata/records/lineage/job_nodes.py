"""Edges of visual jobs: which sources flow into which targets.

Kinds of nodes are told by their members, so that a new kind needs no line here: a source has no
inputs, a target has inputs and names a place to write to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_glue_metadata.records.lineage.edges import Edge
from tap_glue_metadata.records.lineage.identifiers import Thing, thing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_glue_metadata.records.lineage.identifiers import Place

_NODES: Final = "CodeGenConfigurationNodes"
_SCRIPT: Final = "FunctionName"  # whose node has the path of a script, not of data
# Where the members are that say where the data is. The options of a node come last, and do not
# take precedence.
_NESTED: Final = ("Data", "StreamingOptions", "ConnectionOptions", "AdditionalOptions")
# The names of a dataset behind a connection, from the outermost to the innermost.
_NAMES: Final = (
    ("database", "sfdatabase", "parentproject"),
    ("schema", "schemaname", "sfschema", "dataset"),
    ("connectiontable", "table", "dbtable", "collection", "container", "entity_name", "topicname"),
)


class _Node(NamedTuple):
    evidence: str
    inputs: list[str] | None
    things: list[Thing]


def edges(nodes: Mapping[str, Any], job: Thing, place: Place) -> Iterator[Edge]:
    """Yield the edges that a job's nodes declare.

    Args:
        nodes: `Job.CodeGenConfigurationNodes`.
        job: The job.
        place: Where the job is.

    Yields:
        For each target, an edge from each source that flows into it, by the job; for a source that
        flows into none, and for a target without any, an edge to or from the job.
    """
    graph = {node_id: _node(node_id, node, place) for node_id, node in nodes.items()}
    used = set()
    for target in graph.values():
        if target.inputs is None or not target.things:
            continue
        origins = _origins(graph, target.inputs)
        used.update(origins)
        for origin in origins:
            details = {"SourceNode": graph[origin].evidence, "TargetNode": target.evidence}
            for source in graph[origin].things:
                for written in target.things:
                    yield Edge(
                        *("derives", source, written, target.evidence),
                        via=job,
                        details=details,
                    )
        if not any(graph[origin].things for origin in origins):
            for written in target.things:
                yield Edge("writes", job, written, target.evidence)
    for node_id, node in graph.items():
        for source in node.things if node.inputs is None and node_id not in used else ():
            yield Edge("reads", source, job, node.evidence)


def _node(node_id: str, node: Any, place: Place) -> _Node:  # noqa: ANN401 - any JSON
    kind, fields = next(iter(node.items()), ("", None)) if isinstance(node, dict) else ("", None)
    fields = fields if isinstance(fields, dict) else {}
    inputs = fields.get("Inputs")
    is_script = _SCRIPT in fields
    return _Node(
        f"{_NODES}.{node_id}.{kind}",
        [] if is_script and inputs is None else inputs,
        [] if is_script else list(dict.fromkeys(_things(fields, place))),
    )


def _origins(graph: Mapping[str, _Node], inputs: list[str]) -> list[str]:
    """Follow inputs up to the sources, each of which comes once."""
    found: dict[str, None] = {}
    waiting = list(reversed(inputs))
    while waiting:
        node_id = waiting.pop()
        if node_id in found or node_id not in graph:
            continue
        found[node_id] = None
        waiting.extend(reversed(graph[node_id].inputs or ()))
    return [node_id for node_id in found if graph[node_id].inputs is None]


def _things(fields: Mapping[str, Any], place: Place) -> Iterator[Thing]:
    """Yield the datasets that a node reads or writes."""
    texts = _texts(fields)
    connection = texts.get("connectionname") or texts.get("connection")
    # A node with a connection of its own names a database and a table behind that.
    own = {} if "ConnectionName" in fields else fields
    database = texts.get("catalogdatabase") or own.get("Database")
    table = texts.get("catalogtable") or own.get("Table")
    streams = [texts[name] for name in ("streamarn", "dynamodbtablearn") if texts.get(name)]
    paths = [fields["Path"]] if "Path" in fields else fields.get("Paths")
    if database and table:
        yield place.table(database, table)
    elif connection:
        yield place.external(connection, *_names(texts))
    elif streams:
        yield from filter(None, map(thing, streams))
    elif stream := texts.get("streamname"):
        yield place.service("kinesis", f"stream/{stream}")
    elif servers := texts.get("bootstrapservers"):
        yield Thing("kafka", f"kafka://{servers}/{texts.get('topicname', '')}")
    elif isinstance(paths, list) and all(isinstance(path, str) for path in paths):
        yield from filter(None, map(thing, paths))
    elif located := thing(texts.get("url") or texts.get("uri") or ""):
        yield Thing(located.type, "#".join([located.id, *filter(None, [".".join(_names(texts))])]))
    elif kind := texts.get("connectiontype"):
        yield Thing("external", f"{kind}:{'.'.join(_names(texts))}")
    policy = fields.get("SchemaChangePolicy") or {}
    if policy.get("Database") and policy.get("Table"):  # the table that is kept up to date as well
        yield place.table(policy["Database"], policy["Table"])


def _names(texts: Mapping[str, str]) -> list[str]:
    found = (next(filter(None, map(texts.get, names)), None) for names in _NAMES)
    return [name for name in found if name]


def _texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a node by their names in lower case, those of its options included."""
    texts: dict[str, str] = {}
    for nested in reversed(_NESTED):
        inner = fields.get(nested)
        texts |= _texts(inner) if isinstance(inner, dict) else {}
    for name, value in fields.items():
        text = value.get("Value") if isinstance(value, dict) else value
        if isinstance(text, str) and text.strip():
            texts[name.lower()] = text.strip().strip("\"'`")
    return texts
