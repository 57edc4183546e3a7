"""Where AWS keys are fetched from, so that none stand in a config file: a store per URI scheme."""

from __future__ import annotations

import base64
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, unquote

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from tap_glue_metadata.aws.errors import DeniedError, SettingError, TapError, translate
from tap_glue_metadata.aws.vault import VaultReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_glue_metadata.aws.session import AwsSession
    from tap_glue_metadata.settings import Settings

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


Read: TypeAlias = "Callable[[], Keys]"
"""Reads a secret as it is now; a SettingError tells why it cannot, or holds no keys."""


class _Service(NamedTuple):
    """A service of AWS: its name in botocore, its operation, and its word for a secret."""

    name: str
    operation: str
    noun: str
    read: Callable[[Any, str], str | bytes]


def _secret(client: Any, name: str) -> str | bytes:  # noqa: ANN401 - botocore's clients have no types
    answer = client.get_secret_value(SecretId=name)
    # Raw JSON holds what is binary in base64 (Secrets Manager API Reference, GetSecretValue).
    return answer.get("SecretString") or base64.b64decode(answer.get("SecretBinary", ""))


def _parameter(client: Any, name: str) -> str | bytes:  # noqa: ANN401 - as above
    answer = client.get_parameter(Name=name, WithDecryption=True)
    return str(answer.get("Parameter", {}).get("Value", ""))


_SERVICES: Final = {
    "aws-secretsmanager": _Service("secretsmanager", "GetSecretValue", "secret", _secret),
    "aws-ssm": _Service("ssm", "GetParameter", "parameter", _parameter),
}


def open_store(uri: str, settings: Settings, session: AwsSession, region: str) -> Read:
    """Open the store that a URI names; no call is made yet.

    Args:
        uri: `SCHEME://NAME`, percent-encoded where need be; for AWS also `?region=..`.
        settings: The tap's settings.
        session: The session that clients of AWS are created from.
        region: The region of those, where the URI names none.

    Returns:
        A function that reads the keys.

    Raises:
        SettingError: The URI is malformed, or a setting of the store is missing or malformed.
    """
    scheme, separator, rest = uri.partition("://")
    scheme = scheme.lower()
    if not separator:  # it is not quoted: somebody may have put a secret there
        raise _Wrong(f"it is not a URI; give one such as {_FORMS}")
    if scheme not in {*_SERVICES, "vault"}:
        known = ", ".join([*_SERVICES, "vault"])
        raise _Wrong(f"no store has the scheme {scheme!r}; known are {known}")
    name, _, query = rest.partition("?")
    try:
        name = unquote(name, errors="strict")
        options = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise _Wrong(f"it is malformed behind {scheme}://; give a URI such as {_FORMS}") from None
    if not name.strip("/"):
        raise _Wrong(f"it names no secret; give a URI such as {_FORMS}")
    taken = [] if scheme == "vault" else ["region"]
    if options and ([key for key, _ in options] != taken or not options[0][1]):
        known = " or ".join(f"?{option}=.." for option in taken) or "nothing"
        raise _Wrong(f"behind the name, {scheme}:// takes {known} (write %3F for a ? of the name)")
    if scheme == "vault":
        return partial(_read_vault, VaultReader(settings.vault, name), name)
    # The fourth part of an ARN is its region (IAM User Guide, "Amazon Resource Names (ARNs)").
    arn = name.split(":") if name.startswith("arn:") else []
    region = dict(options).get("region") or "".join(arn[3:4]) or region
    return partial(_read_aws, _SERVICES[scheme], name, session, region)


def _read_vault(reader: VaultReader, name: str) -> Keys:
    content, ends = reader.read()
    return _keys(content, f"what Vault holds at {name!r}", ends)


def _read_aws(service: _Service, name: str, session: AwsSession, region: str) -> Keys:
    where = f"{service.noun} {name!r} in {region}"
    content: dict[str, Any] | None = None
    try:
        with closing(session.create_raw_client(service.name, region)) as client:
            text = service.read(client, name)
    except TapError as error:
        raise _Wrong(str(error)) from None
    except (BotoCoreError, ClientError, ValueError) as error:
        # Without its cause: botocore's may quote the request that it signed.
        raise _explain(error, service, where) from None
    with suppress(msgspec.MsgspecError):
        content = msgspec.json.decode(text, type=dict)
    if content is None:  # raised out here, as msgspec's error must not come along
        raise _Wrong(f"{where} is not a JSON object; store {_EXAMPLE} in it")
    return _keys(content, where)


def _explain(error: Exception, service: _Service, where: str) -> SettingError:
    action = f"{service.name}:{service.operation}"
    translated = translate(error, action, where)
    code = translated.code
    if isinstance(translated, DeniedError):
        return _Wrong(
            f"{action} for {where} is denied ({code}): grant it to the credentials that read the "
            f"{service.noun}, and kms:Decrypt where a KMS key of your own encrypts it"
        )
    if code in {"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"}:
        return _Wrong(f"there is no {where}; check the name, the region and the account")
    if code in {"DecryptionFailure", "InvalidKeyId"}:
        return _Wrong(
            f"{where} cannot be decrypted ({code}): grant kms:Decrypt on its KMS key, and check "
            "that the key is enabled"
        )
    return _Wrong(str(translated))


def _keys(content: Mapping[str, Any], where: str, ends: datetime | None = None) -> Keys:
    """Find the keys in a secret; messages tell names, and nothing of its content."""
    folded = {_fold(name): value for name, value in content.items()}
    found: dict[str, str | None] = {}
    for part, names in _NAMES.items():
        value = next((folded[name] for name in map(_fold, names) if folded.get(name)), None)
        if value is not None and not isinstance(value, str):
            raise _Wrong(f"{where} has an {names[0]} that is not a text")
        found[part] = value and value.strip()
    key, secret, token, expiration = found.values()
    if not key or not secret:
        lacking = " and no ".join(_NAMES[part][0] for part in list(found)[:2] if not found[part])
        raise _Wrong(f"{where} has no {lacking}; store {_EXAMPLE} in it")
    expires_at = _time(expiration, where) if expiration else ends
    if expires_at and expires_at <= datetime.now(timezone.utc):
        raise _Wrong(f"{where} are keys that expired at {expires_at}; store new ones in it")
    return Keys(key, secret, token or None, expires_at)


def _fold(name: str) -> str:
    return name.replace("_", "").lower()


def _time(text: str, where: str) -> datetime:
    with suppress(msgspec.MsgspecError):
        time = msgspec.convert(text, datetime)
        return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    raise _Wrong(f"{where} has an expiration that is not a time such as 2030-01-31T12:00:00Z")
