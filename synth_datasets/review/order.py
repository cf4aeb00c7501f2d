"""Which rows a person should look at first: contested labels, then what came close to a limit, then any."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.minhash import BANDS, PERMUTATIONS, normalised, signatures
from synth_datasets.review.rows import BuiltRow
from synth_datasets.spec.model import Checks, DatasetSpec, FieldsColumn
from synth_datasets.trace import TRACE_FOLDER
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.parse import parse_object

__all__ = ["Sign", "in_order", "signs_of"]

_VOTE = re.compile(r"(.+)\.vote_\d+")
"""What `verify` calls the question to a voter."""
_MARGIN = 0.1
"""Share of a limit on a length within which a text is near it."""
_SURPRISE = 0.2
"""Share of a limit on perplexity within which a text is near it."""
_NEAR = 0.2
"""Below the threshold of near duplicates."""
_LOW = 0.5
"""Share of a judge's range, counted from the least score that is accepted."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A reason to look at a row."""

    weight: float
    """From 0 to 1; above 1 for labels that those who saw the text contest."""
    words: str


def in_order(rows: Sequence[BuiltRow], signs: Mapping[str, Sequence[Sign]]) -> list[BuiltRow]:
    """Return the rows, those with the weightiest sign first; those without one in an order drawn by their ids.

    The same rows come in the same order for every reviewer, so that those who stop early have judged the same ones.
    """

    def place(row: BuiltRow) -> tuple[float, bytes]:
        weight = max((sign.weight for sign in signs.get(row.id, ())), default=0.0)
        return -weight, hashlib.sha256(row.id.encode()).digest()

    return sorted(rows, key=place)


def signs_of(rows: Sequence[BuiltRow], spec: DatasetSpec, folder: Path) -> dict[str, list[Sign]]:
    """Return by row id why it is worth a look, from the build alone: votes, scores, perplexity, lengths, kin."""
    found: dict[str, list[Sign]] = {}
    trace = folder / TRACE_FOLDER
    for row_id, sign in (
        *_answers(spec, trace),
        *_read(spec, trace),
        *_lengths(rows, spec),
        *_kin(rows, spec),
    ):
        found.setdefault(row_id, []).append(sign)
    for signs in found.values():
        signs.sort(key=lambda sign: (-sign.weight, sign.words))
    return found


def _answers(spec: DatasetSpec, trace: Path) -> Iterable[tuple[str, Sign]]:
    """Look at what voters and judges said, which need not be stored."""
    judges = {
        column.name: (column, field)
        for column in spec.columns
        if isinstance(column, FieldsColumn) and column.judges
        for field in column.fields
        if field.type == "integer" and field.minimum is not None and field.maximum is not None
    }
    ballots: dict[tuple[str, str], list[str]] = {}
    voters = {name: found[1] for name in _asked(spec) if (found := _VOTE.fullmatch(name))}
    for row_id, name, answer in _traced(trace, {*voters, *judges}):
        said = parse_object(answer)
        if isinstance(said, Verdict):
            continue
        if name in voters:
            ballots.setdefault((row_id, voters[name]), []).append(str(said.get("label", "")))
        elif isinstance(score := said.get(judges[name][1].key or name), int):
            field = judges[name][1]
            least = max(spec.checks.get(field.name, Checks()).least or 0, field.minimum or 0)
            weight = 1 - (score - least) / max(1, (field.maximum or 0) - least)
            if weight >= _LOW:
                yield (
                    row_id,
                    Sign(
                        min(weight, 1.0), f"{name} {score} of {field.maximum:g}, at least {least:g} is kept"
                    ),
                )
    for (row_id, label), said_labels in ballots.items():
        counts = {each: said_labels.count(each) for each in dict.fromkeys(said_labels)}
        share = 1 - max(counts.values()) / len(said_labels)
        if share:
            listed = ", ".join(f"{count} {each}" for each, count in counts.items())
            yield row_id, Sign(1 + share, f"votes on {label}: {listed}")


