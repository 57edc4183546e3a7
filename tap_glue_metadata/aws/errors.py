"""What AWS's errors mean, each told in one line that says what to do."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Any, Final

from botocore import exceptions as botocore_errors

from tap_glue_metadata.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Mapping


class TapError(Exception):
    """An error whose one line tells its reader what to do; never carries a secret.

    Attributes:
        action: The IAM action of the call that failed, such as `glue:GetTables`, if it was one.
        code: AWS's code for what was wrong, if AWS answered.
    """

    action: str | None = None
    code: str | None = None


class SettingError(TapError):
    """A setting that cannot be used as it is."""

    def __init__(self, setting: str, problem: str) -> None:
        """Name the setting and what is wrong with it.

        Args:
            setting: The setting's name.
            problem: What is wrong, and the remedy.
        """
        super().__init__(f"Setting '{setting}': {problem}")


class AwsError(TapError):
    """A call that AWS answered with an error, or did not answer."""


class UnreadableError(AwsError):
    """One unit cannot be read, while others can."""


class DeniedError(UnreadableError):
    """The credentials may not do this."""


class RefusedError(AwsError):
    """AWS does not accept the credentials at all; for a region that is not enabled, likewise."""


class ExpiredError(RefusedError):
    """The credentials were accepted, but are no longer."""


class LostRoleError(RefusedError):
    """The credentials of a role could not be fetched anew."""


class GoneError(AwsError):
    """The object does not exist, or no longer."""


class AbsentError(AwsError):
    """The endpoint does not know the operation."""


# How each kind is told.
_SENTENCES: Final[dict[type[AwsError], str]] = {
    AwsError: "{action} for {where} failed ({code}): {remedy}",
    UnreadableError: "{action} for {where} failed ({code}): {remedy}. AWS says: {message}",
    DeniedError: "{action} for {where} is denied ({code}): grant {action} to these credentials, "
    "and the resource in Lake Formation where that governs it. AWS says: {message}",
    # AWS's message is left out: after a failed signature it quotes the signed request, session
    # token included.
    RefusedError: "AWS refuses the credentials ({code}): {remedy}",
    ExpiredError: "AWS refuses the credentials ({code}): {remedy}",
    GoneError: "{action} for {where} found nothing ({code}): {message}",
    AbsentError: "{action} is not known to the endpoint ({code})",
}
_KEYS: Final = (
    "check aws_access_key_id, aws_secret_access_key and aws_session_token, or the profile or "
    "environment that the credentials come from"
)
_KEYS_OR_CLOCK: Final = f"{_KEYS}, and the clock of this machine"
_KEYS_OR_REGION: Final = f"{_KEYS}; and enable the region for the account, if it is not"
_REGION: Final = "enable the region for the account"
_TOKEN: Final = "the session token has expired: fetch new temporary credentials"  # noqa: S105 - no token
_SOURCE: Final = "check the source that the catalog is federated from"
_KMS: Final = "grant kms:Decrypt on the key of the Data Catalog's settings"
_GRANTS: Final = "check the permissions in Lake Formation"
_THROTTLED: Final = (
    "it was throttled until its attempts ran out; lower concurrency, or raise aws_max_attempts"
)
# AWS's message is left out here as well: STS quotes what was sent, such as an external id.
_REQUEST: Final = "check the role's ARN, its external id and aws_assume_role_session_name"
# The kind of error that a code of AWS means, and what to do about it.
_CODES: Final[dict[str, tuple[type[AwsError], str]]] = {
    "AccessDenied": (DeniedError, ""),
    "AccessDeniedException": (DeniedError, ""),
    "AuthFailure": (RefusedError, _KEYS_OR_REGION),
    "EntityNotFoundException": (GoneError, ""),
    "ExpiredToken": (ExpiredError, _TOKEN),
    "ExpiredTokenException": (ExpiredError, _TOKEN),
    "FederationSourceException": (UnreadableError, _SOURCE),
    "FederationSourceRetryableException": (UnreadableError, _SOURCE),
    "GlueEncryptionException": (UnreadableError, _KMS),
    "IncompleteSignature": (RefusedError, _KEYS),
    "IncompleteSignatureException": (RefusedError, _KEYS),
    "InvalidAction": (AbsentError, ""),
    "InvalidClientTokenId": (RefusedError, _KEYS_OR_REGION),
    "InvalidSignatureException": (RefusedError, _KEYS_OR_CLOCK),
    "InvalidStateException": (UnreadableError, "run again when its state allows it"),
    "LimitExceededException": (AwsError, _THROTTLED),
    "MissingAuthenticationTokenException": (RefusedError, _KEYS),
    "OptInRequired": (RefusedError, _REGION),
    "PermissionTypeMismatchException": (UnreadableError, _GRANTS),
    "RegionDisabledException": (RefusedError, _REGION),
    "RequestLimitExceeded": (AwsError, _THROTTLED),
    "ResourceNotReadyException": (UnreadableError, "run again when the resource is ready"),
    "SignatureDoesNotMatch": (RefusedError, _KEYS_OR_CLOCK),
    "Throttling": (AwsError, _THROTTLED),
    "ThrottlingException": (AwsError, _THROTTLED),
    "TooManyRequestsException": (AwsError, _THROTTLED),
    "UnauthorizedException": (DeniedError, ""),
    "UnauthorizedOperation": (DeniedError, ""),
    "UnknownOperation": (AbsentError, ""),
    "UnknownOperationException": (AbsentError, ""),
    "UnrecognizedClientException": (RefusedError, _KEYS_OR_REGION),
    "ValidationError": (AwsError, _REQUEST),
}
THROTTLED: Final = frozenset(code for code, (_, do) in _CODES.items() if do is _THROTTLED)
# Glue hides what Lake Formation denies behind the code for what does not exist.
_LAKE_FORMATION_DENIAL: Final = "insufficient lake formation permission"
_NOT_IMPLEMENTED: Final = 501

_SET_CREDENTIALS: Final = (
    "set aws_access_key_id and aws_secret_access_key, or aws_profile, or give credentials in any "
    "way that boto3 finds by itself (environment, shared files, role of the machine)"
)
# What to do about an error that is not an answer of AWS: that of the first class it belongs to.
_REMEDIES: Final[dict[type[Exception], str]] = {
    botocore_errors.NoCredentialsError: _SET_CREDENTIALS,
    botocore_errors.PartialCredentialsError: _SET_CREDENTIALS,
    botocore_errors.ProfileNotFound: "check aws_profile (or AWS_PROFILE) against ~/.aws/config and "
    "~/.aws/credentials",
    botocore_errors.ConfigParseError: "fix that file, or point AWS_CONFIG_FILE and "
    "AWS_SHARED_CREDENTIALS_FILE at others",
    botocore_errors.CredentialRetrievalError: "try the profile's credential source by hand",
    botocore_errors.SSOError: "run `aws sso login` for the profile",
    botocore_errors.TokenRetrievalError: "run `aws sso login` for the profile",
    botocore_errors.NoRegionError: "set aws_regions, AWS_REGION, or a region in the profile",
    botocore_errors.SSLError: "the endpoint's certificate is not trusted; point AWS_CA_BUNDLE at "
    "the certificate authority of your network",
    botocore_errors.ProxyConnectionError: "check HTTPS_PROXY and NO_PROXY",
    botocore_errors.HTTPClientError: "check aws_endpoint_url, aws_regions, HTTPS_PROXY and the "
    "network",
    botocore_errors.ConnectionError: "check aws_endpoint_url, aws_regions and the network",
}
_LONGEST: Final = 500  # characters of what others say, in one of our lines


def translate(error: Exception, action: str, where: str) -> AwsError:
    """Turn an error of botocore into one of ours.

    Args:
        error: What botocore raised.
        action: The IAM action of the call, such as `glue:GetTables`.
        where: The resource that was asked for, in words.

    Returns:
        The error to raise in its place: denied, unreadable, refused, gone, absent, or any other,
        in one line.
    """
    if not isinstance(error, botocore_errors.ClientError):
        translated = AwsError(f"{action} for {one_line(where)} failed: {describe(error)}")
        translated.action = action
        return translated
    told = error.response.get("Error", {})
    code, message = (one_line(str(told.get(name, ""))) for name in ("Code", "Message"))
    kind, remedy = _CODES.get(code, (AwsError, message))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if _LAKE_FORMATION_DENIAL in message.lower():
        kind = DeniedError
    elif code not in _CODES and status == _NOT_IMPLEMENTED:
        kind = AbsentError
    parts = {"action": action, "where": one_line(where), "code": code, "message": message}
    translated = kind(_SENTENCES[kind].format(**parts, remedy=remedy))
    translated.action, translated.code = action, code
    return translated


def reported(failure: Mapping[str, str], action: str, where: str) -> AwsError:
    """Turn what an answer says of one of several objects into an error of ours.

    Args:
        failure: Its `ErrorCode` and `ErrorMessage`.
        action: The IAM action of the call.
        where: The resource that was asked for, in words.

    Returns:
        The error: the object is gone, or cannot be read.
    """
    told: Any = {"Code": failure.get("ErrorCode"), "Message": failure.get("ErrorMessage")}
    error = translate(botocore_errors.ClientError({"Error": told}, action), action, where)
    return error if isinstance(error, (GoneError, UnreadableError)) else unreadable(error)


def unreadable(error: TapError) -> UnreadableError:
    """Return an error of which only one unit is the matter, however general it is."""
    own = UnreadableError(str(error))
    own.action, own.code = error.action, error.code
    return own


def describe(error: Exception) -> str:
    """Tell an error of botocore that is not an answer of AWS in one line, with its remedy.

    Args:
        error: What botocore raised before or without an answer.

    Returns:
        One line, without a full stop.
    """
    if _is_out_of_files(error):
        return "too many open files; raise the limit (`ulimit -n`), or lower concurrency"
    text = one_line(str(error)).rstrip(".")
    if isinstance(error, botocore_errors.HTTPClientError):
        # Python's http.client quotes a header that it does not take.
        is_refused = isinstance(error.kwargs.get("error"), ValueError)
        text = "The request cannot be sent as it is" if is_refused else text
    remedy = next((_REMEDIES[kind] for kind in _REMEDIES if isinstance(error, kind)), None)
    return f"{text}; {remedy}" if remedy else text


def _is_out_of_files(error: BaseException | None) -> bool:
    """Look for the operating system's error behind those of the libraries."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            return True
        error = error.__cause__ or error.__context__
    return False


def one_line(text: str) -> str:
    """Put what others say on one line that a log can take.

    Args:
        text: Any text.

    Returns:
        A line of printable characters, cut if it is long, without the secrets in it.
    """
    # First what stands before a host, however long it is: redaction has bounds.
    line = redact_text(re.sub(r"//[^/\s]*@", "//***@", " ".join(text.split())))
    line = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
