"""Lattice in pytest: the fixture `evaluate` runs an evaluation within a test and asserts its gates.

Pytest loads this module at every start, so that it imports nothing of Lattice before a test asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    # Heavy: only a test that evaluates something needs them.
    from lattice import Evaluation, Run
    from lattice.api.asserting import Finding

    _Given = Evaluation | str | os.PathLike[str]

PROPERTY = "lattice"
"""Name of the test property (``<property>`` in JUnit) that holds a run in one line."""

_CHOICES = ("fail", "skip", "xfail")


class Evaluate(Protocol):
    """What the fixture `evaluate` gives."""

    def __call__(
        self,
        evaluation: _Given,
        *,
        require: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
    ) -> Run:
        """Run an evaluation to its end, and fail the test unless every gate passes.

        Parameters
        ----------
        evaluation: itself, or its file: seen from the test's folder, else from the working directory.
        require: further conditions such as ``mean > 0.80``, beside the evaluation's gates.
        tags: ``key=value`` on the run, beside ``pytest=NODEID``.

        Returns
        -------
        The run, for further assertions. Where there is no gate and no condition, it has gone to its end and has
        scores.
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, all of which begin with ``--lattice``."""
    group = parser.getgroup("lattice", "evaluations of language models")
    group.addoption("--lattice-limit", type=_count, metavar="N", help="only the first N inputs of each evaluation")
    group.addoption(
        "--lattice-db", metavar="URL", help="the store, instead of the workspace around the working directory"
    )
    group.addoption(
        "--lattice-inconclusive",
        choices=_CHOICES,
        help="what a test does whose gates are inconclusive (fail)",
    )
    parser.addini("lattice_inconclusive", f"one of {', '.join(_CHOICES)}", default="fail")


@pytest.fixture
def evaluate(request: pytest.FixtureRequest) -> Evaluate:
    """Run an evaluation and fail the test unless its gates pass: ``evaluate("evaluation.yaml")``."""
    return _Evaluator(request)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each run."""
    lines = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if lines:
        terminalreporter.section("lattice")
        for line in sorted(lines):
            terminalreporter.line(line)


class _Evaluator:
    """Runs evaluations for one test."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._config = request.config

    def __call__(
        self,
        evaluation: _Given,
        *,
        require: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
    ) -> Run:
        __tracebackhide__ = True
        from lattice.api.asserting import Outcome  # heavy: only a test that evaluates something needs it

        run, finding = self._found(evaluation, require, tags)
        self._request.node.user_properties.append((PROPERTY, finding.line))
        match finding.outcome:
            case Outcome.PASSED:
                return run
            case Outcome.INCONCLUSIVE:
                self._inconclusive(finding)
            case Outcome.CANCELLED:
                # Ctrl-C has reached the run: the calls in flight have finished, and no further test is to start.
                self._request.session.shouldstop = finding.line
        pytest.fail(finding.message, pytrace=False)

    def _found(self, evaluation: _Given, require: Sequence[str], tags: Mapping[str, str] | None) -> tuple[Run, Finding]:
        __tracebackhide__ = True
        import lattice  # heavy: only a test that evaluates something needs it
        from lattice.api.asserting import check_conditions, finding_of

        db = self._config.getoption("lattice_db")
        labels = {"pytest": self._request.node.nodeid, **(tags or {})}
        try:
            chosen = self._limited(self._loaded(evaluation))
            check_conditions(chosen, require)
            run = lattice.run(chosen, db=db, tags=labels, progress=False)
            return run, finding_of(run, require, db)
        except lattice.UsageError as error:
            said = str(error)
        pytest.fail(f"the evaluation cannot be run:\n{said}", pytrace=False)

    def _loaded(self, evaluation: _Given) -> Evaluation:
        __tracebackhide__ = True
        import lattice  # heavy: only a test that evaluates something needs it

        if isinstance(evaluation, lattice.Evaluation):
            return evaluation
        folders = dict.fromkeys((self._request.path.parent, Path.cwd()))
        for folder in folders:
            if (folder / evaluation).exists():
                return lattice.load(folder / evaluation)
        places = " nor in ".join(str(folder) for folder in folders)
        pytest.fail(f"there is no file {os.fspath(evaluation)}, neither in {places}", pytrace=False)

    def _limited(self, evaluation: Evaluation) -> Evaluation:
        from lattice.api.building import changed  # heavy: only a test that evaluates something needs it
        from lattice.service.preparation import Overrides

        limit = self._config.getoption("lattice_limit")
        own = evaluation.inputs.limit
        if limit is None or (own is not None and own <= limit):
            return evaluation
        return changed(evaluation, Overrides(limit=limit))

    def _inconclusive(self, finding: Finding) -> None:
        __tracebackhide__ = True
        chosen = self._config.getoption("lattice_inconclusive") or self._config.getini("lattice_inconclusive")
        match chosen:
            case "skip":
                pytest.skip(finding.reason)
            case "xfail":
                pytest.xfail(finding.reason)
            case "fail":
                pytest.fail(finding.message, pytrace=False)
            case _:
                raise pytest.UsageError(f"lattice_inconclusive is one of {', '.join(_CHOICES)}, not {chosen!r}")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
