"""Accounts x regions -> the scopes of a run."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tap_glue_metadata.aws.credentials import authenticate, open_session
from tap_glue_metadata.aws.errors import AwsError, SettingError, translate
from tap_glue_metadata.aws.glue import GlueClient, create_client

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from botocore.client import BaseClient
    from botocore.session import Session


@dataclass(frozen=True)
class Scope:
    """One account in one region.

    Attributes:
        account_id: The account that the credentials belong to, 12 digits.
        region: The region's code.
        partition: The part of AWS that the region is in, as it stands in ARNs: `aws`, `aws-cn`.
        glue: Calls Glue there.
    """

    account_id: str
    region: str
    partition: str
    glue: GlueClient


def open_scopes(settings: Mapping[str, Any], operations: Collection[str]) -> list[Scope]:
    """Connect, and open one scope for each region.

    Args:
        settings: The tap's settings.
        operations: The Glue operations that may be called.

    Returns:
        The scopes, in the order of the regions; each region once.

    Raises:
        TapError: A setting, the credentials or the network are at fault.
    """
    session = open_session(settings)
    regions = _regions(settings, session)
    session = authenticate(session, settings, regions[0])
    account_id = settings.get("aws_account_id") or _account_id(session)
    slots = threading.BoundedSemaphore(settings["concurrency"])
    return [
        Scope(
            account_id=account_id,
            region=region,
            partition=_partition(session, region),
            glue=GlueClient(_glue(session, region), operations, slots),
        )
        for region in regions
    ]


def _regions(settings: Mapping[str, Any], session: Session) -> list[str]:
    """Return the regions of the settings, else the one of the chain."""
    regions = settings.get("aws_regions") or [session.get_config_variable("region")]
    known = [region for region in regions if region]
    if not known:
        raise SettingError(
            "aws_regions",
            'no region is known; set it, for instance to ["eu-west-1"], or AWS_REGION or a region '
            "in the profile",
        )
    # An endpoint of one's own, such as an emulator, may know regions that AWS does not have.
    if not settings.get("aws_endpoint_url"):
        for region in known:
            _check_region(region, session)
    return list(dict.fromkeys(known))


def _check_region(region: str, session: Session) -> None:
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("glue", partition_name=partition)
    ]
    if region not in known:
        near = get_close_matches(region, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "check its spelling"
        raise SettingError(
            "aws_regions",
            f"{region!r} is no region that AWS Glue is known to have; {hint} "
            "(for a region newer than the installed boto3, upgrade boto3)",
        )


def _partition(session: Session, region: str) -> str:
    try:
        return session.get_partition_for_region(region)
    except BotoCoreError:  # a region of an emulator's own
        return "aws"


def _account_id(session: Session) -> str:
    try:
        sts: Any = session.create_client("sts")
        return str(sts.get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        translated = translate(error, "sts:GetCallerIdentity", "these credentials")
        if isinstance(error, ClientError):
            raise translated from error
        raise AwsError(
            f"{translated}; where no STS endpoint can be reached, set aws_account_id"
        ) from error


def _glue(session: Session, region: str) -> BaseClient:
    try:
        return create_client(session, region_name=region)
    except BotoCoreError as error:
        raise translate(error, "glue", f"region {region}") from error
