"""Which seeds a row sees: its own split's, by its own identity."""

import pickle
import random

import pytest

from synth_datasets.errors import SpecError
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.seed_check import seed_problems, seeds_dealt
from synth_datasets.plan.seeds import index_of
from synth_datasets.spec import load_spec

SPEC = """\
name: x
model: m
seeds: {file: rows.csv, label: label, id: id}
columns:
  label: {classes: [neg, pos]}
  shown: {seed: text, count: 2, same: label, hidden: true}
  text: {prompt: "{{ shown }}"}
splits: {train: 24, test: 8}
"""
WORDS = [
    f"{first}{second}"
    for first in "bcdfgklmnp"
    for second in ("ale", "irt", "oom", "ung", "etch", "arp", "isk")
]


def rows(count, start=0):
    texts = [" ".join(random.Random(i).choices(WORDS, k=12)) for i in range(start, start + count)]
    return [
        f"{start + at},{text},{('neg', 'pos')[at % 2]},{('train', 'test')[at % 4 == 3]}"
        for at, text in enumerate(texts)
    ]


def plan_of(folder, lines, text=SPEC):
    (folder / "rows.csv").write_text("\n".join(["id,text,label,part", *lines]) + "\n", encoding="utf-8")
    (folder / "x.synth.yaml").write_text(text, encoding="utf-8")
    return Plan(load_spec(folder), {})


def seen(plan, column="shown"):
    return {key: plan.values(key)[f"{column}.seeds"] for key in plan.decision_rows()}


def test_rows_see_seeds_of_their_own_label_each_once(tmp_path):
    plan = plan_of(tmp_path, rows(80))
    for key, ids in seen(plan).items():
        assert len(set(ids)) == 2
        assert {("neg", "pos")[int(identity) % 2] for identity in ids} == {key.stratum}


def test_no_seed_serves_two_splits_and_all_are_dealt(tmp_path):
    plan = plan_of(tmp_path, rows(80))
    of = {split: set() for split in ("train", "test")}
    for key, ids in seen(plan).items():
        of[key.split].update(ids)
    assert not of["train"] & of["test"]
    dealt = seeds_dealt(plan.spec)
    assert sum(dealt.values()) == 80
    assert 8 <= dealt["test"] <= 32  # a quarter of them, by hash


def test_near_copies_and_groups_are_never_parted(tmp_path):
    lines = rows(60)
    copies = [f"{100 + at},{line.split(',')[1]} indeed,neg,train" for at, line in enumerate(lines[:30])]
    spec = plan_of(tmp_path, lines + copies).spec
    index = index_of(spec.seeds)
    split = dict(zip(index.data.ids, index.splits(), strict=True))
    assert all(split[str(at)] == split[str(100 + at)] for at in range(30))
    assert len(set(split.values())) == 2
    grouped = plan_of(tmp_path, lines, SPEC.replace("id: id", "id: id, group: part")).spec
    assert len(set(index_of(grouped.seeds).splits())) <= 2
    of = dict(zip(index_of(grouped.seeds).data.ids, index_of(grouped.seeds).splits(), strict=True))
    assert len({of[str(at)] for at in range(3, 60, 4)}) == 1
    assert spec != grouped


def test_a_split_column_decides_and_copies_across_splits_are_used_in_none(tmp_path):
    lines = rows(40)
    lines.append(f"99,{lines[3].split(',')[1]} so,neg,train")  # the seed 3 is of the test split
    plan = plan_of(tmp_path, lines, SPEC.replace("id: id", "id: id, split: part"))
    assert seeds_dealt(plan.spec) == {"train": 30, "test": 9, "": 2}
    for key, ids in seen(
        plan_of(tmp_path, lines, SPEC.replace("id: id", "id: id, split: part").replace(", same: label", ""))
    ).items():
        assert all((int(identity) % 4 == 3) == (key.split == "test") for identity in ids)
        assert not {"3", "99"} & set(ids)


def test_a_new_seed_moves_only_the_rows_that_choose_it(tmp_path):
    before = seen(plan_of(tmp_path, rows(60)))
    after = seen(plan_of(tmp_path, [*rows(1, start=500), *rows(60)]))
    moved = {key for key in before if before[key] != after[key]}
    assert all("500" in after[key] for key in moved)
    assert len(moved) < len(before) / 2


def test_a_row_sees_the_same_whatever_else_is_asked_for(tmp_path):
    plan = plan_of(tmp_path, rows(60))
    whole = seen(plan)
    copy = pickle.loads(pickle.dumps(plan))
    assert {key: copy.values(key)["shown.seeds"] for key in reversed(list(whole))} == whole
    longer = seen(
        plan_of(
            tmp_path,
            rows(60),
            SPEC.replace("id: id", "id: id, shares: {train: 24, test: 8}").replace(
                "splits: {train: 24", "splits: {train: 60"
            ),
        )
    )
    assert all(longer[key] == ids for key, ids in whole.items())


