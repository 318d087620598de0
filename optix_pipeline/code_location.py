"""What Dagster loads: the definitions of this machine's catalog."""

from optix_pipeline.definitions import build_definitions

defs = build_definitions()
