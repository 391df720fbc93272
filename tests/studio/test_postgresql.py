"""Two Studios over one PostgreSQL show the same, and what one changes the other sees."""

from __future__ import annotations

from pathlib import Path

from tests.studio.studios import a_studio, configuration, visited

import lattice
from lattice.core.evaluation import Evaluation


def test_pages_and_answers_of_a_run_come_from_the_shared_store(tmp_path: Path, postgresql_url: str) -> None:
    run = lattice.run(Evaluation.model_validate(configuration()), db=postgresql_url)
    tables = ("?sort=-score", "?filter=score+%3E+2.5", "?filter=text+~+%22QUESTION+1%22", "?filter=failed")
    with a_studio(tmp_path / "one", db=postgresql_url) as one, a_studio(tmp_path / "two", db=postgresql_url) as two:
        for studio in (one, two):
            with visited(studio) as client:
                for address in ("/", f"/runs/{run.id}", f"/api/v1/runs/{run.id}"):
                    answer = client.get(address, follow_redirects=True)
                    assert (answer.status_code, "Support" in answer.text) == (200, True), address
                for query in ("", *tables):
                    assert client.get(f"/runs/{run.id}/results{query}").status_code == 200, query
                    assert client.get(f"/api/v1/runs/{run.id}/results{query}").status_code == 200, query
                assert client.get(f"/api/v1/runs/{run.id}/export?format=jsonl").status_code == 200
        two.store.delete_run(two.store.find_run(run.id).key)
        with visited(one) as client:
            assert client.get(f"/runs/{run.id}").status_code == 404
