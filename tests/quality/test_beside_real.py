"""Made rows beside real ones in a report: equal numbers, what differs is seen, and the release may be told of it."""

import random

import pyarrow as pa
import pytest

from synth_datasets.quality import out_of_fold
from synth_datasets.quality.html import render_html
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.quality.report import QualityReport, measure
from synth_datasets.quality.terminal import render_terminal

NAMES = ("bad", "good")
WORDS = [
    a + b for a in ("ka", "lo", "mi", "ru", "ten", "dra", "vel", "so") for b in ("pa", "ster", "gon", "lik")
]
MONTHS = ("spring", "summer", "autumn", "winter", "morning", "evening")


def texts(seed, count, more=""):
    draw = random.Random(seed)
    return [
        " ".join([*draw.choices(WORDS, k=draw.randint(8, 14)), draw.choice(MONTHS)]) + more
        for _ in range(count)
    ]


def made(rows, real=None, **more):
    table = pa.table({"text": rows, "label": [at % 2 for at in range(len(rows))]})
    return measure({"train": table}, text_columns=["text"], label_columns={"label": NAMES}, real=real, **more)


@pytest.fixture(scope="module")
def same():
    return made(texts(1, 240), RealRows(texts=texts(2, 500), labels=["bad"] * 500, source="real.csv"))


def reasons(report, family="real"):
    (found,) = [each for each in report.verdicts if each.family == family]
    return found.verdict, " ".join(found.reasons)


def test_both_sides_have_one_number_of_rows(same):
    (beside,) = same.real
    assert (beside.rows, beside.of_made, beside.of_real) == (240, 240, 500)
    pairs = {pair.name: (pair.made, pair.real) for pair in beside.figures}
    assert pairs["rows labelled bad"] == (0.5, 1)
    assert pairs["words, median"] == pytest.approx((12, 12), abs=1)
    assert pairs["compression ratio"][0] == pytest.approx(pairs["compression ratio"][1], rel=0.05)


def test_rows_of_one_kind_pass(same):
    verdict, said = reasons(same)
    assert verdict == "pass", said


def test_a_stock_phrase_and_copies_are_seen():
    found = made(texts(1, 120, " all in all a great buy") * 2, RealRows(texts=texts(2, 500), labels=[]))
    verdict, said = reasons(found)
    assert verdict == "fail"
    assert "compression ratio" in said
    (beside,) = found.real
    assert beside.told_apart.auc > 0.95
    assert "great buy" in beside.told_apart.made_words
    pairs = {pair.name: (pair.made, pair.real) for pair in beside.figures}
    assert pairs["word for word duplicates"] == (0.5, 0)
    assert "rows labelled bad" not in pairs


def test_few_rows_are_told_and_none_leave_the_family_out():
    verdict, said = reasons(made(texts(1, 30), RealRows(texts=texts(2, 500), labels=[])))
    assert verdict == "unmeasured"
    assert "too few rows (30 of each" in said
    alone = made(texts(1, 30))
    assert alone.real == ()
    assert "real" not in [each.family for each in alone.verdicts]
    assert "eside real" not in render_html(alone) + render_terminal(alone)


def test_real_rows_among_the_others_are_compared_with_the_rest():
    rows = texts(1, 240) + texts(2, 260)
    found = made(rows, real_at=range(240, 500))
    (beside,) = found.real
    assert (beside.of_made, beside.of_real) == (240, 260)
    (drawn,) = found.maps
    assert (drawn.of_rows, drawn.of_real, sum(drawn.real)) == (240, 260, 260)
    assert found.whole.rows == 500


def test_what_needs_scikit_learn_is_named_without_it(monkeypatch):
    monkeypatch.setattr(out_of_fold, "available", lambda: False)
    found = made(texts(1, 240), RealRows(texts=texts(2, 300), labels=[]))
    (beside,) = found.real
    assert beside.likeness is beside.told_apart is None
    assert beside.length_distance < 0.2
    assert "pip install" in render_terminal(found)
    assert "pip install" in render_html(found)


def test_page_terminal_and_json_say_the_same(same):
    page, shown = render_html(same), render_terminal(same)
    (beside,) = same.real
    for pair in beside.figures:
        assert pair.name in page
        assert pair.name in shown
    assert "Attained by real rows" in page
    assert "text beside real.csv, 240 rows of each" in shown
    assert QualityReport.from_json(same.to_json()).to_json() == same.to_json()
