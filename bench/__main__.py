"""The command line: `python -m bench`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from bench.cases import CASES
from bench.processes import ROOT, BenchError
from bench.report import markdown, print_section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report import Section

_DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked to.

    Returns:
        The exit code: 0 if all was measured, whether or not the targets are reached.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = _options(arguments)
    load = os.getloadavg()[0]
    sections: list[Section] = []
    try:
        for case in CASES:
            if case.key in options.cases:
                # Files of hundreds of megabytes come and go: nothing of them stays behind.
                with TemporaryDirectory(prefix="tap-glue-metadata-bench-") as folder:
                    found = case.run(Path(folder), options.pairs, options.scale, _tell)
                _tell("")
                print_section(found)
                sections.append(found)
    except BenchError as error:
        _tell("")
        sys.stderr.write(f"The benchmark failed: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    if options.write:
        options.write.parent.mkdir(exist_ok=True)
        document = markdown(sections, options.pairs, options.scale, load)
        options.write.write_text(document, encoding="utf-8")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    keys = [case.key for case in CASES]
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the tap beside what anyone would write first.",
        epilog="cases:\n" + "\n".join(f"  {case.key}  {case.title}" for case in CASES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cases",
        type=lambda text: text.split(","),
        default=keys,
        help="letters, such as a,b; all if not given",
    )
    parser.add_argument("--pairs", type=int, default=5, help="rounds after the one to warm up (5)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the full size to read (1)"
    )
    parser.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=_DOCUMENT,
        help="keep the results, in docs/benchmarks.md if no file is named",
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.cases).difference(keys):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(keys)}")
    if options.pairs < 1 or options.scale <= 0:
        parser.error("--pairs and --scale must be positive")
    return options


def _tell(text: str) -> None:
    """Show what happens now, to whoever waits for it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
