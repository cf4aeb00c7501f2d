"""What a build costs: estimated before, told while it runs, and never over a cap."""

import os
import random
import subprocess
import sys
import threading
from decimal import Decimal

import datasets
import pytest
from fake_endpoint import Reply, hang, rate_limited, reset, server_error, text
from specs import write_spec

from synth_datasets.errors import BudgetError, SettingsError
from synth_datasets.estimate import SAMPLE, estimate
from synth_datasets.generation.spent import Spent
from synth_datasets.prices import Price
from synth_datasets.settings import Settings
from synth_datasets.spec import load_spec, with_overrides
from synth_datasets.spending import Course, open_budget, spent_line
from synth_datasets.splits import split_outcomes, split_rows
from synth_datasets.synth import Synth

PRICE = Price(input=Decimal("0.25"), output=Decimal(2), cached_input=Decimal("0.025"))
NEVER = {"text": {"unique": "off"}}


@pytest.fixture
def settings(endpoint, tmp_path):
    def make(**changes) -> Settings:
        known = {"base_url": endpoint.base_url, "api_key": "sk-test", "store": tmp_path / "answers.sqlite"}
        return Settings(**{**known, "prices": {"some-model": PRICE}, "currency": "USD", **changes})

    return make


class Meter:
    """Answers with random usages, and keeps the account that the provider would keep."""

    def __init__(self, seed: int, faults: float = 0.0) -> None:
        self._draw = random.Random(seed)
        self._faults = faults
        self._lock = threading.Lock()
        self.requests = self.tokens = 0
        self.cost = Decimal(0)

    def __call__(self, body) -> Reply | None:
        with self._lock:
            if self._draw.random() < self._faults:
                fault = self._draw.choice([rate_limited(0.0), server_error(503), reset()])
                if fault.status != 429 or fault.act == "reset":
                    self.requests += 1  # as a provider might that charges for what it could not deliver
                return fault
            size = sum(len(message["content"]) for message in body["messages"])
            usage = (self._draw.randint(1, size), self._draw.randint(1, body["max_tokens"]))
            self.requests += 1
            self.tokens += sum(usage)
            self.cost += PRICE.cost(*usage)
        return text(f"Review {body['seed']} of a thing that is fine.", usage=usage)


# --- during: caps


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("cap", "value"), [("max_cost", Decimal("0.01")), ("max_requests", 77), ("max_total_tokens", 9000)]
)
def test_a_run_never_passes_its_cap_with_64_at_once_and_any_usage(  # noqa: PLR0917 - fixtures
    settings, endpoint, tmp_path, cap, value, seed
):
    spec = load_spec(write_spec(tmp_path, splits={"train": 400}, checks=NEVER))
    endpoint.rule = meter = Meter(seed, faults=0.05)
    endpoint.latency_s = lambda body: random.random() * 0.005
    with pytest.raises(BudgetError, match=f"--{cap.replace('_', '-')}") as caught:
        list(split_rows(spec, settings(**{cap: value}, concurrency=64), "train"))
    truth = {"max_cost": meter.cost, "max_requests": meter.requests, "max_total_tokens": meter.tokens}[cap]
    assert truth <= value
    assert truth > Decimal("0.5") * value, "it is used, too"
    assert "Run again" in str(caught.value)
    assert any("To finish, about" in note for note in caught.value.__notes__)


def test_runs_under_a_cap_add_up_to_the_same_rows_and_ask_nothing_twice(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 120, "test": 20}))
    free = settings(store=tmp_path / "free.sqlite")
    expected = [list(split_rows(spec, free, split.name)) for split in spec.splits]
    needed = endpoint.count
    endpoint.clear()
    runs = 0
    made = []
    while not made:
        runs += 1
        where = settings(max_requests=50)
        budget = open_budget(spec, where)
        try:
            made = [list(split_rows(spec, where, split.name, budget=budget)) for split in spec.splits]
        except BudgetError:
            assert budget.spent.requests == 50, "the run ends at its cap and not before"
    bodies = [repr(body) for body in endpoint.bodies]
    assert made == expected
    assert len(bodies) == len(set(bodies)) == needed
    assert runs == 3


def test_a_cap_is_one_for_all_splits_of_a_build(settings, endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 10, "test": 10}, checks=NEVER)
    endpoint.rule = lambda body: text(
        f"Review {body['seed']}, which is all that there is to say.", usage=(20, 10)
    )
    options = {
        "data_files": str(spec),
        "cache_dir": str(tmp_path / "cache"),
        "base_url": endpoint.base_url,
        "store": str(tmp_path / "answers.sqlite"),
    }
    with pytest.raises(BudgetError):
        datasets.load_dataset("synth", **options, max_requests=15)
    assert endpoint.count == 15
    made = datasets.load_dataset("synth", **options, max_requests=5)
    assert endpoint.count == 20
    assert {name: len(rows) for name, rows in made.items()} == {"train": 10, "test": 10}


