"""What may stand in a spec file about checks on what a model answers."""

from typing import Annotated, Literal

from pydantic import Field, Tag

from synth_datasets.spec.schema_annotation import DiffersFrom
from synth_datasets.spec.schema_judging import LanguageCheck, PlannedFile, VerifyFile
from synth_datasets.spec.schema_parts import Count, Number, Strict, either, has, is_a, is_number
from synth_datasets.spec.schema_seeds import FileNames, Name

__all__ = ["ChecksFile", "ContaminationFile", "GrammarFile", "NearFile", "PerplexityFile", "SemanticFile"]

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


class NearFile(Strict):
    """Near duplicates."""

    near: Annotated[float, Field(gt=0, le=1)]
    """Jaccard similarity of 5-grams of characters from which two texts are near duplicates."""


class SemanticFile(Strict):
    """Texts that say the same in other words; needs the extra `semantic`."""

    semantic: Annotated[float, Field(ge=0.7, le=1)]
    """Cosine of the texts' vectors from which they are duplicates; 0.85 finds rewordings, 0.95 mostly other orders."""


Bounds = Annotated[list[Count], Field(min_length=2, max_length=2)]
Size = Annotated[
    Annotated[Bounds, Tag("<bounds>")] | Annotated[PlannedFile, Tag("<planned>")],
    either(
        "expected two numbers, [least, most], or {from: COLUMN, within: 0.2}",
        bounds=is_a(list),
        planned=has("from"),
    ),
]
Range = Annotated[list[Number], Field(min_length=2, max_length=2)]
OnOff = Literal["reject", "keep"]


class ChecksFile(Strict):
    """What an answer must hold to be accepted."""

    length: Size | None = None
    """Fewest and most characters."""
    words: Size | None = None
    """Fewest and most words."""
    unique: (
        Annotated[
            Annotated[Literal["exact", "near", "semantic", "off"], Tag("<word>")]
            | Annotated[SemanticFile, Tag("<semantic>")]
            | Annotated[NearFile, Tag("<near>")],
            either(
                "expected `exact`, `near`, `semantic`, `off`, {near: 0.8} or {semantic: 0.9}",
                word=is_a(str),
                semantic=has("semantic"),
                near=has("near"),
            ),
        ]
        | None
    ) = None
    """Which duplicates are rejected, across all splits."""
    refusals: OnOff | None = None
    """Answers such as "I cannot help with that"."""
    echo: OnOff | None = None
    """Answers that repeat the prompt."""
    repetition: OnOff | None = None
    """Answers that say the same over and over."""
    differs_from: DiffersFrom | None = None
    """A column whose text this one must not be like, or {COLUMN: likeness from which it is}; 0.8 by default."""
    seed_copy: (
        Annotated[
            Annotated[Literal["keep"], Tag("<word>")]
            | Annotated[float, Field(gt=0, le=1, strict=False), Tag("<likeness>")],
            either("expected a likeness such as 0.8, or `keep`", word=is_a(str), likeness=is_number),
        ]
        | None
    ) = None
    """Copies and near copies of a seed: the Jaccard similarity of 5-grams from which a text is one."""
    language: LanguageCheck | None = None
    """The language that the text must be in."""
    readability: Range | None = None
    """Least and most of Flesch's reading ease, for English: 60 to 70 is plain, below 30 academic."""
    similarity_to_prompt: Range | None = None
    """Least and most share of words in common with the prompt, 0 to 1."""
    personal_data: OnOff | None = None
    """E-mail addresses, telephone and card numbers and the like; kept by default."""
    toxicity: Probability | None = None
    """Probability of being offensive from which a text is refused, for English; needs the extra `toxicity`."""
    grammar: GrammarFile | None = None
    """Mistakes that a text may have, for English; needs the extra `grammar`."""
    perplexity: Perplexity | None = None
    """Least and most perplexity under a small model that reads each text."""
    contamination: ContaminationFile | None = None
    """A test set of which no text may hold a part."""
    min: Number | None = None
    """The least score, of a column of kind `score`: below it the column that is judged is asked again."""
    verify: VerifyFile | None = None
    """Votes on a label."""
