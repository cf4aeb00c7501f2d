"""Whether a text is a model's refusal; a reviewer who "can't recommend it" does not refuse."""

# ruff: noqa: E501, RUF001 - patterns are read as whole lines, and hold the quotes and commas of many scripts

import re

__all__ = ["find_refusal", "is_refusal"]

_REACH = 4000
"""Characters from the beginning that are looked at: models refuse early."""

_CANNOT = (
    r"(?:i|we)(?: am|'m| are|'re)? ?(?:(?:really |simply |just )?(?:can ?not|can't|could not|couldn't|(?:won't|will not)(?: be able to)?)"
    r"|(?:not able|unable|not allowed|not permitted|not programmed|not comfortable|not going) ?(?:to|with)?"
    r"|(?:must|have to|need to)(?: respectfully| politely)? decline(?: to)?|do not feel comfortable|don't feel comfortable)"
)
# What only somebody who was asked for a text declines to do.
_SERVE = (
    r"(?:fulfil+|comply|assist|accommodate|satisfy|grant|(?:help|provide) (?:you |with )"
    r"|engage in|respond to (?:that|this|your)|answer (?:that|this|your)|discuss (?:that|this|such)"
    r"|do (?:that|this) for you"
    r"|(?:generate|create|write|produce|provide|compose|complete|continue|share|offer)(?: you)?(?: with)?"
    r" (?:an? |any |the |that |this |such |your |[a-z]+ing )?(?:[a-z'-]+ ){0,4}?"
    r"(?:reviews?|content|texts?|requests?|respon[cs]es?|stor(?:y|ies)|e-?mails?|messages?|information|material"
    r"|conversations?|dialogues?|tasks?|prompts?|examples?|language|statements?)(?! (?:\w+ )?enough))\b"
)
# After an apology a word for it is enough.
_BARE = r"(?:do|write|create|generate|provide|produce|continue with|help with) (?:that|this)\b(?! \w)"
_SORRY = (
    r"(?:i am|i'm|we are|we're)(?: \w+)? sorry|(?:my |our |sincere |my sincere )?apologies|i apologi[sz]e|sorry"
    r"|unfortunately|regrettably|i'm afraid|i am afraid"
)
_MACHINE = (
    r"(?:as|since i am|since i'm|i am|i'm|being)(?: just| only| merely| simply)? an? "
    r"(?:responsible |helpful |large |virtual |text-based )*"
    r"(?:ai\b(?! (?:engineer|researcher|student|developer|enthusiast|expert|company))|artificial intelligence\b"
    r"|language model|llm\b|chatbot|(?:virtual|digital|ai) assistant)"
)
_START = r"(?:\A|(?<=[.!?\n]))\s*[\"'*(]*"
_PATTERNS = (
    _START + rf"{_MACHINE}",
    _START + rf"(?:{_SORRY})[,.:;!]? (?:but |that )?(?:as an? [\w -]{{1,30}},? )?{_CANNOT} (?:{_SERVE}|{_BARE})",
    _START + rf"{_CANNOT} {_SERVE}",
    _START + r"i (?:don't|do not) have (?:any )?personal (?:opinions|experiences?|feelings|beliefs|preferences)",
    _START + r"(?:that|this|your) request (?:goes against|violates|is against)",
    _START + r"it (?:is|would be) (?:not appropriate|inappropriate|unethical|against my) [\w ]{0,30}(?:generate|create|write|programming|guidelines)",
    _START + r"(?:lo siento|lamento)[, ]+(?:pero )?(?:como|no puedo (?:ayudar|cumplir|proporcionar|generar|crear|escribir|asistir))",
    _START + r"(?:es tut mir leid|tut mir leid|entschuldigung)[, ]+(?:aber )?(?:als ki|ich kann (?:dabei|ihnen|dir|diese|keine)[\w ]{0,40}(?:helfen|erstellen|schreiben|anfrage))",
    _START + r"(?:je suis désolée?|désolée?)[, ]+(?:mais )?(?:en tant qu|je ne (?:peux|suis) (?:pas )?(?:en mesure de )?(?:vous aider|fournir|répondre|générer|créer|écrire))",
    r"(?:抱歉|对不起|很抱歉)[,， ]?(?:但)?(?:作为|我(?:无法|不能)(?:提供|满足|协助|回答|生成|创建|帮助))",
    r"(?:申し訳(?:ありません|ございません)|すみません)[がけ、,\w]{0,4}(?:その|この|お手伝い|お答え|ご要望|リクエスト)",
)  # fmt: skip
_REFUSAL = re.compile("|".join(_PATTERNS), re.IGNORECASE)
# A quick look: without one of these no pattern can match. Each is looked for only where the piece before it is there.
_HINTS = {
    "not": (
        *("cannot", "can not", "could not", "will not", "not able", "not allowed", "not permitted"),
        *("not programmed", "not comfortable", "not going"),
    ),
    "n't": ("can't", "couldn't", "won't"),
    "ento": ("siento", "lamento"),
    "comfortable": ("feel comfortable",),
    "language": ("language model",),
    "helpful": ("a helpful",),
    "responsible": ("a responsible",),
    "against": ("against my",),
    **{
        hint: (hint,)
        for hint in (
            *(
                "unable",
                "decline",
                "an ai",
                "artificial",
                "llm",
                "chatbot",
                "assistant",
                "request",
                "appropriate",
            ),
            *(
                "unethical",
                "personal",
                "leid",
                "entschuldigung",
                "désol",
                "抱歉",
                "对不起",
                "申し訳",
                "すみません",
            ),
        )
    },
}
# A quicker one, for folded ASCII: how a sentence begins in all the patterns.
_FIRST_WORDS = (
    r"(?:as (?:just |only |merely |simply )?an? |since i|being |(?:my |our )?(?:sincere )?apolog|sorry|unfortunately|regrettably"
    r"|(?:i|we)(?:'| ?(?:am|are|really|simply|just|can|could|w[io]|not|unable|must|have|need|do|apolog))"
    r"|(?:that|this|your) request|it (?:is|would be) (?:not app|inapp|uneth|against)"
    r"|lo s|lament|es tut|tut mir|entsch|je s)"
)
_AT_START = re.compile(rf"\s*[\"'*(]*{_FIRST_WORDS}")
# Folds ASCII, and makes all ends of sentences alike.
_SENTENCES = bytes.maketrans(b"!?\nABCDEFGHIJKLMNOPQRSTUVWXYZ", b"...abcdefghijklmnopqrstuvwxyz")


def is_refusal(text: str) -> bool:
    """Whether the text begins with a refusal or holds one as a sentence; see `find_refusal`."""
    return bool(find_refusal(text))


def find_refusal(text: str) -> str:
    """Return the words that refuse, at the beginning or as a sentence of the first 4,000 characters; else ''.

    Knows what instruction-tuned models say in English and the set phrases of five more languages. It asks for
    an apology or an inability *and* a service that is declined, so real reviews stay what they are.
    """
    start = text[:_REACH].replace("’", "'")
    if not _hinted(start):
        return ""
    found = _REFUSAL.search(start)
    return found.group().strip() if found else ""


def _hinted(start: str) -> bool:
    """Whether one of the patterns may match."""
    if start.isascii():
        sentences = start.encode("ascii").translate(_SENTENCES).decode("ascii").split(".")
        if not any(map(_AT_START.match, sentences)):
            return False
    folded = start.casefold()
    return any(piece in folded and any(hint in folded for hint in hints) for piece, hints in _HINTS.items())
