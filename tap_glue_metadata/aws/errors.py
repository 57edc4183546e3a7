"""What AWS's errors mean, each told in one line that says what to do."""

from __future__ import annotations

from typing import Final

from botocore import exceptions as botocore_errors

from tap_glue_metadata.redaction import redact_text

_DENIED_CODES: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
_GONE_CODES: Final = frozenset({"EntityNotFoundException"})
# One catalog, database or table that cannot be read, whoever asks: its key, its source, its state.
_UNREADABLE: Final = {
    "FederationSourceException": "check the source that the catalog is federated from",
    "FederationSourceRetryableException": "check the source that the catalog is federated from",
    "GlueEncryptionException": "grant kms:Decrypt on the key of the Data Catalog's settings",
    "PermissionTypeMismatchException": "check the permissions in Lake Formation",
    "ResourceNotReadyException": "run again when the resource is ready",
}
# Lake Formation hides what it denies behind the code for what does not exist.
_LAKE_FORMATION_DENIAL: Final = "insufficient lake formation permission"
_EXPIRED_CODES: Final = frozenset({"ExpiredToken", "ExpiredTokenException"})
_ABSENT_CODES: Final = frozenset({"UnknownOperationException", "UnknownOperation", "InvalidAction"})
_NOT_IMPLEMENTED: Final = 501

_CHECK_KEYS: Final = (
    "check aws_access_key_id, aws_secret_access_key and aws_session_token, "
    "or the profile or environment that the credentials come from"
)
_CHECK_REGION: Final = f"{_CHECK_KEYS}; and enable the region for the account, if it is not"
# AWS's own message is left out for these codes: after a failed signature it quotes the signed
# request, session token included.
_REFUSED_CREDENTIALS: Final = {
    "AuthFailure": _CHECK_REGION,
    "IncompleteSignature": _CHECK_KEYS,
    "IncompleteSignatureException": _CHECK_KEYS,
    "InvalidClientTokenId": _CHECK_REGION,
    "InvalidSignatureException": f"{_CHECK_KEYS}, and the clock of this machine",
    "MissingAuthenticationTokenException": _CHECK_KEYS,
    "SignatureDoesNotMatch": f"{_CHECK_KEYS}, and the clock of this machine",
    "UnrecognizedClientException": _CHECK_REGION,
    "OptInRequired": "enable the region for the account",
    "RegionDisabledException": "enable the region for the account",
    "ExpiredToken": "the session token has expired: fetch new temporary credentials",
    "ExpiredTokenException": "the session token has expired: fetch new temporary credentials",
}
_THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

_SET_CREDENTIALS: Final = (
    "set aws_access_key_id and aws_secret_access_key, or aws_profile, or give credentials in any "
    "way that boto3 finds by itself (environment, shared files, role of the machine)"
)
_CHECK_PROFILE: Final = (
    "check aws_profile (or AWS_PROFILE) against ~/.aws/config and ~/.aws/credentials"
)
_CHECK_CERTIFICATE: Final = (
    "the endpoint's certificate is not trusted; point AWS_CA_BUNDLE at the certificate authority "
    "of your network"
)
# What to do about an error that is no answer of AWS: that of the first class it belongs to.
_REMEDIES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (botocore_errors.NoCredentialsError, _SET_CREDENTIALS),
    (botocore_errors.PartialCredentialsError, _SET_CREDENTIALS),
    (botocore_errors.ProfileNotFound, _CHECK_PROFILE),
    (botocore_errors.CredentialRetrievalError, "try the profile's credential source by hand"),
    (botocore_errors.SSOError, "run `aws sso login` for the profile"),
    (botocore_errors.TokenRetrievalError, "run `aws sso login` for the profile"),
    (botocore_errors.NoRegionError, "set aws_regions, AWS_REGION, or a region in the profile"),
    (botocore_errors.SSLError, _CHECK_CERTIFICATE),
    (botocore_errors.ProxyConnectionError, "check HTTPS_PROXY and NO_PROXY"),
    (
        botocore_errors.HTTPClientError,
        "check aws_endpoint_url, aws_regions, HTTPS_PROXY and the network",
    ),
    (botocore_errors.ConnectionError, "check aws_endpoint_url, aws_regions and the network"),
)


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
    translated = _translate(error, action, where)
    translated.action = action
    return translated


def _translate(error: Exception, action: str, where: str) -> AwsError:
    if not isinstance(error, botocore_errors.ClientError):
        return AwsError(_one_line(f"{action} for {where} failed: {describe(error)}"))
    code = _one_line(str(error.response.get("Error", {}).get("Code", "")))
    message = _one_line(str(error.response.get("Error", {}).get("Message", "")))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    kind: type[AwsError] = AwsError
    text = f"{action} for {where} failed ({code}): {message}"
    if code in _DENIED_CODES or _LAKE_FORMATION_DENIAL in message.lower():
        kind = DeniedError
        text = (
            f"{action} for {where} is denied ({code}): grant {action} to these credentials, and "
            f"the resource in Lake Formation where that governs it. AWS says: {message}"
        )
    elif code in _UNREADABLE:
        kind, text = UnreadableError, f"{text.rstrip('.')}; {_UNREADABLE[code]}"
    elif code in _GONE_CODES:
        kind, text = GoneError, f"{action} for {where} found nothing ({code}): {message}"
    elif code in _ABSENT_CODES or status == _NOT_IMPLEMENTED:
        kind, text = AbsentError, f"{action} is not known to the endpoint ({code})"
    elif code in _REFUSED_CREDENTIALS:
        kind = ExpiredError if code in _EXPIRED_CODES else RefusedError
        text = f"AWS refuses the credentials ({code}): {_REFUSED_CREDENTIALS[code]}"
    elif code in _THROTTLED:
        text = (
            f"{action} for {where} was throttled until its attempts ran out ({code}): lower "
            "concurrency, or raise aws_max_attempts"
        )
    translated = kind(text)
    translated.code = code
    return translated


def describe(error: Exception) -> str:
    """Tell an error of botocore that is no answer of AWS in one line, with its remedy.

    Args:
        error: What botocore raised before or without an answer.

    Returns:
        One line, without a full stop.
    """
    text = _one_line(str(error)).rstrip(".")
    remedy = next((remedy for types, remedy in _REMEDIES if isinstance(error, types)), None)
    return f"{text}; {remedy}" if remedy else text


def _one_line(text: str) -> str:
    """Put a text on one line, without the secrets in it."""
    return redact_text(" ".join(text.split()))
