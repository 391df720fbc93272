"""From a configuration to an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lattice.importers.documents import Document
from lattice.importers.drafting import drafts_of
from lattice.importers.folders import Folder
from lattice.importers.naming import evaluation_name, target_name, word_set
from lattice.importers.promptfoo.cases import Case, Cases
from lattice.importers.promptfoo.endpoints import Words, endpoint_of
from lattice.importers.promptfoo.measuring import Measuring, measuring_of
from lattice.importers.promptfoo.methods import text_of
from lattice.importers.promptfoo.prompts import Prompt, prompts_in
from lattice.importers.promptfoo.providers import Provider, providers_in
from lattice.importers.providers import STAND_IN
from lattice.importers.records import Imported, ImportProblem, Notes, Source, quoted
from lattice.importers.templates import (
    UntranslatableTemplate,
    literal,
    metadata_expression,
    only_path,
    paths_in,
    renamed,
)

CONFIGURATIONS = ("promptfooconfig.yaml", "promptfooconfig.yml", "promptfooconfig.json")
_INPUTS = ("input", "question", "query", "prompt", "message", "user_input")
_CARRIED = word_set(
    "prompts providers targets tests defaultTest scenarios description evaluateOptions env $schema assertionTemplates"
)
_OPTIONS = {"maxConcurrency": "max_concurrent", "repeat": "repeats"}


def is_configuration(data: Any) -> bool:
    """Whether a document is a configuration, or results that hold one."""
    if not isinstance(data, dict):
        return False
    if isinstance(data.get("config"), dict) and "results" in data:
        return is_configuration(data["config"])
    asks = {"prompts", "providers"} & data.keys() or ("targets" in data and "inputs" not in data)
    return bool(asks) and bool({"tests", "defaultTest", "scenarios", "prompts", "redteam"} & data.keys())


def import_configuration(document: Document, path: Path) -> Imported:
    """One configuration.

    Raises
    ------
    ImportProblem: it has no prompts, or a file of tests in it cannot be read.
    """
    notes = Notes()
    data = document.data
    if not isinstance(data, dict):
        raise ImportProblem(f"{document.place}: expected a mapping with prompts, providers and tests")
    if isinstance(data.get("config"), dict) and "results" in data:
        notes.left("results", "", "only the configuration is imported; run the evaluation to have results")
        data = data["config"]
    if not {"prompts", "providers", "targets", "tests"} & data.keys():
        raise ImportProblem(f"{document.place}: no promptfoo configuration: expected prompts, providers and tests")
    for key in [each for each in data if each not in _CARRIED]:
        notes.left(str(key), "", "there is nothing of this kind")
    return _Configuration(data, path, notes).imported()


class _Configuration:
    def __init__(self, data: Mapping[str, Any], path: Path, notes: Notes) -> None:
        self._data = data
        self._path = path
        self._notes = notes
        folder = Folder(path.parent)
        templates = data.get("assertionTemplates")
        self._cases = Cases(folder, templates if isinstance(templates, dict) else {}, notes)
        self._prompts = prompts_in(data.get("prompts"), folder, notes)
        self._providers = providers_in(data.get("providers") or data.get("targets"), notes)
        self._used = tuple({path[0]: None for each in self._prompts for text in each.texts for path in paths_in(text)})

    def imported(self) -> Imported:
        data, notes = self._data, self._notes
        default = self._cases.shared(data.get("defaultTest"))
        cases = [*self._cases.cases(data.get("tests"), default), *self._cases.scenarios(data.get("scenarios"), default)]
        for key in [each for each in default if each not in {"vars", "assert", "options", "description", "metadata"}]:
            notes.left(f"defaultTest.{key}", "", "there is nothing of this kind")
        cases = cases or [self._example(default)]
        input_name = _input_name(cases, self._prompts)
        shared = self._cases.assertions(default.get("assert"), "defaultTest.assert")
        measuring = measuring_of(cases, shared, _grader(default), input_name, notes)
        name = evaluation_name(str(data.get("description") or self._path.parent.resolve().name))
        origin = f"promptfoo configuration {quoted(self._path.name)}"
        targets = self._targets(input_name, frozenset(key for case in cases for key in case.vars))
        self._check_pairs(measuring, targets)
        further = {key: value for key, value in (("run", self._run()), ("providers", self._endpoints())) if value}
        return Imported(
            name=name,
            source=Source.PROMPTFOO,
            origin=origin,
            drafts=drafts_of(
                {"name": name, "description": f"Imported from {origin}"}, targets, measuring.scored, **further
            ),
            inputs=[self._row(number, case, measuring, input_name) for number, case in enumerate(cases, start=1)],
            notes=notes.entries,
        )

    def _example(self, default: Mapping[str, Any]) -> Case:
        names = [path[0] for prompt in self._prompts for text in prompt.texts for path in paths_in(text)]
        self._notes.needed("inputs.jsonl", "", "no test could be read; one made-up input shows the fields")
        shared = default.get("vars")
        made_up = {name: f"an example of {name}" for name in names or ["input"]}
        return Case(place="tests", vars={**made_up, **(shared if isinstance(shared, dict) else {})})

    # -- targets

    def _targets(self, input_name: str, variables: frozenset[str]) -> list[dict[str, Any]]:
        prompts = self._prompts or [Prompt(label="", place="prompts", messages=(("user", "{{" + input_name + "}}"),))]
        providers = self._providers
        if not providers:
            self._notes.needed("providers", "", f"none could be carried over; {STAND_IN} stands in their place")
            providers = [Provider(label=STAND_IN, place="providers", model=STAND_IN)]
        taken: set[str] = set()
        targets = []
        for provider in providers:
            wanted = [each for each in prompts if not provider.only or provider.only & {each.label, *each.ids}]
            for prompt in wanted or prompts:
                target = self._target(provider, prompt, input_name, variables)
                if target is not None:
                    label = provider.label if len(prompts) == 1 else f"{provider.label}, {prompt.label}"
                    targets.append({"name": target_name(label, taken), **target})
        if not targets:
            self._notes.needed("targets", "", f"none could be carried over; {STAND_IN} stands in their place")
            return [{"name": "Assistant", "model": STAND_IN}]
        return targets

    def _target(
        self, provider: Provider, prompt: Prompt, input_name: str, variables: frozenset[str]
    ) -> dict[str, Any] | None:
        def words(name: str) -> str | None:
            if name == input_name:
                return "input"
            return metadata_expression((name,)) if name in variables else None

        messages = [(role, self._template(text, prompt.place, words)) for role, text in prompt.messages]
        if provider.http is not None:
            text = messages[0][1] if [role for role, _ in messages] == ["user"] else None
            http = endpoint_of(provider, prompt.label, text, words, self._notes)
            return None if http is None else {"http": http}
        target: dict[str, Any] = {"model": provider.model}
        roles = [role for role, _ in messages]
        if roles in (["user"], ["system", "user"]):
            keys = {"system": "system", "user": "prompt"}
            target.update({keys[role]: text for role, text in messages})
        else:
            target["messages"] = [{"role": role, "content": text} for role, text in messages]
        if provider.params:
            target["params"] = dict(provider.params)
        return target

    def _template(self, text: str, place: str, words: Words) -> str:
        try:
            template, unknown = renamed(text, words)
        except UntranslatableTemplate as error:
            self._notes.needed(place, "", f"its template could not be translated and stands as a plain text: {error}")
            return literal(text)
        if unknown:
            names = ", ".join(unknown)
            self._notes.needed(place, "", f"no test has {quoted(names)}; the prompt stands as a plain text")
            return literal(text)
        return template

    def _endpoints(self) -> dict[str, Any]:
        return {name: each for provider in self._providers for name, each in provider.endpoints.items()}

    def _check_pairs(self, measuring: Measuring, targets: Sequence[Mapping[str, Any]]) -> None:
        pairs = [each for each in measuring.scored if each.judge is not None and each.judge["mode"] == "pairwise"]
        if pairs and len(targets) < 2:
            self._notes.left(pairs[0].origin, "", "there is but one target, and nothing to compare it with")
            measuring.scored[:] = [each for each in measuring.scored if each not in pairs]

    # -- the rest

    def _run(self) -> dict[str, Any]:
        options = self._data.get("evaluateOptions")
        run: dict[str, Any] = {}
        for name, value in (options if isinstance(options, dict) else {}).items():
            if name in _OPTIONS and isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000:
                run[_OPTIONS[name]] = value
            elif name != "showProgressBar":
                self._notes.left(f"evaluateOptions.{name}", "", "there is nothing of this kind")
        variables = self._data.get("env")
        for name in variables if isinstance(variables, dict) else ():
            self._notes.needed(f"env.{name}", "", "its value was not written; set it in the environment, or in .env")
        return run

    def _row(self, number: int, case: Case, measuring: Measuring, input_name: str) -> dict[str, Any]:
        value = text_of(case.vars.get(input_name))
        if not value.strip():
            self._notes.needed(case.place, "", f"it has no {quoted(input_name)}; '(empty)' stands in its place")
        row: dict[str, Any] = {"id": str(number), "input": value if value.strip() else "(empty)"}
        reference = measuring.references[number - 1]
        if reference is not None:
            row["reference"] = reference
        # A variable that a test lacks is nothing in Nunjucks, and would be an error here.
        known = {**dict.fromkeys(self._used, ""), **case.vars}
        metadata = {**(case.metadata or {}), **{name: each for name, each in known.items() if name != input_name}}
        if case.description:
            metadata.setdefault("description", case.description)
        if measuring.carried[number - 1]:
            metadata["assertions"] = measuring.carried[number - 1]
        if metadata:
            row["metadata"] = metadata
        return row


def _grader(default: Mapping[str, Any]) -> Any:
    options = default.get("options")
    return options.get("provider") if isinstance(options, dict) else None


def _input_name(cases: Sequence[Case], prompts: Sequence[Prompt]) -> str:
    """The variable that is the input: what a message is alone, else a usual name, else the longest text."""
    names = list(dict.fromkeys(name for case in cases for name in case.vars))
    for prompt in prompts:
        path = only_path(prompt.texts[-1])
        if path is not None and len(path) == 1 and path[0] in names:
            return path[0]
    if found := next((name for name in _INPUTS if name in names), None):
        return found
    used = {path[0] for prompt in prompts for text in prompt.texts for path in paths_in(text)}
    candidates = [name for name in names if name in used] or names
    lengths = {name: sum(len(text_of(case.vars.get(name))) for case in cases[:100]) for name in candidates}
    return max(candidates, key=lambda name: lengths[name], default="input")
