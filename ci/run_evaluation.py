#!/usr/bin/env python3
"""Runs one evaluation in a CI job: files for its pages, outputs for later steps, and the exit code that decides.

Everything comes from the environment, so that nothing a pull request names becomes a part of a shell's command:

LATTICE_FILE            the evaluation file
LATTICE_AGAINST         baseline: a .lattice file (left out, and said so, where it is not there yet), or a run's name
LATTICE_LABELS          KEY=VALUE, one on a line: kept with the run
LATTICE_INCONCLUSIVE    fail (as it is by default) or pass: what the job does when the numbers decide nothing
LATTICE_FOLDER          where the files go; lattice-results by default

Written there: run.json, junit.xml, summary.md, run.lattice (the next baseline), lattice.env (the outputs).

Ends with 0 pass, 1 the run failed, 2 it could not begin, 3 a gate failed, 4 inconclusive or not evaluated.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

INCONCLUSIVE = 4
VERDICTS = {0: "pass", 3: "fail", INCONCLUSIVE: "inconclusive"}
LONGEST = 200


def main(environ: Mapping[str, str]) -> int:
    """Run the evaluation; returns the job's exit code."""
    allowed = environ.get("LATTICE_INCONCLUSIVE") or "fail"
    if not environ.get("LATTICE_FILE") or allowed not in ("fail", "pass"):
        print("Set LATTICE_FILE to an evaluation file, and LATTICE_INCONCLUSIVE to fail or pass.", file=sys.stderr)
        return 2
    folder = Path(environ.get("LATTICE_FOLDER") or "lattice-results")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("run.json", "junit.xml", "summary.md", "run.lattice", "lattice.env"):
        (folder / name).unlink(missing_ok=True)
    with (folder / "run.json").open("wb") as stream:
        code = subprocess.run(command(environ, folder), stdout=stream, check=False).returncode
    told = outputs(document(folder / "run.json"), code)
    publish(told, folder, environ)
    if code == INCONCLUSIVE and allowed == "pass":
        print(f"The verdict is {told['verdict']}, which this job lets pass.", file=sys.stderr)
        return 0
    return code


def command(environ: Mapping[str, str], folder: Path) -> list[str]:
    """``lattice run``, as a list of words that no shell reads."""
    words = [sys.executable, "-m", "lattice", "run", "--no-progress", "--json"]
    for name in ("junit.xml", "summary.md", "run.lattice"):
        words += ["--output", str(folder / name)]
    for label in environ.get("LATTICE_LABELS", "").splitlines():
        if label.strip():
            words += ["--label", label.strip()]
    against = environ.get("LATTICE_AGAINST", "").strip()
    if against.endswith(".lattice") and not Path(against).is_file():
        print(f"There is no {against} yet: this run is held against nothing.", file=sys.stderr)
    elif against:
        words += ["--against", against]
    return [*words, "--", environ["LATTICE_FILE"]]


def document(path: Path) -> dict[str, Any]:
    """What the run's document says; empty where the run did not get as far."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def outputs(run: Mapping[str, Any], code: int) -> dict[str, str]:
    """Verdict, mean with its interval and n, and the run: one line each."""
    gates = run.get("gates") or []
    verdict = VERDICTS.get(code, "not_evaluated")
    if not gates or any(gate.get("verdict") == "not_evaluated" for gate in gates):
        verdict = verdict if verdict == "fail" else "not_evaluated"
    metric: dict[str, Any] = next(iter(run.get("metrics") or []), {})
    interval = metric.get("interval") or {}
    told = {
        "verdict": verdict,
        "exit-code": code,
        "run-id": run.get("id"),
        "status": run.get("status") or "failed",
        "mean": metric.get("mean"),
        "ci-lower": interval.get("lower"),
        "ci-upper": interval.get("upper"),
        "n": metric.get("n"),
    }
    return {name: one_line(value) for name, value in told.items()}


def one_line(value: object) -> str:
    """A value as a file of outputs holds it: no line of it can become another output."""
    text = "" if value is None else str(value)
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST]


def publish(told: Mapping[str, str], folder: Path, environ: Mapping[str, str]) -> None:
    """Write the outputs for later steps, and the summary to the page of the job where there is one."""
    dotenv = "".join(f"LATTICE_{name.replace('-', '_').upper()}={value}\n" for name, value in told.items())
    (folder / "lattice.env").write_text(dotenv, encoding="utf-8")
    if path := environ.get("GITHUB_OUTPUT"):
        append(path, "".join(f"{name}={value}\n" for name, value in told.items()))
    if path := environ.get("GITHUB_STEP_SUMMARY"):
        summary = folder / "summary.md"
        failed = "The evaluation did not run: the log of the job says why.\n"
        append(path, summary.read_text(encoding="utf-8") if summary.is_file() else failed)


def append(path: str, text: str) -> None:
    with Path(path).open("a", encoding="utf-8") as stream:
        stream.write(text)


if __name__ == "__main__":
    sys.exit(main(os.environ))
