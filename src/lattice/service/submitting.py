"""Evaluations that are sent over a network: checked for what only a file on this machine may say, then made Pending.

What is sent is a mapping with its inputs in place, or an evaluation file and a file with its inputs. Everything is
checked as on the command line, and every problem is told at once.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import IO, Any

from lattice.config import LoadedFile, validate
from lattice.config.documents import SyntaxProblem
from lattice.config.environment import load_environment
from lattice.config.hashing import canonical
from lattice.config.json_documents import parse_json
from lattice.config.places import Findings, KeyPath, Place, SourceMap, dotted
from lattice.config.yaml_documents import parse_yaml
from lattice.core.errors import InvalidEvaluation, Problem
from lattice.core.evaluation import Evaluation, InputSource
from lattice.core.runs import RunRecord
from lattice.inputs import read_inputs
from lattice.service.network_trust import check_trust
from lattice.service.preparation import Prepared, prepare_evaluation, stage, trials_of
from lattice.service.rescoring import Rescoring, prepare_rescoring_by
from lattice.store import Store, VersionRecord

LARGEST_CONFIGURATION = 1024 * 1024
LARGEST_DOCUMENT = 32 * 1024 * 1024
MOST_INPUTS = 1_000_000
MOST_TEXT = 1024 * 1024 * 1024
MOST_TRIALS = 10_000_000
DEEPEST = 64
MOST_PROBLEMS = 100

SCORING_BLOCKS = ("scoring", "checks", "gates")

INPUT_FORMATS = (".csv", ".json", ".jsonl", ".ndjson", ".parquet")
"""What inputs may be uploaded as: all but YAML, in which a small file may stand for an endless one."""

CONFIGURATION_FORMATS = (".yaml", ".yml", ".json")

_INPUTS_APART = "upload the inputs as a file of their own"
_NOT_IN_NAMES = re.compile(r"[^\w.\- ]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was sent.

    Parameters
    ----------
    name: as the sender calls it; its ending tells the format.
    content: read once, from its beginning.
    """

    name: str
    content: IO[bytes]

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A configuration as it came.

    Parameters
    ----------
    data: JSON-like, not yet checked.
    source: where its keys stand, for one that came as a file.
    problems: what was wrong with the file, so that it could be read all the same.
    inputs: name of the file of inputs that came with it; None where they stand in place.
    within: what it completes, which came from this machine.
    """

    data: Any
    source: SourceMap = field(default_factory=SourceMap)
    problems: tuple[Problem, ...] = ()
    inputs: str | None = None
    within: Mapping[str, Any] = field(default_factory=dict)

    def with_path(self, path: str | None) -> Any:
        """The data, its ``inputs.path`` another where inputs came with it."""
        data = self.data
        inputs = data.get("inputs") if isinstance(data, Mapping) else None
        if self.inputs is None or not isinstance(data, Mapping) or not isinstance(inputs or {}, Mapping):
            return data
        return {**data, "inputs": {**(inputs or {}), "path": path}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """An evaluation that is in the workspace now, as Pending; `warnings` say what should be known before it is run."""

    version: VersionRecord
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where evaluations are handed in.

    Parameters
    ----------
    folder: where a ``.env`` with keys may stand; the one that runs are started in.
    """

    store: Store
    folder: Path
    environ: Mapping[str, str] = field(repr=False)


def submit(desk: Desk, data: Any) -> Submitted:
    """Take an evaluation with its inputs in ``inputs.items``.

    Raises
    ------
    InvalidEvaluation: with every problem.
    """
    return _submitted(desk, Sent(data=data))


def submit_files(desk: Desk, configuration: Upload, inputs: Upload | None) -> Submitted:
    """Take an evaluation file, and the inputs that belong to it unless they stand in it.

    Raises
    ------
    InvalidEvaluation: with every problem.
    """
    sent = read_configuration(configuration)
    if inputs is None:
        return _submitted(desk, sent)
    with received(inputs) as path, _named_as_sent(path.parent):
        return _staged(desk, accepted(replace(sent, inputs=path.name)), path.parent)


