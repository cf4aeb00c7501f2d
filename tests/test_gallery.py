"""The ready builders, each built for real: against an endpoint on loopback, and by the embedded model."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
import pytest
from fake_endpoint import FakeEndpoint

import synth_datasets
from synth_datasets.build import Build, build
from synth_datasets.cli import main
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID
from synth_datasets.plan.plan import Plan
from synth_datasets.publishing.verify import verify
from synth_datasets.rebuild import rebuild
from synth_datasets.spec import fingerprint, load_spec

NAMES = synth_datasets.builders()
ROWS = 12
TEXTS = {  # what must not be alike in two splits; questions on two texts may be
    "customer_feedback": ["text"],
    "edge_case_reviews": ["original", "text"],
    "expand_reviews": ["text"],
    "instruction_following": ["chat"],
    "news_entities": ["text"],
    "paraphrase_pairs": ["sentence1", "sentence2"],
    "preference_pairs": ["chosen", "rejected"],
    "rare_intents": ["text"],
    "reading_questions": ["context"],
    "support_dialogues": ["chat"],
}

EMBEDDED = [  # dialogues, scores and preferences take it minutes; `test_builders.py` has the worked example
    "edge_case_reviews",
    "expand_reviews",
    "news_entities",
    "paraphrase_pairs",
    "rare_intents",
    "reading_questions",
]


def answered(body: dict[str, Any]) -> str | None:
    """Answer as a model would where the endpoint's reviews do not: a question on a text, and another wording."""
    *_, last = body["messages"]
    begun = last["content"] if last["role"] == "assistant" else ""
    asked = next(turn["content"] for turn in reversed(body["messages"]) if turn["role"] == "user")
    if asked.startswith("Text: "):
        [fact] = re.findall(r'whose answer is "(.+)"\.$', asked)
        return f"{begun} told here, {fact} or else?"
    if asked.startswith("Say the same"):
        words = asked.partition(": ")[2].rstrip(".").split()
        return " ".join(reversed(words)).capitalize() + "."
    return None


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Build]]:
    """Every builder's dataset at twelve rows, answered by the endpoint."""
    home = tmp_path_factory.mktemp("gallery")
    server = FakeEndpoint()
    server.rule = answered
    server.start()
    datasets.disable_progress_bars()
    asked = {"num_examples": ROWS, "model": "some-model"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.base_url)
        patch.setenv("OPENAI_API_KEY", "sk-test")
        patch.setenv("SYNTH_STORE", str(home / "answers.sqlite"))
        yield {
            name: build(
                synth_datasets.builder(name),
                home / name,
                cache_dir=str(home / "cache"),
                options=asked,
                with_answers=True,
            )
            for name in NAMES
        }
    server.stop()


