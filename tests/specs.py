"""Small specs that the tests change one thing of."""

from pathlib import Path
from typing import Any

import yaml

__all__ = ["review_spec", "write_spec"]


def review_spec(**changes: Any) -> dict[str, Any]:
    """Return a spec of labelled reviews, six train rows and two test rows, with top-level keys replaced."""
    spec: dict[str, Any] = {
        "name": "reviews",
        "version": "1.0.0",
        "description": "Reviews for tests.",
        "license": "cc0-1.0",
        "language": "en",
        "task": "text-classification",
        "model": {"id": "some-model", "temperature": 0.7, "max_tokens": 100},
        "seed": 17,
        "columns": {
            "label": {"classes": ["negative", "positive"]},
            "product": {"sample": {"phone": 2, "laptop": 1}},
            "tone": {"sample": ["plain", "ironic"], "hidden": True},
            "text": {
                "prompt": {
                    "by": "label",
                    "negative": "Write a {{ tone }} negative review of a {{ product }}.",
                    "positive": "Write a {{ tone }} positive review of a {{ product }}.",
                }
            },
        },
        "splits": {"train": 6, "test": 2},
    }
    return {**spec, **changes}


def write_spec(folder: Path, file: str = "reviews.synth.yaml", **changes: Any) -> Path:
    """Write `review_spec` into the folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    path.write_text(yaml.safe_dump(review_spec(**changes), sort_keys=False), encoding="utf-8")
    return path
