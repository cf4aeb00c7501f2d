"""Which spec `data_files` means, and its text, from disk or from the Hub."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.resources import shipped
from synth_datasets.spec import DatasetSpec, load_spec, parse_spec
from synth_datasets.spec.tables import MAX_BYTES

__all__ = ["spec_from_url", "spec_url"]

SUFFIXES = (".synth.yaml", ".synth.yml", ".synth")


def spec_url(data_files: Mapping[str, Sequence[str]] | None, wanted: str | None) -> str:
    """Return the one spec among the data files: the only one there is, or the one whose file name is `wanted`.

    A file that is named alone may end in `.yaml` or `.yml` as well; among several only the names of specs count. The
    splits that `datasets` guesses from file names do not count: a spec says its own. Raises `SettingsError` when there
    is none, or several and none is wanted.
    """
    urls = [str(url) for found in (data_files or {}).values() for url in found]
    named = SUFFIXES if len(urls) != 1 else (*SUFFIXES, ".yaml", ".yml")
    specs = {_stem(url): url for url in dict.fromkeys(urls) if url.endswith(named)}
    if wanted not in specs and any(folder.name == wanted for folder in shipped("builders").glob("*/")):
        raise SettingsError(
            f"there is no spec {wanted!r} here; for the ready dataset write "
            f'load_dataset("synth", data_files=synth_datasets.builder({wanted!r}))'
        )
    if len(specs) == 1:
        return next(iter(specs.values()))
    if not specs:
        found = f"found {', '.join(map(posixpath.basename, urls[:5]))}" if urls else "none was given"
        raise SettingsError(
            f"no spec among the data files ({found}): a spec's name ends in .synth.yaml; "
            'write load_dataset("synth", data_files="path/to/name.synth.yaml")'
        )
    if wanted in specs:
        return specs[wanted]
    names = ", ".join(sorted(specs))
    what = f"there is no spec {wanted!r} here" if wanted else "there are several specs here"
    raise SettingsError(f"{what}: choose one of {names}, such as load_dataset(..., name={min(specs)!r})")


def spec_from_url(
    url: str, *, token: str | bool | None = None, storage_options: Mapping[str, object] | None = None
) -> DatasetSpec:
    """Read the spec at a path or at a URL that `datasets` can open; files it refers to must lie in its folder.

    On the Hub all of it is read at one commit, which `origin` then names.
    """
    if "://" not in url:
        return load_spec(url)
    url = _at_commit(url, token) if url.startswith("hf://datasets/") else url
    from datasets import DownloadConfig
    from datasets.utils.file_utils import xopen

    options = DownloadConfig(token=token, storage_options=dict(storage_options or {}))
    folder = posixpath.dirname(url)

    def read(path: str) -> str:
        with xopen(path, "r", encoding="utf-8", download_config=options) as file:
            return file.read()

    def read_bytes(name: str) -> bytes:
        with xopen(posixpath.join(folder, _inside(name)), "rb", download_config=options) as file:
            return file.read(MAX_BYTES + 1)

    return parse_spec(
        read(url),
        origin=url,
        read_file=lambda name: read(posixpath.join(folder, _inside(name))),
        read_bytes=read_bytes,
    )


def _at_commit(url: str, token: str | bool | None) -> str:
    """Return the URL with the commit that its branch or tag is at now."""
    from datasets import config
    from huggingface_hub import HfApi, HfFileSystem
    from huggingface_hub.hf_file_system import HfFileSystemResolvedRepositoryPath

    place = HfFileSystem(endpoint=config.HF_ENDPOINT, token=token).resolve_path(url)
    if not isinstance(place, HfFileSystemResolvedRepositoryPath):
        return url
    commit = place.revision
    if not re.fullmatch("[0-9a-f]{40}", commit):
        info = HfApi(endpoint=config.HF_ENDPOINT, token=token).dataset_info(place.repo_id, revision=commit)
        commit = str(info.sha)
    return f"hf://datasets/{place.repo_id}@{commit}/{place.path_in_repo}"


def _inside(name: str) -> str:
    parts = posixpath.normpath(name).split("/")
    if posixpath.isabs(name) or ".." in parts or "://" in name or "\\" in name:
        raise PermissionError(f"{name!r} lies outside the spec's folder")
    return "/".join(parts)


def _stem(url: str) -> str:
    name = Path(url).name
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)
