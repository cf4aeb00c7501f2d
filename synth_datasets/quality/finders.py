"""From material to figures: what each measure by name looks at, and which of its numbers a report shows."""

from collections import Counter
from collections.abc import Sequence

from synth_datasets.quality.clip import clip
from synth_datasets.quality.fit import label_fit, prompt_fit
from synth_datasets.quality.label_noise import noise_figures
from synth_datasets.quality.language import grammar_rate, readability, wrong_language_rate
from synth_datasets.quality.leaks import CopyFigures, contamination, seed_copies
from synth_datasets.quality.material import Found, Material
from synth_datasets.quality.mauve import LEAST_ROWS as MAUVE_ROWS
from synth_datasets.quality.mauve import compare_by_mauve
from synth_datasets.quality.out_of_fold import FOLDS, Labelled
from synth_datasets.quality.real import LEAST_ROWS, compare_with_real, length_distance
from synth_datasets.quality.sampling import sample
from synth_datasets.quality.semantic_duplicates import semantic_duplicate_rate
from synth_datasets.quality.spread import semantic_spread
from synth_datasets.quality.surprise import perplexity
from synth_datasets.quality.toxicity import toxicity_rate
from synth_datasets.quality.two_sample import two_sample_test

__all__ = [
    "find_grammar",
    "find_label_noise",
    "find_labels",
    "find_language",
    "find_mauve",
    "find_perplexity",
    "find_prompts",
    "find_readability",
    "find_real",
    "find_seeds",
    "find_semantic_duplicates",
    "find_spread",
    "find_test",
    "find_toxicity",
    "find_two_sample",
]

NOISE_ROWS = 5_000
NOISE_CELLS = 50_000
"""Rows times labels: what a prediction takes time for."""
NOISE_LEAST = 200
_SHOWN = 160
_RARE = 0.05
"""A label of a smaller share of rows may stand in few groups: what is wrongly said of it moves no estimate far."""


def find_spread(given: Material) -> Found:
    """Vendi score and mean distance."""
    got = semantic_spread(given.texts, embed=given.embed)
    return Found(rows=got.rows, values={"vendi": got.vendi, "mean_distance": got.distance})


def find_readability(given: Material) -> Found:
    """Quartiles of the reading ease."""
    got = readability(given.texts)
    return Found(
        rows=got.texts,
        values={
            "lower_quartile": got.lower_quartile,
            "median": got.median,
            "upper_quartile": got.upper_quartile,
        },
    )


def find_language(given: Material) -> Found:
    """The share of rows in another language."""
    got = wrong_language_rate(given.texts, given.language or "en")
    return Found(rows=got.rows, values={"in_another_language": got.rate}, notes=got.examples)


def find_grammar(given: Material) -> Found:
    """Findings for 100 words, and of which kinds."""
    got = grammar_rate(given.texts)
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in got.kinds)
    return Found(rows=got.rows, values={"per_100_words": got.per_100_words}, notes=(kinds,) if kinds else ())


def find_prompts(given: Material) -> Found:
    """How rows are told by their prompts."""
    got = prompt_fit(given.texts, given.prompts or (), embed=given.embed)
    values = {"auc": got.auc, "less_like_their_own": got.worse, "mean_similarity": got.similarity}
    return Found(rows=got.rows, values=values, notes=(f"{got.prompts:,} different prompts; chance is 0.5",))


def find_labels(given: Material) -> Found:
    """How labels hold together."""
    got = label_fit(given.texts, given.labels or (), embed=given.embed)
    return Found(rows=got.rows, values={"nearest_to_own_label": got.nearest, "by_chance": got.chance})


def _copies(got: CopyFigures) -> Found:
    notes = tuple(f"{clip(one, _SHOWN)} | {clip(other, _SHOWN)}" for one, other in got.examples)
    return Found(
        rows=got.rows,
        values={"rows": got.copied, "share_of_rows": got.rate, "share_held": got.held},
        notes=notes,
    )


