"""The work that every measurement does: the specs, and answers that a model could have given."""

import hashlib
import json
import random
import struct
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["LABELS", "MODEL", "SCHEMA", "SYSTEM", "USER", "answer_to", "spec_file"]

MODEL = "fake"
SYSTEM = "You write short product reviews."
USER = "Write a short product review about item {item}. Answer as JSON with the keys text and label."
LABELS = ("negative", "neutral", "positive")
SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "label": {"type": "string", "enum": list(LABELS)}},
    "required": ["text", "label"],
    "additionalProperties": False,
}
_WORDS = 12_000
_WORDS_A_SENTENCE = (9, 14, 8, 12, 10, 7)
_COMMON = """
the and a it of to is was in for but with this that not on my as very they have we so after are all be one had at from
tent kept us dry through wind rain while zipper stuck two nights battery lasted longer than promised charger broke week
support answered quickly parcel came late colour looks nothing like photo fabric feels soft handle loose screws were
missing manual says little volume stays low screen scratches easily coffee tastes bitter kettle boils fast lid leaks
sometimes shoes run small sole wears thin laces hold well story drags chapter ends author knows trains garden needs
water every morning paint peels already price fair delivery took nine days neighbour wants too daughter loves husband
returned his blade dulls motor hums quietly filter clogs weekly hinge squeaks drawer slides smoothly mattress sags
"""
_STARTS = "b bl br c ch d dr f fl g gr h j k l m n p pl pr r s sh sl st t tr v w"
_MIDDLES = "a ai e ea ee i o oo ou u"
_ENDS = "b ck d ft g l ld m mp n nd ng nt p r rd rn s sh st t th"


@cache
def _table() -> tuple[str, ...]:
    """Return 65,536 places of words: a few common ones hold many, as in any language (Zipf's law)."""
    draw = random.Random(7)
    starts, middles, ends = _STARTS.split(), _MIDDLES.split(), _ENDS.split()
    words = dict.fromkeys(_COMMON.split())
    while len(words) < _WORDS:
        syllables = draw.randint(1, 3)
        parts = [draw.choice(starts) + draw.choice(middles) for _ in range(syllables)]
        words["".join(parts) + draw.choice(ends)] = None
    weights = [1 / (rank + 1.5) for rank in range(len(words))]
    return tuple(draw.choices(list(words), weights, k=1 << 16))


def answer_to(question: bytes, *, structured: bool) -> str:
    """Return some 350 characters of words that follow from the question: a text, or `SCHEMA`'s object.

    No two answers share more than single words.
    """
    table = _table()
    count = sum(_WORDS_A_SENTENCE)
    places = struct.unpack(f">{count}H", hashlib.shake_128(question).digest(2 * count))
    words = [table[place] for place in places]
    sentences = []
    for size in _WORDS_A_SENTENCE:
        sentences.append(" ".join(words[:size]).capitalize())
        del words[:size]
    text = ". ".join(sentences) + "."
    return f'{{"text": "{text}", "label": "{LABELS[places[0] % len(LABELS)]}"}}' if structured else text


def spec_file(folder: Path, rows: int, *, kind: str, unique: str = "") -> Path:
    """Write a spec of `rows` rows with default checks: `text` asks for plain text, `fields` for an object.

    `unique` replaces the default check for duplicates.
    """
    columns: dict[str, Any] = {
        "wanted" if kind == "fields" else "label": {"classes": list(LABELS)},
        "product": {"sample": {"phone": 3, "laptop": 2, "novel": 1, "tent": 1}},
        "tone": {"sample": ["plain", "enthusiastic", "ironic"], "hidden": True},
    }
    if kind == "text":
        columns["text"] = {
            "system": SYSTEM,
            "prompt": {
                "by": "label",
                "negative": "Write a {{ tone }} negative review of a recently bought {{ product }}.",
                "neutral": "Write a {{ tone }} review of a {{ product }} that is neither good nor bad.",
                "positive": "Write a {{ tone }} positive customer review of a newly launched {{ product }}.",
            },
        }
    else:
        columns["review"] = {
            "system": SYSTEM,
            "prompt": "Write a {{ tone }} {{ wanted }} review of a {{ product }}. Answer as JSON.",
            "fields": {"text": "string", "label": {"classes": list(LABELS)}},
        }
    spec = {
        "name": "benchmark",
        "version": "1.0.0",
        "license": "cc0-1.0",
        "model": {"id": MODEL, "temperature": 0.7, "max_tokens": 200},
        "seed": 17,
        "columns": columns,
        "splits": {"train": rows},
        **({"checks": {"text" if kind == "text" else "review": {"unique": unique}}} if unique else {}),
    }
    path = folder / "benchmark.synth.yaml"
    path.write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return path
