import pytest

from synth_datasets.quality.funnel import rejection_funnel
from synth_datasets.quality.labels import label_distribution
from synth_datasets.quality.lengths import length_distribution
from synth_datasets.quality.plots import funnel_plot, label_plot, length_plot
from synth_datasets.validation.outcome import Tally


def test_bars_are_as_long_as_their_counts():
    found = label_plot(label_distribution([0, 0, 1, -1], ["a", "b"], {"a": 1, "b": 4}))
    assert [(bar.name, bar.width, bar.asked) for bar in found.bars] == [
        ("a", 180, 90),
        ("b", 90, 360),
        ("(no label)", 90, None),
    ]
    assert found.summary == "Rows by class: a 2 of 1 asked; b 1 of 4 asked; (no label) 1"


def test_the_funnel_begins_with_all_and_ends_with_what_was_kept():
    tally = Tally(answers=4)
    tally.rejected.update({("", "text", "too_short"): 1})
    found = funnel_plot(rejection_funnel([tally]))
    assert [(bar.name, bar.kind, bar.width) for bar in found.bars] == [
        ("judged", "all", 360),
        ("too short", "lost", 90),
        ("kept", "got", 270),
    ]


def test_panels_share_one_scale_of_shares():
    whole = length_distribution(["a", "a", "bb", "bb", "bb", "bb"])
    parts = {
        "x": length_distribution(["a", "a"], like=whole),
        "y": length_distribution(["bb"] * 4, like=whole),
    }
    found = length_plot({name: each.characters for name, each in parts.items()}, "characters")
    assert [panel.name for panel in found.panels] == ["x", "y"]
    assert {bin_.height for panel in found.panels for bin_ in panel.bins} == {44}
    assert "x: median 1, longest 1" in found.summary


def test_without_texts_there_is_nothing_to_draw():
    assert length_plot({"x": length_distribution([]).words}, "words") is None
    assert label_plot(label_distribution([], [])).bars == ()


@pytest.mark.parametrize("values", [["x"], ["x" * 10**6, ""], ["word " * 5000, "a"]])
def test_nothing_is_drawn_outside_the_drawing(values):
    found = length_plot({"all": length_distribution(values).characters}, "characters")
    for panel in found.panels:
        assert 0 <= panel.median <= 360
        assert all(
            bin_.left >= 0 and bin_.left + bin_.width <= 360.1 and bin_.top >= 0 for bin_ in panel.bins
        )
    assert all(0 <= at <= 360 for at, _ in found.ticks)


def test_long_names_are_shortened():
    assert len(label_plot(label_distribution([0], ["n" * 200])).bars[0].name) == 40