def test_a_cap_is_no_part_of_the_address_of_a_build(endpoint, tmp_path):
    spec = str(write_spec(tmp_path))
    plain = Synth(data_files=spec, cache_dir=str(tmp_path), base_url=endpoint.base_url)
    capped = {"max_cost": 1, "max_requests": 2, "max_total_tokens": 3, "rpm": 4, "tpm": 5}
    assert (
        Synth(data_files=spec, cache_dir=str(tmp_path), base_url=endpoint.base_url, **capped).cache_dir
        == plain.cache_dir
    )


def test_the_builder_keeps_nothing_of_a_run(endpoint, tmp_path, capsys):
    spec = str(write_spec(tmp_path, splits={"train": 4}))
    store = str(tmp_path / "answers.sqlite")
    builder = Synth(
        data_files=spec, cache_dir=str(tmp_path), base_url=endpoint.base_url, store=store, max_requests=4
    )
    before = dict(vars(builder))
    for mode in ("reuse_dataset_if_exists", "force_redownload"):
        (tmp_path / "answers.sqlite").unlink(missing_ok=True)
        builder.download_and_prepare(download_mode=mode)
    assert vars(builder).keys() == before.keys()
    assert endpoint.count == 8, "the second build had a budget of its own"
    assert capsys.readouterr().err.count("Asked: 4 requests") == 2


def test_money_without_a_price_is_refused_before_anything_is_asked(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path))
    with pytest.raises(SettingsError, match=r'\[prices\."some-model"\]'):
        list(split_rows(spec, settings(prices={}, max_cost=Decimal(1)), "train"))
    assert endpoint.count == 0


def test_a_cap_needs_answers_of_limited_length(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, model={"id": "some-model"}))
    for cap in ({"max_cost": Decimal(1)}, {"max_total_tokens": 1_000_000}):
        with pytest.raises(SettingsError, match="--max-tokens"):
            list(split_rows(spec, settings(**cap), "train"))
    assert endpoint.count == 0
    assert len(list(split_rows(spec, settings(max_requests=100), "train"))) == 6


def test_an_endpoint_that_takes_no_limit_is_not_asked_under_a_cap(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path))
    unknown = Reply(400, {"error": {"message": "Unsupported parameter: max_tokens", "param": "max_tokens"}})
    endpoint.rule = lambda body: unknown if "max_tokens" in body else None
    with pytest.raises(BudgetError, match="no limit on an answer's length"):
        list(split_rows(spec, settings(max_cost=Decimal(1)), "train"))
    assert all("max_tokens" in body for body in endpoint.bodies)


def test_what_was_refused_counts_nothing_and_what_may_be_billed_counts_at_its_most(
    settings, endpoint, tmp_path
):
    spec = load_spec(write_spec(tmp_path, splits={"train": 1}))
    where = settings(concurrency=1)
    budget = open_budget(spec, where)
    endpoint.script.extend(
        [rate_limited(0.0), server_error(500), text("It is a fine thing, I think.", usage=(30, 9))]
    )
    list(split_rows(spec, where, "train", budget=budget))
    assert (budget.spent.requests, budget.spent.untold, budget.spent.answers) == (2, 1, 1)
    assert budget.spent.completion_tokens == 100 + 9
    assert "did not say" in budget.spent.shown("USD")


def test_an_answer_without_figures_counts_at_its_most(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 2}, checks=NEVER))
    endpoint.rule = lambda body: text("A review without any usage.", usage=None)
    with pytest.raises(BudgetError):
        list(split_rows(spec, settings(max_total_tokens=700, concurrency=1), "train"))
    assert endpoint.count == 1


def test_thinking_beyond_the_limit_is_expected_from_then_on(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 50}, checks=NEVER))
    endpoint.rule = lambda body: text(f"Review number {body['seed']}.", usage=(700, 900))
    with pytest.raises(BudgetError):
        list(split_rows(spec, settings(max_total_tokens=16_000, concurrency=1), "train"))
    assert endpoint.count * 1600 <= 16_000