def prepare_sent_scoring(desk: Desk, origin: RunRecord, changes: Mapping[str, Any]) -> Rescoring:
    """Another scoring of a run's responses, as it was sent.

    Parameters
    ----------
    changes: the blocks ``scoring``, ``checks`` and ``gates`` of an evaluation; what is absent there is not.

    Raises
    ------
    UsageError: the run goes on, or has no stored response.
    InvalidEvaluation: with every problem.
    """
    own = canonical(Evaluation.model_validate(origin.config))
    kept = {key: value for key, value in own.items() if key not in SCORING_BLOCKS}
    evaluation = accepted(Sent(data=changes, within=kept))
    loaded = LoadedFile(evaluation=evaluation, base=desk.folder, file="the request", source=SourceMap())
    return prepare_rescoring_by(desk.store, origin, loaded, desk.environ)


def accepted(sent: Sent) -> Evaluation:
    """A configuration that may have come over a network.

    Raises
    ------
    InvalidEvaluation: with every problem, whether it is forbidden or wrong; `MOST_PROBLEMS` of them at most.
    """
    _check_size(sent.data)
    findings = Findings(sent.source)
    if isinstance(sent.data, Mapping):
        check_trust(sent.with_path(None), findings)
    problems = [*sent.problems, *findings.problems]
    evaluation = None
    try:
        whole = sent.with_path(sent.inputs)
        evaluation = validate({**sent.within, **whole} if sent.within else whole)
    except InvalidEvaluation as error:
        known = {problem.key for problem in problems if problem.key is not None}
        problems += [each for each in error.problems if each.key not in known]
    if problems or evaluation is None:
        raise InvalidEvaluation(_placed(_first(problems), sent.source))
    return evaluation


def read_configuration(upload: Upload) -> Sent:
    """An evaluation file as data.

    Raises
    ------
    InvalidEvaluation: it is too large, no text in UTF-8, or neither YAML nor JSON.
    """
    name = _plain_name(upload.name, "evaluation")
    if upload.suffix not in CONFIGURATION_FORMATS:
        raise _refused(name, f"an evaluation file is YAML or JSON: {', '.join(CONFIGURATION_FORMATS)}")
    content = upload.content.read(LARGEST_CONFIGURATION + 1)
    if len(content) > LARGEST_CONFIGURATION:
        raise _refused(name, _too_large("an evaluation file", LARGEST_CONFIGURATION), _INPUTS_APART)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        document = parse_json(text) if upload.suffix == ".json" else parse_yaml(text)
    except UnicodeDecodeError:
        raise _refused(name, "not UTF-8", "save the file as UTF-8") from None
    except SyntaxProblem as error:
        raise InvalidEvaluation([Problem(file=name, line=error.line, message=error.message, hint=error.hint)]) from None
    places = {path: Place(file=name, line=line) for path, line in document.lines.items()}
    texts = {path: Place(file=name, line=line) for path, line in document.text_lines.items()}
    flaws = [
        Problem(file=name, line=flaw.line, key=dotted(flaw.path) or None, message=flaw.message, hint=flaw.hint)
        for flaw in document.flaws
    ]
    return Sent(data=document.data, source=SourceMap(file=name, places=places, texts=texts), problems=tuple(flaws))


@contextmanager
def received(upload: Upload) -> Iterator[Path]:
    """A file of inputs on disk while this lasts, in a folder of its own.

    Raises
    ------
    InvalidEvaluation: its ending is that of no format that is taken, or it is too large to be read whole.
    """
    name = _plain_name(upload.name, "inputs")
    if upload.suffix not in INPUT_FORMATS:
        raise _refused(name, f"inputs are uploaded as {', '.join(INPUT_FORMATS)}")
    with tempfile.TemporaryDirectory(prefix="lattice-") as folder:
        path = Path(folder) / name
        with path.open("wb") as stream:
            copyfileobj(upload.content, stream, 1024 * 1024)
        if upload.suffix == ".json" and path.stat().st_size > LARGEST_DOCUMENT:
            raise _refused(name, _too_large("a JSON document", LARGEST_DOCUMENT), "send JSON lines (.jsonl)")
        yield path


