"""What a spec says, frozen: the values that every later stage works from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from synth_datasets.spec.adapters import Adapter
from synth_datasets.spec.attributes import Bias
from synth_datasets.spec.evaluation_set import EvaluationSet
from synth_datasets.spec.mix_data import Mix
from synth_datasets.spec.never import Never
from synth_datasets.spec.reviews import Reviews
from synth_datasets.spec.rules import Rule
from synth_datasets.spec.seed_data import Balance, Seeds
from synth_datasets.spec.templates import Template

__all__ = [
    "Checks",
    "ClassesColumn",
    "Column",
    "DatasetSpec",
    "DerivedColumn",
    "Field",
    "FieldsColumn",
    "GeneratedList",
    "ModelSpec",
    "NumberColumn",
    "PerValue",
    "Planned",
    "Prompt",
    "PromptColumn",
    "SampleColumn",
    "Scalar",
    "Shot",
    "Split",
    "Spoken",
    "TextColumn",
    "Weighted",
]

Scalar = str | int | float | bool
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PerValue(Generic[T]):
    """One value for all rows, or one for each value of the column named `by`."""

    by: str | None
    cases: Mapping[str, T]
    """By the text of the other column's value; empty when `by` is None."""
    default: T | None
    """For every row when `by` is None, otherwise for the values without a case."""

    def pick(self, row: Mapping[str, object]) -> T:
        """Return the value that this row gets; `spec.check` has made sure that there is one."""
        if self.by is None or (text := str(row[self.by])) not in self.cases:
            assert self.default is not None, f"no case for {self.by}"  # noqa: S101 - spec.check proves it
            return self.default
        return self.cases[text]

    def values(self) -> tuple[T, ...]:
        """Return every value that some row may get."""
        return (*self.cases.values(), *(() if self.default is None else (self.default,)))


