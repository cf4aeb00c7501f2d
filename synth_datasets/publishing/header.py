"""The YAML header of a card: what the Hub indexes, and where `load_dataset` finds the data and its sizes."""

from typing import Any

from synth_datasets.errors import PublishError
from synth_datasets.publishing.facts import CardFacts
from synth_datasets.publishing.vocabulary import hub_terms, size_category

__all__ = ["card_header", "card_version", "header_of"]

CONFIG = "default"


def card_header(facts: CardFacts) -> str:
    """Return the YAML between the two `---` lines, without them.

    The data digest inside the config entry keeps versions apart in the cache of `datasets`, whose key for a
    local folder is the folder's name and this YAML.
    """
    import yaml
    from datasets import DatasetInfo, SplitDict, SplitInfo
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    spec = facts.spec
    terms = hub_terms(spec)
    data = DatasetCardData(
        pretty_name=spec.pretty_name or spec.name,
        language=list(terms.languages) or None,
        language_bcp47=list(terms.locales) or None,
        license=terms.license,
        license_name=terms.license_name,
        task_categories=list(terms.tasks) or None,
        size_categories=[size_category(facts.num_examples)],
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated"],
        multilinguality=[_multilinguality(terms.languages)] if terms.languages else None,
        source_datasets=["original"],
        tags=list(dict.fromkeys(["synthetic", "synth_datasets", *spec.tags])),
    )
    # A plain dict of splits would be dumped as a Python object, and the card would no longer parse.
    splits = SplitDict()
    for split in facts.splits:
        splits.add(SplitInfo(split.name, split.num_bytes, split.num_examples))
    info = DatasetInfo(
        features=facts.features,
        splits=splits,
        download_size=sum(split.file_bytes for split in facts.splits),
        dataset_size=sum(split.num_bytes for split in facts.splits),
    )
    DatasetInfosDict({CONFIG: info}).to_dataset_card_data(data)
    MetadataConfigs(
        {
            CONFIG: {
                "data_files": [
                    {"split": split.name, "path": f"data/{split.name}-*.parquet"} for split in facts.splits
                ],
                "version": spec.version,
                "description": f"sha256:{facts.digest}",
            }
        }
    ).to_dataset_card_data(data)
    text: str = yaml.dump(
        data.to_dict(), Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text.strip("\n")


def header_of(card: str) -> dict[str, Any]:
    """Parse a card's header as the Hub does; raises `PublishError` when there is none."""
    import yaml
    from huggingface_hub import DatasetCard

    try:
        return DatasetCard(card).data.to_dict()
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise PublishError(f"README.md: its YAML header cannot be read: {error}") from error


def card_version(card: str) -> tuple[str, str]:
    """Return the version and the data digest that a card's header names; empty texts where it names none."""
    for entry in header_of(card).get("configs") or []:
        if isinstance(entry, dict):
            digest = str(entry.get("description", "")).removeprefix("sha256:")
            return str(entry.get("version", "")), digest
    return "", ""


def _multilinguality(languages: tuple[str, ...]) -> str:
    return "monolingual" if len(languages) == 1 else "multilingual"


def _dumper() -> type[Any]:
    """Return a dumper that keeps every text on one line: readers look for a line `---` before they parse."""
    import yaml

    class OneLine(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = '"' if value != "".join(value.splitlines()) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    OneLine.add_representer(str, text)
    return OneLine
