"""`python -m tests.fuzz`: the campaign, its table, and every mutant that counts against the program by kind and number."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import click

from tests.fuzz.assay_kinds import VARIANT, assay_kinds, write_assays
from tests.fuzz.campaign import campaign, warm_up
from tests.fuzz.inputs import write_scored, write_variants
from tests.fuzz.kinds import kinds, scoring_kinds


@click.command()
@click.option("--mutants", default=4000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--jobs", default=2, show_default=True)
@click.option("--kind", "chosen", multiple=True, help="Only kinds whose name has this in it.")
@click.option(
    "--number", "numbers", multiple=True, type=int, help="Only these mutants of each kind, with what they printed."
)
@click.option("--score/--no-score", default=True, help="Also tables to score; this trains a small model first.")
def main(mutants: int, seed: int, jobs: int, chosen: tuple[str, ...], numbers: tuple[int, ...], score: bool) -> None:
    """Damaged inputs of every kind, and what the commands make of them."""
    every = [*kinds(), *assay_kinds(), *(scoring_kinds() if score else [])]
    wanted = [kind for kind in every if not chosen or any(text in kind.name for text in chosen)]
    with tempfile.TemporaryDirectory(prefix="groprog-fuzz-") as scratch:
        folder = Path(scratch)
        variants = write_variants(folder / "variants") if any(kind.variant != VARIANT for kind in wanted) else {}
        variants[VARIANT] = write_assays(folder / VARIANT)
        warm_up(variants)
        if any(kind.variant == "scored" for kind in wanted):
            variants["scored"] = write_scored(folder / "scored")
        (folder / "mutants").mkdir()
        result = campaign(wanted, variants, mutants, seed, folder / "mutants", jobs, numbers)
    for fault in result.faults:
        print(f"{fault.kind} {fault.number}: {fault.what} ({fault.how}{f': {fault.why}' if fault.why else ''})")
        print("    " + (fault.said if numbers else fault.said[-300:]).strip().replace("\n", "\n    "))
    for (kind, how, what), count in Counter((item.kind, item.how, item.what) for item in result.faults).items():
        print(f"{count:>4} x {kind}, {how}: {what}")
    print(result.table())
    total = result.total
    share = total.refused / max(total.refusable, 1)
    print(f"{share:.1%} of {total.refusable:,} mutants that are invalid by their making were refused")
    broken = total.tracebacks + total.hangs + total.signals + total.left
    sys.exit(1 if broken or share < 0.95 else 0)


if __name__ == "__main__":
    main()
