"""Tables of the sequence half: windows, targets, splits, predictions, metrics, words, variants."""

from __future__ import annotations

from groprog_assets.tables.columns import CHROM, GENE, STRAND, Column, Table

TASK = Column("task", "str", "name", "what is predicted, such as body.<condition>, tss.<condition>, log2fc.body")
VIEW = Column(
    "view", "str", "promoter or locus", "promoter ends shortly downstream of the TSS, locus is the whole window"
)
RUNG = Column("rung", "str", "name", "model of the ladder")

DECLARED = (
    Table(
        "sequence_windows",
        "one gene",
        (
            GENE,
            CHROM,
            STRAND,
            Column("tss", "int64", "bp, 0-based", "dominant transcription start site"),
            Column("tts", "int64", "bp, 0-based", "last base of the transcript"),
            Column(
                "unknown", "float64", "fraction", "of the window's bases that are unknown or outside the chromosome"
            ),
            Column("used", "bool", "flag", "the gene takes part"),
            Column("reason", "str", "text", "why it does not; empty where it does"),
        ),
        ("gene",),
    ),
    Table("sequence_targets", "one gene; a column a task follows", (GENE,), ("gene",), open_ended=True),
    Table(
        "sequence_tasks",
        "one task",
        (
            TASK,
            Column("unit", "str", "unit", "of the values"),
            Column("genes", "int64", "genes", "with a value"),
            Column("replicate_r", "float64", "Pearson r", "of the first two replicates", True),
            Column("kept", "bool", "flag", "the task is predicted"),
            Column("note", "str", "text", "why it is dropped, or what is missing"),
        ),
        ("task",),
    ),
    Table(
        "sequence_splits",
        "one gene",
        (
            GENE,
            Column("fold", "int64", "index", "fold in which the gene is tested"),
            Column("component", "int64", "index", "genes joined by overlap, shared sequence or family have one number"),
            Column("homolog_elsewhere", "bool", "flag", "a window on another chromosome shares its sequence"),
            Column("dropped", "bool", "flag", "left out of training in a fold that tests a gene it is joined to"),
        ),
        ("gene",),
    ),
    Table(
        "sequence_predictions",
        "one gene, task, view and rung",
        (
            GENE,
            TASK,
            VIEW,
            RUNG,
            Column("fold", "int64", "index", "fold of the gene"),
            Column("target", "float64", "unit of the task", "measured", True),
            Column(
                "predicted",
                "float64",
                "unit of the task",
                "by the model that held the gene's fold out; log odds of being high with sequence.task: high_low",
            ),
        ),
        ("gene", "task", "view", "rung"),
    ),
    Table(
        "sequence_links",
        "one gene and distal fragment, of a rung that reads fragments",
        (
            GENE,
            VIEW,
            RUNG,
            Column("fold", "int64", "index", "fold of the gene, which the net never saw"),
            Column("gene_chrom", "str", "name", "chromosome of the gene"),
            Column("tss", "int64", "bp, 0-based", "transcription start site of the gene"),
            STRAND,
            Column("chrom", "str", "name", "chromosome of the fragment"),
            Column("start", "int64", "bp, 0-based", "first base of the fragment"),
            Column("end", "int64", "bp, 0-based", "after its last base"),
            Column("contact", "float64", "0 to 1", "log(1 + reads of the contact) over the highest of the file"),
            Column(
                "attention", "float64", "fraction", "of the attention of the gene's window that lies on the fragment"
            ),
        ),
        (),
    ),
    Table(
        "sequence_metrics",
        "one rung on one task in one view",
        (
            TASK,
            VIEW,
            RUNG,
            Column("champion", "bool", "flag", "the rung that is used in this view"),
            Column("genes", "int64", "genes", "tested"),
            Column("pearson", "float64", "r", "mean over folds, held-out genes", True),
            Column("lower", "float64", "r", "95 % interval by block bootstrap", True),
            Column("upper", "float64", "r", "95 % interval by block bootstrap", True),
            Column("spearman", "float64", "rho", "mean over folds", True),
            Column(
                "r2",
                "float64",
                "fraction",
                "of the variance around the training mean; of log odds 1 less the Brier score over that of even odds",
                True,
            ),
            Column(
                "mse", "float64", "unit of the task squared", "mean squared error; of log odds the Brier score", True
            ),
            Column("auroc", "float64", "area", "of high against low, cut at the training median", True),
            Column("auroc_lower", "float64", "area", "95 % interval by block bootstrap", True),
            Column("auroc_upper", "float64", "area", "95 % interval by block bootstrap", True),
            Column("auprc", "float64", "area", "average precision of high", True),
            Column("accuracy", "float64", "fraction", "right side of the training median", True),
            Column("recall", "float64", "fraction", "of high genes predicted high", True),
            Column("of_ceiling", "float64", "fraction", "r over the r that the replicates allow", True),
            Column("random_split", "float64", "r", "of the same rung under a random split of genes", True),
            Column("inflation", "float64", "r", "random split less the honest one", True),
            Column("inflation_lower", "float64", "r", "95 % interval, paired", True),
            Column("inflation_upper", "float64", "r", "95 % interval, paired", True),
            Column("by_fold", "str", "r, separated by ;", "each fold"),
        ),
        ("task", "view", "rung"),
    ),
    Table(
        "sequence_window_ablation",
        "one stretch of the window, of the main task",
        (
            TASK,
            Column("around", "str", "TSS, TTS", "what the stretch is measured from"),
            Column("start", "int64", "bp", "of its first base downstream of that"),
            Column("end", "int64", "bp", "after its last base"),
            Column("whole", "float64", "r", "of ridge on k-mers of the whole window, mean over folds, held-out genes"),
            Column("alone", "float64", "r", "of ridge on this stretch alone"),
            Column("alone_lower", "float64", "r", "95 % interval by block bootstrap", True),
            Column("alone_upper", "float64", "r", "95 % interval by block bootstrap", True),
            Column("loss", "float64", "r", "whole window less the window without this stretch"),
            Column("loss_lower", "float64", "r", "95 % interval, paired", True),
            Column("loss_upper", "float64", "r", "95 % interval, paired", True),
        ),
        ("task", "around", "start"),
    ),
    Table(
        "sequence_profile_metrics",
        "one way to predict the profile around starts",
        (
            Column("predicted_by", "str", "name", "profile net, mean profile of training genes, or a replicate"),
            Column("windows", "int64", "windows", "with enough reads to be judged"),
            Column("jsd", "float64", "0 to 1", "median square root of the Jensen-Shannon divergence, base 2", True),
            Column("pearson", "float64", "r", "mean over windows, both strands together", True),
            Column("near", "float64", "fraction", "whose highest base is found within 2 bp", True),
        ),
        ("predicted_by",),
    ),
    Table(
        "sequence_profile_genes",
        "one gene with enough reads around its start",
        (
            GENE,
            Column("fold", "int64", "index", "fold of the gene, which the net never saw"),
            Column("reads", "int64", "reads", "around the start, both strands"),
            Column("jsd", "float64", "0 to 1", "square root of the Jensen-Shannon divergence of the net's profile"),
            Column("mean_profile_jsd", "float64", "0 to 1", "the same of the mean profile of training genes"),
            Column("pearson", "float64", "r", "of the net's profile"),
            Column("near", "bool", "flag", "the highest base is found within 2 bp"),
        ),
        ("gene",),
    ),
    Table(
        "variant_effects",
        "one variant, ALT, gene and task; a variant without a score has one row",
        (
            Column("line", "int64", "index", "line of the file, from 0"),
            Column("alt_number", "int64", "index", "of the line's ALT alleles, from 0"),
            Column("chrom", "str", "name", "as the file names it"),
            Column("position", "int64", "bp, 1-based", "POS of the file"),
            Column("ref", "str", "bases", "REF of the file"),
            Column("alt", "str", "bases", "ALT of the file"),
            Column("gene", "str", "symbol", "gene whose window holds the variant; empty where there is none"),
            Column("offset", "int64", "bp", "of the variant downstream of the gene's TSS; 0 where there is no gene"),
            Column("transcribed", "bool", "flag", "inside the gene's transcript"),
            Column("coding", "float64", "flag", "touches coding sequence, of this gene or another", True),
            Column(
                "task",
                "str",
                "name",
                "what is predicted; empty where there is no score, or only the window of the profile holds the variant",
            ),
            Column("view", "str", "promoter or locus", "view of the model"),
            Column("effect", "float64", "unit of the task", "prediction with ALT less that with REF", True),
            Column("sd", "float64", "unit of the task", "of the effect over the models of all folds and seeds", True),
            Column("z", "float64", "standard deviations", "effect over that of random changes at that distance", True),
            Column(
                "jsd",
                "float64",
                "0 to 1",
                "change of the gene's predicted profile, square root of the Jensen-Shannon divergence; with sequence.profile",
                True,
            ),
            Column(
                "tss_shift",
                "float64",
                "bp",
                "by which the gene's expected TSS moves downstream; with sequence.profile",
                True,
            ),
            Column("error", "str", "code", "why there is no score; empty where there is one, or no gene is near"),
        ),
        (),
    ),
    Table(
        "sequence_words",
        "one word for one task",
        (
            TASK,
            Column("word", "str", "bases", "on either strand, in the form first in the alphabet"),
            Column("genes", "int64", "genes", "training genes that hold it"),
            Column("difference", "float64", "unit of the task", "mean with the word less mean without"),
            Column("z_train", "float64", "standard errors", "of the difference, training genes"),
            Column("z_test", "float64", "standard errors", "of the difference, test genes; 0 where too few hold it"),
            Column("same_sign", "bool", "flag", "training and test genes agree"),
        ),
        ("task", "word"),
    ),
    Table(
        "sequence_attributions",
        "one gene and task",
        (
            GENE,
            TASK,
            Column("fold", "int64", "index", "fold that the model never saw"),
            Column(
                "difference",
                "float64",
                "unit of the task",
                "prediction less that of the background, or of the references of a net",
            ),
            Column("sum", "float64", "unit of the task", "of the contributions of the window's bases"),
            Column("gap", "float64", "unit of the task", "sum less difference; 0 where the bases explain all"),
        ),
        ("gene", "task"),
    ),
    Table(
        "sequence_seqlets",
        "one seqlet of a task",
        (
            TASK,
            CHROM,
            Column("start", "int64", "bp, 0-based", "first base"),
            Column("end", "int64", "bp, 0-based", "after the last base"),
            STRAND,
            GENE,
            Column("offset", "int64", "bp", "of its first base downstream of the gene's TSS, in the gene's direction"),
            Column("contribution", "float64", "unit of the task", "sum over its bases"),
            Column("p", "float64", "share", "of spans of its length and sign that add as much"),
            Column("motif", "str", "name", "motif that it belongs to; empty where it belongs to none"),
        ),
        (),
    ),
    Table(
        "sequence_motifs",
        "one motif of one task and sign",
        (
            TASK,
            Column("sign", "str", "up or down", "whether it raises or lowers the prediction"),
            Column("motif", "str", "name", "task, sign, and rank by |z| on held-out genes"),
            Column("consensus", "str", "bases", "most frequent base of each column"),
            Column("seqlets", "int64", "seqlets", "members"),
            Column("genes", "int64", "genes", "with a member"),
            Column("information", "float64", "bits", "of the matrix over equal shares"),
            Column("contribution", "float64", "unit of the task", "mean over the members"),
            Column("effect", "float64", "unit of the task", "mean change where it is written into shuffled promoters"),
            Column(
                "z_held_out", "float64", "standard errors", "measured values of genes with a member less the others"
            ),
            Column("z_by_fold", "str", "z, separated by ;", "each fold"),
            Column("same_sign", "bool", "flag", "effect and z agree"),
            Column("position", "float64", "bp", "median of the middle, downstream of the TSS"),
            Column("position_low", "float64", "bp", "first quartile"),
            Column("position_high", "float64", "bp", "third quartile"),
            Column("best_match", "str", "name", "most similar motif of sequence.motifs; empty without them"),
            Column("match_p", "float64", "p", "Tomtom's, of that match", True),
            Column("match_q", "float64", "q", "Benjamini and Hochberg over all pairs", True),
        ),
        ("task", "motif"),
    ),
    Table(
        "sequence_motif_sites",
        "one motif of one task, and one file of sites",
        (
            TASK,
            Column("motif", "str", "name", "as in sequence_motifs"),
            Column("sites", "str", "name", "BED file of sequence.sites"),
            Column("hits", "int64", "spans", "seqlets of the motif, overlapping ones counted once"),
            Column("hits_in", "int64", "spans", "of them that overlap a site"),
            Column(
                "controls", "int64", "spans", "of genes without the motif, as far from the TSS, with a like GC share"
            ),
            Column("controls_in", "int64", "spans", "of them that overlap a site"),
            Column("odds_ratio", "float64", "ratio", "conditional maximum likelihood; inf or missing at an edge", True),
            Column("lower", "float64", "ratio", "95 % interval of Fisher's exact test", True),
            Column("upper", "float64", "ratio", "95 % interval of Fisher's exact test", True),
            Column("p_value", "float64", "probability", "Fisher's exact test, two-sided"),
            Column("q_value", "float64", "probability", "Benjamini and Hochberg over the rows"),
            Column("gc_hits", "float64", "fraction", "mean share of G and C beside the hits that have controls", True),
            Column("gc_controls", "float64", "fraction", "mean share of G and C beside the controls", True),
        ),
        ("task", "motif", "sites"),
    ),
    Table(
        "sequence_embedding",
        "one gene",
        (
            GENE,
            *(
                Column(
                    f"e{number:02}",
                    "float64",
                    "standard deviations",
                    f"prediction of task {number + 1} by a model that never saw the gene; 0 without such a task"
                    if number < 8
                    else f"axis {number - 7} of the k-mers of its window, without targets",
                )
                for number in range(16)
            ),
        ),
        ("gene",),
    ),
    Table(
        "sequence_descriptors",
        "one gene, as the risk model reads it: sequence_predicted_<task>, sequence_axis_<number>, sequence_missing; of other "
        "models sequence_pretrained_<name>_<number> and, where a gene has no vector, sequence_pretrained_<name>_missing",
        (GENE, Column("sequence_missing", "float64", "0 or 1", "no window: the other columns hold their mean, 0")),
        ("gene",),
        open_ended=True,
    ),
)
