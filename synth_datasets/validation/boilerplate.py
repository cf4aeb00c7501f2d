"""Chat around a text, placeholders and leaked markup: what an answer holds besides what was asked for."""

# ruff: noqa: E501, RUF001 - patterns are read as whole lines, and quotes come in two kinds

import re
from collections.abc import Collection, Iterable

__all__ = ["find_boilerplate"]

_REACH = 100_000
"""Characters that are looked at."""

_KIND_OF_TEXT = (
    r"(?:reviews?|examples?|samples?|texts?|responses?|answers?|rewrit(?:e|ten)|versions?|drafts?|descriptions?|e-?mails?"
    r"|messages?|stor(?:y|ies)|sentences?|paragraphs?|posts?|comments?|questions?|tweets?|dialogues?|conversations?"
    r"|summar(?:y|ies)|translations?|json|outputs?|lists?|snippets?|attempts?)"
)
_YES = r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|great|no problem|yes)"
_START = {
    "a preamble": (
        rf"(?:{_YES}[!,.:]*\s+)?(?:here|below)(?:'s| is| are)\s+(?:[\w'-]+\s+){{0,8}}?{_KIND_OF_TEXT}\b"
        r"[^\n.!?]{0,120}(?::|[.!]?\s*\n|[.!]?\Z)"
        rf"|{_YES}[!,.:]*\s+(?:here|below)(?:'s| is| are)\b[^\n.!?]{{0,120}}:"
        rf"|(?:{_YES}[!,.:]*\s+)?i(?:'d| would| will|'ll| can)(?: be (?:happy|glad|delighted) to)? (?:gladly )?"
        r"(?:help you|help with that|assist|write|provide|create|generate|rewrite)\b(?= (?:you|with|an?|the|that|this|some)\b)"
        rf"|{_YES}[!,.:]*\s+i(?:'d| would) be (?:happy|glad|delighted) to (?:help|assist)\b|{_YES}[!.]\s*\n"
    ),
    "a label before the text": (
        r"(?:\#{1,6}\s*)?\*{0,2}(?:title|subject|(?:product |customer |user )?review|text|answer|response|output|rating"
        r"|sentiment|label|prompt|assistant|user|human|system|ai)\*{0,2}\s?:"
    ),
    "a heading": r"\#{1,6}\s",
}
_ANYWHERE = {
    "a code fence": r"```",
    "chat markup": (
        r"<\|[\w]{1,30}\|>|</?s>|\[/?INST\]|<</?SYS>>|</?think>|<(?:start|end)_of_turn>"
        r"|\n(?:user|assistant|human|system|ai)\s?:|\n\#{2,3}\s*(?:instruction|response|input)\b"
    ),
    "a placeholder": (
        r"\[(?:your|insert|enter|add|product|company|brand|customer|reviewer|recipient|sender|name|date|model|city|store"
        r"|number|price|link|url|email|address|phone|title|topic|specific|mention|describe|placeholder)\b[^\]\n]{0,60}\](?!\()"
        r"|\{\{[^}\n]{0,60}\}\}|\{[a-z]+(?:_[a-z]+)+\}|<(?:product|name|your|insert)[ _-]?[a-z]*>"
        r"|\blorem ipsum\b"
    ),
    "an offer of more": (
        r"(?:\A|[.!?\n])\s*(?:please )?(?:let me know if you(?:'d| would)?|feel free to let me know|would you like me to)"
        r" ?(?:like|need|want|have any (?:other|further|more|questions)|prefer|if)?"
        r"(?: me| any| another| a different| further| more| changes| help| to)+\b[^\n]{0,80}\Z"
    ),
}
_PATTERNS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        *((kind, rf"\A[\s\"'*]*(?:{pattern})") for kind, pattern in _START.items()),
        *_ANYWHERE.items(),
    )
)
_STARTING, _HELD = _PATTERNS[: len(_START)], _PATTERNS[len(_START) :]
_FIRST_WORD = re.compile(
    r"[\s\"'*]*(?:\#|(?:sure|yes|certainly|of|absolutely|ok|okay|great|no|here|below|i|title|subject|product|customer|user"
    r"|review|text|answer|response|output|rating|sentiment|label|prompt|assistant|human|system|ai)\b)",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"[`<\[{]|\n\s*(?:user|assistant|human|system|ai|\#)|lorem|let me know|would you like", re.IGNORECASE
)


def find_boilerplate(text: str, told: Iterable[str], *, kinds: Collection[str] = ()) -> str:
    """Return what was found and the words, such as `a preamble: Sure! Here is`; else ''.

    A form that the model was told, in the prompt or in an example answer, is what was asked for: with
    ```` ``` ```` in an example, code fences are accepted. With `kinds`, such as `a placeholder`, only those are found.
    """
    plain = text[:_REACH].replace("’", "'")
    patterns = _STARTING if _FIRST_WORD.match(plain) else ()
    for kind, pattern in (*patterns, *_HELD) if _signs(plain) else patterns:
        if kinds and kind not in kinds:
            continue
        found = pattern.search(plain)
        if found and not _told(found.group().strip(), told):
            return f"{kind}: {' '.join(found.group().split())[:80]}"
    return ""


def _signs(plain: str) -> bool:
    """Whether one of the patterns that match anywhere may match: without a sign none can."""
    if not plain.isascii():
        return bool(_SIGN.search(plain))
    if "`" in plain or "<" in plain or "[" in plain or "{" in plain or "\n" in plain:
        return bool(_SIGN.search(plain))
    folded = plain.lower()
    return "lorem" in folded or "let me know" in folded or "would you like" in folded


def _told(words: str, told: Iterable[str]) -> bool:
    return any(words.casefold() in message.replace("’", "'").casefold() for message in told)
