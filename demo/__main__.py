"""The demo: two runs of the pipeline, models on what landed, and a page about both.

It needs no AWS account and reaches none. All its files are in `.demo/`.
"""

from __future__ import annotations

import sys

from fake_aws import FakeAws
from rich.console import Console
from rich.text import Text

from demo import catalog, etl, extra, models, page
from demo.pipeline import FOLDER, DemoError, install, run


def main() -> int:
    """Run the demo.

    Returns:
        The exit code: 0 if all that the page shows has landed.
    """
    # A file or a pipe has no width of its own.
    console = Console(width=None if sys.stdout.isatty() else 80)
    try:
        console.print("Installing the tap and target-jsonl with Meltano ...")
        install()
        with FakeAws() as endpoint:
            catalog.fill(endpoint)
            etl.fill(endpoint.store())
            extra.fill(endpoint)
            console.print(f"Emulating AWS Glue at {endpoint.url}: meltano run ...")
            first = run("first", endpoint.url, "--full-refresh")
            console.print("Keeping what the columns are like: dbt build ...")
            models.start()
            models.snapshot()
            catalog.change(endpoint.store())
            catalog.deny(endpoint)
            console.print("One table changes, and one database is denied: meltano run ...")
            second = run("second", endpoint.url)
        console.print("Building models on what landed: dbt build, dbt docs generate ...")
        models.build()
        catalog_page = models.write_catalog()
        page.show(console, first, second)
        page.show_models(console, models.query)
        console.print(f"  A page about all models, for a browser: {catalog_page}\n")
        console.print(f"The files are in {FOLDER.name}/. For a real account see README.md.")
    except DemoError as error:
        console.print(Text(f"The demo failed: {error}", style="bold red"), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("The demo was interrupted.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
