import json
import subprocess
import sys

import pyarrow as pa
import pytest

from synth_datasets.plan.row import RowKey
from synth_datasets.quality.report import QualityReport, measure
from synth_datasets.validation.outcome import Rejection

NAMES = ("negative", "neutral", "positive")


def measured(tables, **more):
    return measure(tables, text_columns=["text"], label_columns={"label": NAMES}, **more)


def test_json_keeps_the_whole_report(report):
    text = report.to_json()
    again = QualityReport.from_json(text)
    assert again.to_json() == text
    assert json.loads(text)["format"] == 1


def test_a_report_holds_plain_numbers_only(report):
    def leaves(value):
        if isinstance(value, dict):
            for each in value.values():
                yield from leaves(each)
        elif isinstance(value, list):
            for each in value:
                yield from leaves(each)
        else:
            yield value

    assert {type(leaf) for leaf in leaves(json.loads(report.to_json()))} <= {
        str,
        int,
        float,
        bool,
        type(None),
    }
    assert type(report.whole.texts["text"].repetition.phrases[0].rows) is int


def test_the_published_schema_describes_what_is_written(report):
    def check(schema, value, where="report"):
        if "anyOf" in schema:
            kind = "null" if value is None else None
            chosen = next(
                each for each in schema["anyOf"] if (each.get("type") == "null") == (kind == "null")
            )
            return check(chosen, value, where)
        if "const" in schema:
            assert value == schema["const"], where
        elif "enum" in schema:
            assert value in schema["enum"], where
        elif schema["type"] == "object":
            assert set(schema.get("required", ())) <= value.keys(), where
            known = schema.get("properties")
            assert known is None or value.keys() <= known.keys(), where
            for key, item in value.items():
                check(known[key] if known else schema["additionalProperties"], item, f"{where}.{key}")
        elif schema["type"] == "array":
            kinds = schema.get("prefixItems") or [schema["items"]] * len(value)
            for kind, item in zip(kinds, value, strict=True):
                check(kind, item, where)
        else:
            names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
            assert {names[type(value)], "number" if type(value) is int else ""} & {schema["type"]}, where
        return None

    check(QualityReport.json_schema(), json.loads(report.to_json()))


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": 2}'])
def test_another_format_is_refused_with_what_to_do(text):
    with pytest.raises(ValueError, match="measure again"):
        QualityReport.from_json(text)


def test_equal_data_gives_equal_bytes_in_another_process(reviews, table, tmp_path):
    """No clock, hash seed or thread decides anything."""
    import pyarrow.parquet as pq

    pq.write_table(table(reviews[:400]), tmp_path / "train.parquet")
    code = (
        "import sys, pyarrow.parquet as pq\n"
        "from synth_datasets.quality import measure\n"
        "table = pq.read_table(sys.argv[1])\n"
        "names = ('negative', 'neutral', 'positive')\n"
        "print(measure({'train': table}, text_columns=['text'], label_columns={'label': names}).to_json(), end='')\n"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "train.parquet")],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout.decode()
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    assert found[0] == measured({"train": table(reviews[:400])}).to_json()


def test_a_dataset_gives_what_its_table_gives(reviews, table):
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(NAMES))}
    )
    rows = table(reviews[:300])
    dataset = datasets.Dataset(rows).cast(features)
    assert measured({"train": dataset}).to_json() == measured({"train": rows}).to_json()


def test_a_selection_of_a_dataset_is_measured_and_not_what_lies_beneath_it(reviews, table):
    import datasets

    chosen = datasets.Dataset(table(reviews[:30])).select([3, 1, 2])
    found = measured({"train": chosen})
    texts = {row.values["text"] for rows in found.samples.values() for row in rows}
    assert found.whole.rows == 3
    assert texts == {reviews[at][0] for at in (1, 2, 3)}


def test_splits_are_measured_alone_and_together(reviews, table):
    found = measured({"train": table(reviews[:300]), "test": table(reviews[300:400])})
    assert (found.whole.rows, found.splits["train"].rows, found.splits["test"].rows) == (400, 300, 100)
    assert found.whole.texts["text"].lengths.texts == 400
    assert found.splits["train"].texts["text"].distinct is not None
    assert found.splits["test"].texts["text"].distinct is None, "too few rows"
    assert [(each.earlier, each.later) for each in found.overlaps] == [("train", "test")]


