"""What a report and the search for near duplicates cost, in CPU time: a tenth of the rows that are promised."""

import random
import time

import pyarrow as pa
import pytest

from synth_datasets.quality.duplicates import near_duplicates
from synth_datasets.quality.report import measure

pytestmark = pytest.mark.alone


def mixed(reviews, count):
    """Return texts of real words in new orders: as long as reviews, and hardly ever near copies."""
    draw = random.Random(7)
    words = [word for text, _ in reviews for word in text.split()]
    return [" ".join(draw.choices(words, k=draw.randrange(8, 24))) for _ in range(count)]


def test_a_default_report_takes_less_than_a_millisecond_a_row(reviews):
    """90 CPU seconds for 100,000 rows; about 26 when this was written."""
    pytest.importorskip("sklearn")
    texts = mixed(reviews, 10_000)
    rows = pa.table({"text": texts, "label": [row % 3 for row in range(len(texts))]})
    before = time.process_time()

    report = measure({"train": rows}, text_columns=["text"], label_columns={"label": ["x", "y", "z"]})

    # Some figures look at a sample, which costs the same for ten times as many rows.
    assert time.process_time() - before < 20
    assert report.whole.rows == 10_000


def test_near_duplicates_take_less_than_sixty_microseconds_a_row(reviews):
    """60 CPU seconds for 1,000,000 rows; about 13, and 0.85 GB, when this was written."""
    texts = mixed(reviews, 100_000)
    before = time.process_time()

    found = near_duplicates([*texts, *(f"{text} indeed" for text in texts[:1_000])])

    assert time.process_time() - before < 6
    assert len(found) >= 900
