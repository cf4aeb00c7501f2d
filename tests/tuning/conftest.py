"""A tiny model that the tests make, a spec that asks it, and real rows to learn from."""

import json
from pathlib import Path

import pytest
from specs import write_spec

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS = {"negative": ("broken", "awful", "slow"), "positive": ("lovely", "bright", "quick")}


@pytest.fixture(scope="session")
def libraries():
    """Torch with one thread, or the test is skipped."""
    pytest.importorskip("transformers", exc_type=ImportError)
    pytest.importorskip("peft", exc_type=ImportError)
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


@pytest.fixture(scope="session")
def model(libraries, tmp_path_factory) -> Path:
    """A Llama of random weights, with a tokenizer of whole words and a chat template."""
    import tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.WordLevelTrainer(
        special_tokens=["[UNK]", "<|im_start|>", "<|im_end|>"], show_progress=False
    )
    prompt = "user assistant Write a plain ironic negative positive review of a phone laptop ."
    tokenizer.train_from_iterator([prompt, *(row["text"] for row in rows(40))], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", eos_token="<|im_end|>", chat_template=TEMPLATE
    )
    libraries.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=256,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
    )
    folder = tmp_path_factory.mktemp("models") / "tiny"
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def rows(count: int) -> list[dict[str, str]]:
    """Return labelled texts, two of each group."""
    labels = sorted(WORDS)
    return [
        {
            "label": labels[at % 2],
            "text": f"this thing {at} is {WORDS[labels[at % 2]][at % 3]} and i say so",
            "review": str(at // 2),
        }
        for at in range(count)
    ]


@pytest.fixture
def seeds(tmp_path) -> Path:
    """Forty real rows as JSON lines."""
    path = tmp_path / "seeds.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(40)), encoding="utf-8")
    return path


@pytest.fixture
def spec(tmp_path) -> Path:
    """A spec whose prompt reads the label, which the rows have, and the product, which they lack."""
    return write_spec(tmp_path / "spec", model={"id": "models/tiny", "temperature": 1.0, "max_tokens": 24})
