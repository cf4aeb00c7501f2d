"""The `synth` builder of `datasets`: a spec file in, splits out, generated once and cached by content."""

import hashlib
import json
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import datasets
from datasets.config import DATASET_INFO_FILENAME
from datasets.exceptions import DatasetGenerationError
from datasets.fingerprint import Hasher
from datasets.table import InMemoryTable

from synth_datasets.builder_config import OVERRIDES, SynthConfig, refuse_settings, refuse_unknown, settings_of
from synth_datasets.disks import disk_advice
from synth_datasets.endpoints import endpoints_of
from synth_datasets.errors import KEPT, BudgetError, SettingsError, SynthError
from synth_datasets.features import features_of, types_of
from synth_datasets.generation.budget import Budget
from synth_datasets.mix import mixed_rows
from synth_datasets.parts.merged import Merged
from synth_datasets.plan.part import Part
from synth_datasets.plan.real_data import resolved
from synth_datasets.settings import Settings
from synth_datasets.sources import spec_from_url, spec_url
from synth_datasets.spec import DatasetSpec, digest, with_overrides
from synth_datasets.spending import open_budget, spent_line
from synth_datasets.streaming import SHARDS, RowsIterable
from synth_datasets.trace import TRACE_FOLDER, read_tallies
from synth_datasets.value_types import tables_of

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
"""Part of every cache address: raised when the same spec and answers would give other rows."""

_OTHER_CACHE = "--cache-dir, cache_dir= or HF_HOME"