@pytest.mark.parametrize("same", ["", ", same: label", ", same: other"])
def test_each_seed_is_varied_once_before_one_is_varied_twice(tmp_path, same):
    text = SPEC.replace("count: 2, same: label", f"vary: true{same}").replace(
        "  text:", "  other: {text: {by: label, neg: pos, pos: neg}}\n  text:"
    )
    plan = plan_of(
        tmp_path,
        rows(40),
        text.replace("train: 24", "train: 70").replace("id: id", "id: id, shares: {train: 3, test: 1}"),
    )
    for split in ("train", "test"):
        uses = {}
        for key in plan.rows(split):
            (identity,) = plan.values(key)["shown.seeds"]
            label = (
                key.stratum
                if same == ", same: label"
                else ""
                if not same
                else {"neg": "pos", "pos": "neg"}[key.stratum]
            )
            if label:
                assert ("neg", "pos")[int(identity) % 2] == label
            uses.setdefault(label, []).append(identity)
        for ids in uses.values():
            pool = len(set(ids))
            assert all(
                sorted(ids[at : at + pool]) == sorted(set(ids)) for at in range(0, len(ids) - pool, pool)
            )


def test_a_seed_at_the_end_leaves_the_first_pass_alone(tmp_path):
    text = SPEC.replace("count: 2, same: label", "vary: true").replace("train: 24, test: 8", "train: 30")
    before = seen(plan_of(tmp_path, rows(60), text))
    assert seen(plan_of(tmp_path, [*rows(60), *rows(1, start=500)], text)) == before


def test_the_nearest_are_other_seeds_of_the_split(tmp_path):
    text = SPEC.replace("count: 2, same: label", "vary: true").replace(
        "  text:",
        "  close: {seed: text, near: shown, count: 2}\n  close_labels: {seed: label, of: close}\n  text:",
    )
    plan = plan_of(tmp_path, rows(60), text)
    splits = dict(zip(index_of(plan.spec.seeds).data.ids, index_of(plan.spec.seeds).splits(), strict=True))
    for key in plan.decision_rows():
        values = plan.values(key)
        ids = values["close.seeds"]
        assert len({*ids, *values["shown.seeds"]}) == 3
        assert {splits[identity] for identity in ids} == {key.split}
        own = set(values["shown"].split())
        assert all(own & set(text.split()) for text in values["close"])
        assert values["close_labels"] == [("neg", "pos")[int(identity) % 2] for identity in ids]
        assert values["seed_ids"] == [*values["shown.seeds"], *ids]


def test_too_few_seeds_are_told_before_a_row_needs_them(tmp_path):
    plan = plan_of(
        tmp_path, [line for line in rows(40) if line.split(",")[2] == "neg"] + rows(2, start=700)[1:]
    )
    (problem, *_) = seed_problems(plan.spec)
    assert "'shown' needs 2 seeds of label 'pos' in the split" in problem.message
    with pytest.raises(SpecError, match="label 'pos'") as caught:
        seen(plan)
    assert caught.value.origin == str(tmp_path / "x.synth.yaml")
    assert "near copies" not in str(caught.value)
    assert seed_problems(plan_of(tmp_path, rows(80)).spec) == ()


ALIKE = [f"{at},Real review number {at} of a thing that works.,{('neg', 'pos')[at % 2]}," for at in range(20)]


@pytest.mark.parametrize(
    ("more", "part", "why"),
    [
        ("", "train", "these 10 seeds are 1 group, as near copies go together into one split"),
        (
            ", group: part",
            "train",
            "1 group, as near copies and rows of one `group` go together into one split",
        ),
        (", split: part", None, "1 group, as near copies are used for none where they lie in several"),
    ],
)
def test_seeds_that_are_near_copies_are_said_to_go_together(tmp_path, more, part, why):
    lines = [line + (part or ("train", "test")[at % 3 == 0]) for at, line in enumerate(ALIKE)]
    text = SPEC.replace("id: id", f"id: id{more}").replace("count: 2, ", "").replace("train: 24", "train: 6")
    plan = plan_of(tmp_path, lines, text)
    of_neg = [each for each in seed_problems(plan.spec) if "label 'neg'" in each.message]
    assert of_neg
    for problem in of_neg:
        assert "'shown' needs 1 seed of label 'neg' in the split" in problem.message
        assert problem.message.endswith(why)
        assert problem.hint.startswith("add seeds that differ by more than a word or a number")
    with pytest.raises(SpecError) as caught:
        seen(plan)
    assert str(caught.value).startswith(f"{tmp_path / 'x.synth.yaml'}: 1 problem\n  seeds: the split '")
    assert why in str(caught.value)


def test_of_two_equal_specs_the_one_that_is_read_is_named(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        plan = plan_of(tmp_path / name, [f"{line}train" for line in ALIKE], SPEC.replace("count: 2, ", ""))
        with pytest.raises(SpecError) as caught:
            seen(plan)
        assert caught.value.origin == str(tmp_path / name / "x.synth.yaml")


def test_a_label_that_a_model_writes_cannot_choose_seeds(tmp_path):
    with pytest.raises(SpecError, match="comes from the model"):
        plan_of(
            tmp_path,
            rows(20),
            SPEC.replace('text: {prompt: "{{ shown }}"}', "said: {prompt: x}").replace(
                "same: label", "same: said"
            ),
        )
