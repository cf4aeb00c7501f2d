"""How spans, their tags, and extractive answers are made of other columns."""

from dataclasses import dataclass

__all__ = [
    "AnnotationRule",
    "AnswerRule",
    "FindRule",
    "MarkRule",
    "PickRule",
    "PickedRule",
    "QuoteRule",
    "TagsRule",
    "UnmarkRule",
]


@dataclass(frozen=True, slots=True)
class FindRule:
    """The mentions of known values in a text."""

    text: str
    values: tuple[tuple[str, str], ...]
    """Column and label of each value."""
    known: tuple[tuple[str, str], ...]
    """Value and label of all that the columns can hold, as far as they are listed: no other may be mentioned."""
    labels: tuple[str, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.text, *(column for column, _ in self.values)])

    @property
    def blamed(self) -> str:
        """The column that is at fault when no value can be made."""
        return self.text


@dataclass(frozen=True, slots=True)
class MarkRule:
    """The mentions that a model marked as it wrote."""

    marked: str
    labels: tuple[str, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.marked])

    @property
    def blamed(self) -> str:
        """The column that is at fault when no value can be made."""
        return self.marked


@dataclass(frozen=True, slots=True)
class UnmarkRule:
    """The text of a marked one."""

    marked: str
    labels: tuple[str, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.marked])

    @property
    def blamed(self) -> str:
        """The column that is at fault when no value can be made."""
        return self.marked


@dataclass(frozen=True, slots=True)
class QuoteRule:
    """The mentions that a model quotes from a text."""

    text: str
    quotes: str
    labels: tuple[str, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.text, self.quotes])

    @property
    def blamed(self) -> str:
        """The column that is at fault when no value can be made."""
        return self.quotes


@dataclass(frozen=True, slots=True)
class TagsRule:
    """The words of a text, or their IOB2 tags; either way parted at the edges of the spans."""

    text: str
    spans: str
    labels: tuple[str, ...]
    tokens: bool
    """Whether it is the words that are wanted."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.text, self.spans])

    @property
    def blamed(self) -> str:
        """The column that is at fault when no value can be made."""
        return self.text


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """Where a text holds an answer, in the format of SQuAD."""

    context: str
    answer: str
    sentence: str = ""
    """The column that quotes what is around the answer; empty: none does."""
    answerable: str = ""
    """The column that says whether there is an answer; empty: there always is."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset(filter(None, [self.context, self.answer, self.sentence, self.answerable]))

    @property
    def blamed(self) -> str:
        """The column that is at fault when no value can be made."""
        return self.answer


@dataclass(frozen=True, slots=True)
class PickRule:
    """A stretch of the text, picked by the row's number, as an answer that a question can be asked for."""

    context: str
    what: str
    """`number`, `name` or `sentence`."""
    answerable: str = ""
    """As in `AnswerRule`."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset(filter(None, [self.context, self.answerable]))

    @property
    def blamed(self) -> str:
        """The column that is at fault when no value can be made."""
        return self.context


@dataclass(frozen=True, slots=True)
class PickedRule:
    """The text of the answer that was picked, for prompts."""

    answer: str

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.answer])

    @property
    def blamed(self) -> str:
        """The column that is at fault when no value can be made."""
        return self.answer


AnnotationRule = FindRule | MarkRule | UnmarkRule | QuoteRule | TagsRule | AnswerRule | PickRule | PickedRule
