import json

import jsonschema
import pytest
import yaml

from synth_datasets.resources import shipped
from synth_datasets.spec import json_schema, parse_spec


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(json_schema())


def test_the_schema_is_valid_json_schema(validator):
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_full_spec_fits_the_schema(validator, full):
    assert list(validator.iter_errors(yaml.safe_load(full))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 17", "sed: 17"),
        ("name: customer_feedback", "name: Customer Feedback"),
        ("version: 1.2.0", "version: one"),
        ("temperature: 0.6", "temperature: 3"),
        ("classes: [negative", "clases: [negative"),
        ("hidden: true}", "hiden: true}"),
        ("min: 1, max: 5}}", "min: 1}}"),
        ("train: 900", "train: -1"),
        ("train: 900", "'a b': 1"),
        ("unique: {near: 0.8}", "unique: {near: 8}"),
        ("{smartphone: 3", "{smartphone: 0"),
        ("title: string", "title: strin"),
        ("product: {sample", "my-product: {sample"),
        ("[{prompt: Praise a pen., answer: What a pen!}]", "[{prompt: Praise a pen.}]"),
    ],
)
def test_editors_see_mistakes(validator, full, old, new):
    assert old in full
    assert list(validator.iter_errors(yaml.safe_load(full.replace(old, new))))


def test_keys_are_described_for_editors():
    schema = json_schema()
    described = {name for name, part in schema["properties"].items() if "description" in part}
    assert {"name", "columns", "splits", "model", "version", "seed", "attempts", "checks"} <= described
    for name in ("ClassesFile", "PromptFile", "FieldsFile", "FieldFile", "ChecksFile", "ModelFile"):
        assert schema["$defs"][name]["description"]


def test_a_changed_copy_leaves_the_schema_alone():
    json_schema()["title"] = "changed"
    assert json_schema()["title"] != "changed"


def test_shipped_builders_fit_the_schema_and_load(validator):
    for path in sorted(shipped("builders").glob("*/*.synth.yaml")):
        text = path.read_text(encoding="utf-8")
        assert list(validator.iter_errors(yaml.safe_load(text))) == [], path
        folder = path.parent
        parse_spec(text, origin=str(path), read_file=lambda name, folder=folder: (folder / name).read_text())
