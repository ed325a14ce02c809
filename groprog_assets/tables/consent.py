"""The table of consents: append-only, the row with the largest version of a subject is valid."""

from __future__ import annotations

from groprog_assets.tables.columns import Column, Table
from groprog_assets.tables.phenotypes import SUBJECT

PERMISSIONS = ("DUO:0000004", "DUO:0000042", "DUO:0000006", "DUO:0000007", "DUO:0000011")
"""No restriction, general research, health, named diseases, ancestry."""

DECLARED = (
    Table(
        "consents",
        "one version of a subject's consent",
        (
            SUBJECT,
            Column("version", "int32", "number", "rises with each change; the largest is valid"),
            Column("granted", "datetime64[us]", "time", "when it was given"),
            Column("withdrawn", "datetime64[us]", "time", "when it was withdrawn", nullable=True),
            Column("permission", "str", "DUO", "what the data may be used for", values=PERMISSIONS),
            Column("modifiers", "list[str]", "DUO", "what narrows the permission"),
            Column("diseases", "list[str]", "MONDO", "diseases that DUO:0000007 names"),
            Column("until", "datetime64[us]", "day", "when it ends", nullable=True),
        ),
        ("subject_id", "version"),
    ),
    Table(
        "permitted_subjects",
        "one subject whose valid consent allows the study's purpose",
        (SUBJECT,),
        ("subject_id",),
    ),
)
