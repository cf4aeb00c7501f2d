"""Every kind of spec, in any number of parts, at any pace: the bytes of one build, failed requests included."""

import hashlib
import json
import random
from typing import Any

import pytest
from fake_endpoint import Reply, context_too_long, default_text, failure
from specs import write_spec
from workshop import tree

import synth_datasets
from synth_datasets.errors import ShortfallError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.parts.ask import ask_part
from synth_datasets.parts.shard import Shard
from synth_datasets.rebuild import rebuild
from synth_datasets.spec import load_spec, with_overrides
from synth_datasets.spec.reviews import Decision, decision_line, row_digest
from synth_datasets.splits import split_outcomes

NOUNS = ("phone", "laptop", "kettle")
LABEL = {"label": {"classes": ["negative", "positive"]}}
RARE = {"label": {"classes": {"negative": 1, "positive": 3}}}
TEXT = {"text": {"prompt": "Write a {{ label }} review."}}
TITLE = {"title": {"prompt": "Write a title for: {{ text }}"}}
ASKED = {"qa": {"prompt": "Ask about: {{ text }}", "fields": {"question": "string", "answer": "string"}}}
QUIZ = {
    "qa": {"prompt": "Ask.", "fields": {"question": "string", "answer": {"type": "string", "hidden": True}}}
}
NEAR = {"length": [20, 900], "unique": {"near": 0.7}}
SEMANTIC = {"length": [20, 900], "unique": {"semantic": 0.9}}
EXACT = {"length": [20, 900], "unique": "exact"}

KINDS = {
    "near": ({**LABEL, **TEXT}, {"text": NEAR}, {"train": 40, "validation": 14, "test": 1}),
    "weights": ({**RARE, **TEXT}, {"text": NEAR}, {"train": 33, "test": 5}),
    "counts": (
        {**LABEL, **TEXT},
        {"text": EXACT},
        {"train": {"negative": 13, "positive": 2}, "test": {"negative": 1, "positive": 6}},
    ),
    "chain": ({**LABEL, **TEXT, **TITLE}, {"text": NEAR, "title": {"unique": {"near": 0.6}}}, {"train": 25}),
    "fields": (
        {**LABEL, **TEXT, **ASKED},
        {"text": EXACT, "qa": {"unique": {"near": 0.7}}, "question": {"unique": "exact"}},
        {"train": 16, "test": 4},
    ),
    "group": ({**LABEL, **QUIZ}, {"qa": {"unique": "exact"}, "answer": {"unique": "off"}}, {"train": 12}),
    "semantic": ({**LABEL, **TEXT}, {"text": SEMANTIC}, {"train": 24, "test": 7}),
    "off": ({**LABEL, **TEXT}, {"text": {"length": [20, 900], "unique": "off"}}, {"train": 20}),
    "tiny": ({**LABEL, **TEXT}, {"text": NEAR}, {"train": 1, "test": 1}),
}


def troublesome(body: dict[str, Any]) -> str | Reply | None:
    """Answer with repeated and too short texts, and refuse some requests for good."""
    number = int(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(), 16)
    noun, how = NOUNS[number // 7 % 3], "well" if number % 2 else "fine"
    alike = f"This {noun} came late and the box was torn, but it works {how}."
    if (usual := default_text(body)).startswith("{"):
        given = json.loads(usual)
        return json.dumps({**given, "question": alike} if number % 3 == 0 else given)
    if number % 11 == 0:
        return context_too_long()
    if number % 13 == 0:
        return failure(400, message=f"refused {number % 1000}")
    return "Meh." if number % 5 == 0 else alike if number % 3 == 0 else None


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        *(("near", 5), ("weights", 2), ("counts", 16), ("chain", 5), ("fields", 3), ("group", 5)),
        *(("semantic", 3), ("off", 2), ("tiny", 16)),
    ],
)
def test_parts_of_any_spec_merge_to_the_bytes_of_one_build(shop, endpoint, tmp_path, kind, of):
    columns, checks, splits = KINDS[kind]
    chance = random.Random(of)
    path = write_spec(tmp_path, columns=columns, checks=checks, splits=splits, attempts=9, seed=of)
    endpoint.rule = troublesome
    expected = tree(shop.whole(path, keep_short=True, concurrency=8))
    needed = {repr(body) for body in endpoint.bodies}
    endpoint.clear()
    endpoint.latency_s = lambda _: chance.random() * 0.004
    parts = shop.parts(path, of, keep_short=True, settings={"concurrency": chance.choice([1, 8, 64])})
    assert tree(shop.merged(parts, keep_short=True)) == expected
    assert {repr(body) for body in endpoint.bodies} <= needed
    assert endpoint.count == len({repr(body) for body in endpoint.bodies})


