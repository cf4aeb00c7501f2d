"""What may stand in a spec file, as pydantic models: the shape, the ranges, and the words editors show."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal, cast

from pydantic import Discriminator, Field, Tag

from synth_datasets.spec.schema_annotation import (
    AnswerFile,
    AnswerSettings,
    SpansFile,
    SpansSettings,
)
from synth_datasets.spec.schema_bias import BiasFile
from synth_datasets.spec.schema_challenge import ChallengeFile, PerturbFile
from synth_datasets.spec.schema_checks import ChecksFile, NearFile, SemanticFile
from synth_datasets.spec.schema_dialogue import (
    JudgeSettings,
    MessagesFile,
    MessagesSettings,
    PersonaFile,
    PreferenceFile,
    PreferenceSettings,
    UserFile,
)
from synth_datasets.spec.schema_judging import PlannedFile, ScoreFile, VerifyFile
from synth_datasets.spec.schema_lists import ListFile
from synth_datasets.spec.schema_mix import MixFile
from synth_datasets.spec.schema_parts import (
    MODEL_ID,
    REVISION,
    ByChoices,
    ByExamples,
    ByText,
    Choices,
    Count,
    ExampleFile,
    ExamplesFile,
    FileReference,
    ListReference,
    Model,
    ModelFile,
    ModelOverride,
    ModelOverrideFile,
    Number,
    Plain,
    Strict,
    TextFile,
    Value,
    Weight,
    anything,
    either,
    has,
    is_a,
)
from synth_datasets.spec.schema_seeds import BalanceFile, SeedColumnFile, SeedsFile, SplitFile

__all__ = [
    "COLUMN_KINDS",
    "HUB_WORD",
    "LANGUAGE",
    "MAX_EXAMPLES",
    "MODEL_ID",
    "NAME",
    "REVISION",
    "VERSION",
    "AnswerFile",
    "AnswerSettings",
    "BalanceFile",
    "ByChoices",
    "ByExamples",
    "ByText",
    "ChallengeFile",
    "ChecksFile",
    "Choices",
    "ClassesFile",
    "ColumnFile",
    "ComputedFile",
    "ExampleFile",
    "ExamplesFile",
    "FieldFile",
    "FieldType",
    "FieldsFile",
    "FileReference",
    "JudgeSettings",
    "LabelsFile",
    "ListFile",
    "ListReference",
    "MessagesFile",
    "MessagesSettings",
    "Model",
    "ModelFile",
    "ModelOverride",
    "ModelOverrideFile",
    "NearFile",
    "NumberFile",
    "PersonaFile",
    "PerturbFile",
    "Plain",
    "PlannedFile",
    "PreferenceFile",
    "PreferenceSettings",
    "PromptFile",
    "RangeFile",
    "SampleFile",
    "ScoreFile",
    "SeedColumnFile",
    "SeedsFile",
    "SemanticFile",
    "SpansFile",
    "SpansSettings",
    "SpecFile",
    "TextFile",
    "UserFile",
    "VerifyFile",
    "column_name_ok",
    "json_schema",
    "keys_of",
    "split_name_ok",
]

MAX_EXAMPLES = 10**9
COLUMN_KINDS = (
    "classes",
    "labels",
    "sample",
    "number",
    "seed",
    "text",
    "spans",
    "answer",
    "prompt",
    "fields",
    "messages",
    "preference",
    "challenge",
    "perturb",
    "score",
)

NAME = r"^[a-z0-9][a-z0-9_-]{0,95}$"
VERSION = r"^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})$"
LANGUAGE = r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*|code|multilingual)$"
HUB_WORD = r"^[a-z0-9][a-z0-9.+-]{0,63}$"
_COLUMN_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
_SPLIT_NAME = r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$"

Language = Annotated[str, Field(pattern=LANGUAGE, description="An ISO 639 code, such as `en` or `pt-BR`.")]


class _Column(Strict):
    hidden: bool = False
    """Whether the column is used in templates but not stored."""


ClassNames = Annotated[
    Annotated[list[Value], Tag("<list>"), Field(min_length=1, max_length=10_000)]
    | Annotated[dict[str, Weight], Tag("<weights>"), Field(min_length=1, max_length=10_000)],
    either(
        "expected a list of class names, or a mapping of name: weight", list=is_a(list), weights=is_a(dict)
    ),
]


class ClassesFile(_Column):
    """A label; rows are balanced over the classes."""

    classes: ClassNames
    """The names, or a mapping of name: weight."""


class LabelsFile(_Column):
    """Several labels for each row, without order."""

    labels: ClassNames
    """The names, or a mapping of name: weight."""
    count: Annotated[list[Count], Field(min_length=2, max_length=2)] = Field(default_factory=lambda: [1, 1])
    """Fewest and most labels of a row."""


class SampleFile(_Column):
    """A value drawn for each row."""

    sample: Annotated[
        Annotated[ByChoices, Tag("<by>")] | Annotated[Choices, Tag("<choices>")],
        either("expected a list of values, or a mapping of value: weight", by=has("by"), choices=anything),
    ]
    """A list of values, a mapping of value: weight, `{file: ...}` with a value a line, or one of these per value."""


class RangeFile(Strict):
    """A range of numbers, both ends included."""

    min: Number
    max: Number
    step: Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False)] | None = None
    """Distance between two neighbours; 1 when `min` and `max` are whole, any float otherwise."""


class NumberFile(_Column):
    """A number drawn uniformly."""

    number: RangeFile


class ComputedFile(_Column):
    """A text made from other columns, without the model."""

    text: TextFile


class _Prompted(_Column):
    prompt: TextFile
    """What the model is told; `{{ column }}` puts another column's value in."""
    system: TextFile | None = None
    """The system message."""
    examples: ExamplesFile | None = None
    """Solved examples, shown before the prompt."""
    model: ModelOverride | None = None
    """Settings for this column only."""


