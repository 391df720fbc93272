"""The API's objects, as far as they are needed here.

Source: https://developers.openai.com/api/reference/resources/evals
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lattice.importers.foreign import Foreign

EVAL, RUN, OUTPUT_ITEM, PAGE = "eval", "eval.run", "eval.run.output_item", "list"


def _properties(schema: Any) -> dict[str, Any]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return properties if isinstance(properties, dict) else {}


class DataSourceConfig(Foreign):
    """Where the items of an eval come from; `item_schema` stands in requests, `schema` in answers."""

    type: str
    item_schema: dict[str, Any] | None = None
    full_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    metadata: dict[str, Any] | None = None

    @property
    def item_properties(self) -> dict[str, Any]:
        """The schema of each field of an item."""
        if self.item_schema is not None:
            return _properties(self.item_schema)
        return _properties(_properties(self.full_schema).get("item"))


class Eval(Foreign):
    """What is graded, and how; one that was never created has no id."""

    id: str = ""
    name: str | None = None
    created_at: int | None = None
    data_source_config: DataSourceConfig
    testing_criteria: list[dict[str, Any]]
    metadata: dict[str, Any] | None = None


class ApiError(Foreign):
    """What went wrong; the API gives null, or empty texts, where nothing did."""

    code: str | None = None
    message: str | None = None


class Row(Foreign):
    """One line of a data source."""

    item: dict[str, Any]
    sample: dict[str, Any] | None = None


class DataFrom(Foreign):
    """What fills ``item``: content in place, a file, or a query over what was logged."""

    type: str
    id: str | None = None
    content: list[Row] | None = None


class TemplateMessage(Foreign):
    """One message of a prompt."""

    role: str
    content: Any


class InputMessages(Foreign):
    """A template, or the field that holds a whole conversation."""

    type: str
    template: list[TemplateMessage] | None = None
    item_reference: str | None = None


class DataSource(Foreign):
    """What a run took, and which model it asked."""

    type: str
    source: DataFrom | None = None
    input_messages: InputMessages | None = None
    model: str | None = None
    sampling_params: dict[str, Any] | None = None


class Run(Foreign):
    """One run of an eval."""

    id: str = ""
    eval_id: str = ""
    name: str | None = None
    status: str = "completed"
    created_at: int | None = None
    model: str | None = None
    data_source: DataSource
    error: ApiError | None = None
    metadata: dict[str, Any] | None = None


class GraderResult(Foreign):
    """What one grader said of one item."""

    name: str
    score: float | None = None
    passed: bool | None = None
    sample: dict[str, Any] | None = None


class SampleMessage(Foreign):
    """What was said, to the model or by it."""

    role: str | None = None
    content: Any = None
    tool_calls: list[dict[str, Any]] | None = None


class SampleUsage(Foreign):
    """Tokens of one sample."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Sample(Foreign):
    """What the model was asked and what it gave."""

    output: list[SampleMessage] = Field(default_factory=list)
    output_text: str | None = None
    usage: SampleUsage | None = None
    error: ApiError | None = None
    model: str | None = None
    finish_reason: str | None = None


class OutputItem(Foreign):
    """One item of a run, with what was answered and how it was graded."""

    id: str = ""
    run_id: str
    eval_id: str = ""
    created_at: int | None = None
    status: str = ""
    datasource_item: dict[str, Any]
    datasource_item_id: int | None = None
    results: list[GraderResult] = Field(default_factory=list)
    sample: Sample | None = None

    @property
    def item(self) -> dict[str, Any]:
        """The fields that templates call ``item``; some sources have them one level deeper."""
        inner = self.datasource_item.get("item")
        return (
            inner
            if isinstance(inner, dict) and set(self.datasource_item) <= {"item", "sample"}
            else self.datasource_item
        )


def text_of(content: Any) -> str | None:
    """The text of a message's content: itself, or that of its parts; None where there is an image or a sound."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return content["text"] if isinstance(content.get("text"), str) else None
    if isinstance(content, list):
        parts = [text_of(part) for part in content]
        return None if None in parts else "\n".join(part for part in parts if part is not None)
    return None
