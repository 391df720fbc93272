"""A version of an evaluation, written out to be changed, and taken back as the next version over the same inputs."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from lattice.config import validate
from lattice.config.hashing import canonical
from lattice.config.places import Findings, KeyPath, SourceMap
from lattice.config.places import Place as FilePlace
from lattice.config.slug import slug
from lattice.core.errors import InvalidEvaluation, Problem
from lattice.core.evaluation import Evaluation
from lattice.importers.yaml_text import yaml_text
from lattice.service.launching import Place
from lattice.service.network_trust import check_trust
from lattice.service.obstacles import obstacles_in_sight
from lattice.service.preparation import hash_of, references_lacking
from lattice.service.review import surroundings_of
from lattice.service.submitting import Upload, read_configuration
from lattice.store import Store, VersionRecord

NAME = "evaluation.yaml"


def configuration_text(version: VersionRecord) -> str:
    """A version's configuration as YAML, without its inputs and without what is the default anyway."""
    evaluation = Evaluation.model_validate(version.config)
    data = evaluation.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    data.pop("inputs", None)
    inputs = f"The inputs are those of version {version.number}: {version.input_set.count:,}."
    return yaml_text(data, {}, inputs)


def save_version(store: Store, place: Place, original: VersionRecord, text: str) -> VersionRecord:
    """Keep a changed configuration over the inputs of `original`; the same one gives the version that has it.

    What only a file on this machine may say stays as it is there, or goes: it cannot be changed over the network.

    Raises
    ------
    InvalidEvaluation: with every problem.
    """
    sent = read_configuration(Upload(name=NAME, content=BytesIO(text.encode("utf-8", "replace"))))
    if not isinstance(sent.data, Mapping):
        raise InvalidEvaluation([Problem(message="an evaluation is a mapping of keys such as name and targets")])
    if "inputs" in sent.data:
        kept = "the inputs stay those of the version that this one is made from; leave this key out"
        raise InvalidEvaluation([Problem(key="inputs", message=kept)])
    if sent.problems:
        raise InvalidEvaluation(sent.problems)
    evaluation = validate({**sent.data, "inputs": original.config["inputs"]})
    changes = _Changes(original.config, canonical(evaluation))
    check_trust(changes.after, changes)
    if found := [*changes.problems, *_problems(place, evaluation, original)]:
        raise InvalidEvaluation(found)
    return store.add_version(
        name=evaluation.name,
        slug=slug(evaluation.name),
        type=evaluation.type.value,
        config=canonical(evaluation),
        config_hash=hash_of(evaluation),
        input_set=original.input_set,
        folder=original.folder,
    )


def _problems(place: Place, evaluation: Evaluation, original: VersionRecord) -> list[Problem]:
    needs = [
        Problem(key=need.key, message=f"{need.what}, and some of these inputs have none", hint=need.otherwise)
        for need in references_lacking(evaluation, original.input_set)
    ]
    return [*obstacles_in_sight(evaluation, surroundings_of(place, original)), *needs]


class _Changes(Findings):
    """Notes what is not allowed, but for what stood there before."""

    def __init__(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        super().__init__(SourceMap())
        self.before = before
        self.after = after

    def add(self, path: KeyPath, message: str, hint: str | None = None, *, at: FilePlace | None = None) -> None:
        was = _value(self.before, path)
        if was is None or was != _value(self.after, path):
            super().add(path, message, hint, at=at)


def _value(data: Any, path: KeyPath) -> Any:
    for key in path:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, (list, tuple)) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data
