"""Rows as a build holds them, without a build."""

import pytest

from synth_datasets.review.rows import BuiltRow, Judged
from synth_datasets.spec.reviews import row_digest

JUDGED = Judged(
    columns=("label", "text"),
    others=("product",),
    fixable={"label": ("negative", "positive"), "text": ()},
    asked_again=("text",),
)


@pytest.fixture
def judged() -> Judged:
    return JUDGED


@pytest.fixture
def rows() -> list[BuiltRow]:
    made = []
    for number in range(6):
        label = ("negative", "positive")[number % 2]
        values = {"label": label, "product": "phone", "text": f"Text number {number} of a {label} review."}
        made.append(
            BuiltRow(
                id=f"train/{label}/{number // 2}",
                split="train",
                values=values,
                digest=row_digest(values, JUDGED.columns),
            )
        )
    return made
