"""The plan of a log as a target, as far as it is a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lattice.importers.inspect_logs.models import model_spec
from lattice.importers.inspect_logs.objects import Log
from lattice.importers.naming import target_name
from lattice.importers.records import Notes, quoted
from lattice.importers.templates import literal

_PLACE = "{prompt}"
_PARAMS = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop_seqs": "stop",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "reasoning_effort": "reasoning_effort",
}
# How calls are made, which is the run's own matter here.
_RUNNING = frozenset({"max_retries", "timeout", "attempt_timeout", "max_connections", "batch", "cache", "cache_prompt"})


def target_of(log: Log, notes: Notes) -> dict[str, Any]:
    """The model, with the prompts that the solvers put around an input."""
    target: dict[str, Any] = {
        "name": target_name(log.eval.model.partition("/")[2] or log.eval.model, set()),
        "model": model_spec(log.eval.model, "eval.model", notes),
    }
    for index, step in enumerate(log.plan.steps):
        place = f"plan.steps[{index}]"
        name = step.solver.rpartition("/")[2]
        template = step.params.get("template") or step.params.get("message")
        if name == "generate":
            continue
        if name == "system_message" and isinstance(template, str) and "system" not in target:
            target["system"] = literal(template)
        elif name == "prompt_template" and isinstance(template, str) and template.count(_PLACE) == 1:
            before, _, after = template.partition(_PLACE)
            target["prompt"] = f"{literal(before)}{{{{ input }}}}{literal(after)}"
        elif name == "multiple_choice":
            notes.changed(
                place, "solver 'multiple_choice'", "the inputs are the questions with their choices, as they were asked"
            )
        else:
            notes.left(place, f"solver {quoted(step.solver)}", "a target is a prompt; write a Python target for more")
    if log.eval.model_base_url:
        notes.needed("eval.model_base_url", "", "an address of one's own belongs into providers")
    if params := _params({**log.eval.model_generate_config, **log.plan.config}, notes):
        target["params"] = params
    return target


def _params(config: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    params = {}
    for name, value in config.items():
        if value is None:
            continue
        if name in _PARAMS and not isinstance(value, dict):
            params[_PARAMS[name]] = value
        elif name not in _RUNNING:
            notes.left(f"plan.config.{name}", "", "not a parameter that is carried over")
    return params
