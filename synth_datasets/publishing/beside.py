"""Files of a release that no rebuild gives, and those that may then be others than the lock pins."""

from collections.abc import Collection

from synth_datasets.quality.pictures import PICTURES

__all__ = [
    "ADDED_FILES",
    "CARD_FILE",
    "PLOTS_FOLDER",
    "PROOF_FILES",
    "QUALITY_FILE",
    "REAL_FILE",
    "REPORT_FILE",
    "amended",
]

CARD_FILE = "README.md"
QUALITY_FILE = "quality.json"
REPORT_FILE = "report.html"
PLOTS_FOLDER = "plots"
PROOF_FILES = ("prove.json", "prove.png", "prove.html")
"""What `synth prove` puts beside the data."""
REAL_FILE = "real.json"
"""The figures beside real rows that are no part of the spec."""
ADDED_FILES = (*PROOF_FILES, REAL_FILE)
_AMENDED = frozenset([CARD_FILE, QUALITY_FILE, REPORT_FILE, *(f"{PLOTS_FOLDER}/{name}" for name in PICTURES)])


def amended(present: Collection[str]) -> frozenset[str]:
    """Return the files that may be others than a lock pins, given those that a manifest lists.

    A lock pins what a rebuild gives, so what is added does not change it; the manifest has the files as they are.
    """
    return _AMENDED if any(name in present for name in ADDED_FILES) else frozenset()
