"""Agreement of reviewers: by hand, and against another implementation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.review.agreement import agreements, cohens_kappa
from synth_datasets.review.decisions import decide

WORDS = st.sampled_from(["accept", "reject", "fix"])


def test_kappa_of_the_textbook():
    """50 proposals, 20 twice yes, 15 twice no, 5 and 10 in dispute: 0.4."""
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    one, other = zip(*pairs, strict=True)
    assert cohens_kappa(one, other) == pytest.approx(0.4)


def test_kappa_at_its_ends():
    assert cohens_kappa(["a", "b"], ["a", "b"]) == 1
    assert cohens_kappa(["a", "b"], ["b", "a"]) == -1
    assert cohens_kappa(["a", "a"], ["a", "a"]) is None
    assert cohens_kappa([], []) is None


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=30))
def test_kappa_is_what_the_table_of_both_gives(pairs):
    """The same in whole numbers: (n * same - chance) / (n * n - chance)."""
    one, other = zip(*pairs, strict=True)
    n, same = len(pairs), sum(left == right for left, right in pairs)
    chance = sum(left == right for left in one for right in other)
    found = cohens_kappa(one, other)
    assert found == (pytest.approx((n * same - chance) / (n * n - chance)) if chance < n * n else None)


def test_reviewers_are_compared_over_the_same_values_by_their_last_word(rows, judged):
    def said(row, verdict, name, second="00"):
        return decide(row, judged, verdict, reviewer=name, at=f"2026-01-01T00:00:{second}Z")

    decisions = [
        *(said(row, "accept", "ann") for row in rows[:4]),
        said(rows[0], "reject", "ann", "01"),
        said(rows[0], "reject", "bo"),
        said(rows[1], "reject", "bo"),
        said(rows[2], "accept", "bo"),
        said(rows[5], "accept", "cy"),
    ]
    (found,) = agreements(decisions)
    assert (found.one, found.other, found.rows) == ("ann", "bo", 3)
    assert found.share == pytest.approx(2 / 3)
    assert found.kappa == pytest.approx(0.4)
