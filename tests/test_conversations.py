"""Dialogues and preference pairs from a spec to plain Parquet, against an endpoint that plays its parts."""

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
import yaml
from fake_endpoint import FakeEndpoint

from synth_datasets.build import Build, build
from synth_datasets.errors import SettingsError, ShortfallError
from synth_datasets.estimate import estimate
from synth_datasets.features import text_columns
from synth_datasets.generation.weights import find_weights
from synth_datasets.settings import load_settings
from synth_datasets.spec import load_spec
from synth_datasets.trace import read_rejections, read_trace

GUIDE = (Path(__file__).parents[1] / "builders" / "README.md").read_text(encoding="utf-8")
TOPICS = ["a parcel", "a bill", "a lamp", "a refund", "a password", "a chair"]
CUSTOMER = "You play a customer with this problem: {{ topic }}."
PAIR = {
    "prompt": "How do I return {{ topic }}?",
    "first": {"model": {"temperature": 0.2}},
    "second": {"model": {"temperature": 1.2}, "system": "Answer in a hurry."},
    "judge": {"rubric": "Prefer the longer answer."},
}

ALTERNATE = (
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
)
LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
    "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
    + ALTERNATE
    + "{% if loop.index0 == 0 "
    "and system_message %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + content.strip() + ' [/INST]' }}{% else %}{{ ' ' + content.strip() + ' ' }}{% endif %}{% endfor %}"
)
GEMMA = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}" + ALTERNATE + "{{ '<start_of_turn>' + message['role'] + '\\n' + "
    "message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
)


@pytest.fixture
def write(endpoint: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a spec of these columns, to be answered by the endpoint."""
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("SYNTH_STORE", str(tmp_path / "answers.sqlite"))

    def write(columns: dict[str, Any], *, train: int = 6, **more: Any) -> Path:
        spec = {
            "name": "talks",
            "license": "cc0-1.0",
            "model": {"id": "some-model", "max_tokens": 60},
            "columns": {"topic": {"sample": TOPICS, "hidden": True}, **columns},
            "splits": {"train": train},
            **more,
        }
        path = tmp_path / "talks.synth.yaml"
        path.write_text(yaml.safe_dump(spec, sort_keys=False))
        return path

    return write


@pytest.fixture
def make(write, tmp_path) -> Callable[..., Build]:
    def make(columns: dict[str, Any], **more: Any) -> Build:
        datasets.disable_progress_bars()
        path = write(columns, **more)
        return build(path, tmp_path / "out", cache_dir=str(tmp_path / "cache"))

    return make


def chat(**settings):
    return {"chat": {"messages": {"user": {"system": CUSTOMER}, **settings}}}


def plays_user(body):
    return body["messages"][0]["content"].startswith("You play a customer")


def rejections(made):
    return [(each.column, each.reason) for each in read_rejections(made.folder / "trace")]


def test_two_personas_speak_in_turn_and_each_hears_the_other(make, endpoint):
    made = make(chat(system="You are an agent of a shop.", turns=[2, 6]), train=8)
    rows = made.dataset["train"]["chat"]
    for row in rows:
        assert [turn["role"] for turn in row[:3]] == ["system", "user", "assistant"]
        assert [turn["role"] for turn in row[1:]] == ["user", "assistant"] * (len(row) // 2)
        assert len({turn["content"] for turn in row}) == len(row)
    assert {len(row) for row in rows} == {3, 5, 7}
    assert endpoint.count == sum(len(row) - 1 for row in rows)
    at = next(at for at, row in enumerate(rows) if len(row) == 7)
    system, *said = rows[at]
    traced = {each.column: each for each in read_trace(made.folder / "trace", "train", at)}
    assert list(traced) == [f"chat.turn_{number}" for number in range(1, 7)]
    agent = traced["chat.turn_6"].messages
    assert agent[0] == ("system", system["content"])
    assert agent[1:] == tuple((turn["role"], turn["content"]) for turn in said[:5])
    customer = traced["chat.turn_5"].messages
    assert customer[0][1].startswith("You play a customer")
    assert customer[1][0] == "user"
    assert customer[2:] == tuple(
        ("assistant" if turn["role"] == "user" else "user", turn["content"]) for turn in said[:4]
    )


def test_the_files_hold_plain_lists_of_roles_and_contents(make):
    made = make(chat(turns=2), train=2)
    file = next((made.folder / "data").glob("*.parquet"))
    kind = pq.read_schema(file).field("chat").type
    assert str(kind.value_type) == "struct<role: string, content: string>"
    again = datasets.Dataset.from_parquet(str(file), cache_dir=str(made.folder / "cache"))
    assert again.to_list() == made.dataset["train"].to_list()


def test_the_user_ends_a_dialogue_early_and_the_mark_is_not_stored(make, endpoint):
    def rule(body):
        return "Thank you so much. [END]" if plays_user(body) and len(body["messages"]) > 2 else None

    endpoint.rule = rule
    made = make(chat(turns=[4, 8], ends=["[END]"]))
    for row in made.dataset["train"]["chat"]:
        assert len(row) == 4
        assert row[2]["content"] == "Thank you so much."
        assert row[3]["role"] == "assistant"


def test_a_user_who_leaves_too_early_is_asked_again_alone(make, endpoint):
    left = []

    def rule(body):
        if plays_user(body) and len(body["messages"]) > 2 and not left:
            left.append(body)
            return "[END]"
        return None

    endpoint.rule = rule
    made = make(chat(turns=4, ends=["[END]"]))
    assert rejections(made) == [("chat.turn_3", "ended_early")]
    assert endpoint.count == 6 * 4 + 1


def test_a_turn_that_was_said_before_is_asked_again_alone(make, endpoint):
    parrot = []

    def rule(body):
        if not plays_user(body) and len(body["messages"]) == 3 and not parrot:
            parrot.append(body)
            return body["messages"][0]["content"].upper()
        return None

    endpoint.rule = rule
    made = make(chat(turns=4))
    assert rejections(made) == [("chat.turn_4", "repeated_turn")]
    assert endpoint.count == 6 * 4 + 1


def test_a_dialogue_that_repeats_another_rows_is_made_anew_from_its_first_turn(make, endpoint):
    same = "My chair came with three legs and no screws at all."
    firsts = []

    def rule(body):
        if plays_user(body) and len(firsts) < 2:
            firsts.append(body)
            return same
        if not plays_user(body) and body["messages"][-1]["content"] == same:
            return "That is a pity; we shall send you the fourth leg and all of the screws tomorrow."
        return None

    endpoint.rule = rule
    made = make(chat(turns=2))
    assert rejections(made) == [("chat.turn_1", "near_duplicate")]
    assert endpoint.count == 6 * 2 + 2


def test_an_opening_is_the_first_message_and_costs_no_request(make, endpoint):
    made = make({"chat": {"messages": {"opening": "Where is my {{ topic }}?", "turns": 2}}}, train=4)
    assert endpoint.count == 4
    for row in made.dataset["train"]["chat"]:
        assert row[0]["content"].startswith("Where is my a")
        assert [turn["role"] for turn in row] == ["user", "assistant"]


def test_a_whole_dialogue_comes_from_one_answer_whose_roles_are_checked(make, endpoint):
    wrong = []

    def rule(body):
        if not wrong:
            wrong.append(body)
            return json.dumps({"messages": [{"role": "assistant", "content": "Hello there."}] * 2})
        return None

    endpoint.rule = rule
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    made = make(
        {"chat": {"messages": {"prompt": "A chat about {{ topic }}.", "turns": [2, 6], "tools": [tool]}}}
    )
    assert rejections(made) == [("chat.answer", "wrong_turns")]
    assert endpoint.count == 6 + 1
    for row in made.dataset["train"]:
        assert [turn["role"] for turn in row["chat"]] == ["user", "assistant"] * (len(row["chat"]) // 2)
        assert 2 <= len(row["chat"]) <= 6
        assert json.loads(row["tools"]) == [tool]
    assert "messages in all" in endpoint.bodies[-1]["messages"][-1]["content"]
    schema = json.dumps(endpoint.bodies[-1]["response_format"])
    assert '"enum": ["user", "assistant"]' in schema


def test_turns_are_judged_by_the_checks_of_the_dialogue(make, endpoint):
    endpoint.rule = lambda body: "No." if body["messages"][-1]["content"].startswith("Begin") else None
    with pytest.raises(ShortfallError, match="too_short"):
        make(chat(turns=2), train=1, attempts=2, checks={"chat": {"words": [3, 200]}})


def longer(body):
    asked = body["messages"][-1]["content"]
    if "Answer B:\n" not in asked:
        return None
    a, b = asked.split("Answer A:\n")[1].split("\n\nCompare")[0].split("\n\nAnswer B:\n")
    return json.dumps({"reason": "Length.", "better": "A" if len(a) > len(b) else "B"})


@pytest.mark.parametrize("order", ["both", "once"])
def test_a_judge_orders_two_answers_whatever_their_places(make, endpoint, order):
    endpoint.rule = longer
    settings = {**PAIR, "system": "You sell things.", "judge": {**PAIR["judge"], "order": order}}
    made = make({"pair": {"preference": settings}}, train=8)
    kept = [each for each in rejections(made) if each[1] != "undecided"]
    assert not kept  # answers of one length apart
    for at, row in enumerate(made.dataset["train"]):
        assert [turn["role"] for turn in row["prompt"]] == ["system", "user"]
        (chosen,), (rejected,) = row["chosen"], row["rejected"]
        assert chosen["role"] == rejected["role"] == "assistant"
        assert len(chosen["content"]) >= len(rejected["content"])
        traced = {each.column: each for each in read_trace(made.folder / "trace", "train", at)}
        assert traced["pair.second"].messages[0] == ("system", "Answer in a hurry.")
        assert "pair.verdict_1" in traced
        assert ("pair.verdict_2" in traced) == (order == "both")


def test_a_judge_who_prefers_a_place_decides_nothing(make, endpoint):
    endpoint.rule = lambda body: (
        '{"reason": "x", "better": "A"}' if "Answer B:" in str(body["messages"]) else None
    )
    with pytest.raises(ShortfallError, match="undecided"):
        make({"pair": {"preference": PAIR}}, train=1, attempts=2)


def test_a_second_answer_like_the_first_is_asked_again_before_anyone_judges(make, endpoint):
    same = []

    def rule(body):
        if "return" in body["messages"][-1]["content"] and body.get("temperature") == 0.2:
            return "Send it back within two weeks, in its own box."
        if body.get("temperature") == 1.2 and not same:
            same.append(body)
            return "Send it back, within two weeks, in its own box!"
        return longer(body)

    endpoint.rule = rule
    made = make({"pair": {"preference": {**PAIR, "format": "text"}}}, train=1)
    assert ("pair.second", "same_answers") in rejections(made)
    row = made.dataset["train"][0]
    assert row["prompt"].startswith("How do I return")
    assert row["chosen"] != row["rejected"]
    assert isinstance(row["chosen"], str)


def test_an_estimate_counts_the_turns_that_are_planned(write):
    spec = load_spec(write(chat(turns=[2, 6]), train=30))
    expected = estimate(spec, load_settings())
    requests = {column.column: column.requests for column in expected.columns}
    assert requests["chat.turn_1"] == requests["chat.turn_2"] == 30
    assert 30 > requests["chat.turn_3"] == requests["chat.turn_4"] > requests["chat.turn_5"] > 0
    assert all(column.prompt_tokens for column in expected.columns)


def test_an_estimate_of_pairs_knows_every_question(write):
    expected = estimate(load_spec(write({"pair": {"preference": PAIR}})), load_settings())
    assert [column.requests for column in expected.columns] == [6, 6, 6, 6]
    assert all(column.prompt_tokens for column in expected.columns)


@pytest.mark.parametrize("name", ["support_chats", "written_chats", "preferences"])
def test_the_guides_specs_run_as_they_stand(endpoint, write, tmp_path, name):
    endpoint.rule = longer
    blocks = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    text = next(block for block in blocks if block.startswith(f"name: {name}\n"))
    assert len(text.splitlines()) < 25
    path = write({})
    path.write_text(text, encoding="utf-8")
    made = build(path, tmp_path / "out", cache_dir=str(tmp_path / "cache"))
    assert len(made.dataset["train"]) == 6
    measured = {"preferences": ["chosen", "rejected"]}.get(name, ["chat"])
    assert list(text_columns(load_spec(path))) == measured
    assert all(f"`{column}`" in (made.folder / "README.md").read_text() for column in measured)


@pytest.fixture(scope="module")
def tokenizer() -> Callable[[str], Any]:
    """Return what makes a tokenizer, of bytes, with this chat template."""
    pytest.importorskip("transformers", exc_type=ImportError)
    import tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    bytewise = tokenizers.Tokenizer(tokenizers.models.BPE({char: at for at, char in enumerate(alphabet)}, []))
    bytewise.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return lambda template: PreTrainedTokenizerFast(tokenizer_object=bytewise, chat_template=template)


def smollm2_template() -> str:
    """Return the chat template in the header of the embedded model's weights (the GGUF format)."""
    try:
        weights = find_weights(load_settings())
    except SettingsError:
        pytest.skip("the embedded model is not installed")
    with weights.open("rb") as file:
        header = file.read(8 << 20)
    at = header.index(b"tokenizer.chat_template") + len(b"tokenizer.chat_template")
    kind, length = struct.unpack_from("<IQ", header, at)
    assert kind == 8  # a text
    return header[at + 12 : at + 12 + length].decode()


@pytest.mark.transformers
def test_chat_templates_take_every_row_and_every_prompt(make, tokenizer):
    tool = {
        "type": "function",
        "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
    }
    made = make(chat(system="You are an agent.", turns=[2, 6], tools=[tool]))
    smollm2, llama_2, gemma = map(tokenizer, (smollm2_template(), LLAMA_2, GEMMA))
    for at, row in enumerate(made.dataset["train"]):
        given = row["chat"]
        text = smollm2.apply_chat_template(given, tools=json.loads(row["tools"]), tokenize=False)
        assert text.count("<|im_start|>") == len(given)
        assert all(turn["content"] in text for turn in given)
        assert llama_2.apply_chat_template(given, tokenize=False).count("[INST]") == len(given) // 2
        assert len(gemma.apply_chat_template(given[1:], return_dict=True)["input_ids"]) > 20
        for traced in read_trace(made.folder / "trace", "train", at):
            heard = [{"role": role, "content": content} for role, content in traced.messages]
            assert llama_2.apply_chat_template(heard, tokenize=False)
    with pytest.raises(Exception, match="must alternate"):
        llama_2.apply_chat_template([given[0], given[2], given[1]], tokenize=False)


@pytest.mark.transformers
def test_chat_templates_take_both_sides_of_every_pair(make, endpoint, tokenizer):
    endpoint.rule = longer
    made = make({"pair": {"preference": PAIR}}, train=3)
    for template in (smollm2_template(), LLAMA_2, GEMMA):
        apply = tokenizer(template).apply_chat_template
        for row in made.dataset["train"]:
            prompt = apply(row["prompt"], tokenize=False)
            for side in ("chosen", "rejected"):
                assert apply(row["prompt"] + row[side], tokenize=False).startswith(prompt.rstrip()[:-1])


@pytest.mark.parametrize("columns", [chat(turns=[2, 6], ends=["[END]"]), {"pair": {"preference": PAIR}}])
def test_rows_are_the_same_whatever_order_answers_come_in(write, endpoint, tmp_path, columns):
    path = write(columns)
    found = []
    for place, concurrency in (("one", 1), ("many", 32)):
        endpoint.rule = longer
        options = {"concurrency": concurrency, "store": str(tmp_path / f"{place}.sqlite")}
        made = build(
            path, tmp_path / place / "out", cache_dir=str(tmp_path / place / "cache"), options=options
        )
        found.append([file.read_bytes() for file in sorted((made.folder / "data").glob("*.parquet"))])
    assert found[0] == found[1]
