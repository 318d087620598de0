"""``optix db``."""

from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.session import quiet_environment


def run_upgrade(*, as_json: bool) -> None:
    """Migrate OPTIX's own tables to the newest revision."""
    quiet_environment()
    from resources.database.database import open_database

    database = open_database()
    before = database.revision()
    database.upgrade()
    after = database.revision()
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        print(f"the database is current (revision {after})")
    else:
        print(f"upgraded from {before or 'empty'} to {after}")


def show_status(*, as_json: bool) -> None:
    """Revision against the newest, and how many rows each table holds."""
    quiet_environment()
    from resources.database.database import open_database

    database = open_database()
    revision, head = database.revision(), database.head()
    counts = database.table_counts() if revision == head else {}
    if as_json:
        print_json({"revision": revision, "head": head, "tables": counts})
        return
    if revision != head:
        print(
            f"the database is at revision {revision or 'none'}, the newest is {head}; run: optix db upgrade"
        )
        return
    print_table(f"database at revision {revision}", ("table", "rows"), list(counts.items()))
