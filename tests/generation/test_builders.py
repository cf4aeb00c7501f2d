"""The ready builders, with the model that ships for them."""

import asyncio
from collections import Counter
from itertools import islice

import pytest

from synth_datasets.generation.embedded import EmbeddedBackend
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, embedded_identity
from synth_datasets.plan.plan import Plan
from synth_datasets.resources import shipped
from synth_datasets.settings import Settings
from synth_datasets.spec.load import load_spec
from synth_datasets.validation.judge import judge

FOLDERS = [path for path in sorted(shipped("builders").iterdir()) if path.is_dir()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_builder_folder_holds_its_spec_and_its_page_and_no_code(folder):
    spec = load_spec(folder / f"{folder.name}.synth.yaml")
    assert spec.name == folder.name
    assert spec.license
    assert spec.description
    assert spec.language
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {folder.name}\n")
    assert not list(folder.rglob("*.py"))


def test_the_worked_example_asks_for_every_label_and_at_least_thirty_rows():
    spec = load_spec(shipped("builders") / "customer_feedback" / "customer_feedback.synth.yaml")
    plan = Plan(spec, {EMBEDDED_MODEL_ID: "nobody"})
    quotas = [plan.quotas(split.name) for split in spec.splits]
    assert all(set(quota) == {"negative", "neutral", "positive"} for quota in quotas)
    assert sum(sum(quota.values()) for quota in quotas) >= 30
    prompts = {request.messages[-2].content for request in requests(plan, 30)}
    assert "Write a positive customer review of a newly launched smartphone. Praise the design." in prompts
    assert any("recently purchased laptop. The problem is the batter" in prompt for prompt in prompts)
    assert any("a book that is not outstanding but not disappointing either" in prompt for prompt in prompts)


@pytest.mark.embedded
def test_the_embedded_model_writes_acceptable_rows_of_the_worked_example():
    spec = load_spec(shipped("builders") / "customer_feedback" / "customer_feedback.synth.yaml")
    plan = Plan(spec, {EMBEDDED_MODEL_ID: embedded_identity(EMBEDDED_MODEL_ID, Settings())})
    asked = requests(plan, 6)

    async def main():
        backend = EmbeddedBackend(Settings())
        try:
            return await asyncio.gather(*map(backend.ask, asked))
        finally:
            await backend.close()

    [column] = plan.model_columns
    judged = [
        judge(column, request, answer, {}, spec)
        for request, answer in zip(asked, asyncio.run(main()), strict=True)
    ]
    accepted = Counter(isinstance(outcome, dict) for outcome in judged)
    assert accepted[True] >= 5, judged


def requests(plan: Plan, count: int):
    """The first attempts of the first `count` train rows."""
    [column] = plan.model_columns
    return [plan.request(column, key, plan.values(key), 0) for key in islice(plan.rows("train"), count)]
