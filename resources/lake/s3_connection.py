"""How OPTIX reaches a bucket: address, region, credentials, and how long it is patient."""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.lake.errors import LakeError

if TYPE_CHECKING:
    from obstore.store import S3Store


@dataclass(frozen=True, slots=True)
class S3Patience:
    """How long a request may take and how often it is tried.

    Attributes
    ----------
    connect_seconds
        Until a connection stands.
    request_seconds
        For one whole attempt, its bytes included.
    retries
        Attempts after the first: for answers 5xx and 429, broken connections and timeouts, with exponential
        pauses and jitter.
    retry_seconds
        No attempt begins later than this after the first.
    first_pause_seconds
        Least length of a pause; a pause is random between this and four times the one before, at most 5 s. Ten are
        about 15 s: the restart of a store.
    """

    connect_seconds: float = 5.0
    request_seconds: float = 120.0
    retries: int = 10
    retry_seconds: float = 180.0
    first_pause_seconds: float = 0.1


def connect(bucket: str, patience: S3Patience) -> "S3Store":
    """A client of one bucket; nothing is asked of the store yet.

    Address: ``AWS_ENDPOINT_URL_S3``, ``AWS_ENDPOINT_URL``, or the profile's ``endpoint_url``; else Amazon's.
    Region: ``AWS_REGION``, ``AWS_DEFAULT_REGION``, or the profile's. Credentials: from the environment; without them
    boto3's own chain (profile, single sign-on, web identity, container or instance role), renewed as they expire.

    Raises
    ------
    LakeError
        If there are no credentials.
    """
    from obstore.store import S3Store

    profile = _profile()
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if profile is not None:
        endpoint = endpoint or profile.get_scoped_config().get("endpoint_url")
        region = region or profile.get_config_variable("region")
    config: dict[str, Any] = {
        "region": region or "us-east-1",
        # many stores know no bulk deletion
        "disable_bulk_delete": True,
    }
    if endpoint:
        config["endpoint"] = endpoint
    seconds = dt.timedelta
    return S3Store(
        bucket,
        config=config,
        client_options={
            # plain HTTP only where the address says so itself
            "allow_http": endpoint is not None and endpoint.startswith("http://"),
            "connect_timeout": seconds(seconds=patience.connect_seconds),
            "timeout": seconds(seconds=patience.request_seconds),
        },
        retry_config={
            "max_retries": patience.retries,
            "retry_timeout": seconds(seconds=patience.retry_seconds),
            "backoff": {
                "init_backoff": seconds(seconds=patience.first_pause_seconds),
                "max_backoff": seconds(seconds=5),
                "base": 4,
            },
        },
        credential_provider=None if _keys_in_environment() else _chain(bucket, profile),
    )


def _keys_in_environment() -> bool:
    return bool(os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY"))


def _profile() -> Any:
    """botocore's view of the configuration files; None where nothing needs it, since it costs its import."""
    configured = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser().exists()
    if _keys_in_environment() and not configured:
        return None
    import botocore.session

    return botocore.session.get_session()


def _chain(bucket: str, profile: Any) -> Any:
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        if profile.get_credentials() is not None:
            return Boto3CredentialProvider(profile)
    except BotoCoreError as error:
        raise LakeError(f"s3://{bucket}: no credentials: {error}") from None
    raise LakeError(
        f"s3://{bucket}: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with "
        "AWS_PROFILE, or run where a role provides them"
    )
