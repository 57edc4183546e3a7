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
    "an object that changed, after the next run": ("test_two_runs", "changed"),
    "one that is gone, with `emit_activate_version_messages`": ("test_two_runs", "deleted"),
    "the same, with the target's `hard_delete`": ("test_rows_can_be_deleted", ""),
    "one that is unchanged, with INCREMENTAL": ("test_two_runs", "incremental"),
    "`flattening_enabled` without `flattening_max_key_length`": (
        "test_flattened_with_long_names",
        "",
    ),
    "`batch_config`": ("test_batch", ""),
}
TYPES: Final = ("test_every_value_of_every_stream", "")
OTHERS: Final = ("test_others_resolve", "")
ANY_PYTHON: Final = "without a compiler"

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
    facts = {"package": versions} | {title: found.get(key, {}) for title, key in FACTS.items()}
    types = {name: columns for name, columns in found[TYPES].items() if columns}
    kinds = sorted(set().union(*types.values()))
    others = {f"`{name}`": {ANY_PYTHON: outcome} for name, outcome in found[OTHERS].items()}
    tables = {
        "results": _table("", list(versions), facts),
        "types": _table("in the record", list(types), {k: _row(types, k) for k in kinds}),
        "others": _table("package", [ANY_PYTHON], others),
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


def _row(types: dict[str, dict[str, str]], kind: str) -> dict[str, str]:
    return {name: f"`{columns[kind]}`" for name, columns in types.items()}


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
