"""Leave to make one call."""

from __future__ import annotations

from types import TracebackType

from lattice.core.limits import LimitHints
from lattice.engine.limits.account import Account
from lattice.engine.limits.lane import Lane
from lattice.engine.limits.pool import Start


class Permit:
    """Leave to make one call, to be handed back exactly once: `done`, `refused` or `failed`.

    As a context manager it hands itself back as failed where nobody else did, for a cancelled call for
    example.

    Raises
    ------
    RuntimeError: it is handed back a second time.
    """

    __slots__ = ("_account", "_lane", "_open", "_start", "_tokens")

    def __init__(self, account: Account, lane: Lane, tokens: int, start: Start) -> None:
        self._account = account
        self._lane = lane
        self._tokens = tokens
        self._start = start
        self._open = True

    def done(self, hints: LimitHints | None = None, used_tokens: int | None = None) -> None:
        """The call has succeeded.

        Parameters
        ----------
        hints: what its headers told.
        used_tokens: what it really used; None or 0 where that is not known.
        """
        self._close()
        used = used_tokens or self._tokens
        self._account.succeeded(self._lane, self._start, used - self._tokens, hints)

    def refused(self, retry_after: float | None = None, hints: LimitHints | None = None) -> float:
        """The provider refused the call because of a limit, so that it did not count.

        Everyone who shares the limit pauses. Acquire again at once, with one more of ``refusals``: the
        limiter makes the call wait, as long as told at least, and lets it go first.

        Parameters
        ----------
        retry_after: seconds the provider asked to wait, if it said so, or the most that the run's policy allows.
        hints: what the headers told.

        Returns
        -------
        Seconds until calls to this limit are made again.
        """
        self._close()
        return self._account.refused(self._lane, self._start, self._tokens, retry_after, hints)

    def failed(self, hints: LimitHints | None = None) -> None:
        """The call ended in any other way; that says nothing about limits, except what its headers tell."""
        self._close()
        self._account.failed(self._lane, self._start, hints)

    def _close(self) -> None:
        if not self._open:
            raise RuntimeError("this permit has been handed back already")
        self._open = False

    def __enter__(self) -> Permit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            self.failed()