def find_seeds(given: Material) -> Found:
    """Rows that copy seeds."""
    return _copies(seed_copies(given.texts, given.seeds or ()))


def find_test(given: Material) -> Found:
    """Rows that hold part of a test set."""
    return _copies(contamination(given.texts, given.test or ()))


def find_real(given: Material) -> Found:
    """Figures beside real rows, and what other real rows attain."""
    got = compare_with_real(given.texts, given.real or (), embed=given.embed)
    values: dict[str, float | None] = {}
    for name in ("precision", "recall", "density", "coverage"):
        values[name] = getattr(got.made, name, None)
        values[f"{name}_of_real"] = getattr(got.baseline, name, None)
    values |= {"frechet": got.frechet, "frechet_of_real": got.frechet_baseline}
    values |= {"vendi": got.vendi, "vendi_of_real": got.vendi_baseline}
    values["length_distance"] = length_distance(given.texts, given.real or ())
    few = f"too few rows: {got.rows:,}, at least {LEAST_ROWS} made and {2 * LEAST_ROWS} real ones are needed"
    notes = (
        (few,) if got.made is None else ("`of real` is what other real rows attain at this number of rows",)
    )
    return Found(rows=got.rows, values=values, notes=notes)


def find_two_sample(given: Material) -> Found:
    """How well a classifier tells rows from real ones."""
    got = two_sample_test(given.texts, given.real or ())
    notes = (
        (f"made: {', '.join(got.made_words)}", f"real: {', '.join(got.real_words)}")
        if got.accuracy is not None
        else ("too few rows that are not in both sets",)
    )
    return Found(
        rows=got.rows, values={"accuracy": got.accuracy, "auc": got.auc, "p_value": got.p_value}, notes=notes
    )


def find_semantic_duplicates(given: Material) -> Found:
    """Rows linked by their embeddings, and the closest pairs."""
    if given.embed is None:  # it is among the measure's needs
        return Found(rows=0, values={"share_of_rows": None})
    got = semantic_duplicate_rate(given.texts, given.embed)
    real = sample(len(given.real or ()), got.rows)
    other = semantic_duplicate_rate([(given.real or ())[row] for row in real], given.embed)
    values = {"share_of_rows": got.rate, "nearest": got.nearest}
    if given.real is not None:
        values |= {"share_of_real": other.rate, "nearest_of_real": other.nearest}
    return Found(
        rows=got.rows,
        values=values,
        notes=(
            f"linked from a cosine of {got.threshold} on",
            *(
                f"{pair.similarity:.3f}: {clip(pair.texts[0], _SHOWN)} | {clip(pair.texts[1], _SHOWN)}"
                for pair in got.pairs
            ),
        ),
    )


def find_mauve(given: Material) -> Found:
    """MAUVE, that of other real rows, and their ratio."""
    got = compare_by_mauve(given.texts, given.real or (), embed=given.embed)
    ratio = got.mauve / got.baseline if got.mauve is not None and got.baseline else None
    few = f"too few rows: {got.rows:,}, at least {MAUVE_ROWS} made and {2 * MAUVE_ROWS} real ones are needed"
    said = f"{got.bins:,} clusters; `of real` is what other real rows attain at this number of rows"
    return Found(
        rows=got.rows,
        values={"mauve": got.mauve, "mauve_of_real": got.baseline, "ratio": ratio},
        notes=(few if got.mauve is None else said,),
    )


def find_toxicity(given: Material) -> Found:
    """Rows that are taken for offensive, the first of them to read."""
    got = toxicity_rate(given.texts)
    values = {"flagged": got.rate, "highest": got.highest}
    if given.real is not None:
        values["flagged_of_real"] = toxicity_rate(given.real).rate
    notes = tuple(f"row {row:,}, {chance:.2f}: {text}" for row, chance, text in got.examples)
    return Found(rows=got.rows, values=values, notes=notes)


