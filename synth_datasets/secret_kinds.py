"""What keys and tokens look like, by what their providers document; to find them, and to keep them out of messages.

A kind has an anchor, a short pattern that every such secret holds: a fast engine looks for anchors, and only texts that
hold one are read with care. Own patterns rather than a library's: the best-kept one misses a third of these kinds and
takes 8 s for 100,000 short texts, where these take a tenth of a second.
"""

import re
from collections.abc import Iterator
from functools import cache

__all__ = ["ANCHORS", "find_secrets", "without_secrets"]

_KINDS: tuple[tuple[str, str, str], ...] = (
    ("an Anthropic key", "sk-ant-", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    ("an OpenAI-style key", "sk-", r"\bsk-(?:[A-Za-z0-9]+-)*(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{20,}"),
    ("a Hugging Face token", "hf_|api_org_", r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    ("an AWS key id", "AKIA|ASIA", r"\b(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b"),
    (
        "an AWS secret key",
        "(?i:secret_?access_?key)",
        r"(?i:secret_?access_?key)[\"']?\s*[:=]\s*[\"']?(?![A-Za-z0-9/+]*EXAMPLE)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    ),
    ("a Google key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a Google OAuth secret", "GOCSPX-|ya29[.]", r"\b(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,})"),
    (
        "an Azure account key",
        "AccountKey=|SharedAccessKey=",
        r"\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}",
    ),
    (
        "an Azure client secret",
        "[0-9]Q~",
        r"(?<![\w~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~.-])",
    ),
    ("an Azure AI key", "JQQJ9", r"\b[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{22,27}\b"),
    ("an Azure shared access signature", "[?&]sig=", r"[?&]sig=[A-Za-z0-9%+/]{43,}"),
    (
        "a GitHub token",
        "gh[pousr]_|github_pat_",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    ),
    (
        "a GitLab token",
        "gl[a-z]+-",
        r"\bgl(?:pat|dt|rt|rtr|ptt|ft|oas|cbt|imt|soat|agent|ffct)-[A-Za-z0-9_.-]{20,}",
    ),
    ("a Slack token", "xox[abeoprs]-|xapp-", r"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}"),
    (
        "a Slack webhook",
        "hooks[.]slack[.]com",
        r"\bhooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{30,}",
    ),
    (
        "a Stripe key",
        "[srp]k_(live|test)_|whsec_",
        r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{32,})",
    ),
    ("a Twilio key", "SK[0-9a-f]{8}", r"\bSK[0-9a-f]{32}\b"),
    ("a SendGrid key", "SG[.]", r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"),
    (
        "a Mailgun key",
        "key-[0-9a-f]{8}|-[0-9a-f]{8}-[0-9a-f]{8}",
        r"\b(?:key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\b",
    ),
    ("a Mailchimp key", "-us[0-9]", r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a PyPI token", "pypi-", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    ("a Docker token", "dckr_", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}"),
    ("a Telegram bot token", "[0-9]:AA", r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    (
        "a Discord token",
        "[MNO][A-Za-z0-9_-]{23,27}[.][A-Za-z0-9_-]{6}[.]",
        r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
    ),
    ("a Discord webhook", "api/webhooks/", r"\bdiscord(?:app)?\.com/api/webhooks/\d{10,}/[A-Za-z0-9_-]{40,}"),
    ("a DigitalOcean token", "do[opr]_v1_", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("a Databricks token", "dapi[0-9a-f]{8}", r"\bdapi[0-9a-f]{32}(?:-\d)?\b"),
    ("a Groq key", "gsk_", r"\bgsk_[A-Za-z0-9]{40,}"),
    ("an xAI key", "xai-", r"\bxai-[A-Za-z0-9]{60,}"),
    ("a Replicate token", "r8_", r"\br8_[A-Za-z0-9]{37}\b"),
    ("a Perplexity key", "pplx-", r"\bpplx-[A-Za-z0-9]{40,}"),
    ("an NVIDIA key", "nvapi-", r"\bnvapi-[A-Za-z0-9_-]{60,}"),
    ("a LangSmith key", "lsv2_", r"\blsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}\b"),
    ("a Notion token", "ntn_", r"\bntn_[A-Za-z0-9]{40,}"),
    ("a Linear key", "lin_api_", r"\blin_api_[A-Za-z0-9]{40}\b"),
    ("a Shopify token", "shp[a-z]{2}_", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    ("a Square token", "sq0|EAAA", r"\bsq0(?:atp|csp)-[A-Za-z0-9_-]{22,}"),
    ("a Vault token", "hvs[.]", r"\bhvs\.[A-Za-z0-9_-]{24,}"),
    ("a Terraform token", "atlasv1", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}"),
    ("a Grafana token", "glsa_|glc_", r"\b(?:glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}|glc_[A-Za-z0-9+/]{32,})"),
    ("a New Relic key", "NRAK-", r"\bNRAK-[A-Z0-9]{27}\b"),
    ("an Atlassian token", "ATATT3|ATCTT3", r"\bAT[AC]TT3[A-Za-z0-9_=-]{60,}"),
    ("a Supabase token", "sbp_", r"\bsbp_[0-9a-f]{40}\b"),
    ("an age key", "AGE-SECRET-KEY-1", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    (
        "a private key",
        "PRIVATE KEY|PuTTY-User-Key-File",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[\s\S]{0,20000}?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----)?|PuTTY-User-Key-File-\d",
    ),
    ("a JSON Web Token", "eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    (
        "an Authorization header",
        "(?i:authorization)",
        r"(?i:\bauthorization)[\"']?\s*[:=]\s*[\"']?(?i:basic|bearer)\s+[A-Za-z0-9+/._~-]{20,}=*",
    ),
    (
        "credentials in a URL",
        "://[^ /]*:[^ /]*@",
        r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}]+:(?!(?:pass|password|passwd|pw|pwd|secret|[.*x]+|<[^\s>]*>|\$[A-Z_]+)@)"
        r"[^\s/@{}]{3,}@[^\s/]+",
    ),
)

ANCHORS = "|".join(anchor for _, anchor, _ in _KINDS)
"""A pattern, in the words that RE2 and `re` share, that every text with a secret matches."""


def find_secrets(text: str) -> Iterator[tuple[int, str]]:
    """Yield position and kind of everything that looks like a secret; never the secret."""
    for match in _patterns().finditer(text):
        yield match.start(), _KINDS[int(str(match.lastgroup)[1:])][0]


def without_secrets(text: str) -> str:
    """Return the text with the kind in place of everything that looks like a secret."""
    return _patterns().sub(lambda match: f"[{_KINDS[int(str(match.lastgroup)[1:])][0]}]", text)


@cache
def _patterns() -> re.Pattern[str]:
    # Compiled when it is first needed: it takes longer than a short command has.
    return re.compile("|".join(f"(?P<k{index}>{kind[2]})" for index, kind in enumerate(_KINDS)))
