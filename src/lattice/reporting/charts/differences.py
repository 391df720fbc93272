"""What differs between two sides: input by input for one comparison, an interval for each of several."""

from __future__ import annotations

from lattice.reporting.charts.difference_bars import by_input_chart
from lattice.reporting.charts.difference_rows import side_by_side_chart
from lattice.reporting.charts.records import Chart
from lattice.reporting.comparison import Comparison, Report


def differences_chart(report: Report, comparison: Comparison | None = None) -> Chart:
    """Differences, candidate less baseline.

    Parameters
    ----------
    comparison: one of the report's; the whole report is shown if absent, a single comparison in it by its inputs.

    Raises
    ------
    ValueError: the report holds no comparison.
    """
    if comparison is None and len(report.comparisons) == 1:
        comparison = report.comparisons[0]
    if comparison is not None and comparison.method == "paired":
        return by_input_chart(report, comparison)
    shown = report.comparisons if comparison is None else (comparison,)
    if not shown:
        raise ValueError("nothing was compared")
    return side_by_side_chart(shown)
