"""The picture of the sample's lineage in docs/lineage.md, from the edges that the tap emits.

Run by `make docs`; a test holds what is committed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fake_aws import FakeAws
from singer import sync

from demo import catalog, etl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PAGE: Final = Path(__file__).parent.parent / "docs" / "lineage.md"
STREAMS: Final = ("table_edges", "job_edges", "workflow_edges", "crawler_edges", "trigger_edges")
_BLOCK: Final = re.compile(r"(<!-- picture -->\n).*?(<!-- /picture -->\n)", re.DOTALL)


def landed(
    *streams: str, change: Callable[[FakeAws], None] = lambda _: None
) -> dict[str, list[dict[str, Any]]]:
    """Read the sample.

    Args:
        streams: The streams to return, of the default ones and of the edges.
        change: What is done to the sample before.

    Returns:
        The records by stream.
    """
    with FakeAws() as endpoint:
        catalog.fill(endpoint)
        etl.fill(endpoint.store())
        change(endpoint)
        settings = {
            "aws_endpoint_url": endpoint.url,
            "aws_regions": ["us-east-1"],
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
            "extra_streams": list(STREAMS),
        }
        messages = sync(settings)
    return {stream: messages.records(stream) for stream in streams}


def page(text: str) -> str:
    """Put the picture into the text of the page.

    Args:
        text: The text of docs/lineage.md.

    Returns:
        The text with what is between the marks written anew.
    """
    edges = (edge for records in landed(*STREAMS).values() for edge in records)
    block = f"```mermaid\n{_picture(edges)}```\n"
    return _BLOCK.sub(lambda marks: f"{marks[1]}{block}{marks[2]}", text)


def _picture(edges: Iterable[dict[str, Any]]) -> str:
    """Draw edges: dotted ones are inferred; of a job in between, its name is on the arrow."""
    drawn = [edge for edge in edges if edge["source_id"] is not None]
    ends = {
        edge[f"{end}_id"]: edge[f"{end}_type"] for edge in drawn for end in ("source", "target")
    }
    names = {identity: f"n{number}" for number, identity in enumerate(sorted(ends), start=1)}
    lines = ["flowchart LR"]
    for identity, name in names.items():
        lines.append(f'    {name}["{ends[identity]}<br/>{_short(identity)}"]')
    for edge in sorted(drawn, key=lambda e: (e["source_id"], e["target_id"], e["kind"])):
        by = f" by {_short(edge['via_id'])}" if edge["kind"] == "derives" and edge["via_id"] else ""
        arrow = "-.->" if edge["confidence"] == "inferred" else "-->"
        source, target = names[edge["source_id"]], names[edge["target_id"]]
        lines.append(f'    {source} {arrow}|"{edge["kind"]}{by}"| {target}')
    return "\n".join(lines) + "\n"


def _short(identity: str) -> str:
    """Write an id without what all of the sample have in common."""
    if not identity.startswith("arn:"):
        return identity
    account, resource = identity.split(":", 5)[4:]
    own = resource.partition("/")[2] or resource
    return own if account == catalog.ACCOUNT else f"{own} of {account}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(PAGE.name)  # noqa: T201 - a script


if __name__ == "__main__":
    main()
