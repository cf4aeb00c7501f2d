"""How dialogues and preference pairs are put together from what models said."""

from dataclasses import dataclass

__all__ = [
    "AsksRule",
    "ChoiceRule",
    "ConstantRule",
    "DialogueRule",
    "DialogueRules",
    "LengthRule",
    "MessagesRule",
    "PlaceRule",
    "QuestionRule",
    "SaidRule",
    "TaskRule",
    "Verdicts",
]


@dataclass(frozen=True, slots=True)
class LengthRule:
    """How many messages a row's dialogue has: an even number from `least` to `most`, all alike likely."""

    least: int
    most: int

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class AsksRule:
    """Whether turn number `turn` is taken: it is planned, and the user has not ended the dialogue."""

    turn: int
    length: str
    """The column that says how many messages are planned."""
    heard: str
    """The column of what was said just before; an empty text ends the dialogue."""
    user: str = ""
    """The answer of the model that played the user last; empty where none did."""
    ends: tuple[str, ...] = ()
    """What ends the dialogue when the user says it."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset({self.length, self.heard, self.user} - {""})


@dataclass(frozen=True, slots=True)
class SaidRule:
    """What the user said in turn number `turn`, without the marks of an end; empty when there was nothing else."""

    turn: int
    answer: str
    """The model column."""
    least: int
    """Fewest messages of the dialogue."""
    ends: tuple[str, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset({self.answer})


@dataclass(frozen=True, slots=True)
class DialogueRule:
    """A dialogue out of its turns, the user's and the assistant's alternately."""

    turns: tuple[str, ...]
    """The columns of the turns; empty texts are turns that were not taken."""
    system: str
    """The column of the system message to store; empty: none is stored."""
    asked: str
    """The model column that is asked again when the dialogue repeats another row's."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset({*self.turns, self.system} - {""})


@dataclass(frozen=True, slots=True)
class TaskRule:
    """What a model is told that writes a whole dialogue."""

    prompt: str
    system: str
    """The column of the assistant's instructions; empty: there are none."""
    length: str

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset({self.prompt, self.system, self.length} - {""})


@dataclass(frozen=True, slots=True)
class MessagesRule:
    """A dialogue out of one structured answer."""

    messages: str
    """The column with the list of roles and contents."""
    system: str
    """As in `DialogueRule`."""
    least: int
    most: int
    asked: str
    """The model column that has answered."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset({self.messages, self.system} - {""})


@dataclass(frozen=True, slots=True)
class ConstantRule:
    """The same text in every row, taken as it is."""

    text: str

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """Whether the judge sees the second answer first: drawn for each row."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The two answers of a pair, and what the judge has said of them."""

    first: str
    second: str
    better: tuple[tuple[str, bool], ...]
    """Column of each verdict, and whether the second answer was shown first there."""
    place: str = ""
    """The column that says which answer is shown first, where that differs from row to row."""


@dataclass(frozen=True, slots=True)
class QuestionRule:
    """What the judge is asked about two answers."""

    rubric: str
    prompt: str
    system: str
    """The column of the system message; empty: there is none."""
    verdicts: Verdicts
    """Those given before this question."""
    swapped: bool
    """Whether the second answer is shown first."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        before = {name for name, _ in self.verdicts.better}
        texts = {self.rubric, self.prompt, self.system, self.verdicts.place}
        return frozenset({*texts, self.verdicts.first, self.verdicts.second, *before} - {""})


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """A stored column of a preference pair."""

    part: str
    """`prompt`, `chosen` or `rejected`."""
    prompt: str
    system: str
    """As in `DialogueRule`."""
    verdicts: Verdicts
    plain: bool
    """Whether texts are stored, and not lists of messages."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        if self.part == "prompt":
            return frozenset({self.prompt, self.system} - {""})
        verdicts = {name for name, _ in self.verdicts.better}
        return frozenset({self.verdicts.first, self.verdicts.second, self.verdicts.place, *verdicts} - {""})


DialogueRules = (
    AsksRule
    | ChoiceRule
    | ConstantRule
    | DialogueRule
    | LengthRule
    | MessagesRule
    | PlaceRule
    | QuestionRule
    | SaidRule
    | TaskRule
)
