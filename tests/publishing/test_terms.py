"""What is known of models by their ids, as they are written at endpoints, on the Hub and by local servers."""

from dataclasses import replace

import pytest

from synth_datasets.publishing.terms import terms_of, terms_warnings

KNOWN = {
    "smollm2-135m-instruct": ("apache-2.0", False),
    "gpt-5-mini": ("OpenAI's terms", True),
    "openai/gpt-4o-2024-08-06": ("OpenAI's terms", True),
    "o3-mini": ("OpenAI's terms", True),
    "openai/gpt-oss-120b": ("apache-2.0", False),
    "claude-sonnet-4-5": ("Anthropic's commercial terms", True),
    "us.anthropic.claude-3-haiku": ("Anthropic's commercial terms", True),
    "gemini-2.5-pro": ("Google's Gemini API terms", True),
    "google/gemma-4-31B-it": ("apache-2.0", False),
    "google/gemma-3-4b-it": ("Gemma Terms of Use", True),
    "meta-llama/Meta-Llama-3-8B-Instruct": ("Llama Community License", True),
    "meta-llama/Llama-3.3-70B-Instruct": ("Llama Community License", True),
    "llama3.2:3b": ("Llama Community License", True),
    "Qwen/Qwen3-8B": ("apache-2.0", False),
    "Qwen/Qwen2.5-72B-Instruct": ("Qwen licences (research only for 3B)", True),
    "mistralai/Mixtral-8x7B-Instruct-v0.1": ("apache-2.0", False),
    "microsoft/phi-4": ("mit", False),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": ("that of the model it was trained from", True),
}


@pytest.mark.parametrize("model_id", KNOWN)
def test_known_families_are_known_by_their_ids(model_id):
    terms = terms_of(model_id)
    assert terms is not None
    assert (terms.licence, terms.restricted) == KNOWN[model_id]
    assert terms.url.startswith("https://")


@pytest.mark.parametrize(
    "model_id", ["", "my-finetune", "qwen3-max", "mistral-large-latest", "llama", "gemma-5"]
)
def test_what_is_not_known_is_no_permission(model_id):
    assert terms_of(model_id) is None


def test_later_llamas_ask_for_the_name_and_earlier_ones_forbid():
    earlier, later = terms_of("llama-3-8b"), terms_of("llama-3.1-8b")
    assert earlier is not None and "may not be used to improve" in earlier.outputs  # noqa: PT018 - for the type
    assert later is not None and "begins with" in later.outputs  # noqa: PT018 - for the type


def test_a_warning_names_model_terms_and_the_datasets_own_licence(spec):
    asked = replace(spec, columns=(replace(spec.columns[-1], prompt=_by(spec, "gpt-5-mini")),))
    (warning,) = terms_warnings(asked)
    assert warning.startswith(
        "what gpt-5-mini writes may be restricted: read OpenAI's terms, https://openai.com/"
    )
    assert "outputs may not be used to develop models" in warning
    assert "the licence cc0-1.0" in warning
    assert terms_warnings(spec) == ()
    assert "a licence of the dataset" in terms_warnings(replace(asked, license=None))[0]


def _by(spec, model_id):
    return replace(spec.columns[-1].prompt, model=replace(spec.model, id=model_id))
