"""Write the tables of docs/targets.md: what the suite in tests/targets found.

Run by `make docs`; a test compares. The suite holds what it finds against its snapshots, which
`make test-targets ARGS=--snapshot-update` writes.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "targets.md"
SNAPSHOTS: Final = ROOT / "tests" / "targets" / "__snapshots__" / "test_targets.ambr"
# The name of a snapshot (of one of a test's parameters), and its content.
SNAPSHOT: Final = re.compile(
    r"^# name: (\w+)\[(.+?)\](?:\[(.+)\])?\n(?:  dict\(|  )([^#]+?)\)?\n# ---$", re.MULTILINE
)
FACTS: Final = {
    "every value of every stream": ("test_every_value_of_every_stream", "all"),
    "a changed object, in the next run": ("test_two_runs", "changed"),
    "a deleted object, with `emit_activate_version_messages`": ("test_two_runs", "deleted"),
    "the same, with `hard_delete`": ("test_rows_can_be_deleted", ""),
    "an unchanged object, with INCREMENTAL": ("test_two_runs", "incremental"),
    "`stream_maps`: rename, filter, hash": ("test_stream_maps", ""),
    "`batch_config`": ("test_batch", ""),
    "`flattening_enabled`, with `flattening_max_key_length: 63`": ("test_flattened", ""),
    "`flattening_enabled` without": ("test_flattened_with_long_names", ""),
}

Found = dict[tuple[str, str], dict[str, Any]]  # by test and part of it, for each target


def page(text: str) -> str:
    """Put the tables into the text of the page.

    Args:
        text: The file's text.

    Returns:
        The text with what is between the marks written anew.
    """
    found = _found()
    files = sorted(ROOT.glob("target-*.yaml"))
    loaders = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    versions = {each["name"]: f"`{each['pip_url']}`" for each in loaders}
    facts = {"version": versions} | {title: found.get(key, {}) for title, key in FACTS.items()}
    types = found["test_every_value_of_every_stream", "types"]
    kinds = sorted(set().union(*types.values()))
    by_kind = {
        kind: {name: of_target.get(kind, "") for name, of_target in types.items()}
        for kind in kinds
    }
    others = found["test_others_resolve", ""]
    tables = {
        "results": _table("", list(versions), facts),
        "types": _table("JSON Schema", [name for name in types if types[name]], by_kind),
        "others": _table("package", ["on a Python of these tests"], {
            f"`{name}`": {"on a Python of these tests": outcome} for name, outcome in others.items()
        }),
    }
    for mark, table in tables.items():
        pattern = rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->\n)"
        text, count = re.subn(pattern, rf"\1{table}\2", text, flags=re.DOTALL)
        if count != 1:
            raise ValueError(f"the mark {mark!r} must stand once")
    return text


def _found() -> Found:
    found: Found = {}
    for test, target, part, content in SNAPSHOT.findall(SNAPSHOTS.read_text(encoding="utf-8")):
        found.setdefault((test, part), {})[target] = ast.literal_eval(content)
    return found


def _table(corner: str, columns: list[str], rows: dict[str, dict[str, str]]) -> str:
    lines = [[corner, *columns], ["---"] * (len(columns) + 1)]
    lines += [[title, *(cells.get(name, "") for name in columns)] for title, cells in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Write the file."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(PAGE.name)


if __name__ == "__main__":
    main()
