"""Runs side by side: the numbers, what is filtered and sorted, and runs that go on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.studio.studios import added, carried_out

from lattice.core.runs import RunRecord
from lattice.service.comparing import compare_runs
from lattice.service.preparation import create_run
from lattice.service.sides import choose
from lattice.studio.comparing.asking import Asked, View
from lattice.studio.comparing.kept import Kept
from lattice.studio.comparing.watching import DifferenceSoFar, Watched
from lattice.studio.state import Studio

HOSTILE = "<script>alert(1)</script>"
GOOD, POOR = "sim/assistant-0.9", "sim/assistant-0.3"


def ended(studio: Studio, model: str = GOOD, **changes: Any) -> RunRecord:
    carried_out(studio.place.folder, **{"targets": [{"name": "Bot", "model": model}], **changes})
    return studio.store.runs()[0]


def going(studio: Studio, **changes: Any) -> RunRecord:
    """A run that this very process carries out, without a result yet."""
    version = added(studio.store, studio.place.folder, **changes)
    record = create_run(studio.store, version, tags={}, trigger="cli", folder=None)
    studio.store.claim(record.key)
    return studio.store.run(record.key)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def shown(client: TestClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def positions(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'data-pair="(\d+)"', page)]


class TestChoosing:
    def test_without_runs_there_is_a_command(self, client: TestClient) -> None:
        assert "lattice run evaluation.yaml" in shown(client, "/compare")

    def test_the_last_two_runs_of_an_evaluation_are_offered(self, studio: Studio, client: TestClient) -> None:
        old, new = ended(studio), ended(studio, POOR)
        page = shown(client, "/compare")
        assert f"/compare?run={old.id}&amp;run={new.id}" in page
        assert f'value="{new.id}"' in page

    def test_runs_are_found_by_name_and_target(self, studio: Studio, client: TestClient) -> None:
        run = ended(studio, targets=[{"name": "Retriever", "model": GOOD}])
        assert run.id in shown(client, "/compare?find=retriev+SUPPORT")
        assert "No run matches" in shown(client, "/compare?find=nothing")

    def test_of_those_that_are_picked_from_a_list_the_oldest_is_the_baseline(
        self, studio: Studio, client: TestClient
    ) -> None:
        first, second, third = (ended(studio) for _ in range(3))
        picked = f"/compare?run={third.id}&run={first.id}&run={second.id}&picked="
        assert client.get(f"{picked}1").headers["location"] == (
            f"/compare?run={first.id}&run={second.id}&run={third.id}"
        )
        assert client.get(f"{picked}{second.id}").headers["location"].startswith(f"/compare?run={second.id}")

    def test_what_cannot_be_compared_is_said_where_one_can_choose_again(
        self, studio: Studio, client: TestClient
    ) -> None:
        run = ended(studio)
        alone = client.get(f"/compare?run={run.id}")
        assert alone.status_code == 409
        assert "stands alone; name another run to compare it with" in alone.text
        assert client.get("/compare?run=nowhere").status_code == 404
        many = "&".join(f"run={ended(studio).id}" for _ in range(6))
        assert "at most 5 runs stand side by side" in client.get(f"/compare?{many}").text
        chosen = shown(client, f"/compare?run={run.id}&choose=1")
        assert f'value="{run.id}" checked' in chosen


class TestTheNumbers:
    def test_the_conclusion_and_the_counts_are_those_of_the_command(self, studio: Studio, client: TestClient) -> None:
        old, new = ended(studio), ended(studio, POOR)
        found = compare_runs(studio.store, [old.id, new.id]).comparisons[0]
        page = text_of(shown(client, f"/compare?run={old.id}&run={new.id}"))
        assert found.conclusion in page.replace("&lt;", "<")
        assert f"▲ {found.wins} better" in page
        assert f"▼ {found.losses} worse" in page
        assert "n = 12 of 12" in page
        assert "adjusted_t" in page
        assert "targets.0.model" in page
        assert "Latency p50" in page

    def test_an_unfair_comparison_says_what_else_differs(self, studio: Studio, client: TestClient) -> None:
        ended(studio)
        ended(studio, scoring={"judge": {"model": "sim/judge", "rubric": "5: short. 1: long."}})
        page = text_of(shown(client, "/compare?run=support%231&run=support%232"))
        assert "The comparison is not fair." in page
        assert "different rubrics" in page

    def test_other_inputs_have_numbers_and_no_pairs(self, studio: Studio, client: TestClient) -> None:
        ended(studio)
        ended(studio, inputs={"items": ["One?", "Two?", "Three?"]})
        page = shown(client, "/compare?run=support%231&run=support%232&view=scatter")
        assert "has other inputs than support#1" in page
        assert "different inputs" in page
        assert positions(page) == []

    def test_operational_runs_are_set_side_by_side_without_a_conclusion(
        self, studio: Studio, client: TestClient
    ) -> None:
        for _ in range(2):
            ended(studio, type="operational", scoring=None)
        page = shown(client, "/compare?run=support%231&run=support%232")
        assert "They have no metric in common" in page
        assert "Latency p95" in page
        assert client.get("/compare/charts/table?run=support%231&run=support%232").status_code == 404

    def test_the_targets_of_one_run_are_compared_and_any_may_be_the_baseline(
        self, studio: Studio, client: TestClient
    ) -> None:
        run = ended(studio, targets=[{"name": "A b", "model": GOOD}, {"name": "C", "model": POOR}])
        page = shown(client, f"/compare?run={run.id}")
        turned = re.search(r'href="(\?[^"]*)" title="Make it the baseline"', page)
        assert turned is not None
        other = shown(client, f"/compare{turned[1].replace('&amp;', '&')}")
        assert re.search(r"support#1/C\s*</a>\s*<span class=\"faint\">baseline", other)

    def test_targets_in_common_are_switched_between(self, studio: Studio, client: TestClient) -> None:
        for _ in range(2):
            ended(studio, targets=[{"name": "A", "model": GOOD}, {"name": "B", "model": POOR}])
        page = shown(client, "/compare?run=support%231&run=support%232&target=2")
        assert 'aria-current="true">B</a>' in page
        assert "support#2/B" in page

    def test_pairwise_scores_say_what_they_mean(self, studio: Studio, client: TestClient) -> None:
        for _ in range(2):
            ended(
                studio,
                type="comparison",
                targets=[{"name": "Base", "model": POOR}, {"name": "New", "model": GOOD}],
                scoring={"judge": {"model": "sim/judge", "mode": "pairwise"}},
            )
        page = shown(client, "/compare?run=support%231&run=support%232")
        assert "Scores are outcomes against Base: 1 won, 0.5 tied, 0 lost." in page

    @pytest.mark.parametrize("view", View)
    def test_every_view_has_a_chart_with_its_numbers(self, studio: Studio, client: TestClient, view: View) -> None:
        ended(studio)
        ended(studio, POOR)
        document = client.get(f"/compare/charts/{view}?run=support%231&run=support%232&theme=dark").json()
        assert "support#2" in document["title"]
        assert document["table"]["rows"]
        table = shown(client, f"/compare/charts/{view}?run=support%231&run=support%232&as=table")
        assert "<tbody>" in table

    def test_a_comparison_is_made_once_while_nothing_is_added(self, studio: Studio, client: TestClient) -> None:
        old, new = ended(studio), ended(studio, POOR)
        address = f"/compare?run={old.id}&run={new.id}"
        first = shown(client, address)
        kept = studio.comparisons._made
        found = list(kept.values())
        assert shown(client, address) == first
        assert list(kept.values()) == found


class TestTheInputs:
    @pytest.fixture
    def address(self, studio: Studio) -> str:
        old, new = ended(studio), ended(studio, POOR)
        return f"/compare?run={old.id}&run={new.id}"

    def test_the_worst_regression_stands_first_and_is_named_above(
        self, studio: Studio, client: TestClient, address: str
    ) -> None:
        moved = compare_runs(studio.store, ["support#1", "support#2"]).comparisons[0].worse
        page = shown(client, address)
        assert positions(page)[: len(moved)] == [each.position for each in moved][:10]
        assert f"Worst regression: #{moved[0].position}" in text_of(page)
        assert f"#pair-{moved[0].position}" in page

    def test_filters_pages_and_orders_stand_in_the_address(self, client: TestClient, address: str) -> None:
        assert positions(shown(client, f"{address}&sort=input")) == list(range(1, 11))
        assert positions(shown(client, f"{address}&sort=input&page=2")) == [11, 12]
        assert positions(shown(client, f"{address}&sort=input&page=99")) == [11, 12]
        assert positions(shown(client, f"{address}&q=question+7?")) == [7]
        assert "No input matches" in shown(client, f"{address}&q=nowhere")
        worse = positions(shown(client, f"{address}&show=worse"))
        better = positions(shown(client, f"{address}&show=better"))
        assert worse
        assert not set(worse) & set(better)

    def test_a_region_of_the_scatter_is_reached_from_its_table(self, client: TestClient, address: str) -> None:
        page = shown(client, f"{address}&view=scatter")
        cells = re.findall(r'href="(\?[^"]*x=[^"]*)#pairs" data-rows>(\d+)</a>', page)
        assert sum(int(count) for _, count in cells) == 12
        for link, count in cells:
            assert len(positions(shown(client, f"/compare{link.replace('&amp;', '&')}"))) == min(10, int(count))

    def test_differences_of_texts_are_marked(self, client: TestClient, address: str) -> None:
        assert "<del>" not in shown(client, address)
        assert "<ins>" in shown(client, f"{address}&mode=diff")

    def test_a_row_leads_to_the_trials_of_each_run(self, client: TestClient, address: str) -> None:
        links = re.findall(r'href="(/runs/[^"]*/results/[^"]*)"', shown(client, f"{address}&q=question+7?"))
        assert len(links) == 2
        assert all(client.get(link).status_code == 200 for link in links)

    def test_what_misses_a_score_is_listed_with_the_reason(self, studio: Studio, client: TestClient) -> None:
        ended(studio)
        faulty = {"name": "Bot", "model": "sim/assistant", "params": {"faults": {"invalid": 0.4}}}
        run = ended(studio, targets=[faulty])
        page = shown(client, "/compare?run=support%231&run=support%232&show=missing")
        assert len(positions(page)) == run.progress.failed > 0
        assert "Failed: " in page
        assert "unscored trials" in page

    def test_repeats_have_a_page_each(self, studio: Studio, client: TestClient) -> None:
        for _ in range(2):
            ended(studio, run={"repeats": 3})
        page = shown(client, "/compare?run=support%231&run=support%232&q=question+7?")
        assert text_of(page).count("Mean of 3 repeats") == 2
        assert len(re.findall(r"/results/7/1/[123]", page)) == 6

    def test_whatever_a_model_or_file_wrote_is_text(self, studio: Studio, client: TestClient) -> None:
        for model in ("sim/echo", GOOD):
            ended(studio, targets=[{"name": HOSTILE, "model": model}], inputs={"items": [HOSTILE, "Two?", "\x1b[31m"]})
        for mode in ("compact", "full", "diff"):
            page = shown(client, f"/compare?run=support%231&run=support%232&mode={mode}&q={'%3Cscript'}")
            assert HOSTILE not in page
            assert "&lt;script&gt;" in page

    def test_numbers_that_are_none_are_passed_over(self, client: TestClient, address: str) -> None:
        odd = "&page=x&candidate=99&target=0&view=no&show=no&sort=no&mode=no&x=nan..&y=1&metric=nothing"
        assert len(positions(shown(client, f"{address}{odd}"))) == 10


class TestRunsThatGoOn:
    def test_they_are_watched_unless_one_asks_for_what_there_is(self, studio: Studio, client: TestClient) -> None:
        run, other = ended(studio), going(studio)
        address = f"/compare?run={run.id}&run={other.id}"
        assert client.get(address).headers["location"] == f"/compare/live?run={run.id}&run={other.id}"
        assert "Watch live" in shown(client, f"{address}&so_far=1")

    def test_progress_stands_side_by_side(self, studio: Studio, client: TestClient) -> None:
        ended(studio)
        going(studio)
        page = shown(client, "/compare/live?run=support%231&run=support%232")
        assert "Progress: 12 / 12 (100%)" in page
        assert "Progress: 0 / 12 (0%)" in page
        assert "/compare/live/stream?run=" in page
        assert "Two or more" not in page
        assert client.get("/compare/live").headers["location"] == "/compare"
        assert client.get("/compare/live?run=nowhere").status_code == 404

    def test_a_look_says_that_the_difference_is_preliminary(self, studio: Studio) -> None:
        ended(studio)
        going(studio)
        chosen = [choose(studio.store, name) for name in ("support#1", "support#2")]
        glance = DifferenceSoFar(studio, chosen).look()
        assert "Preliminary" in glance.parts["compare-difference"]
        assert "Nothing can be concluded about score" in glance.parts["compare-difference"]
        assert not glance.calm
        progress = Watched(studio, chosen).look()
        assert "Completed" in progress.parts["compare-side-0"]
        assert "The page goes on by itself" in progress.parts["compare-ended"]

    def test_when_all_have_ended_the_comparison_is_offered(self, studio: Studio) -> None:
        ended(studio)
        ended(studio, POOR)
        chosen = [choose(studio.store, name) for name in ("support#1", "support#2")]
        look = Watched(studio, chosen).look()
        assert look.calm
        assert "Compare their results" in look.parts["compare-ended"]
        said = DifferenceSoFar(studio, chosen).look().parts["compare-difference"]
        assert "Final" in said
        assert "support#2 is worse than support#1" in said

    def test_runs_of_different_evaluations_are_watched_and_not_concluded_from(self, studio: Studio) -> None:
        ended(studio)
        going(studio, name="Other", inputs={"items": ["One?", "Two?"]})
        chosen = [choose(studio.store, name) for name in ("support#1", "other#1")]
        said = DifferenceSoFar(studio, chosen).look().parts["compare-difference"]
        assert "the runs have different inputs" in said

    def test_one_run_without_another_target_is_watched_and_says_why_nothing_is_compared(self, studio: Studio) -> None:
        going(studio)
        said = DifferenceSoFar(studio, [choose(studio.store, "support#1")]).look().parts["compare-difference"]
        assert "stands alone" in said

    def test_the_difference_is_worked_out_the_less_often_the_longer_it_takes(self, studio: Studio) -> None:
        ended(studio)
        going(studio)
        times = iter([0.0, 2.0, 2.0, 11.0, 12.0, 12.5, 12.5])
        looked = DifferenceSoFar(
            studio, [choose(studio.store, name) for name in ("support#1", "support#2")], lambda: next(times)
        )
        looked.look()
        looked._state = None
        looked._text = "as it was"
        assert looked.look().parts["compare-difference"] == "as it was"
        assert looked.look().parts["compare-difference"] != "as it was"

    @pytest.mark.parametrize("kind", ["running", "distribution"])
    def test_charts_lie_over_each_other(self, studio: Studio, client: TestClient, kind: str) -> None:
        ended(studio)
        going(studio)
        found = client.get(f"/compare/live/charts/{kind}?run=support%231&run=support%232").json()
        assert "support#1" in str(found["spec"])
        going(studio, name="Other")
        nothing = client.get(f"/compare/live/charts/{kind}?run=other%231").json()
        assert nothing == {"empty": "no trial has a score yet"}


class TestTheAddress:
    def test_it_says_only_what_needs_saying(self) -> None:
        asked = Asked.of(["a", "b", "a"], {"show": "worse", "page": "3", "q": " refund "})
        assert asked.address() == "?run=a&run=b&show=worse&q=refund&page=3"
        assert asked.address(show="all") == "?run=a&run=b&q=refund"
        assert ("page", "3") not in asked.fields()

    def test_a_region_drawn_backwards_is_the_same(self) -> None:
        there, back = (Asked.of(["a"], {"x": text}) for text in ("0.25..0.5", "0.5..0.25"))
        assert there == back
        assert there.address() == "?run=a&x=0.25..0.5"


def test_only_the_last_few_are_kept() -> None:
    kept: Kept[int] = Kept(2)
    made: list[int] = []

    def ask(number: int) -> int:
        def make() -> int:
            made.append(number)
            return number

        return kept.get(number, make)

    assert [ask(each) for each in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert made == [1, 2, 3, 2]
