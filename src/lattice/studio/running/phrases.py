"""What stands around a metric's numbers in the tables of a run."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.reporting.figures import MetricSummary
from lattice.reporting.words.metrics import interval_text, level_text, mean_words, native_text, pairs_words
from lattice.studio.running.sheets import Sheet

_STOPPED, _RUNNING = "live: the run stopped early", "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPhrases:
    """The words of one metric.

    Parameters
    ----------
    level: of the interval. native: the mean on the judge's own scale.
    mean: the mean with its count and the interval's method.
    pairs: how the pairs with the baseline ended.
    """

    level: str
    interval: str
    pass_interval: str
    native: str
    mean: str
    pairs: tuple[str, ...]


def metric_phrases(metric: MetricSummary, name: str, sheet: Sheet) -> MetricPhrases:
    """The words of a metric; `name` is what its mean is called."""
    return MetricPhrases(
        level=level_text(metric),
        interval=interval_text(metric.interval),
        pass_interval=interval_text(metric.pass_interval),
        native=native_text(metric, sheet.board.scale_maximum),
        mean=mean_words(metric, name, so_far=_RUNNING if sheet.is_live else _STOPPED),
        # How many pairs follow the order is known at the end.
        pairs=tuple(pairs_words(metric.pairs)[: 1 if sheet.is_provisional else None]) if metric.pairs else (),
    )
