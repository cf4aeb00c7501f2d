"""Why an answer is rejected: the closed set of reasons, each with a sentence and what to change."""

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["REASONS", "Reason"]


class Reason(StrEnum):
    """A reason by its snake_case name, in the order in which `judge` looks for them; the first one counts."""

    sentence: str
    """What happened, for a person."""
    hint: str
    """What to change in the spec."""

    def __new__(cls, name: str, sentence: str, hint: str) -> "Reason":
        """Make a member that is its name and carries what to say about it."""
        reason = str.__new__(cls, name)
        reason._value_ = name
        reason.sentence = sentence
        reason.hint = hint
        return reason

    ENDPOINT_ERROR = (
        "endpoint_error",
        "The endpoint failed on this request, time after time.",
        "look at the endpoint's log; lower `max_tokens` or the concurrency if it is overloaded",
    )
    CONTEXT_TOO_LONG = (
        "context_too_long",
        "Prompt and answer together are longer than the model can read.",
        "shorten the prompt or its examples, or lower `max_tokens`",
    )
    CONTENT_FILTER = (
        "content_filter",
        "The endpoint's content filter withheld the answer.",
        "reword the prompt, or leave out the values that set the filter off",
    )
    REFUSAL = (
        "refusal",
        "The model declined to answer.",
        "reword the prompt, give an `opening` or an example answer; `refusals: keep` switches the check off",
    )
    EMPTY = (
        "empty",
        "The answer holds no text.",
        "raise `max_tokens` (thinking models spend it before they answer) or reword the prompt",
    )
    BAD_CHARACTERS = (
        "bad_characters",
        "The answer holds control characters, broken characters or half surrogates.",
        "lower `temperature`; if it stays, the model or its endpoint decodes text wrongly",
    )
    UNPARSABLE = (
        "unparsable",
        "The answer is no JSON object, even when read leniently.",
        "use an endpoint with structured outputs, or show an example answer in JSON",
    )
    WRONG_SHAPE = (
        "wrong_shape",
        "A field is missing or has the wrong type.",
        "describe the field (`description`), or show an example answer with all fields",
    )
    UNKNOWN_LABEL = (
        "unknown_label",
        "The answer's label is not among the classes.",
        "name the classes in the prompt, or use an endpoint with structured outputs",
    )
    OUT_OF_RANGE = (
        "out_of_range",
        "A number lies outside its range.",
        "say the range in the prompt or in the field's `description`, or widen `min` and `max`",
    )
    BOILERPLATE = (
        "boilerplate",
        "The answer holds chat around the text, a placeholder, or markup that the prompt does not show.",
        "ask for the text only, or give an `opening` or an example; forms that the prompt shows are accepted",
    )
    REPETITION = (
        "repetition",
        "The answer repeats itself over and over.",
        "lower `max_tokens`, raise `frequency_penalty` or `repeat_penalty`; `repetition: keep` accepts it",
    )
    CUT_OFF = (
        "cut_off",
        "The answer met `max_tokens` before it was complete.",
        "raise `max_tokens`, or ask for a shorter text",
    )
    TOO_SHORT = (
        "too_short",
        "The answer is shorter than `length`, `words` or `min` ask for.",
        "ask for more in the prompt, or lower the least in `checks` or `min`",
    )
    TOO_LONG = (
        "too_long",
        "The answer is longer than `length`, `words` or `max` allow.",
        "ask for less in the prompt, lower `max_tokens`, or raise the most in `checks` or `max`",
    )
    WRONG_TURNS = (
        "wrong_turns",
        "The roles of a dialogue do not alternate, or it has more or fewer messages than are planned.",
        "show an example, plan fewer `turns`, or make the dialogue turn by turn with a `user` and an `assistant`",
    )
    REPEATED_TURN = (
        "repeated_turn",
        "A turn says again what was said before in the dialogue.",
        "raise `temperature`, plan fewer `turns`, or give the parts more to talk about",
    )
    ENDED_EARLY = (
        "ended_early",
        "The user ended the dialogue before it had the fewest messages that are planned.",
        "say in the user's `system` when to end it, or lower the least of `turns`",
    )
    SAME_ANSWERS = (
        "same_answers",
        "The two answers of a preference pair say the same.",
        "raise the `temperature` of one of them, or give `first` and `second` different models or systems",
    )
    UNDECIDED = (
        "undecided",
        "The judge prefers neither answer, or another one when their order is exchanged.",
        "make the rubric plainer, use a stronger judge, or let the answers differ more",
    )
    BROKEN_MARKS = (
        "broken_marks",
        "The marks around mentions cannot be read.",
        "show the notation in an example answer: [Berlin](place), with each label in round brackets",
    )
    MISSING_MENTION = (
        "missing_mention",
        "The text does not mention a value that its row holds.",
        "ask for the words as they are, in the same form; list the values as a sentence would hold them",
    )
    UNKNOWN_MENTION = (
        "unknown_mention",
        "A quote is not in the text, or the text mentions a known value that its row does not hold.",
        "ask for quotes copied letter by letter; ask for texts that mention nothing else",
    )
    AMBIGUOUS_MENTION = (
        "ambiguous_mention",
        "It is not certain which part of the text is meant.",
        "have mentions written as they are listed, and once; let `sentence` tell answers apart",
    )
    OVERLAPPING_SPANS = (
        "overlapping_spans",
        "Two mentions overlap, or one is found inside another only.",
        "leave out values that are part of other values, and ask for marks that do not hold marks",
    )
    NOTHING_TO_PICK = (
        "nothing_to_pick",
        "The text holds nothing, once, of the kind that is picked as an answer.",
        "ask for a text with numbers or names in it, or pick a `sentence`",
    )
    TOO_SIMILAR = (
        "too_similar",
        "The text is nearly the one that it must differ from.",
        "ask for other words, raise `temperature`, or raise the limit in `differs_from`",
    )
    ECHO = (
        "echo",
        "The answer repeats the prompt or one of its examples.",
        "reword the prompt or vary its examples; `echo: keep` switches the check off",
    )
    WRONG_LANGUAGE = (
        "wrong_language",
        "The text is not in the language that is asked for.",
        "ask for the language in that language (`by: language`), or use a model that writes it",
    )
    PERSONAL_DATA = (
        "personal_data",
        "The text holds what looks like personal data: an address, or the number of a telephone, a card or an account.",
        "ask for invented ones that are reserved for examples (example.com, 555-0100), or `personal_data: keep`",
    )
    READABILITY = (
        "readability",
        "The text is harder or easier to read than `readability` in `checks` asks for.",
        "say for whom the text is, or how long its sentences are; or widen the bounds",
    )
    OFF_PROMPT = (
        "off_prompt",
        "The text has fewer words in common with its prompt than `similarity_to_prompt` asks for, or more.",
        "name the subject in the prompt in the words that a good text holds, or widen the bounds",
    )
    TEST_COPY = (
        "test_copy",
        "The text holds part of the test set that `contamination` in `checks` names.",
        "ask for new texts and show no test row in prompts; set phrases of 13 words are told as well",
    )
    TOXICITY = (
        "toxicity",
        "A classifier of insults takes the text for offensive, as surely as `toxicity` in `checks` says.",
        "ask for polite words, or raise the probability; it sees words, and not what they are said of",
    )
    GRAMMAR = (
        "grammar",
        "A checker finds more mistakes in the text than `grammar` in `checks` allows.",
        "lower `temperature` or ask for careful English; it takes unknown names for misspelled, so allow some",
    )
    PERPLEXITY = (
        "perplexity",
        "The model that read the text was less or more surprised than `perplexity` in `checks` allows.",
        "read the rejected texts: a low figure is a stock phrase or a loop, a high one word salad or rare words; "
        "short texts have high figures, so widen the bounds, or ask for longer texts",
    )
    LOW_SCORE = (
        "low_score",
        "A judge gave the text a lower score than `min` in `checks` asks for.",
        "read the rejected texts and the rubric; mend the prompt, or lower the least score",
    )
    LABEL_DISAGREEMENT = (
        "label_disagreement",
        "Those who saw the text alone would label it otherwise.",
        "make the prompt of the class plainer, or drop classes that overlap; `on_disagreement: keep` only records it",
    )
    SEED_COPY = (
        "seed_copy",
        "The text copies a real row, or nearly so.",
        "ask for a new text in the prompt and show more than one seed; `seed_copy: keep` or a higher share accepts it",
    )
    UNPERTURBED = (
        "unperturbed",
        "No perturbation of a `perturb` column changes the text.",
        "add one to `using` that changes any text, such as `case` or `whitespace`",
    )
    REVIEWED = (
        "reviewed",
        "A person who read the row rejected it.",
        "read what was rejected and mend the prompt; `synth review` takes a decision back",
    )
    DUPLICATE = (
        "duplicate",
        "Another row holds the same text.",
        "raise `temperature`, or sample more values into the prompt so that rows differ",
    )
    NEAR_DUPLICATE = (
        "near_duplicate",
        "Another row holds nearly the same text.",
        "raise `temperature`, sample more values into the prompt, or raise the limit of `unique` "
        "(`{near: 0.8}`; 0.7 unless said)",
    )
    SEMANTIC_DUPLICATE = (
        "semantic_duplicate",
        "Another row says the same in other words, as far as a sum of word vectors tells.",
        "sample more values into the prompt, or raise the limit of `unique` (`{semantic: 0.9}`; 0.85 unless said); "
        "it is blind to order and to a `not`",
    )


REASONS: Mapping[str, Reason] = {reason.value: reason for reason in Reason}
"""Every reason by its name."""
