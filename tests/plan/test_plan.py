import pickle
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.errors import SpecError
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.model import (
    ClassesColumn,
    Field,
    FieldsColumn,
    ModelSpec,
    NumberColumn,
    PerValue,
    Prompt,
    PromptColumn,
    SampleColumn,
    Shot,
    TextColumn,
    Weighted,
)
from synth_datasets.spec.templates import Template, TemplateError

ENDPOINT = {"tiny": "http://localhost:1/v1", "m": "here"}


def _filled(plan, split):
    """Every row with its values and the key of its first request."""
    column = plan.model_columns[0]
    found = {}
    for key in plan.rows(split):
        values = plan.values(key)
        found[key] = (values, plan.request(column, key, values, 0).key)
    return found


def _label(spec, names):
    label = replace(spec.columns[0], names=names, weights=(1.0,) * len(names))
    return replace(spec, columns=(label, *spec.columns[1:]))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_a_longer_split_keeps_its_first_rows_and_requests(make_spec, short, more):
    before = list(_filled(Plan(make_spec(splits={"train": short}), ENDPOINT), "train").items())
    after = list(_filled(Plan(make_spec(splits={"train": short + more}), ENDPOINT), "train").items())
    assert after[:short] == before


@settings(max_examples=20, deadline=None)
@given(st.permutations(["a", "b", "c", "d"]), st.integers(0, 4))
def test_a_new_class_leaves_the_others_rows_alone(make_spec, names, at):
    spec = make_spec(splits={"train": 50})
    before = _filled(Plan(_label(spec, tuple(names)), ENDPOINT), "train")
    grown = _label(spec, (*names[:at], "new", *names[at:]))
    after = _filled(Plan(grown, ENDPOINT), "train")
    assert before.keys() & after.keys()
    for key in before.keys() & after.keys():
        assert after[key] == before[key]


def test_a_new_split_or_column_leaves_other_rows_alone(make_spec, sample):
    spec = make_spec()
    before = _filled(Plan(spec, ENDPOINT), "train")
    split = make_spec(splits={"extra": 9, "train": 40, "test": 8})
    assert _filled(Plan(split, ENDPOINT), "train") == before
    hidden = (
        sample("mood", {"good": 1.0, "bad": 2.0}),
        ClassesColumn(name="second", names=("u", "v"), weights=(1.0, 1.0)),
        NumberColumn(name="stars", low=1, high=5, step=1),
    )
    wider = replace(spec, columns=(spec.columns[0], *hidden, *spec.columns[1:]))
    after = _filled(Plan(wider, ENDPOINT), "train")
    assert list(after) == list(before)
    for key, (values, request) in before.items():
        assert after[key][1] == request
        assert {name: after[key][0][name] for name in values} == values


def test_many_rows_have_the_values_of_each_alone(make_spec, sample, always):
    by = PerValue("product", {"phone": Weighted(("old", "new"), (1.0, 2.0))}, Weighted(("any",), (1.0,)))
    added = (
        SampleColumn(name="age", choices=by),
        NumberColumn(name="stars", low=1, high=5, step=1),
        sample("place", {"here": 1.0, "there": 2.0, "nowhere": 3.0}),
        TextColumn(name="told", template=always("{{ place }}, {{ stars }}, {{ age }}")),
    )
    spec = make_spec(splits={"train": 300})
    plan = Plan(replace(spec, columns=(*added, *spec.columns)), ENDPOINT)
    keys = list(plan.rows("train"))
    alone = [plan.values(key) for key in keys]
    assert plan.values_of_many(keys) == alone
    assert [list(values) for values in plan.values_of_many(keys)] == [list(values) for values in alone]
    assert plan.values_of_many(keys[:3]) == alone[:3]


def test_a_new_second_label_column_leaves_another_second_label_alone(make_spec):
    spec = make_spec()
    second = ClassesColumn(name="second", names=("u", "v", "w"), weights=(1.0, 1.0, 1.0))
    third = ClassesColumn(name="third", names=("k", "l"), weights=(1.0, 1.0))
    one = Plan(replace(spec, columns=(*spec.columns, second)), ENDPOINT)
    both = Plan(replace(spec, columns=(spec.columns[0], third, *spec.columns[1:], second)), ENDPOINT)
    for key in one.rows("train"):
        assert one.values(key)["second"] == both.values(key)["second"]


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 20))
def test_a_new_sample_value_changes_only_the_rows_that_take_it(make_spec, sample, weight):
    spec = make_spec(splits={"train": 80})
    product = sample("product", {"novel": 1.0, "camera": weight, "phone": 3.0, "laptop": 2.0})
    before = _filled(Plan(spec, ENDPOINT), "train")
    after = _filled(
        Plan(replace(spec, columns=(spec.columns[0], product, *spec.columns[2:])), ENDPOINT), "train"
    )
    for key, row in before.items():
        if after[key][0]["product"] != "camera":
            assert after[key] == row


