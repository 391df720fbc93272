"""What the tabs of a run's page show: failed trials, failed calls, the configuration, the formats of exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lattice.core.evaluation import Evaluation
from lattice.core.filters import parse_filter
from lattice.core.runs import RunRecord
from lattice.reporting.exports import FORMATS, Format
from lattice.reporting.words.configuration import inputs_words, scoring_words, target_labels
from lattice.service.execution import in_force
from lattice.store import AttemptRow, ResultRow, Store
from lattice.studio.running.errors import said_of

ON_A_PAGE = 50
FAILED = parse_filter("failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One failed trial."""

    position: int
    said: str
    kind: str
    step: str
    attempts: int
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPage:
    """A page of the failed trials, in the order of their inputs; `first` is the place of its first one."""

    rows: tuple[Failed, ...]
    total: int
    number: int

    @property
    def first(self) -> int:
        return (self.number - 1) * ON_A_PAGE + 1

    @property
    def last(self) -> int:
        return min(self.number * ON_A_PAGE, self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsPage:
    """A page of the attempt log, oldest first; `next` is the id that later ones come after, None at the end."""

    rows: tuple[AttemptRow, ...]
    after: int
    next: int | None
    several: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """A prompt, a rubric, a schema: something to be read as it was written."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a run was started with.

    Parameters
    ----------
    targets: their labels.
    scoring: headings with what stands under them.
    texts: prompts and rubrics.
    settings: how it is carried out; resumed_with: what of that came with a resume.
    """

    evaluation: Evaluation
    inputs: str
    targets: tuple[str, ...]
    scoring: tuple[tuple[str, str], ...]
    texts: tuple[TextBlock, ...]
    settings: tuple[tuple[str, str], ...]
    resumed_with: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A format that a run can be written to; `missing` says what to install for it."""

    format: Format
    label: str
    missing: str | None


def errors_page(store: Store, record: RunRecord, number: int) -> FailedPage:
    """A page of failed trials, from 1 on."""
    several = len(record.config["targets"]) > 1
    rows = store.results(record.key, where=FAILED, offset=(number - 1) * ON_A_PAGE, limit=ON_A_PAGE)
    return FailedPage(
        rows=tuple(_failed(row, several) for row in rows if row.failure is not None),
        total=record.progress.failed,
        number=number,
    )


def _failed(row: ResultRow, several: bool) -> Failed:
    failure = row.failure
    assert failure is not None  # the caller has looked
    return Failed(
        position=row.key.position,
        said=said_of(row.key.position, row.target if several else None, failure.step, failure.message),
        kind=failure.kind.value,
        step=failure.step.value,
        attempts=row.attempts,
        duration=row.duration,
    )


def attempts_page(store: Store, record: RunRecord, after: int) -> AttemptsPage:
    """Failed calls after an id."""
    rows = store.attempts(record.key, after=after, limit=ON_A_PAGE + 1)
    shown = tuple(rows[:ON_A_PAGE])
    return AttemptsPage(
        rows=shown,
        after=after,
        next=shown[-1].id if len(rows) > ON_A_PAGE else None,
        several=len(record.config["targets"]) > 1,
    )


def configuration_of(store: Store, record: RunRecord) -> Configuration:
    """The configuration of a run, to be read."""
    evaluation = Evaluation.model_validate(record.config)
    return Configuration(
        evaluation=evaluation,
        inputs=inputs_words(evaluation, record.input_count),
        targets=tuple(target_labels(evaluation)),
        scoring=tuple(scoring_words(evaluation)),
        texts=tuple(_texts(evaluation)),
        settings=tuple(_settings(in_force(evaluation, record.settings, ()).model_dump(mode="json", exclude_none=True))),
        resumed_with=frozenset(name for name, _ in _settings(record.settings)),
    )


def _texts(evaluation: Evaluation) -> list[TextBlock]:
    found: list[TextBlock] = []
    for target in evaluation.targets:
        written = {"system": target.system, "prompt": target.prompt}
        found += [TextBlock(name=f"{target.name}: {name}", text=text) for name, text in written.items() if text]
        for message in target.messages or ():
            found.append(TextBlock(name=f"{target.name}: {message.role.value}", text=message.content))
    several = len(evaluation.judges) > 1
    for judge in evaluation.judges:
        name = f"Judge {judge.label}" if several else "Judge"
        prompt = judge.prompt
        written = {
            "rubric": judge.rubric,
            "system": prompt.system if prompt else None,
            "prompt": prompt.user if prompt else None,
        }
        found += [TextBlock(name=f"{name}: {part}", text=text) for part, text in written.items() if text]
        for criterion in judge.criteria:
            said = f"{criterion.name} (weight {criterion.weight:g})"
            found.append(TextBlock(name=f"{name}: criterion {said}", text=criterion.description or "-"))
    return found


def _settings(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings as ``retries.rate_limit`` with their values."""
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            found += _settings(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", str(value)))
    return found


_LABELS = {
    "csv": "CSV, a row for each result",
    "json": "JSON, the run and its results",
    "jsonl": "JSON Lines, a result on each line",
    "parquet": "Parquet, for data frames",
    "junit": "JUnit, a test case for each gate",
    "markdown": "Markdown, a summary to paste",
    "html": "HTML, a report of its own",
    "lattice": "Lattice artifact, to be imported elsewhere",
}


def formats_offered() -> tuple[Offered, ...]:
    """Every format there is."""
    return tuple(
        Offered(format=each, label=_LABELS.get(each.name, each.name), missing=_missing(each)) for each in FORMATS
    )


def _missing(format: Format) -> str | None:
    needs = format.needs
    return None if needs is None or format.is_installed else f"pip install 'lattice-evals[{needs.name}]'"
