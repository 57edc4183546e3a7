"""Settings -> a session whose credentials are there, and refresh themselves."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.credentials import (
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    MetadataRetrievalError,
    NoCredentialsError,
    ProfileNotFound,
)

from tap_glue_metadata.aws.errors import (
    DeniedError,
    LostRoleError,
    SettingError,
    TapError,
    describe,
    translate,
)
from tap_glue_metadata.aws.secret_stores import open_store
from tap_glue_metadata.aws.session import AwsSession

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_glue_metadata.aws.secret_stores import Keys
    from tap_glue_metadata.settings import Role, Settings

_NEVER: Final = datetime.max.replace(tzinfo=timezone.utc)
_HEADER: Final = re.compile(r"[!-~]+")  # what a header takes; libraries quote what it does not


class CheckedCredentials(Credentials):
    """Credentials of any source, whose failures are one line that quotes nothing.

    White space around the keys, as a line break at the end of a file, is left out.
    """

    def __init__(self, source: Credentials) -> None:
        """Fetch the credentials.

        Args:
            source: Where they come from; it may refresh itself.

        Raises:
            TapError: A key holds what no header of HTTP can.
        """
        key, secret, token = _stripped(source.get_frozen_credentials())[:3]
        super().__init__(str(key), str(secret), token, method=source.method)
        self._source = source

    @override
    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        try:
            return _stripped(self._source.get_frozen_credentials())
        except TapError:
            raise
        except Exception as error:  # noqa: BLE001 - sources raise anything, and quote what they got
            lost = LostRoleError(f"The credentials could not be refreshed: {_problem(error)}")
            if isinstance(error, ClientError):
                lost.action = f"sts:{error.operation_name}"
                lost.code = error.response["Error"].get("Code")
        raise lost  # out here, so that it carries no other error


def _stripped(keys: ReadOnlyCredentials) -> ReadOnlyCredentials:
    key, secret, token = ((text or "").strip() for text in keys[:3])
    names = ("access key id", "secret access key", "session token")
    for name, text in zip(names, (key, secret, token or "-"), strict=True):
        if not _HEADER.fullmatch(text):
            raise TapError(
                f"The AWS {name} is not one: it is empty, or holds line breaks or characters that "
                "no key has; check where it comes from (it is not shown, being a secret)"
            )
    return ReadOnlyCredentials(key, secret, token or None)


def _problem(error: Exception) -> str:
    """Tell why a source gave no credentials; what it printed or answered may be a secret."""
    if isinstance(error, ClientError):
        return str(translate(error, f"sts:{error.operation_name}", "these credentials"))
    if isinstance(error, (CredentialRetrievalError, MetadataRetrievalError)):
        source = error.kwargs.get("provider", "metadata service")
        return f"their source ({source}) gave none; try it by hand"
    if isinstance(error, BotoCoreError):
        return describe(error)
    if isinstance(error, RuntimeError):  # how botocore tells that fresh credentials were expired
        return "they had expired when they came; check this machine's clock"
    return (
        f"their source answered with what cannot be read ({type(error).__name__}); check the "
        "profile, its credential_process, and aws_endpoint_url"
    )


def open_session(settings: Settings, operations: Mapping[str, frozenset[str]]) -> AwsSession:
    """Open a session on the explicit keys, else the profile, else boto3's chain of providers.

    Args:
        settings: The tap's settings.
        operations: The operations that its clients may call, by service.

    Returns:
        The session; no call was made, and no credentials were looked for yet.

    Raises:
        SettingError: A profile or an endpoint that cannot be used.
    """
    key, secret = settings.aws_access_key_id, settings.aws_secret_access_key
    try:
        session = AwsSession(settings, operations)
        session.get_scoped_config()
    except ProfileNotFound as error:
        setting = "aws_profile" if settings.aws_profile else "AWS_PROFILE"
        raise SettingError(setting, describe(error)) from error
    except BotoCoreError as error:
        raise TapError(describe(error)) from error
    if key and secret:
        session.set_credentials(key, secret, settings.aws_session_token)
    return session


def authenticate(session: AwsSession, settings: Settings, region: str) -> AwsSession:
    """Find the credentials of a session: its own, or those that the store holds.

    Args:
        session: What `open_session` opened.
        settings: The tap's settings.
        region: The region of STS, and of the store unless its URI names one.

    Returns:
        A session whose credentials are there, and refresh themselves before they expire.

    Raises:
        TapError: There are no credentials, or they cannot be fetched.
    """
    session.set_config_variable("region", region)
    uri = settings.aws_credentials_uri
    try:
        if uri and not settings.aws_access_key_id and not settings.aws_profile:
            source = _stored_credentials(open_store(uri, settings, session, region))
        else:
            source = _found(session)
        credentials = CheckedCredentials(source)
    except TapError:
        raise
    except Exception as error:  # noqa: BLE001 - sources raise anything, and quote what they got
        problem = _problem(error)
    else:
        return session.with_credentials(credentials)
    raise TapError(f"No AWS credentials: {problem}")


def _found(session: AwsSession) -> Credentials:
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    return credentials


def assume(
    session: AwsSession, roles: Sequence[Role], session_name: str, region: str
) -> AwsSession:
    """Assume roles one after another, each with the credentials of the one before.

    Args:
        session: Whose credentials assume the first.
        roles: The roles; none leaves the session as it is.
        session_name: The name under which they show in CloudTrail.
        region: The region of the STS endpoint, also when they are fetched anew.

    Returns:
        A session with the credentials of the last role, which are fetched anew before they expire.

    Raises:
        TapError: A role may not be assumed.
    """
    for role in roles:
        fetch = partial(_fetch_role, session, role, session_name, region)
        source = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetch)
        try:
            credentials = CheckedCredentials(source)
        except TapError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            refusal = _refusal(role, error)
        else:
            session = session.with_credentials(credentials)
            continue
        raise refusal
    return session


def _fetch_role(session: AwsSession, role: Role, session_name: str, region: str) -> dict[str, str]:
    params = {"RoleArn": role.arn, "RoleSessionName": session_name}
    if role.external_id:
        params["ExternalId"] = role.external_id
    sts: Any
    with closing(session.create_client("sts", region_name=region)) as sts:
        keys = sts.assume_role(**params)["Credentials"]
    return {
        "access_key": keys["AccessKeyId"],
        "secret_key": keys["SecretAccessKey"],
        "token": keys["SessionToken"],
        "expiry_time": keys["Expiration"].isoformat(),
    }


def _refusal(role: Role, error: Exception) -> TapError:
    if not isinstance(error, (BotoCoreError, ClientError)):
        return SettingError(role.setting, f"{role.arn}: {_problem(error)}")
    translated = translate(error, "sts:AssumeRole", role.arn)
    if not isinstance(translated, DeniedError):
        return translated
    first = role.setting == "aws_assume_role_arn"
    external_id = "aws_assume_role_external_id" if first else "the external_id beside it"
    denial = SettingError(
        role.setting,
        f"AWS does not let these credentials assume {role.arn} (AccessDenied); check the "
        f"role's trust policy, {external_id}, and the caller's right to sts:AssumeRole on it",
    )
    denial.action, denial.code = translated.action, translated.code
    return denial


def _stored_credentials(read: Callable[[], Keys]) -> Credentials:
    """Read a store, again before the keys expire if they do."""

    def fetch() -> dict[str, Any]:
        keys = read()
        return {
            "access_key": keys.access_key_id,
            "secret_key": keys.secret_access_key,
            "token": keys.session_token,
            "expiry_time": (keys.expires_at or _NEVER).isoformat(),
        }

    first = fetch()
    if first["expiry_time"] == _NEVER.isoformat():
        keys = (first["access_key"], first["secret_key"], first["token"])
        return Credentials(*keys, method="aws-credentials-uri")
    # Each read of a lease makes new keys, so its length decides how early to read again; botocore
    # would begin 15 minutes before the end, which for a short lease is at once, at every call.
    left = datetime.fromisoformat(first["expiry_time"]) - datetime.now(timezone.utc)
    if left.total_seconds() <= 0:
        raise SettingError(
            "aws_credentials_uri", "the keys in the store have expired: have them renewed there"
        )
    return RefreshableCredentials.create_from_metadata(
        first,
        refresh_using=fetch,
        method="aws-credentials-uri",
        advisory_timeout=min(900, int(left.total_seconds() / 4)),
        mandatory_timeout=min(600, int(left.total_seconds() / 8)),
    )