def test_there_are_ten_builders_and_this_file_knows_their_texts():
    assert len(NAMES) >= 10
    assert set(TEXTS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_builder_makes_the_rows_that_are_asked_for(gallery, name):
    made = gallery[name]
    assert sum(made.dataset.num_rows.values()) == ROWS
    assert set(made.dataset) == {split.name for split in made.spec.splits}
    assert (made.folder / "report.html").exists()


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_a_split_is_nearly_one_of_another(gallery, name):
    rows = gallery[name].dataset
    for column in TEXTS[name]:
        pieces = {split: [ngrams(said(value)) for value in rows[split][column]] for split in rows}
        for one, other in pairwise(pieces):
            likest = max(len(a & b) / len(a | b) for a in pieces[one] for b in pieces[other])
            assert likest < 0.7, (column, one, other)


@pytest.mark.parametrize("name", NAMES)
def test_a_release_is_rebuilt_from_its_answers_byte_for_byte(gallery, name, tmp_path):
    verify(gallery[name].folder)
    again = rebuild(str(gallery[name].folder), tmp_path / "again")
    assert again.other_files == ()
    digests = {split: pinned.digest for split, pinned in again.splits.items()}
    assert digests == {split: pinned.digest for split, pinned in gallery[name].release.lock.splits.items()}


def test_no_seed_serves_two_splits(gallery):
    rows = gallery["expand_reviews"].dataset
    train, test = ({each for row in rows[split]["seed_ids"] for each in row} for split in ("train", "test"))
    assert train
    assert test
    assert not train & test


def test_what_is_built_loads_in_another_process_without_this_package(gallery):
    code = (
        "import json, sys\n"
        "sys.modules['synth_datasets'] = None\n"  # an import of it would fail
        "import datasets\n"
        "datasets.disable_progress_bars()\n"
        "for folder in sys.argv[1:]:\n"
        "    rows = datasets.load_dataset(folder)\n"
        "    first = rows[next(iter(rows))]\n"
        "    print(json.dumps([rows.num_rows, str(first.features), first[0]]))\n"
    )
    folders = [str(made.folder) for made in gallery.values()]
    done = subprocess.run(
        [sys.executable, "-c", code, *folders], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    loaded = [json.loads(line) for line in done.stdout.splitlines()]
    for made, (counts, features, first) in zip(gallery.values(), loaded, strict=True):
        rows = made.dataset[next(iter(made.dataset))]
        assert counts == made.dataset.num_rows
        assert features == str(rows.features)
        assert first == rows[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_card_of_a_builder_reads_well(gallery, name):
    card = (gallery[name].folder / "README.md").read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", card, flags=re.MULTILINE | re.DOTALL)
    assert "None" not in prose
    assert "drawn from ," not in prose
    [told] = re.findall(r"Each text is an answer of\n(.*?)\n> to a prompt", prose, flags=re.DOTALL)
    assert told == "> `some-model`"


@pytest.mark.parametrize("name", ["support_dialogues", "instruction_following"])
def test_dialogues_fit_templates_that_insist_on_turns(gallery, name):
    for rows in gallery[name].dataset.values():
        for chat in rows["chat"]:
            system, *turns = [turn["role"] for turn in chat]
            assert system == "system"
            assert turns == ["user", "assistant"] * (len(turns) // 2)
            assert all(turn["content"].strip() for turn in chat)
            assert "[END]" not in said(chat)


def test_pairs_have_the_format_that_trainers_of_preferences_read(gallery):
    for rows in gallery["preference_pairs"].dataset.values():
        for row in rows:
            assert [turn["role"] for turn in row["prompt"]] == ["user"]
            assert [turn["role"] for turn in row["chosen"] + row["rejected"]] == ["assistant"] * 2
            assert said(row["chosen"]) != said(row["rejected"])


def test_entities_stand_where_they_are_said_to_stand_and_tags_agree(gallery):
    rows = gallery["news_entities"].dataset["train"]
    label = rows.features["entities"].feature["label"].int2str
    tag = rows.features["ner_tags"].feature.int2str
    for row in rows:
        spans = row["entities"]
        assert {label(span["label"]) for span in spans} == {"person", "place", "organisation"}
        assert all(row["text"][span["start"] : span["end"]] == span["text"] for span in spans)
        begun = [tag(each) for each in row["ner_tags"] if tag(each).startswith("B-")]
        assert begun == [f"B-{label(span['label'])}" for span in spans]
        assert len(row["tokens"]) == len(row["ner_tags"])


def test_answers_stand_in_their_texts(gallery):
    for rows in gallery["reading_questions"].dataset.values():
        for row in rows:
            [text], [start] = row["answers"]["text"], row["answers"]["answer_start"]
            assert row["context"][start : start + len(text)] == text
            assert row["question"].endswith("?")


def test_rare_intents_bring_every_intent_to_the_number_of_the_largest():
    spec = load_spec(synth_datasets.builder("rare_intents"))
    tickets = Path(synth_datasets.builder("rare_intents")).with_name("tickets.csv")
    real = Counter(line.rpartition(",")[2] for line in tickets.read_text(encoding="utf-8").splitlines()[1:])
    made = Plan(spec, {EMBEDDED_MODEL_ID: "nobody"}).quotas("train")
    assert len(real) == 5
    assert Counter(made) + real == dict.fromkeys(real, max(real.values()))


def test_edge_cases_are_spread_over_both_kinds_of_slices(gallery):
    rows = gallery["edge_case_reviews"].dataset["test"]
    assert max(Counter(rows["challenge"]).values()) - min(Counter(rows["challenge"]).values()) <= 1
    assert len(set(rows["text_slice"])) >= 6
    assert all(text != original for text, original in zip(rows["text"], rows["original"], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_started_from_each_builder(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for verb in (["new", "mine", "--from", name], ["check", "mine.synth.yaml"]):
        with pytest.raises(SystemExit) as ended:
            main(verb)
        assert ended.value.code == 0, capsys.readouterr().err
    assert fingerprint(load_spec("mine.synth.yaml")) == fingerprint(load_spec(synth_datasets.builder(name)))


@pytest.mark.parametrize("name", NAMES)
def test_files_beside_a_spec_have_their_licence(name):
    folder = Path(synth_datasets.builder(name)).parent
    own = {f"{name}.synth.yaml", "README.md", "LICENSE.md"}
    data = {path.name for path in folder.iterdir()} - own
    assert (folder / "LICENSE.md").exists() == bool(data)
    if data:
        licence = (folder / "LICENSE.md").read_text(encoding="utf-8")
        assert "CC0 1.0" in licence
        assert all(f"`{file}`" in licence for file in data)


@pytest.mark.embedded
@pytest.mark.parametrize("name", EMBEDDED)
def test_the_embedded_model_makes_rows_of_a_builder(name, tmp_path):
    datasets.disable_progress_bars()
    made = build(
        synth_datasets.builder(name),
        tmp_path / name,
        cache_dir=str(tmp_path / "cache"),
        options={"num_examples": 4},
    )
    assert sum(made.dataset.num_rows.values()) == 4


def said(value: object) -> str:
    """Return a text, or what the turns of a dialogue say besides the system message."""
    if isinstance(value, str):
        return value
    return "\n".join(turn["content"] for turn in value if turn["role"] != "system")


def ngrams(text: str) -> frozenset[str]:
    plain = " ".join(re.findall(r"\w+", text.casefold()))
    return frozenset(plain[at : at + 5] for at in range(max(1, len(plain) - 4)))
