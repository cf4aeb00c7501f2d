"""What may stand in a spec file about checks that need a package or a file of their own."""

from typing import Annotated

from pydantic import Field

from synth_datasets.spec.schema_parts import Strict
from synth_datasets.spec.schema_seeds import FileNames, Name

__all__ = ["ContaminationFile", "GrammarFile", "Probability"]

Probability = Annotated[float, Field(gt=0, le=1)]


class GrammarFile(Strict):
    """How many mistakes a text may have, as the checker Harper tells them."""

    lints_per_100_words: Annotated[float, Field(ge=0, le=1_000)]
    """Most findings of grammar, spelling and style for 100 words; real reviews have 5 to 11."""


class ContaminationFile(Strict):
    """A test set of which no text may hold a part."""

    file: FileNames
    """CSV, TSV, JSON lines or Parquet beside the spec; in no release."""
    column: Name = "text"
    """The column that holds its texts."""
