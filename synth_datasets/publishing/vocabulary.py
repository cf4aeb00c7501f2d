"""The Hub's own lists of licences, tasks, languages and sizes, and what to write for a value beyond them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from synth_datasets.errors import Problem
from synth_datasets.spec.model import DatasetSpec

__all__ = ["LICENSES", "TASKS", "HubTerms", "hub_terms", "size_category"]

LICENSES = frozenset(
    """apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
    bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc
    cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
    cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
    cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0
    wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
    eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c
    ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0
    openmdw-1.1 openrail++ osl-3.0 postgresql ofl-1.1
    ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2 llama3
    llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma unknown other""".split()  # noqa: SIM905 - sixty lines of quotes read worse
)
"""Identifiers of https://huggingface.co/docs/hub/repositories-licenses."""

TASKS = frozenset(
    """text-classification token-classification table-question-answering question-answering
    zero-shot-classification translation summarization feature-extraction text-generation fill-mask
    sentence-similarity text-to-speech text-to-audio automatic-speech-recognition audio-to-audio
    audio-classification audio-text-to-text voice-activity-detection depth-estimation image-classification
    object-detection image-segmentation text-to-image image-to-text image-to-image image-to-video
    unconditional-image-generation video-classification reinforcement-learning robotics tabular-classification
    tabular-regression tabular-to-text table-to-text multiple-choice text-ranking text-retrieval
    time-series-forecasting text-to-video image-text-to-text image-text-to-image image-text-to-video
    visual-question-answering document-question-answering zero-shot-image-classification graph-ml
    mask-generation zero-shot-object-detection text-to-3d image-to-3d image-feature-extraction
    video-text-to-text keypoint-detection visual-document-retrieval any-to-any video-to-video other
    text2text-generation conversational""".split()  # noqa: SIM905 - sixty lines of quotes read worse
)
"""Task categories of https://huggingface.co/tasks; the last two are old names that still work."""

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)


@dataclass(frozen=True, slots=True)
class HubTerms:
    """A spec's metadata in the Hub's words."""

    license: str | None
    license_name: str | None
    """Set when `license` is `other`, as the Hub asks for."""
    languages: tuple[str, ...]
    """Codes of ISO 639; a region or script, such as in `pt-BR`, is only in `locales`."""
    locales: tuple[str, ...]
    tasks: tuple[str, ...]
    doubts: tuple[Problem, ...]
    """One for each value that the Hub does not know, and for a licence that is missing; without its line."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """The doubts, a sentence each."""
        return tuple(f"{each.message} ({each.hint})" if each.hint else each.message for each in self.doubts)


def hub_terms(spec: DatasetSpec) -> HubTerms:
    """Translate licence, languages and task; what the Hub does not know is warned about, never refused."""
    license_id, license_name, doubts = _license(spec.license)
    languages: list[str] = []
    locales: list[str] = []
    known = _languages()
    for language in spec.language:
        code = language.split("-")[0].lower()
        if code != language:
            locales.append(language)
        if code not in known:
            message = f"language {language!r} is not a code of ISO 639; the Hub will not find it"
            doubts.append(Problem(0, "language", message))
        if re.fullmatch("[a-z]{2,3}", code) or code in known:
            languages.append(code)
    if spec.task is not None and spec.task not in TASKS:
        message = f"task {spec.task!r} is not on the Hub's list (https://huggingface.co/tasks)"
        doubts.append(Problem(0, "task", message, _like(spec.task, TASKS)))
    return HubTerms(
        license=license_id,
        license_name=license_name,
        languages=tuple(dict.fromkeys(languages)),
        locales=tuple(locales),
        tasks=() if spec.task is None else (spec.task,),
        doubts=tuple(doubts),
    )


def size_category(num_examples: int) -> str:
    """Return the Hub's name for a dataset of that many rows."""
    return next((name for limit, name in _SIZES if num_examples < limit), "1B<n<10B")


def _license(given: str | None) -> tuple[str | None, str | None, list[Problem]]:
    if given is None:
        message = "no licence: others may not use the dataset until its spec names one"
        return None, None, [Problem(0, "license", message)]
    if given.lower() in LICENSES:
        return given.lower(), None, []
    name = re.sub(r"[^a-z0-9.]+", "-", given.lower()).strip("-") or "other"
    message = f"licence {given!r} is not on the Hub's list; the card says `other`, named {name!r}"
    return "other", name, [Problem(0, "license", message, _like(given.lower(), LICENSES))]


def _like(given: str, known: Iterable[str]) -> str:
    close = get_close_matches(given, sorted(known), n=1, cutoff=0.75)
    return f"did you mean {close[0]!r}?" if close else ""


def _languages() -> frozenset[str]:
    """Return the codes that `datasets` ships, which are the Hub's; the package is found, not imported."""
    found = find_spec("datasets")
    assert found is not None  # noqa: S101 - a package that this one requires
    assert found.origin is not None  # noqa: S101
    listed = Path(found.origin).parent / "utils" / "resources" / "languages.json"
    return frozenset(json.loads(listed.read_text(encoding="utf-8")))
