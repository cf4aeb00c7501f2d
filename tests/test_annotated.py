"""Annotated texts from spec to stored rows: stored places hold what they say, and the uncertain is asked again."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from fake_endpoint import FakeEndpoint

from synth_datasets.build import build
from synth_datasets.errors import ShortfallError, SpecError
from synth_datasets.estimate import estimate
from synth_datasets.features import features_of, types_of
from synth_datasets.publishing.annotations import describe_annotation
from synth_datasets.settings import Settings
from synth_datasets.spec import json_schema, parse_spec
from synth_datasets.spec.model import Split
from synth_datasets.spec.rules_annotation import (
    AnswerRule,
    FindRule,
    MarkRule,
    PickedRule,
    PickRule,
    QuoteRule,
    TagsRule,
    UnmarkRule,
)
from synth_datasets.splits import split_outcomes, split_rows
from synth_datasets.validation.outcome import Example, Missing
from synth_datasets.value_types import tables_of

README = (Path(__file__).parents[1] / "builders/README.md").read_text(encoding="utf-8")


@pytest.fixture
def where(tmp_path: Path, endpoint: FakeEndpoint) -> Settings:
    return Settings(base_url=endpoint.base_url, api_key="k", store=tmp_path / "answers.sqlite", concurrency=4)


def make(columns, **changes):
    spec = {"name": "annotated", "model": "m", "columns": columns, "splits": {"train": 6}, **changes}
    return parse_spec(yaml.safe_dump(spec, sort_keys=False), origin="x.synth.yaml", read_file=Path.read_text)


def stored(spec, rows):
    return [row for table in tables_of(types_of(spec), rows) for row in table.to_pylist()]


def last(body):
    return body["messages"][-1]["content"]


FOUND = {
    "person": {"sample": ["Ada Lim", "Bo Berg", "Zoë Ruiz"]},
    "city": {"sample": ["Bergen", "Lima", "New York"]},
    "text": {"prompt": "Write a sentence about {{ person }} of {{ city }}."},
    "entities": {"spans": {"in": "text", "find": {"person": "person", "place": "city"}, "tags": True}},
}
UNLIKE = {"checks": {"text": {"unique": "off", "echo": "keep"}}}


def test_known_values_are_found_and_tagged(endpoint, where):
    def answer(body):
        person, city = re.search(r"about (.*) of (.*)\.", last(body)).groups()
        return f"{person}'s flat in {city} burned down, and {person} left {city} today."

    endpoint.rule = answer
    spec = make(FOUND, **UNLIKE)
    rows = stored(spec, split_rows(spec, where, "train"))
    names = features_of(spec)["entities"].feature["label"].names
    tags = features_of(spec)["ner_tags"].feature.names
    assert names == ["person", "place"]
    assert tags == ["O", "B-person", "I-person", "B-place", "I-place"]
    for row in rows:
        assert [span["text"] for span in row["entities"]] == [row["person"], row["city"]] * 2
        for span in row["entities"]:
            assert row["text"][span["start"] : span["end"]] == span["text"]
        assert "".join(row["tokens"]) == row["text"].replace(" ", "")
        tagged = [word for word, tag in zip(row["tokens"], row["ner_tags"], strict=True) if tag]
        assert " ".join(tagged) == " ".join(span["text"] for span in row["entities"])
        assert sum(tags[tag].startswith("B-") for tag in row["ner_tags"]) == 4
    assert endpoint.count == 6


def test_a_text_without_a_mention_is_asked_again_and_says_why(endpoint, where):
    def answer(body):
        person, city = re.search(r"about (.*) of (.*)\.", last(body)).groups()
        bad = len(endpoint.bodies) % 2
        return f"{person} lives somewhere." if bad else f"{person} lives in {city} with a dog named Rex."

    endpoint.rule = answer
    spec = make(FOUND, **UNLIKE, attempts=40)
    outcomes = list(split_outcomes(spec, where, "train"))
    assert all(isinstance(outcome, Example) for outcome in outcomes)
    rejected = [rejection for outcome in outcomes for rejection in outcome.rejections]
    assert {(rejection.column, rejection.reason) for rejection in rejected} == {("text", "missing_mention")}
    assert any("(place) is not in the text" in rejection.detail for rejection in rejected)


def test_a_text_that_mentions_another_known_value_is_rejected(endpoint, where):
    endpoint.rule = lambda body: "Ada Lim, Bo Berg and Zoë Ruiz met in Bergen, in Lima and in New York."
    with pytest.raises(ShortfallError):
        list(split_rows(make(FOUND, **UNLIKE, attempts=2, splits={"train": 1}), where, "train"))
    (outcome,) = split_outcomes(make(FOUND, **UNLIKE, attempts=2, splits={"train": 1}), where, "train")
    assert isinstance(outcome, Missing)
    assert {rejection.reason for rejection in outcome.rejections} == {"unknown_mention"}


MARKED = {
    "topic": {"sample": ["sports", "weather"], "hidden": True},
    "entities": {
        "spans": {"mark": ["person", "place"], "text": "sentence", "tags": True},
        "prompt": "News about {{ topic }}. Mark each person as [Ada Lim](person), each place as [Bergen](place).",
    },
}


def test_marks_are_stripped_and_their_places_are_those_of_the_clean_text(endpoint, where):
    endpoint.rule = lambda body: (
        f"In [Tromsø](place) 👩‍👩‍👧 [Ada Lim](Person) sold {len(endpoint.bodies)} boats, and Tromsø's mayor was glad."
    )
    spec = make(MARKED, checks={"sentence": {"length": [20, 74], "unique": "off"}})
    rows = stored(spec, split_rows(spec, where, "train"))
    assert list(rows[0]) == ["sentence", "entities", "tokens", "ner_tags"]
    for row in rows:
        assert "[" not in row["sentence"]
        assert [span["text"] for span in row["entities"]] == ["Tromsø", "Ada Lim", "Tromsø"]
        for span in row["entities"]:
            assert row["sentence"][span["start"] : span["end"]] == span["text"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("In [Bergen](place Ada sold a boat to a friend.", "broken_marks"),
        ("In [Bergen](village) they sold a boat to a friend.", "unknown_label"),
        ("The [[Bergen](place) Marathon](place) was won by a dog.", "overlapping_spans"),
        ("The [Bergen](place)ers sold a boat to a friend.", "ambiguous_mention"),
        ("In Bergen (place) they sold a boat to a friend.", "broken_marks"),
        ("In <place>Bergen</place> they sold a boat to a friend.", "broken_marks"),
        ("[Paris](person) left [Paris](place), and Paris cried all night.", "ambiguous_mention"),
    ],
)
def test_marks_that_cannot_be_read_are_rejected(answer, reason, endpoint, where):
    endpoint.rule = lambda body: answer
    (outcome,) = split_outcomes(make(MARKED, attempts=1, splits={"train": 1}), where, "train")
    assert [rejection.reason for rejection in outcome.rejections] == [reason]


QUOTED = {
    "text": {"prompt": "Write a sentence of news."},
    "entities": {
        "spans": {"in": "text", "quote": ["person", "place"]},
        "prompt": "List every person and place in: {{ text }}",
    },
}


def test_quotes_are_aligned_and_only_the_quotes_are_asked_again(endpoint, where):
    def answer(body):
        if "response_format" not in body:
            return f"Ada Lim of Bergen sold boat {len(endpoint.bodies)} to Bergen's mayor."
        schema = body["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["spans"]["items"]["properties"]["label"]["enum"] == ["person", "place"]
        good = len(endpoint.bodies) % 3
        names = [("Ada Lim", "person"), ("bergen" if good else "Oslo", "place")]
        return json.dumps({"spans": [{"text": text, "label": label} for text, label in names]})

    endpoint.rule = answer
    spec = make(QUOTED, attempts=20, **UNLIKE)
    outcomes = list(split_outcomes(spec, where, "train"))
    assert {r.column for o in outcomes for r in o.rejections} <= {"entities.quotes"}
    assert {r.reason for o in outcomes for r in o.rejections} <= {"unknown_mention", "ambiguous_mention"}
    assert any(isinstance(outcome, Missing) for outcome in outcomes)  # "bergen" stands there twice


def test_picked_answers_begin_where_they_say_and_some_rows_have_none(endpoint, where):
    def answer(body):
        if "Ask" in last(body):
            return f"How many boats were sold in case {len(endpoint.bodies)}, again?"
        return (
            f"They sold {200 + len(endpoint.bodies)} boats and 17 nets in 1990, 3.5 times more than before."
        )

    endpoint.rule = answer
    columns = {
        "answerable": {"sample": {True: 2, False: 1}},
        "context": {"prompt": "Write a paragraph."},
        "answers": {
            "answer": {"in": "context", "pick": "number", "text": "reply", "answerable": "answerable"}
        },
        "question": {"prompt": "{{ context }} Ask a question. {% if reply %}Answer: {{ reply }}.{% endif %}"},
    }
    spec = make(
        columns, splits={"train": 12}, checks={"context": {"unique": "off"}, "question": {"unique": "off"}}
    )
    rows = stored(spec, split_rows(spec, where, "train"))
    assert "reply" not in rows[0]
    assert {row["answerable"] for row in rows} == {True, False}
    picked = set()
    for row in rows:
        texts, starts = row["answers"]["text"], row["answers"]["answer_start"]
        assert len(texts) == len(starts) == row["answerable"]
        for text, start in zip(texts, starts, strict=True):
            assert row["context"][start : start + len(text)] == text
            picked.add("200s" if text.startswith("2") else text)
    assert len(picked) > 1
    asked = [last(body) for body in endpoint.bodies if "Ask" in last(body)]
    assert sum("Answer: " in prompt for prompt in asked) == sum(row["answerable"] for row in rows)


def test_given_answers_are_verified_and_their_writer_is_asked_again(endpoint, where):
    def answer(body):
        if "response_format" not in body:
            return f"Ada sold {300 + len(endpoint.bodies)} boats in Bergen. Bo sold 17 boats in Oslo, Norway."
        reply = "Oslo" if len(endpoint.bodies) % 2 else "Paris"
        return json.dumps({"question": f"Where did Bo sell {len(endpoint.bodies)}?", "reply": reply})

    endpoint.rule = answer
    columns = {
        "context": {"prompt": "Write a paragraph."},
        "qa": {"fields": {"question": "string", "reply": "string"}, "prompt": "{{ context }} Ask."},
        "answers": {"answer": {"in": "context", "from": "reply"}},
    }
    spec = make(columns, attempts=40, checks={"context": {"unique": "off"}})
    outcomes = list(split_outcomes(spec, where, "train"))
    for outcome in outcomes:
        (start,) = outcome.values["answers"]["answer_start"]
        assert outcome.values["context"][start:].startswith("Oslo")
    assert {r.column for o in outcomes for r in o.rejections} == {"qa"}
    assert {r.reason for o in outcomes for r in o.rejections} == {"unknown_mention"}


def test_a_paraphrase_that_copies_its_source_is_rejected(endpoint, where):
    def answer(body):
        if "Reword" not in last(body):
            return f"The ferry to the island number {len(endpoint.bodies)} leaves at noon every day."
        source = last(body).removeprefix("Reword: ")
        return source.upper() if len(endpoint.bodies) % 2 else "At midday, daily, a boat goes across."

    endpoint.rule = answer
    columns = {"a": {"prompt": "Write a sentence."}, "b": {"prompt": "Reword: {{ a }}"}}
    off = {"unique": "off", "echo": "keep"}
    spec = make(columns, attempts=40, checks={"a": off, "b": {**off, "differs_from": "a"}})
    outcomes = list(split_outcomes(spec, where, "train"))
    assert all(outcome.values["b"].startswith("At midday") for outcome in outcomes)
    assert {(r.column, r.reason) for o in outcomes for r in o.rejections} == {("b", "too_similar")}


def test_a_release_loads_in_a_new_process_without_this_package(endpoint, tmp_path, monkeypatch):
    endpoint.rule = lambda body: (
        f"In [Tromsø](place) [Ada Lim](person) sold boat number {len(endpoint.bodies)} to a friend."
    )
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    path = tmp_path / "marked.synth.yaml"
    spec = {"name": "marked", "model": "m", "columns": MARKED, "splits": {"train": 4}}
    spec["checks"] = {"sentence": {"unique": "off"}}
    path.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    build(path, tmp_path / "out", options={"base_url": endpoint.base_url})
    code = f"""
