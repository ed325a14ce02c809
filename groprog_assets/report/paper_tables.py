"""The source paper's six tables, filled with what this study holds and does. The report's context in, blocks out.

What is a rule, a width or a form comes from the study's settings, what was measured from its values; nothing is copied from the
paper but the headings and, in the first table, the studies it compares itself with.
"""

from __future__ import annotations

from groprog_assets.figures.numbers import fixed, interval, number
from groprog_assets.report.blocks import Block, cell, details, frame_of, member, table
from groprog_assets.report.genomics import settings
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Values

COMPARED = (
    ("Wen et al. [11]", "multi-omics", "FGCNSurv, dually fused graph convolution", "graph_convolution"),
    ("Salimy et al. [12]", "multi-omics and clinical", "deep fusion for survival-associated groups", ""),
    ("Steyaert et al. [14]", "images and molecular data", "multimodal deep learning", ""),
    ("Lan et al. [18]", "multi-omics and pathways", "DeepKEGG", "pathways"),
    ("Wang et al. [20]", "molecular features", "DFASGCNS, dual-channel graph convolution", "graph_convolution"),
)
"""Paper, Table 1: study, data, method; and the form of it that `related_work` runs, empty where it has none."""


def tables(context: Values) -> list[Block]:
    """Tables 1 to 6, each folded away."""
    made = (related, branches, sources, rules, encoding, configuration)
    return [
        details(f"Table {place}: {title}", [build(context)])
        for place, (title, build) in enumerate(zip(TITLES, made, strict=True), 1)
    ]


TITLES = (
    "related studies",
    "sample branches",
    "data sources",
    "rules of processing",
    "encoding of the fields",
    "configuration of the model",
)


def related(context: Values) -> Block:
    """The paper's related studies; beside each its form as measured on this study's folds, where `related_work` ran."""
    document = member(context.get("related_work"), "document") or {}
    measured = {row["method"]: row["harrell"] for row in document.get("rows") or []}
    rows = [
        [cell(study, strong=True), data, method, _concordance(measured.get(form)) if form else "no form of it here"]
        for study, data, method, form in COMPARED
    ]
    models = member(context.get("evaluation"), "models") or {}
    own = member(models.get("groprog"), "harrell")
    kinds = (
        "nascent transcription, expression, clinical" if context["study"].get("patients") else "nascent transcription"
    )
    rows.append([cell("This study", strong=True), kinds, "this model", _concordance(own)])
    caption = "C is Harrell's, on this study's folds, with its 95 % interval; `parameters.related_work` runs the forms."
    return table(["Study", "Data", "Method", "C of its form here"], rows, caption)


def branches(context: Values) -> Block:
    """What each branch of the model is made of in this study."""
    by_condition: dict[str, list[str]] = {}
    for library in context.get("libraries") or []:
        by_condition.setdefault(str(library["condition"]), []).append(str(library["id"]))
    samples = "; ".join(f"{condition}: {', '.join(names)}" for condition, names in by_condition.items()) or "–"
    marks = ", ".join(str(mark["name"]) for mark in context.get("marks") or [])
    content = "nascent signal, units, changes, key loci, pausing" + (f"; marks {marks}" if marks else "")
    rows = [[cell("Genomic", strong=True), samples, content, "describes each gene"]]
    outcomes = frame_of(context.get("cohort"), "outcomes")
    if outcomes is not None:
        events = int(outcomes["event"].sum())
        fields = ", ".join(_fields(context, "state") + _fields(context, "treatment")) or "–"
        rows.append(
            [
                cell("Clinical", strong=True),
                f"{count_of(len(outcomes), 'patient')}, {count_of(events, 'event')}",
                fields,
                "state and history of the patient",
            ]
        )
        index = frame_of(context.get("cohort"), "index")
        joined = None if index is None else int((index["has_expression"] | index["has_nascent"]).sum())
        told = "–" if joined is None else f"{number(joined)} of {number(len(outcomes))} patients with omics"
        rows.append([cell("Fusion", strong=True), told, f"{context['study'].get('mode')} mode", "one row a patient"])
    return table(["Branch", "Samples", "Content", "Role"], rows)


def sources(context: Values) -> Block:
    """Assays, tracks and assembly of this study."""
    study = context["study"]
    rows = []
    for library in context.get("libraries") or []:
        record = dict(library.get("metadata") or {})
        told = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in record.items()) or "no wet-lab record"
        counted = str(library.get("read_end", "–")).replace("_", " ")
        rows.append([cell(str(library["assay"]), strong=True), str(library["id"]), told, f"reads, {counted} counted"])
    for mark in context.get("marks") or []:
        rows.append(
            [
                cell(str(mark["name"]), strong=True),
                str(mark["source"]),
                f"{mark['cell_type']}, {mark['build']}",
                "track",
            ]
        )
    rows.append(["Assembly", str(study.get("genome") or "–"), "one system of coordinates", "intervals"])
    return table(["Data", "Source", "Key settings", "Gives"], rows)


