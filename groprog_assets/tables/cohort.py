"""Tables of the patients: records, fields, outcomes, exclusions."""

from __future__ import annotations

from groprog_assets.tables.columns import Column, Table

DECLARED = (
    Table(
        "clinical_records",
        "one patient's covariates as read",
        (Column("patient_id", "str", "id", "identifier of the clinical table"),),
        ("patient_id",),
        open_ended=True,
    ),
    Table(
        "clinical_fields",
        "one covariate",
        (
            Column("field", "str", "name", "column of clinical_records"),
            Column("column", "str", "name", "column of the file it is read from"),
            Column("kind", "str", "continuous, ordinal, categorical", "how it is encoded"),
            Column("unit", "str", "text", "unit of continuous fields"),
            Column("levels", "str", "JSON list", "levels of ordinal and categorical fields, in order"),
            Column("known_at_days", "float64", "days", "0 for baseline; when the value becomes known"),
            Column("baseline_despite_name", "bool", "flag", "the study vouches for a name like that of an outcome"),
            Column("block", "str", "state or treatment", "Table 5 block"),
            Column("used", "bool", "flag", "enters the model"),
            Column("reason", "str", "text", "why not, where it does not"),
            Column("missing", "int64", "patients", "patients without a value"),
        ),
        ("field",),
    ),
    Table(
        "outcomes",
        "one patient's outcome; the encoder never sees this table",
        (
            Column("patient_id", "str", "id", "identifier of the clinical table"),
            Column("time", "float64", "months", "follow-up from baseline (or the landmark)"),
            Column("event", "bool", "flag", "True when the endpoint happened at `time`"),
        ),
        ("patient_id",),
    ),
    Table(
        "exclusions",
        "one patient or column left out, and why",
        (
            Column("what", "str", "patient, column, library or gene", "kind of thing"),
            Column("id", "str", "id", "which"),
            Column("reason", "str", "text", "rule that removed it"),
        ),
        ("what", "id"),
    ),
    Table(
        "cohort_index",
        "one patient of the unified sample index",
        (
            Column("patient_id", "str", "id", "identifier of the clinical table"),
            Column("has_expression", "bool", "flag", "patient is in the expression matrix"),
            Column("has_nascent", "bool", "flag", "patient has a nascent library"),
            Column("batch", "str", "name", "declared batch; empty for none"),
            Column(
                "twin_of", "str", "id", "patient whose outcome and covariates, or expression, are the same; else empty"
            ),
        ),
        ("patient_id",),
    ),
    Table(
        "patient_funnel",
        "one step from the clinical table to the patients of the model",
        (
            Column(
                "step", "str", "name", "read, a reason for being left out, or with expression (where the others stay)"
            ),
            Column("removed", "int64", "patients", "left out by this step"),
            Column("removed_events", "int64", "patients", "of these with the event"),
            Column("removed_censored", "int64", "patients", "of these censored; the event of the others is not known"),
            Column("remaining", "int64", "patients", "left after it"),
            Column("events", "int64", "patients", "of these with the event"),
            Column("censored", "int64", "patients", "of these censored"),
            Column("reason", "str", "text", "what the step asks"),
        ),
        ("step",),
    ),
)