def test_what_was_asked_of_all_splits_adds_up_when_every_split_says_it(reviews, table):
    tables = {"train": table(reviews[:40]), "test": table(reviews[40:60])}
    asked = {split: {"label": dict.fromkeys(NAMES, 5)} for split in tables}
    assert measured(tables, asked=asked).whole.labels["label"].asked == dict.fromkeys(NAMES, 10)
    del asked["test"]
    assert measured(tables, asked=asked).whole.labels["label"].asked is None


def test_a_row_limit_is_kept_and_told(reviews, table):
    found = measured({"train": table(reviews[:500]), "test": table(reviews[500:600])}, row_limit=250)
    assert found.whole.texts["text"].measured_rows == 250
    assert found.splits["train"].texts["text"].measured_rows == 250
    assert found.splits["test"].texts["text"].measured_rows == 100
    assert found.whole.labels["label"].rows == 600, "labels are counted in full"


def test_lengths_are_told_by_class_in_the_bins_of_all(reviews, table):
    figures = measured({"train": table(reviews[:90])}).whole.texts["text"]
    assert list(figures.lengths_by_class) == list(NAMES)
    assert sum(each.texts for each in figures.lengths_by_class.values()) == 90
    assert {each.words.edges for each in figures.lengths_by_class.values()} == {figures.lengths.words.edges}


def test_no_rows_and_one_row(table):
    nothing, one = measured({"train": table([])}), measured({"train": table([("Fine.", 2)])})
    assert nothing.samples == {}
    assert nothing.whole.texts["text"].duplicates.near is None
    assert one.samples["positive"][0].values == {"text": "Fine.", "label": "positive"}
    for each in (nothing, one):
        assert QualityReport.from_json(each.to_json()).to_json() == each.to_json()


def test_nulls_are_empty_texts_and_missing_labels():
    rows = pa.table({"text": pa.array([None, "x"], pa.string()), "label": pa.array([None, 1], pa.int64())})
    found = measured({"train": rows})
    assert found.whole.texts["text"].lengths.empty == 1
    assert found.whole.labels["label"].unlabelled == 1


def test_a_dataset_without_labels_shows_samples_by_split():
    found = measure({"train": pa.table({"text": ["a", "b"], "tags": [["x"], None]})}, text_columns=["text"])
    assert set(found.samples) == {"train"}
    assert {row.values["tags"] for row in found.samples["train"]} == {'["x"]', "null"}


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [("other", KeyError, "there are text, label"), ("label", ValueError, "not text")],
)
def test_a_column_that_holds_no_text_is_an_error_that_says_so(table, column, error, message):
    with pytest.raises(error, match=message):
        measure({"train": table([("a", 0)])}, text_columns=[column])


def test_three_answers_are_kept_for_each_reason_the_most_frequent_first(table):
    def rejection(reason, n):
        key = RowKey("train", "neutral", n)
        return Rejection(
            row=key, column="text", attempt=1, reason=reason, detail="d", text="\ud800" + "t" * 900, key="k"
        )

    given = [rejection("echo", 0), *(rejection("refusal", n) for n in range(5))]
    found = measured({"train": table([])}, rejections=iter(given)).rejections
    assert [(each.reason, each.count, len(each.examples)) for each in found] == [
        ("refusal", 5, 3),
        ("echo", 1, 1),
    ]
    assert found[0].examples[0].row == "train/neutral/0"
    assert found[0].examples[0].text.endswith("… [501 more characters]")
    found[0].examples[0].text.encode("utf-8")


def test_the_package_is_cheap_to_import_and_a_report_needs_no_evaluate():
    code = (
        "import sys, synth_datasets.quality as quality\n"
        "heavy = {'evaluate', 'datasets', 'numpy', 'pyarrow', 'jinja2', 'torch'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "import pyarrow as pa\n"
        "report = quality.measure({'train': pa.table({'text': ['a b c'] * 300})}, text_columns=['text'])\n"
        "quality.render_html(report), quality.render_terminal(report)\n"
        "assert not {'evaluate', 'datasets', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=True)


def test_every_public_name_is_there():
    from synth_datasets import quality

    assert all(getattr(quality, name) is not None for name in quality.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        quality.nothing  # noqa: B018 - the access is the test
