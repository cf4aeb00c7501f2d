"""What a build's trace says of its rows: the votes on their labels, and what was asked for their texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.quality.columns import worded
from synth_datasets.quality.votes import VoteFigures, vote_agreement
from synth_datasets.spec.graph import outputs
from synth_datasets.spec.model import ClassesColumn, DatasetSpec, DerivedColumn, FieldsColumn
from synth_datasets.spec.rules_judging import VotesRule
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.parse import field_values, parse_object

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = ["prompts_asked", "vote_figures"]


def vote_figures(
    spec: DatasetSpec,
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    trace: Path,
    label_columns: Mapping[str, Sequence[str]],
) -> tuple[VoteFigures, ...]:
    """Return figures of each label that the spec has verified, over all splits; votes are read from the trace.

    A label that votes have changed is compared as it was planned, where that is part of the row's identity.
    """
    found: list[VoteFigures] = []
    for label, voters in _voters(spec).items():
        if label not in label_columns:
            continue
        counted = [
            column.rule
            for column in spec.columns
            if isinstance(column, DerivedColumn)
            and isinstance(column.rule, VotesRule)
            and column.rule.label == label
        ]
        first = next((column.name for column in spec.columns if isinstance(column, ClassesColumn)), None)
        # What was planned is no longer stored then, but the rows' identity says it.
        by_identity = first == label and any(rule.gives == "relabel" for rule in counted)
        judged: tuple[list[str], list[list[str]], list[str], list[str]] = ([], [], [], [])
        for split, table in tables.items():
            stored = worded({split: table}, label, label_columns[label])
            texts = _texts(table, next(iter(voters.values())).judges)
            votes = _votes(trace / f"{split}.parquet", voters)
            if len(votes) != len(stored):
                continue
            for at, (row, ballots) in enumerate(votes.items()):
                judged[0].append(_stratum(row) if by_identity else stored[at])
                judged[1].append(ballots)
                judged[2].append(row)
                judged[3].append(texts[at])
        if judged[0] and any(judged[1]):
            found.append(
                vote_agreement(
                    label, judged[0], judged[1], label_columns[label], rows=judged[2], texts=judged[3],
                    selected=any(rule.gives in ("check", "relabel") for rule in counted),
                )
            )  # fmt: skip
    return tuple(found)


def prompts_asked(spec: DatasetSpec, trace: Path, rows: Mapping[str, int], text: str) -> list[str] | None:
    """Return the last message of the user behind each row's text, over all splits; None where the trace lacks some."""
    import pyarrow.parquet as pq

    writer = next((column.name for column in spec.columns if text in outputs(column)), text)
    found: list[str] = []
    for split, count in rows.items():
        path = trace / f"{split}.parquet"
        if not count:
            continue
        if not path.is_file():
            return None
        table = pq.read_table(path, columns=["column", "messages"])
        asked = (
            table.filter([name == writer for name in table.column("column").to_pylist()])
            .column("messages")
            .to_pylist()
        )
        if len(asked) != count:
            return None
        found += [
            next((turn["content"] for turn in reversed(each) if turn["role"] == "user"), "") for each in asked
        ]
    return found


def _voters(spec: DatasetSpec) -> dict[str, dict[str, FieldsColumn]]:
    """Return by label the columns that vote on it."""
    found: dict[str, dict[str, FieldsColumn]] = {}
    for column in spec.columns:
        label, vote, number = column.name.rpartition(".vote_")
        if isinstance(column, FieldsColumn) and column.judges and vote and number.isdecimal():
            found.setdefault(label, {})[column.name] = column
    return found


def _stratum(row: str) -> str:
    return row.partition("/")[2].rpartition("/")[0]


def _texts(table: "pa.Table | datasets.Dataset", judged: str) -> list[str]:
    if judged not in table.column_names:
        return [""] * len(table)
    return worded({"": table}, judged, None)


def _votes(path: Path, voters: Mapping[str, FieldsColumn]) -> dict[str, list[str]]:
    """Return by row, in the order of the rows, what the voters said, read as the build has read it."""
    import pyarrow.parquet as pq

    if not path.is_file():
        return {}
    table = pq.read_table(path, columns=["row_id", "column", "answer"])
    found: dict[str, list[str]] = {row: [] for row in table.column("row_id").unique().to_pylist()}
    ours = [name in voters for name in table.column("column").to_pylist()]
    for record in table.filter(ours).to_pylist():
        answer = parse_object(record["answer"])
        if not isinstance(answer, Verdict):
            values = field_values(voters[record["column"]].fields, answer)
            found[record["row_id"]] += [] if isinstance(values, Verdict) else map(str, values.values())
    return found