class Synth(datasets.ArrowBasedBuilder):
    """Generates the splits that a spec declares; the cache is addressed by what the spec says, not by where it lies."""

    BUILDER_CONFIG_CLASS = SynthConfig
    # pyrefly: ignore[bad-override-mutable-attribute] - datasets makes it of BUILDER_CONFIG_CLASS
    config: SynthConfig
    spec: DatasetSpec
    """The spec with the overrides laid over it."""

    def __init__(self, *args: Any, info: datasets.DatasetInfo | None = None, **options: Any) -> None:  # noqa: ARG002, ANN401 - datasets' own signature
        # A README's `dataset_info` describes another build; taking it would fail this one after it was paid for.
        with disk_advice(options.get("cache_dir") or datasets.config.HF_DATASETS_CACHE, _OTHER_CACHE):
            super().__init__(*args, **options)

    def download_and_prepare(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - datasets' own signature
        """Make the splits, unless the cache has them; an error of the disk says what to do."""
        with disk_advice(self.cache_dir, _OTHER_CACHE), _own_errors(), _interruption_told():
            super().download_and_prepare(*args, **options)

    def _create_builder_config(
        self,
        config_name: str | None = None,
        custom_features: datasets.Features | None = None,
        config_id: str | None = None,
        **options: Any,  # noqa: ANN401 - datasets' own signature
    ) -> tuple[SynthConfig, str]:
        refuse_unknown(options)
        if custom_features is not None:
            raise SettingsError(
                "features= cannot be given: they follow from the spec's columns; change the spec"
            )
        stock_name = config_name if config_name in self.builder_configs else None
        config, _ = super()._create_builder_config(
            config_name=stock_name, custom_features=None, config_id=config_id or "spec", **options
        )
        config = cast("SynthConfig", config)  # of BUILDER_CONFIG_CLASS
        refuse_settings(config, options)
        wanted = None if stock_name else config_name
        url = spec_url(config.data_files, wanted)
        spec = spec_from_url(url, token=self.token, storage_options=self.storage_options)
        overrides = {name: getattr(config, name) for name in OVERRIDES}
        self.spec = with_overrides(resolved(spec), **overrides)
        config.name = wanted or config.name
        config.version = datasets.Version(self.spec.version)
        config.description = self.spec.description
        self.dataset_name = f"{self.name}-{self.spec.name}"
        self.hash = f"f{FORMAT}"
        return config, f"{config.name}-{self._address(config)}"

    @property
    def settings(self) -> Settings:
        """Where it is asked, and what may be spent on it."""
        return settings_of(self.config)

    @property
    def endpoints(self) -> dict[str, str]:
        """The public identity of the endpoint that each model of the spec is asked at."""
        return endpoints_of(self.spec, settings_of(self.config))

    def _address(self, config: SynthConfig) -> str:
        """Return 16 hex digits that stand for the effective spec and who is asked."""
        content = [
            FORMAT,
            digest(self.spec),
            sorted(endpoints_of(self.spec, settings_of(config)).items()),
            config.keep_short,
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    def _relative_data_dir(self, with_version: bool = True, with_hash: bool = True) -> str:
        # Without the repository's name a spec on the Hub and its copy on disk share one cache.
        repo_id, self.repo_id = self.repo_id, None
        try:
            return super()._relative_data_dir(with_version, with_hash)
        finally:
            self.repo_id = repo_id

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description=self.spec.description,
            features=features_of(self.spec),
            license=self.spec.license or "",
            version=self.spec.version,
        )

    # pyrefly: ignore[bad-override] - datasets declares a union that no builder returns
    def _split_generators(self, dl_manager: datasets.DownloadManager) -> list[datasets.SplitGenerator]:  # noqa: ARG002 - datasets' own signature
        return [
            datasets.SplitGenerator(name=split.name, gen_kwargs={"split": split.name})
            for split in self.spec.splits
        ]

    def open_budget(self) -> Budget:
        """Return a fresh budget, under the caps of the options, for one `download_and_prepare(budget=...)`."""
        return open_budget(self.spec, settings_of(self.config))

    def _download_and_prepare(
        self,
        dl_manager: datasets.DownloadManager,
        *args: Any,  # noqa: ANN401 - datasets' own signature
        budget: Budget | None = None,
        merged: Merged | None = None,
        **options: Any,  # noqa: ANN401 - datasets' own signature
    ) -> None:
        # One budget for all splits of this build; the builder keeps nothing of it.
        run = self.open_budget() if budget is None else budget
        try:
            super()._download_and_prepare(dl_manager, *args, budget=run, merged=merged, **options)
        except SynthError as error:
            if run.spent.requests and not isinstance(error, BudgetError):
                error.add_note(f"This run asked: {run.spent.shown(run.currency)}.")
            raise
        if budget is None and run.spent.requests and datasets.is_progress_bar_enabled():
            tallies = read_tallies(Path(self._output_dir) / TRACE_FOLDER)
            answers = sum(tally.answers for tally in tallies.values())
            line = spent_line(run.spent, run.currency, answers=answers)
            datasets.utils.tqdm.write(f"Asked: {line}", file=sys.stderr)

    def _prepare_split(
        self,
        split_generator: datasets.SplitGenerator,
        *args: Any,  # noqa: ANN401 - datasets' own signature
        budget: Budget | None = None,
        merged: Merged | None = None,
        **options: Any,  # noqa: ANN401 - datasets' own signature
    ) -> None:
        # The trace lies in the folder that `datasets` renames into place when every split is complete.
        tables = self._tables(split_generator.name, Path(self._output_dir) / TRACE_FOLDER, budget, merged)
        with closing(tables):
            # `datasets` shows its bar at once: what cannot begin (no key, no weights) is told before there is one.
            first = next(tables, None)
            split_generator.gen_kwargs["tables"] = tables if first is None else chain((first,), tables)
            with _own_errors():
                super()._prepare_split(split_generator, *args, **options)

    # pyrefly: ignore[bad-override] - datasets passes gen_kwargs, which every builder names itself
    def _generate_tables(
        self,
        split: str,  # noqa: ARG002 - what a stream needs of the split, `tables` are made of already
        tables: "Iterator[pa.Table]",
    ) -> "Iterator[tuple[int, pa.Table]]":
        yield from enumerate(tables)

    def _tables(
        self, split: str, trace: Path, budget: Budget | None, merged: Merged | None
    ) -> "Generator[pa.Table]":
        """Yield the rows of a split, and write its sources into the folder `trace`."""
        if merged is not None and self.spec.mix is None:
            yield from merged.tables(split, trace, keep_short=self.config.keep_short)
            return
        rows = mixed_rows(
            self.spec,
            settings_of(self.config),
            split,
            Part(),
            trace=trace,
            eager=True,
            keep_short=self.config.keep_short,
            offline=self.config.offline or merged is not None,
            budget=budget,
        )
        with closing(rows):
            yield from tables_of(types_of(self.spec), (row for _, row in rows))

    def _as_dataset(
        self,
        # pyrefly: ignore[bad-function-definition] - datasets' own signature, whose splits are of `NamedSplit`
        split: datasets.ReadInstruction | datasets.Split = datasets.Split.TRAIN,
        in_memory: bool = False,
    ) -> datasets.Dataset:
        # A split may hold no row (none asked for, or none accepted); `datasets` writes such a one and does not read it.
        rows = {
            name: each.num_examples for name, each in cast("datasets.SplitDict", self.info.splits).items()
        }
        asked = datasets.ReadInstruction.from_spec(str(split)).to_absolute(rows)
        if any(rows[each.splitname] for each in asked):
            return super()._as_dataset(split, in_memory)
        table = features_of(self.spec).arrow_schema.empty_table()
        return datasets.Dataset(
            InMemoryTable(table),
            info=self.info.copy(),
            split=datasets.NamedSplit(str(split)),
            fingerprint=self._get_dataset_fingerprint(split),
        )

    def _get_dataset_fingerprint(self, split: datasets.ReadInstruction | datasets.Split) -> str:
        # The folder stands for the spec alone. Once made of other answers (another store), `map` must not find what it
        # made of the rows before.
        made = (Path(self._output_dir) / DATASET_INFO_FILENAME).stat().st_mtime_ns
        return Hasher.hash([super()._get_dataset_fingerprint(split), made])

    def _get_examples_iterable_for_split(self, split_generator: datasets.SplitGenerator) -> RowsIterable:
        # Only a stream has shards: a build asks for many rows at once by itself, and `num_proc` adds nothing to it.
        shards = {"shards": list(range(SHARDS)), "of": SHARDS}
        return RowsIterable(self._stream_examples, {**split_generator.gen_kwargs, **shards})

    def _stream_examples(
        self, split: str, shards: list[int], of: int, start: int
    ) -> Generator[tuple[int, dict[str, object]]]:
        rows = mixed_rows(
            self.spec,
            settings_of(self.config),
            split,
            Part(frozenset(shards), of, start),
            keep_short=self.config.keep_short,
            offline=self.config.offline,
        )
        with closing(rows), _interruption_told():
            yield from rows


@contextmanager
def _own_errors() -> Iterator[None]:
    """Let our exceptions and the disk's through as they are: `datasets` wraps them in ones that say nothing."""
    try:
        yield
    except OSError as error:
        if isinstance(error.__context__, OSError):  # "Cannot find data file", whatever it was
            raise error.__context__ from None
        raise
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, (SynthError, OSError)):
            raise error.__cause__ from None
        raise


@contextmanager
def _interruption_told() -> Iterator[None]:
    """Let whoever stops a cell of a notebook know, at the end of the traceback, that nothing paid for is lost."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(KEPT)
        raise
