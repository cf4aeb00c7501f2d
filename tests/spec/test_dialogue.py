"""What a spec may say of dialogues and preference pairs, and what is wrong with it otherwise."""

import json

import pytest
import yaml

from synth_datasets.errors import SpecError
from synth_datasets.spec import fingerprint, parse_spec
from synth_datasets.spec.model import Checks, FieldsColumn, PromptColumn

USER = {"system": "You are a customer with a {{ thing }}."}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
PAIR = {"prompt": "Why a {{ thing }}?", "judge": {"rubric": "Prefer the truth."}}


def read(columns, files=None, **more):
    spec = {
        "name": "chats",
        "model": {"id": "m", "temperature": 0.5},
        "columns": {"thing": {"sample": ["tent", "lamp"], "hidden": True}, **columns},
        "splits": {"train": 4},
        **more,
    }
    return parse_spec(
        yaml.safe_dump(spec, sort_keys=False), origin="x", read_file=lambda name: (files or {})[name]
    )


def chat(**settings):
    return {"chat": {"messages": settings}}


def problems(columns, **more):
    with pytest.raises(SpecError) as error:
        read(columns, **more)
    return [(each.where, each.message) for each in error.value.problems]


def asked(spec):
    return {
        column.name: column for column in spec.columns if isinstance(column, (PromptColumn, FieldsColumn))
    }


def test_each_side_hears_the_other_as_the_user():
    turns = {name: column.prompt.turns for name, column in asked(read(chat(user=USER, turns=[2, 4]))).items()}
    assert turns["chat.turn_1"] == (("user", "chat.begin"),)
    assert turns["chat.turn_2"] == (("user", "chat.turn_1"),)
    assert turns["chat.turn_3"] == (
        ("user", "chat.begin"),
        ("assistant", "chat.turn_1"),
        ("user", "chat.turn_2"),
    )
    assert turns["chat.turn_4"] == (
        ("user", "chat.turn_1"),
        ("assistant", "chat.turn_2"),
        ("user", "chat.turn_3"),
    )


def test_each_side_has_its_own_model_and_system_and_only_planned_turns_are_sure():
    spec = read(
        chat(
            user=USER,
            assistant={"model": {"id": "big", "temperature": 0.1}},
            system="Be kind.",
            turns=[2, 4],
        )
    )
    columns = asked(spec)
    models = [column.prompt.model.id for column in columns.values()]
    assert models == ["m", "big", "m", "big"]
    systems = [column.prompt.system.default.source for column in columns.values()]
    assert systems == [USER["system"], "Be kind.", USER["system"], "Be kind."]
    assert [column.prompt.when is None for column in columns.values()] == [True, True, False, False]


def test_an_assistants_own_system_is_heard_and_the_dialogues_is_stored():
    spec = read(chat(user=USER, assistant={"system": "Play along."}, system="Be kind.", turns=2))
    assert asked(spec)["chat.turn_2"].prompt.system.default.source == "Play along."
    assert spec.columns[-1].rule.system == "chat.system"
    dropped = read(chat(user=USER, system="Be kind.", keep_system=False, turns=2))
    assert dropped.columns[-1].rule.system == ""


@pytest.mark.parametrize(("turns", "bounds"), [(4, (4, 4)), ([2, 5], (2, 4)), ([3, 6], (4, 6))])
def test_lengths_are_even_within_what_is_given(turns, bounds):
    spec = read(chat(user=USER, turns=turns))
    length = next(column.rule for column in spec.columns if column.name == "chat.length")
    assert (length.least, length.most) == bounds


def test_an_opening_takes_the_place_of_the_first_turn():
    spec = read(chat(opening="My {{ thing }} is broken.", turns=2))
    assert list(asked(spec)) == ["chat.turn_2"]
    assert spec.columns[-1].rule.asked == "chat.turn_2"


def test_checks_of_a_dialogue_are_those_of_its_turns_and_unique_that_of_all_of_it():
    spec = read(chat(user=USER, turns=2), checks={"chat": {"words": [1, 9], "unique": {"near": 0.9}}})
    assert spec.checks["chat"] == Checks(unique="near", near_threshold=0.9)
    assert spec.checks["chat.turn_1"] == spec.checks["chat.turn_2"]
    assert (spec.checks["chat.turn_1"].words, spec.checks["chat.turn_1"].unique) == ((1, 9), None)
    assert read(chat(user=USER, turns=2)).checks["chat"].unique == "near"
    off = read(chat(user=USER, turns=2), checks={"chat": {"unique": "off"}})
    assert off.checks["chat"].unique is None


def test_checks_of_a_whole_dialogue_and_of_a_pair_reach_their_texts():
    spec = read(
        {**chat(prompt="Write."), "pair": {"preference": PAIR}},
        checks={"chat": {"words": [1, 9]}, "pair": {"words": [2, 8], "unique": "exact"}},
    )
    assert spec.checks["chat.list"].words == (1, 9)
    assert spec.checks["pair.first"] == spec.checks["pair.second"]
    assert (spec.checks["pair.first"].words, spec.checks["pair.first"].unique) == ((2, 8), "exact")
    assert spec.checks["pair.verdict_1"].unique is None


