"""Real reviews, and reports over them."""

import csv
import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from synth_datasets.plan.row import RowKey
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.quality.report import QualityReport, measure
from synth_datasets.validation.outcome import Rejection, Tally

NAMES = ("negative", "neutral", "positive")
_CSV = Path(
    os.environ.get(
        "SYNTH_TEST_REVIEWS", Path(__file__).parents[3] / "shared" / "data" / "product_reviews.csv"
    )
)


@pytest.fixture(scope="session")
def reviews() -> list[tuple[str, int]]:
    """Real snippets of product reviews with the position of their label, in a fixed random order."""
    if not _CSV.is_file():
        pytest.skip("product_reviews.csv is not at hand: set SYNTH_TEST_REVIEWS to its path")
    with _CSV.open(encoding="utf-8", newline="") as lines:
        rows = [(row["text"], NAMES.index(row["label"])) for row in csv.DictReader(lines)]
    random.Random(5).shuffle(rows)
    return rows


@pytest.fixture(scope="session")
def review_rows() -> list[tuple[int, str, float]]:
    """The same snippets as they stand in the file: the review's number, the text, the mean score."""
    if not _CSV.is_file():
        pytest.skip("product_reviews.csv is not at hand: set SYNTH_TEST_REVIEWS to its path")
    with _CSV.open(encoding="utf-8", newline="") as lines:
        return [(int(row["review_id"]), row["text"], float(row["score"])) for row in csv.DictReader(lines)]


@pytest.fixture
def table():
    """Make a table of texts and label positions."""

    def make(rows: Sequence[tuple[str, int]]) -> pa.Table:
        return pa.table(
            {"text": [text for text, _ in rows], "label": pa.array([label for _, label in rows], pa.int64())}
        )

    return make


@pytest.fixture
def report(table) -> QualityReport:
    """A small report that has something in each of its parts, with text that tries to break out of a page."""
    hostile = [
        "<script>alert(1)</script> & \"quotes\" 'single'",
        "\u202egnp.exe\u202c turned around \x00\x1b[31m red",
        "w" * 500,
        "שלום עולם, מוצר מצוין",
        "这个产品非常好用",
        "</style><img src=x onerror=alert(1)> {{ 7 * 7 }}",
    ]
    rows = [(text, at % 3) for at, text in enumerate(hostile * 2)]
    rows += [
        (
            f"Review {n} says that item {n * 7919 % 1000} is {'good' if n % 2 else 'bad'} for use {n * 31 % 97}.",
            n % 3,
        )
        for n in range(240)
    ]
    train = Tally(answers=300, prompt_tokens=1234, completion_tokens=567)
    train.accepted.update(dict.fromkeys(NAMES, 84))
    train.rejected.update({("negative", "text", "refusal"): 30, ("neutral", "text", "near_duplicate"): 18})
    train.missing.update({"neutral": 2})
    rejections = [
        Rejection(
            row=RowKey("train", "negative", n),
            column="text",
            attempt=0,
            reason="refusal",
            detail="<i>found</i>",
            text=text,
            key="k",
        )
        for n, text in enumerate(hostile)
    ]
    return measure(
        {"train": table(rows), "test": table(rows[:20])},
        text_columns=["text"],
        label_columns={"label": NAMES},
        asked={"train": {"label": dict.fromkeys(NAMES, 84)}},
        tallies={"train": train},
        rejections=rejections,
        title="re<views>",
        real=RealRows(
            texts=[f"Real row {n}, it says <b>{n * 7}</b>." for n in range(20)],
            labels=[],
            source="<real>.csv",
        ),
    )


@pytest.fixture
def verdicts():
    """Return the verdict of each family of a report."""

    def of(report: QualityReport) -> Mapping[str, str]:
        return {each.family: each.verdict for each in report.verdicts}

    return of
