"""What is evaluated: each kind of target turns one input into one response, with exactly one call."""

from lattice.targets.building import Grounds, build_target, check_target
from lattice.targets.model import ModelSource, ModelTarget
from lattice.targets.python import PythonTarget, load_function

__all__ = ["Grounds", "ModelSource", "ModelTarget", "PythonTarget", "build_target", "check_target", "load_function"]
