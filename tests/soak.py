"""Plays random faults among random catalogs, and random schedules of shards, for minutes.

    python tests/soak.py --runs 300 --seed 1 --only shards

plays so many seeds from the first one on, of what faults.py and shards.py play or of one of them;
of what a seed shows, the same seed shows most again.
Ends with 1 if a run of the tap broke a rule.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import warnings
from contextlib import ExitStack
from typing import Final
from unittest.mock import patch

import faults
import shards
from conftest import shared_loader
from faults import Summary, by_command, in_process
from singer_sdk.plugin_base import PluginBase

_BY_COMMAND: Final = 20  # each so many plays one runs the command, which takes longer
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "PATH": os.environ.get("PATH", os.defpath),
}


def main() -> int:
    """Play; return how to exit."""
    parser = argparse.ArgumentParser(description="Play random faults and schedules.")
    parser.add_argument("--runs", type=int, default=300, help="how many seeds (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (%(default)s)")
    parser.add_argument("--minutes", type=float, help="begin no further seed after so many")
    parser.add_argument("--only", choices=("faults", "shards"), help="play nothing else")
    options = parser.parse_args()
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, _ENVIRONMENT, clear=True))
        stack.enter_context(patch("botocore.session.create_loader", shared_loader))
        stack.enter_context(patch("botocore.endpoint.time.sleep", lambda _: None))
        stack.enter_context(patch.object(PluginBase, "_setup_signal_handlers", lambda _: None))
        warnings.simplefilter("ignore")
        logging.getLogger().addHandler(logging.NullHandler())
        seeds = range(options.seed, options.seed + options.runs)
        return _soak(seeds, options.minutes, options.only)


def _soak(seeds: range, minutes: float | None, only: str | None) -> int:
    summary, broken, played = Summary(), [], 0
    began = told = time.monotonic()
    for seed in seeds:
        if minutes is not None and time.monotonic() - began > minutes * 60:
            break
        try:
            runner = in_process if seed % _BY_COMMAND else by_command
            if only != "shards":
                faults.play(seed, summary, runner)
            if only != "faults":
                shards.play(seed, summary, runner)
        except AssertionError as error:
            broken.append(seed)
            _tell(f"BROKEN: {error}")
        played += 1
        if time.monotonic() - told > 30:
            told = time.monotonic()
            _tell(f"{played} of {len(seeds)} seeds, {told - began:.0f} s: {_counts(summary.ends)}")
    _tell(f"{played} seeds; runs of the tap: {_counts(summary.ends)}")
    _tell(f"runs that met a fault: {_counts(summary.struck)}")
    _tell(f"broken: {', '.join(map(str, broken)) or 'none'}")
    return 1 if broken else 0


def _counts(counter: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
