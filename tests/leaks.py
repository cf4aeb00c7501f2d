"""One made-up key of each kind that a scan must find: in the form that its provider documents, and valid nowhere.

They are put together here, so that no scanner takes this file for a leak.
"""

__all__ = ["SECRETS"]

_MIXED = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA2bC4dE6fG8hJ1kL3mN5pQ7rS9tU1vW3xY5zA7bC9dE0fG2hJ4"
_HEX = "3f8a1c9e7b2d4056a8c1e3f5072b4d69" * 2
_UPPER = "K3M5N7P9Q2R4S6T8U0V2W4X6Y8Z1A3B5C7D9E1F3G5H7J9K2M4N6P8Q0R2S4T6U8V"

SECRETS: dict[str, tuple[str, str]] = {
    "OpenAI": ("an OpenAI-style key", "sk-" + "proj-" + _MIXED[:60]),
    "OpenAI, old": ("an OpenAI-style key", "sk-" + _MIXED[:48]),
    "Anthropic": ("an Anthropic key", "sk-" + "ant-api03-" + _MIXED + "AA"),
    "Hugging Face": ("a Hugging Face token", "hf" + "_" + _MIXED[:34]),
    "AWS id": ("an AWS key id", "AK" + "IA" + _UPPER[:16]),
    "AWS secret": ("an AWS secret key", "aws_secret_access" + "_key = " + _MIXED[:38] + "/+"),
    "Google API": ("a Google key", "AI" + "za" + _MIXED[:35]),
    "Google OAuth": ("a Google OAuth secret", "GOC" + "SPX-" + _MIXED[:28]),
    "Azure storage": ("an Azure account key", "Account" + "Key=" + _MIXED + "abc+/=="),
    "Azure client": ("an Azure client secret", "aB3" + "8Q" + "~" + _MIXED[:34]),
    "Azure signature": (
        "an Azure shared access signature",
        "https://x.blob.example/c?se=2030&" + "sig=" + _MIXED[:43] + "%3D",
    ),
    "GitHub classic": ("a GitHub token", "gh" + "p_" + _MIXED[:36]),
    "GitHub fine-grained": ("a GitHub token", "github" + "_pat_" + _MIXED[:22] + "_" + _MIXED[:59]),
    "GitLab": ("a GitLab token", "gl" + "pat-" + _MIXED[:20]),
    "Slack": ("a Slack token", "xo" + "xb-" + "123456789012-1234567890123-" + _MIXED[:24]),
    "Slack webhook": (
        "a Slack webhook",
        "https://hooks.slack" + ".com/services/T00000001/B00000001/" + _MIXED[:24],
    ),
    "Stripe": ("a Stripe key", "sk" + "_live_" + _MIXED[:24]),
    "Twilio": ("a Twilio key", "S" + "K" + _HEX[:32]),
    "SendGrid": ("a SendGrid key", "S" + "G." + _MIXED[:22] + "." + _MIXED[:43]),
    "npm": ("an npm token", "np" + "m_" + _MIXED[:36]),
    "PyPI": ("a PyPI token", "pyp" + "i-AgEIcHlwaS5vcmc" + _MIXED[:70]),
    "JWT": ("a JSON Web Token", "ey" + "JhbGciOiJIUzI1NiJ9." + "ey" + "JzdWIiOiIxMjM0In0." + _MIXED[:43]),
    "PEM": (
        "a private key",
        "-----BEGIN RSA " + "PRIVATE KEY-----" + _MIXED[:64] + "-----END RSA " + "PRIVATE KEY-----",
    ),
    "SSH": (
        "a private key",
        "-----BEGIN OPENSSH " + "PRIVATE KEY-----" + _MIXED[:64] + "-----END OPENSSH " + "PRIVATE KEY-----",
    ),
    "database": ("credentials in a URL", "postgresql" + "://app:" + _MIXED[:16] + "@db.internal:5432/shop"),
    "basic auth": ("credentials in a URL", "https" + "://admin:" + _MIXED[:12] + "@files.internal/x"),
    "header": ("an Authorization header", "Authorization: " + "Bearer " + _MIXED[:40]),
    "Telegram": ("a Telegram bot token", "1234567890" + ":AA" + _MIXED[:33]),
    "Discord": ("a Discord token", "M" + "TE" + _MIXED[:22] + "." + "GaBcD1" + "." + _MIXED[:38]),
    "Mailgun": ("a Mailgun key", "ke" + "y-" + _HEX[:32]),
    "DigitalOcean": ("a DigitalOcean token", "do" + "p_v1_" + _HEX),
    "Databricks": ("a Databricks token", "da" + "pi" + _HEX[:32]),
    "Docker": ("a Docker token", "dckr" + "_pat_" + _MIXED[:27]),
    "Groq": ("a Groq key", "gs" + "k_" + _MIXED[:52]),
}
