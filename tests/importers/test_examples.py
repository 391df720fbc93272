"""The examples have the forms that the tools document."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types import EvalListResponse
from openai.types.evals import RunListResponse
from openai.types.evals.runs import OutputItemListResponse
from pydantic import BaseModel
from tests.importers.examples import openai_objects

KINDS: dict[str, type[BaseModel]] = {
    "eval": EvalListResponse,
    "eval.run": RunListResponse,
    "eval.run.output_item": OutputItemListResponse,
}


def without_null_errors(data: Any) -> Any:
    """The SDK's types want an error, where the API itself gives null."""
    if isinstance(data, dict):
        nothing = {"code": "", "message": ""}
        return {
            key: nothing if key == "error" and value is None else without_null_errors(value)
            for key, value in data.items()
        }
    return [without_null_errors(each) for each in data] if isinstance(data, list) else data


@pytest.mark.parametrize("data", openai_objects(), ids=lambda data: str(data["id"]))
def test_the_sdk_reads_every_object_of_the_example(data: dict[str, Any]) -> None:
    KINDS[data["object"]].model_validate(without_null_errors(data))


def test_the_example_has_a_grader_of_each_kind_that_the_sdk_knows() -> None:
    [eval_] = [each for each in openai_objects() if each["object"] == "eval"]
    kinds = {criterion["type"] for criterion in eval_["testing_criteria"]}
    assert kinds == {"string_check", "text_similarity", "label_model", "score_model", "python"}
