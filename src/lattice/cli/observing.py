"""Who follows the run of a command: its log and its trace, where they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

import click

from lattice.cli.options import LOGGED, environment, log_options
from lattice.cli.streams import say
from lattice.core.runs import RunRecord
from lattice.engine.observing import Observer
from lattice.service.run_log import Observers, RunLog

F = TypeVar("F", bound=Callable[..., Any])

_TRACED = "lattice.traced"


def observed(command: F) -> F:
    """The options of a command that carries a run out: those of the log, and ``--traces``."""

    @wraps(command)
    def with_traces(*arguments: Any, traces: bool, **options: Any) -> Any:
        click.get_current_context().meta[_TRACED] = traces
        if traces:
            from lattice.service.tracing import check_endpoint  # an optional library

            check_endpoint(environment())
        return command(*arguments, **options)

    asked = click.option("--traces", is_flag=True, envvar="LATTICE_TRACES", help="Send OpenTelemetry traces.")
    return log_options(cast(F, asked(with_traces)))


@contextmanager
def observer_of(record: RunRecord) -> Iterator[Observer | None]:
    """Whoever follows a run while this lasts; None where nobody does.

    Raises
    ------
    UsageError: traces are asked for and cannot be sent.
    """
    meta = click.get_current_context().meta
    log: list[Observer] = [RunLog(record)] if meta.get(LOGGED) else []
    if not meta.get(_TRACED):
        yield log[0] if log else None
        return
    from lattice.service.tracing import traced  # an optional library

    with traced(record) as trace:
        yield Observers([*log, trace])
    if trace.lost:
        say("Some of the trace could not be sent: check OTEL_EXPORTER_OTLP_ENDPOINT and the collector there.")
