"""The command: `tap-glue-metadata`, or `python -m tap_glue_metadata`."""

from __future__ import annotations

import gc
from typing import Final

_THRESHOLDS: Final = (100_000, 50, 1_000)


def main() -> None:
    """Run the command, and end the process with its exit code."""
    # The import makes many objects that stay, and a run makes millions that die young, and hardly
    # a cycle: to look for those as often as Python does by itself takes a tenth of the time.
    gc.disable()
    from tap_glue_metadata.tap import TapGlueMetadata  # noqa: PLC0415 - not before

    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
    TapGlueMetadata.cli()


if __name__ == "__main__":
    main()
