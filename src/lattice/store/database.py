"""Transactions on one database, whose errors are the user's and not the driver's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement

from lattice.core.errors import StoreError
from lattice.store.dialects import Dialect
from lattice.store.transactions import ACCESS, Access


class Database:
    """A pool of connections to one store. Safe to use from several threads."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._engine: Engine = dialect.engine()
        self._writing = self._engine.execution_options(**{ACCESS: Access.WRITE})
        self._owning = self._engine.execution_options(**{ACCESS: Access.OWN})

    def close(self) -> None:
        """Give all connections back to the system."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the store.

        Raises
        ------
        StoreError: the database refused.
        """
        with self.explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start, waiting for it if need be.

        Raises
        ------
        StoreError: the database refused.
        """
        with self.explained(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection kept for long, whose transactions (``connection.begin()``) write what is one run's own.

        See `Access.OWN` for what they may do.
        """
        with self.explained(), self._owning.connect() as connection:
            yield connection

    @contextmanager
    def cursor(self, connection: Connection) -> Iterator[DBAPICursor]:
        """The driver's own cursor, for statements of `driver_sql` that are run once per commit.

        SQLAlchemy takes several times as long for such a statement as SQLite does. Errors are the driver's own until
        they leave `explained`.
        """
        cursor = connection.connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the database refuses into `StoreError`; broken statements and constraints stay as they are."""
        driver = self._engine.dialect.loaded_dbapi
        try:
            yield
        except (ProgrammingError, driver.ProgrammingError) as error:
            cause = error.orig if isinstance(error, ProgrammingError) else error
            if not self.dialect.is_refusal(cause):
                raise
            raise self.dialect.explain(cause) from error
        except (IntegrityError, driver.IntegrityError):
            raise
        except DBAPIError as error:
            raise self.dialect.explain(error.orig) from error
        except driver.Error as error:
            raise self.dialect.explain(error) from error
        except PoolTimeout as error:
            raise StoreError(f"the store {self.dialect.place} is asked by too many at once; try again") from error

    def driver_sql(self, statement: Executable, names: Sequence[str]) -> str:
        """Compile a statement once, for rows of values in the order of `names`.

        Raises
        ------
        ValueError: the statement takes other parameters, or in another order.
        """
        if not isinstance(statement, ClauseElement):
            raise ValueError(f"{statement!r} cannot be compiled")
        compiled = statement.compile(dialect=self._engine.dialect)
        taken = tuple(getattr(compiled, "positiontup", None) or ())
        if taken != tuple(names):
            raise ValueError(f"the statement takes {taken}, not {tuple(names)}")
        return str(compiled)
