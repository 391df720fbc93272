"""Conditions on a run's numbers, decided: pass, fail, inconclusive, or not evaluated.

A condition on a point value (``mean``, ``median``, …) passes or fails on the value. One on an end of the
interval is three-valued: what the interval leaves open is *inconclusive*, not a failure. Missing scores may
have been anything, so from 5% on a condition on scores is decided with all of them at the lowest end of the
scale and again at the highest. Nothing here reads or writes anything.
"""

from lattice.gates.alarms import Alarm, AlarmResult, alarms
from lattice.gates.decisions import decide, decided, overall
from lattice.gates.names import Names, check, problem
from lattice.gates.numbers import GateResult, MetricNumbers, RunNumbers, TargetNumbers, Verdict

__all__ = [
    "Alarm",
    "AlarmResult",
    "GateResult",
    "MetricNumbers",
    "Names",
    "RunNumbers",
    "TargetNumbers",
    "Verdict",
    "alarms",
    "check",
    "decide",
    "decided",
    "overall",
    "problem",
]
