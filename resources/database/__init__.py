"""Embedded Postgres, tables, migrations, writers.

Kept empty: the supervisor of the embedded server imports its modules through this package and must start at once.
"""
