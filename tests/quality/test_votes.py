import pytest

from synth_datasets.quality.votes import vote_agreement

NAMES = ("no", "yes")


def figures(planned, ballots, **more):
    rows = [f"train/{name}/{at}" for at, name in enumerate(planned)]
    return vote_agreement(
        "label", planned, ballots, NAMES, rows=rows, texts=[f"text {row}" for row in rows], **more
    )


def test_cohen_s_kappa_is_that_of_a_worked_table():
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: observed 0.7, expected 0.5, kappa 0.4.
    planned = ["yes"] * 25 + ["no"] * 25
    voted = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = figures(planned, [[vote] for vote in voted])
    assert found.cohen_kappa == pytest.approx(0.4)
    assert found.confusion == ((15, 10), (5, 20))
    assert found.agreement == found.majority == found.unanimous == 0.7
    assert found.fleiss_kappa is None, "one voter agrees with nobody"


def test_fleiss_kappa_is_that_of_its_definition():
    # Two rows agree wholly (P = 1), two have 2 of 3 (P = 1/3): mean 2/3; 7 of 12 votes are yes.
    found = figures(["yes"] * 4, [["yes"] * 3, ["no"] * 3, ["yes", "yes", "no"], ["yes", "yes", "no"]])
    expected = (7 / 12) ** 2 + (5 / 12) ** 2
    assert found.fleiss_kappa == pytest.approx((2 / 3 - expected) / (1 - expected))


def test_scikit_learn_gives_the_same_kappa():
    metrics = pytest.importorskip("sklearn.metrics")
    planned = [NAMES[at % 2] for at in range(60)]
    voted = [NAMES[(at // 3) % 2] for at in range(60)]
    found = figures(planned, [[vote] for vote in voted])
    assert found.cohen_kappa == pytest.approx(metrics.cohen_kappa_score(planned, voted))


def test_the_rows_most_against_their_label_come_first():
    found = figures(["yes"] * 4, [["yes"] * 3, ["yes", "no", "yes"], ["no"] * 3, ["no", "yes", "no"]])
    assert [each.row for each in found.disagreements] == ["train/yes/2", "train/yes/3", "train/yes/1"]
    assert found.disagreeing == 3
    assert (found.majority, found.unanimous) == (0.5, 0.25)


def test_full_agreement_on_one_class_has_no_kappa_and_rows_without_votes_count_nowhere():
    found = figures(["yes", "yes"], [["yes", "yes"], []])
    assert (found.rows, found.cohen_kappa, found.fleiss_kappa) == (1, None, None)
    with pytest.raises(ValueError, match="no votes"):
        figures(["yes"], [[]])