def test_cached_prompt_tokens_have_their_own_price_and_are_told(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 1}))
    answer = text("A fine thing that I would buy again.", usage=(1000, 10))
    answer.json["usage"]["prompt_tokens_details"] = {"cached_tokens": 800}
    endpoint.rule = lambda body: answer
    where = settings()
    budget = open_budget(spec, where)
    list(split_rows(spec, where, "train", budget=budget))
    assert budget.spent.cost == (200 * PRICE.input + 800 * PRICE.cached_input + 10 * PRICE.output) / 1_000_000
    assert budget.spent.shown("USD") == (
        "1 request, 1,000 prompt tokens, 800 of them cached, 10 completion tokens, 0.000090 USD"
    )


def test_what_is_the_same_for_all_rows_is_sent_first(settings, endpoint, tmp_path):
    column = {
        "system": "You write reviews.",
        "examples": [{"prompt": "Write one of a cup.", "answer": "It holds tea."}],
        "prompt": "Write a {{ tone }} review of a {{ product }}.",
    }
    base = write_spec(tmp_path)
    columns = {
        "label": {"classes": ["a", "b"]},
        "product": {"sample": ["phone", "kettle"]},
        "tone": {"sample": ["dry", "warm"]},
    }
    spec = load_spec(
        write_spec(tmp_path, base.name, columns={**columns, "text": column}, splits={"train": 20})
    )
    list(split_rows(spec, settings(), "train"))
    heads = {repr(body["messages"][:-1]) for body in endpoint.bodies}
    assert len(heads) == 1
    assert [message["role"] for message in endpoint.bodies[0]["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert len({body["messages"][-1]["content"] for body in endpoint.bodies}) > 1


# --- during: the progress line


def test_a_course_projects_what_is_left_from_what_was_spent():
    spec_spent = spent_of(requests=50, tokens=(4000, 1000), cost="0.50")
    course = Course(rows=100, columns=1, answered=50, reused=10, rejected=20)
    # 40 rows took 60 answers, so 100 rows take 150: 90 more, at 100 tokens each.
    assert course.share_left(spec_spent) == pytest.approx(90 / 50)
    assert course.shown(spec_spent, "USD") == {"tokens": "5.0k of ~14k", "cost": "0.50 USD of ~1.40 USD"}
    assert "about 90 more requests and 9,000 more tokens, 0.90 USD" in course.missing(spec_spent, "USD")


def test_a_course_says_nothing_that_it_cannot_know():
    nothing = spent_of(requests=0, tokens=(0, 0), cost="0")
    assert Course(rows=5, columns=1, answered=0, reused=0, rejected=0).shown(nothing, "") == {"tokens": "0"}
    unpriced = spent_of(requests=1, tokens=(5, 5), cost="0", unpriced={"m"})
    assert "cost" not in Course(rows=5, columns=1, answered=1, reused=0, rejected=0).shown(unpriced, "")
    assert "cannot be told yet" in Course(rows=5, columns=1, answered=1, reused=0, rejected=1).missing(
        unpriced, ""
    )


def spent_of(*, requests, tokens, cost, unpriced=()):
    return Spent(
        requests=requests,
        answers=requests,
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
        cost=Decimal(cost),
        unpriced=frozenset(unpriced),
    )


def test_the_last_line_counts_answers_that_were_in_the_store():
    spent = spent_of(requests=2, tokens=(10, 5), cost="0.01")
    assert spent_line(spent, "EUR", answers=12) == (
        "2 requests, 10 prompt tokens, 5 completion tokens, 0.010 EUR; 10 answers were in the store"
    )
    assert spent_line(spent_of(requests=0, tokens=(0, 0), cost="0"), "", answers=3) == (
        "no request; 3 answers were in the store"
    )


def test_the_progress_line_shows_tokens_and_money_and_can_be_switched_off(endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 300})
    (tmp_path / "config.toml").write_text(
        'currency = "USD"\n[prices.some-model]\ninput = 100\noutput = 100\n'
    )
    code = (
        "import sys, datasets, synth_datasets\n"
        "if sys.argv[4] == 'off': datasets.disable_progress_bars()\n"
        "datasets.load_dataset('synth', data_files=sys.argv[1], cache_dir=sys.argv[2], base_url=sys.argv[3],"
        " store=sys.argv[2] + '.sqlite', concurrency=2)\n"
    )
    endpoint.latency_s = 0.004
    shown = {}
    for bars in ("on", "off"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(spec), str(tmp_path / bars), endpoint.base_url, bars],
            env={**os.environ, "SYNTH_CONFIG": str(tmp_path / "config.toml")},
            capture_output=True,
            text=True,
            check=True,
        )
        shown[bars] = done.stderr
    assert "USD of ~" in shown["on"]
    assert "Asked: 3" in shown["on"]
    assert "USD" not in shown["off"]


