"""Lists that are generated once: how they grow, what they cost, and what draws from them."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fake_endpoint import FakeEndpoint, text
from specs import review_spec

from synth_datasets.answers import export_answers
from synth_datasets.errors import BudgetError, ShortfallError
from synth_datasets.estimate import estimate
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.lists import grown, resolved
from synth_datasets.settings import Settings
from synth_datasets.spec import fingerprint, ingredients, parse_spec, with_overrides
from synth_datasets.splits import split_outcomes, split_rows
from synth_datasets.trace import read_rejections, read_tallies

COLUMNS = {
    "label": {"classes": ["negative", "positive"]},
    "persona": {"sample": {"list": "personas"}},
    "text": {"prompt": "As {{ persona }}, write a {{ label }} review."},
}


def listed(count: int = 6, *, columns=COLUMNS, lists=None, **changes):
    own = {"personas": {"prompt": "Invent people.", "count": count, "batch": 4}}
    spec = review_spec(columns=columns, lists=lists or own, splits={"train": 8}, **changes)
    return parse_spec(json.dumps(spec), origin="listed.synth.yaml", read_file=Path.read_text)


def prompt_of(body) -> str:
    return body["messages"][-1]["content"]


def items(*names: str):
    return text(json.dumps({"items": list(names)}))


class People:
    """Answers with people that the prompt does not name yet, four at a time, the first of each batch twice."""

    def __init__(self) -> None:
        self.rounds: list[str] = []

    def __call__(self, body):
        prompt = prompt_of(body)
        if not prompt.startswith("Invent"):
            return None
        self.rounds.append(prompt)
        begin = prompt.count("\n- ")
        names = [f"1. {WORDS[number]}" for number in range(begin, begin + 3)]
        return items(names[0].upper(), *names)


WORDS = [
    f"a {trade} {place}"
    for trade in ("baker", "nurse", "pilot", "welder", "teacher")
    for place in ("of forty from Lisbon", "who hates waiting", "with two small dogs", "on the night shift")
]


@pytest.fixture
def where(endpoint: FakeEndpoint, tmp_path: Path) -> Settings:
    return Settings(base_url=endpoint.base_url, api_key="k", store=tmp_path / "answers.sqlite", concurrency=4)


def people_of(spec) -> list[str]:
    return list(spec.columns[1].choices.default.values)


def test_a_list_is_asked_in_rounds_that_name_what_is_there_and_holds_each_item_once(endpoint, where):
    endpoint.rule = people = People()
    found = people_of(resolved(listed(6), where))
    assert [each.casefold() for each in found] == [each.casefold() for each in WORDS[:6]]
    assert len(people.rounds) == 2
    assert "- " not in people.rounds[0]
    assert people.rounds[1].endswith("".join(f"\n- {each}" for each in found[:3]))


def test_an_item_that_nearly_repeats_another_is_left_out(endpoint, where):
    endpoint.script.extend(
        [
            items(
                "a retired teacher from Lisbon",
                "A retired teacher, from Lisbon!",
                "a retired teacher who moved from Porto to Lisbon and dislikes long manuals",
                "a retired teacher who moved from Porto to Lisbon and dislikes longer manuals",
            ),
            items("a young pilot"),
        ]
    )
    found = people_of(resolved(listed(3), where))
    assert [each.split()[-1] for each in found] == ["Lisbon", "manuals", "pilot"]
    assert "longer" not in found[1]


def test_a_list_is_paid_once_and_a_longer_one_begins_with_the_shorter(endpoint, where):
    endpoint.rule = People()
    short = people_of(resolved(listed(5), where))
    asked = endpoint.count
    assert people_of(resolved(listed(5), where, offline=True)) == short
    assert endpoint.count == asked == 2
    long = people_of(resolved(listed(9), where))
    assert long[:5] == short
    assert endpoint.count == asked + 1


def test_rows_sample_items_and_a_longer_list_moves_only_rows_that_choose_new_ones(endpoint, where):
    endpoint.rule = People()
    before = [row["persona"] for row in split_rows(listed(6), where, "train")]
    after = [row["persona"] for row in split_rows(listed(9), where, "train")]
    six = people_of(resolved(listed(6), where, offline=True))
    assert set(before) <= set(six)
    assert all(new == old or new not in six for old, new in zip(before, after, strict=True))
    prompts = [prompt_of(body) for body in endpoint.bodies]
    assert all(any(f"As {each}," in prompt for prompt in prompts) for each in {*before, *after})


def test_a_list_for_each_item_of_another_is_drawn_from_by_the_row_s_own_item(endpoint, where):
    lists = {
        "topics": {"prompt": "Name topics.", "count": 2, "batch": 2},
        "details": {"prompt": "Name details of {{ parent }}.", "per": "topics", "count": 2, "batch": 2},
    }
    columns = {
        "topic": {"sample": {"list": "topics"}},
        "detail": {"sample": {"list": "details", "of": "topic"}},
        "text": {"prompt": "Write of {{ detail }}."},
    }

    def rule(body):
        prompt = prompt_of(body)
        if prompt.startswith("Name topics"):
            return items("battery life", "the camera")
        if prompt.startswith("Name details"):
            parent = prompt.split(" of ")[1].split(".")[0]
            return items(f"{parent} at night", f"{parent} after two years of use")
        return None

    endpoint.rule = rule
    rows = list(split_rows(listed(columns=columns, lists=lists), where, "train"))
    assert {row["topic"] for row in rows} == {"battery life", "the camera"}
    assert all(row["detail"].startswith(row["topic"]) for row in rows)
    assert endpoint.count == 3 + 8


def test_a_list_that_comes_to_nothing_new_ends_in_a_shortfall_that_counts(endpoint, where):
    endpoint.rule = lambda body: items("the same old critic", "the same old critic")
    with pytest.raises(
        ShortfallError,
        match=r"'personas': 1 of 6 items after 5 rounds, 9 were there already.*the same old critic",
    ):
        list(split_rows(listed(), where, "train"))
    assert endpoint.count == 5
    known = ["- the same old critic" in prompt_of(body) for body in endpoint.bodies]
    assert known == [False, True, False, True, False]  # what is shown may be what is copied


def test_an_answer_that_is_no_list_is_rejected_asked_again_and_traced(endpoint, where, tmp_path):
    people = People()
    endpoint.rule = lambda body: text("I like people.") if endpoint.count == 1 else people(body)
    spec = listed()
    list(split_rows(spec, where, "train", trace=tmp_path / "trace"))
    rejected = list(read_rejections(tmp_path / "trace"))
    assert [(str(each.row), each.column, each.attempt, each.reason) for each in rejected] == [
        ("list-personas/0", "lists.personas", 0, "unparsable")
    ]
    tally = read_tallies(tmp_path / "trace")["list-personas"]
    assert (tally.answers, tally.accepted.total(), tally.rejected.total()) == (3, 0, 1)
    assert (tmp_path / "trace" / "list-personas.parquet").exists()


def test_a_list_whose_answers_are_all_rejected_ends_in_a_shortfall_with_the_reason(endpoint, where):
    endpoint.rule = lambda body: text("I like people.")
    with pytest.raises(ShortfallError, match=r"0 of 6 items after 1 rounds.*unparsable"):
        resolved(listed(attempts=2), where)
    assert endpoint.count == 2


def test_offline_an_incomplete_list_is_told_and_nobody_is_asked(endpoint, where):
    for call in (
        lambda: list(split_rows(listed(), where, "train", offline=True)),
        lambda: resolved(listed(), where, offline=True),
    ):
        with pytest.raises(
            AnswerMissingError, match=r"'personas': 0 of 6 items; next is request [0-9a-f]{16}"
        ):
            call()
    assert endpoint.count == 0


def test_a_cap_ends_a_list_and_the_next_run_goes_on(endpoint, where):
    endpoint.rule = People()
    with pytest.raises(BudgetError):
        list(split_rows(listed(9), replace(where, max_requests=2), "train"))
    assert [len(each.items) for each in grown(listed(9), where)] == [6]
    assert len(list(split_rows(listed(9), where, "train"))) == 8
    assert endpoint.count == 3 + 8


def test_an_estimate_counts_the_rounds_before_during_and_after(endpoint, where):
    endpoint.rule = People()
    first = estimate(listed(9), where)
    assert [(each.column, each.requests) for each in first.columns] == [("lists.personas", 3), ("text", 8)]
    with pytest.raises(BudgetError):
        resolved(listed(9), replace(where, max_requests=1), budget=None)
    during = estimate(listed(9), where).columns[0]
    assert (during.requests, during.stored) == (2, 1)
    assert len(list(split_rows(listed(9), where, "train"))) == 8
    assert estimate(listed(9), where).requests == 0


def test_a_stream_of_two_rows_asks_for_the_list_and_little_more(endpoint, where):
    endpoint.rule = People()
    with closing(split_outcomes(listed(), where, "train", eager=False)) as outcomes:
        next(outcomes)
        next(outcomes)
    assert endpoint.count <= 2 + 4


def test_answers_of_lists_are_exported_with_the_others(endpoint, where, tmp_path):
    endpoint.rule = People()
    list(split_rows(listed(), where, "train"))
    assert export_answers(listed(), where, tmp_path / "a.zip").answers == endpoint.count == 10


def test_lists_count_in_the_fingerprint_and_their_items_do_not(endpoint, where):
    endpoint.rule = People()
    spec = listed()
    assert fingerprint(resolved(spec, where)) == fingerprint(spec)
    other = listed(lists={"personas": {"prompt": "Invent people!", "count": 6, "batch": 4}})
    assert len({fingerprint(each) for each in (spec, listed(7), other)}) == 3
    changed = {k for k, v in ingredients(listed(7)).items() if ingredients(spec)[k] != v}
    assert changed == {"lists.personas", "lists.personas.count"}


def test_a_model_that_is_laid_over_a_spec_writes_its_lists(endpoint, where):
    endpoint.rule = People()
    resolved(with_overrides(listed(), model="another-model"), where)
    assert {body["model"] for body in endpoint.bodies} == {"another-model"}


def test_in_batches_lists_are_asked_at_once_and_their_rounds_are_not_gathered(endpoint, where):
    endpoint.rule = People()
    assert len(people_of(resolved(listed(6), replace(where, batch=True)))) == 6
    assert endpoint.count == 2


def test_a_prompt_s_own_choice_of_list_goes_by_another_column(endpoint, where):
    lists = {
        "fans": {"prompt": "Name fans.", "count": 2, "batch": 2},
        "critics": {"prompt": "Name critics.", "count": 2, "batch": 2},
    }
    columns = {
        "label": {"classes": ["negative", "positive"]},
        "persona": {"sample": {"by": "label", "negative": {"list": "critics"}, "positive": {"list": "fans"}}},
        "text": {"prompt": "As {{ persona }}, write a {{ label }} review."},
    }

    def rule(body):
        prompt = prompt_of(body)
        if prompt.startswith("Name"):
            kind = prompt.split()[1].rstrip(".")
            return items(f"one of the {kind}, a baker", f"another one, who teaches {kind}")
        return None

    endpoint.rule = rule
    rows = list(split_rows(listed(columns=columns, lists=lists), where, "train"))
    assert all(("critics" in row["persona"]) == (row["label"] == "negative") for row in rows)
