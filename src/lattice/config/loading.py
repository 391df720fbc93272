"""From an evaluation file to a validated evaluation, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lattice.config.documents import Document, SyntaxProblem
from lattice.config.environment import check_variables
from lattice.config.explanations import explain
from lattice.config.json_documents import parse_json
from lattice.config.judge_prompts import check_judge_prompts
from lattice.config.keys import check_keys
from lattice.config.overrides import Override, apply
from lattice.config.places import OPTION, Findings, KeyPath, Place, SourceMap, dotted
from lattice.config.prompts import check_prompts
from lattice.config.secrets import check_secrets
from lattice.config.texts import TextFiles
from lattice.config.yaml_documents import parse_yaml
from lattice.core.errors import InvalidEvaluation, Problem
from lattice.core.evaluation import Evaluation
from lattice.wire.files import UnreadableFile, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedFile:
    """A valid evaluation, and where it came from.

    Parameters
    ----------
    base: the folder that paths in it start from.
    file: the evaluation file as the user named it.
    source: where each key stands, for problems that only show later.
    """

    evaluation: Evaluation
    base: Path
    file: str
    source: SourceMap

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> Problem:
        """A problem with what stands at `path`, with its file and line."""
        return self.source.problem(path, message, hint)

    def missing_variables(self, environ: Mapping[str, str]) -> tuple[Problem, ...]:
        """A problem for each ``${NAME}`` that `environ` does not hold."""
        return check_variables(_data_of(self.evaluation), environ, self.source)

    def placed(self, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """`problems` with file and line, where they name only a key of this evaluation."""
        by_name = {dotted(path): path for path in self.source.places}
        return tuple(self._placed(problem, by_name) for problem in problems)

    def _placed(self, problem: Problem, by_name: Mapping[str, KeyPath]) -> Problem:
        if problem.file is not None or problem.key is None:
            return problem
        key = problem.key
        while key and key not in by_name:
            key = key.rpartition(".")[0]
        place = self.source.place(by_name.get(key, ()))
        return replace(problem, file=place.file, line=place.line)


def load(path: Path, *, overrides: Sequence[Override] = ()) -> LoadedFile:
    """Read, check and validate an evaluation file.

    Parameters
    ----------
    path: YAML, or JSON by its extension ``.json``.
    overrides: values that take the place of the file's before it is checked.

    Raises
    ------
    InvalidEvaluation: with every problem, in file order.
    """
    file = str(path)
    try:
        text = read_text(path)
        document = parse_json(text) if path.suffix.lower() == ".json" else parse_yaml(text)
    except (UnreadableFile, SyntaxProblem) as error:
        problem = Problem(file=file, line=error.line, message=error.message, hint=error.hint)
        raise InvalidEvaluation([problem]) from None
    places = {at: Place(file=file, line=line) for at, line in document.lines.items()}
    texts = {at: Place(file=file, line=line) for at, line in document.text_lines.items()}
    data, unusable = _overridden(document, overrides, places, texts)
    source = SourceMap(file=file, places=places, texts=texts)
    evaluation, source = _validated(data, source, base=path.parent, flaws=(*_flaws(document, file), *unusable))
    evaluation = evaluation.loaded_from(str(path.parent))
    return LoadedFile(evaluation=evaluation, base=path.parent, file=file, source=source)


def validate(data: Mapping[str, Any]) -> Evaluation:
    """Check and validate an evaluation that came from no file, with the same problems and without lines.

    ``{file: PATH}`` is refused: what came over a network may not read files of this machine.

    Raises
    ------
    InvalidEvaluation: with every problem.
    """
    evaluation, _ = _validated(data, SourceMap(), base=None, flaws=())
    return evaluation


def check(evaluation: Evaluation) -> None:
    """Check what an evaluation built in code has not been checked for: its templates, and secrets in it.

    Raises
    ------
    InvalidEvaluation: with every problem.
    """
    findings = Findings(SourceMap())
    data = _data_of(evaluation)
    check_secrets(data, findings)
    check_prompts(data, findings)
    check_judge_prompts(data, findings)
    findings.raise_any()


def _data_of(evaluation: Evaluation) -> dict[str, Any]:
    return evaluation.model_dump(mode="json", by_alias=True, include={"targets", "scoring", "providers"})


_Flaw = tuple[KeyPath, Place, str, str | None]


def _flaws(document: Document, file: str) -> list[_Flaw]:
    return [(flaw.path, Place(file=file, line=flaw.line), flaw.message, flaw.hint) for flaw in document.flaws]


def _overridden(
    document: Document,
    overrides: Sequence[Override],
    places: dict[KeyPath, Place],
    texts: dict[KeyPath, Place],
) -> tuple[Any, list[_Flaw]]:
    """The document's data with the overrides in it; `places` and `texts` follow."""
    data = document.data
    unusable: list[_Flaw] = []
    for override in overrides:
        place = Place(file=OPTION)
        try:
            data, path = apply(data, override)
        except ValueError as error:
            unusable.append((override.path, place, str(error), None))
            continue
        for known in (places, texts):
            for below in [at for at in known if at[: len(path)] == path]:
                del known[below]
        places[path] = place
    return data, unusable


def _validated(
    data: Any, source: SourceMap, *, base: Path | None, flaws: Sequence[_Flaw]
) -> tuple[Evaluation, SourceMap]:
    findings = Findings(source)
    for path, place, message, hint in flaws:
        findings.add(path, message, hint, at=place)
    if not isinstance(data, Mapping):
        what = "the file is empty" if data is None else "expected a mapping"
        findings.add((), what, "an evaluation has at least name, targets, inputs and scoring")
        findings.raise_any()
    checked = check_keys(data, findings)
    files = TextFiles(base, findings)
    inlined = files.inlined(checked.data)
    findings.source = replace(source, texts={**source.texts, **files.starts})
    check_secrets(inlined, findings)
    check_prompts(inlined, findings)
    check_judge_prompts(inlined, findings)
    try:
        evaluation = Evaluation.model_validate(inlined)
    except ValidationError as error:
        explain(error, inlined, checked.excused, findings)
        raise InvalidEvaluation(findings.problems) from None
    findings.raise_any()
    return evaluation, findings.source
