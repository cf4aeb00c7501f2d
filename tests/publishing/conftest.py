"""A small spec with its rows, facts and release; a stand-in Hub for this process and for child processes."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest
from home_fixtures import address, bucket, first, git, other_rows, s3, second
from hub_standin import WRITE, HubStandin
from huggingface_hub import utils as hub_utils

from synth_datasets.features import features_of
from synth_datasets.publishing.facts import CardFacts, Figure, SplitFacts
from synth_datasets.publishing.release import Release
from synth_datasets.publishing.writing import write_release
from synth_datasets.spec.model import (
    ClassesColumn,
    DatasetSpec,
    ModelSpec,
    PerValue,
    Prompt,
    PromptColumn,
    SampleColumn,
    Shot,
    Split,
    TextColumn,
    Weighted,
)
from synth_datasets.spec.templates import Template
from synth_datasets.validation.outcome import Tally

__all__ = ["address", "bucket", "first", "git", "other_rows", "s3", "second"]

SOURCE = """\
name: customer_feedback
version: 1.0.0
columns:
  label: {classes: [negative, neutral, positive]}
  product: {sample: {file: lists/products.txt}}
  text: {prompt: {file: prompt.txt}}
splits: {train: 6, test: 3}
"""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    datasets.disable_progress_bars()
    hub_utils.disable_progress_bars()
    yield
    datasets.enable_progress_bars()
    hub_utils.enable_progress_bars()


@pytest.fixture
def spec() -> DatasetSpec:
    """A classifier's spec with every kind of prompt part, a hidden column, and two files beside it."""
    model = ModelSpec(
        "smollm2-135m-instruct",
        revision="b179c952",
        temperature=0.6,
        top_p=0.9,
        max_tokens=120,
        stop=("\n\n",),
        extra={"repeat_penalty": 1.05},
    )
    shot = Shot(Template("Write a review of a laptop."), Template("It does what it should."))
    return DatasetSpec(
        name="customer_feedback",
        version="1.0.0",
        description="Short customer reviews, labelled by sentiment.",
        license="cc0-1.0",
        language=("en",),
        task="text-classification",
        pretty_name="Customer feedback",
        tags=("reviews",),
        seed=17,
        model=model,
        source=SOURCE,
        files={"lists/products.txt": "smartphone\nlaptop\n", "prompt.txt": "Write a review.\n"},
        columns=(
            ClassesColumn(name="label", names=("negative", "neutral", "positive"), weights=(1, 1, 1)),
            SampleColumn(name="product", choices=_always(Weighted(("smartphone", "laptop"), (3, 2)))),
            SampleColumn(name="tone", choices=_always(Weighted(("plain", "ironic"), (1, 1))), hidden=True),
            TextColumn(
                name="opener",
                template=PerValue(
                    "label",
                    {"positive": Template("I love this {{ product }}.")},
                    Template("This {{ product }}"),
                ),
                hidden=True,
            ),
            PromptColumn(
                name="text",
                prompt=Prompt(
                    user=PerValue(
                        "label",
                        {"positive": Template("Write a {{ tone }} positive review of a {{ product }}.")},
                        Template("Write a {{ tone }} review of a {{ product }}."),
                    ),
                    model=model,
                    system=_always(Template("You are a customer.")),
                    shots=_always((shot,)),
                    opening=_always(Template("{{ opener }}")),
                ),
            ),
        ),
        splits=(Split("train", 6), Split("test", 3)),
    )


@pytest.fixture
def rows(spec: DatasetSpec) -> datasets.DatasetDict:
    """Six rows to train and three to test."""
    return datasets.DatasetDict(train=_make_rows(spec, 6), test=_make_rows(spec, 3, first=100))


@pytest.fixture
def make_rows() -> Callable[..., datasets.Dataset]:
    """Make rows with the features of a spec; their texts count from `first`."""
    return _make_rows


def _make_rows(spec: DatasetSpec, number: int, *, first: int = 0) -> datasets.Dataset:
    return datasets.Dataset.from_dict(
        {
            "label": [index % 3 for index in range(number)],
            "product": ["laptop"] * number,
            "text": [f"Review number {first + index}." for index in range(number)],
        },
        features=features_of(spec),
    )


@pytest.fixture
def tallies() -> dict[str, Tally]:
    """What was judged on the way to `rows`."""
    return {
        "train": Tally(
            answers=9,
            accepted=Counter(negative=2, neutral=2, positive=2),
            rejected=Counter({("negative", "text", "too_short"): 2, ("positive", "text", "refusal"): 1}),
            prompt_tokens=1234,
            completion_tokens=99,
        ),
        "test": Tally(answers=3, accepted=Counter(negative=1, neutral=1, positive=1)),
    }


@pytest.fixture
def facts(spec: DatasetSpec, tallies: dict[str, Tally]) -> CardFacts:
    """Everything a card can say."""
    return CardFacts(
        spec=spec,
        fingerprint="f" * 64,
        features=features_of(spec),
        splits=(
            SplitFacts(
                name="train",
                num_examples=6,
                num_bytes=300,
                file_bytes=2000,
                digest="a" * 64,
                sample={"label": 0, "product": "laptop", "text": "It broke after a week."},
            ),
            SplitFacts(name="test", num_examples=3, num_bytes=150, file_bytes=1500, digest="b" * 64),
        ),
        endpoint="the embedded model",
        answered_by=("smollm2-135m-instruct",),
        tallies=tallies,
        quality=(
            Figure("distinct-2", 0.83214, "share of different word pairs; higher is more varied"),
            Figure("rows", 9, "over all splits"),
        ),
        overrides={"num_examples": 9, "model": "smollm2-135m-instruct"},
        packages={"datasets": "5.2.0", "pyarrow": "26.0.1"},
        citation="@misc{feedback, title={Customer feedback}}",
    )


@pytest.fixture
def release_of(tmp_path: Path, spec: DatasetSpec, rows: datasets.DatasetDict) -> Callable[..., Release]:
    """Write a release of `rows`; `version` and whatever `write_release` takes may be given."""

    def write(folder: str = "release", *, version: str = "1.0.0", **given: Any) -> Release:
        options = {
            "spec": spec,
            "fingerprint": "f" * 64,
            "dataset": rows,
            "quality": {"rows": 9},
            **given,
        }
        return write_release(
            tmp_path / folder, **{**options, "spec": replace(options["spec"], version=version)}
        )

    return write


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubStandin]:
    """A fresh stand-in that the client in this process talks to, with the token that may write."""
    import huggingface_hub
    from huggingface_hub import constants

    server = HubStandin()
    server.start()
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_TOKEN", WRITE)
    yield server
    huggingface_hub.close_session()
    server.stop()


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program in a new process with a home of its own, as a person with nothing installed beside it."""

    def run(
        code: str, *arguments: str, hub: HubStandin | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=_child_environment(tmp_path, hub) | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def child_environment() -> Callable[[Path, HubStandin | None], dict[str, str]]:
    """Only what a child needs: no token, no proxy, no package of ours unless PYTHONPATH is added."""
    return _child_environment


def _child_environment(home: Path, hub: HubStandin | None) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name.startswith(("PATH", "LANG", "COVERAGE"))
    }
    where = {"HF_ENDPOINT": hub.url} if hub else {"HF_HUB_OFFLINE": "1"}
    return (
        kept
        | where
        | {
            "HOME": str(home),
            "HF_HOME": str(home / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
    )


def _always(value: Any) -> PerValue[Any]:
    return PerValue(None, {}, value)
