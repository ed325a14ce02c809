"""The report as one self-contained HTML page, from the values of assets. It opens no file and loads nothing.

`sections` defines the content of each section, `templates/report.html` the layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup, escape

from groprog_assets.figures.html_templates import html_templates
from groprog_assets.figures.style import data_uri
from groprog_assets.report import sections as report_sections
from groprog_assets.report.blocks import Block
from groprog_assets.tables.values import Document, Value, Values

TEMPLATES = Path(__file__).with_name("templates")


def render_report(context: Values) -> bytes:
    """The report as UTF-8 HTML bytes, equal for equal contexts; images inline, no scripts or styles from elsewhere.

    `context` holds the keys below. Only `study` is required. A key that is absent or None, or a table without rows, gives
    its section the reason why it is empty; `absent` may state a better one. Tables are the DataFrames of `tables/`;
    members in braces may be a dict or a Bundle. A value that an asset loads as can be given as it is.

    What the page is about
      study        {"name", "title", "genome", "contrast": {"treatment", "control"}, "mode", "endpoint"}; name is required;
                   "patients": False leaves out the sections about patients and model
      masks        [what is masked, in words]; empty where there is nothing to mask
      settings     Parameters by which the assets were made; without them the published ones are told
      generated    str, time shown in the header (leave it out for bytes that repeat)
      exploratory  bool: no replicates, differential p-values rest on an assumed variation; when None it is taken
                   from the column `analysis` of differential_transcription
      absent       {key or section anchor: reason} for what was not made in this run
    What was run and from what
      libraries    [{"id", "condition", "replicate", "assay", "read_end", "strandedness", "program", "reads", "metadata"}]
      marks        [{"name", "cell_type", "build", "source"}]
      inputs       [{"role", "library", "path", "bytes", "sha256"}], every file read
      parameters   Parameters.overrides(): {name: {"value", "default", "unit", "source"}}
      provenance   {"run_id", "version", "code_version", "environment", "ledger_head", "ledger_events", "command"}; any
                   other key is shown too
      artifacts    [{"asset", "partition", "data_version", "code_version"}]
      checks       [{"asset", "check", "passed", "severity": "error" | "warn", "description", "partition"}]
    Assets, by name
      quality                     document of read_quality.judge_quality
      filtered_alignments         {library: {"funnel": filter_funnel, "summary": dict}}
      transcript_hmm              {"fit": dict, "trace": em_trace, "tuning": tuning_surface}
      transcripts                 transcripts
      transcript_density          {"summary": dict, ...}
      genes                       genes
      differential_transcription  {"table": differential, "summary": dict}
      pausing                     {"table": pausing, "summary": dict}
      enrichment                  {"table": enrichment, ...}
      loci                        {"table": loci, ...}
      cohort                      {"index", "records", "fields", "outcomes", "exclusions", "summary"}
      evaluation                  document: {"models": {model: {metric: {"estimate", "lower", "upper"}}},
                                  "differences": [{"model", "against", "metric", "difference", "lower", "upper",
                                  "p_value"}], "tau_months", "horizons_months", ...}
      external_validation         [document of external_cohorts.validate_cohort], one an external cohort
      ablation                    {"whole", "parts": [{"part", "difference", "lower", "upper", ...}]}
      related_work                {"table": out_of_fold, "document": document of related_work.compare_related}
      training_history            training_history
      search_log                  search_log
      risk_scores                 risk_scores
      model_card                  document, see report/model_card.py
      champion                    document of the promotion decision
      sequence_evaluation         {"metrics": sequence_metrics, "words": sequence_words, "summary": dict}
      sequence_targets            {"tasks": sequence_tasks, ...}
      sequence_motifs             {"motifs": sequence_motifs, "summary": dict, ...}
      sequence_profile            {"metrics": sequence_profile_metrics, "summary": dict, ...}
      sequence_cell_types         {"table": sequence_cell_types, ...}
      variant_effects             {"table": variant_effects, ...}
    Pictures
      figures      {name: PNG bytes or SVG text}; known names are the keys of report_sections.CAPTIONS, loci are
                   "locus_<name>"; any other name is shown in the last section with its name as caption

    Raises KeyError when study or its name is missing.
    """
    study = dict(context["study"])
    study["name"] = str(study["name"])
    return rendered(report_sections.build_view({**context, "study": study}))


def rendered(view: Values) -> bytes:
    """A page with the report's layout as UTF-8 HTML; `view` holds the variables of `templates/report.html`."""
    return _environment().get_template("report.html").render(**view).encode("utf-8")


def rendered_sections(
    study: str, title: str, subtitle: str, sections: Iterable[tuple[str, str, list[Block]]], footer: str, **told: Value
) -> bytes:
    """A page of sections (anchor, title, blocks) that is not about one run of the nascent half; told: facts, failed, passed."""
    view: Document = {
        **{"study": study, "title": title, "subtitle": subtitle, "footer": footer},
        **dict.fromkeys(("version", "generated", "asked", "exploratory", "ledger_head"), ""),
        **{"findings": [], "verdict": None, "facts": [], "failed": [], "passed": 0, **told},
        "sections": [
            {"anchor": anchor, "title": name, "blocks": blocks, "empty": False} for anchor, name, blocks in sections
        ],
    }
    return rendered(view)


@cache
def _environment() -> Environment:
    environment = html_templates(TEMPLATES)
    environment.filters["data_uri"] = data_uri
    environment.filters["prose"] = _prose
    return environment


def _prose(text: str) -> Markup:
    """Text as HTML, where `back quotes` mean code; everything else is escaped."""
    parts = [
        Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)
