"""The lake as a Dagster resource."""

import dagster as dg
from pydantic import PrivateAttr

from resources.lake.lake import Lake
from resources.lake.opening import open_lake


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where the layers are kept: a folder, or ``s3://bucket/prefix``."""

    uri: str
    _lake: Lake | None = PrivateAttr(default=None)

    def open(self) -> Lake:
        """The lake; opened once per resource."""
        if self._lake is None:
            self._lake = open_lake(self.uri)
        return self._lake
