"""Which errors are the user's to mend: they end a command with one line, everything else with a traceback."""


class Stopped(SystemExit):
    """Ctrl-C ended the command; the sentence says what that means for the work."""

    def __init__(self, sentence: str) -> None:
        super().__init__(130)
        self.sentence = sentence


def expected_errors() -> tuple[type[BaseException], ...]:
    """Exceptions whose message names the input, the rule and the way out.

    ``ValueError``, ``LookupError`` and ``OSError`` are the bases of the project's own domain errors.
    """
    from click.exceptions import ClickException

    found: list[type[BaseException]] = [ValueError, LookupError, OSError, ClickException]
    import sys

    # only what the command has loaded can have been raised
    failures = sys.modules.get("optix_pipeline.failures")
    if failures is not None:
        found.append(failures.RunFailedError)
    providers = sys.modules.get("resources.providers.protocol")
    if providers is not None:
        found.append(providers.ProviderError)
    database = sys.modules.get("resources.database.errors")
    if database is not None:
        found.append(database.DatabaseError)
    return tuple(found)
