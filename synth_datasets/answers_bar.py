"""The bar of the answers asked for: looks like those of `datasets`, is hidden with them, and imports none of it."""

import os
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["answers_bar"]


def answers_bar(title: str) -> "tqdm[NoReturn]":
    """Return a bar; `datasets.disable_progress_bars` and HF_DATASETS_DISABLE_PROGRESS_BARS hide it."""
    from tqdm.auto import tqdm

    # Answers come in bursts, after which tqdm would wait for as many again before it shows anything: 0 is "by time".
    return tqdm(desc=title, unit=" answers", leave=False, miniters=0, disable=_hidden())


def _hidden() -> bool:
    # Whoever has not imported `datasets` has not told it to hide anything, but through the environment.
    if (told := sys.modules.get("datasets.utils.tqdm")) is not None:
        return bool(told.are_progress_bars_disabled())
    return os.environ.get("HF_DATASETS_DISABLE_PROGRESS_BARS", "").upper() in {"1", "ON", "YES", "TRUE"}
