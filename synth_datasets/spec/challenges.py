"""The slices that a `challenge` column knows: what a prompt says for each."""

from collections.abc import Mapping

__all__ = ["CHALLENGES"]

CHALLENGES: Mapping[str, str] = {
    "plain": "Use plain, everyday language.",
    "slang": "Write in casual slang, the way friends text each other; keep it understandable.",
    "dialect": "Write in a regional dialect, with its own words and spellings instead of the standard language.",
    "typos": "Write it hastily on a phone: leave several spelling mistakes and missing letters in, uncorrected.",
    "rare_words": "Use rare, precise and unusual words that seldom occur in everyday texts, and use them correctly.",
    "long_sentences": (
        "Write one or two very long sentences with several nested clauses, so that the main point comes late."
    ),
    "negation": (
        "Say the important things by negation, such as what something is not, never does, or is far from being; the "
        "overall meaning stays as asked."
    ),
    "sarcasm": (
        "Be sarcastic: say the opposite of what is meant in a mocking tone, so that a careful reader still sees what "
        "is meant. What is meant stays as asked."
    ),
    "code_switching": (
        "Switch between two languages within the text, as bilingual people do; the meaning stays clear as a whole."
    ),
    "numbers_and_units": "Make the point with concrete numbers, amounts, dates and units of measurement.",
    "emoji": "Use several emoji, some of them instead of words.",
    "distractors": (
        "Mention something that points to the opposite conclusion on the way, such as what others say, a hope or an "
        "earlier experience; the overall meaning stays as asked."
    ),
    "fragments": "Write very short: a few words or fragments without complete sentences.",
}
"""Instruction by name; none of them changes which label is right."""
