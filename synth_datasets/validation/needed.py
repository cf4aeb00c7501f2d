"""Packages that the checks of a spec need: whether they are here, before anything is asked."""

from synth_datasets.semantic import require_vectors
from synth_datasets.spec.model import Checks, DatasetSpec
from synth_datasets.validation.grammar import require_linter
from synth_datasets.validation.language import require_identifier
from synth_datasets.validation.toxicity import require_classifier

__all__ = ["judging_packages", "require_packages"]


def require_packages(spec: DatasetSpec) -> None:
    """Raise `SettingsError` that names the extra where a check needs a package that is not there."""
    needed = judging_packages(spec)
    require_identifier(spec)
    if "harper-py" in needed:
        require_linter()
    if "alt-profanity-check" in needed:
        require_classifier()
    if "wordllama" in needed:
        require_vectors()


def judging_packages(spec: DatasetSpec) -> tuple[str, ...]:
    """Return the packages whose version can change which texts pass the checks, sorted; a lock names theirs."""
    return tuple(sorted({name for checks in spec.checks.values() for name in _packages(checks)}))


def _packages(checks: Checks) -> tuple[str, ...]:
    return (
        *(("py3langid",) if checks.language is not None else ()),
        *(("alt-profanity-check", "scikit-learn") if checks.toxicity is not None else ()),
        *(("harper-py",) if checks.grammar is not None else ()),
        *(("tokenizers", "wordllama") if checks.unique == "semantic" else ()),
    )
