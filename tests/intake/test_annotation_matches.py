"""What `study check` says of masks, loci, symbols and terms against the annotation."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from groprog_assets.cli.main import main
from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.intake import annotation_matches
from groprog_assets.intake.annotation_matches import _expression
from groprog_assets.intake.preflight import preflight
from groprog_assets.methods.annotation import ontology
from groprog_assets.simulation import simulate_study
from groprog_assets.study.check import load_study


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    return Path(simulate_study(tmp_path_factory.mktemp("matches") / "study", scale="tiny"))


def change(study: Path, **sections: dict) -> Path:
    """The study file again beside itself, with fields of its sections replaced."""
    stated = yaml.safe_load(study.read_text())
    for name, fields in sections.items():
        stated[name] = {**stated[name], **fields} if isinstance(fields, dict) else fields
    place = study.parent / "changed.yaml"
    place.write_text(yaml.safe_dump(stated))
    return place


def check(study: Path) -> str:
    result = CliRunner().invoke(main, ["study", "check", str(study)])
    assert "Traceback" not in result.output
    return result.output


def test_counts_of_what_matched_are_said(study: Path) -> None:
    output = check(study)
    assert "no problems" in output
    for words in (
        "genome.annotation: 39 of 39 transcripts",
        "genome.blacklist: 1 of 1 intervals lie on a chromosome of the study",
        "genes named by loci are annotated",
        "signature_target: chr",
        "symbols are genes that take part",
        "genes of the annotation have a term",
        "terms with genes hold",
    ):
        assert words in output, words


def test_a_mask_partly_under_other_names_is_refused_and_its_remedy_works(study: Path) -> None:
    bed = study.parent / "partly.bed"
    bed.write_text("chr1\t0\t10\n2\t100\t5000\n")
    changed = change(study, genome={"blacklist": "partly.bed"})
    output = check(changed)
    assert "partly.bed, line 2" in output
    assert "1 of 2 intervals lie on a chromosome of the study" in output
    assert "Rename 2 to chr2" in output
    bed.write_text(bed.read_text().replace("\n2\t", "\nchr2\t") + "chrUn_KI270302v1\t0\t10\n")
    output = check(changed)
    assert "genome.blacklist: 2 of 3 intervals lie on a chromosome of the study; 1 lies elsewhere" in output
    assert "no problems" in output


def test_a_small_set_that_would_not_be_tested_is_said_and_its_remedy_works(study: Path) -> None:
    text = (study.parent / "genome" / "annotation.gtf").read_text()
    genes = list(dict.fromkeys(re.findall(r'gene_name "([^"]+)"', text)))
    (study.parent / "mine.gmt").write_text("MINE\tmy set\t" + "\t".join(genes[:9]) + "\n")
    ontology = {"obo": None, "gaf": None, "gmt": "mine.gmt"}
    stated = yaml.safe_load(study.read_text()).get("parameters", {})
    parameters = {**stated, "enrichment": {"minimum_term_size": 10}}
    output = check(change(study, ontology=ontology, parameters=parameters))
    assert "0 of 1 gene sets hold 10 to 500 genes of the annotation" in output
    assert "Set parameters.enrichment.minimum_term_size" in output
    parameters = {**stated, "enrichment": {"minimum_term_size": 2}}
    output = check(change(study, ontology=ontology, parameters=parameters))
    assert "1 of 1 gene sets hold 2 to 500 genes of the annotation" in output


def test_a_gene_within_another_is_named_as_such_and_its_interval_is_taken(study: Path) -> None:
    """A locus that the consensus drops would end the run at `loci`: it is said before."""
    folder = study.parent
    rows = (folder / "genome" / "annotation.gtf").read_text().splitlines()
    fields = next(row for row in rows if "\ttranscript\t" in row).split("\t")
    fields[3], fields[4] = str(int(fields[3]) + 10), str(int(fields[3]) + 60)
    fields[8] = 'gene_id "WITHIN"; transcript_id "WITHIN.1"; gene_name "WITHIN";'
    (folder / "genome" / "more.gtf").write_text("\n".join([*rows, "\t".join(fields)]) + "\n")
    loci = [{"name": "WITHIN", "gene": "WITHIN", "reason": "short"}]
    output = check(change(study, genome={"annotation": "genome/more.gtf"}, loci=loci))
    assert "WITHIN is annotated, but not among the genes that take part" in output
    assert "Give its interval instead" in output
    loci = [{"name": "WITHIN", "interval": f"{fields[0]}:{fields[3]}-{fields[4]}", "reason": "short"}]
    assert "no problems" in check(change(study, genome={"annotation": "genome/more.gtf"}, loci=loci))


def test_ids_that_differ_in_their_version_alone_are_named() -> None:
    genes = {"ENSG00000141510", "TP63"}
    said = str(_expression(["ENSG00000141510.18", "TP63", "OTHER"], genes, genes))
    assert "1 of 3 symbols are genes that take part; 2 are not annotated" in said
    assert "1 of them only for their version" in said
    assert "1 of 1 symbols are genes that take part." in str(_expression(["ENSG00000141510"], genes, genes))


def test_the_annotation_is_read_while_the_ontology_is_checked_and_problems_keep_their_order(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = threading.Event()

    def of_annotation(*_: object) -> None:
        reading.set()
        raise AnnotationError(Problem("annotation", "", "", ""))

    def of_ontology(*_: object) -> None:
        met = reading.wait(30)
        raise AnnotationError(Problem("ontology", "met" if met else "alone", "", ""))

    monkeypatch.setattr(annotation_matches, "require_matches", of_annotation)
    monkeypatch.setattr(ontology, "check_ontology", of_ontology)
    found = [(item.where, item.value) for item in preflight(load_study(study))]
    assert found == [("ontology", "met"), ("annotation", "")]
