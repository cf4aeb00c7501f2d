"""The dataset card: a pure function of facts, through the template that fits the columns, or one of the spec's own."""

import json
import re
from collections import Counter
from collections.abc import Mapping

from synth_datasets.publishing import markdown
from synth_datasets.publishing.card_tables import (
    features_table,
    fields_table,
    plot_lines,
    quality_text,
    samples,
    splits_table,
)
from synth_datasets.publishing.facts import CardFacts
from synth_datasets.publishing.funnel import class_table, funnel_table, has_counts, note_counts, token_counts
from synth_datasets.publishing.header import card_header
from synth_datasets.publishing.kinds import card_kind
from synth_datasets.publishing.prompts import (
    describe_fillers,
    describe_models,
    describe_prompts,
)
from synth_datasets.publishing.readers import reader_lines
from synth_datasets.publishing.real_data import balance_table, seed_lines
from synth_datasets.publishing.real_tables import real_tables
from synth_datasets.publishing.terms import terms_of
from synth_datasets.publishing.vocabulary import LICENSES
from synth_datasets.publishing.votes import vote_lines
from synth_datasets.resources import shipped
from synth_datasets.spec.card import CARD_PARTS
from synth_datasets.spec.model import ClassesColumn, DatasetSpec

__all__ = ["card_for_repo", "card_parts", "default_citation", "licence_url", "render_card", "repo_load_line"]

_HERE = "path/to/this/folder"
LOCAL_LOAD = f'ds = load_dataset("{_HERE}")'
_LOAD_BLOCK = "```python\nfrom datasets import load_dataset\n\n{line}\n"
_OFFLINE = "It loads the same without network."
_OFFLINE_REPO = (
    "Without network `load_dataset` knows no revisions: take the version along as a folder, with "
    "`synth pull {repo_id}@v{version}`, and load that."
)
_REBUILD = "With them, `synth rebuild {source} --check` makes the same bytes again and asks nobody."
_DECIDED = {"accept": "accepted", "fix": "mended", "reject": "rejected"}
_OPTIONAL = {
    "description": "described",
    "samples": "samples",
    "fillers": "fillers",
    "selection": "funnel",
    "quality": "quality",
    "plots": "plots",
    "beside_real": "beside_real",
}
"""Parts that are there only where the context has something under this name."""


def render_card(facts: CardFacts) -> str:
    """Return the whole README: equal facts, equal text.

    Raises `jinja2.UndefinedError` for a hole in a template of ours, `TemplateError` for one of the spec's own that
    grows beyond bounds.
    """
    page, parts = _rendered(facts)
    if facts.spec.card is not None:
        page = facts.spec.card.render(parts)
    # The header is what the Hub and `datasets` read; nobody's template may leave it out or change it.
    return f"---\n{card_header(facts)}\n---\n\n" + page.strip("\n") + "\n"


def card_parts(facts: CardFacts) -> dict[str, str]:
    """Return what a template of one's own may name, as Markdown; empty texts where there is nothing to say."""
    return _rendered(facts)[1]


def _rendered(facts: CardFacts) -> tuple[str, dict[str, str]]:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("cards")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the page is Markdown: every stranger's text passes one of the filters below
    )
    environment.filters |= {
        "prose": markdown.prose,
        "cell": markdown.cell,
        "code": markdown.code,
        "code_cell": markdown.code_cell,
        "fence": markdown.fence,
        "count": lambda number: f"{number:,}",
    }
    kind, columns = card_kind(facts.features, facts.spec.task)
    template = environment.get_template(f"{kind}.md")
    given = {**_context(facts), "kind": columns}
    context = template.new_context(given)
    page = "".join(template.root_render_func(context))
    # By now the context knows the parts of the template that this one extends, too.
    parts = {
        name: _close_gaps("".join(blocks[0](context))).strip("\n")
        for name, blocks in context.blocks.items()
        if name in CARD_PARTS and (name not in _OPTIONAL or given[_OPTIONAL[name]])
    }
    title = markdown.cell(facts.spec.pretty_name or facts.spec.name)
    return _close_gaps(page), {**dict.fromkeys(CARD_PARTS, ""), **parts, "title": title}


def card_for_repo(card: str, repo_id: str, version: str) -> str:
    """Return the card for a repository: the line that loads the folder loads this version instead."""
    remote = f"ds = {repo_load_line(repo_id, version)}"
    # A release that was downloaded from elsewhere names the place it came from.
    written = re.escape(_LOAD_BLOCK).replace(re.escape("{line}"), r'ds = load_dataset\("[^"\n]*"[^\n]*\)')
    card = re.sub(written, lambda _: _LOAD_BLOCK.format(line=remote), card, count=1)
    offline = _OFFLINE_REPO.format(repo_id=repo_id, version=version)
    told = f"^({re.escape(_OFFLINE)}|{_any(_OFFLINE_REPO)})$"
    card = re.sub(told, lambda _: offline, card, count=1, flags=re.MULTILINE)
    again = _REBUILD.format(source=f"{repo_id}@v{version}")
    return re.sub(f"^{_any(_REBUILD)}$", lambda _: again, card, count=1, flags=re.MULTILINE)


