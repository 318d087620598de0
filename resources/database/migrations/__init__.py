"""The history of OPTIX's tables (Alembic). Apply it with ``optix db upgrade``."""
