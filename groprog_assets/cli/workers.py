"""`groprog workers`: a Dask scheduler and worker processes on this machine, for runs started with `--pool tcp://…`."""

from __future__ import annotations

import signal
import threading

import click

from groprog_assets.cli.addresses import refuse_place
from groprog_assets.cli.answering import Answering
from groprog_assets.study.text_tables import count_of


@click.command("workers", cls=Answering)
@click.option(
    "--count", type=click.IntRange(0, 1024), default=2, show_default=True, help="Worker processes; 0 for none here."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=8786, show_default=True, help="Port of the scheduler.")
@click.option("--allow-remote", is_flag=True, help="Let --host be reached from other machines; there is no log-in.")
def workers(count: int, host: str, port: int, allow_remote: bool) -> None:
    """A Dask scheduler and its workers, for `groprog run STUDY --pool tcp://HOST:PORT`; ctrl-C ends them.

    Workers of other machines join with `dask worker tcp://HOST:PORT --nthreads 1`.
    """
    serve(count, host, port, allow_remote)


def serve(count: int, host: str, port: int, allow_remote: bool) -> None:
    """Run the workers until INT or TERM."""
    from groprog_assets.compute.compute_pool import local_cluster

    refuse_place(host, port, allow_remote)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with local_cluster(count, host, port) as cluster:
        address = cluster.scheduler_address
        found = (
            count_of(count, "worker") if count else f"A scheduler without workers (dask worker {address} --nthreads 1)"
        )
        click.echo(f"{found} at {address}; use them with: groprog run STUDY --pool {address}")
        ended.wait()
