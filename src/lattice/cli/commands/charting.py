"""``lattice chart``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from lattice.cli.options import environment, here, store_option
from lattice.cli.streams import say, while_read
from lattice.core.errors import UsageError
from lattice.reporting.atomic import written_whole
from lattice.reporting.charts import Chart, ChartKind, Theme
from lattice.reporting.charts.rendering import ENDINGS, picture
from lattice.reporting.formats import terminal_text
from lattice.service.charting import chart_of, difference_chart, evaluation_named, history_chart
from lattice.service.comparing import compare_runs
from lattice.service.workspace import open_workspace
from lattice.store import Store

STDOUT = "-"
_NAMES = [kind.value for kind in ChartKind]


@click.command()
@click.argument("references", metavar="RUN [RUN]", nargs=-1, required=True)
@click.option("--chart", "name", metavar="NAME", help=f"One of {', '.join(_NAMES)}.")
@click.option("--metric", metavar="NAME", help="Of a chart of differences: this one, input by input.")
@click.option("--theme", type=click.Choice([theme.value for theme in Theme]), default=Theme.LIGHT.value)
@click.option("--scale", type=click.FloatRange(0.5, 8), default=2.0, help="Pixels per unit of a PNG; 2 if not given.")
@click.option("-o", "--output", required=True, metavar="FILE", help=f"Ends with {', '.join(ENDINGS)}; - is SVG.")
@store_option
def chart(
    references: tuple[str, ...],
    name: str | None,
    metric: str | None,
    theme: str,
    scale: float,
    output: str,
    db: str | None,
) -> None:
    """Draw one chart of RUN, the differences between two runs, or the history of an evaluation.

    Without --chart the means of RUN, or the differences where there are two. For history give an evaluation's name.
    """
    ending = ".svg" if output == STDOUT else Path(output).suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{output}: a chart is written as one of {', '.join(ENDINGS)}")
    kind = _kind(name, references)
    if metric is not None and kind is not ChartKind.DIFFERENCES:
        raise UsageError("--metric is for charts of differences")
    with open_workspace(db, environment(), here()) as store:
        found = _chart(store, kind, references, metric)
    written = picture(found, ending, Theme(theme), scale)
    if output == STDOUT:
        with while_read(sys.stdout):
            sys.stdout.buffer.write(written)
            sys.stdout.buffer.flush()
        return
    with written_whole(Path(output)) as stream:
        stream.write(written)
    say(f"Wrote {output}: {terminal_text(found.title)}")


def _kind(name: str | None, references: Sequence[str]) -> ChartKind:
    """What was asked for; the name may be written with a dash."""
    if name is None:
        return ChartKind.MEANS if len(references) == 1 else ChartKind.DIFFERENCES
    wanted = name.lower().replace("-", "_")
    if wanted not in _NAMES:
        raise UsageError(f"{name!r} is no chart; there are {', '.join(_NAMES)}")
    return ChartKind(wanted)


def _chart(store: Store, kind: ChartKind, references: Sequence[str], metric: str | None) -> Chart:
    if kind is ChartKind.DIFFERENCES:
        return difference_chart(compare_runs(store, references, [metric] if metric else []))
    if len(references) > 1:
        raise UsageError(f"a chart of {kind.value} shows one run; two have a chart of differences")
    (reference,) = references
    if kind is ChartKind.HISTORY:
        return history_chart(store, evaluation_named(store, reference))
    return chart_of(store, store.find_run(reference), kind)
