"""A spec whose balance with data on the Hub is settled: what is missing there becomes rows of a split."""

from dataclasses import replace

from synth_datasets.errors import Problem, SpecError
from synth_datasets.plan.hub_files import hub_contents
from synth_datasets.spec.balance import completed, filled
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.tables import TableError

__all__ = ["resolved"]


def resolved(spec: DatasetSpec) -> DatasetSpec:
    """Return the spec with its balanced split filled; reads the Hub only where `balance:` names a dataset there.

    Raises `SpecError` when those data do not fit, and what `huggingface_hub` raises.
    """
    if spec.balance is None or spec.balance.before is not None:
        return spec
    try:
        balance = completed(spec.balance, spec.columns, hub_contents(spec.balance.source))
    except TableError as error:
        problems = [Problem(0, "balance.file", fault.message, fault.hint) for fault in error.faults]
        raise SpecError(spec.origin, problems) from error
    except SpecError as error:
        raise SpecError(spec.origin, error.problems) from error
    return replace(spec, balance=balance, splits=tuple(filled(split, balance) for split in spec.splits))
