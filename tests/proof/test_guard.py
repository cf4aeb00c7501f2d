"""What is said of a mix."""

import datasets

from synth_datasets.proof.guard import mix_lines
from synth_datasets.spec.mix_data import Mix
from synth_datasets.spec.seed_data import Seeds, Source


def lines(real, synthetic):
    seeds = Seeds(source=Source(("r.csv",)), text="review", copies={"text": 0.7})
    mix = Mix(seeds=seeds, columns=(("text", "review"),), kinds={"text": "text"}, classes={})
    rows = {"text": [*real, *synthetic], "source": ["real"] * len(real) + ["synthetic"] * len(synthetic)}
    return list(mix_lines(mix, datasets.DatasetDict(train=datasets.Dataset.from_dict(rows))))


def test_sources_are_counted_and_told_apart(reviews):
    real = reviews("r", 200, seed=1).inputs
    other = [f"indeed {text} indeed" for text in reviews("s", 240, seed=2).inputs]
    counted, apart = lines(real, other)
    assert counted == "Mixed    200 real rows, 240 synthetic ones"
    assert int(apart.split("right in ")[1].split("%")[0]) > 80
    assert "indeed" in apart


def test_a_mix_of_rows_that_repeat_each_other_is_warned_of(reviews):
    again = [f"what a thing this lamp number {at} was, said everybody at home" for at in range(40)]
    assert any(line.startswith("Warning: ") for line in lines(reviews("r", 10, seed=1).inputs, again))
    assert len(lines(reviews("r", 10, seed=1).inputs, reviews("s", 10, seed=2).inputs)) == 1


def test_synthetic_rows_that_repeat_each_other_do_not_hide_among_many_real_ones(reviews):
    again = [f"what a thing this lamp number {at} was, said everybody at home" for at in range(40)]
    (_, warned) = lines(reviews("r", 49, seed=1).inputs, again)
    assert warned.startswith("Warning: 98% of the synthetic rows nearly repeat another one")
