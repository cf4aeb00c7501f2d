"""Text of rows as a report shows it: short, and harmless to encode."""

__all__ = ["LIMIT", "PHRASE", "clip"]

LIMIT = 400
PHRASE = 80


def clip(text: str, limit: int = LIMIT) -> str:
    """Return the beginning of a long text with a note of how much is left out; lone surrogates become `?`."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= limit:
        return text
    return f"{text[:limit].rstrip()} … [{len(text) - limit:,} more characters]"
