"""Copies of tuning rows among generated ones, and what the report of a build takes over from an adapter."""

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from specs import write_spec

from synth_datasets.quality.memorisation import memorisation, memory_of
from synth_datasets.spec import load_spec

TUNED = [
    f"the {noun} that we bought for number {at} went dark on the {at}th day and never came back"
    for at, noun in enumerate(("lamp", "phone", "camera", "screen"), 3)
]
FRESH = ["nobody in this house reads manuals any more since pictures are all over the box", "fine"]
TOLD = {"column": "text", "memory": {"rows": 50, "exact": 0.02, "copied": 0.04, "real_rows": 9, "real": 0.0}}


def test_exact_near_and_partial_copies_are_told_from_rows_that_were_never_read():
    made = [TUNED[0].upper() + "!", TUNED[1] + " honestly", *FRESH]
    memory = memory_of(made, TUNED, FRESH)
    assert (memory.rows, memory.exact, memory.copied) == (4, 0.25, 0.5)
    assert memory.held == 0.5
    assert (memory.real_rows, memory.real) == (2, 0.0)
    assert memory_of([], TUNED, FRESH).copied is None


@pytest.fixture
def spec(tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"")
    (folder / "tuning.json").write_text(json.dumps(TOLD), encoding="utf-8")
    (tmp_path / "rows.csv").write_text("text\n" + "\n".join(TUNED) + "\n", encoding="utf-8")
    return load_spec(
        write_spec(
            tmp_path,
            model={"id": "some-model", "adapter": "adapter"},
            seeds={"file": "rows.csv", "text": "text"},
        )
    )


def test_a_report_repeats_what_tuning_measured_and_counts_copies_of_the_seeds_among_the_rows(spec):
    rows = {"train": pa.table({"text": [TUNED[2], *FRESH], "product": ["phone"] * 3})}
    told, counted = (each for each in memorisation(spec, rows) if each.column == "text")
    assert (told.name, told.rows, told.values["copies"]) == ("memorisation", 50, 0.04)
    assert told.values["copies_of_held_out_real_rows"] == 0.0
    assert (counted.name, counted.values["rows"]) == ("seed_copies", 1)
    assert memorisation(replace(spec, columns=()), rows) == ()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"memory": null}', '{"memory": {"rows": "x"}}', "[" * 10_000]
)
def test_figures_that_are_none_are_passed_over(spec, text):
    files = {**spec.files, "adapter/tuning.json": text}
    found = memorisation(replace(spec, files=files, seeds=None), {})
    assert found == ()