class PromptFile(_Prompted):
    """A text that the model writes."""

    opening: TextFile | None = None
    """How the answer begins; the model goes on from there."""


class FieldFile(Strict):
    """One column of a structured answer."""

    type: Literal["string", "integer", "number", "boolean", "list"] | None = None
    """`list` is a list of texts. Left out when `classes` is given."""
    classes: Annotated[list[Value], Field(min_length=1, max_length=10_000)] | None = None
    """The allowed labels."""
    min: Number | None = None
    """Least number, fewest characters, or fewest items."""
    max: Number | None = None
    """Greatest number, most characters, or most items."""
    description: Annotated[str, Field(max_length=2_000)] = ""
    """Shown to the model."""
    hidden: bool = False
    """Whether the column is used in templates but not stored."""


FieldType = Literal["string", "integer", "number", "boolean", "list"]


class FieldsFile(_Prompted):
    """Several columns from one structured answer."""

    fields: dict[
        str,
        Annotated[
            Annotated[FieldType, Tag("<type>")] | Annotated[FieldFile, Tag("<field>")],
            either(
                "expected a type such as `string`, or a mapping with `type` or `classes`",
                type=is_a(str),
                field=is_a(dict),
            ),
        ],
    ] = Field(min_length=1, max_length=200)
    """The columns by name, each a type or a mapping."""


def _column_tag(value: object) -> str | None:
    kinds = [kind for kind in ("seed", "fields", *COLUMN_KINDS) if isinstance(value, dict) and kind in value]
    return f"<{kinds[0]}>" if kinds else None


ColumnFile = Annotated[
    Annotated[ClassesFile, Tag("<classes>")]
    | Annotated[LabelsFile, Tag("<labels>")]
    | Annotated[SampleFile, Tag("<sample>")]
    | Annotated[NumberFile, Tag("<number>")]
    | Annotated[SeedColumnFile, Tag("<seed>")]
    | Annotated[ComputedFile, Tag("<text>")]
    | Annotated[SpansFile, Tag("<spans>")]
    | Annotated[AnswerFile, Tag("<answer>")]
    | Annotated[PromptFile, Tag("<prompt>")]
    | Annotated[FieldsFile, Tag("<fields>")]
    | Annotated[MessagesFile, Tag("<messages>")]
    | Annotated[PreferenceFile, Tag("<preference>")]
    | Annotated[ChallengeFile, Tag("<challenge>")]
    | Annotated[PerturbFile, Tag("<perturb>")]
    | Annotated[ScoreFile, Tag("<score>")],
    Discriminator(_column_tag, custom_error_type="column_kind", custom_error_message="no kind"),
]


