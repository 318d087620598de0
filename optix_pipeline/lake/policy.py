"""Which partitions go to the archive, and which of them leave the lake afterwards."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from assets.universe_assets import DAILY_ASSETS, MONTHLY_REFERENCE_ASSETS

#: kept in ``_records`` and ``_blobs`` beside the layer of the same name, where there is one
RAW = "raw"
#: what the short form (``--keep-days``) lets leave the lake: layers that are rebuilt from raw, and that no study reads
REBUILT = tuple(asset for asset in DAILY_ASSETS if asset != "raw_quotes")
_KNOWN = (*DAILY_ASSETS[1:], *MONTHLY_REFERENCE_ASSETS, "chain_month", RAW)


class LayerRule(BaseModel):
    """What happens to the partitions of one layer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep_days: int = Field(ge=0)
    delete: bool = True


class RetentionPolicy(BaseModel):
    """An archive and the rules of the layers; a layer without a rule is left alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    archive: str = Field(min_length=1)
    layers: dict[str, LayerRule] = Field(min_length=1)
    universes: list[str] | None = Field(default=None, min_length=1)

    @field_validator("layers")
    @classmethod
    def _known_layers(cls, layers: dict[str, LayerRule]) -> dict[str, LayerRule]:
        unknown = sorted(set(layers) - set(_KNOWN))
        if unknown:
            raise ValueError(f"no layer is named {', '.join(unknown)}; there are {', '.join(_KNOWN)}")
        return layers


def read_policy(path: Path) -> RetentionPolicy:
    """The policy of a YAML file; SpecError names file, line and field of what is wrong."""
    from optix_pipeline.yaml_specs import load_spec

    return load_spec(path, RetentionPolicy)


def refuse_unheld(
    policy: RetentionPolicy, held: set[str], lake_uri: str, universe: str | None, policy_file: Path | None
) -> None:
    """Refuse a policy of which nothing would follow because of the universes that it names.

    Parameters
    ----------
    held
        Universes of which the lake holds anything.
    universe
        The only one that is asked about; then the others need not be held.

    Raises
    ------
    SpecError
        With file and line, if the lake holds nothing of one of them, or the one asked about is not among them.
    """
    from optix_pipeline.yaml_specs import SpecError, field_line

    for position, name in enumerate(policy.universes or ()):
        if universe is None and name not in held:
            where = (
                f"{policy_file}:{field_line(policy_file, ('universes', position))}: " if policy_file else ""
            )
            raise SpecError(
                f"{where}universes: {lake_uri} holds nothing of {name}; correct the name or run: "
                f"optix harvest {name}"
            )
    if universe is not None and policy.universes is not None and universe not in policy.universes:
        where = f"{policy_file}:{field_line(policy_file, ('universes',))}: " if policy_file else ""
        raise SpecError(
            f"{where}universes: {universe} is not among them ({', '.join(policy.universes)}); add it or name "
            "one of them"
        )


def short_policy(archive: str, keep_days: int) -> RetentionPolicy:
    """Everything older than ``keep_days`` is copied; only what is rebuilt from raw leaves the lake."""
    rules: Mapping[str, LayerRule] = {
        **{asset: LayerRule(keep_days=keep_days) for asset in REBUILT},
        **{
            asset: LayerRule(keep_days=keep_days, delete=False)
            for asset in (RAW, *MONTHLY_REFERENCE_ASSETS, "chain_month")
        },
    }
    return RetentionPolicy(archive=archive, layers=dict(rules))


def last_day(asset: str, key: str) -> dt.date | None:
    """The last day that a partition speaks of; None for a key that is no date (``all``): it has no age."""
    try:
        day = dt.date.fromisoformat(key)
    except ValueError:
        return None
    if asset in ("chain_month", *MONTHLY_REFERENCE_ASSETS):
        from assets.chain_month import month_end

        return month_end(day)
    return day
