"""The case that looks at how the tap treats an API that throttles it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.contests import Entry
from bench.processes import serve
from bench.report import Section, Verdict, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.contests import Program
    from bench.processes import Catalog, Endpoint

LEAST_SHARE_OF_RATE: Final = 0.85
MOST_THROTTLED: Final = 0.2


@dataclass(frozen=True)
class Kindness:
    """The case: how much of a bucket of calls is used, and how many calls find it empty.

    Attributes:
        key: The case's letter.
        title: What is read.
        programs: Who reads it, each from an endpoint of its own.
        catalog: What is read, and the rate at which the bucket fills.
    """

    key: str
    title: str
    programs: Sequence[Program]
    catalog: Catalog

    def run(self, folder: Path, _: int, scale: float, tell: Callable[[str], None]) -> Section:
        """Run each program once, for it takes as long as the bucket wants.

        Args:
            folder: Where files may be written.
            scale: The share of the databases to read.
            tell: Takes what happens now.

        Returns:
            How they did.

        Raises:
            BenchError: A program failed, or did not read all there is.
        """
        rows, verdicts = [], []
        for program in self.programs:
            tell(f"({self.key}) {program.name}")
            with serve(self.catalog.scaled(scale)) as endpoint:
                entry = Entry(program, endpoint, folder)
                entry.run(is_measured=True)
                used, throttled, row = _traffic(endpoint)
            rows.append([program.name, number(entry.median("seconds")), *row])
            verdicts += [
                Verdict(
                    f"share of the rate that {program.name} reaches",
                    used,
                    LEAST_SHARE_OF_RATE,
                    at_least=True,
                ),
                Verdict(f"share of {program.name}'s calls throttled", throttled, MOST_THROTTLED),
            ]
        return Section(
            self.key,
            self.title,
            ("program", "seconds", "calls", "throttled", "after 10 s: calls", "throttled"),
            rows,
            verdicts,
            ["One run of each; the targets count from the eleventh second on."],
        )


def _traffic(endpoint: Endpoint) -> tuple[float, float, list[str]]:
    """Return the share of the rate that was reached, that of throttled calls, and their counts."""
    whole, later = endpoint.tell("traffic")
    row = [f"{period[name]:,}" for period in (whole, later) for name in ("calls", "throttled")]
    return later["rate"] / endpoint.catalog.rate, later["share"], row
