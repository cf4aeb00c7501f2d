"""Checks of one text by a figure of its own: how it reads, how like its prompt it is, what it gives away."""

from collections.abc import Sequence
from dataclasses import replace

from synth_datasets.spec import schema
from synth_datasets.spec.contamination import build_evaluation_set
from synth_datasets.spec.model import Checks
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.reader import Node

__all__ = ["with_text_checks"]

_FIGURES = ("readability", "similarity_to_prompt", "personal_data", "toxicity", "grammar", "contamination")
_BY_LETTER = frozenset(
    "am ar as bn bo dv dz fa gu he hi hy ka km kn ko lo ml mr my ne or pa ps sa sd si ta te th ti ug ur yi".split()  # noqa: SIM905 - a line a code otherwise
)
"""Languages that the vectors of `unique: semantic` know by single letters, in which any two sentences look alike."""
_ENGLISH = {
    "readability": "bound `words` or `length` instead",
    "toxicity": "let a `score` judge the texts instead",
    "grammar": "let a `score` judge the texts instead",
}


def with_text_checks(
    path: Path, given: schema.ChecksFile, checks: Checks, group: bool, parts: Parts
) -> Checks:
    """Return the checks with those that `given` sets; mistakes are noted."""
    for key in _FIGURES:
        bounds = getattr(given, key)
        if bounds is None:
            continue
        if group:
            parts.problem((*path, key), f"`{key}` applies to texts, not to a whole answer", "name a field")
        elif isinstance(bounds, list) and bounds[0] > bounds[1]:
            parts.problem((*path, key), f"expected [least, most], found [{bounds[0]:g}, {bounds[1]:g}]")
    if given.similarity_to_prompt is not None and not 0 <= min(given.similarity_to_prompt) <= 1:
        message = "no similarity lies within these bounds"
        parts.problem((*path, "similarity_to_prompt"), message, "it goes from 0 (no word in common) to 1")
    for key, hint in _ENGLISH.items():
        if getattr(given, key) is not None and (other := _not_english(given, parts)):
            message = f"`{key}` is known for English only, and the texts are in {other}"
            parts.problem((*path, key), message, hint)
    known = _known(_said(given, parts))
    if checks.unique == "semantic" and known and known <= _BY_LETTER:
        message = (
            f"`semantic` tells no texts in {', '.join(sorted(known))} apart: it knows their letters only"
        )
        parts.problem((*path, "unique"), message, "choose `near`")
    return replace(
        checks,
        readability=_pair(given.readability) or checks.readability,
        similarity=_pair(given.similarity_to_prompt) or checks.similarity,
        personal=checks.personal if given.personal_data is None else given.personal_data == "reject" or None,
        toxicity=checks.toxicity if given.toxicity is None else float(given.toxicity),
        grammar=checks.grammar if given.grammar is None else float(given.grammar.lints_per_100_words),
        held_out=checks.held_out
        if given.contamination is None
        else build_evaluation_set((*path, "contamination"), given.contamination, parts),
    )


def _not_english(given: schema.ChecksFile, parts: Parts) -> str:
    """Return the languages that the texts are said to be in when none is English; '' otherwise."""
    said = _said(given, parts)
    return "" if _known(said) & {"en", "english", "multilingual"} else ", ".join(said)


def _said(given: schema.ChecksFile, parts: Parts) -> list[str]:
    """Return the languages that the texts are said to be in."""
    if isinstance(given.language, str):
        return [given.language]
    node = parts.tree.at(["language"]) if "language" in (parts.tree.members or {}) else None
    nodes: Sequence[Node] = () if node is None else node.items or [node]
    return [each.text for each in nodes]


def _known(said: Sequence[str]) -> set[str]:
    return {each.casefold().partition("-")[0] for each in said}


def _pair(bounds: list[float] | None) -> tuple[float, float] | None:
    return None if bounds is None else (float(bounds[0]), float(bounds[1]))
