"""The command: `tap-glue-metadata`, or `python -m tap_glue_metadata`."""

from __future__ import annotations

import gc
import os
import threading
from typing import Final

from tap_glue_metadata.termination import run, take_signals

_THRESHOLDS: Final = (100_000, 50, 1_000)


def main() -> None:
    """Run the command, and end the process with its exit code."""
    take_signals()
    # The import makes many objects that stay, and a run makes millions that die young, and hardly
    # a cycle: to look for those as often as Python does by itself takes a tenth of the time.
    gc.disable()
    from tap_glue_metadata.exit_codes import exit_code, tell  # noqa: PLC0415 - not before
    from tap_glue_metadata.tap import TapGlueMetadata  # noqa: PLC0415 - likewise
    from tap_glue_metadata.writer import OUTPUT  # noqa: PLC0415 - likewise

    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
    threading.excepthook = lambda uncaught: tell(uncaught.exc_value or uncaught.exc_type())

    def command() -> int:
        return exit_code(lambda: TapGlueMetadata.cli())  # noqa: PLW0108 - `cli` may fail

    # `run` returns only if it cannot start a thread.
    os._exit(exit_code(lambda: run(command, OUTPUT.close)))


if __name__ == "__main__":
    main()