def too_deep(data: Any, deepest: int = DEEPEST) -> bool:
    """Whether data is nested deeper than anything that is meant is."""
    level = [data]
    for _ in range(deepest):
        level = [
            inner
            for value in level
            if isinstance(value, (dict, list))
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _submitted(desk: Desk, sent: Sent) -> Submitted:
    evaluation = accepted(sent)
    with tempfile.TemporaryDirectory(prefix="lattice-") as folder:
        return _staged(desk, evaluation, Path(folder))


def _staged(desk: Desk, evaluation: Evaluation, folder: Path) -> Submitted:
    """`folder` holds the uploaded inputs."""
    try:
        prepared = prepare_evaluation(evaluation, load_environment(desk.folder, desk.environ), folder)
    except RecursionError:
        # A pattern of some thousand brackets, say: what it is made of is checked by libraries that recurse.
        raise InvalidEvaluation([Problem(message="a pattern or a schema in it is nested too deeply")]) from None
    _check_amount(prepared)
    version = stage(desk.store, prepared)
    return Submitted(version=version, warnings=prepared.warnings)


def _check_size(data: Any) -> None:
    if too_deep(data):
        raise InvalidEvaluation([Problem(message=f"nested more than {DEEPEST} deep")])
    if not isinstance(data, Mapping):
        return
    inputs = data.get("inputs")
    rest = {**data, "inputs": {**inputs, "items": None}} if isinstance(inputs, Mapping) else data
    if len(json.dumps(rest, default=str, ensure_ascii=False)) > LARGEST_CONFIGURATION:
        message = _too_large("a configuration without its inputs", LARGEST_CONFIGURATION)
        raise InvalidEvaluation([Problem(message=message)])


def _check_amount(prepared: Prepared) -> None:
    """Count what there is to run, before anything of it is stored."""
    evaluation, source = prepared.evaluation, prepared.evaluation.inputs
    key = "inputs.items" if source.path is None else "inputs.path"
    count = text = 0
    for count, item in enumerate(read_inputs(_all_of(source), prepared.surroundings.base), start=1):
        text += len(item.text) + len(item.reference or "") + sum(map(len, item.context))
        if too_deep(dict(item.metadata)):
            message = f"the metadata of input #{item.position} are nested more than {DEEPEST} deep"
            raise InvalidEvaluation([Problem(key=key, message=message)])
        if count > MOST_INPUTS or text > MOST_TEXT:
            message = f"more than {MOST_INPUTS:,} inputs, or {MOST_TEXT >> 20:,} MiB of text, are not taken at once"
            raise InvalidEvaluation([Problem(key=key, message=message)])
    if (trials := trials_of(evaluation, count)) > MOST_TRIALS:
        message = f"a run would have {trials:,} trials, and more than {MOST_TRIALS:,} are not taken"
        raise InvalidEvaluation([Problem(message=message)])


def _all_of(source: InputSource) -> InputSource:
    """A sample is drawn from all of them, in memory of its size."""
    return source if source.sample is None else source.model_copy(update={"sample": None})


@contextmanager
def _named_as_sent(folder: Path) -> Iterator[None]:
    """Problems name the uploaded file as its sender calls it, not where it stands for the moment."""
    before = f"{folder}/"
    try:
        yield
    except InvalidEvaluation as error:
        told = [
            replace(
                each,
                message=each.message.replace(before, ""),
                file=None if each.file is None else each.file.removeprefix(before),
            )
            for each in error.problems
        ]
        raise InvalidEvaluation(told) from None


def _placed(problems: Sequence[Problem], source: SourceMap) -> list[Problem]:
    """With file and line, where they name only a key."""
    by_name = {dotted(path): path for path in source.places}
    return [_on_its_line(each, source, by_name) for each in problems]


def _on_its_line(problem: Problem, source: SourceMap, by_name: Mapping[str, KeyPath]) -> Problem:
    if problem.file is not None or problem.key is None or source.file is None:
        return problem
    key = problem.key
    while key and key not in by_name:
        key = key.rpartition(".")[0]
    place = source.place(by_name.get(key, ()))
    return replace(problem, file=place.file, line=place.line)


def _first(problems: Sequence[Problem]) -> list[Problem]:
    more = len(problems) - MOST_PROBLEMS
    rest = [Problem(message=f"and {more} more problems")] if more > 0 else []
    return [*problems[:MOST_PROBLEMS], *rest]


def _plain_name(name: str, otherwise: str) -> str:
    """The last part of a name, without what a file system would not take or take for something else."""
    last = PurePosixPath(name.replace("\\", "/"))
    plain = _NOT_IN_NAMES.sub("_", last.stem).lstrip(".~ ")[:80] or otherwise
    return f"{plain}{last.suffix[:20].lower()}"


def _refused(file: str, message: str, hint: str | None = None) -> InvalidEvaluation:
    return InvalidEvaluation([Problem(file=file, message=message, hint=hint)])


def _too_large(what: str, limit: int) -> str:
    return f"{what} may have {limit >> 20} MiB, and this one has more"
