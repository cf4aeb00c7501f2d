"""What is wrong with a spec is told with its name, or as that of "the spec" where the name is not known."""

import pickle

from synth_datasets.errors import Problem, SpecError


def test_a_spec_without_a_name_is_called_the_spec():
    problems = [Problem(0, "seeds", "no seed belongs to the split 'train'", "add seeds")]
    nameless = SpecError("", problems)
    assert str(nameless).splitlines() == [
        "the spec: 1 problem",
        "  seeds: no seed belongs to the split 'train' (add seeds)",
    ]
    assert str(SpecError("a.synth.yaml", problems * 2)).startswith("a.synth.yaml: 2 problems\n")
    assert str(pickle.loads(pickle.dumps(nameless))) == str(nameless)
