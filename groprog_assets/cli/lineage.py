"""`groprog lineage …`: answers of the ledger, as text or as JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groprog_assets.cli.answering import JSON, PARTITION, Answering, answer
from groprog_assets.cli.arguments import needed_argument
from groprog_assets.cli.study_place import study_argument
from groprog_assets.cli.written_paths import WRITTEN
from groprog_assets.errors import LedgerError, Problem
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Value
from groprog_assets.wording import setting, shell_command

if TYPE_CHECKING:
    from groprog_assets.store.workspace import Workspace

PICTURE = click.option("--picture", type=WRITTEN, default=None, help="A picture of the answer: SVG or PNG.")
OLDER = click.option("--older", default="", help="Run id, model version or sha256, or its beginning.")
SCORES = "risk_scores"
NEWEST = 100
"""How many entries of a history are shown where not all are asked for."""
NEWER = click.option("--newer", default="", help="Run id, model version or sha256, or its beginning.")


@click.group("lineage")
def lineage_group() -> None:
    """Where values come from, what rests on them, what changed."""


@lineage_group.command("trace", cls=Answering)
@study_argument
@needed_argument("asset", "the name of an asset, as the UI and `groprog run --dry-run` show it", "pausing")
@PARTITION
@click.option(
    "--patient", default="", help="With risk_scores: the patient whose score is asked about, or the pseudonym."
)
@PICTURE
@JSON
def trace(asset: str, study: Path, partition: str, patient: str, picture: Path | None, as_json: bool) -> None:
    """Read files, parameters, code versions and clinical snapshot behind ASSET."""
    from groprog_assets.figures.numbers import members_interval
    from groprog_assets.intake.omics_subjects import name_of
    from groprog_assets.lineage import ledger, questions
    from groprog_assets.lineage.pictures import trace_picture, write_picture
    from groprog_assets.store.workspace import open_workspace

    if patient and asset != SCORES:
        rule = f"A patient's row is one of {SCORES}."
        raise LedgerError(Problem("--patient", f"with {asset}", rule, f"Ask for {SCORES}, or leave --patient out."))
    workspace = open_workspace(study)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        found = questions.trace(connection, asset, partition)
        if patient:
            scores = str(workspace.store.path(found["sha256"]))
            found["patient"] = questions.score(connection, scores, name_of(workspace, patient))
    lines = [f"{asset}{f'[{partition}]' if partition else ''}  sha256 {found['sha256']}"]
    if found["made"]:
        made = found["made"]
        lines.append(f"made {made['happened'][:19]}Z by {made['actor'] or 'unknown'} in run {made['run_id']}")
    if patient:
        row = found["patient"]
        lines.append(
            f"patient {patient}: risk {row['risk']:.4f}, interval {members_interval(row['risk_lower'], row['risk_upper'], 4)},"
            f" percentile {row['percentile']:.1f}, model {row['model_version'][:16]}"
        )
    lines += ["", "Files read"]
    lines += [
        f"  {item['sha256']}  {item['bytes']:>12,}  {item['role']:<24}{item['library']:<16}{item['path']}"
        for item in found["files"]
    ]
    lines += [
        "",
        f"Clinical snapshot  {found['clinical_snapshot'] or 'none'}",
        "",
        "Parameters that differ from the published",
    ]
    lines += [
        f"  {name} = {setting(item['value'])} (published {setting(item['published'])})"
        for name, item in found["overrides"].items()
    ] or ["  none"]
    lines.append(f"  all {len(found['parameters'])} parameters: --json")
    if found["left_out"]:
        lines += ["", "Libraries left out"] + [f"  {name}: {reason}" for name, reason in found["left_out"].items()]
    lines += ["", "Steps (code version, derivation)"]
    for step in sorted(found["steps"], key=lambda item: (item["asset"], item["partition"])):
        name = f"{step['asset']}[{step['partition']}]" if step["partition"] else step["asset"]
        lines.append(f"  {name:<44}{step['code_version'][:12]}  {step['derivation'][:12]}")
    lines += ["", f"Environment {', '.join(item[:12] for item in found['environments'])}"]
    if picture is not None:
        write_picture(trace_picture(found), picture)
    answer(found, as_json, lines)


@lineage_group.command("impact", cls=Answering)
@study_argument
@click.option("--file", default="", help="A path or sha256.")
@click.option("--library", default="")
@click.option(
    "--patient",
    is_flag=False,
    flag_value="*",
    default="",
    help="A patient who withdraws; without an id: any of the table.",
)
@click.option("--asset", default="")
@PICTURE
@JSON
def impact(study: Path, file: str, library: str, patient: str, asset: str, picture: Path | None, as_json: bool) -> None:
    """What of the present state rests on a file, a library, a patient or an asset; for a patient, what must be trained again."""
    from groprog_assets.intake.omics_subjects import name_of
    from groprog_assets.intake.withdrawals import is_known
    from groprog_assets.lineage import ledger, questions
    from groprog_assets.lineage.membership import fits_of, models_of
    from groprog_assets.lineage.pictures import impact_picture, write_picture
    from groprog_assets.store.pseudonyms import pseudonym, study_key
    from groprog_assets.store.workspace import open_workspace

    if not (file or library or patient or asset):
        raise LedgerError(Problem("impact", "of nothing", "Name one thing.", "--file, --library, --patient or --asset"))
    workspace = open_workspace(study)
    patient = name_of(workspace, patient)
    with ledger.open_ledger(workspace.ledger_path) as connection:
        if file and Path(file).is_file():
            places = (os.path.realpath(file), os.path.abspath(file))
            names = [Path(os.path.relpath(place, workspace.folder)).as_posix() for place in places]
            file = next((name for name in names if questions.reads(connection, name)), file)
        found = questions.impact(
            connection, file=file, library=library, asset=_of_patients(workspace) if patient else asset
        )
        if patient not in ("", "*"):
            name = pseudonym(patient, study_key(workspace.state))
            found |= {"patient": name, "models": models_of(connection, name), "fits": fits_of(connection, name)}
            if not (found["models"] or found["fits"] or is_known(workspace, patient)):
                rule = "Neither the clinical table nor the omics half has this id, and no model saw it."
                raise LedgerError(Problem("--patient", patient, rule, "Check the id."))
        edges = questions.graph(connection)
    if patient:
        found["command"] = workspace.command
    lines = [f"{len(found['affected'])} of {found['of']} values rest on it"]
    lines += [f"  {row['asset']} {row['partition']}".rstrip() for row in found["affected"]]
    if "models" in found:
        lines += ["", f"Models that saw {found['patient']}" if found["models"] else "No model saw this patient."]
    lines += [
        f"  {row['model_version'][:16]}  made {row['made'][:19]}Z  trained on in {count_of(row['fits'], 'fit')}"
        f"{', the final one too' if row['final'] else ''}, tested in {row['tests']}"
        for row in found.get("models", [])
    ]
    lines += [
        f"  {row['asset']} {row['fit'][:16]}  made {row['made'][:19]}Z  fitted with them"
        for row in found.get("fits", [])
    ]
    if patient:
        again = [row["asset"] for row in found["affected"] if row["asset"] in ("risk_model", "baselines")]
        lines += ["", f"To be trained again after a withdrawal: {', '.join(again) or 'nothing'}; `{found['command']}`"]
        lines.append(
            "A withdrawal is a file NAME.withdraw.txt in the inbox, one identifier a line."
            if workspace.study.cohort is not None
            else f"A withdrawal is `{shell_command('groprog', 'omics', 'erase', workspace.path, 'FILE')}`, in FILE one"
            " identifier a line."
        )
    if picture is not None:
        write_picture(impact_picture(found, edges), picture)
    answer(found, as_json, lines)


def _of_patients(workspace: Workspace) -> str:
    """The asset on which all rests that holds a patient, or a subject of a study without a cohort."""
    from groprog_assets.lineage import questions

    return questions.CLINICAL if workspace.study.cohort is not None else "consents"


@lineage_group.command("why", cls=Answering)
@study_argument
@needed_argument("asset", "the name of an asset, as the UI and `groprog run --dry-run` show it", "pausing")
@PARTITION
@OLDER
@NEWER
@PICTURE
@JSON
def why(asset: str, study: Path, partition: str, older: str, newer: str, picture: Path | None, as_json: bool) -> None:
    """Why ASSET changed between its last two values, or between two runs."""
    from groprog_assets.lineage import ledger, questions
    from groprog_assets.lineage.pictures import why_picture, write_picture
    from groprog_assets.store.workspace import open_workspace

    with ledger.open_ledger(open_workspace(study).ledger_path) as connection:
        questions.current(connection, asset, partition)  # said where it was never made
        found = questions.why(connection, asset, partition, older, newer)
        if picture is not None and "before" in found:
            sides = found["before"]["derivation"], found["after"]["derivation"]
            write_picture(why_picture(questions.states(connection, *sides), questions.graph(connection)), picture)
    lines = [f"{asset} {'changed' if found['changed'] else 'has not changed'}"]
    lines += [f"  {row['what']}: {_short(row['before'])} -> {_short(row['after'])}" for row in found["changes"]]
    answer(found, as_json, lines)


@lineage_group.command("diff", cls=Answering)
@study_argument
@click.option("--patient", required=True)
@OLDER
@NEWER
@PICTURE
@JSON
def diff(study: Path, patient: str, older: str, newer: str, picture: Path | None, as_json: bool) -> None:
    """Why a patient's score differs between two models, apportioned: what changed is swapped and the model trained again."""
    from groprog_assets import definitions  # registers the assets
    from groprog_assets.intake.omics_subjects import name_of
    from groprog_assets.lineage.apportionment import apportion
    from groprog_assets.lineage.pictures import diff_picture, write_picture
    from groprog_assets.store.workspace import open_workspace

    assert definitions.defs
    workspace = open_workspace(study)
    name = name_of(workspace, patient)
    found = apportion(workspace, name, older, newer, lambda text: click.echo(f"training {text}", err=True))
    if found is None:
        answer(None, as_json, ["There is one score only; nothing to compare with."])
        return
    lines = []
    for name, side in (("older", found.before), ("newer", found.after)):
        row = side["score"]
        lines.append(
            f"{name}   risk {row['risk']:+.4f}  percentile {row['percentile']:5.1f}  model {row['model_version'][:16]}"
        )
    lines += [f"change  {found.change:+.4f}", ""]
    for part in found.parts:
        called = part.as_json()["called"]
        lines.append(f"{part.part:+.4f}  {called}{'' if part.swapped else ' (not replayable)'}")
        lines += [f"         {text}" for text in _shortened(part.changes)]
    lines += ["", *found.notes] if found.notes else []
    if picture is not None:
        write_picture(diff_picture(found, patient), picture)
    answer(found.as_json(), as_json, lines)