def test_a_shortfall_reads_as_that_of_one_build(shop, endpoint, tmp_path):
    endpoint.rule = troublesome
    path = write_spec(
        tmp_path, columns={**LABEL, **TEXT}, checks={"text": NEAR}, splits={"train": 30}, attempts=1
    )
    with pytest.raises(ShortfallError) as whole:
        shop.whole(path)
    parts = shop.parts(path, 3)
    with pytest.raises(ShortfallError) as merged:
        shop.merged(parts)
    assert str(merged.value) == str(whole.value)


def test_decisions_by_hand_hold_in_parts_and_across_them(shop, endpoint, tmp_path):
    """Rejections, also of rows that repeat others, and texts written by hand."""
    endpoint.rule = lambda body: reply if isinstance(reply := troublesome(body), str) else None
    changes = {"columns": {**LABEL, **TEXT}, "checks": {"text": NEAR}, "splits": {"train": 24}, "attempts": 9}
    path = write_spec(tmp_path, **changes)
    rows = list(split_outcomes(load_spec(path), shop.settings(shop.home()), "train"))
    seen = ("label", "text")
    said = [
        {"verdict": "reject", "note": "no"},
        {"verdict": "fix", "values": (("text", "A text that a person has written."),)},
        {"verdict": "accept"},
    ]
    decisions = [
        Decision(
            row=str(row.row),
            columns=seen,
            digest=row_digest(row.values, seen),
            reviewer="ann",
            at="2026-01-01T00:00:00Z",
            **what,
        )
        for row, what in zip(rows[::3], said * 3, strict=False)
    ]
    lines = "".join(decision_line(each) + "\n" for each in decisions)
    (tmp_path / "reviews.review.jsonl").write_text(lines)
    path = write_spec(tmp_path, **changes, reviews="reviews.review.jsonl")
    made = shop.whole(path)
    parts = shop.parts(path, 4)
    assert tree(shop.merged(parts)) == tree(made)
    assert "reviewed" in next(made.rglob("*rejections*")).read_text()


@pytest.mark.parametrize(
    "name", ["support_dialogues", "instruction_following", "preference_pairs", "edge_case_reviews"]
)
def test_a_ready_builder_in_three_parts_is_the_one_made_at_once(shop, endpoint, name, tmp_path):
    """With the archive of answers, of which the merged release is rebuilt."""
    asked = {"num_examples": 9, "model": "some-model"}
    path = synth_datasets.builder(name)
    expected = tree(shop.whole(path, with_answers=True, **asked))
    spec = with_overrides(load_spec(path), **asked)
    shared = shop.home()
    ask_part(spec, shop.settings(shared), Shard(0, 3), shared / "0-of-3", overrides=asked)
    parts = []
    for number in (1, 2, 3):
        home, shard = shop.home(), Shard(number, 3)
        home.mkdir()
        with AnswerStore(home / "answers.sqlite") as store:
            if (shared / "0-of-3" / "answers.sqlite").exists():
                store.absorb(shared / "0-of-3" / "answers.sqlite")
        ask_part(spec, shop.settings(home), shard, home / shard.folder, overrides=asked)
        parts.append(home / shard.folder)
    made = shop.merged(parts, path, with_answers=True)
    assert tree(made) == expected
    endpoint.clear()
    assert rebuild(str(made), tmp_path / "again").other_files == ()
    assert endpoint.count == 0
