"""Dagster's own storage (runs, events, schedules) in the second database of OPTIX's server.

``storage: custom:`` in dagster.yaml names the class below. Dagster's own ``postgres_url: {env: X}`` fails to load when
X is unset; this one then starts or joins the embedded server, in every process that opens the instance.
"""

from collections.abc import Mapping
from typing import Any

from dagster import BoolSource, Field, StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy import make_url

from resources.dagster_event_log import BatchingEventLogStorage
from resources.database.urls import DAGSTER_DRIVER, DAGSTER_URL_VARIABLE, database_urls, postgres_url

STATEMENT_TIMEOUT_MS = 120_000
RECYCLE_SECONDS = 3_600
MAX_OVERFLOW = 20


class OptixPostgresStorage(DagsterPostgresStorage):
    """``DagsterPostgresStorage`` whose URL comes from the environment or the embedded server.

    Each storage keeps one connection (more when threads ask) where Dagster's default opens one per statement,
    which costs a scram handshake of 5 ms every time.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        super().__init__(postgres_url, should_autocreate_tables, inst_data)
        self._event_log_storage = BatchingEventLogStorage(postgres_url, should_autocreate_tables)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage.optimize_for_webserver(
                statement_timeout=STATEMENT_TIMEOUT_MS,
                pool_recycle=RECYCLE_SECONDS,
                max_overflow=MAX_OVERFLOW,
            )

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {
            "postgres_url": Field(
                StringSource,
                is_required=False,
                description="A Postgres URL; without it OPTIX's own rule (see resources.database.urls).",
            ),
            "should_autocreate_tables": Field(BoolSource, is_required=False, default_value=True),
        }

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Mapping[str, Any],
    ) -> "OptixPostgresStorage":
        named = config_value.get("postgres_url")
        if named:
            url = postgres_url(named, f"{DAGSTER_URL_VARIABLE} or postgres_url in dagster.yaml")
        else:
            url = make_url(database_urls().dagster)
        return cls(
            postgres_url=url.set(drivername=DAGSTER_DRIVER).render_as_string(hide_password=False),
            should_autocreate_tables=config_value["should_autocreate_tables"],
            inst_data=inst_data,
        )
