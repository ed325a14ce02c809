"""Mutations, copy number and further matrices of the patients: what is read, how patients are found, what is refused."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest

from groprog_assets.errors import CohortError, Notice
from groprog_assets.methods.cohort.patient_matrices import matrix_names, matrix_problems, members_of, read_omics
from groprog_assets.study.parameters import Parameters
from groprog_assets.study.schema import ClinicalField, Cohort, Endpoint, Expression, Matrix
from groprog_assets.tables.values import Arrays

PATIENTS = ["TCGA-AA-0001", "TCGA-AA-0002", "TCGA-AA-0003", "TCGA-AA-0004"]
MAF = """#version 2.4
Hugo_Symbol\tEntrez_Gene_Id\tVariant_Classification\tTumor_Sample_Barcode
TP53\t7157\tMissense_Mutation\tTCGA-AA-0001-01
TP53\t7157\tNonsense_Mutation\tTCGA-AA-0001-01
TP53\t7157\tSilent\tTCGA-AA-0002-01
CTNNB1\t1499\tIn_Frame_Del\tTCGA-AA-0003-01
CTNNB1\t1499\tIntron\tTCGA-AA-0001-01
ARID1A\t8289\tFrame_Shift_Ins\tTCGA-AA-0001-11
"""


def cohort(folder: Path, *matrices: Matrix, expression: Expression | None = None) -> Cohort:
    endpoint = Endpoint(time_column="T", event_column="E")
    fields = [ClinicalField(column="AGE", name="age", kind="continuous")]
    clinical = folder / "clinical.tsv"
    return Cohort(clinical=clinical, endpoint=endpoint, fields=fields, matrices=list(matrices), expression=expression)


def write(folder: Path, name: str, rows: list[list[object]], patients: list[str] = PATIENTS) -> Path:
    lines = ["\t".join(["Hugo_Symbol", *patients]), *("\t".join(map(str, row)) for row in rows)]
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def read(folder: Path, *matrices: Matrix) -> Arrays:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        return read_omics(cohort(folder, *matrices), PATIENTS)


def refused(folder: Path, *matrices: Matrix) -> str:
    with pytest.raises(CohortError) as caught:
        read(folder, *matrices)
    return str(caught.value)


def test_a_table_of_mutations_with_a_gene_in_two_rows(tmp_path: Path):
    path = write(tmp_path, "m.tsv", [["TP53", 1, 0, 0, "NA"], ["KRAS", 0, 0, 1, 0], ["TP53", 0, 1, 0, "NA"]])
    arrays = read(tmp_path, Matrix(name="mutations", kind="mutations", path=path))
    values, patients, genes = members_of(arrays, "mutations").values()
    assert genes.tolist() == ["KRAS", "TP53"]
    assert patients.tolist() == PATIENTS
    np.testing.assert_array_equal(values, [[0, 1], [0, 1], [1, 0], [0, np.nan]])
    assert matrix_names(arrays) == ["mutations"]


def test_a_maf_counts_non_silent_mutations_and_leaves_out_normal_tissue(tmp_path: Path):
    path = tmp_path / "data_mutations.txt"
    path.write_text(MAF)
    with pytest.warns(Notice, match="may not have been sequenced"):
        arrays = read_omics(cohort(tmp_path, Matrix(name="mutations", kind="mutations", path=path)), PATIENTS)
    values, patients, genes = members_of(arrays, "mutations").values()
    assert patients.tolist() == PATIENTS[:3]  # the fourth has no row, so nobody knows
    assert genes.tolist() == ["ARID1A", "CTNNB1", "TP53"]
    np.testing.assert_array_equal(values, [[0, 0, 1], [0, 0, 0], [0, 1, 0]])


def test_a_case_list_says_who_was_sequenced_and_a_folder_is_searched(tmp_path: Path):
    (tmp_path / "data_mutations.txt.gz").write_bytes(gzip.compress(MAF.encode()))
    (tmp_path / "case_lists").mkdir()
    listed = "\t".join(f"{patient}-01" for patient in PATIENTS)
    (tmp_path / "case_lists" / "cases_sequenced.txt").write_text(f"stable_id: x\ncase_list_ids: {listed}\n")
    arrays = read(tmp_path, Matrix(name="mutations", kind="mutations", path=tmp_path))
    assert arrays["mutations.patient_id"].tolist() == PATIENTS
    np.testing.assert_array_equal(arrays["mutations.values"][3], 0)


def test_files_of_a_cbioportal_folder(tmp_path: Path):
    write(tmp_path, "data_cna.txt", [["MYC", 2, -1.5, 0, -2]])
    write(tmp_path, "data_mrna_seq_v2_rsem.txt", [["MYC", 5, 3.5, 0.2, 12], ["TP53", 1, 2.5, 0.1, 13]])
    expression = Expression(path=tmp_path, scale="linear")
    copies = Matrix(name="copy_number", kind="copy_number", path=tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        arrays = read_omics(cohort(tmp_path, copies, expression=expression), PATIENTS)
    assert arrays["gene"].tolist() == ["MYC", "TP53"]
    np.testing.assert_array_equal(arrays["copy_number.values"][:, 0], [2, -1.5, 0, -2])
    assert Matrix(name="m", kind="mutations", path=tmp_path).file == tmp_path / "data_mutations.txt"
    assert Expression(path=tmp_path, scale="z_score").file.name == "data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt"


def test_counts_of_mutations_are_named_and_the_remedy_leads_to_a_table_that_is_read(tmp_path: Path):
    path = write(tmp_path, "m.tsv", [["TP53", 1, 0, 3, 0], ["KRAS", 0, 2, 1, 0]])
    matrix = Matrix(name="mutations", kind="mutations", path=path)
    told = refused(tmp_path, matrix)
    assert f"{path}:2, patient TCGA-AA-0003, gene TP53: 3 and 1 more such cell" in told
    assert "write 1 for every count above 0" in told
    write(tmp_path, "m.tsv", [["TP53", 1, 0, 1, 0], ["KRAS", 0, 1, 1, 0]])
    assert read(tmp_path, matrix)["mutations.values"].sum() == 4


def test_words_in_a_mutation_table_are_named(tmp_path: Path):
    path = write(tmp_path, "m.tsv", [["TP53", "R249S", 0, 0, 0]])
    told = refused(tmp_path, Matrix(name="mutations", kind="mutations", path=path))
    assert "'R249S'" in told
    assert "give the MAF itself" in told


def test_log_ratios_are_no_copy_number_calls_but_are_continuous(tmp_path: Path):
    path = write(tmp_path, "cn.tsv", [["MYC", 0.31, -0.02, 1.2, 0], ["EGFR", 0.1, 0, 0, -0.4]])
    told = refused(tmp_path, Matrix(name="copy_number", kind="copy_number", path=path))
    assert "Log-ratios?" in told
    assert "kind: continuous" in told
    arrays = read(tmp_path, Matrix(name="copy_number", kind="continuous", path=path))
    assert arrays["copy_number.values"].shape == (4, 2)
    whole = write(tmp_path, "total.tsv", [["MYC", 2, 5, 3, 2]])
    assert "Total copy numbers?" in refused(tmp_path, Matrix(name="cn", kind="copy_number", path=whole))


def test_a_matrix_of_other_patients_and_a_transposed_one_are_named_with_their_matrix(tmp_path: Path):
    strangers = write(tmp_path, "m.tsv", [["TP53", 1, 0]], ["X1", "X2"])
    told = refused(tmp_path, Matrix(name="mutations", kind="mutations", path=strangers))
    assert "cohort.matrices, mutations" in told
    assert "none of the 4 patients" in told
    turned = write(tmp_path, "t.tsv", [[patient, 1, 0] for patient in PATIENTS], ["TP53", "KRAS"])
    assert "Transpose the table." in refused(tmp_path, Matrix(name="mutations", kind="mutations", path=turned))
    empty = tmp_path / "data_mutations.txt"
    empty.write_text(MAF.split("TP53")[0] + "TP53\t7157\tSilent\tTCGA-AA-0002-01\n")
    assert "no non-silent mutation" in refused(tmp_path, Matrix(name="mutations", kind="mutations", path=empty))


def test_every_matrix_is_judged_at_once(tmp_path: Path):
    one = Matrix(name="one", kind="mutations", path=write(tmp_path, "a.tsv", [["TP53", 7, 0, 0, 0]]))
    two = Matrix(name="two", kind="copy_number", path=write(tmp_path, "b.tsv", [["TP53", 0.5, 0, 0, 0]]))
    told = refused(tmp_path, one, two)
    assert "matrices, one" in told
    assert "matrices, two" in told


def test_other_gene_names_than_the_expression_are_named(tmp_path: Path):
    settings = Parameters.model_validate({"cohort": {"minimum_shared_genes": 2}})
    names = {"MYC", "TP53", "KRAS"}
    arrays: Arrays = {"gene": np.array(sorted(names)), "values": np.zeros((4, 3))}
    matrix = Matrix(name="mutations", kind="mutations", path=tmp_path / "m.tsv")
    for genes, wrong in ((["7157", "4609"], True), (["TP53", "4609"], False)):
        held = {
            **arrays,
            "mutations.values": np.ones((4, 2)),
            "mutations.patient_id": np.array(PATIENTS),
            "mutations.gene": np.array(genes),
        }
        with pytest.warns(Notice, match="0 mutated in at least 5"):
            found = matrix_problems(held, cohort(tmp_path, matrix), settings)
        assert bool(found) is wrong


def noticed(folder: Path, *matrices: Matrix) -> str:
    with pytest.warns(Notice) as caught:
        read_omics(cohort(folder, *matrices), PATIENTS)
    return "\n".join(str(one.message) for one in caught)


def test_words_lead_to_zeros_for_wild_type_not_to_ones(tmp_path: Path):
    path = write(tmp_path, "m.tsv", [["TP53", "WT", "MUT", "WT", "WT"]])
    assert "0 for one without" in refused(tmp_path, Matrix(name="mutations", kind="mutations", path=path))


def test_a_table_of_ones_and_empty_cells_does_not_say_who_was_sequenced(tmp_path: Path):
    path = write(tmp_path, "m.tsv", [["TP53", 1, "", "", 1], ["KRAS", "", 1, 1, ""]])
    matrix = Matrix(name="mutations", kind="mutations", path=path)
    told = refused(tmp_path, matrix)
    assert "every cell is 1 or empty (4 cells of 1)" in told
    assert "Write 0" in told
    path.write_text(path.read_text().replace("\t\t\t", "\t0\t0\t").replace("\t\t", "\t0\t").replace("\t\n", "\t0\n"))
    np.testing.assert_array_equal(read(tmp_path, matrix)["mutations.values"], [[0, 1], [1, 0], [1, 0], [0, 1]])


def test_total_copy_numbers_of_two_and_less_are_no_calls(tmp_path: Path):
    path = write(tmp_path, "cn.tsv", [["MYC", 2, 2, 1, 2], ["EGFR", 2, 2, 0, 2]])
    assert "2 more often than 0" in refused(tmp_path, Matrix(name="cn", kind="copy_number", path=path))
    assert read(tmp_path, Matrix(name="cn", kind="continuous", path=path))["cn.values"].max() == 2


def test_joined_rows_and_genes_left_out_are_said(tmp_path: Path):
    path = write(
        tmp_path,
        "cn.tsv",
        [["MYC", 2, 0, 0, 0], ["MYC", -2, 0, 0, 0], ["EGFR", "NA", "NA", "", ""], ["TP53", 0, 0, 0, -1]],
    )
    told = noticed(tmp_path, Matrix(name="cn", kind="copy_number", path=path))
    assert "several rows of 1 gene ('MYC')" in told
    assert "1 of 3 genes without a value ('EGFR')" in told


def test_a_gene_that_all_measured_patients_carry_is_no_column(tmp_path: Path):
    settings = Parameters.model_validate({"matrices": {"minimum_carriers": 2}})
    held: Arrays = {
        "mutations.values": np.array([[1, 1], [1, 1], [1, 0], [np.nan, 0]]),
        "mutations.patient_id": np.array(PATIENTS),
        "mutations.gene": np.array(["KRAS", "TP53"]),
    }
    matrix = Matrix(name="mutations", kind="mutations", path=tmp_path / "m.tsv")
    with pytest.warns(Notice, match="1 mutated in at least 2"):
        matrix_problems(held, cohort(tmp_path, matrix), settings)


@pytest.mark.parametrize(
    ("header", "absent"),
    [
        ("Hugo_Symbol\tTumor_Sample_Barcode", "without Variant_Classification"),
        ("gene\tsample", "without Hugo_Symbol, Variant_Classification, Tumor_Sample_Barcode"),
    ],
)
def test_a_table_of_mutations_with_other_columns_is_told_from_a_matrix(tmp_path: Path, header: str, absent: str):
    path = tmp_path / "m.tsv"
    path.write_text(f"{header}\nTP53\tTCGA-AA-0001-01\nKRAS\tTCGA-AA-0002-01\n")
    told = refused(tmp_path, Matrix(name="mutations", kind="mutations", path=path))
    assert f"a row a mutation, {absent}" in told


def test_a_maf_of_another_kind_or_with_other_names_is_refused(tmp_path: Path):
    path = tmp_path / "m.maf"
    path.write_text(MAF)
    assert "Set kind: mutations" in refused(tmp_path, Matrix(name="m", kind="continuous", path=path))
    path.write_text(MAF.replace("TCGA-AA", "P"))
    assert "is a column ('P-0001-01'" in refused(tmp_path, Matrix(name="m", kind="mutations", path=path))
    path.write_text(
        MAF.replace("Missense_Mutation", "missense_variant").replace("Nonsense_Mutation", "stop_gained")[:160]
    )
    assert "vcf2maf" in refused(tmp_path, Matrix(name="m", kind="mutations", path=path))


def test_several_samples_of_a_patient_in_a_maf_and_the_sample_table_that_decides(tmp_path: Path):
    path = tmp_path / "m.maf"
    path.write_text(
        MAF.replace("TCGA-AA-0003-01", "TCGA-AA-0001-01A") + "KRAS\t1\tMissense_Mutation\tTCGA-AA-0001-01B\n"
    )
    matrix = Matrix(name="mutations", kind="mutations", path=path)
    told = refused(tmp_path, matrix)
    assert "1 patient with several samples" in told
    assert "SAMPLE_TYPE" in told
    rows = [("01", "Primary"), ("01A", "Metastasis"), ("01B", "Metastasis")]
    table = "".join(f"TCGA-AA-0001\tTCGA-AA-0001-{code}\t{kind}\n" for code, kind in rows)
    (tmp_path / "data_clinical_sample.txt").write_text("PATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\n" + table)
    arrays = read(tmp_path, matrix)
    assert dict(zip(arrays["mutations.gene"], arrays["mutations.values"][0])) == {
        "ARID1A": 0,
        "CTNNB1": 0,
        "KRAS": 0,
        "TP53": 1,
    }


def test_rows_without_sample_or_symbol_and_samples_that_no_list_has_are_said(tmp_path: Path):
    path = tmp_path / "m.maf"
    path.write_text(MAF + "KRAS\t1\tMissense_Mutation\t\n\t1\tMissense_Mutation\tTCGA-AA-0002-01\n")
    (tmp_path / "case_lists").mkdir()
    (tmp_path / "case_lists" / "cases_sequenced.txt").write_text("case_list_ids: TCGA-AA-0001-01\n")
    told = noticed(tmp_path, Matrix(name="mutations", kind="mutations", path=path))
    assert "1 row without a sample" in told
    assert "1 row without a symbol" in told
    assert "3 of them with a row and not in the list" in told


def test_one_patient_whose_maf_names_mutated_genes_alone_is_read(tmp_path: Path):
    path = tmp_path / "m.maf"
    path.write_text("\n".join(MAF.splitlines()[:3]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        arrays = read_omics(cohort(tmp_path, Matrix(name="m", kind="mutations", path=path)), PATIENTS[:1])
    np.testing.assert_array_equal(arrays["m.values"], [[1]])
    copies = write(tmp_path, "cn.tsv", [["MYC", 2], ["EGFR", 2]], PATIENTS[:1])
    assert read(tmp_path, Matrix(name="cn", kind="copy_number", path=copies))["cn.values"].sum() == 4
