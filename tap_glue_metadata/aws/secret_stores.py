"""Where AWS keys are fetched from, so that none stand in a config file: a store per URI scheme."""

from __future__ import annotations

import base64
import sys
from abc import ABC, abstractmethod
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qsl, unquote

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from tap_glue_metadata.aws.endpoints import is_safe
from tap_glue_metadata.aws.errors import DeniedError, SettingError, translate
from tap_glue_metadata.aws.vault import VaultReader

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient
    from botocore.session import Session

_Wrong: Final = partial(SettingError, "aws_credentials_uri")
# The names that a secret may give a value, but for case and underscores; messages use the first.
_NAMES: Final = {
    "access_key_id": ("aws_access_key_id", "access_key_id", "access_key"),
    "secret_access_key": ("aws_secret_access_key", "secret_access_key", "secret_key"),
    "session_token": ("aws_session_token", "session_token", "security_token", "token"),
    "expires_at": ("expiration", "expires_at"),
}
_EXAMPLE: Final = '{"aws_access_key_id": "..", "aws_secret_access_key": ".."}'
_FORMS: Final = "aws-secretsmanager://NAME-OR-ARN, aws-ssm://NAME or vault://PATH"


@dataclass(frozen=True)
class Keys:
    """AWS keys; their representation shows none of them.

    Attributes:
        access_key_id: The access key id.
        secret_access_key: The secret access key.
        session_token: The session token, where the keys are temporary.
        expires_at: When the store must be read again, in UTC; None: never.
    """

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Request:
    """What a store is opened for: the arguments of `open_store`, with the URI's parts decoded."""

    name: str
    options: Mapping[str, str]
    settings: Mapping[str, Any] = field(repr=False)
    session: Session
    region: str
    client_arguments: Mapping[str, Any] = field(repr=False)


