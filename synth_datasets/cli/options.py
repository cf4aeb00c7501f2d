"""Options and arguments that several verbs share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from synth_datasets import builder, builders
from synth_datasets.errors import SettingsError
from synth_datasets.settings import Settings, load_settings
from synth_datasets.spec.model import DatasetSpec

__all__ = ["Overrides", "override_options", "settings_options", "spec_path", "split_options"]

Verb = TypeVar("Verb", bound=Callable[..., Any])
Overrides = dict[str, Any]

_OVERRIDE_NAMES = ("num_examples", "model", "seed", "temperature", "max_tokens", "attempts")
_SETTING_NAMES = (
    *("backend", "base_url", "endpoints", "endpoint_name"),
    *("concurrency", "timeout_s", "store", "model_path", "batch"),
    *("max_cost", "max_requests", "max_total_tokens", "rpm", "tpm", "allow_endpoint"),
)


def spec_path(given: str) -> str:
    """Return the spec's path for what was typed: a file, a folder that holds one, a ready dataset's name, or a URL."""
    if given.startswith("hf://") or (given not in {"", "/dev/stdin"} and Path(given).exists()):
        return given
    if given in builders():
        return builder(given)
    if given in {"-", "/dev/stdin"}:
        raise SettingsError(
            "a spec is a file, as the files that it names lie beside it: write it to one, such as my.synth.yaml"
        )
    if "://" in given:
        raise SettingsError(
            f"{given}: a spec is read from a file here or from the Hub (hf://datasets/owner/name/my.synth.yaml); "
            "fetch it first"
        )
    raise SettingsError(
        f"{given or 'an empty name'}: no such file or folder, and no ready dataset of this name; {_nearest(given)}"
    )


def _nearest(given: str) -> str:
    """Return what may have been meant: a file like it there, a ready dataset like it, or else all of these."""
    from difflib import get_close_matches

    path = Path(given)
    lying = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    specs = [name for name in lying if name.endswith((".yaml", ".yml"))]
    stems = {name.partition(".")[0]: name for name in sorted(specs, reverse=True)}
    if close := get_close_matches(path.name, specs, n=1) or get_close_matches(path.name, stems, n=1):
        return f"did you mean {path.parent / stems.get(close[0], close[0])}?"
    if close := get_close_matches(given, builders(), n=1):
        return f"did you mean {close[0]}?"
    ready = f"ready are: {', '.join(builders())}"
    return f"{ready}; or begin one: synth new {path.name}" if path.name.isidentifier() else ready


def override_options(verb: Verb) -> Verb:
    """Add the options that replace what the spec says."""
    options = (
        click.option("--num-examples", type=click.IntRange(min=0), help="Rows in all, shared by the splits."),
        click.option("--model", help="Another model id."),
        click.option("--seed", type=int, help="Another seed: other rows."),
        click.option("--temperature", type=float, help="Another sampling temperature."),
        click.option("--max-tokens", type=click.IntRange(min=1), help="Another limit for one answer."),
        click.option(
            "--attempts", type=click.IntRange(min=1), help="How often one row is asked before it is missing."
        ),
    )
    return _apply(verb, options)


def settings_options(verb: Verb) -> Verb:
    """Add the options that say where the model is asked."""
    backends = click.Choice(["auto", "openai", "embedded", "transformers", "vllm"])
    options = (
        click.option("--backend", type=backends, help="Who runs the model; auto: by its id."),
        click.option("--base-url", help="An OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1."),
        click.option(
            "--endpoint",
            "endpoints",
            multiple=True,
            metavar="URL|FILE",
            help="A replica of the model, once for each; or a file of URLs, one a line, that may change meanwhile.",
        ),
        click.option(
            "--endpoint-name",
            metavar="URL",
            help="What stands for all replicas in keys and locks; else the first URL, --base-url before the others.",
        ),
        click.option(
            "--allow-endpoint", metavar="URL", help="Let a spec from the Hub ask there, with your key."
        ),
        click.option("--concurrency", type=click.IntRange(min=1), help="Requests in flight."),
        click.option("--timeout-s", type=float, help="Seconds for one request."),
        click.option("--store", type=click.Path(dir_okay=False), help="The file that keeps the answers."),
        click.option(
            "--model-path",
            type=click.Path(),
            help="Weights: a GGUF file (embedded), or a folder (transformers, vllm).",
        ),
        click.option("--device", help="Where a local model runs, such as cpu, cuda:1, mps (transformers)."),
        click.option(
            "--dtype",
            type=click.Choice(["float32", "bfloat16", "float16"]),
            help="Of a local model (transformers, vllm).",
        ),
        click.option("--max-cost", metavar="MONEY", help="End this run before it costs more (exit code 6)."),
        click.option("--max-requests", type=click.IntRange(min=0), help="End this run before it sends more."),
        click.option(
            "--max-total-tokens", type=click.IntRange(min=0), help="End this run before it uses more tokens."
        ),
        click.option("--rpm", type=click.IntRange(min=1), help="Requests in any minute."),
        click.option("--tpm", type=click.IntRange(min=1), help="Tokens in any minute, prompts and answers."),
        click.option(
            "--batch/--no-batch",
            default=None,
            help="Ask in batches: half the price, answers within a day; closed meanwhile, it goes on when run again.",
        ),
    )
    return _apply(verb, options)


def split_options(options: dict[str, Any]) -> tuple[Overrides, Settings]:
    """Return the overrides of the spec and the settings that a verb was given."""
    overrides = {name: options.get(name) for name in _OVERRIDE_NAMES}
    return overrides, load_settings({name: options.get(name) for name in _SETTING_NAMES})


def effective_spec(given: str, overrides: Overrides) -> DatasetSpec:
    """Return the spec that was typed, with the overrides laid over it."""
    from synth_datasets.plan.real_data import resolved
    from synth_datasets.sources import spec_from_url
    from synth_datasets.spec import with_overrides

    return with_overrides(resolved(spec_from_url(spec_path(given))), **overrides)


def _apply(verb: Verb, options: tuple[Callable[[Verb], Verb], ...]) -> Verb:
    for option in reversed(options):
        verb = option(verb)
    return verb
