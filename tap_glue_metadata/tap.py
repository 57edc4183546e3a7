"""TapGlueMetadata: settings in, streams out."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from fnmatch import filter as matching
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.exceptions import ConfigValidationError

from tap_glue_metadata.aws.clients import Clients
from tap_glue_metadata.aws.errors import SettingError, TapError
from tap_glue_metadata.aws.policy import iam_policy, policy_places
from tap_glue_metadata.aws.scopes import open_scopes
from tap_glue_metadata.aws.session import endpoint_url, http_hosts
from tap_glue_metadata.cli import CommandLine
from tap_glue_metadata.config_schema import SETTINGS
from tap_glue_metadata.engine.outcomes import Outcomes
from tap_glue_metadata.engine.read import called
from tap_glue_metadata.engine.selection import Selection
from tap_glue_metadata.engine.traversal import Traversal
from tap_glue_metadata.inputs import explain, from_text
from tap_glue_metadata.organization import list_accounts
from tap_glue_metadata.preflight import run_preflight
from tap_glue_metadata.settings import Settings
from tap_glue_metadata.streams import EXTRA_STREAM_TYPES, STREAM_TYPES
from tap_glue_metadata.streams.base import GlueStream
from tap_glue_metadata.streams.extra import enabled, parents_of
from tap_glue_metadata.streams.replication import read_start_date, with_choices
from tap_glue_metadata.streams.report import ExtractionIssues, Extractions
from tap_glue_metadata.streams.sdk import SdkStream
from tap_glue_metadata.writer import GlueWriter

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk import Stream

    from tap_glue_metadata.engine.read import Read
    from tap_glue_metadata.preflight import Check


class TapGlueMetadata(CommandLine):
    """Singer tap for the metadata of AWS Glue."""

    name = "tap-glue-metadata"
    package_name = "tap-glue-metadata"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    message_writer_class = GlueWriter
    stream_types: ClassVar[Sequence[type[GlueStream]]] = STREAM_TYPES

    @override
    def __init__(
        self,
        *,
        config: Any = None,
        catalog: Any = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
        **kwargs: Any,
    ) -> None:
        self.append_builtin_config(self.config_jsonschema)
        properties = self.config_jsonschema["properties"]
        if isinstance(config, dict):
            config = from_text(config, properties)
        if isinstance(catalog, dict):
            catalog = with_choices(catalog)
        kwargs |= {"config": config, "catalog": catalog, "parse_env_config": parse_env_config}
        try:
            super().__init__(validate_config=validate_config, **kwargs)
        except ConfigValidationError as error:
            sources = _variables(properties) if parse_env_config else {}
            lines = explain(error.errors, properties, sources)
            raise ConfigValidationError(str(error), errors=lines, schema={}) from None
        self._warn_of_unknown_settings()
        if validate_config:  # `--discover` needs no settings
            self._check_settings()

    def _check_settings(self) -> None:
        """Check what the schema of the settings cannot, without a call.

        Raises:
            SettingError: A setting cannot be used.
        """
        settings = self.settings
        Selection(settings)
        endpoint_url(settings)
        read_start_date(settings.start_date)
        try:
            next(iter(self.streams.values())).get_batch_config(self.config)
        except (TypeError, ValueError) as error:
            raise SettingError("batch_config", str(error)) from error
        if not settings.redact_secrets:
            self.logger.warning("Setting 'redact_secrets' is off: secrets are written as they are")
        if hosts := http_hosts(settings):
            self.logger.warning(
                "Setting 'aws_http_hosts': what is sent to %s by plain http is not encrypted",
                ", ".join(hosts),
            )

    @override
    def discover_streams(self) -> Sequence[Stream]:
        always = [stream_type.name for stream_type in self.stream_types]
        extra = enabled(EXTRA_STREAM_TYPES, self.config.get("extra_streams") or (), always)
        named = (*self.stream_types, *extra)
        types = (*named, *parents_of(named))
        streams = [stream_type(self, lambda: self.traversal) for stream_type in types]
        # What is there only because a child comes inside its objects is not wanted itself.
        for stream in streams[len(named) :]:
            stream.selected_by_default = False
        return streams

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        # The SDK sorts by name. The schema of what is written along the way has to come first, and
        # what tells of the whole run last; parents come before what is read for them, which needs
        # no second listing of them then.
        places = {Extractions.name: 0, ExtractionIssues.name: 2}
        return dict(
            sorted(
                super().streams.items(),
                key=lambda item: (places.get(item[0], 1), len(getattr(item[1], "reads", tuple)())),
            )
        )

    @override
    def setup_mapper(self) -> None:
        for name, stream_map in self.config.get("stream_maps", {}).items():
            mapped = stream_map.get("__source__", name) if isinstance(stream_map, dict) else name
            if name != "__else__" and not matching(self.streams, mapped):
                raise SettingError("stream_maps", self._no_stream(mapped))
        super().setup_mapper()

    @override
    def check(self) -> None:
        for stream in self._selected():
            if isinstance(stream, SdkStream):
                stream.check()

    def _selected(self) -> list[Stream]:
        for entry in self.input_catalog.streams if self.input_catalog else ():
            is_selected = entry.metadata.resolve_selection().get((), True)
            if is_selected and entry.tap_stream_id not in self.streams:
                raise TapError(f"Catalog: {self._no_stream(entry.tap_stream_id)}")
        selected = [stream for stream in self.streams.values() if stream.selected]
        if not selected:
            raise TapError(f"Catalog: no stream is selected; there are {', '.join(self.streams)}")
        return selected

    def _no_stream(self, name: str) -> str:
        for stream in EXTRA_STREAM_TYPES:
            if stream.name == name:
                return (
                    f"the stream '{name}' is not there unless the setting 'extra_streams' names it "
                    f"or its group, '{stream.group}'"
                )
        return f"there is no stream '{name}'; there are {', '.join(self.streams)}"

    @override
    def connect(self) -> None:
        _ = self.traversal

    @override
    def preflight(self, *, is_full: bool = False) -> list[Check]:
        reads, second_looks = self.selected_reads(), self._second_looks()
        return run_preflight(self.traversal, reads, second_looks, is_full=is_full)

    @override
    def organization_accounts(self, role_name: str) -> list[dict[str, Any]]:
        # The accounts of the settings may be those that are to be replaced.
        return list_accounts(Settings.from_config({**self.config, "aws_accounts": None}), role_name)

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
        operations: dict[str, frozenset[str]] = {}
        streams = self._selected_streams()
        for read in (r for stream in streams for r in (*stream.calls(), *stream.substitutes())):
            known = operations.get(read.service, frozenset())
            operations[read.service] = known | {read.operation}
        selection = Selection(self.settings)
        scopes, unopened = open_scopes(self.settings, operations)
        outcomes = Outcomes(unopened, skip=self.settings.on_access_denied == "skip")
        clients = Clients(operations)
        return Traversal(scopes, clients, selection, outcomes, self.settings.concurrency)

    def selected_reads(self) -> list[Read]:
        """Return what the selected streams read, in the order of the run."""
        return [stream.reads()[-1] for stream in self._selected_streams() if stream.reads()]

    def _second_looks(self) -> list[Read]:
        streams = self._selected_streams()
        reads = (again.read for stream in streams for again in stream.wanted_again())
        return list(dict.fromkeys(reads))

    def _selected_streams(self) -> list[GlueStream]:
        streams = self.streams.values()
        return [stream for stream in streams if isinstance(stream, GlueStream) and stream.selected]

    @override
    def iam_policy(self) -> dict[str, Any]:
        is_pinned = all(account.catalog_ids for account in self.settings.aws_accounts)
        reads = called([*self.selected_reads(), *self._second_looks()], is_pinned=is_pinned)
        operations = {read.operation for read in reads if read.service == "glue"}
        others = {read.action for read in reads if read.service != "glue"}
        places = policy_places(self.settings)
        return iam_policy(operations, places, self.settings.include_databases, others)

    def _warn_of_unknown_settings(self) -> None:
        known = self.config_jsonschema["properties"]
        for name in self.config:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                self.logger.warning("Setting '%s' is unknown and ignored%s", name, hint)


def _variables(properties: Iterable[str]) -> dict[str, str]:
    """Name the environment variable of each setting that has one."""
    variables = {name: f"TAP_GLUE_METADATA_{name.upper()}" for name in properties}
    return {name: text for name, text in variables.items() if os.environ.get(text, "").strip()}
