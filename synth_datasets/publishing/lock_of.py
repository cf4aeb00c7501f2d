"""The lock of a release that was just written: every file, and what its rows come from."""

from importlib import metadata
from pathlib import Path

from synth_datasets.publishing.facts import CardFacts
from synth_datasets.publishing.funnel import note_counts
from synth_datasets.publishing.lock import Lock, LockedSplit
from synth_datasets.publishing.prompts import describe_models
from synth_datasets.publishing.shards import file_digest
from synth_datasets.spec import ingredients
from synth_datasets.spec.model import DatasetSpec, ModelSpec
from synth_datasets.trace import TRACE_FOLDER
from synth_datasets.validation.needed import judging_packages

__all__ = ["lock_of", "package_versions"]

_PACKAGES = ("synth-datasets", "datasets", "pyarrow", "jinja2")


def lock_of(target: Path, facts: CardFacts) -> Lock:
    """Return what a rebuild of the files in the folder must give."""
    digests = {
        path.relative_to(target).as_posix(): file_digest(path)
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }
    in_trace = {path: digest for path, digest in digests.items() if path.startswith(f"{TRACE_FOLDER}/")}
    return Lock(
        name=facts.spec.name,
        version=facts.spec.version,
        fingerprint=facts.fingerprint,
        digest=facts.digest,
        spec_file=facts.spec_file,
        seed=facts.spec.seed,
        attempts=facts.spec.attempts,
        endpoint=facts.endpoint,
        answered_by=facts.answered_by,
        models=tuple(
            {
                "id": asked.model.id,
                "revision": asked.model.revision,
                **({} if asked.model.adapter is None else {"adapter": asked.model.adapter.digest}),
                "columns": list(asked.columns),
                **_sent(asked.model),
            }
            for asked in describe_models(facts.spec)
        ),
        overrides=dict(facts.overrides),
        splits={split.name: LockedSplit(split.num_examples, split.digest) for split in facts.splits},
        files={path: digest for path, digest in digests.items() if path not in in_trace},
        ingredients=ingredients(facts.spec),
        notes=note_counts(facts.tallies),
        trace=in_trace,
        packages=dict(facts.packages),
    )


def _sent(model: ModelSpec) -> dict[str, object]:
    """Return the sampling parameters by the names that the spec uses; those not sent are null."""
    return {
        "temperature": model.temperature,
        "top_p": model.top_p,
        "max_tokens": model.max_tokens,
        "frequency_penalty": model.frequency_penalty,
        "presence_penalty": model.presence_penalty,
        "stop": list(model.stop),
        "extra": dict(model.extra),
    }


def package_versions(spec: DatasetSpec) -> dict[str, str]:
    """Return the versions of what may change the bytes, or which texts pass the checks."""
    versions = {}
    for name in (*_PACKAGES, *judging_packages(spec)):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # a checkout on the path is not an installed package
            continue
    return versions
