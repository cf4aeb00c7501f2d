"""Where the ready builders and the card templates lie, in a checkout and in an installation alike."""

from pathlib import Path
from typing import Literal

__all__ = ["shipped"]


def shipped(folder: Literal["builders", "cards"]) -> Path:
    """Return the folder: inside the package when installed from a wheel, beside it in a checkout."""
    installed = Path(__file__).parent / folder
    return installed if installed.is_dir() else Path(__file__).parents[1] / folder
