"""Service models cut to the operations that may be called: read-only by construction."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.loaders import Loader

_CREDENTIALS: Final[Mapping[str, frozenset[str]]] = {
    "secretsmanager": frozenset({"GetSecretValue"}),
    "ssm": frozenset({"GetParameter"}),
    "sts": frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"}),
}
# The prefixes of IAM actions that are not their service's name.
_PREFIXES: Final = {"resourcegroupstaggingapi": "tag"}
# Errors of Glue that pass (Glue Web API Reference, "Exceptions"), which its model does not mark.
_TRANSIENT: Final = frozenset({"FederationSourceRetryableException", "OperationTimeoutException"})


def action_of(service: str, operation: str) -> str:
    """Return the IAM action of an operation.

    Args:
        service: The service, as botocore spells it.
        operation: The operation.
    """
    return f"{_PREFIXES.get(service, service)}:{operation}"


class ReadOnlyLoader:
    """A loader of botocore's data whose service models hold the operations allowed and no others.

    A client has a method for each operation of its model: none for what is not allowed. It also
    takes a third of the time to make, and a fifth of the memory. Services that are not named, such
    as those that botocore calls for single sign-on, keep their models.
    """

    def __init__(self, loader: Loader, operations: Mapping[str, frozenset[str]]) -> None:
        """Wrap a loader.

        Args:
            loader: botocore's own.
            operations: The operations that may be called, by service.
        """
        self._loader = loader
        self._operations = {**_CREDENTIALS, **operations}
        self._models: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a loader has
        """Leave everything else to botocore's loader."""
        return getattr(self._loader, name)

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Mapping[str, Any]:
        """Load a model.

        Args:
            service_name: The service.
            type_name: What of it: `service-2` is the model of its operations and shapes.
            api_version: The version of its API; the latest by default.

        Returns:
            The model as JSON.
        """
        if type_name != "service-2" or service_name not in self._operations:
            other: Mapping[str, Any] = self._loader.load_service_model(
                service_name, type_name, api_version
            )
            return other
        with self._lock:
            if service_name not in self._models:
                model: Any = self._loader.load_service_model(service_name, type_name, api_version)
                self._models[service_name] = _cut(model, self._operations[service_name])
            return self._models[service_name]


def _cut(model: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    """Keep the operations that are allowed, and the shapes that these lead to."""
    operations = {name: model["operations"][name] for name in allowed}
    shapes: dict[str, Any] = {}
    waiting = list(_references(operations))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting += _references(shapes[name])
    for name in _TRANSIENT & shapes.keys():
        # botocore repeats what its model calls retryable; in its mode `legacy` it does not.
        shapes[name] = {**shapes[name], "retryable": {"throttling": False}}
    metadata = model["metadata"]
    if "json" in metadata.get("protocols", ()):  # of several, the one whose answers we can read
        metadata = {**metadata, "protocol": "json", "protocols": ["json"]}
    return {**model, "metadata": metadata, "operations": operations, "shapes": shapes}


def _references(part: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a model
    """Name the shapes that a part of a model refers to."""
    if isinstance(part, list):
        for item in part:
            yield from _references(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "shape" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
