"""The card of an adapter, as the Hub reads it: what it is made of, how, what it gained, and what it remembers."""

import json

from synth_datasets.generation.weights import EMBEDDED_MODEL_ID
from synth_datasets.publishing.markdown import cell, code, prose
from synth_datasets.publishing.terms import terms_of
from synth_datasets.quality.memorisation import Memory
from synth_datasets.tuning.record import LOSS_PLOT, Tuning

__all__ = ["card_text"]

_EMBEDDED = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""What the Hub calls the model that is embedded in 4 bits."""


def card_text(tuning: Tuning, licence: str | None) -> str:
    """Return the card; `licence` is that of the rows' owner for the adapter, which none but they can know."""
    terms = terms_of(tuning.model)
    header = {
        "base_model": _EMBEDDED if tuning.model == EMBEDDED_MODEL_ID else tuning.model,
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["lora", "synthetic-data", "synth_datasets"],
        **({} if licence is None else {"license": licence}),
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in header.items()]
    data, curve, recipe = tuning.data, tuning.curve, tuning.recipe
    kept = f", rows of one {code(data.group)} together" if data.group else ", equal texts together"
    parts = [
        "---\n" + "\n".join(lines) + "\n---",
        f"# {prose(tuning.spec)}: LoRA for {prose(tuning.model)}",
        "Lets the base model write as real rows are written. Made by `synth tune` of synth_datasets, with the prompts "
        "of a spec; the loss is of the answers alone.",
        "| | |\n| --- | --- |\n"
        + "\n".join(
            f"| {name} | {value} |"
            for name, value in (
                (
                    "Base model",
                    code(tuning.model) + (f" at {code(tuning.revision)}" if tuning.revision else ""),
                ),
                (
                    "Its licence",
                    cell(f"{terms.licence} ({terms.url})" if terms else "not known to us: look it up"),
                ),
                ("Rows", f"{data.train:,} learned from, {data.held_out:,} held out{kept}"),
                ("Answers' tokens", f"{curve.tokens:,} learned from in a pass"),
                ("LoRA", f"rank {recipe.rank}, alpha {2 * recipe.rank}, learning rate {recipe.rate:g}"),
                ("Ended by", f"{curve.stopped}, after {curve.points[-1].epoch:g} passes; seed {recipe.seed}"),
                (
                    "Held-out loss",
                    f"{curve.before:.3f} before, {curve.after:.3f} after ({tuning.change:+.1%})",
                ),
                ("Digest", code(tuning.adapter)),
            )
        ),
        f"![Loss by passes]({LOSS_PLOT})",
        "## What it remembers\n\n" + _memory(tuning.memory),
        "The rows are not in this folder, but weights can give away what they were tuned on: publish the adapter only "
        "where the rows may be published.",
        "## How to use it\n\nBeside a spec of synth_datasets:\n\n```yaml\nmodel: {id: "
        + json.dumps(tuning.model, ensure_ascii=False)
        + ", adapter: FOLDER}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _memory(memory: Memory | None) -> str:
    if memory is None:
        return "Not measured."
    return (
        f"Asked {memory.rows:,} times with the prompts of rows that it was tuned on, it gave {_percent(memory.copied)} "
        f"copies of such rows ({_percent(memory.exact)} word for word). Of {memory.real_rows:,} real rows that it "
        f"never saw, {_percent(memory.real)} would count as copies. A copy is equal, nearly equal, or has half "
        "its words in sequences of 5 from such rows; a row in other words, and a single name or number, are not seen."
    )


def _percent(share: float | None) -> str:
    return "an unknown share of" if share is None else f"{share:.1%}"