@given(st.integers(0, 2**40), st.integers(0, 2**40))
@settings(max_examples=30, deadline=None)
def test_another_seed_asks_other_questions(make_spec, one, other):
    key = RowKey("train", "positive", 1)
    keys = set()
    for seed in {one, other}:
        plan = Plan(make_spec(seed=seed), ENDPOINT)
        keys.add(plan.request(plan.model_columns[0], key, plan.values(key), 0).key)
    assert len(keys) == len({one, other})


def test_attempts_differ_in_seed_and_number_only(make_spec):
    plan = Plan(make_spec(), ENDPOINT)
    key = RowKey("train", "negative", 2)
    values = plan.values(key)
    first, second = (plan.request(plan.model_columns[0], key, values, attempt) for attempt in (0, 1))
    assert first.seed != second.seed
    assert replace(second, seed=first.seed, attempt=0).key == first.key


def test_the_messages_of_a_row(make_spec):
    plan = Plan(make_spec(), ENDPOINT)
    key = RowKey("train", "positive", 0)
    values = plan.values(key)
    request = plan.request(plan.model_columns[0], key, values, 0)
    assert [(m.role, m.content) for m in request.messages] == [
        ("system", "You write reviews."),
        ("user", "Write one of a tent."),
        ("assistant", "Dry all night."),
        ("user", f"Write a {values['tone']} positive review of a {values['product']}."),
        ("assistant", f"About this {values['product']}:"),
    ]
    assert request.opening == f"About this {values['product']}:"
    assert request.sampling == {"temperature": 0.6, "max_tokens": 120, "stop": ("###",)}
    assert (request.endpoint, request.model, request.schema) == ("http://localhost:1/v1", "tiny", None)


def test_texts_that_turn_out_empty_are_left_out(make_spec, always):
    prompt = Prompt(
        always("Hi {{ label }}"), ModelSpec("m"), system=always(" "), opening=always("{{ nothing }} ")
    )
    columns = (
        ClassesColumn(name="label", names=("a",), weights=(1.0,)),
        TextColumn(name="nothing", template=always("")),
        PromptColumn(name="text", prompt=prompt),
    )
    plan = Plan(make_spec(columns=columns), ENDPOINT)
    key = RowKey("train", "a", 0)
    request = plan.request(plan.model_columns[0], key, plan.values(key), 0)
    assert [(m.role, m.content) for m in request.messages] == [("user", "Hi a")]
    assert request.sampling == {}


def test_examples_may_depend_on_the_row(make_spec, always):
    shots = PerValue(
        "label",
        {"a": (Shot(Template("Example for {{ label }}"), Template("{{ label }}!")),)},
        (),
    )
    columns = (
        ClassesColumn(name="label", names=("a", "b"), weights=(1.0, 1.0)),
        PromptColumn(name="text", prompt=Prompt(always("Go"), ModelSpec("m"), shots=shots)),
    )
    plan = Plan(make_spec(columns=columns), ENDPOINT)
    counts = {}
    for name in "ab":
        key = RowKey("train", name, 0)
        counts[name] = [
            m.content for m in plan.request(plan.model_columns[0], key, plan.values(key), 0).messages
        ]
    assert counts == {"a": ["Example for a", "a!", "Go"], "b": ["Go"]}


def test_columns_of_the_model_are_chained(make_spec, always):
    model = ModelSpec("m", revision="r1", extra={"min_p": 0.1})
    columns = (
        PromptColumn(name="reply", prompt=Prompt(always("Answer: {{ question }} ({{ head }})"), model)),
        TextColumn(name="head", template=always("Q {{ question }}")),
        TextColumn(name="tail", template=always("{{ reply }} / {{ head }}")),
        FieldsColumn(name="ask", prompt=Prompt(always("Ask."), model), fields=(Field("question", "string"),)),
        TextColumn(name="free", template=always("no inputs")),
    )
    plan = Plan(make_spec(columns=columns), ENDPOINT)
    assert [column.name for column in plan.model_columns] == ["ask", "reply"]
    key = RowKey("train", "", 0)
    values = plan.values(key)
    assert values == {"free": "no inputs"}
    request = plan.request(plan.model_columns[0], key, values, 0)
    assert '"question"' in request.schema
    assert (request.revision, request.extra) == ("r1", {"min_p": 0.1})
    values["question"] = "Why?"
    plan.derive(key, values)
    assert values["head"] == "Q Why?"
    assert "tail" not in values
    asked = plan.request(plan.model_columns[1], key, values, 0)
    assert asked.messages[0].content == "Answer: Why? (Q Why?)"
    with pytest.raises(TemplateError):
        plan.request(plan.model_columns[1], key, {}, 0)
    values["reply"] = "So."
    plan.derive(key, values)
    assert values["tail"] == "So. / Q Why?"


def test_white_space_ends_no_structured_answer(make_spec, always):
    model = ModelSpec(id="some-model", stop=("\n", "END"))
    prompt = Prompt(user=always("Write one."), model=model)
    fields = FieldsColumn(name="facts", prompt=prompt, fields=(Field("fact", "string"),))
    plan = Plan(make_spec(columns=(PromptColumn(name="text", prompt=prompt), fields)), {"some-model": ""})
    key = next(iter(plan.rows("train")))
    asked = {each.name: plan.request(each, key, {"text": "So."}, 0) for each in plan.model_columns}
    assert asked["text"].sampling["stop"] == ("\n", "END")
    assert asked["facts"].sampling["stop"] == ("END",)