@dataclass(frozen=True, slots=True)
class Weighted:
    """Values to draw from, each with a positive weight (not normalised)."""

    values: tuple[Scalar, ...]
    weights: tuple[float, ...]
    list: str = ""
    """The generated list that they are the items of; without values until these are known."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model answers and the sampling parameters it is sent; None is not sent."""

    id: str
    revision: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] = ()
    extra: Mapping[str, Scalar] = field(default_factory=dict)
    """Parameters beyond OpenAI's that the endpoint knows, such as `repeat_penalty` or `min_p`."""
    adapter: Adapter | None = None
    """Weights that are laid over the model's own."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One solved example shown before the prompt, as a user turn and an assistant turn."""

    prompt: Template
    answer: Template


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told for one column of one row."""

    user: PerValue[Template]
    model: ModelSpec
    """The spec's model with this column's own settings laid over it."""
    system: PerValue[Template] | None = None
    shots: PerValue[tuple[Shot, ...]] | None = None
    opening: PerValue[Template] | None = None
    """The answer begins with this text; it is sent as the start of the assistant's turn."""
    turns: tuple[tuple[Literal["user", "assistant"], str], ...] = ()
    """Role and column of each earlier turn, said before `user`; empty texts, that of `user` too, are left out."""
    when: Template | str | None = None
    """The model is asked only where this gives something other than nothing, `0` and `false`; else the text is "".

    A text is the name of a column that says so.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassesColumn:
    """A label: rows are balanced over `names` by `weights`; a `datasets.ClassLabel`."""

    name: str
    names: tuple[str, ...]
    weights: tuple[float, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleColumn:
    """A value drawn for each row, which may depend on another column's value."""

    name: str
    choices: PerValue[Weighted]
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """A number drawn uniformly from `low` to `high`, both included, in steps of `step`."""

    name: str
    low: float
    high: float
    step: float | None
    """None: any float in the range. Whole `low`, `high` and `step` give integers."""
    hidden: bool = False

    @property
    def integer(self) -> bool:
        """Whether every value is a whole number."""
        return self.step is not None and all(float(x).is_integer() for x in (self.low, self.high, self.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextColumn:
    """A text computed from other columns, without the model."""

    name: str
    template: PerValue[Template]
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptColumn:
    """A text that the model writes."""

    name: str
    prompt: Prompt
    hidden: bool = False
    turn: bool = False
    """Whether it is said in a conversation: an assistant's manners are no boilerplate there, and none of the earlier
    turns may be said again."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a structured answer."""

    name: str
    type: Literal["string", "integer", "number", "boolean", "classes", "list", "objects"]
    """`list` is a list of strings, `objects` one of mappings."""
    classes: tuple[str, ...] = ()
    """The allowed labels when `type` is `classes`; a `datasets.ClassLabel`."""
    minimum: float | None = None
    """Least number, least characters of a string, or fewest items of a list."""
    maximum: float | None = None
    description: str = ""
    """Shown to the model in the JSON Schema."""
    hidden: bool = False
    key: str = ""
    """What the answer calls it; its name when empty."""
    items: "tuple[Field, ...]" = ()
    """What each mapping holds when `type` is `objects`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsColumn:
    """Several columns from one structured answer; `name` names the question, `fields` the columns."""

    name: str
    prompt: Prompt
    fields: tuple[Field, ...]
    hidden: bool = False
    judges: str = ""
    """The column that the answer is about, where the question is a judge's; such answers may all be alike."""
    reads: int | None = None
    """How many tokens of the prompt are read for their likelihood, which gives the one field; None: it is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedColumn:
    """A value that a rule makes of other columns, without the model and not by a template."""

    name: str
    rule: Rule
    hidden: bool = False
    replaces: str = ""
    """The column in whose place the value is stored; this one then holds what that one was at first."""


Column = (
    ClassesColumn | SampleColumn | NumberColumn | TextColumn | PromptColumn | FieldsColumn | DerivedColumn
)


@dataclass(frozen=True, slots=True)
class Checks:
    """What an answer in one column must hold; None switches a check off."""

    length: tuple[int, int] | None = None
    """Fewest and most characters."""
    words: tuple[int, int] | None = None
    """Fewest and most whitespace-separated words."""
    unique: Literal["exact", "near", "semantic"] | None = None
    """Across all rows of all splits."""
    near_threshold: float = 0.7
    """Jaccard similarity of character 5-grams from which two texts are near duplicates."""
    refusals: bool = True
    echo: bool = True
    repetition: bool = True
    marks: tuple[str, ...] = ()
    """Labels of the marks that the text holds; its sizes are those of the text without them."""
    differs: tuple[str, float] | None = None
    """A column whose text this one must not be like, and the likeness (0 to 1) from which it is."""
    planned_length: "Planned | None" = None
    """A number of characters that the row plans itself."""
    planned_words: "Planned | None" = None
    language: "str | Spoken | None" = None
    """A code such as `en` or `pt-BR`, or where the row says which language its text is in."""
    least: float | None = None
    """The least score; one below it refuses the answer of the column `blames`."""
    blames: str = ""
    readability: tuple[float, float] | None = None
    """Least and most of Flesch's reading ease."""
    similarity: tuple[float, float] | None = None
    """Least and most similarity to the prompt, 0 to 1."""
    personal: bool | None = None
    """Whether text that looks like personal data is refused."""
    toxicity: float | None = None
    """The probability of being offensive, 0 to 1, from which a text is refused."""
    grammar: float | None = None
    """Most findings of a grammar checker for 100 words."""
    held_out: EvaluationSet | None = None
    """Test rows of which no text may hold a part."""
    semantic_threshold: float | None = None
    """Cosine of two texts' vectors from which they say the same."""
    perplexity: tuple[float, float] | None = None
    """Least and most perplexity; one outside of them refuses the answer of the column `blames`."""
    semantic_model: str = ""
    """Which vectors these are."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A size that a row plans for itself: the value of `column`, give or take the share `within` of it."""

    column: str
    within: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """The language that a row plans for itself: the value of `column`."""

    column: str


@dataclass(frozen=True, slots=True)
class GeneratedList:
    """Values that the model writes once, for all rows to draw from."""

    name: str
    column: FieldsColumn
    """What is asked, with one field that holds a list; asked again until there are enough items."""
    count: int
    """How many different items there must be, for each parent."""
    batch: int
    """How many are asked for at a time."""
    per: str | None = None
    """The list for each of whose items there is a list of its own."""


@dataclass(frozen=True, slots=True)
class Split:
    """A split and how many accepted rows it holds."""

    name: str
    num_examples: int
    counts: tuple[tuple[str, int], ...] = ()
    """Rows of each class, in the order of the classes; the split holds classes in this proportion. Empty: by weight."""
    cells: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    """Of classes with such counts: rows of each class of the second `classes` column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec:
    """A whole spec, checked: every name resolves, no cycles, every class has its prompt."""

    name: str
    columns: tuple[Column, ...]
    """In the order of the file, which is the order of the dataset's columns."""
    splits: tuple[Split, ...]
    model: ModelSpec
    seed: int = 0
    attempts: int = 5
    """How often one column of one row is asked before the row counts as missing."""
    checks: Mapping[str, Checks] = field(default_factory=dict)
    """By column name, a `fields` column's own for the whole answer; every model column has an entry."""
    lists: tuple[GeneratedList, ...] = ()
    """Each after the one whose items it is for."""
    never: tuple[Never, ...] = ()
    """Rows that are drawn again."""
    seeds: Seeds | None = None
    """Real rows that columns show."""
    balance: Balance | None = None
    """Real rows that one of the splits completes; with counts still unknown that split is empty."""
    mix: Mix | None = None
    """Real rows that splits hold beside those that `num_examples` counts."""
    bias: Bias | None = None
    """What the report measures of attributes; no part of any fingerprint."""
    measures: tuple[str, ...] = ()
    """What the report measures besides, by name; no part of any fingerprint."""
    reviews: Reviews | None = None
    """What people decided about single rows."""
    version: str = "1.0.0"
    description: str = ""
    license: str | None = None
    language: tuple[str, ...] = ()
    task: str | None = None
    """A task category of the Hub, such as `text-classification`."""
    pretty_name: str | None = None
    tags: tuple[str, ...] = ()
    card: Template | None = None
    """Over the parts in `spec.card.CARD_PARTS`, in place of the card that fits the columns."""
    source: str = ""
    """The YAML text as written, kept for the release; no part of any fingerprint."""
    origin: str = ""
    """Path or URL it was read from, for messages; no part of any fingerprint."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Text of every file the spec refers to, by its path relative to the spec."""
