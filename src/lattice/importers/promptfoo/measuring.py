"""What the assertions of all tests come to: checks, a judge, and what each input carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lattice.importers.drafting import Scored
from lattice.importers.judging import binary_judge
from lattice.importers.naming import CheckNames
from lattice.importers.promptfoo.cases import Assertion, Case
from lattice.importers.promptfoo.methods import (
    AGAINST_REFERENCE,
    BEST,
    JUDGED,
    carried_assertion,
    method_of,
    similarity,
    text_of,
)
from lattice.importers.promptfoo.providers import provider_of
from lattice.importers.providers import STAND_IN
from lattice.importers.records import Notes
from lattice.importers.templates import filled, only_path, paths_in, value_at
from lattice.wire.templates import Template, TemplateError

_OWN_RUBRIC = "The REFERENCE says what this RESPONSE has to be like.\n1: the RESPONSE is all of that\n0: it is not"
_NO_DEMAND = "Anything that answers the input."
_LEVELS = "1: the RESPONSE fulfils this\n0: it does not"


@dataclass(kw_only=True)
class Measuring:
    """What was found.

    Parameters
    ----------
    references: of each case, where something is compared with them.
    carried: the assertions that each case carries.
    """

    scored: list[Scored] = field(default_factory=list)
    references: list[str | None]
    carried: list[list[dict[str, Any]]]


def measuring_of(
    cases: Sequence[Case], shared: Sequence[Assertion], judge: Any, input_name: str, notes: Notes
) -> Measuring:
    """Sort the assertions of all cases.

    Parameters
    ----------
    shared: those of ``defaultTest``, which every case has.
    judge: the provider that grades, as the configuration writes it.
    input_name: the variable that is the input.
    """
    found = Measuring(references=[None] * len(cases), carried=[[] for _ in cases])
    sorting = _Sorting(cases, found, CheckNames(), notes)
    sorting.judge(shared, judge, input_name)
    sorting.compare(shared)
    if any(found.carried):
        found.scored.append(Scored(name="assertions", origin="tests[].assert", assertion=True))
    sorting.best(shared, judge)
    return found


class _Sorting:
    def __init__(self, cases: Sequence[Case], found: Measuring, names: CheckNames, notes: Notes) -> None:
        self._cases = cases
        self._found = found
        self._names = names
        self._notes = notes

    # -- judges

    def judge(self, shared: Sequence[Assertion], judge: Any, input_name: str) -> None:
        """One judge for all rubrics: those that all share are its rubric, others stand in the references."""
        plain: list[tuple[Assertion, str]] = []
        demands: list[list[str]] = [[] for _ in self._cases]
        graders: list[Any] = []
        for assertion in shared:
            if self._is_judged(assertion):
                graders.append(assertion.provider)
                if {path[0] for path in paths_in(text_of(assertion.value))} <= {input_name}:
                    plain.append((assertion, self._demand(assertion, lambda path: "(the INPUT)")))
                else:
                    for index, case in enumerate(self._cases):
                        demands[index].append(self._filled_demand(assertion, case))
        for index, case in enumerate(self._cases):
            for assertion in case.own:
                if self._is_judged(assertion):
                    graders.append(assertion.provider)
                    demands[index].append(self._filled_demand(assertion, case))
        if not plain and not any(demands):
            return
        settings = self._settings(plain, demands)
        model = self._model(next((each for each in graders if each), judge))
        name = self._names.name("rubric" if len(plain) != 1 else plain[0][0].metric or "rubric")
        place = plain[0][0].place if plain else "tests[].assert"
        self._notes.changed(place, "llm-rubric", "the judge is asked in Lattice's form, and says 1 or 0")
        self._found.scored.append(
            Scored(name=name, origin=f"{place} llm-rubric", judge=binary_judge(model, **settings))
        )

    def _is_judged(self, assertion: Assertion) -> bool:
        if assertion.type not in JUDGED:
            return False
        if assertion.negated or not text_of(assertion.value):
            reason = "there is no such assertion the other way round" if assertion.negated else "it has no value"
            self._notes.left(assertion.place, assertion.what, reason)
            return False
        if assertion.threshold is not None:
            self._notes.left(f"{assertion.place}.threshold", f"{assertion.threshold:g}", "the judge says 1 or 0")
        return True

    def _settings(self, plain: Sequence[tuple[Assertion, str]], demands: list[list[str]]) -> dict[str, Any]:
        shared = [text for _, text in plain]
        if any(demands):
            lacking = [index for index, each in enumerate(demands) if not each]
            if lacking:
                self._notes.changed(
                    "tests[].assert",
                    "llm-rubric",
                    f"{len(lacking)} of {len(demands)} inputs have none of their own; their reference asks for nothing",
                )
            for index, each in enumerate(demands):
                self._found.references[index] = "\n".join(each) or _NO_DEMAND
            return {"rubric": "\n\n".join([*shared, _OWN_RUBRIC]), "mode": "reference"}
        if len(plain) == 1:
            return {"rubric": f"{shared[0]}\n\n{_LEVELS}"}
        criteria = [
            {"name": self._names.name(each.metric or f"rubric {number}"), "weight": each.weight, "description": text}
            for number, (each, text) in enumerate(plain, start=1)
            if each.weight > 0
        ]
        return {"rubric": "1: the RESPONSE fulfils the criterion\n0: it does not", "criteria": criteria}

    def _filled_demand(self, assertion: Assertion, case: Case) -> str:
        return self._demand(assertion, lambda path: text_of(value_at(case.vars, path)))

    def _demand(self, assertion: Assertion, words: Callable[[tuple[str, ...]], str | None]) -> str:
        text = filled(text_of(assertion.value), words).strip()
        return f"It agrees in its facts with: {text}" if assertion.type == "factuality" else text

    def _model(self, given: Any) -> str:
        ident = given.get("id") or given.get("text") if isinstance(given, dict) else given
        if isinstance(ident, dict):
            ident = ident.get("id")
        if isinstance(ident, str):
            options = given if isinstance(given, dict) and "id" in given else {}
            provider = provider_of(ident, options, "the judge", self._notes)
            if provider is not None and provider.model is not None and not provider.endpoints:
                if provider.params:
                    self._notes.left("the judge: config", ", ".join(provider.params), "write them under judge.params")
                return provider.model
        self._notes.needed(
            "the judge", "", f"the configuration names no model for it that is known; {STAND_IN} stands there"
        )
        return STAND_IN

    # -- comparisons

    def compare(self, shared: Sequence[Assertion]) -> None:
        """Checks for what all share, references for what all have in the same form, and the rest for each input."""
        for assertion in shared:
            if assertion.type in JUDGED or assertion.type == BEST:
                continue
            if not _templates_in(assertion.value):
                self._check(assertion, method_of(assertion, self._notes))
            elif not self._by_reference(assertion, self._variable(assertion)):
                for index, case in enumerate(self._cases):
                    self._carry(index, self._rendered(assertion, case))
        own = [[each for each in case.own if each.type not in JUDGED and each.type != BEST] for case in self._cases]
        if not self._alike(own):
            for index, assertions in enumerate(own):
                for assertion in assertions:
                    self._carry(index, self._rendered(assertion, self._cases[index]))

    def _variable(self, assertion: Assertion) -> list[str] | None:
        """The values of the one variable that an assertion compares with, where every case has one."""
        path = only_path(assertion.value) if isinstance(assertion.value, str) else None
        values = [text_of(value_at(case.vars, path)) for case in self._cases] if path else []
        return values if values and all(values) else None

    def _alike(self, own: Sequence[Sequence[Assertion]]) -> bool:
        """Whether each case has exactly one assertion of its own, all of one type."""
        firsts = [each[0] for each in own if len(each) == 1]
        if len(firsts) != len(own) or not firsts or len({(each.type, each.negated) for each in firsts}) > 1:
            return False
        rendered = [self._rendered(each, case) for each, case in zip(firsts, self._cases, strict=True)]
        if any(each.weight != 1 for each in firsts) or not all(isinstance(each.value, str) for each in rendered):
            return False
        general = replace(firsts[0], place="tests[].assert", metric=None, value=None)
        return self._by_reference(
            general, [each.value for each in rendered] if all(e.value for e in rendered) else None
        )

    def _by_reference(self, assertion: Assertion, values: Sequence[str] | None) -> bool:
        """Compare with references, unless there are none for all or they are taken."""
        method: Mapping[str, Any] | None = AGAINST_REFERENCE.get(assertion.type)
        taken = any(reference is not None for reference in self._found.references)
        if assertion.type == "similar":
            method = {}
        if values is None or assertion.negated or method is None:
            return False
        if taken and list(values) != self._found.references:
            return False
        self._found.references[:] = values
        if assertion.type == "similar":
            method = {"similarity": similarity(assertion, self._notes)}
        self._check(replace(assertion, value=None), dict(method))
        return True

    def _check(self, assertion: Assertion, method: Mapping[str, Any] | None) -> None:
        if method is not None:
            shown = assertion.value if isinstance(assertion.value, str) else ""
            wanted = assertion.metric or " ".join(
                part for part in ("not" if assertion.negated else "", assertion.type, shown[:40]) if part
            )
            self._found.scored.append(
                Scored(name=self._names.name(wanted), origin=f"{assertion.place} {assertion.type}", check=method)
            )

    def _carry(self, index: int, assertion: Assertion) -> None:
        carried = carried_assertion(assertion, self._notes)
        if carried is not None:
            self._found.carried[index].append(carried)

    def _rendered(self, assertion: Assertion, case: Case) -> Assertion:
        """The assertion with a case's variables in its value."""
        return replace(assertion, value=self._rendered_value(assertion.value, case, assertion))

    def _rendered_value(self, value: Any, case: Case, assertion: Assertion) -> Any:
        if isinstance(value, list):
            return [self._rendered_value(each, case, assertion) for each in value]
        if not isinstance(value, str) or not _templates_in(value):
            return value
        try:
            return Template(value, variables=frozenset(case.vars)).render(case.vars)
        except TemplateError as error:
            self._notes.needed(assertion.place, assertion.what, f"its template could not be filled in: {error.message}")
            return value

    # -- pairs

    def best(self, shared: Sequence[Assertion], judge: Any) -> None:
        """``select-best`` as a comparison of each target with the first."""
        all_ = [*shared, *(each for case in self._cases for each in case.own)]
        found = [each for each in all_ if each.type == BEST]
        if not found:
            return
        first, texts = found[0], dict.fromkeys(text_of(each.value) for each in found)
        if len(texts) > 1:
            self._notes.left(
                first.place, BEST, f"{len(texts)} different criteria; a judge has one rubric for all inputs"
            )
            return
        self._notes.changed(
            first.place, first.what, "each target is compared with the first, not the best of all picked"
        )
        rubric = f"Better is the response that fits this best: {next(iter(texts)) or 'overall quality'}"
        model = self._model(first.provider or judge)
        settings = {"model": model, "mode": "pairwise", "rubric": rubric}
        self._found.scored.append(Scored(name="best", origin=f"{first.place} {BEST}", judge=settings))


def _templates_in(value: Any) -> bool:
    return any("{{" in text or "{%" in text for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
