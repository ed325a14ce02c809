"""Checks of the sequence half: reference against annotation, windows, targets, splits, models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.checks.verdict import Verdict
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document

if TYPE_CHECKING:
    import pandas as pd


def reference(document: Document) -> list[Verdict]:
    """Every chromosome has its sequence; starts of genes lie on initiators more often than the bases around them."""
    missing, starts = document["missing"], document["initiation"]
    told = (
        f"{starts['share']:.1%} of {starts['sites']:,} starts are a purine after a pyrimidine, {starts['expected']:.1%} of the "
        f"bases around them"
    )
    remedy = "" if starts["fits"] else ". Are the starts measured (PRO-cap), and is the FASTA of the same assembly?"
    return [
        Verdict(
            "chromosomes",
            not missing,
            f"the FASTA lacks {', '.join(missing[:5])}; name them in sequence.aliases where it has them under other names"
            if missing
            else f"{count_of(len(document['names']), 'chromosome has', 'chromosomes have')} the length that chrom_sizes states",
            {"missing": len(missing)},
        ),
        Verdict("sequence_fits_annotation", bool(starts["fits"]), told + remedy, {"share": starts["share"]}),
    ]


def windows(table: pd.DataFrame) -> Verdict:
    """Every chromosome with genes has a gene that is used."""
    used = table.groupby("chrom")["used"].sum()
    empty = sorted(used.index[used == 0])
    left = table.loc[~table["used"], "reason"].str.replace(
        r"^TSS shared with .*", "TSS shared with another gene", regex=True
    )
    told = "; ".join(f"{count:,} {reason}" for reason, count in left.value_counts().items())
    return Verdict(
        "no_empty_chromosome",
        not empty,
        (
            f"no gene of {', '.join(empty[:5])} is used. "
            if empty
            else f"{int(used.sum()):,} of {len(table):,} genes are used. "
        )
        + (f"Left out: {told}." if told else ""),
        {"empty": len(empty)},
    )


def targets(tasks: pd.DataFrame) -> Verdict:
    """Every task is one that replicates agree on; the others are dropped and named."""
    dropped = tasks[~tasks["kept"]]
    told = "; ".join(f"{task}: {note}" for task, note in dropped[["task", "note"]].itertuples(index=False))
    return Verdict("replicates_agree", dropped.empty, told or count_of(len(tasks), "task"), {"dropped": len(dropped)})


def splits(roles_cross: int, folds: int) -> Verdict:
    """No component stands in training and test of a fold."""
    return Verdict(
        "no_component_crosses",
        roles_cross == 0,
        f"{count_of(roles_cross, 'joined gene stands', 'joined genes stand')} in training and test of {count_of(folds, 'fold')}",
        {"crossing": roles_cross},
        blocking=True,
    )


def models(views: Document, least: float) -> list[Verdict]:
    """Predictions vary (`mean` aside); the champion is the rung that the rule names."""
    dead = [
        f"{name} in view {view}"
        for view, found in views.items()
        for name, spread in found["spread"].items()
        if name != "mean" and spread < least
    ]
    told = "; ".join(f"{view}: {found['champion']}" for view, found in views.items())
    plain = [view for view, found in views.items() if found["champion"] == "mean"]
    return [
        Verdict(
            "predictions_vary",
            not dead,
            f"constant predictions of {', '.join(dead)}" if dead else "the predictions of every rung vary",
            {"dead": len(dead)},
        ),
        Verdict(
            "champion_beats_mean",
            not plain,
            f"champions: {told}" + (f". Nothing is better than the mean in {', '.join(plain)}." if plain else ""),
            {"views": len(views)},
        ),
    ]


def profile(summary: Document) -> Verdict:
    """Profiles of the net are nearer to the measured ones than the mean profile is."""
    windows, inside = summary["windows"], summary["jsd_gain_interval"]
    told = f"{count_of(windows, 'window has', 'windows have')} {summary['least_reads']} reads"
    if inside is not None:
        told += f"; mean profile's JSD less the net's {summary['jsd_gain']:.3f} [{inside[0]:.3f}, {inside[1]:.3f}]"
    return Verdict("profile_beats_mean_profile", summary["better"], told, {"windows": windows})


def variants(table: pd.DataFrame) -> Verdict:
    """Every variant's REF equals the reference."""
    places = table.drop_duplicates(["line", "alt_number"])
    wrong = int(places["error"].str.startswith(("REF_MISMATCH", "BEYOND_CHROMOSOME")).sum())
    return Verdict(
        "variants_match_reference",
        wrong == 0,
        f"REF of {wrong:,} of {len(places):,} ALT alleles is not the reference's"
        + (". Was the file made on another assembly?" if wrong else ""),
        {"mismatches": wrong},
    )
