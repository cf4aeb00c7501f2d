"""The adapter in a folder beside a spec, and what of it a release carries."""

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from synth_datasets.errors import SpecError
from synth_datasets.spec.adapters import (
    CARD,
    CONFIG,
    DIGEST,
    TUNING,
    WEIGHTS,
    Adapter,
    AdapterError,
    adapter_digest,
    lora_settings,
)
from synth_datasets.spec.files import path_problem
from synth_datasets.spec.problems import shown
from synth_datasets.spec.reader import MAX_BYTES
from synth_datasets.spec.tables import MAX_BYTES as MAX_WEIGHTS

__all__ = ["read_adapter"]


def read_adapter(path: str, read: Callable[[str], bytes], origin: str) -> tuple[Adapter, dict[str, str]]:
    """Return the adapter in this folder, and the texts that a release carries of it, by path relative to the spec.

    `read` gives the bytes of a file inside the spec's folder. The weights themselves stay at home, as the seeds do
    which they may give away; where they are not, their digest beside them will do, for answers that are stored.
    Raises `AdapterError`.
    """
    if words := path_problem(path):
        raise AdapterError(words)
    place = str(PurePosixPath(path))
    texts: dict[str, str] = {}

    def text(name: str) -> str | None:
        data = _read(f"{place}/{name}", read)
        if data is None or len(data) > MAX_BYTES:
            return None
        texts[f"{place}/{name}"] = data.decode("utf-8", "replace")
        return texts[f"{place}/{name}"]

    config = text(CONFIG)
    if config is None:
        raise AdapterError(
            f"there is no adapter in '{shown(place)}': it lacks {CONFIG}; make one with `synth tune`, inside the "
            "folder of the spec"
        )
    settings = lora_settings(config)
    weights = _weights_digest(place, read, text)
    texts[f"{place}/{DIGEST}"] = f"{weights}  {WEIGHTS}\n"
    for name in (TUNING, CARD):
        text(name)
    folder = "" if "://" in origin else str((Path(origin).parent / place).absolute())
    return Adapter(place, adapter_digest(settings, weights), folder), texts


def _weights_digest(place: str, read: Callable[[str], bytes], text: Callable[[str], str | None]) -> str:
    weights = _read(f"{place}/{WEIGHTS}", read)
    if weights is not None and len(weights) > MAX_WEIGHTS:
        raise AdapterError(f"'{shown(place)}/{WEIGHTS}' has more than {MAX_WEIGHTS >> 20} MiB")
    if weights is not None:
        return hashlib.sha256(weights).hexdigest()
    named = (text(DIGEST) or "").partition(" ")[0].strip()
    if len(named) != 64 or set(named) - set("0123456789abcdef"):  # noqa: PLR2004 - hex digits of SHA-256
        raise AdapterError(
            f"'{shown(place)}' holds no {WEIGHTS}; only safetensors are read (of pickled weights nobody knows what "
            "they run)"
        )
    return named


def _read(name: str, read: Callable[[str], bytes]) -> bytes | None:
    try:
        return read(name)
    except (SpecError, OSError, ValueError):
        return None
