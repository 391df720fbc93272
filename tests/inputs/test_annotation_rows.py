"""A person's scores as rows of CSV, and what is said where they are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lattice.core.errors import InvalidEvaluation
from lattice.inputs.annotation_rows import AnnotationRow, read_annotation_rows


def rows(folder: Path, text: str) -> list[AnnotationRow]:
    path = folder / "scores.csv"
    path.write_text(text, encoding="utf-8")
    return read_annotation_rows(path)


def test_ids_scores_and_reasons_are_read_with_their_lines(tmp_path: Path) -> None:
    assert rows(tmp_path, 'id,score,reason\na,4,"good,\nthough long"\n\nb, 2 ,\n') == [
        AnnotationRow(line=2, id="a", score="4", reason="good,\nthough long"),
        AnnotationRow(line=5, id="b", score="2"),
    ]


@pytest.mark.parametrize("header", ["ID,Score,Note", "Input ID,Human Score,reason", "\ufeffinput_id;human;note"])
def test_columns_go_by_several_names(tmp_path: Path, header: str) -> None:
    mark = ";" if ";" in header else ","
    assert rows(tmp_path, f"{header}\n{mark.join(('a', '4', 'why'))}\n") == [
        AnnotationRow(line=2, id="a", score="4", reason="why")
    ]


def test_further_columns_and_empty_rows_are_left_alone(tmp_path: Path) -> None:
    assert rows(tmp_path, "id,input,score,mine\na,What?,4,x\n,,,\n") == [AnnotationRow(line=2, id="a", score="4")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are no rows in it"),
        ("id,score\n", "there are no rows in it"),
        ("id,points\na,4\n", "1: no column 'score'; there are: id, points"),
        ("score\n4\n", "1: no column 'id'; there are: score"),
        ("id,score\na\n", "2: 1 cells, but the header names 2"),
        ("id,score,score\na,1,2\n", "1: two columns are called 'score'"),
        ('id,score\n"a,1\n', "not valid CSV"),
    ],
)
def test_what_is_no_table_of_scores_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidEvaluation) as refused:
        rows(tmp_path, text)
    assert said in str(refused.value)
    assert "scores.csv" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").touch()
    with pytest.raises(InvalidEvaluation, match=r"score\.csv: no such file \(did you mean .*scores\.csv\?\)"):
        read_annotation_rows(tmp_path / "score.csv")
