"""Two texts as one, with what was taken out and what came in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lattice.studio.comparing.text_difference import MOST_WORDS, Change, Stretch, text_difference

texts = st.text(st.sampled_from("ab ,.\n\té✓"), max_size=60) | st.text(max_size=40)


def side(stretches: list[Stretch], without: Change) -> str:
    return "".join(each.text for each in stretches if each.change is not without)


@given(texts, texts)
def test_both_texts_are_in_it_to_the_letter(before: str, after: str) -> None:
    found = text_difference(before, after)
    assert side(found, Change.ONLY_AFTER) == before
    assert side(found, Change.ONLY_BEFORE) == after
    assert all(each.text for each in found)


@given(texts)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert all(each.change is Change.SAME for each in text_difference(text, text))


def test_words_that_follow_each_other_change_together() -> None:
    found = text_difference("Open the account page.", "Open your profile page.")
    assert [(each.change, each.text) for each in found] == [
        (Change.SAME, "Open "),
        (Change.ONLY_BEFORE, "the account"),
        (Change.ONLY_AFTER, "your profile"),
        (Change.SAME, " page."),
    ]


def test_of_long_texts_the_middles_stand_behind_each_other() -> None:
    before = " ".join(f"a{n}" for n in range(MOST_WORDS))
    after = " ".join(f"b{n}" for n in range(MOST_WORDS))
    found = text_difference(f"Same {before} end", f"Same {after} end")
    assert [each.change for each in found] == [Change.SAME, Change.ONLY_BEFORE, Change.ONLY_AFTER, Change.SAME]
