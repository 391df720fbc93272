"""What is evaluated: each kind of target turns one input into one response, with exactly one call."""

from lattice.targets.building import Grounds, build_target, check_target
from lattice.targets.model import ModelSource, ModelTarget
from lattice.targets.python import PythonTarget, load_function
from lattice.targets.stored import StoredTarget

__all__ = [
    "Grounds",
    "ModelSource",
    "ModelTarget",
    "PythonTarget",
    "StoredTarget",
    "build_target",
    "check_target",
    "load_function",
]
