"""Alembic's entry: run the revisions on the connection that ``resources.database.migration`` hands over."""

from alembic import context

from resources.database.models import Base

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("OPTIX's migrations run under a lock that 'optix db upgrade' takes; use that command")
context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