def rules(context: Values) -> Block:
    """The rules of processing as this study's parameters state them."""
    held = settings(context)
    quality, filtering, pausing, tested = held.quality, held.filtering, held.pausing, held.differential
    gate = (
        f"worst cycle under Q{quality.gate_mean_quality:g}: the library is left out"
        if quality.gate_mean_quality is not None
        else f"no gate; worst cycle under Q{quality.minimum_mean_quality:g} is reported"
    )
    column = "adjusted P" if tested.significance_column == "adjusted_p_value" else "P"
    rows = [
        ["Base quality", gate, "first screen"],
        [
            "Filtering of reads",
            f"unique alignments; mapping quality from {number(filtering.minimum_mapping_quality)} where the aligner has no rule "
            f"of its own; duplicates: {filtering.duplicates}; masks {'on' if filtering.use_masks else 'off'}",
            "no ambiguous place",
        ],
        [
            "Pausing index",
            f"promoter −{number(pausing.promoter_upstream)} to +{number(pausing.promoter_downstream)} bp, gene body "
            f"+{number(pausing.promoter_downstream)} to {number(pausing.body_end)} bp",
            "pausing of polymerase II",
        ],
        [
            "Filtering by coverage",
            f"gene body reads ≥ {number(pausing.minimum_body_reads)} in every library",
            "reliability",
        ],
        [
            "Differential screen",
            f"|log₂FC| > {number(tested.absolute_log2_fold_change)} and {column} < {number(tested.significance)}",
            "units that answer",
        ],
        ["Environment", "Python; versions under “Run, code and ledger”", "can be repeated"],
    ]
    return table(["Module", "Rule", "Purpose"], [[cell(first, strong=True), *rest] for first, *rest in rows])


def encoding(context: Values) -> Block:
    """The inputs of each block, how they are encoded, and the width of the block in the paper's form."""
    held = settings(context).representation
    patients = bool(context["study"].get("patients"))
    rows = [
        ["Genomic", "densities of TSS, body and upstream, marks", "eq. 2, then a map each", number(held.density_width)],
        ["Genomic", "pausing index, overlap fractions", "robust z and rank; eq. 2", number(held.pausing_width)],
        [
            "Genomic",
            "fold change, significance, labels, key loci",
            "signed logarithm; 0 and 1",
            number(held.differential_width),
        ],
    ]
    if patients:
        state, history = (", ".join(_fields(context, block)) or "none" for block in ("state", "treatment"))
        rows += [
            ["Clinical", state, "z-score, levels embedded", number(held.patient_state_width)],
            ["Clinical", history, "masked after baseline or landmark; no outcome", number(held.treatment_width)],
        ]
    form = (
        "The network of this study reads the signature columns and leading directions instead (`representation.pooling`)."
        if held.pooling == "columns"
        else "The network of this study reads these maps, pooled over the genes."
    )
    return table(["Branch", "Inputs", "Encoding", "Dimensions"], rows, form)


def configuration(context: Values) -> Block:
    """Parts of the network with their widths, and what the score is made of beside it."""
    held = settings(context)
    network, training, objective = held.network, held.training, held.objective
    if network.form == "paper":
        trunk = ["Trunk", "two layers, GELU, LayerNorm, shortcut (eq. 8)", number(network.trunk_width)]
        head = ["Risk head", "linear, temperature (eq. 9)", "1"]
    else:
        widths = "–".join(map(str, network.perceptron_widths))
        trunk = ["Trunk", f"perceptron {widths}, GELU, in place of eqs. 4–8", number(network.perceptron_widths[-1])]
        head = ["Risk head", "linear", "1"]
    rows = [
        trunk,
        head,
        ["Ranking", f"pairs on the same score (eq. 10), weight {number(objective.ranking_weight)}", "1"],
        [
            "Regularisation",
            f"dropout {number(network.dropout)}, weight decay {number(training.weight_decay)}, coherence (eq. 7) "
            f"{number(objective.coherence_weight)}",
            "–",
        ],
    ]
    told = "The score is the linear path plus this network, each with the weight that inner folds give it."
    return table(["Module", "Structure", "Dimensions"], [[cell(a, strong=True), b, c] for a, b, c in rows], told)


def _fields(context: Values, block: str) -> list[str]:
    fields = frame_of(context.get("cohort"), "fields")
    if fields is None:
        return []
    return [str(name) for name in fields.loc[fields["used"] & (fields["block"] == block), "field"]]


def _concordance(held: Values | None) -> str:
    if not held or held.get("estimate") is None:
        return "not run"
    return f"{fixed(held['estimate'])} ({interval(held['lower'], held['upper'])})"
