"""A tiny model is tuned for real, by the command, and a build asks it with its adapter."""

import json
import shutil

import pytest
import yaml
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.errors import SettingsError
from synth_datasets.rebuild import rebuild

pytestmark = pytest.mark.transformers
FILES = {"adapter_config.json", "adapter_model.safetensors", "README.md", "tuning.json", "loss.png"}
OPTIONS = ("--rate", "0.02", "--group", "review", "--json")


@pytest.fixture
def tuned(spec, seeds, model, monkeypatch, capsys):
    """Return what runs `synth tune` with the tiny model beside it, and gives its exit code and output."""
    monkeypatch.chdir(spec.parent)
    shutil.copytree(model, spec.parent / "models" / "tiny")

    def run(output, *options):
        with pytest.raises(SystemExit) as ended:
            main(["tune", str(spec), "--seeds", str(seeds), "-o", str(output), *OPTIONS, *options])
        return ended.value.code, capsys.readouterr()

    return run


def test_tuning_lowers_the_held_out_loss_and_the_same_files_come_again(tuned, spec):
    folder = spec.parent / "adapter"
    options = ("--epochs", "3", "--rows", "8")
    code, said = tuned(folder, *options)
    assert code == 0, said.err
    told = json.loads(said.out)
    assert told["curve"]["after"] < 0.96 * told["curve"]["before"]
    assert told["curve"]["after"] == min(point["held_out"] for point in told["curve"]["points"])
    assert told["data"]["train"] + told["data"]["held_out"] == 40
    assert told["data"]["held_out"] >= 8
    assert told["data"]["drawn"] == ["product", "tone"]
    assert told["memory"]["rows"] <= 8
    assert {each.name for each in folder.iterdir()} == FILES
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(card.split("---")[1])["base_model"] == "tiny"
    for file in ("README.md", "tuning.json", "adapter_config.json"):
        text = (folder / file).read_text(encoding="utf-8")
        assert "this thing" not in text  # the rows stay at home
        assert str(spec.parent) not in text
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    assert tuned(folder, *options)[0] == 0
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


def test_a_build_asks_with_the_adapter_and_is_rebuilt_without_its_weights(tuned, spec, tmp_path):
    assert tuned(spec.parent / "adapter", "--epochs", "1", "--rows", "4")[0] == 0
    settings = {"id": "models/tiny", "temperature": 1.0, "max_tokens": 12, "adapter": "adapter"}
    checks = {"text": {"refusals": "keep", "repetition": "keep", "echo": "keep", "unique": "off"}}
    write_spec(spec.parent, model=settings, checks=checks, attempts=20)
    store = {"store": str(tmp_path / "store.sqlite")}
    made = build(spec, tmp_path / "release", options=store, with_answers=True)
    digest = json.loads((spec.parent / "adapter" / "tuning.json").read_text(encoding="utf-8"))["adapter"]
    assert made.release.lock.models[0]["adapter"] == digest
    (figure,) = [each for each in made.quality.more if each.name == "memorisation"]
    assert figure.rows <= 4
    carried = {each.name for each in (tmp_path / "release" / "adapter").iterdir()}
    assert carried == (FILES - {"adapter_model.safetensors", "loss.png"}) | {
        "adapter_model.safetensors.sha256"
    }
    again = rebuild(str(tmp_path / "release"))
    assert {name: split.digest for name, split in again.splits.items()} == made.release.digests
    with pytest.raises(SettingsError, match=r"put adapter_model\.safetensors into"):
        build(tmp_path / "release", tmp_path / "more", options={"num_examples": 30, **store})


def test_weights_for_another_model_are_told(tuned, spec, libraries, tmp_path):
    from transformers import LlamaForCausalLM

    assert tuned(spec.parent / "adapter", "--epochs", "1", "--rows", "0")[0] == 0
    place = spec.parent / "models" / "tiny"
    config = LlamaForCausalLM.from_pretrained(place).config
    config.intermediate_size = 64
    LlamaForCausalLM(config).save_pretrained(place)
    write_spec(spec.parent, model={"id": "models/tiny", "adapter": "adapter"})
    with pytest.raises(SettingsError, match="does not fit the model"):
        build(spec, tmp_path / "release", options={"store": str(tmp_path / "store.sqlite")})


def test_a_folder_with_something_else_is_left_alone(tuned, spec):
    (spec.parent / "notes").mkdir()
    (spec.parent / "notes" / "thoughts.txt").write_text("mine", encoding="utf-8")
    code, said = tuned(spec.parent / "notes")
    assert code == 2
    assert "is not empty and no adapter" in said.err
