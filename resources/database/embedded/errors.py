"""What can go wrong with the embedded server."""

from resources.database.errors import DatabaseError


class EmbeddedServerError(DatabaseError):
    """The embedded Postgres cannot be used."""


class EmbeddedServerUnsupportedError(EmbeddedServerError):
    """This machine cannot run the embedded Postgres; OPTIX_DATABASE_URL names another server."""


class EmbeddedServerStartError(EmbeddedServerError):
    """Postgres or its supervisor did not start; the message holds the end of the log."""


class AlreadySupervisedError(EmbeddedServerError):
    """Another supervisor owns this folder."""
