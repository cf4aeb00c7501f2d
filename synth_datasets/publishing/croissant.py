"""`croissant.json`: a release in the words of Croissant 1.1 (https://docs.mlcommons.org/croissant/)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from synth_datasets.publishing.facts import CardFacts, SplitFacts
from synth_datasets.publishing.prompts import describe_models

__all__ = ["CROISSANT_FILE", "croissant_json"]

CROISSANT_FILE = "croissant.json"
_VERSION = "http://mlcommons.org/croissant/1.1"
# As the specification prints it: JSON-LD needs it word for word.
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "conformsTo": "dct:conformsTo",
    **{
        name: f"cr:{name}"
        for name in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field"),
            *("fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset"),
            *(
                "jsonPath",
                "key",
                "md5",
                "parentField",
                "path",
                "recordSet",
                "references",
                "regex",
                "repeated",
            ),
            *("replace", "samplingRate", "separator", "source", "subField", "transform"),
        )
    },
}
_TYPES = {
    "bool": "sc:Boolean",
    "string": "sc:Text",
    "float32": "cr:Float32",
    "float64": "cr:Float64",
    "int32": "cr:Int32",
    "int64": "cr:Int64",
}


def croissant_json(facts: CardFacts, *, license_url: str, citation: str) -> str:
    """Return the file's text: every data file with its digest, and a record set a split with a field a column.

    Paths are relative to the file, which is what JSON-LD reads them as wherever the release lies.
    """
    spec = facts.spec
    models = ", ".join(dict.fromkeys(asked.model.id for asked in describe_models(spec) if not asked.reads))
    found: dict[str, object] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _VERSION,
        "name": spec.name,
        "alternateName": spec.pretty_name,
        "description": spec.description or f"A synthetic dataset, written by {models}.",
        "version": spec.version,
        "license": license_url or spec.license,
        "citeAs": citation,
        "inLanguage": list(spec.language),
        "keywords": ["synthetic", *spec.tags],
        "rai:dataCollection": f"Written by language models ({models}); no person wrote {_rows(facts)}.",
        "distribution": [entry for split in facts.splits for entry in _files(split)],
        "recordSet": [_records(split, facts.features) for split in facts.splits],
    }
    return (
        json.dumps({name: value for name, value in found.items() if value}, ensure_ascii=False, indent=1)
        + "\n"
    )


def _rows(facts: CardFacts) -> str:
    return "these rows" if facts.spec.mix is None else "the rows that are not marked as real"


def _files(split: SplitFacts) -> Iterator[dict[str, object]]:
    for file in split.files:
        yield {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path.rpartition("/")[2],
            "contentUrl": file.path,
            "contentSize": f"{file.num_bytes} B",
            "encodingFormat": "application/x-parquet",
            "sha256": file.digest,
        }
    yield {
        "@type": "cr:FileSet",
        "@id": f"{split.name}-files",
        "name": f"{split.name}-files",
        "description": f"The rows of {split.name}, in the order of the files' names.",
        "encodingFormat": "application/x-parquet",
        "includes": f"data/{split.name}-*.parquet",
    }


def _records(split: SplitFacts, features: Mapping[str, Any]) -> dict[str, object]:
    return {
        "@type": "cr:RecordSet",
        "@id": split.name,
        "name": split.name,
        "description": f"{split.num_examples} rows.",
        "field": [
            _field(f"{split.name}/{name}", feature, split, name, ()) for name, feature in features.items()
        ],
    }


def _field(
    place: str,
    feature: Any,  # noqa: ANN401 - `datasets` has no common type of features
    split: SplitFacts,
    column: str,
    path: tuple[str, ...],
) -> dict[str, object]:
    from datasets import ClassLabel, List

    if isinstance(feature, List):
        inner = _field(place, feature.feature, split, column, path)
        shape = [str(feature.length), *str(inner.get("arrayShape", "")).split(",")]
        return {**inner, "isArray": True, "arrayShape": ",".join(size for size in shape if size)}
    head: dict[str, object] = {"@type": "cr:Field", "@id": place, "name": place}
    if isinstance(feature, Mapping):
        parts = [_field(f"{place}/{key}", part, split, column, (*path, key)) for key, part in feature.items()]
        return {**head, "subField": parts}
    source: dict[str, object] = {"fileSet": {"@id": f"{split.name}-files"}, "extract": {"column": column}}
    if path:
        source["transform"] = [{"jsonPath": key} for key in path]
    if isinstance(feature, ClassLabel):
        names = ", ".join(f"{number} = {name}" for number, name in enumerate(feature.names))
        return {**head, "description": names, "dataType": "cr:Int64", "source": source}
    return {**head, "dataType": _TYPES.get(feature.dtype, "sc:Text"), "source": source}
