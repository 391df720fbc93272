"""What differs between two runs beside their scores: configuration, the model that answered, the code's commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lattice.config.differences import Difference, differences
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.reporting.sides import Side

COMMITS = ("git.commit", "commit")
"""Tags that name a commit, the one that Lattice writes itself first."""

DIRTY = "git.dirty"
SERVED = "served model"
COMMIT = "git commit"
_SHORT = 12


def changes_between(baseline: Side, candidate: Side) -> tuple[Difference, ...]:
    """Everything that is known to differ between the runs of two sides; nothing within one run.

    Of several targets only the two that are compared count. The model that answered is the one that the
    provider named in its answers: a name such as ``gpt-5-mini`` may stand for another model from one day to the
    next.
    """
    if baseline.run.id == candidate.run.id:
        return ()
    return (
        *differences(_configured(baseline), _configured(candidate)),
        *_differing(SERVED, _served(baseline), _served(candidate)),
        *_differing(COMMIT, commit_of(baseline.run), commit_of(candidate.run)),
    )


def commit_of(run: RunRecord) -> str | None:
    """The commit that a run was made from, as its tags name it; it says when files had been changed since."""
    commit = next((run.tags[tag] for tag in COMMITS if run.tags.get(tag)), None)
    if commit is None:
        return None
    commit = commit[:_SHORT]
    return f"{commit} (with uncommitted changes)" if run.tags.get(DIRTY) == "true" else commit


def _configured(side: Side) -> Evaluation:
    """The evaluation as far as it is about the side."""
    evaluation = side.evaluation
    baseline = evaluation.baseline
    kept = tuple(each for each in evaluation.targets if each.name == side.target or each is baseline)
    return evaluation.model_copy(update={"targets": kept})


def _served(side: Side) -> str | None:
    """``gpt-5-mini-2026-08-07``, or several with how many answers each gave; None where no answer named one."""
    served: Mapping[str, int] = side.served
    if len(served) <= 1:
        return next(iter(served), None)
    return ", ".join(f"{name} ({count})" for name, count in sorted(served.items()))


def _differing(key: str, before: str | None, after: str | None) -> Iterator[Difference]:
    # What one run does not know is no difference.
    if before is not None and after is not None and before != after:
        yield Difference(key=key, before=before, after=after)
