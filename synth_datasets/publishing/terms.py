"""What models' makers ask of who uses their outputs: families that are known by their ids, and where to read on.

Read in October 2026. A family stands here only as far as it was looked up; terms change, and whoever serves an open
model may have terms of their own, so a card points to the source and a warning says "may".
"""

import re
from dataclasses import dataclass

from synth_datasets.publishing.prompts import describe_models
from synth_datasets.spec.model import DatasetSpec

__all__ = ["Terms", "terms_of", "terms_warnings"]


@dataclass(frozen=True, slots=True)
class Terms:
    """One family of models; a summary for orientation, and no legal advice."""

    pattern: str
    """Matches the model's id in small letters, after its owner and before a quantisation or a date."""
    licence: str
    """Of the model: an SPDX name, or what its maker calls the terms."""
    outputs: str
    """What they say of the use of outputs."""
    url: str
    restricted: bool
    """Whether they limit what outputs may be used for, or ask something of who trains on them."""


_NO_LIMIT = "the licence says nothing that limits the use of outputs"
_COMPETE = "outputs may not be used to develop models that compete with those of the provider"
_LLAMA_NAME = (
    "a model that is trained on outputs and made available has a name that begins with “Llama”, and its makers show "
    "“Built with Llama”"
)

# The first that matches counts, so that exceptions stand before their family.
_KNOWN = (
    Terms("smollm2", "apache-2.0", _NO_LIMIT, "https://huggingface.co/HuggingFaceTB", restricted=False),
    Terms("gpt-oss", "apache-2.0", _NO_LIMIT, "https://huggingface.co/openai", restricted=False),
    Terms(
        r"gpt-[345]|chatgpt|o[134](-|$)",
        "OpenAI's terms",
        _COMPETE,
        "https://openai.com/policies/services-agreement/",
        restricted=True,
    ),
    Terms(
        "claude",
        "Anthropic's commercial terms",
        "the service may not be used to build a competing product, nor to train competing models",
        "https://www.anthropic.com/legal/commercial-terms",
        restricted=True,
    ),
    Terms(
        "gemini",
        "Google's Gemini API terms",
        "the service may not be used to develop models that compete with it",
        "https://ai.google.dev/gemini-api/terms",
        restricted=True,
    ),
    Terms("gemma-?4", "apache-2.0", _NO_LIMIT, "https://ai.google.dev/gemma/apache_2", restricted=False),
    Terms(
        r"gemma-?(1|2|3|7b)",
        "Gemma Terms of Use",
        "Google claims no rights in outputs; a model that is trained on them to perform like Gemma counts as a "
        "derivative of it, under the same terms and use restrictions",
        "https://ai.google.dev/gemma/terms",
        restricted=True,
    ),
    Terms(
        "deepseek-r1-distill",
        "that of the model it was trained from",
        "see the licence of that model: Llama or Qwen, by its name",
        "https://huggingface.co/deepseek-ai",
        restricted=True,
    ),
    Terms(
        r"llama-?(3\.[123]|4)",
        "Llama Community License",
        _LLAMA_NAME,
        "https://www.llama.com/llama-downloads/",
        restricted=True,
    ),
    Terms(
        r"(code)?llama-?[23]",
        "Llama Community License",
        "outputs may not be used to improve any other large language model than Llama",
        "https://www.llama.com/llama-downloads/",
        restricted=True,
    ),
    Terms(
        r"qwen2\.5[-:](coder-)?(3b|72b)",
        "Qwen licences (research only for 3B)",
        "a model that is trained on outputs and made available shows “Built with Qwen” or “Improved using Qwen”",
        "https://huggingface.co/Qwen",
        restricted=True,
    ),
    # With a size: the largest of the family are served by their maker alone, under other terms.
    Terms(
        r"qwen(2\.5|3)[-:](coder-)?[\d.]+b",
        "apache-2.0",
        _NO_LIMIT,
        "https://huggingface.co/Qwen",
        restricted=False,
    ),
    Terms(
        r"mistral-7b|mixtral|mistral-nemo",
        "apache-2.0",
        _NO_LIMIT,
        "https://huggingface.co/mistralai",
        restricted=False,
    ),
    Terms(r"phi-?(3|4)", "mit", _NO_LIMIT, "https://huggingface.co/microsoft", restricted=False),
    Terms(
        "deepseek-r1",
        "mit",
        "the licence says nothing that limits outputs; training other models on them is allowed",
        "https://huggingface.co/deepseek-ai",
        restricted=False,
    ),
    Terms("olmo-?2", "apache-2.0", _NO_LIMIT, "https://huggingface.co/allenai", restricted=False),
    Terms("granite-?3", "apache-2.0", _NO_LIMIT, "https://huggingface.co/ibm-granite", restricted=False),
    Terms(
        r"(c4ai-)?(command-r|aya-)",
        "cc-by-nc-4.0 for the weights",
        "no commercial use of the weights; the provider's API has terms of its own",
        "https://huggingface.co/CohereLabs",
        restricted=True,
    ),
    Terms("grok", "xAI's terms", _COMPETE, "https://x.ai/legal/terms-of-service-enterprise", restricted=True),
)


def terms_of(model_id: str) -> Terms | None:
    """Return what is known by the model's id; None where nothing is, which is no permission."""
    name = re.sub(r"^((meta|models?)-|(\w+\.)?anthropic\.)", "", model_id.lower().rpartition("/")[2])
    return next((terms for terms in _KNOWN if re.match(terms.pattern, name)), None)


def terms_warnings(spec: DatasetSpec) -> tuple[str, ...]:
    """Return one sentence for each of the spec's models whose outputs may be restricted."""
    models = dict.fromkeys(asked.model.id for asked in describe_models(spec) if not asked.reads)
    found = ((model_id, terms_of(model_id)) for model_id in models)
    return tuple(
        f"what {model_id} writes may be restricted: read {terms.licence}, {terms.url} ({terms.outputs}), and see "
        f"whether {f'the licence {spec.license}' if spec.license else 'a licence'} of the dataset goes with that"
        for model_id, terms in found
        if terms is not None and terms.restricted
    )