def find_perplexity(given: Material) -> Found:
    """Perplexities, beside those of real rows where there are any."""
    if given.scorer is None:  # it is among the measure's needs
        return Found(rows=0, values={"perplexity": None})
    got = perplexity(given.texts, given.scorer, real=given.real)
    values = {
        "perplexity": got.whole,
        "lower_quartile": got.lower_quartile,
        "median": got.median,
        "upper_quartile": got.upper_quartile,
    }
    if given.real is not None:
        values |= {"perplexity_of_real": got.real_whole, "median_of_real": got.real_median}
        values |= {"rows_below_real": got.below_real, "rows_above_real": got.above_real}
    return Found(
        rows=got.rows,
        values=values,
        notes=(f"model: {given.scorer.said}; {got.tokens:,} tokens of made rows",),
    )


def find_label_noise(given: Material) -> Found:
    """The share of wrong labels, how far to believe it, and rows to read."""
    labels = given.labels or ()
    names = sorted({label for label in labels if label})
    rows = [row for row, label in enumerate(labels) if label]
    at_most = NOISE_ROWS if len(names) < 2 else min(NOISE_ROWS, NOISE_CELLS // len(names))  # noqa: PLR2004 - one class
    chosen = [rows[at] for at in sample(len(rows), at_most)]
    given_labels = [names.index(labels[row]) for row in chosen]
    if len(chosen) < NOISE_LEAST or len(set(given_labels)) < 2:  # noqa: PLR2004 - nothing to confuse
        few = f"too few rows or labels: {len(chosen):,} rows, {len(names):,} labels; needed are {NOISE_LEAST} and 2"
        return Found(rows=len(chosen), values={"wrong_labels": None}, notes=(few,))
    groups = None if given.groups is None else [given.groups[row] for row in chosen]
    if groups is not None and (coarse := _coarse(groups, [names[at] for at in given_labels])):
        return Found(rows=len(chosen), values={"wrong_labels": None}, notes=(coarse,))
    got = noise_figures(
        [given.texts[row] for row in chosen],
        given_labels,
        names,
        rows=chosen,
        embed=given.embed,
        gold=_gold(given, names),
        groups=groups,
        shown=5,
    )
    low, high = got.noise_interval
    doubts = (
        f"row {each.row:,}, {each.label}, likely {each.likely} ({each.probability:.2f}): {clip(each.text, _SHOWN)}"
        for each in got.examples
    )
    return Found(
        rows=got.rows,
        values={
            "wrong_labels": got.noise,
            "wrong_at_least": low,
            "wrong_at_most": high,
            "doubted": got.doubted / got.rows,
            "planted_found": got.check.found,
            "planted_false_alarms": got.check.false_alarms,
        },
        notes=("planted: the same method on these rows, 10 % of their labels changed on purpose", *doubts),
    )


def _coarse(groups: Sequence[str], labels: Sequence[str]) -> str:
    """Say which label stands in so few groups that models which have not seen a row's group do not know it."""
    rows = Counter(labels)
    within = Counter(label for _, label in set(zip(groups, labels, strict=True)))
    label, count = min(
        ((label, within[label]) for label in sorted(rows) if rows[label] >= _RARE * len(labels)),
        key=lambda each: each[1],
        default=("", FOLDS),
    )
    if count >= FOLDS:
        return ""
    return (
        f"label {label} stands in {count} of the groups, and {FOLDS} are needed: whether a label is right is asked of "
        "models that have not seen the row's group. Name a column that few rows share, such as a review's id"
    )


def _gold(given: Material, names: Sequence[str]) -> Labelled | None:
    place = {name: at for at, name in enumerate(names)}
    pairs = [
        (text, place[label])
        for text, label in zip(given.real or (), given.real_labels or (), strict=False)
        if label in place
    ]
    if not pairs:
        return None
    return Labelled(texts=[text for text, _ in pairs], labels=[label for _, label in pairs])
