"""How results look: as tables for a terminal, and as Markdown."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES: Final = ("boto3", "singer-sdk", "msgspec", "meltano")

_HEAD: Final = """\
# Benchmarks

Written by `make bench ARGS=--write`. Read the ratios, not the seconds: these are those of one
machine, ratios compare programs that took turns on it. `make bench` alone only prints.

{machine}

Each program ran in a process of its own, from the start of its interpreter to its end, against the
fake endpoint of the tests in another process of the same machine, which takes part of the cores.
The tap wrote to a file. What is shown are medians of the rounds, in each of which every program of
the case ran once, after one round to warm up; "in the rounds" gives the lowest and the highest
ratio of a single round. A run counts only if it read every object there is.

The *paginator loop* is what anyone would write first: boto3's paginators list databases and tables,
and the loop does nothing but count the tables
([`bench/paginator_loop.py`](../bench/paginator_loop.py)). The tap emits every table and every
column as a record.
"""


@dataclass(frozen=True)
class Verdict:
    """A target, and what was measured.

    Attributes:
        subject: What is measured.
        measured: The figure.
        limit: What it may be at most.
        unit: Stands behind both.
        at_least: Whether the limit is a lower one instead.
    """

    subject: str
    measured: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """What is measured, the figure, the target, and whether it is reached."""
        word = "at least" if self.at_least else "at most"
        return (
            self.subject,
            f"{number(self.measured)}{self.unit}",
            f"{word} {number(self.limit)}{self.unit}",
            "ok" if self.is_met else "missed",
        )


@dataclass(frozen=True)
class Section:
    """What a case has found.

    Attributes:
        key: The case's letter.
        title: What was read.
        headings: One for each column.
        rows: What was measured; the first cell is a name.
        verdicts: The case's targets.
        notes: Sentences that the figures need.
    """

    key: str
    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    verdicts: Sequence[Verdict] = ()
    notes: Sequence[str] = field(default=())


def number(value: float) -> str:
    """Write a number as briefly as it can be compared."""
    if abs(value) >= 100:  # noqa: PLR2004 - three digits tell enough
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004 - likewise


def print_section(section: Section) -> None:
    """Print what a case has found."""
    # Not before: what is measured must not be smaller than the process that starts it.
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    verdicts = [verdict.cells for verdict in section.verdicts]
    for headings, rows in (
        (section.headings, section.rows),
        (("target", "measured", "wanted", ""), verdicts),
    ):
        if rows:
            table = Table(box=SIMPLE_HEAD, title_justify="left", title_style="bold")
            if rows is section.rows:
                table.title = f"({section.key}) {section.title}"
            for index, heading in enumerate(headings):
                table.add_column(heading, justify="right" if index else "left")
            for row in rows:
                table.add_row(*row)
            console.print(table)
    for note in section.notes:
        console.print(note)


def markdown(sections: Sequence[Section], rounds: int, scale: float, load: float) -> str:
    """Render what all cases have found.

    Args:
        sections: The cases.
        rounds: How often each program ran.
        scale: The share of the full size that was read.
        load: The machine's load before the first case.

    Returns:
        A document.
    """
    facts = {**_machine(), "Load before the start": f"{load:.1f}", "Rounds": f"{rounds}"}
    if scale != 1:
        facts["Scale"] = f"{scale:g} of the full size"
    lines = [_HEAD.format(machine="\n".join(f"- {name}: {fact}" for name, fact in facts.items()))]
    verdicts = [
        (f"({section.key})", *verdict.cells) for section in sections for verdict in section.verdicts
    ]
    lines += [
        "## Targets",
        "",
        _table(("case", "target", "measured", "wanted", ""), verdicts, texts=2),
    ]
    for section in sections:
        lines += [
            f"## ({section.key}) {section.title}",
            "",
            _table(section.headings, section.rows),
            *(f"{note}\n" for note in section.notes),
        ]
    return "\n".join(lines).rstrip() + "\n"


def _machine() -> dict[str, str]:
    return {
        "Date": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        "Machine": f"{_processor()}, {os.cpu_count()} cores, {_memory():.0f} GiB of memory",
        "System": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "Packages": ", ".join(f"{package} {version(package)}" for package in PACKAGES),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _memory() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Write a table; the columns after the first few hold figures."""
    rule = [*["---"] * texts, *["---:"] * (len(headings) - texts)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (headings, rule, *rows))