@lineage_group.command("history", cls=Answering)
@study_argument
@needed_argument("asset", "the name of an asset, as the UI and `groprog run --dry-run` show it", "pausing")
@PARTITION
@click.option("--all", "everything", is_flag=True, help=f"Every entry, not only the newest {NEWEST}.")
@PICTURE
@JSON
def history(asset: str, study: Path, partition: str, everything: bool, picture: Path | None, as_json: bool) -> None:
    """Every time ASSET was made, and what changed since the time before.

    Of a long history the newest entries are shown, and how many there are before; with --all or --json, every entry.
    """
    from groprog_assets.lineage import ledger, questions
    from groprog_assets.lineage.pictures import history_picture, write_picture
    from groprog_assets.store.workspace import open_workspace

    with ledger.open_ledger(open_workspace(study).ledger_path) as connection:
        connection.execute("SET threads = 1")  # several take twice the CPU time for a question as short as this
        questions.current(connection, asset, partition)  # said where it was never made
        made = questions.times_made(connection, asset, partition)
        found = questions.history(connection, asset, partition, None if everything or as_json else NEWEST)
        kept = questions.last_kept(connection, asset)
    if picture is not None:
        rows = [{**row, "changes": _gathered(row["changes"])} for row in found]
        write_picture(history_picture(rows, f"{asset} {partition}".strip()), picture)
    lines = [
        f"{row['happened'][:19]}Z  {row['sha256'][:12]}  {'kept    ' if row['reused'] else 'computed'}  {row['job']:<16}"
        f"{row['actor']:<12}{'; '.join(_gathered(row['changes']))}"
        for row in found
    ]
    if kept is not None:
        lines.append(f"{kept['happened'][:19]}Z  kept by a run of {kept['actor']} that changed nothing")
    if made > len(found):
        lines = [f"the newest {len(found)} of {made:,} entries (--all: every one)", *lines]
    answer(found, as_json, lines)


