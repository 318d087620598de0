"""What can go wrong between OPTIX and its databases."""


class DatabaseError(RuntimeError):
    """OPTIX's database cannot do what was asked."""


class DatabaseUrlError(DatabaseError, ValueError):
    """An environment variable holds no usable Postgres URL."""


class DatabaseUnreachableError(DatabaseError):
    """The server does not answer or refuses the role."""


class DatabaseCreationError(DatabaseError):
    """A database is absent and the role may not create it."""


class DatabaseBehindError(DatabaseError):
    """The tables are not those of this version of OPTIX."""


class UnknownRunError(DatabaseError, LookupError):
    """No run, or more than one, has this id or prefix."""


class RunRecordError(DatabaseError, ValueError):
    """A run record lacks something or contradicts itself."""


class DatabaseAheadError(DatabaseError):
    """The tables were made by a newer version of OPTIX."""
