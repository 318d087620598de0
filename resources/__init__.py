"""Everything outside the process: lake, database, providers, data-quality runner, notifier."""
