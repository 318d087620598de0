"""Patience and bounds of a harvester, as a universe's YAML may set them."""

from pydantic import BaseModel, ConfigDict, Field


class NetworkSettings(BaseModel):
    """Times are seconds.

    Attributes
    ----------
    read_seconds
        Without a single byte.
    total_seconds
        For one answer, from the request to its last byte: a service that drips a byte now and then never runs
        into ``read_seconds``.
    attempts
        Of each request, the first included.
    backoff_seconds
        Upper bound of the random wait before the second attempt; doubles from there to ``backoff_max_seconds``.
    max_wait_seconds
        The longest wait that a service may ask for; beyond it the harvest ends with an error and goes on from
        there when it is run again.
    min_interval_seconds
        Between the starts of two requests.
    resume_within_minutes
        A snapshot that was interrupted goes on within this time; later it is kept as far as it got, and a new
        one begins.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect_seconds: float = Field(default=10, gt=0)
    read_seconds: float = Field(default=30, gt=0)
    total_seconds: float = Field(default=120, gt=0)
    max_response_mib: float = Field(default=64, gt=0)
    attempts: int = Field(default=5, ge=1, le=20)
    backoff_seconds: float = Field(default=1, gt=0)
    backoff_max_seconds: float = Field(default=60, gt=0)
    max_wait_seconds: float = Field(default=300, gt=0)
    min_interval_seconds: float = Field(default=0, ge=0)
    max_pages: int = Field(default=1000, ge=1)
    resume_within_minutes: float = Field(default=15, gt=0)
