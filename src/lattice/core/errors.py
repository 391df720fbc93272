"""What can go wrong, as one tree.

::

    LatticeError
    ├── UsageError              the caller asked for something that cannot be done (exit code 2)
    │   ├── NotFound            what it names is not there
    │   └── InvalidEvaluation   the file or its inputs; carries every problem found, not just the first
    ├── StoreError              the database refused: full disk, locked, read-only, written by a newer Lattice
    │   ├── ClaimLost           another process took this run over; this one must write nothing more
    │   └── StoreGone           somebody took the store away while it was written to
    └── CallError               one call to a target or a judge went wrong; the engine turns it into data

Only a `CallError` has a `kind`: the retry policy and the user-facing error list read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lattice.core.limits import LimitHints
from lattice.core.models import Usage


class ErrorKind(StrEnum):
    """Why a call failed; the values are those of ``errors[].kind`` in documents and exports."""

    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    SERVER_ERROR = "server_error"
    CONNECTION = "connection"
    JUDGE_PARSE = "judge_parse"
    INVALID_INPUT = "invalid_input"
    TARGET_RESPONSE = "target_response"
    TARGET_ERROR = "target_error"
    AUTH = "auth"
    NOT_FOUND = "not_found"
    QUOTA = "quota"

    @property
    def is_fatal(self) -> bool:
        """Whether no other call of the run can succeed either, so that the run fails at once."""
        return self in _FATAL

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed later without anybody changing anything."""
        return self in _TRANSIENT


_FATAL = frozenset({ErrorKind.AUTH, ErrorKind.NOT_FOUND, ErrorKind.QUOTA})
_TRANSIENT = frozenset({ErrorKind.RATE_LIMIT, ErrorKind.TIMEOUT, ErrorKind.SERVER_ERROR, ErrorKind.CONNECTION})


class LatticeError(Exception):
    """Anything Lattice raises on purpose. Its text is meant for the user as it stands."""


class UsageError(LatticeError):
    """The request cannot be carried out as it was made; the message says how to make it."""


class NotFound(UsageError):
    """What the request names is not there; the message says what is close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with an evaluation or its inputs.

    Parameters
    ----------
    message: what is wrong and what was expected.
    file: the file it stands in, as the user named it.
    line: 1-based line in that file.
    key: dotted path of the key, such as ``scoring.judge.scale``.
    hint: how to mend it, when the message alone does not say.
    """

    message: str
    file: str | None = None
    line: int | None = None
    key: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        parts = [part for part in (place, self.key, self.message) if part]
        return ": ".join(parts) + (f" ({self.hint})" if self.hint else "")


class InvalidEvaluation(UsageError):
    """An evaluation or its inputs cannot be run; `problems` holds everything found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StoreError(LatticeError):
    """The store could not be read or written; what was committed before stays readable."""


class ClaimLost(StoreError):
    """The run belongs to another process now."""


class StoreGone(StoreError):
    """The store is not there any more, and with it all that was committed."""


class CallError(LatticeError):
    """One call to a provider, endpoint or function failed.

    Parameters
    ----------
    kind: what the retry policy and the error list go by.
    message: one line for the user, free of secrets.
    retry_after: seconds the provider asked to wait, if it said so.
    limits: what the response's headers told about rate limits.
    usage, cost_usd: a call that failed after it was paid for (a refused answer) still says what it used.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        retry_after: float | None = None,
        limits: LimitHints | None = None,
        usage: Usage | None = None,
        cost_usd: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        self.limits = limits
        self.usage = usage
        self.cost_usd = cost_usd
