"""Lattice from Python: a thin layer over the same service that the command line calls."""

from lattice.api.building import Check, Function, Http, Inputs, Judge, Judges, Model, Scale, load
from lattice.api.comparing import compare
from lattice.api.events import CallFailed, Progressed, TrialEnded
from lattice.api.handles import Event, Run, RunEnded, RunStarted
from lattice.api.results import Result
from lattice.api.starting import open_run, rerun, rescore, resume, run, run_async, runs, stream

__all__ = [
    "CallFailed",
    "Check",
    "Event",
    "Function",
    "Http",
    "Inputs",
    "Judge",
    "Judges",
    "Model",
    "Progressed",
    "Result",
    "Run",
    "RunEnded",
    "RunStarted",
    "Scale",
    "TrialEnded",
    "compare",
    "load",
    "open_run",
    "rerun",
    "rescore",
    "resume",
    "run",
    "run_async",
    "runs",
    "stream",
]
