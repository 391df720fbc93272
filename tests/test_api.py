"""Lattice from Python."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import lattice
from lattice.core.runs import RunStatus
from lattice.core.trials import Step
from lattice.engine.runner import Ending, Runner

INPUTS = [{"id": f"q{n}", "input": f"Question {n}?", "reference": f"Answer {n}."} for n in range(1, 41)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LATTICE_DB", raising=False)
    return tmp_path


def data(**changes: Any) -> dict[str, Any]:
    return {
        "name": "From Python",
        "targets": [{"name": "Assistant", "model": "sim/assistant"}],
        "inputs": {"items": INPUTS},
        "scoring": {"judge": {"model": "sim/judge", "mode": "reference"}},
        **changes,
    }


def evaluation(**changes: Any) -> lattice.Evaluation:
    return lattice.Evaluation.model_validate(data(**changes))


def write(folder: Path, contents: Mapping[str, Any]) -> None:
    (folder / "evaluation.yaml").write_text(yaml.safe_dump(dict(contents)), encoding="utf-8")


def test_the_documented_example_works(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, data())
    documentation = inspect.getdoc(lattice)
    assert documentation is not None
    _, _, example = documentation.partition("\n\n")
    exec(inspect.cleandoc(example), {})
    mean, bounds = capsys.readouterr().out.split(" ", 1)
    assert 0 < float(mean) < 1
    assert "adjusted_t" in bounds


def test_a_run_has_its_numbers() -> None:
    run = lattice.run(evaluation(), tags={"commit": "3f2a1c"})
    assert run.status is RunStatus.COMPLETED
    assert run.name == "from-python#1"
    assert run.stopped is None
    assert run.duration > 0
    assert run.started_at is not None
    assert (run.progress.total, run.progress.done, run.progress.successful, run.progress.failed) == (40, 40, 40, 0)
    score = run.metric("score")
    assert score.mean is not None
    assert score.interval is not None
    assert score.interval.lower < score.mean < score.interval.upper
    assert run.metric() == score == run.metric("score", "Assistant") == run.metrics[0]
    assert repr(run) == "<Run from-python#1: completed, 40 of 40>"


def test_an_unknown_metric_is_a_key_error() -> None:
    run = lattice.run(evaluation(inputs={"items": INPUTS[:2]}))
    with pytest.raises(KeyError, match="accuracy"):
        run.metric("accuracy")
    with pytest.raises(KeyError, match="Other/score"):
        run.metric("score", "Other")


def test_results_are_given_in_order_and_filtered() -> None:
    run = lattice.run(evaluation())
    results = list(run.results())
    assert [result.position for result in results] == list(range(1, 41))
    assert [result.id for result in results] == [row["id"] for row in INPUTS]
    first = results[0]
    assert (first.input, first.reference, first.target, first.repeat) == ("Question 1?", "Answer 1.", "Assistant", 0)
    assert first.native is not None
    assert first.score == pytest.approx((first.native - 1) / 4)
    assert first.response
    assert first.reasoning
    assert first.failure is None
    low = [result.position for result in run.results(where="score < 4")]
    assert low == [result.position for result in results if (result.native or 0) < 4]
    assert 0 < len(low) < 40


def test_a_failed_trial_says_why() -> None:
    target = {"name": "Picky", "model": "sim/assistant", "params": {"faults": {"invalid": 0.3}}}
    run = lattice.run(evaluation(targets=[target]))
    failed = list(run.results(where="failed"))
    assert len(failed) == run.progress.failed > 0
    for result in failed:
        assert (result.score, result.native, result.response) == (None, None, None)
        assert result.failure is not None
        assert result.failure.step is Step.TARGET
        assert result.failure.kind.value == "invalid_input"


def test_results_become_a_data_frame() -> None:
    criteria = [{"name": "accuracy"}, {"name": "tone"}]
    run = lattice.run(evaluation(scoring={"judge": {"model": "sim/judge", "criteria": criteria}}))
    frame = run.to_pandas()
    assert len(frame) == 40
    assert {"position", "id", "input", "score", "native", "accuracy", "tone", "error_kind"} <= set(frame.columns)
    assert frame["score"].mean() == pytest.approx(run.metric("score").mean)
    assert frame["accuracy"].mean() == pytest.approx(run.metric("accuracy").mean)


def test_a_run_is_opened_again_by_its_name(folder: Path) -> None:
    run = lattice.run(evaluation())
    for reference in ("latest", run.id, run.name, "From Python#1"):
        assert lattice.open_run(reference).document() == run.document()
    with pytest.raises(lattice.UsageError, match="there is no run"):
        lattice.open_run("nothing")


def test_the_document_and_exports_are_those_of_the_command_line(folder: Path) -> None:
    run = lattice.run(evaluation())
    document = run.document()
    assert document["trigger"] == "python"
    assert document["metrics"][0]["mean"] == run.metric("score").mean
    run.export(folder / "results.csv")
    assert len((folder / "results.csv").read_text(encoding="utf-8").splitlines()) == 41
    with pytest.raises(lattice.UsageError, match="stands for no format"):
        run.export("results.pdf")


def test_another_store_can_be_named(folder: Path) -> None:
    run = lattice.run(evaluation(), db="elsewhere.db")
    assert (folder / "elsewhere.db").exists()
    assert not (folder / ".lattice").exists()
    assert lattice.open_run(db="elsewhere.db").id == run.id
    assert len(list(run.results())) == 40


def test_a_run_is_awaited_within_a_running_loop() -> None:
    async def main() -> tuple[lattice.Run, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticker = asyncio.create_task(tick())
        run = await lattice.run_async(evaluation())
        ticker.cancel()
        return run, ticks

    run, ticks = asyncio.run(main())
    assert run.progress.successful == 40
    assert ticks > 10


def test_run_works_within_a_running_loop_too() -> None:
    async def cell() -> lattice.Run:
        return lattice.run(evaluation())

    assert asyncio.run(cell()).progress.successful == 40


def test_several_runs_go_side_by_side_in_one_loop() -> None:
    async def main() -> list[lattice.Run]:
        return await asyncio.gather(*(lattice.run_async(evaluation()) for _ in range(3)))

    runs = asyncio.run(main())
    assert sorted(run.name for run in runs) == ["from-python#1", "from-python#2", "from-python#3"]
    assert len({run.metric("score").mean for run in runs}) == 1


def test_cancelling_the_task_cancels_the_run_and_keeps_what_is_there() -> None:
    """The inputs after the first few hang, so that the run is certain to be in its middle."""
    target = {"name": "Slow", "model": "sim/assistant", "params": {"faults": {"hang": 0.5}}}
    configuration = evaluation(targets=[target], run={"max_concurrent": 40})

    async def main() -> None:
        running = asyncio.create_task(lattice.run_async(configuration))
        while await asyncio.to_thread(ended) < 10:
            assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    run = lattice.open_run()
    assert run.status is RunStatus.CANCELLED
    assert 10 <= len(list(run.results())) == run.progress.done < 40
    assert run.metric("score").n == run.progress.successful


def ended() -> int:
    """How many results the latest run has; 0 before there is one."""
    try:
        return lattice.open_run().progress.done
    except lattice.LatticeError:
        return 0


def test_a_run_that_ends_in_an_error_is_held_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def defect(self: Runner) -> Ending:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Runner, "run", defect)
    with pytest.raises(RuntimeError, match="a defect"):
        lattice.run(evaluation())
    assert lattice.open_run().status is RunStatus.FAILED


def test_paths_start_from_the_files_folder_and_not_from_the_working_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, data(inputs={"path": "inputs.jsonl"}))
    (folder / "inputs.jsonl").write_text('{"input": "Why?", "reference": "So."}\n', encoding="utf-8")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert lattice.run(lattice.load("../evaluation.yaml")).progress.successful == 1


def test_what_is_wrong_is_raised_with_every_problem_and_nothing_is_stored(folder: Path) -> None:
    write(folder, data(targets=[{"model": "nobody/model"}], descripton=""))
    with pytest.raises(lattice.InvalidEvaluation, match=r"descripton: unknown key \(did you mean description\?\)"):
        lattice.load("evaluation.yaml")
    for wrong, said in (
        (evaluation(targets=[{"model": "nobody/model"}]), "unknown provider 'nobody'"),
        (evaluation(targets=[{"model": "sim/assistant", "prompt": "{{ inputs }}"}]), "unknown variable 'inputs'"),
        (evaluation(inputs={"items": ["no reference"]}), "reference mode needs a reference"),
        (evaluation(inputs={"items": [*INPUTS, INPUTS[0]]}), "inputs #1 and #41 have the same id 'q1'"),
    ):
        with pytest.raises(lattice.InvalidEvaluation) as raised:
            lattice.run(wrong)
        assert said in str(raised.value)
    with pytest.raises(lattice.UsageError, match="no run yet"):
        lattice.open_run()
