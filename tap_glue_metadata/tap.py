"""TapGlueMetadata: settings in, streams out, the command line."""

from __future__ import annotations

import json
import os
import re
import sys
from difflib import get_close_matches
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from simplejson import JSONDecodeError
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.plugin_base import SingerCommand

from tap_glue_metadata.aws.clients import Clients
from tap_glue_metadata.aws.errors import SettingError, TapError
from tap_glue_metadata.aws.policy import LAKE_FORMATION_NOTE, LINKS_NOTE, iam_policy, policy_places
from tap_glue_metadata.aws.scopes import open_scopes
from tap_glue_metadata.config_schema import SETTINGS
from tap_glue_metadata.outcomes import Outcomes
from tap_glue_metadata.preflight import render, run_preflight
from tap_glue_metadata.read import called
from tap_glue_metadata.selection import Selection
from tap_glue_metadata.settings import Settings
from tap_glue_metadata.streams import STREAM_TYPES
from tap_glue_metadata.streams.replication import read_start_date, with_choices
from tap_glue_metadata.streams.report import ExtractionIssues
from tap_glue_metadata.termination import end_on_signals, handlers_kept
from tap_glue_metadata.traversal import Traversal
from tap_glue_metadata.writer import GlueWriter, written_out

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from tap_glue_metadata.read import Read
    from tap_glue_metadata.streams.base import GlueStream


class TapGlueMetadata(Tap):
    """Singer tap for the metadata of AWS Glue."""

    name = "tap-glue-metadata"
    package_name = "tap-glue-metadata"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    message_writer_class = GlueWriter
    stream_types: ClassVar[Sequence[type[GlueStream]]] = STREAM_TYPES
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.DISCOVER,
        TapCapabilities.STATE,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @override
    def __init__(self, **kwargs: Any) -> None:
        if isinstance(kwargs.get("catalog"), dict):
            kwargs["catalog"] = with_choices(kwargs["catalog"])
        try:
            with handlers_kept():
                super().__init__(**kwargs)
        except ConfigValidationError as error:
            raise _explain(error) from None
        except ValueError:
            self._check_environment()
            raise
        self._warn_of_unknown_settings()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream_type(self, lambda: self.traversal) for stream_type in self.stream_types]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        # What tells of the run comes after all that it tells of; the SDK sorts by name.
        streams = super().streams.items()
        return dict(sorted(streams, key=lambda item: item[0] == ExtractionIssues.name))

    @cached_property
    def settings(self) -> Settings:
        """The settings, typed.

        Raises:
            SettingError: One of them cannot be used.
        """
        return Settings.from_config(self.config)

    @cached_property
    def traversal(self) -> Traversal:
        """The traversal of the scopes of the settings, which the streams of a run share.

        Connects when it is first asked for.

        Raises:
            TapError: A setting, the credentials or the network are at fault.
        """
        names = frozenset(name for stream in self.stream_types for name in stream.operations())
        operations = {"glue": names}
        selection = Selection(self.settings)
        read_start_date(self.settings.start_date)  # a wrong one is told before any call
        scopes, unopened = open_scopes(self.settings, operations)
        outcomes = Outcomes(unopened, skip=self.settings.on_access_denied == "skip")
        clients = Clients(operations)
        return Traversal(scopes, clients, selection, outcomes, self.settings.concurrency)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        command.params += [
            click.Option(
                ["--preflight"],
                is_flag=False,
                flag_value="text",
                type=click.Choice(["text", "json"]),
                help="Try with the smallest calls what the credentials can read, and exit.",
            ),
            click.Option(
                ["--iam-policy"],
                is_flag=True,
                help="Print the least IAM policy for the selected streams, and exit.",
            ),
        ]
        return _Command(
            name=command.name,
            callback=command.callback,
            params=command.params,
            context_settings=command.context_settings,
            help=command.help,
            logger=cls.logger,
        )

    @classmethod
    @override
    def invoke(
        cls, *, preflight: str | None = None, iam_policy: bool = False, **kwargs: Any
    ) -> None:
        if preflight is None and not iam_policy:
            with written_out():
                super().invoke(**kwargs)
            return
        config, catalog = kwargs["config"], kwargs["catalog"]
        tap = cls(
            config=config.config,
            catalog=None if catalog is None else _read_catalog(catalog),
            parse_env_config=config.parse_env,
        )
        if iam_policy:
            click.echo(json.dumps(tap.iam_policy(), indent=2))
            click.echo(LAKE_FORMATION_NOTE, err=True)
            if tap.settings.resource_links == "follow":
                click.echo(LINKS_NOTE, err=True)
            return
        checks = run_preflight(tap.traversal, tap.selected_reads())
        click.echo(render(checks, as_json=preflight == "json"))
        if not all(check.is_ok for check in checks):
            sys.exit(1)

    def selected_reads(self) -> list[Read]:
        """Return what the selected streams read, in the order of the run."""
        chosen = {stream.name for stream in self.streams.values() if stream.selected}
        streams = [stream for stream in self.stream_types if stream.name in chosen]
        return [stream.reads()[-1] for stream in streams if stream.reads()]

    def iam_policy(self) -> dict[str, Any]:
        """Write the least IAM policy that lets the selected streams be read; calls nothing.

        Returns:
            An identity-based policy.
        """
        is_pinned = all(account.catalog_ids for account in self.settings.aws_accounts)
        operations = {read.operation for read in called(self.selected_reads(), is_pinned=is_pinned)}
        places = policy_places(self.settings)
        return iam_policy(operations, places, self.settings.include_databases)

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        try:
            return super().cb_config(ctx, param, value)
        except (TypeError, ValueError) as error:
            raise TapError(f"Cannot read {' or '.join(value)} as JSON objects: {error}") from None

    def _check_environment(self) -> None:
        """Name the setting whose environment variable the SDK cannot read."""
        for name, schema in self.config_jsonschema["properties"].items():
            variable = f"{self.name.upper().replace('-', '_')}_{name.upper()}"
            value = os.environ.get(variable, "0")
            is_text = {"string", "boolean"} & set(schema["type"])
            if not is_text and not _is_json(value):
                raise SettingError(name, f"{variable} cannot be read; write a number, or JSON")

    def _warn_of_unknown_settings(self) -> None:
        known = self.config_jsonschema["properties"]
        for name in self.config:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                self.logger.warning("Setting '%s' is unknown and ignored%s", name, hint)


