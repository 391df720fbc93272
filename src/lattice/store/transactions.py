"""What a transaction on a store is for. It says how the transaction begins, in every kind of database."""

from __future__ import annotations

from enum import Enum, auto

ACCESS = "lattice_access"
"""The execution option of a connection that says it."""


class Access(Enum):
    """What a transaction is for."""

    READ = auto()
    """It sees one state of the store, and waits for nobody."""

    WRITE = auto()
    """It excludes every other one of its kind from its start, so that what it read still holds when it writes."""

    OWN = auto()
    """It writes what belongs to one run, whose row it changes under the condition that the run's claim is its own.

    On PostgreSQL it excludes nobody but those who change that row, so that the commits of several runs do not wait
    for one another. That is enough. A claim's token is drawn anew each time and never given again: when the change
    of the row finds the token, the claim has been this process's without a break, and the row stays locked until the
    commit. So nobody else can have written the run's rows since they were read, and nobody takes the run over in
    between. Whoever takes a run, asks it to stop, deletes it, empties it or enters one that arrives changes the run's
    row in a transaction that is `WRITE`, waits there for a commit that is under way, and reads what it left.
    """
