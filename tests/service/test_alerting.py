"""Runs that nobody watched: assessed once, told once, and what was not told is seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.service.nights import INPUTS, Receiver, evaluation, levels, night, receiving
from tests.store.conftest import Clock

from lattice.core.runs import RunStatus
from lattice.service.assessing import PUBLIC_URL, Assessor
from lattice.service.launching import Place
from lattice.service.notifying import MOST_TRIES, Postman
from lattice.service.watching import AlertWatch
from lattice.store import Store, open_store
from lattice.store.alerting import Phase

STUDIO = "https://studio.example/lattice"


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now = datetime(2025, 3, 1, 2, 0, tzinfo=UTC)
    return clock


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/lattice.db"


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    with open_store(url, clock=clock) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class Nights:
    """A store whose nights are assessed and told as a scheduler would."""

    def __init__(self, store: Store, receiver: Receiver, clock: Clock, folder: Path) -> None:
        self.store, self.receiver, self.clock = store, receiver, clock
        environ = {"ALERTS_URL": receiver.url, PUBLIC_URL: STUDIO}
        place = Place(folder=folder, environ=environ)
        self.watch = AlertWatch(store, Assessor.of(store, environ), patience=0.0)
        self.postman = Postman(store=store, place=place)

    def look(self) -> list[dict[str, Any]]:
        """What is told in this round."""
        before = len(self.receiver.messages)
        self.watch.perform()
        self.postman.perform()
        return self.receiver.messages[before:]

    def night(self, natives: list[float | None], **how: Any) -> list[dict[str, Any]]:
        self.clock.advance(86400)
        night(self.store, natives, **how)
        return self.look()

    def usual(self, count: int = 7, **how: Any) -> None:
        for _ in range(count):
            assert self.night(levels(4.2), **how) == []


@pytest.fixture
def nights(store: Store, receiver: Receiver, clock: Clock, tmp_path: Path) -> Nights:
    return Nights(store, receiver, clock, tmp_path)


def test_a_drop_is_told_once_with_its_numbers_and_so_is_its_end(nights: Nights, store: Store) -> None:
    nights.usual()
    bad = levels(3.6, worst=3)
    [told] = nights.night(bad)
    run = store.find_run("nightly#8")
    assert told["title"] == "Alert: Nightly (nightly#8): score 3.6, before 4.2"
    assert "score: 3.6 [" in told["message"]
    assert f"(95%), n = {INPUTS}" in told["message"]
    assert "Before: 4.2, the median of 7 runs, #1 to #7" in told["message"]
    assert "Difference: -0.60 [-1." in told["message"]
    assert "- q1: 5 to 1: Question 1?" in told["message"]
    assert f"Open: {STUDIO}/runs/{run.id}" in told["message"]
    assert "Next: lattice show nightly#8" in told["message"]
    assert nights.night(bad) == []
    assert nights.look() == []
    [told] = nights.night(levels(4.2))
    assert told["title"] == "Recovered: Nightly (nightly#10): score 4.2, before 4.2"
    assert "No longer: difference.ci_upper < 0" in told["message"]
    assert nights.night(levels(4.2)) == []


def test_a_long_drop_does_not_become_the_level(nights: Nights) -> None:
    nights.usual()
    assert len(nights.night(levels(3.6))) == 1
    for _ in range(9):
        assert nights.night(levels(3.6)) == []


def test_a_level_that_was_accepted_is_the_usual_one(nights: Nights, store: Store) -> None:
    nights.usual()
    assert len(nights.night(levels(3.6))) == 1
    evaluation_id = store.find_run("nightly#8").evaluation_id
    assert store.alerts.accept(evaluation_id)
    assert not store.alerts.accept(evaluation_id)
    assert nights.night(levels(3.6)) == []
    assert store.alerts.states(evaluation_id)[0].phase is Phase.OK
    [told] = nights.night(levels(2.8))
    assert "before 3.6" in told["title"]


def test_a_failed_run_says_that_it_failed_and_nothing_of_the_score(nights: Nights, store: Store) -> None:
    nights.usual()
    [told] = nights.night([2.0, None, None], status=RunStatus.FAILED)
    assert told["title"].startswith("Failed: Nightly (nightly#8): the run failed")
    assert "Reason: 401: invalid key" in told["message"]
    assert "Difference" not in told["message"]
    assert nights.night([2.0], status=RunStatus.FAILED) == []
    [told] = nights.night(levels(4.2))
    assert told["title"].startswith("Recovered:")
    assert "No longer: failed" in told["message"]


def test_a_failed_or_cancelled_night_ends_no_alert_on_the_score(nights: Nights) -> None:
    nights.usual()
    assert len(nights.night(levels(3.6))) == 1
    assert nights.night([5.0], status=RunStatus.CANCELLED) == []
    [told] = nights.night([5.0], status=RunStatus.FAILED)
    assert told["title"].startswith("Failed:")
    assert nights.night(levels(3.6)) != []  # it runs again; the drop stands and is not told anew
    assert "No longer: failed" in nights.receiver.messages[-1]["message"]
    assert "No longer: difference" not in nights.receiver.messages[-1]["message"]


def test_what_a_person_ran_in_a_terminal_is_not_told(nights: Nights) -> None:
    nights.usual()
    assert nights.night(levels(3.6), trigger="cli") == []


def test_a_condition_on_the_value_is_an_alert_where_it_holds(nights: Nights) -> None:
    configured = evaluation({"when": ["mean < 3.8 on native scale"], "notify": ["${ALERTS_URL}"]})
    assert nights.night(levels(4.2), configured=configured) == []
    [told] = nights.night(levels(3.6), configured=configured)
    assert "Alert: mean < 3.8 on native scale: 3.6000 is below 3.8" in told["message"]


def test_many_missing_scores_leave_a_condition_undecided_and_that_is_told_after_three(nights: Nights) -> None:
    configured = evaluation({"when": ["mean < 3.8 on native scale"], "notify": ["${ALERTS_URL}"]})
    missing: list[float | None] = [*levels(4.2)[:-6], *[None] * 6]
    assert nights.night(missing, configured=configured) == []
    assert nights.night(missing, configured=configured) == []
    [told] = nights.night(missing, configured=configured)
    assert told["title"].startswith("Undecided:")
    assert "6 of 40 have no score" in told["message"]
    assert nights.night(missing, configured=configured) == []
    assert len(nights.night(levels(4.2), configured=configured)) == 1


def test_an_unfair_pair_is_not_compared_and_that_is_said(nights: Nights, store: Store) -> None:
    nights.usual()
    other = evaluation({"inconclusive": 1, "notify": ["${ALERTS_URL}"]}, rubric="Be kind.")
    [told] = nights.night(levels(3.6), configured=other)
    assert told["title"].startswith("Undecided:")
    assert "not a fair comparison with nightly#7: different rubrics" in told["message"]
    # From the next night on there is a run that it can be held against.
    assert len(nights.night(levels(3.6), configured=other)) == 1


def test_two_processes_that_assess_at_once_tell_it_once(nights: Nights, store: Store, url: str, clock: Clock) -> None:
    nights.usual()
    record = night(store, levels(3.6))
    with open_store(url, clock=clock) as other:
        told = [Assessor.of(each, {}).ended(record) for each in (store, other)]
        assert told == [True, False]
        second = Postman(store=other, place=nights.postman.place)
        nights.postman.perform()
        second.perform()
    assert len(nights.receiver.messages) == 1


def test_a_message_that_is_refused_is_tried_again_visibly_and_then_sent(nights: Nights, store: Store) -> None:
    nights.usual()
    nights.receiver.status = 500
    assert nights.night(levels(3.6)) == []
    [waiting] = store.alerts.outbox.unsent()
    assert waiting.state == "waiting"
    assert waiting.channel == "${ALERTS_URL}"
    assert waiting.error is not None
    assert "500" in waiting.error
    for secret in ("s3cret-word", "private-path", "user"):
        assert secret not in waiting.error
    assert nights.look() == []
    assert store.alerts.outbox.unsent()[0].tries == 1
    nights.receiver.status = 200
    nights.clock.advance(31)
    assert len(nights.look()) == 1
    assert store.alerts.outbox.unsent() == []
    assert store.alerts.outbox.all()[0].state == "sent"


def test_a_message_that_is_never_taken_is_given_up_and_stays_to_be_seen(nights: Nights, store: Store) -> None:
    nights.usual()
    nights.receiver.status = 500
    nights.night(levels(3.6))
    for _ in range(MOST_TRIES + 2):
        nights.clock.advance(3601)
        nights.postman.perform()
    [gone] = store.alerts.outbox.unsent()
    assert (gone.state, gone.tries) == ("given up", MOST_TRIES)


def test_a_variable_that_is_not_set_is_a_failure_to_be_seen(store: Store, nights: Nights, tmp_path: Path) -> None:
    nights.usual()
    night(store, levels(3.6))
    nights.watch.perform()
    Postman(store=store, place=Place(folder=tmp_path, environ={})).perform()
    assert store.alerts.outbox.unsent()[0].error == "${ALERTS_URL}: not set in the environment: ALERTS_URL"


def test_texts_of_inputs_call_nobody_and_are_no_links(nights: Nights) -> None:
    texts = [f"<!channel> @everyone see https://evil.example [here](x)\x1b[31m\n{n}" for n in range(INPUTS)]
    nights.usual(texts=texts)
    [told] = nights.night(levels(3.6, worst=3), texts=texts)
    message = told["message"].replace(STUDIO, "")
    for dangerous in ("<!", "@", "https://", "](", "\x1b"):
        assert dangerous not in message
    assert "- q1: " in message


def test_a_late_run_and_one_whose_process_is_gone_are_told_once(nights: Nights, store: Store) -> None:
    nights.usual(1)
    version = store.version(store.find_run("nightly#1").version_key)
    record = store.create_run(version.key, seed=1, total=INPUTS, tags={}, trigger="schedule")
    assert nights.look() == []
    nights.clock.advance(360 * 60 + 1)
    [told] = nights.look()
    assert told["title"].startswith("Late: Nightly (nightly#2)")
    assert nights.look() == []
    claim = store.claim(record.key)
    store.release(record.key, claim, RunStatus.RUNNING)
    [told] = nights.look()
    assert told["title"].startswith("Interrupted: Nightly (nightly#2)")
    assert nights.look() == []
    store.release(record.key, store.claim(record.key), RunStatus.CANCELLED)
    assert nights.look() == []


def test_a_run_that_a_later_one_has_overtaken_changes_nothing(nights: Nights, store: Store) -> None:
    nights.usual()
    old = night(store, levels(3.6))
    new = night(store, levels(4.2))
    assessor = nights.watch.assessor
    assert assessor.ended(new)
    assert assessor.ended(old)
    assert nights.look() == []
    assert all(each.phase is Phase.OK for each in store.alerts.states(old.evaluation_id))


def test_several_conditions_make_one_message(nights: Nights) -> None:
    conditions = ["mean < 3.8 on native scale", "difference.ci_upper < 0"]
    configured = evaluation({"when": conditions, "notify": ["${ALERTS_URL}"]})
    nights.usual(configured=configured)
    [told] = nights.night(levels(3.6), configured=configured)
    assert all(f"Alert: {each}: " in told["message"] for each in conditions)


def test_the_previous_run_can_be_what_a_difference_is_from(nights: Nights) -> None:
    configured = evaluation({"against": "previous", "notify": ["${ALERTS_URL}"]})
    nights.usual(2, configured=configured)
    [told] = nights.night(levels(3.6), configured=configured)
    assert "the previous run, nightly#2" in told["message"]


def test_a_baseline_that_is_not_pinned_is_said(nights: Nights) -> None:
    configured = evaluation({"against": "baseline", "inconclusive": 1, "notify": ["${ALERTS_URL}"]})
    [told] = nights.night(levels(4.2), configured=configured)
    assert "no baseline is pinned" in told["message"]
