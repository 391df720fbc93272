"""The tables. Plain types only, so that SQLite and PostgreSQL mean the same by them.

Times are seconds since 1970 in UTC, data is JSON text (see `lattice.store.text`), identifiers of rows are
numbers that nobody outside sees. `results` is kept narrow, its long texts in `result_texts`: filtering and
sorting 100,000 results reads numbers only. `input_ids` is the index of a set's ids; it is filled in their order
once all inputs are there, since a million random ids entered one by one take twice as long.

Whatever changes here needs a migration, and its number in `lattice.store.migrating.MIGRATIONS`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy import Text as AnyText

KEY = BigInteger().with_variant(Integer, "sqlite")
# Letters are ordered and compared by their code points, as SQLite does, whatever the locale of a database is.
Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("archived", Boolean, nullable=False, server_default=false()),
    Column("last_run", Integer, nullable=False, server_default=text("0")),
)

input_sets = Table(
    "input_sets",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("hash", String(64), unique=True),
    Column("count", Integer, nullable=False, server_default=text("0")),
    Column("with_reference", Integer, nullable=False, server_default=text("0")),
    Column("staged_at", Double, nullable=False),
    Column("staged_by", Text, nullable=False),
    Column("contents_deleted_at", Double),
)

inputs = Table(
    "inputs",
    metadata,
    Column("set_key", KEY, ForeignKey("input_sets.key"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("cluster", Text),
    Column("is_chat", Boolean, nullable=False),
    Column("input", Text, nullable=False),
    Column("reference", Text),
    Column("context", Text),
    Column("metadata", Text),
    PrimaryKeyConstraint("set_key", "position"),
)

input_ids = Table(
    "input_ids",
    metadata,
    Column("set_key", KEY, ForeignKey("input_sets.key"), nullable=False),
    Column("id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    PrimaryKeyConstraint("set_key", "id"),
    sqlite_with_rowid=False,
)

versions = Table(
    "versions",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("config", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("input_set", KEY, ForeignKey("input_sets.key"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("folder", Text),
    UniqueConstraint("evaluation_key", "number"),
    UniqueConstraint("evaluation_key", "config_hash", "input_set"),
)

runs = Table(
    "runs",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("version_key", KEY, ForeignKey("versions.key"), nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("stopped", Text),
    Column("stop_request", Text, nullable=False, server_default="none"),
    Column("seed", BigInteger, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("origin", String(32)),
    Column("responses_of", KEY, ForeignKey("runs.key"), index=True),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("deleted_at", Double),
    Column("contents_deleted_at", Double),
    Column("elapsed", Double, nullable=False, server_default=text("0")),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("successful", Integer, nullable=False, server_default=text("0")),
    Column("failed", Integer, nullable=False, server_default=text("0")),
    Column("seq", Integer, nullable=False, server_default=text("0")),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("claim_token", String(32)),
    Column("claim_host", Text),
    Column("claim_boot", Text),
    Column("claim_pid", Integer),
    Column("claim_started", Text),
    Column("claim_released", Boolean, nullable=False, server_default=false()),
    Column("heartbeat", Double),
    Column("settings", Text),
    Column("tags", Text),
    Column("folder", Text),
    Column("failure", Text),
    Column("activity", Text),
    Column("live", Text),
    Column("summary", Text),
    UniqueConstraint("evaluation_key", "number"),
)


def _trial_columns() -> tuple[Column[int], ...]:
    return (
        Column("run_key", KEY, ForeignKey("runs.key"), nullable=False),
        Column("position", Integer, nullable=False),
        Column("target", Integer, nullable=False),
        Column("repeat", Integer, nullable=False),
    )


TRIAL = ("run_key", "position", "target", "repeat")

responses = Table(
    "responses",
    metadata,
    *_trial_columns(),
    Column("latency", Double, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", Double),
    Column("model", Text),
    Column("finish_reason", Text),
    Column("tool_calls", Text),
    Column("context", Text),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint(*TRIAL),
)

results = Table(
    "results",
    metadata,
    *_trial_columns(),
    Column("seq", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("native", Double),
    Column("score", Double),
    Column("attempts", Integer, nullable=False),
    Column("error_step", Text),
    Column("error_kind", Text),
    Column("latency", Double),
    Column("judge_latency", Double),
    Column("duration", Double, nullable=False),
    Column("cost", Double),
    Column("target_cost", Double),
    Column("judge_cost", Double),
    Column("target_input_tokens", BigInteger, nullable=False),
    Column("target_output_tokens", BigInteger, nullable=False),
    Column("judge_input_tokens", BigInteger, nullable=False),
    Column("judge_output_tokens", BigInteger, nullable=False),
    Column("metrics", Text),
    PrimaryKeyConstraint(*TRIAL),
    sqlite_with_rowid=False,
)
Index("results_by_seq", results.c.run_key, results.c.seq, unique=True)
Index("results_by_score", results.c.run_key, results.c.native, *(results.c[name] for name in TRIAL[1:]))

result_texts = Table(
    "result_texts",
    metadata,
    *_trial_columns(),
    Column("reasoning", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("error_message", Text),
    PrimaryKeyConstraint(*TRIAL),
)

attempts = Table(
    "attempts",
    metadata,
    Column("key", KEY, primary_key=True),
    *_trial_columns(),
    Column("step", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("allowed", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("wait", Double),
    Column("at", Double, nullable=False),
    Column("message", Text, nullable=False),
)
Index("attempts_by_run", attempts.c.run_key, attempts.c.key)
Index("attempts_by_trial", *(attempts.c[name] for name in TRIAL))

result_annotations = Table(
    "annotations",
    metadata,
    *_trial_columns(),
    Column("score", Double),
    Column("note", Text, nullable=False),
    Column("at", Double, nullable=False),
    PrimaryKeyConstraint(*TRIAL),
)


def _claim_columns() -> tuple[Column[Any], ...]:
    """Which process works on a row, as `lattice.store.claims` reads it; all empty where none does."""
    return (
        Column("claim_token", String(32)),
        Column("claim_host", Text),
        Column("claim_boot", Text),
        Column("claim_pid", Integer),
        Column("claim_started", Text),
        Column("heartbeat", Double),
    )


# What starts by itself. Runs are named by their ids here, not referred to: whoever deletes a run is not held up.

schedules = Table(
    "schedules",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("cron", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("catch_up", Text, nullable=False),
    Column("overlap", Text, nullable=False),
    Column("settings", Text),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("created_at", Double, nullable=False),
    Column("next_at", Double),
)

firings = Table(
    "firings",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("schedule_key", KEY, ForeignKey("schedules.key"), nullable=False),
    Column("due_at", Double, nullable=False),
    Column("missed", Integer, nullable=False, server_default=text("0")),
    Column("asked", Boolean, nullable=False, server_default=false()),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("run_id", String(32)),
    Column("ended_at", Double),
    *_claim_columns(),
    UniqueConstraint("schedule_key", "due_at"),
)

queue = Table(
    "queue",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("run_id", String(32), nullable=False, unique=True),
    Column("queued_at", Double, nullable=False),
    Column("settings", Text),
    Column("begun_at", Double),
    Column("resumes", Integer, nullable=False, server_default=text("0")),
    *_claim_columns(),
)

baselines = Table(
    "baselines",
    metadata,
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), primary_key=True, autoincrement=False),
    Column("run_id", String(32), nullable=False),
    Column("set_at", Double, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), nullable=False),
    Column("name", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("run_id", String(32), nullable=False),
    Column("at", Double, nullable=False),
    PrimaryKeyConstraint("evaluation_key", "name"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", Double, nullable=False, index=True),
)

alert_states = Table(
    "alert_states",
    metadata,
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), nullable=False),
    Column("alert", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("run_id", String(32)),
    Column("streak", Integer, nullable=False, server_default=text("0")),
    Column("detail", Text),
    PrimaryKeyConstraint("evaluation_key", "alert"),
)

assessments = Table(
    "assessments",
    metadata,
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("run_id", String(32)),
    Column("number", Integer),
    Column("outcome", Text, nullable=False),
    PrimaryKeyConstraint("evaluation_key", "subject"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), nullable=False),
    Column("run_id", String(32)),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Double, index=True),
    Column("sent_at", Double),
    Column("error", Text),
    *_claim_columns(),
)

# What runs that were deleted had brought, so that sums over all runs never go back.

retired = Table(
    "retired",
    metadata,
    Column("evaluation_key", KEY, ForeignKey("evaluations.key"), primary_key=True, autoincrement=False),
    Column("figures", Text, nullable=False),
)

RUN_CHILDREN = (result_annotations, attempts, result_texts, results, responses)

schema_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
