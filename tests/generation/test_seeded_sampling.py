import math

import pytest

from synth_datasets.generation.seeded_sampling import RowSampler, Sampling, _mix, _noise

pytestmark = pytest.mark.transformers
SEEDS = range(40)


@pytest.fixture(scope="module")
def torch():
    pytest.importorskip("transformers", exc_type=ImportError)
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


def drawn(torch, scores, seeds=SEEDS, said=(), **parameters) -> list[int]:
    """One step's tokens, for rows that have said as much."""
    sampler = RowSampler(Sampling(**parameters), [*seeds], [[0]] * len(scores), [list(said)] * len(scores))
    ids = torch.zeros(len(scores), 1 + len(said), dtype=torch.long)
    return sampler(ids, scores).argmax(dim=1).tolist()


def by_the_book(torch, scores, **parameters) -> list[int]:
    """All tokens filtered by the warpers of transformers, and noise for each of them."""
    from transformers import MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    scores = scores / parameters.pop("temperature", 1.0)
    for name, value in parameters.items():
        warper = {"top_k": TopKLogitsWarper, "top_p": TopPLogitsWarper, "min_p": MinPLogitsWarper}[name]
        scores = warper(value)(None, scores)
    noise = _noise([_mix(_mix(seed)) for seed in SEEDS], torch.arange(scores.shape[1]))
    return (scores + noise).argmax(dim=1).tolist()


@pytest.mark.parametrize("sharpness", [0.1, 3.0, 12.0])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"top_p": 0.9},
        {"top_k": 5},
        {"top_k": 600, "top_p": 0.95},
        {"min_p": 0.05},
        {"top_k": 40, "top_p": 0.8, "min_p": 0.02},
    ],
)
def test_a_look_at_the_likeliest_tokens_draws_what_a_look_at_all_does(torch, sharpness, parameters):
    generator = torch.Generator().manual_seed(1)
    scores = torch.randn(len(SEEDS), 2000, generator=generator) * sharpness
    wanted = by_the_book(torch, scores, temperature=0.8, **parameters)
    assert drawn(torch, scores, temperature=0.8, **parameters) == wanted


def test_draws_follow_the_probabilities(torch):
    shares = [0.5, 0.25, 0.15, 0.07, 0.03]
    rows = 4000
    tokens = drawn(torch, torch.tensor(shares).log().repeat(rows, 1), seeds=range(rows))
    counts = [tokens.count(token) for token in range(len(shares))]
    chi = sum((count - rows * p) ** 2 / (rows * p) for count, p in zip(counts, shares, strict=True))
    assert chi < 18.5  # the 0.1 % point at 4 degrees of freedom


def test_what_is_masked_is_never_drawn(torch):
    scores = torch.full((len(SEEDS), 1000), -math.inf)
    scores[:, 700:703] = torch.tensor([-50.0, -51.0, -52.0])
    assert set(drawn(torch, scores, temperature=2.0)) == {700, 701, 702}
    assert set(drawn(torch, scores, temperature=0.0)) == {700}


def test_a_row_goes_on_after_a_pause_as_if_there_were_none(torch):
    """Its step and its penalties come from what it has said."""
    generator = torch.Generator().manual_seed(2)
    scores = [torch.randn(1, 50, generator=generator) for _ in range(6)]
    parameters = Sampling(frequency_penalty=1.5, presence_penalty=0.5, repetition_penalty=1.3)

    def said(steps, before) -> list[int]:
        sampler = RowSampler(parameters, [7], [[3, 4]], [before.copy()])
        tokens = [3, 4, *before]
        for step in steps:
            tokens.append(sampler(torch.tensor([tokens]), scores[step]).argmax().item())
        return tokens[2:]

    whole = said(range(6), [])
    assert said(range(3, 6), whole[:3]) == whole
