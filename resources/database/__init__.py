"""Embedded Postgres, tables, migrations, writers."""