import sys
from datasets import load_dataset
ds = load_dataset({str(tmp_path / "out")!r}, split="train")
assert not any(name.startswith("synth_datasets") for name in sys.modules)
for row in ds:
    for span in row["entities"]:
        assert row["sentence"][span["start"]:span["end"]] == span["text"]
print(ds.features["entities"].feature["label"].names, ds.features["ner_tags"].feature.names, len(ds))
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "4"
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "what the model marked in entities.marked" in card
    assert "IOB2 tags of entities" in card


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"spans": {"in": "text"}}, "spans need one of `find`, `mark` and `quote`, found none"),
        ({"spans": {"in": "text", "find": {"a": "nobody"}}}, "`a` names 'nobody', which is no column"),
        ({"spans": {"in": "texts", "find": {"a": "word"}}}, "`in` names 'texts', which is no column"),
        ({"spans": {"in": "stars", "find": {"a": "word"}}}, "stars is of kind `number`, a text is asked for"),
        ({"spans": {"find": {"a": "word"}}}, "`in` is missing, which `find` needs"),
        ({"spans": {"in": "text", "find": {"a": "word"}}, "prompt": "x"}, "`prompt` does not go with `find`"),
        ({"spans": {"mark": ["a"]}, "prompt": "[x](a)"}, "`text` is missing, which `mark` needs"),
        ({"spans": {"mark": ["a"], "text": "t"}, "prompt": "Mark."}, "does not show how to mark a"),
        ({"spans": {"mark": ["a"], "text": "word"}, "prompt": "[x](a)"}, "the name 'word' is taken"),
        ({"spans": {"mark": ["a(b)"], "text": "t"}, "prompt": "x"}, "cannot hold brackets"),
        ({"spans": {"in": "text", "quote": ["a"]}, "prompt": "List."}, "the prompt does not show the text"),
        ({"spans": {"in": "one", "find": {"a": "word"}}}, "one is itself, a text is asked for"),
        ({"spans": {"in": "text", "find": {"a": "two"}}}, "two holds no value that a text can mention"),
        ({"spans": {"in": "text", "quote": ["a"]}}, "`prompt` is missing, which `quote` needs"),
        ({"spans": {"in": "text", "find": {"a": "word"}, "tag": True}}, "unknown key 'tag'"),
        ({"answer": {"in": "text"}}, "an answer needs one of `from` and `pick`"),
        ({"answer": {"in": "text", "pick": "number"}}, "`text` is missing"),
        ({"answer": {"in": "text", "pick": "word", "text": "t"}}, "expected one of number, name, sentence"),
        ({"answer": {"in": "text", "from": "word", "answerable": "word"}}, "word must be true or false"),
        (
            {"answer": {"in": "text", "from": "word", "text": "t"}},
            "`text` names what is picked, and nothing is",
        ),
        (
            {"answer": {"in": "text", "pick": "name", "text": "t", "sentence": "word"}},
            "`sentence` goes with `from`",
        ),
        ({"answer": {"from": "word"}}, "`in` is missing"),
        ({"text": "{{ two }}"}, "which a template cannot print: it is of kind `spans`"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(column, words):
    columns = {
        "word": {"sample": ["x", "y"]},
        "stars": {"number": {"min": 1, "max": 5}},
        "text": {"prompt": "Say {{ word }}."},
        "two": {"spans": {"in": "text", "find": {"b": "word"}}},
        "one": column,
    }
    with pytest.raises(SpecError) as caught:
        make(columns)
    assert words in str(caught.value)
    assert caught.value.problems[0].line > 0


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ({"b": {"differs_from": "c"}}, "`differs_from` names 'c', which is no column"),
        ({"a": {"differs_from": "b"}}, "b may be written after a"),
        ({"b": {"differs_from": {"a": 2}}}, "must be at most 1"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_named(checks, words):
    columns = {"a": {"prompt": "Write."}, "b": {"prompt": "Reword: {{ a }}"}}
    with pytest.raises(SpecError, match=re.escape(words)):
        make(columns, checks=checks)


def test_values_that_no_model_wrote_are_a_mistake_of_the_spec(where):
    columns = {
        "word": {"sample": ["x", "y"]},
        "text": {"text": "A fixed sentence."},
        "one": {"spans": {"in": "text", "find": {"a": "word"}}},
    }
    with pytest.raises(SpecError, match="no model wrote what it is made of"):
        list(split_rows(make(columns), where, "train"))


def documented():
    part = README.split("## Annotated texts\n")[1].split("\n## ")[0]
    specs = re.findall(r"^```yaml\n(.*?)^```$", part, flags=re.MULTILINE | re.DOTALL)
    return [pytest.param(text, id=yaml.safe_load(text)["name"]) for text in specs]


def small_model(count, body):  # noqa: PLR0911 - one return a prompt
    """What a good model says to the specs in the manual."""
    asked = last(body)
    if "response_format" in body:
        if "evidence" in json.dumps(body["response_format"]):
            evidence = "Bo sold 17 nets in Oslo."
            return json.dumps({"question": f"Who sold nets {count}?", "reply": "Bo", "evidence": evidence})
        return json.dumps(
            {"spans": [{"text": "Ada Lim", "label": "person"}, {"text": "Oslo", "label": "place"}]}
        )
    if found := re.search(r"about (.*) in (.*)\. Name", asked):
        return f"{found[1]} opened school number {count} of {found[2]} this morning."
    if "](person)" in asked:
        return f"[Ada Lim](person) swam {count} miles along the coast of [Bergen](place)."
    if "Ask a question" in asked or "short sentence" in asked:
        return f"How many of these things, say {count}, does anybody need?"
    if "other words" in asked:
        return f"Paraphrased freely, boat trade number {count} went splendidly."
    return f"Ada Lim sold {count} boats for {count * 31} crowns. Bo sold 17 nets in Oslo."


@pytest.mark.parametrize("text", documented())
def test_a_spec_of_the_manual_runs(text, endpoint, where):
    assert text.count("\n") < 25
    jsonschema.validate(yaml.safe_load(text), json_schema())
    endpoint.rule = lambda body: small_model(len(endpoint.bodies), body)
    spec = parse_spec(text, origin="manual.synth.yaml", read_file=Path.read_text)
    checks = {
        name: replace(own, unique=None) for name, own in spec.checks.items()
    }  # one model for all topics
    spec = replace(spec, checks=checks, splits=(Split("train", 6),))
    rows = stored(spec, split_rows(spec, where, "train"))
    assert len(rows) == 6
    for row in rows:
        for span in row.get("entities", []):
            held = row.get("text") or row["sentence"]
            assert held[span["start"] : span["end"]] == span["text"]
        for answer, start in zip(*row.get("answers", {"text": [], "answer_start": []}).values(), strict=True):
            assert row["context"][start : start + len(answer)] == answer
    assert any(
        row.get("entities") or row.get("answers", {}).get("text") or row.get("label") is not None
        for row in rows
    )


def test_the_manual_documents_every_way():
    names = [param.id for param in documented()]
    assert names == ["local_news", "marked_news", "quoted_news", "reading", "reading_answers", "pairs"]


def test_a_card_says_where_annotations_come_from():
    pairs = [
        (
            FindRule("text", (("who", "person"),), (), ("person",)),
            "mention in text of the values of who (person)",
        ),
        (MarkRule("m", ("x",)), "marked in m"),
        (UnmarkRule("m", ("x",)), "m without its marks"),
        (QuoteRule("text", "q", ("x",)), "quoted from text"),
        (TagsRule("text", "spans", ("x",), tokens=True), "the words of text"),
        (TagsRule("text", "spans", ("x",), tokens=False), "IOB2 tags of spans"),
        (AnswerRule("text", "reply"), "reply as it stands in text"),
        (PickRule("text", "number"), "a number of text, picked"),
        (PickedRule("answers"), "the text of answers"),
    ]
    for rule, words in pairs:
        assert words in describe_annotation(rule)


def test_the_writer_of_a_text_that_is_put_together_is_asked_again(endpoint, where):
    def answer(body):
        good = len(endpoint.bodies) % 3 == 0
        return (
            f"Ada Lim wrote letter number {len(endpoint.bodies)} today."
            if good
            else "Somebody wrote a letter."
        )

    endpoint.rule = answer
    columns = {
        "person": {"sample": ["Ada Lim"]},
        "letter": {"prompt": "Write about {{ person }}."},
        "text": {"text": "Dear all. {{ letter }} Bye."},
        "entities": {"spans": {"in": "text", "find": {"person": "person"}}},
    }
    spec = make(
        columns, attempts=30, splits={"train": 4}, checks={"letter": {"unique": "off", "echo": "keep"}}
    )
    outcomes = list(split_outcomes(spec, where, "train"))
    assert all(outcome.values["entities"][0]["start"] == len("Dear all. ") for outcome in outcomes)
    assert {(r.column, r.reason) for o in outcomes for r in o.rejections} == {("letter", "missing_mention")}


def test_a_mention_in_a_text_that_was_not_asked_for_is_none(endpoint, where):
    endpoint.rule = lambda body: f"Ada Lim wrote letter number {len(endpoint.bodies)} today."
    columns = {
        "person": {"sample": ["Ada Lim"]},
        "asked": {"sample": [True, False]},
        "text": {"prompt": "Write about {{ person }}."},
        "entities": {"spans": {"in": "text", "find": {"person": "person"}, "tags": True}},
        "answers": {"answer": {"in": "text", "pick": "number", "text": "reply"}},
    }
    spec = make(columns, checks={"text": {"unique": "off", "echo": "keep"}})
    when = [
        replace(c, prompt=replace(c.prompt, when="asked")) if c.name == "text" else c for c in spec.columns
    ]
    outcomes = list(split_outcomes(replace(spec, columns=tuple(when)), where, "train"))
    assert {bool(outcome.values["entities"]) for outcome in outcomes} == {True, False}
    for outcome in outcomes:
        assert (
            bool(outcome.values["answers"]["text"])
            == bool(outcome.values["ner_tags"])
            == outcome.values["asked"]
        )


def test_an_estimate_counts_the_questions_about_answers_that_are_still_to_be_picked(where):
    columns = {
        "context": {"prompt": "Write a paragraph."},
        "answers": {"answer": {"in": "context", "pick": "number", "text": "reply"}},
        "question": {"prompt": "{{ context }} Ask a question. Answer: {{ reply }}."},
    }
    by_name = {column.column: column for column in estimate(make(columns), where).columns}
    assert by_name["context"].requests == by_name["question"].requests == 6
    assert by_name["question"].prompt_tokens > by_name["context"].prompt_tokens > 0
