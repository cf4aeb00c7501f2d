"""A proof warns where it tests on real rows that prompts showed, and is silent where it cannot know."""

import random

import datasets
import pytest
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.cli.shown_seeds import shown_warnings
from synth_datasets.proof.rows import LabelledRows

WORDS = [a + b for a in ("ka", "lo", "mi", "ru", "ten", "dra") for b in ("pa", "ster", "gon", "lik", "mo")]
TEXTS = [" ".join(random.Random(n).sample(WORDS, 8)) for n in range(60)]
OTHERS = [" ".join(random.Random(n).sample(WORDS, 8)) for n in range(100, 110)]
COLUMNS = {
    "label": {"classes": ["negative", "positive"]},
    "shown": {"seed": "text", "same": "label", "hidden": True},
    "text": {"prompt": "Write a {{ label }} review that says something else than this one: {{ shown }}"},
}


def rows(texts):
    return LabelledRows("test.csv", tuple(texts), ("negative",) * len(texts))


@pytest.fixture
def made(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    split = ["train", "test"]
    lines = [
        f"{text},{'positive' if n % 2 else 'negative'},{split[n >= 30]}\n" for n, text in enumerate(TEXTS)
    ]
    (tmp_path / "seeds.csv").write_text("text,label,split\n" + "".join(lines), encoding="utf-8")
    spec = write_spec(
        tmp_path,
        seeds={"file": "seeds.csv", "label": "label", "split": "split"},
        columns=COLUMNS,
        splits={"train": 120, "test": 20},
    )
    given = {"base_url": endpoint.base_url, "store": str(tmp_path / "store")}
    datasets.disable_progress_bars()
    build(spec, tmp_path / "out", cache_dir=tmp_path / "cache", options=given)
    datasets.enable_progress_bars()
    return tmp_path


def test_test_rows_that_prompts_of_the_split_showed_are_counted(made):
    out = str(made / "out")
    (warning,) = shown_warnings(out, "train", rows([*TEXTS[:30], *OTHERS]))
    shown = int(warning.split()[0])
    assert 20 <= shown <= 30
    assert "of 40 test rows are among the seeds" in warning
    assert shown_warnings(out, "train", rows([*TEXTS[30:], *OTHERS])) == ()
    assert shown_warnings(out, "test", rows([*TEXTS[:30], *OTHERS])) == ()


def test_where_nothing_is_known_nothing_is_said(made, tmp_path, monkeypatch):
    (made / "seeds.csv").unlink()
    assert shown_warnings(str(made / "out"), "train", rows(TEXTS)) == ()
    assert shown_warnings("somebody/reviews", "train", rows(TEXTS)) == ()