def repo_load_line(repo_id: str, version: str) -> str:
    """Return how a card in a repository says to load the version; no other card says so."""
    return f'load_dataset("{repo_id}", revision="v{version}")'


def licence_url(licence: str | None) -> str:
    """Return where a licence of the Hub's list can be read; empty for any other."""
    known = licence is not None and licence.lower() in LICENSES - {"other", "unknown"}
    return f"https://choosealicense.com/licenses/{licence.lower()}" if known and licence else ""


def default_citation(facts: CardFacts) -> str:
    """Return BibTeX of what is known for sure: title, version and digest; neither author nor year."""
    spec = facts.spec
    key = f"{spec.name}_{spec.version}".replace(".", "_")
    title = " ".join(re.sub(r"[{}\\]", " ", spec.pretty_name or spec.name).split())
    return (
        f"@misc{{{key},\n  title = {{{title}}},\n"
        f"  note = {{Synthetic dataset, version {spec.version}, sha256:{facts.digest}}}\n}}"
    )


def _close_gaps(page: str) -> str:
    """Leave one empty line where parts that say nothing have left several; what stands in fences stays as it is."""
    lines: list[str] = []
    fence = ""
    for line in page.split("\n"):
        if fence or line or (lines and lines[-1]):
            lines.append(line)
        if fence:
            fence = "" if line == fence else fence
        elif found := re.match("`{3,}", line):
            fence = found[0]
    return "\n".join(lines)


def _any(written: str) -> str:
    """Return a pattern for the line with anything in the place of its names."""
    return re.sub(r"\\\{\w+\\\}", r"[^\\s`]+", re.escape(written))


def _context(facts: CardFacts) -> dict[str, object]:
    spec = facts.spec
    models = [asked for asked in describe_models(spec) if not asked.reads]
    terms = [(name, terms_of(name)) for name in dict.fromkeys(asked.model.id for asked in models)]
    return {
        "facts": facts,
        "spec": spec,
        "title": spec.pretty_name or spec.name,
        "licence_url": licence_url(spec.license),
        "first": facts.splits[0].name,
        "described": spec.description,
        "restricted": [(name, known) for name, known in terms if known is not None and known.restricted],
        "reviewed": _decisions(spec),
        "votes": vote_lines(spec),
        "readers": reader_lines(spec),
        "offline": _OFFLINE,
        "rebuild": _REBUILD.format(source=_HERE),
        "citation": facts.citation or default_citation(facts),
        "models": models,
        "writers": dict.fromkeys((asked.model.id, asked.model.revision) for asked in models),
        "terms": terms,
        "prompts": (prompts := describe_prompts(spec)),
        "unprinted": sorted(
            {column for asked in models for column in asked.columns} - {prompt.column for prompt in prompts}
        ),
        "fillers": describe_fillers(spec),
        "seeds": seed_lines(spec),
        "balance": balance_table(facts),
        "features": features_table(facts),
        "splits": splits_table(facts),
        "samples": samples(facts),
        "fields": fields_table(facts),
        "load_block": _LOAD_BLOCK.format(line=LOCAL_LOAD),
        "funnel": funnel_table(facts.tallies) if has_counts(facts.tallies) else "",
        "by_class": class_table(facts.tallies),
        "tokens": token_counts(facts.tallies),
        "quality": quality_text(facts.quality, facts.verdicts),
        "plots": plot_lines(facts.pictures),
        "beside_real": real_tables(facts.real),
        "notes": note_counts(facts.tallies),
        "missing": sum(sum(tally.missing.values()) for tally in facts.tallies.values()),
        "labelled": any(isinstance(column, ClassesColumn) and not column.hidden for column in spec.columns),
        "command": _command(facts),
        "python": _python(facts),
    }


def _decisions(spec: DatasetSpec) -> dict[str, int]:
    """Return how often people have accepted, mended or rejected a row; empty where nobody has."""
    if spec.reviews is None:
        return {}
    counts = Counter(str(ruling.verdict) for row in spec.reviews.rulings.values() for ruling in row)
    return {words: counts[verdict] for verdict, words in _DECIDED.items() if counts[verdict]}


def _command(facts: CardFacts) -> str:
    """Return the command that builds these rows; empty when the command line has no words for an override."""
    import shlex

    if any(isinstance(value, Mapping) for value in facts.overrides.values()):
        return ""
    options = [
        f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in facts.overrides.items()
    ]
    return " ".join(["synth build", facts.spec_file, *options])


def _python(facts: CardFacts) -> str:
    given = {"data_files": facts.spec_file, **facts.overrides}
    arguments = "".join(
        f", {name}={json.dumps(value, ensure_ascii=False) if isinstance(value, (str, Mapping)) else value}"
        for name, value in given.items()
    )
    return (
        f'import synth_datasets\nfrom datasets import load_dataset\n\nds = load_dataset("synth"{arguments})'
    )