def _read(spec: DatasetSpec, trace: Path) -> Iterable[tuple[str, Sign]]:
    """Look at what readers found, which need not be stored."""
    bounds = {
        name: checks.perplexity for name, checks in spec.checks.items() if checks.perplexity is not None
    }
    for row_id, name, answer in _traced(trace, set(bounds)):
        said = parse_object(answer)
        found = None if isinstance(said, Verdict) else said.get("perplexity")
        if not isinstance(found, int | float):
            continue
        least, most = bounds[name]
        for limit, gap, word in ((least, found - least, "least"), (most, most - found, "most")):
            weight = 1 - gap / (_SURPRISE * max(limit, 1.0))
            if weight > 0:
                yield row_id, Sign(min(weight, 1.0), f"{name} {found:.4g}, at {word} {limit:g}")


def _asked(spec: DatasetSpec) -> Iterable[str]:
    """Return the names of what voters and judges are asked."""
    return (column.name for column in spec.columns if isinstance(column, FieldsColumn) and column.judges)


def _traced(trace: Path, names: set[str]) -> Iterable[tuple[str, str, str]]:
    """Yield row, column and raw answer of these columns, as far as the build has kept them."""
    import pyarrow.parquet as pq

    for path in sorted(trace.glob("*.parquet")) if names else ():
        table = pq.read_table(path, columns=["row_id", "column", "answer"])
        rows, columns, answers = (table.column(name).to_pylist() for name in table.column_names)
        yield from (each for each in zip(rows, columns, answers, strict=True) if each[1] in names)


def _lengths(rows: Sequence[BuiltRow], spec: DatasetSpec) -> Iterable[tuple[str, Sign]]:
    for name, checks in spec.checks.items():
        bounds = ((checks.length, "characters"), (checks.words, "words"))
        for limits, unit in bounds:
            for row in rows if limits is not None else ():
                text = row.values.get(name)
                if not isinstance(text, str) or limits is None:
                    continue
                size = len(text) if unit == "characters" else len(text.split())
                for limit, gap, word in (
                    (limits[0], size - limits[0], "least"),
                    (limits[1], limits[1] - size, "most"),
                ):
                    weight = 1 - gap / max(1.0, _MARGIN * limit)
                    if limit and weight > 0:
                        yield row.id, Sign(min(weight, 1.0), f"{name}: {size} {unit}, at {word} {limit}")


def _kin(rows: Sequence[BuiltRow], spec: DatasetSpec) -> Iterable[tuple[str, Sign]]:
    """Look for texts that are nearly near duplicates of another one; some 0.2 ms a text."""
    for name, checks in spec.checks.items():
        texts = [(row.id, row.values[name]) for row in rows if isinstance(row.values.get(name), str)]
        if checks.unique != "near" or len(texts) < 2:  # noqa: PLR2004 - a pair takes two
            continue
        best = _most_alike([normalised(str(text)) for _, text in texts])
        for (row_id, _), (likeness, other) in zip(texts, best, strict=True):
            weight = 1 - (checks.near_threshold - likeness) / _NEAR
            if weight > 0:
                words = f"{name}: likeness {likeness:.2f} to {texts[other][0]}, below {checks.near_threshold:g} is kept"
                yield row_id, Sign(min(weight, 1.0), words)


def _most_alike(plain: Sequence[str]) -> list[tuple[float, int]]:
    """Return for each text the likeness to its next of kin, among those that share a band of their signatures."""
    hashed = signatures(plain)
    best = [(0.0, -1)] * len(plain)
    width = PERMUTATIONS // BANDS
    for start in range(0, PERMUTATIONS, width):
        last: dict[bytes, int] = {}
        for row in range(len(plain)):
            band = hashed[row, start : start + width].tobytes()
            other = last.get(band)
            last[band] = row
            if other is not None:
                likeness = float((hashed[row] == hashed[other]).mean())
                best[row] = max(best[row], (likeness, other))
                best[other] = max(best[other], (likeness, row))
    return best
