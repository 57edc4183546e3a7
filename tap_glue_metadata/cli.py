"""The command line: its options, and what each of them does."""

from __future__ import annotations

import json
import logging
import os
import sys
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click
from singer_sdk.cli import plugin_cli
from singer_sdk.tap_base import CliTestOptionValue

from tap_glue_metadata.aws.policy import LAKE_FORMATION_NOTE, LINKS_NOTE
from tap_glue_metadata.exit_codes import exit_code
from tap_glue_metadata.inputs import read_file
from tap_glue_metadata.preflight import render
from tap_glue_metadata.streams.sdk import SdkTap
from tap_glue_metadata.writer import OUTPUT

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from tap_glue_metadata.aws.raw_json import Json
    from tap_glue_metadata.preflight import Check

LOGGER: Final = logging.getLogger("tap-glue-metadata")


@dataclass(frozen=True)
class _Config:
    """The settings of the files that `--config` names, and whether it names ENV too."""

    config: Json = field(default_factory=dict)
    parse_env: bool = False


class CommandLine(SdkTap):
    """A tap that a user can run: `cli` is the command."""

    @abstractmethod
    def check(self) -> None:
        """Check selection and state before a run, without a call.

        Raises:
            TapError: The run cannot be made.
        """

    @abstractmethod
    def connect(self) -> None:
        """Connect to AWS, before anything is written.

        Raises:
            TapError: A setting, the credentials or the network are at fault.
        """

    @abstractmethod
    def preflight(self, *, is_full: bool = False) -> list[Check]:
        """Try with the smallest calls what the credentials can read.

        Args:
            is_full: Whether to try all catalogs and databases, instead of one.
        """

    @abstractmethod
    def iam_policy(self) -> Json:
        """Write the least IAM policy that lets the selected streams be read; calls nothing."""

    @abstractmethod
    def organization_accounts(self, role_name: str) -> list[Json]:
        """List the accounts of the organization, as `aws_accounts` takes them."""

    @plugin_cli
    def cli(cls) -> click.Command:  # noqa: N805 - the decorator gives it the class
        """The command, with logging set up for it."""
        wrong = _wrong_log_level("TAP_GLUE_METADATA_LOGLEVEL", "LOGLEVEL")
        command: click.Command = super().cli
        if wrong:
            LOGGER.error("%s", wrong)
            sys.exit(1)
        return command

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        for option in command.params:
            if option.name in {"catalog", "state"}:
                option.type, option.callback = click.STRING, _content
        preflight = click.Option(
            ["--preflight"],
            is_flag=False,
            flag_value="text",
            type=click.Choice(["text", "json", "full", "full-json"]),
            help="Try with the smallest calls what the credentials can read, and exit; full: in "
            "every catalog and database.",
        )
        iam_policy = click.Option(
            ["--iam-policy"],
            is_flag=True,
            help="Print the least IAM policy for the selected streams, and exit.",
        )
        organization = click.Option(
            ["--accounts"],
            metavar="ROLE",
            help="Print aws_accounts for the active accounts of the AWS organization, each with "
            "its role of this name, and exit.",
        )
        return _Command(
            name=command.name,
            callback=command.callback,
            params=[*command.params, preflight, iam_policy, organization],
            context_settings=command.context_settings,
            help=command.help,
        )

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        settings: Json = {}
        for path in value:
            if path != "ENV":
                settings |= read_file(path, "settings")
        return _Config(settings, parse_env="ENV" in value)

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        # The SDK's writes the first SCHEMA messages before it finds out that it cannot connect.
        if value == CliTestOptionValue.Disabled.value:
            return
        config = ctx.params.get("config", _Config())
        tap = cls(config=config.config, parse_env_config=config.parse_env)
        if value == CliTestOptionValue.Schema.value:
            tap.write_schemas()
        else:
            tap.connect()
            tap.run_connection_test()
        ctx.exit()

    @classmethod
    @override
    def invoke(  # type: ignore[override] # files come as their content
        cls,
        *,
        config: _Config,
        catalog: Json | None,
        state: Json | None,
        about: bool,
        about_format: str | None,
        preflight: str | None,
        iam_policy: bool,
        accounts: str | None,
    ) -> None:
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=LOGGER.info)
        tap = cls(
            config=config.config, catalog=catalog, state=state, parse_env_config=config.parse_env
        )
        if iam_policy:
            tap._print_policy()
        elif accounts is not None:
            click.echo(json.dumps(tap.organization_accounts(accounts)))
        elif preflight:
            tap._print_preflight(is_full="full" in preflight, as_json="json" in preflight)
        else:
            tap.check()
            tap.connect()
            tap.sync_all()

    @override
    def run_discovery(self) -> str:
        text = self.catalog_json_text
        OUTPUT.print(text)
        return text

    def _print_policy(self) -> None:
        OUTPUT.print(json.dumps(self.iam_policy(), indent=2))
        click.echo(LAKE_FORMATION_NOTE, err=True)
        if self.config["resource_links"] == "follow":
            click.echo(LINKS_NOTE, err=True)

    def _print_preflight(self, *, is_full: bool, as_json: bool) -> None:
        checks = self.preflight(is_full=is_full)
        OUTPUT.print(render(checks, as_json=as_json))
        if not all(check.is_ok for check in checks):
            sys.exit(1)


def _content(_: click.Context, option: click.Parameter, path: str | None) -> Json | None:
    return None if path is None else read_file(path, str(option.name))


class _Command(click.Command):
    """A command that exits with the code of `exit_code`."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        logging.captureWarnings(capture=True)
        main = super().main
        sys.exit(exit_code(lambda: main(*args, **kwargs)))


def _wrong_log_level(*variables: str) -> str | None:
    """Remove from the environment what the SDK would fail at as a log level.

    Args:
        variables: The variables that may hold the level; the first that is set takes precedence.

    Returns:
        What is wrong; None for an empty one, which means that it is not set.
    """
    for variable in variables:
        level = os.environ.get(variable, "")
        if isinstance(logging.getLevelName(level.upper()), int):
            break
        os.environ.pop(variable, None)
        if level.strip():
            return f"{variable}: {level!r} is not a log level; write DEBUG, INFO, WARNING or ERROR"
    return None
