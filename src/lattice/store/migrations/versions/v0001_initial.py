"""The tables of the first version.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _evaluations()
    _runs()
    _outcomes()
    _remarks()


def _evaluations() -> None:
    op.create_table(
        "evaluations",
        sa.Column("key", KEY, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("archived", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("last_run", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_evaluations"),
        sa.UniqueConstraint("id", name="uq_evaluations_id"),
        sa.UniqueConstraint("slug", name="uq_evaluations_slug"),
    )
    op.create_table(
        "input_sets",
        sa.Column("key", KEY, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("with_reference", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("staged_at", sa.Double(), nullable=False),
        sa.Column("staged_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_input_sets"),
        sa.UniqueConstraint("hash", name="uq_input_sets_hash"),
    )
    op.create_table(
        "inputs",
        sa.Column("set_key", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=True),
        sa.Column("is_chat", sa.Boolean(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["set_key"], ["input_sets.key"], name="fk_inputs_set_key"),
        sa.PrimaryKeyConstraint("set_key", "position", name="pk_inputs"),
    )
    op.create_table(
        "input_ids",
        sa.Column("set_key", KEY, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["set_key"], ["input_sets.key"], name="fk_input_ids_set_key"),
        sa.PrimaryKeyConstraint("set_key", "id", name="pk_input_ids"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "versions",
        sa.Column("key", KEY, nullable=False),
        sa.Column("evaluation_key", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("input_set", KEY, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["evaluation_key"], ["evaluations.key"], name="fk_versions_evaluation_key"),
        sa.ForeignKeyConstraint(["input_set"], ["input_sets.key"], name="fk_versions_input_set"),
        sa.PrimaryKeyConstraint("key", name="pk_versions"),
        sa.UniqueConstraint(
            "evaluation_key", "config_hash", "input_set", name="uq_versions_evaluation_key_config_hash_input_set"
        ),
        sa.UniqueConstraint("evaluation_key", "number", name="uq_versions_evaluation_key_number"),
    )
    op.create_index("ix_versions_input_set", "versions", ["input_set"], unique=False)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("key", KEY, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("evaluation_key", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version_key", KEY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stopped", sa.Text(), nullable=True),
        sa.Column("stop_request", sa.Text(), server_default="none", nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=True),
        sa.Column("responses_of", KEY, nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.Column("elapsed", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("successful", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("claim_token", sa.String(length=32), nullable=True),
        sa.Column("claim_host", sa.Text(), nullable=True),
        sa.Column("claim_boot", sa.Text(), nullable=True),
        sa.Column("claim_pid", sa.Integer(), nullable=True),
        sa.Column("claim_started", sa.Text(), nullable=True),
        sa.Column("claim_released", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("heartbeat", sa.Double(), nullable=True),
        sa.Column("settings", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("activity", sa.Text(), nullable=True),
        sa.Column("live", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["evaluation_key"], ["evaluations.key"], name="fk_runs_evaluation_key"),
        sa.ForeignKeyConstraint(["responses_of"], ["runs.key"], name="fk_runs_responses_of"),
        sa.ForeignKeyConstraint(["version_key"], ["versions.key"], name="fk_runs_version_key"),
        sa.PrimaryKeyConstraint("key", name="pk_runs"),
        sa.UniqueConstraint("evaluation_key", "number", name="uq_runs_evaluation_key_number"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
    )
    op.create_index("ix_runs_responses_of", "runs", ["responses_of"], unique=False)
    op.create_index("ix_runs_version_key", "runs", ["version_key"], unique=False)


def _outcomes() -> None:
    op.create_table(
        "responses",
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("latency", sa.Double(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("finish_reason", sa.Text(), nullable=True),
        sa.Column("tool_calls", sa.Text(), nullable=True),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_responses_run_key"),
        sa.PrimaryKeyConstraint("run_key", "position", "target", "repeat", name="pk_responses"),
    )
    op.create_table(
        "results",
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("native", sa.Double(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_step", sa.Text(), nullable=True),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("latency", sa.Double(), nullable=True),
        sa.Column("judge_latency", sa.Double(), nullable=True),
        sa.Column("duration", sa.Double(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.Column("target_cost", sa.Double(), nullable=True),
        sa.Column("judge_cost", sa.Double(), nullable=True),
        sa.Column("target_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("target_output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("judge_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("judge_output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_results_run_key"),
        sa.PrimaryKeyConstraint("run_key", "position", "target", "repeat", name="pk_results"),
        sqlite_with_rowid=False,
    )
    op.create_index("results_by_score", "results", ["run_key", "native", "position", "target", "repeat"], unique=False)
    op.create_index("results_by_seq", "results", ["run_key", "seq"], unique=True)
    op.create_table(
        "result_texts",
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_result_texts_run_key"),
        sa.PrimaryKeyConstraint("run_key", "position", "target", "repeat", name="pk_result_texts"),
    )


def _remarks() -> None:
    op.create_table(
        "attempts",
        sa.Column("key", KEY, nullable=False),
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("wait", sa.Double(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_attempts_run_key"),
        sa.PrimaryKeyConstraint("key", name="pk_attempts"),
    )
    op.create_index("attempts_by_run", "attempts", ["run_key", "key"], unique=False)
    op.create_index("attempts_by_trial", "attempts", ["run_key", "position", "target", "repeat"], unique=False)
    op.create_table(
        "annotations",
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_annotations_run_key"),
        sa.PrimaryKeyConstraint("run_key", "position", "target", "repeat", name="pk_annotations"),
    )
