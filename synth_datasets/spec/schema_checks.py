"""What may stand in a spec file about checks that need a package or a file of their own."""

from typing import Annotated

from pydantic import Field, Tag

from synth_datasets.spec.schema_parts import Number, Strict, either, has, is_a
from synth_datasets.spec.schema_seeds import FileNames, Name

__all__ = ["ContaminationFile", "GrammarFile", "Perplexity", "PerplexityFile", "Probability"]

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


class PerplexityFile(Strict):
    """How surprising a text may be to a language model, which reads it once it is written."""

    within: Annotated[list[Number], Field(min_length=2, max_length=2)]
    """Least and most perplexity; it compares with the same model only."""
    model: Annotated[str, Field(min_length=1, max_length=200)] = "smollm2-135m-instruct"
    """Who reads: the embedded model, or one whose endpoint tells likelihoods (`echo` with `logprobs`)."""
    revision: str | None = None
    """Of a model of the Hub, for the `transformers` backend."""
    tokens: Annotated[int, Field(ge=2, le=4_096)] = 64
    """How many tokens of a text are read, from its beginning."""
    column: Name | None = None
    """Name of a column to store the perplexity in."""


Perplexity = Annotated[
    Annotated[list[Number], Field(min_length=2, max_length=2), Tag("<bounds>")]
    | Annotated[PerplexityFile, Tag("<settings>")],
    either(
        "expected two numbers, [least, most], or {within: [10, 150]} with `model`, `tokens` or `column` beside it",
        bounds=is_a(list),
        settings=has("within"),
    ),
]
