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
_SENTENCES = 16_384
_SENTENCES_A_TEXT = 5
_TEXT = """
tent kept us dry through wind rain while zipper stuck after two nights battery lasted longer than promised
charger broke in week support answered quickly but parcel came late colour looks nothing like photo fabric
feels soft handle is loose screws were missing manual says little volume stays low screen scratches easily
coffee tastes bitter kettle boils fast lid leaks sometimes shoes run small sole wears thin laces hold well
story drags chapter ends well author knows trains garden needs water every morning paint peels already price
was fair delivery took nine days neighbour wants one too daughter loves it husband returned his blade dulls
motor hums quietly filter clogs weekly hinge squeaks drawer slides smoothly mattress sags pillow keeps shape
lamp flickers bulb warms slowly camera blurs moving things microphone hisses keyboard clicks loudly mouse lags
"""


@cache
def _sentences() -> tuple[str, ...]:
    draw = random.Random(7)
    return tuple(
        " ".join(draw.choices(_TEXT.split(), k=draw.randint(7, 15))).capitalize() + "."
        for _ in range(_SENTENCES)
    )


def answer_to(question: bytes, *, structured: bool) -> str:
    """Return some 400 characters of English words that follow from the question: a text, or `SCHEMA`'s object.

    No two answers share more than a few sentences.
    """
    pool = _sentences()
    digest = hashlib.blake2b(question, digest_size=2 * _SENTENCES_A_TEXT).digest()
    places = struct.unpack(f">{_SENTENCES_A_TEXT}H", digest)
    text = " ".join([pool[place % _SENTENCES] for place in places])
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