def test_tools_become_a_column_of_json():
    for tools, files in (([TOOL], {}), ({"file": "tools.json"}, {"tools.json": json.dumps([TOOL])})):
        spec = read(chat(user=USER, tools=tools), files)
        assert spec.columns[-1].name == "tools"
        assert json.loads(spec.columns[-1].rule.text) == [TOOL]


@pytest.mark.parametrize(
    ("settings", "where", "words"),
    [
        ({}, "", "a dialogue needs a `prompt`"),
        ({"prompt": "Write.", "user": USER}, ".prompt", "`user` make it turn by turn"),
        ({"prompt": "Write.", "ends": ["bye"]}, ".prompt", "`ends` make it turn by turn"),
        ({"user": {}}, ".user", "nothing says who the user is"),
        ({"user": USER, "writer": {"system": "Be brief."}}, ".writer", "`writer` goes with `prompt`"),
        ({"opening": "Hi.", "turns": [2, 4]}, ".turns", "without a `user` a dialogue ends after 2"),
        ({"opening": "Hi.", "turns": 2, "ends": ["bye"]}, ".ends", "there is none"),
        ({"user": USER, "turns": 3}, ".turns", "cannot have 3 messages"),
        ({"user": USER, "turns": [6, 2]}, ".turns", "expected [fewest, most]"),
        ({"user": USER, "turns": "many"}, ".turns", "expected a number of messages"),
        ({"user": USER, "keep_system": False}, ".keep_system", "there is no `system`"),
        ({"user": USER, "opening": "{{ nothing }}"}, ".opening", "names 'nothing', which is no column"),
        ({"user": USER, "turn": 4}, ".turn", "unknown key 'turn'"),
        ({"user": {**USER, "temperature": 1}}, ".user.temperature", "unknown key"),
        ({"user": {**USER, "model": {"temprature": 1}}}, ".user.model.temprature", "unknown key"),
        ({"user": USER, "tools": [{"name": "look"}]}, ".tools[0]", "tool 1: expected {type: function"),
        ({"user": USER, "tools": [{"type": "function", "function": {}}]}, ".tools[0]", "needs a `name`"),
    ],
)
def test_what_does_not_make_a_dialogue_is_said_at_its_place(settings, where, words):
    found = problems(chat(**settings))
    assert any(at == f"columns.chat.messages{where}" and words in message for at, message in found), found


def test_a_tools_file_that_is_no_json_is_a_problem():
    found = problems(chat(user=USER, tools={"file": "t.json"}), files={"t.json": "{"})
    assert "t.json is no JSON" in found[0][1]


@pytest.mark.parametrize(
    ("settings", "where", "words"),
    [
        ({"judge": {}}, ".judge.rubric", "`rubric` is missing"),
        ({"judge": {"rubric": "Be fair.", "order": "thrice"}}, ".judge.order", "expected one of both, once"),
        ({"keep_system": False}, ".keep_system", "there is no `system`"),
        ({"third": {}}, ".third", "unknown key 'third'"),
        ({"judge": {"rubric": "Be fair.", "rubrik": ""}}, ".judge.rubrik", "unknown key"),
        ({"prompt": "{{ chosen }}"}, "", "pair -> chosen -> pair"),
    ],
)
def test_what_does_not_make_a_pair_is_said_at_its_place(settings, where, words):
    found = problems({"pair": {"preference": {**PAIR, **settings}}})
    place = f"columns.pair.preference{where}" if where else "columns.pair"
    assert any(at == place and words in message for at, message in found), found


def test_columns_that_come_with_others_need_their_names_free():
    found = problems({"chosen": {"text": "x"}, "pair": {"preference": PAIR}})
    assert ("columns.pair", "it stores a column 'chosen', which is there already, by columns.chosen") in found
    found = problems({**chat(user=USER, tools=[TOOL]), "tools": {"text": "x"}})
    assert any("the name 'tools' is taken" in message for _, message in found)


def test_a_template_may_read_a_dialogue_and_a_pairs_columns_but_not_the_pair():
    assert read({**chat(user=USER, turns=2), "summary": {"prompt": "Sum up: {{ chat }}"}})
    assert read({"pair": {"preference": PAIR}, "why": {"prompt": "Why {{ chosen }}?"}})
    found = problems({"pair": {"preference": PAIR}, "why": {"prompt": "Why {{ pair }}?"}})
    assert found == [("columns.why.prompt", "the template names 'pair', which is no column")]


def test_all_that_changes_a_dialogue_changes_the_fingerprint():
    specs = [
        chat(user=USER),
        chat(user=USER, turns=[2, 4]),
        chat(user=USER, ends=["bye"]),
        chat(user=USER, system="Be kind."),
        chat(user=USER, system="Be kind.", keep_system=False),
        chat(user=USER, opening="Hi."),
        chat(user=USER, tools=[TOOL]),
        chat(prompt="Write."),
        {"pair": {"preference": PAIR}},
        {"pair": {"preference": {**PAIR, "format": "text"}}},
        {"pair": {"preference": {**PAIR, "judge": {"rubric": "Prefer the truth.", "order": "once"}}}},
    ]
    assert len({fingerprint(read(columns)) for columns in specs}) == len(specs)
