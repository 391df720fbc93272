"""The results of a run in the Studio: the table and its address, one trial, annotations, judges."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.studio.studios import READ_TOKEN, TOKEN, a_studio, added, carried_out, visited

from lattice.core.runs import RunRecord
from lattice.core.trials import TrialKey
from lattice.service.preparation import create_run
from lattice.store.records import Slice
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio
from lattice.studio.trials.browsing import SIZES, Browsing, row_key, row_name
from lattice.studio.trials.texts import page_text

PART = {"HX-Request": "true", "HX-Target": "results"}
PANEL = {"HX-Request": "true", "HX-Target": "trial"}
SCRIPT = "<script>alert(1)</script>"
PAIR = {
    "targets": [{"name": "Old", "model": "sim/assistant"}, {"name": "New", "model": "sim/assistant-strong"}],
    "scoring": {"judge": {"model": "sim/judge", "mode": "pairwise"}},
}
PANEL_OF_JUDGES = {
    "scoring": {
        "judges": [
            {"name": "strict", "model": "sim/judge", "criteria": [{"name": "tone"}, {"name": "truth"}]},
            {"name": "kind", "model": "sim/judge-longer", "criteria": [{"name": "tone"}, {"name": "truth"}]},
        ]
    },
    "checks": [{"name": "is short", "regex": "^.{1,900}$"}],
}


def ended(studio: Studio, **changes: Any) -> RunRecord:
    carried_out(studio.place.folder, **changes)
    return studio.store.runs()[0]


def rows(page: str) -> list[str]:
    return re.findall(r'data-row="([^"]*)"', page)


def text_of(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))


class TestTheTable:
    def test_shows_input_score_and_reasoning_of_each_result(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        page = client.get(f"/runs/{record.id}/results")
        row = studio.store.results(record.key, limit=1)[0]
        assert page.status_code == 200
        assert len(rows(page.text)) == 12
        for part in ("#1 Question 1?", "12 results", row.reasoning):
            assert part in text_of(page.text)

    def test_alone_for_htmx_and_whole_when_a_browser_goes_back(self, studio: Studio, client: TestClient) -> None:
        address = f"/runs/{ended(studio).id}/results"
        assert "<html" not in client.get(address, headers=PART).text
        assert "<html" in client.get(address, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}).text

    def test_is_filtered_by_the_language_of_the_command_line(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        expected = [row.key for row in studio.store.results(record.key) if (row.native or 9) < 4]
        page = client.get(f"/runs/{record.id}/results", params={"where": "score < 4"}).text
        assert rows(page) == [row_name(key) for key in expected]
        assert f"{len(expected)} of 12 show all" in text_of(page)

    def test_searches_input_output_and_reasoning(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        page = client.get(f"/runs/{record.id}/results", params={"q": "question 7"}).text
        assert rows(page) == ["7.1.1"]

    @pytest.mark.parametrize(("where", "said"), [("score <", "Column 8"), ("nonsense < 3", "have no 'nonsense'")])
    def test_says_what_is_wrong_with_a_filter_and_keeps_the_rows(
        self, studio: Studio, client: TestClient, where: str, said: str
    ) -> None:
        address = f"/runs/{ended(studio).id}/results"
        page = client.get(address, params={"where": where}).text
        assert said in text_of(page)
        assert len(rows(page)) == 12
        part = client.get(address, params={"where": where}, headers=PART)
        assert said in text_of(part.text)
        assert part.headers["hx-retarget"] == "#filter-problem"
        assert part.headers["hx-push-url"] == "false"

    def test_says_when_everything_is_filtered_out(self, studio: Studio, client: TestClient) -> None:
        page = text_of(client.get(f"/runs/{ended(studio).id}/results?where=score+%3E+99").text)
        assert "No result matches" in page
        assert "0 of 12" in page

    def test_says_when_the_run_has_not_begun(self, studio: Studio, client: TestClient) -> None:
        version = added(studio.store, studio.place.folder)
        record = create_run(studio.store, version, tags={}, trigger="cli", folder=None)
        assert "Not yet run" in client.get(f"/runs/{record.id}/results").text

    def test_says_when_the_run_has_begun_and_nothing_is_there(self, studio: Studio, client: TestClient) -> None:
        version = added(studio.store, studio.place.folder)
        record = create_run(studio.store, version, tags={}, trigger="cli", folder=None)
        studio.store.claim(record.key)
        assert "Still running" in client.get(f"/runs/{record.id}/results").text

    def test_says_when_a_page_is_beyond_the_last(self, studio: Studio, client: TestClient) -> None:
        assert "beyond the last result" in client.get(f"/runs/{ended(studio).id}/results?page=9").text

    def test_is_sorted_and_paged_by_its_address(self, studio: Studio, client: TestClient) -> None:
        items = [f"Question {number}?" for number in range(1, 41)]
        record = ended(studio, inputs={"items": items})
        page = client.get(f"/runs/{record.id}/results?sort=-input&size=25&page=2")
        assert rows(page.text) == [f"{number}.1.1" for number in range(15, 0, -1)]
        assert 'aria-sort="descending"' in page.text
        assert "26–40 of 40" in page.text

    def test_has_the_columns_that_were_chosen(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        page = client.get(f"/runs/{record.id}/results?column=output&column=tokens").text
        headings = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page, re.DOTALL)
        assert [text_of(each).strip() for each in headings] == ["Input", "Output", "Tokens"]
        assert "columns=output%2Ctokens" in page

    def test_tells_the_browser_its_address_on_the_page_it_stands_on(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        here = {**PART, "HX-Current-URL": f"http://127.0.0.1/runs/{record.id}?tab=results"}
        pushed = client.get(f"/runs/{record.id}/results?where=score+%3C+9", headers=here).headers["hx-push-url"]
        assert pushed == f"/runs/{record.id}?where=score+%3C+9"
        first = client.get(f"/runs/{record.id}/results", headers={**here, "HX-Trigger": "results"})
        assert "hx-push-url" not in first.headers

    def test_shows_criteria_checks_and_a_filter_for_judges_that_disagree(
        self, studio: Studio, client: TestClient
    ) -> None:
        record = ended(studio, **PANEL_OF_JUDGES)
        page = client.get(f"/runs/{record.id}/results").text
        for heading in ("tone", "truth", "is short"):
            assert f">{heading}" in page
        assert "judges disagree" in page
        assert client.get(f"/runs/{record.id}/results?where=disagreement+%3D+1").status_code == 200

    def test_escapes_what_others_wrote(self, studio: Studio, client: TestClient) -> None:
        hostile = f"{SCRIPT} \u202eback\x00 {'long ' * 400}"
        record = ended(studio, inputs={"items": [{"id": SCRIPT, "input": hostile, "reference": SCRIPT}]})
        for address in (f"/runs/{record.id}/results?columns=id,reference", f"/runs/{record.id}/results/1/1/1"):
            page = client.get(address).text
            assert "alert(1)" in page
            assert SCRIPT not in page
            assert "\u202e" not in page
            assert "\x00" not in page

    @given(
        st.dictionaries(
            st.sampled_from(["where", "q", "sort", "page", "size", "columns", "row", "upto"]),
            st.text(max_size=30) | st.integers().map(str),
        )
    )
    def test_an_address_of_a_browsing_means_the_same_browsing(self, query: dict[str, str]) -> None:
        browsing = Browsing.of(query)
        address = browsing.address(row=browsing.row)
        again = dict(re.findall(r"[?&]([a-z]+)=([^&]*)", address))
        assert browsing.size in SIZES
        assert set(again) <= {"where", "q", "sort", "page", "size", "columns", "row", "upto"}

    @given(st.integers(1, 10**6), st.integers(0, 50), st.integers(0, 50))
    def test_the_name_of_a_row_is_read_back(self, position: int, target: int, repeat: int) -> None:
        key = TrialKey(position, target, repeat)
        assert row_key(row_name(key)) == key

    @pytest.mark.parametrize("name", ["", "1", "1.1", "0.1.1", "1.0.1", "a.b.c", "1.1.1.1", "-1.1.1", "²." * 2 + "²"])
    def test_what_is_no_name_of_a_row_is_none(self, name: str) -> None:
        assert row_key(name) is None


class TestATrial:
    def test_opens_beside_the_table_by_its_address(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        page = client.get(f"/runs/{record.id}/results?row=3.1.1").text
        assert re.search(r'data-row="3.1.1" aria-selected="true"', page)
        assert "What the judge saw" in page

    def test_stands_on_a_page_of_its_own_with_its_neighbours(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        page = client.get(f"/runs/{record.id}/results/3/1/1?at=2").text
        assert "<html" in page
        assert f'rel="prev" href="/runs/{record.id}/results/2/1/1?at=1"' in page
        assert f'rel="next" href="/runs/{record.id}/results/4/1/1?at=3"' in page

    def test_its_neighbours_are_those_of_the_filter_and_order(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        page = client.get(f"/runs/{record.id}/results/12/1/1?sort=-input&at=0").text
        assert 'rel="prev"' not in page
        assert "/results/11/1/1?sort=-input&amp;at=1" in page

    def test_shows_what_target_and_judge_were_asked_and_what_the_judge_said(
        self, studio: Studio, client: TestClient
    ) -> None:
        record = ended(studio)
        row = studio.store.results(record.key, limit=1)[0]
        shown = text_of(client.get(f"/runs/{record.id}/results/1/1/1", headers=PANEL).text)
        for part in ("What the target was asked", "What it said", "5: right. 1: wrong.", row.raw, "after 2 calls"):
            assert part in shown
        assert row.response is not None
        assert row.response.text in shown

    def test_shows_both_responses_of_a_pair_and_both_orders(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio, **PAIR)
        shown = text_of(client.get(f"/runs/{record.id}/results/1/2/1").text)
        for part in ("Response of New", "Baseline: Old", "What the judge saw: As A", "What the judge saw: As B"):
            assert part in shown

    def test_shows_each_judge_of_a_panel(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio, **PANEL_OF_JUDGES)
        shown = text_of(client.get(f"/runs/{record.id}/results/1/1/1").text)
        for part in ("Criteria", "Judges", "strict", "kind", "Checks", "is short"):
            assert part in shown

    def test_shows_a_conversation_message_by_message(self, studio: Studio, client: TestClient) -> None:
        chat = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
        record = ended(studio, inputs={"items": [{"input": [*chat, {"role": "user", "content": "Order 4711?"}]}]})
        page = client.get(f"/runs/{record.id}/results?row=1.1.1").text
        assert page.count('class="message ') == 3
        assert "+2" in page

    def test_shows_the_beginning_of_a_long_text_and_all_of_it_on_demand(
        self, studio: Studio, client: TestClient
    ) -> None:
        long = "begin " + "x" * 1_000_000 + " the end"
        record = ended(studio, inputs={"items": [long]})
        page = client.get(f"/runs/{record.id}/results/1/1/1").text
        assert len(page) < 250_000
        assert "The beginning of 1,000,014 characters" in page
        assert client.get(f"/runs/{record.id}/results/1/1/1/text/input").text == long
        assert len(client.get(f"/runs/{record.id}/results").text) < 60_000

    def test_a_whole_text_is_no_page_to_a_browser(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio, inputs={"items": [SCRIPT]})
        answer = client.get(f"/runs/{record.id}/results/1/1/1/text/input")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert SCRIPT not in client.get(f"/runs/{record.id}/results/1/1/1/text/input", headers=PANEL).text

    @pytest.mark.parametrize("place", ["99/1/1", "1/9/1", "1/1/9", "0/0/0", "99999999999/1/1", "1/1/1/text/none"])
    def test_that_is_not_there_is_not_found(self, studio: Studio, client: TestClient, place: str) -> None:
        assert client.get(f"/runs/{ended(studio).id}/results/{place}").status_code == 404

    def test_of_a_run_whose_contents_were_deleted_says_so(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        studio.store.clear_contents(record.key)
        assert "Deleted with the contents of the run." in client.get(f"/runs/{record.id}/results/1/1/1").text
        assert "12 results" in text_of(client.get(f"/runs/{record.id}/results").text)
        assert client.get(f"/runs/{record.id}/annotate").status_code == 409

    @given(st.text())
    def test_its_texts_hold_nothing_that_acts_upon_the_page(self, text: str) -> None:
        shown = page_text(text)
        assert not set(shown) & set("\x00\x1b\r\x7f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        shown.encode()


class TestAPersonsScore:
    def test_is_kept_and_held_against_the_judges(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        key = TrialKey(1, 0, 0)
        form = {"score": "1", "note": "  Wrong.\r\nTruly. "}
        answer = client.post(f"/runs/{record.id}/results/1/1/1/annotation", data=form, headers={"HX-Request": "true"})
        kept = studio.store.annotations(record.key)
        judged = studio.store.result(record.key, key)
        assert [(each.key, each.score, each.note) for each in kept] == [(key, 1.0, "Wrong.\nTruly.")]
        assert judged is not None
        said = "You agree." if judged.native == 1 else f"score of {judged.native:g} is"
        assert f"Saved. {said}" in text_of(answer.text) or said in text_of(answer.text)
        assert "you 1" in text_of(client.get(f"/runs/{record.id}/results").text)

    def test_without_script_leads_back_to_the_trial(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        form = {"score": "3", "back": "where=score+%3C+9&at=0"}
        answer = client.post(f"/runs/{record.id}/results/1/1/1/annotation", data=form)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/runs/{record.id}/results/1/1/1?where=score+%3C+9&at=0"

    @pytest.mark.parametrize("form", [{"remove": "1", "score": "3"}, {"score": "", "note": " "}])
    def test_can_be_taken_back(self, studio: Studio, client: TestClient, form: dict[str, str]) -> None:
        record = ended(studio)
        studio.store.annotate(record.key, TrialKey(1, 0, 0), score=2.0, note="old")
        client.post(f"/runs/{record.id}/results/1/1/1/annotation", data=form)
        assert studio.store.annotations(record.key) == []

    @pytest.mark.parametrize("score", ["6", "0", "2.5", "good", "nan", "inf"])
    def test_is_refused_off_the_scale(self, studio: Studio, client: TestClient, score: str) -> None:
        record = ended(studio)
        answer = client.post(f"/runs/{record.id}/results/1/1/1/annotation", data={"score": score})
        assert answer.status_code == 409
        assert studio.store.annotations(record.key) == []

    def test_is_not_asked_of_somebody_who_may_only_look(self, tmp_path: Path) -> None:
        with a_studio(tmp_path, StudioSettings(token=TOKEN, read_token=READ_TOKEN)) as studio:
            record = ended(studio)
            with visited(studio) as client:
                client.headers["Authorization"] = f"Bearer {READ_TOKEN}"
                page = client.get(f"/runs/{record.id}/results/1/1/1").text
                answer = client.post(f"/runs/{record.id}/results/1/1/1/annotation", data={"score": "1"})
        assert "data-annotates" not in page
        assert answer.status_code == 403


class TestASample:
    def test_shows_a_result_without_what_the_judge_said(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        page = client.get(f"/runs/{record.id}/annotate?size=5").text
        assert "0 of 5" in page
        reasonings = {row.reasoning for row in studio.store.results(record.key)}
        assert not any(each in unescape(page) for each in reasonings)
        assert "Bot" not in re.sub(r'class="crumbs".*?</nav>', "", page, flags=re.DOTALL).replace("Support", "")

    def test_goes_through_to_its_end(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        address = f"/runs/{record.id}/annotate"
        for place in range(1, 4):
            answer = client.post(address, data={"at": str(place), "size": "3", "seed": "7", "score": "4"})
            page = client.get(answer.headers["location"]).text
            assert f"{place} of 3" in page
            assert "Saved: you gave input" in text_of(page)
        assert "All 3 are scored" in page
        assert len(studio.store.annotations(record.key)) == 3

    def test_is_not_drawn_from_a_run_that_goes_on(self, studio: Studio, client: TestClient) -> None:
        version = added(studio.store, studio.place.folder)
        record = create_run(studio.store, version, tags={}, trigger="cli", folder=None)
        studio.store.claim(record.key)
        answer = client.get(f"/runs/{record.id}/annotate")
        assert answer.status_code == 409
        assert "no random part" in answer.text

    @pytest.mark.parametrize("form", [{"at": "99", "score": "1"}, {"at": "1", "score": ""}, {"at": "1", "score": "9"}])
    def test_takes_nothing_but_a_score_of_its_own(
        self, studio: Studio, client: TestClient, form: dict[str, str]
    ) -> None:
        record = ended(studio)
        assert client.post(f"/runs/{record.id}/annotate", data=form).status_code == 409
        assert studio.store.annotations(record.key) == []


class TestJudges:
    def test_are_listed_with_what_may_be_doubted(self, studio: Studio, client: TestClient) -> None:
        ended(studio, targets=[{"name": "Bot", "model": "sim/judge"}])
        page = text_of(client.get("/judges").text)
        for part in ("sim/judge", "is judged by its own model", "Nobody has scored any of it", "Score a sample"):
            assert part in page

    def test_an_empty_workspace_says_so(self, client: TestClient) -> None:
        assert "No judges yet" in client.get("/judges").text

    def test_are_held_against_people_where_there_are_enough_scores(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        for row in studio.store.results(record.key):
            studio.store.annotate(record.key, row.key, score=row.native, note="")
        page = client.get("/judges").text
        assert f'hx-get="/judges/runs/{record.id}"' in page
        finding = client.get(f"/judges/runs/{record.id}", headers={"HX-Request": "true"}).text
        assert "<html" not in finding
        assert "kappa" in finding
        whole = text_of(client.get(f"/judges/runs/{record.id}").text)
        assert "Cohen's kappa" in whole
        assert "12 results scored by both" in whole

    def test_nothing_to_compare_with_is_said(self, studio: Studio, client: TestClient) -> None:
        page = client.get(f"/judges/runs/{ended(studio).id}").text
        assert "Nothing to compare with" in page


def test_a_slice_counts_no_commit_after_the_one_it_is_pinned_to(studio: Studio) -> None:
    record = ended(studio)
    keys = studio.store.result_keys(record.key, Slice(upto=5))
    assert len(keys) == 5 == studio.store.count_results(record.key, upto=5)


def test_a_brief_result_has_the_beginning_of_each_text(studio: Studio) -> None:
    record = ended(studio, inputs={"items": ["y" * 5000]})
    brief = studio.store.brief_results(record.key, Slice(), letters=100)[0]
    whole = studio.store.results(record.key)[0]
    assert brief.input.text == "y" * 100
    assert brief.response is not None
    assert whole.response is not None
    assert brief.response.text == whole.response.text[:100]
    assert (brief.metrics, brief.attempts, brief.seq, brief.raw) == (whole.metrics, whole.attempts, whole.seq, "")
