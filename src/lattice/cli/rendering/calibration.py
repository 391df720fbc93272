"""A judge against a person: agreement, the table of levels, the corrected mean, and what they differ on."""

from __future__ import annotations

from collections.abc import Sequence

from lattice.cli.rendering.grids import aligned, boxed
from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.reporting import formats
from lattice.reporting.annotation_sheet import Drawn
from lattice.reporting.calibration import Calibration, Figure, Rating
from lattice.reporting.figures import Bounds
from lattice.reporting.formats import NOTHING, count, fit, terminal_text, wrapped
from lattice.reporting.trust import Trust
from lattice.service.annotating import Imported

_INDENT = "  "
_MOST_LEVELS = 11
_COLOURS = {Trust.TRUSTED: Colour.GREEN, Trust.NOT_TRUSTED: Colour.RED, Trust.NOT_YET: Colour.YELLOW}
_METHODS = {
    "ppi++": "PPI++",
    "rogan_gladen": "Rogan-Gladen",
    "human": "the person's scores alone",
    "cohens_kappa_quadratic": "quadratic weights",
    "cohens_kappa": "not weighted",
}


def calibration_lines(calibrations: Sequence[Calibration], terminal: Terminal) -> list[str]:
    """Everything, one target after the other; warnings stand before the numbers and the finding behind them."""
    lines: list[str] = []
    for each in calibrations:
        lines += [*([""] if lines else []), *_lines(each, terminal)]
    return lines


def sample_lines(drawn: Drawn, levels: str, output: str, seed: int, terminal: Terminal) -> list[str]:
    """What was written, and what to do with it."""
    where = "" if output == "-" else f" to {output}"
    said = f"Wrote {count(len(drawn.keys))} of {count(drawn.available)} scored results{where}, drawn with seed {seed}."
    how = (
        f"Score each response by the rubric in the column score: {levels}. The rows are in random order: whoever stops "
        "early has scored a random sample too, as long as none was passed over."
    )
    return [*_wrapped(said, terminal), *_wrapped(how, terminal)]


def left_out_lines(imported: Imported, terminal: Terminal) -> list[str]:
    """What was not stored, and why."""
    reasons = (
        ("the run's response is another than the one that was scored", imported.changed),
        ("the run has no result for them", imported.missing),
    )
    return [
        line
        for reason, ids in reasons
        if ids
        for line in _wrapped(f"Warning: {len(ids)} not stored, since {reason}: {', '.join(ids)}", terminal)
    ]


def _lines(found: Calibration, terminal: Terminal) -> list[str]:
    heading = f"Calibration: the judge of {found.name} against a person"
    both = f"{count(found.n)} results scored by both, {count(found.judged)} inputs scored by the judge"
    lines = [*_wrapped(heading, terminal), *_wrapped(f"{both} ({found.scale.label})", terminal)]
    if found.warnings:
        said = [line for warning in found.warnings for line in _wrapped(f"Warning: {warning}", terminal)]
        lines += ["", *(terminal.paint(line, Colour.YELLOW) for line in said)]
    lines += ["", *_agreement(found, terminal), "", *_confusion(found, terminal), "", *_means(found, terminal)]
    if found.different:
        lines += ["", terminal.paint("Where judge and person differ most", Colour.BOLD)]
        lines += [line for each in found.different for line in _difference(each, terminal)]
    said = _wrapped(found.conclusion, terminal)
    return [*lines, "", *(terminal.paint(line, _COLOURS[found.trust]) for line in said)]


def _agreement(found: Calibration, terminal: Terminal) -> list[str]:
    level = found.exact.interval.level if found.exact.interval else 0.95
    rows = [
        ("Agreement", "Value", f"{level:.0%} CI"),
        ("Weighted kappa" if len(found.scale.levels) > 2 else "Kappa", *_cells(found.kappa)),
        ("Spearman", *_cells(found.spearman)),
        ("Exact agreement", *_cells(found.exact)),
        ("Mean bias", *_bias_cells(found.bias)),
    ]
    beside = [
        "",
        _METHODS.get(found.kappa.method, "") if found.kappa else "no value: too few or too equal scores",
        "" if found.spearman else "no value: too few or too equal scores",
        f"{sum(row[place] for place, row in enumerate(found.confusion))} of {found.n}",
        f"judge: {found.bias.value * found.span:+.2f} levels" if found.bias else "",
    ]
    return boxed(rows, beside=beside, width=terminal.width)


def _cells(figure: Figure | None) -> tuple[str, str]:
    return (NOTHING, NOTHING) if figure is None else (formats.score(figure.value), _interval(figure.interval))


def _bias_cells(figure: Figure | None) -> tuple[str, str]:
    if figure is None:
        return NOTHING, NOTHING
    bounds = figure.interval
    return f"{figure.value:+.2f}", f"[{bounds.lower:+.2f}, {bounds.upper:+.2f}]" if bounds else NOTHING


def _interval(bounds: Bounds | None) -> str:
    return NOTHING if bounds is None else formats.interval(bounds.lower, bounds.upper)


def _confusion(found: Calibration, terminal: Terminal) -> list[str]:
    """Counts by level; of scales with many levels those that were given."""
    values, table = found.scale.values, found.confusion
    places = [*range(len(values))]
    if len(values) > _MOST_LEVELS:
        places = [place for place in places if sum(table[place]) or sum(row[place] for row in table)]
    rows = [("", *(str(values[place]) for place in places))]
    rows += [(str(values[row]), *(str(table[row][column]) for column in places)) for row in places]
    lines = [_INDENT + line for line in aligned(rows, width=terminal.width - len(_INDENT))]
    title = fit("Levels: the person's in rows, the judge's in columns", terminal.width)
    return [terminal.paint(title, Colour.BOLD), *lines]


def _means(found: Calibration, terminal: Terminal) -> list[str]:
    person = f"Means of these {count(found.inputs)} inputs: person {_mean(found, found.human_mean)}"
    lines = _wrapped(f"{person}, judge {_mean(found, found.judge_mean)}", terminal)
    lines += _wrapped(f"Judge's mean of all {count(found.judged)} inputs: {_mean(found, found.run_mean)}", terminal)
    return [*lines, *_wrapped(_corrected(found), terminal)]


def _corrected(found: Calibration) -> str:
    corrected = found.corrected
    if corrected is None:
        return f"Corrected mean: none, since {found.not_corrected}"
    how = _METHODS.get(corrected.method, corrected.method)
    if corrected.weight is not None:
        how += f", the judge weighs {formats.score(corrected.weight)}; right if the person's inputs are a random sample"
    return f"Corrected mean: {_mean(found, corrected.mean)} {_interval(corrected.interval)} ({how})"


def _mean(found: Calibration, score: float) -> str:
    """``0.74 (3.95 of 5)``."""
    return f"{formats.score(score)} ({formats.native(found.native(score))} of {found.scale.maximum})"


def _difference(rating: Rating, terminal: Terminal) -> list[str]:
    scores = f"judge {formats.native(rating.judge)}, person {formats.native(rating.human)}"
    line = f"{_INDENT}#{rating.key.position}  {scores}  {terminal_text(rating.text, terminal.width)}"
    lines = [fit(line, terminal.width)]
    if rating.reason:
        lines.append(fit(f"{_INDENT * 3}{terminal_text(rating.reason, terminal.width)}", terminal.width))
    return lines


def _wrapped(text: str, terminal: Terminal) -> list[str]:
    return wrapped(terminal_text(text), terminal.width)