def test_values_may_follow_labels_samples_and_texts(make_spec, always, sample):
    by = PerValue("kind", {"pet: cat": Weighted(("tabby",), (1.0,))}, Weighted(("oak", "elm"), (1.0, 1.0)))
    columns = (
        SampleColumn(name="breed", choices=by),
        TextColumn(name="kind", template=always("pet: {{ animal }}")),
        sample("animal", {"cat": 1.0, "dog": 1.0}),
    )
    plan = Plan(make_spec(columns=columns), ENDPOINT)
    for key in plan.rows("train"):
        values = plan.values(key)
        assert (values["breed"] == "tabby") == (values["animal"] == "cat")


def test_a_value_cannot_be_sampled_by_what_the_model_says(make_spec, always):
    columns = (
        PromptColumn(name="text", prompt=Prompt(always("x"), ModelSpec("m"))),
        SampleColumn(name="late", choices=PerValue("text", {}, Weighted(("a",), (1.0,)))),
    )
    with pytest.raises(
        SpecError, match=r"columns\.late\.sample: it is drawn before a model is asked, and text"
    ):
        Plan(make_spec(columns=columns), ENDPOINT)


def test_each_model_is_asked_at_its_endpoint(make_spec, always):
    columns = (
        PromptColumn(name="one", prompt=Prompt(always("x"), ModelSpec("m"))),
        PromptColumn(name="two", prompt=Prompt(always("x"), ModelSpec("tiny"))),
        PromptColumn(name="three", prompt=Prompt(always("x"), ModelSpec("elsewhere"))),
    )
    plan = Plan(make_spec(columns=columns), ENDPOINT)
    key = RowKey("train", "", 0)
    asked = [plan.request(column, key, {}, 0) for column in plan.model_columns]
    assert [request.endpoint for request in asked] == ["here", "http://localhost:1/v1", ""]
    assert len({request.seed for request in asked}) == 3


def test_quotas_count_the_rows(make_spec):
    plan = Plan(make_spec(splits={"train": 41, "huge": 10**10}), ENDPOINT)
    counted = Counter(key.stratum for key in plan.rows("train"))
    assert plan.quotas("train") == {"negative": 10, "neutral": 10, "positive": 21} == dict(counted)
    assert sum(plan.quotas("huge").values()) == 10**10


def test_a_spec_without_labels_has_one_nameless_stratum(make_spec, sample):
    plan = Plan(make_spec(columns=(sample("a", {"x": 1.0}),), splits={"train": 3}), ENDPOINT)
    assert plan.quotas("train") == {"": 3}
    assert list(plan.rows("train")) == [RowKey("train", "", i) for i in range(3)]


def test_decision_rows_are_the_rows_of_all_splits(make_spec):
    plan = Plan(make_spec(), ENDPOINT)
    rows = list(plan.decision_rows())
    assert Counter(row.split for row in rows) == {"train": 40, "test": 8}
    assert set(plan.decision_rows(splits=["test"])) == set(plan.rows("test"))
    upto = list(plan.decision_rows(upto="test"))
    assert upto == rows[: len(upto)]
    assert upto[-1] == list(plan.rows("test"))[-1]
    with pytest.raises(KeyError):
        plan.decision_rows(upto="validation")
    with pytest.raises(KeyError):
        plan.decision_rows(splits=["validation"])


def test_a_plan_travels_to_another_process(make_spec):
    plan = Plan(make_spec(), ENDPOINT)
    copy = pickle.loads(pickle.dumps(plan))
    assert copy == plan
    assert _filled(copy, "train") == _filled(plan, "train")


def test_hash_randomisation_changes_nothing(make_spec, tmp_path):
    """Sets and dicts of text iterate differently in each process; rows must not."""
    plan = Plan(make_spec(), ENDPOINT)
    (tmp_path / "plan").write_bytes(pickle.dumps(plan))
    script = (
        "import pickle, sys; plan = pickle.load(open(sys.argv[1], 'rb'))\n"
        "for key in plan.rows('train'):\n"
        "    print(plan.request(plan.model_columns[0], key, plan.values(key), 0).key)"
    )
    keys = [
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "plan")],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert keys[0] == keys[1] == [request for _, request in _filled(plan, "train").values()]


def test_a_row_is_planned_in_microseconds(make_spec):
    """10,000 rows a second are replayed; the limit leaves room for a slow machine."""
    plan = Plan(make_spec(), ENDPOINT)
    column = plan.model_columns[0]
    keys = [RowKey("train", "positive", index) for index in range(3000)]
    begin = time.process_time()
    for key in keys:
        plan.request(column, key, plan.values(key), 0)
    assert (time.process_time() - begin) / len(keys) < 300e-6