class SecretStore(ABC):
    """Reads one secret. Another kind of store is a subclass, and an entry in `STORES`.

    Attributes:
        options: What may stand behind the question mark of the URI.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def __init__(self, request: Request) -> None:
        """Check, without a call, what the store is opened for."""

    @abstractmethod
    def read(self) -> Keys:
        """Read the secret as it is now.

        Returns:
            The keys in it.

        Raises:
            SettingError: The secret cannot be read, or holds no keys that are valid.
        """


class _AwsStore(SecretStore):
    """A service of AWS: its name in botocore, the IAM action, and its word for a secret."""

    options = frozenset({"region"})
    service: ClassVar[str]
    action: ClassVar[str]
    noun: ClassVar[str]

    @override
    def __init__(self, request: Request) -> None:
        self._request = request
        # The fourth part of an ARN is its region (IAM User Guide, "Amazon Resource Names (ARNs)").
        arn = request.name.split(":") if request.name.startswith("arn:") else []
        self._region = request.options.get("region") or "".join(arn[3:4]) or request.region
        self._where = f"{self.noun} {request.name!r} in {self._region}"

    @abstractmethod
    def _fetch(self, client: BaseClient, name: str) -> str | bytes:
        """Return the text of a secret."""

    @override
    def read(self) -> Keys:
        try:
            with closing(self._connect()) as client:
                text = self._fetch(client, self._request.name)
        except (BotoCoreError, ClientError, ValueError) as error:
            # Without its cause: botocore's may quote the request that it signed.
            raise self._explain(error) from None
        content: dict[str, Any] | None = None
        with suppress(msgspec.MsgspecError):
            content = msgspec.json.decode(text, type=dict)
        if content is None:  # raised out here, as msgspec's error must not come along
            raise _Wrong(f"{self._where} is no JSON object; store {_EXAMPLE} in it")
        return _keys(content, self._where)

    def _connect(self) -> BaseClient:
        client = self._request.session.create_client(
            self.service, region_name=self._region, **self._request.client_arguments
        )
        client.meta.events.register_first("before-parse", _hide_from_log)
        if is_safe(client.meta.endpoint_url):
            return client
        client.close()
        raise _Wrong(
            f"the endpoint {client.meta.endpoint_url} would send the {self.noun} in the clear; use "
            "https (http is for loopback only)"
        )

    def _explain(self, error: Exception) -> SettingError:
        translated = translate(error, self.action, self._where)
        told = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
        code, said = told.get("Code"), " ".join(told.get("Message", "").split())
        if isinstance(translated, DeniedError):
            return _Wrong(
                f"{self.action} for {self._where} is denied ({code}): grant it to the credentials "
                f"that read the {self.noun}, and kms:Decrypt where a KMS key of your own encrypts "
                f"it. AWS says: {said}"
            )
        if code in {"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"}:
            return _Wrong(f"there is no {self._where}; check the name, the region and the account")
        if code in {"DecryptionFailure", "InvalidKeyId"}:
            return _Wrong(
                f"{self._where} cannot be decrypted ({code}): grant kms:Decrypt on its KMS key, "
                "and check that the key is enabled"
            )
        return _Wrong(str(translated))


class SecretsManager(_AwsStore):
    """AWS Secrets Manager."""

    service = "secretsmanager"
    action = "secretsmanager:GetSecretValue"
    noun = "secret"

    @override
    def _fetch(self, client: BaseClient, name: str) -> str | bytes:
        secretsmanager: Any = client
        answer = secretsmanager.get_secret_value(SecretId=name)
        # Raw JSON holds what is binary in base64 (Secrets Manager API Reference, GetSecretValue).
        return answer.get("SecretString") or base64.b64decode(answer.get("SecretBinary", ""))


class ParameterStore(_AwsStore):
    """The Parameter Store of AWS Systems Manager."""

    service = "ssm"
    action = "ssm:GetParameter"
    noun = "parameter"

    @override
    def _fetch(self, client: BaseClient, name: str) -> str | bytes:
        ssm: Any = client
        answer = ssm.get_parameter(Name=name, WithDecryption=True)
        return str(answer.get("Parameter", {}).get("Value", ""))


class Vault(SecretStore):
    """HashiCorp Vault: its KV engine in either version, and its AWS engine."""

    @override
    def __init__(self, request: Request) -> None:
        self._reader = VaultReader(request.settings, request.name)
        self._where = f"what Vault holds at {request.name!r}"

    @override
    def read(self) -> Keys:
        content, ends = self._reader.read()
        return _keys(content, self._where, ends)


STORES: Final[Mapping[str, type[SecretStore]]] = MappingProxyType(
    {"aws-secretsmanager": SecretsManager, "aws-ssm": ParameterStore, "vault": Vault}
)


def open_store(
    uri: str,
    settings: Mapping[str, Any],
    session: Session,
    region: str,
    client_arguments: Mapping[str, Any],
) -> SecretStore:
    """Open the store that a URI names; no call is made yet.

    Args:
        uri: `SCHEME://NAME`, percent-encoded where need be; for AWS also `?region=..`.
        settings: The tap's settings.
        session: The session that clients of AWS are created from.
        region: The region of those, where the URI names none.
        client_arguments: Further arguments that they are created with.

    Returns:
        The store.

    Raises:
        SettingError: The URI is malformed, or a setting of the store is missing or malformed.
    """
    scheme, separator, rest = uri.partition("://")
    store = STORES.get(scheme.lower())
    if not separator:  # it is not quoted: somebody may have put a secret there
        raise _Wrong(f"it is no URI; give one such as {_FORMS}")
    if store is None:
        raise _Wrong(f"no store has the scheme {scheme!r}; known are {', '.join(STORES)}")
    name, _, query = rest.partition("?")
    try:
        name = unquote(name, errors="strict")
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise _Wrong(f"it is malformed behind {scheme}://; give a URI such as {_FORMS}") from None
    if not name.strip("/"):
        raise _Wrong(f"it names no secret; give a URI such as {_FORMS}")
    options = dict(pairs)
    if len(options) < len(pairs) or options.keys() - store.options or "" in options.values():
        known = " or ".join(f"?{option}=.." for option in store.options) or "nothing"
        raise _Wrong(f"behind the name, {scheme}:// takes {known} (write %3F for a ? of the name)")
    return store(Request(name, options, settings, session, region, client_arguments))


def _keys(content: Mapping[str, Any], where: str, ends: datetime | None = None) -> Keys:
    """Find the keys in a secret; messages tell names, and nothing of its content."""
    folded = {_fold(name): value for name, value in content.items()}
    found: dict[str, str | None] = {}
    for part, names in _NAMES.items():
        value = next((folded[name] for name in map(_fold, names) if folded.get(name)), None)
        if value is not None and not isinstance(value, str):
            raise _Wrong(f"{where} has an {names[0]} that is no text")
        found[part] = value and value.strip()
    key, secret, token, expiration = found.values()
    if not key or not secret:
        lacking = " and no ".join(_NAMES[part][0] for part in list(found)[:2] if not found[part])
        raise _Wrong(f"{where} has no {lacking}; store {_EXAMPLE} in it")
    expires_at = _moment(expiration, where) if expiration else ends
    if expires_at and expires_at <= datetime.now(timezone.utc):
        raise _Wrong(f"{where} are keys that expired at {expires_at}; store new ones in it")
    return Keys(key, secret, token or None, expires_at)


def _fold(name: str) -> str:
    return name.replace("_", "").lower()


def _moment(text: str, where: str) -> datetime:
    with suppress(msgspec.MsgspecError):
        time = msgspec.convert(text, datetime)
        return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    raise _Wrong(f"{where} has an expiration that is no time such as 2030-01-31T12:00:00Z")


def _hide_from_log(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Take the secret from an answer before botocore's parser, which logs bodies at DEBUG."""
    if response_dict["status_code"] < 300:  # noqa: PLR2004 - HTTP's first status of no success
        with suppress(msgspec.MsgspecError):
            customized_response_dict.update(msgspec.json.decode(response_dict["body"], type=dict))
        response_dict["body"] = b"{}"
