"""Adapters that a spec names: read as data, part of what it is, and nothing that could run or lie elsewhere."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from specs import write_spec

from synth_datasets.errors import SettingsError, SpecError
from synth_datasets.generation.backends import endpoint_identity, open_backend
from synth_datasets.plan.plan import Plan
from synth_datasets.settings import Settings
from synth_datasets.spec import fingerprint, ingredients, load_spec, with_overrides
from synth_datasets.spec.graph import adapters_of

CONFIG = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "base_model_name_or_path": "/somewhere/else",
    "r": 8,
    "lora_alpha": 16,
    "target_modules": ["v_proj", "q_proj"],
    "init_lora_weights": True,
    "modules_to_save": None,
    "bias": "none",
    "megatron_core": "megatron.core",
}


def adapter(folder, weights=b"weights", **changes):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps({**CONFIG, **changes}), encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(weights)
    return folder


def spec_with(folder, path="tuned/reviews", **more):
    return write_spec(folder, model={"id": "some-model", "adapter": path, **more})


@pytest.fixture
def file(tmp_path):
    adapter(tmp_path / "tuned" / "reviews")
    return spec_with(tmp_path)


def request_of(spec):
    plan = Plan(spec, {})
    key = next(plan.rows("train"))
    return plan.request(plan.model_columns[0], key, plan.values(key), 0)


def test_weights_and_settings_of_the_adapter_are_part_of_fingerprint_keys_and_ingredients(file, tmp_path):
    first = load_spec(file)
    plain = load_spec(write_spec(tmp_path / "plain", model={"id": "some-model"}))
    found = {fingerprint(first): request_of(first).key}
    found[fingerprint(plain)] = request_of(plain).key
    for changes in ({"weights": b"others"}, {"lora_alpha": 32}, {"target_modules": ["q_proj"]}):
        adapter(tmp_path / "tuned" / "reviews", **changes)
        changed = load_spec(file)
        found[fingerprint(changed)] = request_of(changed).key
    assert len(found) == len(set(found.values())) == 5
    digest = first.model.adapter.digest
    assert request_of(first).adapter == ingredients(first)["columns.text.model.adapter"] == digest
    assert "adapter" not in request_of(plain).canonical()


def test_names_and_remarks_of_the_adapter_change_nothing(file, tmp_path):
    first = load_spec(file)
    adapter(tmp_path / "other" / "elsewhere", base_model_name_or_path="another/name", lora_dropout=0.3)
    moved = load_spec(spec_with(tmp_path / "other", "elsewhere"))
    assert fingerprint(moved) == fingerprint(first)
    assert request_of(moved).key == request_of(first).key


def test_a_release_carries_the_digest_in_place_of_the_weights_and_the_spec_is_the_same(file, tmp_path):
    spec = load_spec(file)
    (tmp_path / "tuned" / "reviews" / "tuning.json").write_text("{}", encoding="utf-8")
    names = {"adapter_config.json", "adapter_model.safetensors.sha256", "tuning.json"}
    carried = load_spec(file).files
    assert {path.removeprefix("tuned/reviews/") for path in carried} == names
    release = tmp_path / "release"
    for path, text in {**carried, file.name: spec.source}.items():
        (release / path).parent.mkdir(parents=True, exist_ok=True)
        (release / path).write_text(text, encoding="utf-8")
    again = load_spec(release)
    assert fingerprint(again) == fingerprint(spec)
    assert request_of(again).key == request_of(spec).key
    sha256 = hashlib.sha256(b"weights").hexdigest()
    assert carried["tuned/reviews/adapter_model.safetensors.sha256"].startswith(sha256)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"peft_type": "PROMPT_TUNING"}, "peft_type: not what can be read here"),
        ({"r": 10**9}, "r: not what can be read here"),
        ({"target_modules": "(a+)+$"}, "target_modules"),
        ({"target_modules": ["../x"]}, "target_modules"),
        ({"modules_to_save": ["lm_head"]}, "`modules_to_save` is set"),
        ({"use_dora": True}, "`use_dora` is set"),
        ({"megatron_config": {"x": 1}}, "`megatron_config` is set"),
        ({"tokenizer_kwargs": {"trust_remote_code": True}}, "`tokenizer_kwargs` is set"),
    ],
)
def test_settings_that_name_files_code_or_other_ways_are_refused(file, tmp_path, changes, said):
    adapter(tmp_path / "tuned" / "reviews", **changes)
    with pytest.raises(SpecError, match=said) as raised:
        load_spec(file)
    assert raised.value.problems[0].where == "model.adapter"


@pytest.mark.parametrize("path", ["../tuned", "/tmp/tuned", "~/tuned", "hf://some/adapter"])
def test_a_path_out_of_the_folder_is_refused(tmp_path, path):
    adapter(tmp_path / "tuned")
    with pytest.raises(SpecError, match=r"outside of the spec's folder|must be a relative path"):
        load_spec(spec_with(tmp_path / "spec", path))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    adapter(tmp_path / "tuned")
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "tuned").symlink_to(tmp_path / "tuned")
    with pytest.raises(SpecError, match="there is no adapter in 'tuned'"):
        load_spec(spec_with(tmp_path / "spec", "tuned"))


def test_pickled_weights_are_not_read(file, tmp_path):
    folder = tmp_path / "tuned" / "reviews"
    shutil.move(folder / "adapter_model.safetensors", folder / "adapter_model.bin")
    with pytest.raises(SpecError, match="only safetensors are read"):
        load_spec(file)


def test_a_model_with_an_adapter_runs_in_transformers_and_nowhere_else(file):
    adapters = adapters_of(load_spec(file))
    assert endpoint_identity("some-model", Settings(), adapters) == "transformers:some-model"
    for backend in ("openai", "embedded"):
        with pytest.raises(SettingsError, match="lora-modules NAME=FOLDER"):
            endpoint_identity("some-model", Settings(backend=backend), adapters)
    with pytest.raises(SettingsError, match="no batch API"):
        open_backend(["some-model"], Settings(batch=True), adapters=adapters)()


def test_another_model_drops_the_adapter(file, tmp_path):
    spec = with_overrides(load_spec(file), model="another-model")
    assert adapters_of(spec) == {}
    own = write_spec(
        tmp_path,
        "own.synth.yaml",
        model={"id": "some-model", "adapter": "tuned/reviews"},
        columns={
            "text": {"prompt": "Write."},
            "note": {"prompt": "Write.", "model": "another-model"},
            "other": {"prompt": "Write.", "model": {"temperature": 0.1}},
        },
    )
    models = [column.prompt.model for column in load_spec(own).columns]
    assert [model.adapter is None for model in models] == [False, True, False]


def test_the_documented_spec_names_an_adapter_beside_it(tmp_path):
    guide = (Path(__file__).parents[2] / "builders" / "README.md").read_text(encoding="utf-8")
    section = guide.partition("## A model of one's own: `adapter`\n")[2].partition("\n## ")[0]
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    adapter(tmp_path / "adapter")
    (tmp_path / "tuned.synth.yaml").write_text(text, encoding="utf-8")
    assert load_spec(tmp_path).model.adapter.path == "adapter"