class SpecFile(Strict):
    """A prompt spec: a dataset that a language model writes."""

    name: Annotated[str, Field(pattern=NAME)]
    """Name of the dataset: lower-case letters, digits, `_` and `-`."""
    columns: Annotated[
        dict[str, ColumnFile],
        Field(min_length=1, max_length=1_000, json_schema_extra={"propertyNames": {"pattern": _COLUMN_NAME}}),
    ]
    """The columns in their order; each has exactly one kind."""
    splits: Annotated[
        dict[str, SplitFile],
        Field(min_length=1, max_length=1_000, json_schema_extra={"propertyNames": {"pattern": _SPLIT_NAME}}),
    ]
    """How many rows each split holds, all together or of each class, or `balance`."""
    model: Model
    """Which model answers."""
    version: Annotated[str, Field(pattern=VERSION)] = "1.0.0"
    """Semantic version of the dataset."""
    description: Annotated[str, Field(max_length=20_000)] = ""
    license: Annotated[str, Field(pattern=HUB_WORD)] | None = None
    """A license id of the Hub, such as `cc0-1.0`."""
    language: Annotated[
        Annotated[Language, Tag("<code>")] | Annotated[list[Language], Tag("<list>")],
        either("expected a language code such as `en`, or a list of them", code=is_a(str), list=is_a(list)),
    ] = Field(default_factory=list[str])
    """The language or languages of the texts."""
    task: Annotated[str, Field(pattern=HUB_WORD)] | None = None
    """A task category of the Hub, such as `text-classification`."""
    pretty_name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    tags: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(default_factory=list[str])
    card: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    """A file beside the spec: a template of the dataset card over the parts that are made anyway."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Another seed gives another dataset."""
    attempts: Annotated[int, Field(ge=1, le=1_000)] = 5
    """How often one column of one row is asked before the row counts as missing."""
    seeds: SeedsFile | None = None
    """Real rows that prompts may show."""
    balance: BalanceFile | None = None
    """Real rows that a split completes."""
    mix: MixFile | None = None
    """Real rows that splits hold beside the generated ones."""
    reviews: Annotated[str, Field(min_length=1)] | None = None
    """The file of what people decided about single rows, as `synth review` writes it."""
    bias: BiasFile | None = None
    """Attributes that the report looks at."""
    measures: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default_factory=list[str], max_length=32
    )
    """What the report measures besides: names, and measures of your own, which run with --run-measures only."""
    checks: dict[str, ChecksFile] = Field(default_factory=dict[str, ChecksFile])
    """What answers must hold, by column."""
    lists: dict[str, ListFile] = Field(default_factory=dict[str, ListFile], max_length=100)
    """Lists that the model writes once, for columns to sample from."""
    never: list[
        Annotated[
            Annotated[str, Tag("<template>"), Field(min_length=1)]
            | Annotated[dict[str, Value | list[Value]], Tag("<values>"), Field(min_length=1)],
            either(
                "expected {COLUMN: value or list of values, ...}, or a template that holds for such rows",
                template=is_a(str),
                values=is_a(dict),
            ),
        ]
    ] = Field(default_factory=list, max_length=1_000)
    """Combinations of drawn values that no row may have; such rows are drawn again."""


@lru_cache(maxsize=1)
def _schema() -> dict[str, object]:
    schema = SpecFile.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "synth_datasets spec",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of a spec file, for editors; what names refer to is left to `parse_spec`."""
    return dict(_schema())


def keys_of(kind: str) -> list[str]:
    """Return the keys of a mapping that the schema knows by the name of its class, such as `UserFile`."""
    definitions = cast("Mapping[str, Mapping[str, Mapping[str, object]]]", _schema()["$defs"])
    return list(definitions[kind]["properties"])


def column_name_ok(name: str) -> bool:
    """Whether a column may be called so."""
    return re.fullmatch(_COLUMN_NAME, name) is not None


def split_name_ok(name: str) -> bool:
    """Whether a split may be called so, which is what `datasets` allows, in ASCII."""
    return re.fullmatch(_SPLIT_NAME, name) is not None
