"""The stored answers of one spec's dataset, ready to be given to somebody who has no key."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.generation.archive import BATCH_ROWS, ArchiveWriter, Record
from synth_datasets.generation.store import AnswerStore
from synth_datasets.lists import grown
from synth_datasets.outcomes import missing_answers, stored_outcomes
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.validation.outcome import Example, Missing, Unanswered

__all__ = ["Exported", "export_answers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an archive holds."""

    rows: int
    """Rows of the dataset, those without an accepted answer included."""
    answers: int
    """Accepted and rejected ones, and requests that failed."""
    num_bytes: int


def export_answers(spec: DatasetSpec, settings: Settings, path: Path) -> Exported:
    """Write the archive of exactly the answers that the dataset of the spec is made of, in decision order.

    Asks nobody. Raises `AnswerMissingError`, and writes nothing, when the store lacks any of them.
    """
    rows = answers = 0
    with (
        AnswerStore(settings.store_path, read_only=True) as store,
        ArchiveWriter(path) as archive,
        closing(stored_outcomes(spec, settings)) as outcomes,
    ):
        keys: dict[str, None] = {}
        for growth in grown(spec, settings) if spec.lists else ():
            keys.update(dict.fromkeys(key for ended in growth.outcomes for key in _keys(ended)))
        for outcome in outcomes:
            if isinstance(outcome, Unanswered):
                raise missing_answers(spec, settings)
            rows += 1
            keys.update(dict.fromkeys(_keys(outcome)))
            if len(keys) >= BATCH_ROWS:
                answers += _write(archive, store, keys)
                keys = {}
        answers += _write(archive, store, keys)
    return Exported(rows=rows, answers=answers, num_bytes=path.stat().st_size)


def _keys(outcome: Example | Missing) -> list[str]:
    keys = [each.key for each in (*outcome.rejections, *outcome.superseded)]
    return keys + [source.key for source in outcome.sources] if isinstance(outcome, Example) else keys


def _write(archive: ArchiveWriter, store: AnswerStore, keys: dict[str, None]) -> int:
    found = store.get_many(keys)
    requests = store.get_requests(found)
    failures = store.get_failures([key for key in keys if key not in found])
    records: list[Record] = []
    for key in keys:
        if key in failures:
            failure, canonical = failures[key]
            records.append((_request(store, key, canonical), failure))
        elif key in found:
            records.append((_request(store, key, requests[key]), found[key]))
        else:
            raise SettingsError(f"the answer {key} has just gone from {store.path}; export again")
    if records:
        archive.add(records)
    return len(records)


def _request(store: AnswerStore, key: str, canonical: str) -> Request:
    try:
        request = Request.parse(canonical)
    except ValueError as error:
        raise SettingsError(f"{store.path}: the request of the answer {key} is damaged: {error}") from error
    if request.key != key:
        raise SettingsError(f"{store.path}: the request of the answer {key} is damaged; delete that answer")
    return request
