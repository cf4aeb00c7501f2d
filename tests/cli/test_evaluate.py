"""`synth evaluate`: a model's score on each slice, from a function, a model or a file."""

import json

import datasets
import pytest

from synth_datasets.cli import main

MODEL = """\
def predict(texts):
    return ["positive" if "good" in text else "negative" for text in texts]

def wrong(texts):
    return ["good"] * len(texts)

def broken(texts):
    return {}["no such key"]
"""


@pytest.fixture
def evaluate(tmp_path, monkeypatch, capsys):
    """Run the verb in a folder with a dataset `data` and a module `my_model`; returns code, output and errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_model.py").write_text(MODEL)
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "original": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["negative", "positive"]),
            "challenge": datasets.ClassLabel(names=["plain", "slang"]),
        }
    )
    rows = {
        "text": ["good", "bad", "gud", "baad"],
        "original": ["good", "bad", "good", "bad"],
        "label": [1, 0, 1, 0],
        "challenge": [0, 0, 1, 1],
    }
    for split in ("train", "test"):
        made = datasets.Dataset.from_dict(rows, features=features)
        made.to_parquet(str(tmp_path / f"data/{split}.parquet"))
    datasets.disable_progress_bars()

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", *map(str, arguments)])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    yield run
    datasets.enable_progress_bars()


def scores(shown):
    found = json.loads(shown)
    return {(each["column"], each["slice"]): each for each in [found["overall"], *found["slices"]]}


@pytest.mark.parametrize("named", ["my_model:predict", "my_model.py:predict"])
def test_a_function_is_scored_on_the_slices_of_the_test_split(evaluate, named):
    code, shown, errors = evaluate("data", "--predict", named, "--slices", "challenge")
    assert code == 0, errors
    assert "data (test): text → label, 2 classes" in shown
    slang = next(line.split() for line in shown.splitlines() if line.startswith("  slang"))
    assert slang[:4] == ["slang", "2", "0.500", "0.09-0.91"]
    assert slang[6:9] == ["+0.250", "1.000", "0.500"]


def test_the_scores_are_json_and_all_splits_can_be_named(evaluate):
    code, shown, _ = evaluate("data", "--predict", "my_model:predict", "--json", "--split", "train")
    assert code == 0
    found = scores(shown)
    assert found["", ""]["accuracy"] == 0.75
    assert found["challenge", "slang"]["flips"] == 0.5
    assert found["challenge", "plain"]["flips"] == 0.0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", "prediction,original_prediction\npositive,positive\nnegative,negative\n0,1\n0,0\n"),
        ("p.tsv", "x\tprediction\n1\tpositive\n2\tNEGATIVE\n3\tLABEL_0\n4\tnegative\n"),
        ("p.jsonl", '{"label": 1}\n{"label": 0}\n\n{"label": 0}\n{"label": "negative"}\n'),
    ],
)
def test_predictions_are_read_from_a_file(evaluate, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    code, shown, errors = evaluate("data", "--predictions", name, "--json")
    assert code == 0, errors
    found = scores(shown)
    assert found["challenge", "slang"]["accuracy"] == 0.5
    assert (found["challenge", "slang"]["flips"] is not None) == ("original" in content)


def test_a_release_without_the_files_of_its_spec_is_scored_all_the_same(evaluate, tmp_path):
    spec = "name: data\nmodel: m\nsplits: {test: 4}\ncolumns:\n  x: {sample: {file: gone.txt}}\n"
    (tmp_path / "data/data.synth.yaml").write_text(spec)
    code, shown, errors = evaluate("data", "--predict", "my_model:predict", "--json")
    assert code == 0, errors
    assert json.loads(shown)["original"] == "original"


def test_a_label_map_says_what_a_models_labels_mean(evaluate):
    code, shown, _ = evaluate("data", "--predict", "my_model:wrong", "--label-map", "good=positive", "--json")
    assert code == 0
    assert scores(shown)["", ""]["accuracy"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["data"], "name one of --predict, --model and --predictions"),
        (["nowhere", "--predict", "my_model:predict"], "nowhere: no such folder"),
        (["data", "--predict", "predict"], "expected module:function"),
        (["data", "--predict", "no_such_model:predict"], "there is no module 'no_such_model'"),
        (["data", "--predict", "nothing.py:predict"], "there is no such Python file"),
        (["data", "--predict", "my_model:guess"], "has no function 'guess'; it has: broken, predict, wrong"),
        (["data", "--predict", "my_model:wrong"], "the model says 'good'"),
        (["data", "--predict", "my_model:predict", "--text", "body"], "data has no column 'body'"),
        (["data", "--predict", "my_model:predict", "--slices", "challenge,x"], "data has no column 'x'"),
        (["data", "--predict", "my_model:predict", "--split", "dev"], "no split 'dev'; it has: train, test"),
        (["data", "--predict", "my_model:predict", "--label-map", "good"], "expected THEIRS=OURS"),
        (["data", "--predictions", "my_model.py"], "no predictions can be read"),
        (["data", "--predictions", "short.csv"], "1 predictions for 4 rows"),
        (["data", "--predictions", "other.csv"], "expected a column `prediction`, found guess"),
    ],
)
def test_a_mistake_is_one_message(evaluate, tmp_path, arguments, said):
    (tmp_path / "short.csv").write_text("prediction\npositive\n")
    (tmp_path / "other.csv").write_text("guess\npositive\n")
    code, _, errors = evaluate(*arguments)
    assert code == 2
    assert said in errors
    assert "Traceback" not in errors


def test_a_mistake_in_the_users_own_code_keeps_its_traceback(evaluate):
    with pytest.raises(KeyError, match="no such key"):
        main(["evaluate", "data", "--predict", "my_model:broken"])


@pytest.fixture
def classifier(tmp_path):
    """A BERT of random weights with two labels and a few words, in a folder."""
    pytest.importorskip("transformers", exc_type=ImportError)
    pytest.importorskip("torch")
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        id2label={0: "BAD", 1: "GOOD"},
        label2id={"BAD": 0, "GOOD": 1},
    )
    BertForSequenceClassification(config).save_pretrained(tmp_path / "bert")
    BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "bert")
    return tmp_path / "bert"


@pytest.mark.transformers
@pytest.mark.filterwarnings("ignore")  # of the libraries
def test_a_transformers_model_is_scored(evaluate, classifier):
    named = ["--label-map", "GOOD=positive", "--label-map", "BAD=negative"]
    code, shown, errors = evaluate("data", "--model", classifier, "--json", *named)
    assert code == 0, errors
    assert scores(shown)["", ""]["n"] == 4
    code, _, errors = evaluate("data", "--model", "no/such-model")
    assert code == 2
    assert "expected a folder, or the id" in errors


@pytest.mark.transformers
@pytest.mark.filterwarnings("ignore")  # of the libraries
def test_the_evaluator_and_the_slices_agree_on_a_pipeline(evaluate, classifier, tmp_path, monkeypatch):
    pytest.importorskip("scipy")
    # `evaluate` 0.4.6 asks for a class that transformers 5 has no more.
    monkeypatch.setattr("transformers.TFPreTrainedModel", type("TFPreTrainedModel", (), {}), raising=False)
    from evaluate import Metric, evaluator
    from transformers import pipeline

    from synth_datasets import score_slices

    class Accuracy(Metric):
        def _info(self):
            from evaluate import MetricInfo

            features = datasets.Features(
                {name: datasets.Value("int64") for name in ("predictions", "references")}
            )
            return MetricInfo(description="", citation="", features=features)

        def _compute(self, predictions, references):
            same = [a == b for a, b in zip(predictions, references, strict=True)]
            return {"accuracy": sum(same) / len(same)}

    rows = datasets.Dataset.from_parquet(str(tmp_path / "data/test.parquet"))
    classify = pipeline("text-classification", model=str(classifier))
    theirs = evaluator("text-classification").compute(
        classify, rows, metric=Accuracy(), label_mapping={"BAD": 0, "GOOD": 1}
    )
    ours = score_slices(rows, classify, label_map={"BAD": "negative", "GOOD": "positive"})
    assert ours.overall.accuracy == theirs["accuracy"]
