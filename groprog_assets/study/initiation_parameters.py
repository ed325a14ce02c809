"""Numbers of the initiation regions: seeds, start profile, pairs, classes, what is tested and what is refused.

Standard library and pydantic only.
"""

from __future__ import annotations

from groprog_assets.study.citation import ParameterGroup, cited

_MEASURED = "unstated"


class InitiationParameters(ParameterGroup):
    small_chromosome: int = cited(
        20_000_000,
        unit="bp",
        source=_MEASURED,
        why="where no chromosome is longer, genes are dense and a profile of 1,500 bp holds the neighbours; 600 bp are used",
        ge=1,
    )
    profile: str | None = cited(
        None,
        unit="library",
        source=_MEASURED,
        why="the profile of all libraries together; of one named library where that one is deeper or another kind is scored",
    )
    control_ratio: float = cited(
        2.0,
        unit="reads of a cluster over those of its control, scaled to equal depth",
        source=_MEASURED,
        why="a cluster of capped RNA with less than twice its -TAP or input control is no start",
        gt=0,
    )
    minimum_reads: int = cited(
        20_000, unit="reads of all libraries", source=_MEASURED, why="with 11,000 reads three pairs of 112 remain", ge=0
    )
    minimum_positions: int = cited(
        500, unit="occupied bases of one chromosome", source=_MEASURED, why="fewer cannot teach a start profile", ge=1
    )
    minimum_single_score: float = cited(
        10.0,
        unit="score",
        source=_MEASURED,
        why="below it two of three starts of fission yeast are not annotated",
        ge=1,
    )
    medium_score: float = cited(
        15.0, unit="score", source=_MEASURED, why="precision at 150 bp .65 in fission yeast, .40 below", gt=0
    )
    strong_score: float = cited(
        25.0, unit="score", source=_MEASURED, why="precision at 150 bp .81-.90 in fission yeast", gt=0
    )
    pair_false_discovery_rate: float = cited(
        0.1,
        unit="q of strand-shift decoys",
        source=_MEASURED,
        why="with a moved minus strand 0 to 3 of 140-170 pairs pass",
        gt=0,
        lt=1,
    )
    nearest_pair: int = cited(
        -50, unit="bp, plus start less minus start", source=_MEASURED, why="starts of one region may overlap slightly"
    )
    farthest_pair: int = cited(
        400,
        unit="bp, plus start less minus start",
        source=_MEASURED,
        why="run-on 5' ends stand inside the transcripts",
        ge=0,
    )
    nearest_capped_pair: int = cited(
        -100, unit="bp, plus summit less minus summit", source=_MEASURED, why="convergent starts within a nucleosome"
    )
    farthest_capped_pair: int = cited(
        300, unit="bp, plus summit less minus summit", source="PINTS 1.2.1, opposite peaks within 300 bp", ge=0
    )
    proximal_distance: int = cited(
        1000,
        unit="bp from an annotated start",
        source=_MEASURED,
        why="the usual limit between promoters and enhancers",
        ge=0,
    )
    active_start_distance: int = cited(
        500, unit="bp", source=_MEASURED, why="a single start so near an annotated one of its strand is that one", ge=0
    )
    counting_window: int = cited(
        500, unit="bp from the 5' base", source=_MEASURED, why="holds the paused and early reads of both strands", ge=1
    )
    minimum_region_reads: int = cited(
        10, unit="reads over all libraries", source=_MEASURED, why="fewer cannot be significant", ge=0
    )
    link_distance: int = cited(
        500_000, unit="bp", source=_MEASURED, why="most contacts of enhancers and promoters are nearer", ge=1
    )
    link_libraries: int = cited(
        6, unit="libraries", source=_MEASURED, why="with fewer a rank correlation is 1 too often by chance", ge=4
    )
    gene_distance: int = cited(
        100_000,
        unit="bp from a gene's start",
        source="DC-TAP-seq survey of distal elements: most regulatory interactions are over less than 100 kb",
        why="candidate enhancers so near are counted in the gene's descriptor",
        ge=1,
    )
    response_neighbours: int = cited(
        3,
        unit="candidate enhancers",
        source=_MEASURED,
        why="the nearest ones: their mean is the gene's descriptor; one alone rests on few reads",
        ge=1,
    )
    largest_response: float = cited(
        3.0,
        unit="log2",
        source=_MEASURED,
        why="fold changes of a region count as eightfold at most: with few reads any fold change is possible",
        gt=0,
    )
    largest_strand_overlap: float = cited(
        0.2,
        unit="Jaccard index of the occupied bases of the strands",
        source=_MEASURED,
        why="one unstranded signal on both strands has 1, libraries at most .05",
        gt=0,
        lt=1,
    )
    smallest_sense_share: float = cited(
        0.5, unit="fraction of reads over genes", source=_MEASURED, why="below it the strands are exchanged", gt=0, lt=1
    )
    longest_equal_run: float = cited(
        3.0,
        unit="bases, mean run of neighbours of equal count",
        source=_MEASURED,
        why="read ends have 1.1, coverage of 36-bp reads more than ten",
        gt=1,
    )
    largest_spliced_share: float = cited(
        0.05,
        unit="fraction of reads",
        source=_MEASURED,
        why="nascent RNA is rarely spliced; spliced reads are of mature RNA",
        gt=0,
        lt=1,
    )
