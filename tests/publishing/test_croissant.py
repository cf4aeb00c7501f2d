"""`croissant.json`: valid by the reference implementation, which reads every row and nested value through it."""

import hashlib
import json
from dataclasses import replace

import datasets
import pytest
from datasets import ClassLabel, Features, List, Value

from synth_datasets.publishing.croissant import croissant_json
from synth_datasets.publishing.writing import write_release

FEATURES = Features(
    {
        "label": ClassLabel(names=["negative", "positive"]),
        "text": Value("string"),
        "stars": Value("int64"),
        "share": Value("float64"),
        "kept": Value("bool"),
        "tags": List(Value("string")),
        "messages": List({"role": Value("string"), "content": Value("string")}),
        "spans": List(
            {"start": Value("int32"), "end": Value("int32"), "label": ClassLabel(names=["person"])}
        ),
        "answers": {"text": List(Value("string")), "answer_start": List(Value("int32"))},
        "grid": List(List(Value("int64"))),
    }
)
ROW = {
    "label": 1,
    "text": "It works, naïvely.",
    "stars": 4,
    "share": 0.25,
    "kept": True,
    "tags": ["a", "b"],
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    "spans": [{"start": 0, "end": 2, "label": 0}],
    "answers": {"text": ["works"], "answer_start": [3]},
    "grid": [[1, 2], [3]],
}


@pytest.fixture
def release(tmp_path, spec):
    rows = datasets.Dataset.from_list([{**ROW, "stars": stars} for stars in range(1_200)], features=FEATURES)
    splits = datasets.DatasetDict(train=rows, test=rows.select(range(3)))
    return write_release(tmp_path / "release", spec=spec, fingerprint="f" * 64, dataset=splits)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_reference_implementation_accepts_it_and_reads_the_rows(release):
    import mlcroissant as mlc

    found = mlc.Dataset(str(release.folder / "croissant.json"))
    issues = found.metadata.ctx.issues
    assert issues.errors == set()
    # There is neither a date nor a place on the web in a release: both would be made up.
    assert {warning.split('"')[1].rpartition("/")[2] for warning in issues.warnings} <= {
        "datePublished",
        "url",
    }
    records = list(found.records("train"))
    assert [record["train/stars"] for record in records] == list(range(1_200))
    assert _plain(records[7], "train") == {**ROW, "stars": 7, "grid": _plain(records[7], "train")["grid"]}
    assert len(list(found.records("test"))) == 3


def test_every_data_file_is_there_with_its_digest_and_size(release):
    document = json.loads((release.folder / "croissant.json").read_text(encoding="utf-8"))
    files = {
        each["contentUrl"]: each for each in document["distribution"] if each["@type"] == "cr:FileObject"
    }
    paths = sorted((release.folder / "data").iterdir())
    assert sorted(files) == [f"data/{path.name}" for path in paths]
    assert len(paths) == 3
    for path in paths:
        content = path.read_bytes()
        assert files[f"data/{path.name}"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert files[f"data/{path.name}"]["contentSize"] == f"{len(content)} B"
    assert document["version"] == release.version
    assert document["license"] == "https://choosealicense.com/licenses/cc0-1.0"


def test_every_column_has_its_field_with_what_is_inside_it(release):
    document = json.loads((release.folder / "croissant.json").read_text(encoding="utf-8"))
    train, test = document["recordSet"]
    fields = {field["name"]: field for field in train["field"]}
    assert [name.partition("/")[2] for name in fields] == list(FEATURES)
    assert [field["name"] for field in test["field"]] == [f"test/{name}" for name in FEATURES]
    assert fields["train/label"]["description"] == "0 = negative, 1 = positive"
    assert [part["name"] for part in fields["train/messages"]["subField"]] == [
        "train/messages/role",
        "train/messages/content",
    ]
    assert fields["train/messages"]["isArray"] is True
    assert fields["train/grid"]["arrayShape"] == "-1,-1"
    assert fields["train/answers"]["subField"][1]["source"]["transform"] == [{"jsonPath": "answer_start"}]
    assert "isArray" not in fields["train/answers"]


def test_what_is_not_known_is_not_there(facts, spec):
    bare = replace(
        facts, spec=replace(spec, license=None, language=(), pretty_name=None, description="", tags=())
    )
    document = json.loads(croissant_json(bare, license_url="", citation=""))
    assert document.keys().isdisjoint(
        {"license", "inLanguage", "alternateName", "citeAs", "datePublished", "url"}
    )
    assert document["description"] == "A synthetic dataset, written by smollm2-135m-instruct."


def _plain(value, place):
    """What mlcroissant gives, with texts as texts and numbers as numbers, by the columns' own names."""
    if isinstance(value, dict):
        return {name.removeprefix(f"{place}/"): _plain(part, name) for name, part in value.items()}
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (list, tuple)) or hasattr(value, "tolist"):
        plain = value.tolist() if hasattr(value, "tolist") else value
        return [_plain(part, place) for part in plain] if isinstance(plain, (list, tuple)) else plain
    return value