class _Command(SingerCommand):
    """The command line; tells what its user can mend in one line, and exits with 1."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        return end_on_signals(lambda: self._run(*args, **kwargs), self.logger)

    def _run(self, *args: Any, **kwargs: Any) -> object:
        try:
            with written_out():
                return super().main(*args, **kwargs)
        except ConfigValidationError as error:
            for line in error.errors:
                self.logger.error(line)  # noqa: TRY400 - a traceback would not help
        except TapError as error:
            self.logger.error("%s", error)  # noqa: TRY400 - likewise
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            self.logger.error("Cannot read a file: %s", error)  # noqa: TRY400 - likewise
        except JSONDecodeError as error:
            self.logger.error("Cannot read a file as JSON: %s", error)  # noqa: TRY400 - likewise
        return sys.exit(1)


def _read_catalog(file: IO[str]) -> dict[str, Any]:
    try:
        catalog: dict[str, Any] = json.load(file)
    except ValueError as error:
        raise TapError(f"Cannot read the catalog {file.name} as JSON: {error}") from None
    return catalog


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _explain(error: ConfigValidationError) -> ConfigValidationError:
    """Name the setting first in each line, and keep the values of secret settings out."""
    lines = []
    for line in error.errors:
        found = re.fullmatch(r"(?P<problem>.*) in config\['(?P<setting>\w+)'\].*", line, re.DOTALL)
        if found is None:
            lines.append(line)
            continue
        setting, problem = found["setting"], found["problem"]
        schema = TapGlueMetadata.config_jsonschema["properties"][setting]
        tells_a_value = not re.match(r"'\w+' is a required property|Additional properties", problem)
        if "'secret': True" in str(schema) and tells_a_value:
            problem = "its value is not of the right type (it is not shown, being a secret)"
        lines.append(f"Setting '{setting}': {problem}")
    return ConfigValidationError(str(error), errors=lines, schema=error.schema or {})