@lineage_group.command("verify", cls=Answering)
@study_argument
@click.option("--head", default="", help="A seal kept elsewhere, as NUMBER:SHA256.")
@click.option("--signed", type=click.Path(path_type=Path), default=None, help="A signed head kept elsewhere.")
@click.option("--key", type=click.Path(path_type=Path), default=None, help="The key it was signed with.")
@click.option("--full", is_flag=True, help="Read every row again, and the bytes of earlier values too.")
@JSON
def verify(study: Path, head: str, signed: Path | None, key: Path | None, full: bool, as_json: bool) -> None:
    """Look for any edit, deletion, reordering or truncation of the ledger, and for a present that is not the sealed one:
    current values, memo entries, exported results.

    The rows that an earlier verification found sound are compared by a digest a table. With --full, or with a head that was kept
    elsewhere, every row is read.
    """
    from groprog_assets.lineage.present import newest_head
    from groprog_assets.lineage.signed_heads import read_key, read_signed
    from groprog_assets.lineage.verify_study import verify_study
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    kept = None
    if head:
        number, _, seal = head.partition(":")
        if not number.isdigit() or not seal:
            raise LedgerError(Problem("--head", head, "It is NUMBER:SHA256.", "`groprog lineage head` prints it."))
        kept = {"sequence": int(number), "seal": seal}
    if signed is not None:
        if key is None:
            raise LedgerError(Problem("--signed", str(signed), "A signature is checked with its key.", "--key FILE"))
        kept = read_signed(signed, workspace.study.name, read_key(key, workspace.folder))
    found = verify_study(workspace, kept, full)
    if found.problems and not as_json:
        raise LedgerError(found.problems)
    newest = newest_head(workspace)
    told = {
        "sound": not found.problems,
        "seals": found.ledger.seals,
        "values": found.present.values,
        "head": newest,
        "problems": [str(item) for item in found.problems],
        "rows_compared_up_to": found.ledger.since,
        "memo_entries": found.present.entries,
        "exported_files": found.present.files,
        "unsealed": found.present.unsealed,
        "earlier_values_erased": found.present.erased,
        "earlier_values_gone": found.present.gone,
    }
    lines = [
        f"{count_of(found.ledger.seals, 'sealed run')} and {count_of(found.present.values, 'value is', 'values are')} sound; head"
        f" {newest.get('sequence')}:{newest.get('seal')}",
        *found.told(),
    ]
    answer(told, as_json, lines)
    if found.problems:
        raise SystemExit(2)


