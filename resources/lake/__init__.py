"""The lake: one folder or bucket of Parquet files and raw payloads."""
