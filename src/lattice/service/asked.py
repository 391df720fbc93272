"""What was asked in a trial, worded again from the run's configuration: nothing is sent, no secret is filled in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lattice.core.errors import CallError, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.core.targets import HttpSettings, TargetSettings
from lattice.core.trials import Response
from lattice.scoring import build_judge
from lattice.scoring.pairwise import PairJudge
from lattice.scoring.shown import UnaskedModel
from lattice.targets.bodies import compiled_text, compiled_tree, plain_input, values_of
from lattice.targets.model import ModelTarget
from lattice.wire.templates import TemplateError
from lattice.wire.variables import names_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question, as a model or an endpoint got it.

    Parameters
    ----------
    name: who was asked.
    problem: why it cannot be worded; there are no messages then.
    """

    name: str
    messages: tuple[Message, ...] = ()
    problem: str | None = None


def asked_target(target: TargetSettings, input: Input) -> Asked:
    """What a target was asked about an input; ``${NAME}`` stays as it is written."""
    try:
        return Asked(name=target.name, messages=_messages(target, input))
    except (CallError, TemplateError, UsageError) as error:
        return Asked(name=target.name, problem=str(error))


def asked_judges(
    evaluation: Evaluation, input: Input, response: Response, baseline: Response | None = None
) -> tuple[Asked, ...]:
    """What each judge was asked about a response.

    Parameters
    ----------
    baseline: the response that it is compared with, in pairwise mode; the judge is shown both in either order.
    """
    return tuple(_judges(evaluation, input, response, baseline))


def _judges(evaluation: Evaluation, input: Input, response: Response, baseline: Response | None) -> Iterator[Asked]:
    for settings in evaluation.judges:
        model = UnaskedModel(settings.model)
        votes = f", asked {settings.samples} times" if settings.samples > 1 else ""
        try:
            if not evaluation.is_pairwise:
                judge = build_judge(settings, model, evaluation.type)
                yield Asked(name=f"{settings.label}{votes}", messages=judge.request(input, response).messages)
            elif baseline is not None:
                pair = PairJudge(settings, model)
                yield Asked(name="As A", messages=pair.request(input, response, baseline).messages)
                yield Asked(name="As B", messages=pair.request(input, baseline, response).messages)
        except (CallError, TemplateError) as error:
            yield Asked(name=settings.label, problem=str(error))


def _messages(target: TargetSettings, input: Input) -> tuple[Message, ...]:
    if target.model is not None:
        return ModelTarget(target, UnaskedModel(target.model)).rendered(input).messages
    if target.http is not None:
        return (Message(role=target.http.method.value, content=_http_request(target.http, input)),)
    return (Message(role="call", content=f"{target.python}({_json(plain_input(input))})"),)


def _http_request(http: HttpSettings, input: Input) -> str:
    """Address and body; headers are left out, since they carry keys."""
    written = _json([http.url, http.body])
    environ = {name: f"${{{name}}}" for name in names_in(written)}
    values = values_of(input, environ)
    url = compiled_text(http.url, environ).render(values)
    if http.body is None:
        return url
    body = compiled_tree(http.body, environ)(input, values)
    return f"{url}\n\n{body if isinstance(body, str) else _json(body, indent=2)}"


def _json(data: Any, indent: int | None = None) -> str:
    """JSON for people: letters of every script stay as they are."""
    return json.dumps(data, ensure_ascii=False, indent=indent, default=str)