# --- before


def test_an_estimate_knows_a_finished_build_and_what_growth_adds(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 40, "test": 10}, checks=NEVER))
    endpoint.rule = lambda body: text(
        "Bad." if body["seed"] % 5 == 0 else f"Fine thing {body['seed']}.", usage=(30, 12)
    )
    strict = load_spec(
        write_spec(
            tmp_path, splits={"train": 40, "test": 10}, checks={"text": {"unique": "off", "length": [6, 99]}}
        )
    )
    where = settings()
    for split in strict.splits:
        list(split_rows(strict, where, split.name))
    asked = endpoint.count
    done = estimate(strict, where)
    assert (done.requests, done.columns[0].stored, done.cost) == (0, asked, 0)
    grown = estimate(with_overrides(strict, num_examples={"train": 440, "test": 10}), where)
    rejected = (asked - 50) / asked
    assert grown.columns[0].rejected == pytest.approx(rejected)
    assert grown.requests == pytest.approx(400 / (1 - rejected), abs=1)
    assert grown.columns[0].prompt_tokens == 30 * grown.requests
    assert grown.columns[0].completion_tokens == 12 * grown.requests
    assert grown.cost == PRICE.cost(30 * grown.requests, 12 * grown.requests)
    assert endpoint.count == asked
    assert estimate(spec, where).requests == 0


def test_an_estimate_without_answers_takes_the_limit_and_says_so(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path))
    found = estimate(spec, settings())
    [column] = found.columns
    assert (found.requests, column.completion_tokens, column.bounded, column.rejected) == (8, 800, True, None)
    assert "4 bytes" in column.prompt_tokens_from
    assert estimate(spec, settings(prices={})).cost is None
    unlimited = load_spec(write_spec(tmp_path, model={"id": "some-model"}))
    assert estimate(unlimited, settings()).cost is None
    assert estimate(unlimited, settings()).tokens is None
    assert endpoint.connections == 0


def test_an_estimate_of_columns_that_read_each_other_counts_each(settings, endpoint, tmp_path):
    columns = {
        "label": {"classes": ["a", "b"]},
        "draft": {"prompt": "Write about {{ label }}.", "model": {"max_tokens": 50}},
        "facts": {
            "fields": {
                "title": "string",
                "stars": {"type": "integer", "min": 1, "max": 5},
                "kind": {"classes": ["x", "y"]},
            },
            "prompt": "Describe: {{ draft }}",
        },
        "last": {"prompt": "Say {{ title }} with {{ stars }}."},
    }
    spec = load_spec(write_spec(tmp_path, columns=columns, splits={"train": 10}))
    found = estimate(spec, settings())
    assert [(column.column, column.requests) for column in found.columns] == [
        ("draft", 10),
        ("facts", 10),
        ("last", 10),
    ]
    assert found.columns[1].prompt_tokens > found.columns[0].prompt_tokens
    list(split_outcomes(spec, settings(), "train"))
    assert estimate(spec, settings()).requests == 0


def test_a_large_plan_is_sampled_and_the_sample_is_true_to_it(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 3 * SAMPLE, "test": 90}, checks=NEVER))
    found = estimate(spec, settings())
    assert found.rows == 3 * SAMPLE + 90
    assert found.looked_up == pytest.approx(SAMPLE, rel=0.01)
    assert found.requests == found.rows
    small = with_overrides(spec, num_examples={"train": 20, "test": 0})
    endpoint.rule = lambda body: text(f"Fine thing {body['seed']}.", usage=(30, 12))
    list(split_rows(small, settings(), "train"))
    preview = estimate(spec, settings())
    assert not preview.columns[0].bounded, "the first rows are looked at for what an answer takes"
    assert preview.columns[0].completion_tokens == 12 * preview.requests


def test_limits_a_minute_bound_the_time(settings, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 600}))
    found = estimate(spec, settings())
    assert found.least_minutes(settings()) is None
    assert found.least_minutes(settings(rpm=60)) == 10
    assert found.least_minutes(settings(rpm=60, tpm=600)) == found.tokens / 600


def test_hanging_requests_are_reserved_for_until_they_end(settings, endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 5}, checks=NEVER))
    endpoint.script.extend([hang()])
    with pytest.raises(BudgetError, match="did not say"):
        list(split_rows(spec, settings(max_requests=4, timeout_s=0.3, concurrency=2), "train"))
    assert endpoint.count == 4