@lineage_group.command("rebuild", cls=Answering)
@study_argument
def rebuild(study: Path) -> None:
    """Make the ledger anew from Dagster's event log, and its copy in the results."""
    from groprog_assets.export.results_folder import publish_ledger
    from groprog_assets.lineage.collect import rebuild as project
    from groprog_assets.lineage.present import COPY, newest_head
    from groprog_assets.lineage.verification import has_seal
    from groprog_assets.running.execution import run_lock, study_instance
    from groprog_assets.store.workspace import open_workspace

    workspace = open_workspace(study)
    with run_lock(workspace), study_instance(workspace) as instance:
        before = newest_head(workspace)
        runs = project(instance, workspace.ledger_path, workspace.derivations)
        if (workspace.results / COPY).is_file():
            publish_ledger(workspace)
    click.echo(f"{count_of(runs, 'run')} projected into {workspace.ledger_path}")
    if before and not has_seal(workspace.ledger_path, before):
        click.echo(
            f"its seals are others than before (seal {before['sequence']} was {before['seal'][:12]}): the event log has changed"
            " since it was sealed, as an erasure changes it. A head that was kept elsewhere is of the earlier ledger:"
            " `groprog lineage head` tells the new one."
        )


def _gathered(changes: list[str]) -> list[str]:
    """The changes in words; many changed codes, or parts of the earlier decision, as one entry that counts them."""
    found = [item for item in changes if not item.startswith(("code_version of ", "extra "))]
    for start, one, many in (
        ("code_version of ", "code of {}", "code of {} steps"),
        ("extra ", "{}", "{} further facts"),
    ):
        held = [item.removeprefix(start) for item in changes if item.startswith(start)]
        found += [one.format(item) for item in held] if len(held) <= 2 else [many.format(len(held))]
    return found


def _shortened(changes: list[str]) -> list[str]:
    return changes if len(changes) <= 8 else [*changes[:7], f"and {len(changes) - 7} more"]


def _short(value: Value) -> str:
    text = setting(value)
    return text if len(text) <= 40 else text[:12] + "…"
