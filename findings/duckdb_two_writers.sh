#!/usr/bin/env bash
# DuckDB 2.0.0 loses committed rows of another process that closes the file between this one's reading the header and taking the lock.
#
# Opening a database, 2.0.0 reads the three header blocks, closes the file, opens it again, takes the write lock, and goes on with
# the headers read before. A writer that commits and closes in that gap is overwritten: both writers end without an error.
# 1.5.6 reads the headers again under the lock and keeps all rows. Two short jobs that append to one file can meet like this.
# A small library held before the second writer's lock call makes the order certain; it changes no result of any call.
set -euo pipefail
shopt -s inherit_errexit
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
command -v cc >/dev/null || { echo "A C compiler (cc) is needed to order the two writers."; exit 2; }

cat >pause.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

static int paused;

/* Waits once, before the first attempt to lock, until the file `go` exists (60 s at most). */
static int lock_call(int descriptor, int command, void *argument) {
    if (command == F_SETLK && !paused) {
        paused = 1;
        close(open("waiting", O_CREAT | O_WRONLY, 0600));
        for (int i = 0; i < 6000 && access("go", F_OK); i++) usleep(10000);
    }
    return (int)syscall(SYS_fcntl, descriptor, command, argument);
}

int fcntl(int descriptor, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return lock_call(descriptor, command, argument);
}

int fcntl64(int descriptor, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return lock_call(descriptor, command, argument);
}
C
cc -shared -fPIC -O1 -o pause.so pause.c

cat >write.py <<'PY'
import sys

import duckdb

connection = duckdb.connect("rows.duckdb")
connection.execute("CREATE TABLE IF NOT EXISTS runs (writer VARCHAR)")
connection.execute("INSERT INTO runs VALUES (?)", [sys.argv[1]])
connection.close()
PY

# Rows after: one writer; a second one held before its lock; a third one from start to end; the second one let go.
replay() {
  local python=$1
  rm -f rows.duckdb* waiting go
  "$python" write.py first
  LD_PRELOAD=./pause.so "$python" write.py second &
  local second=$!
  for _ in $(seq 600); do [ -e waiting ] && break; sleep 0.1; done
  [ -e waiting ] || { echo "The second writer never came to its lock." >&2; exit 2; }
  "$python" write.py third
  touch go
  wait "$second"
  "$python" -c 'import duckdb; print(*sorted(row[0] for row in duckdb.connect("rows.duckdb").sql("FROM runs").fetchall()))'
}

python3.11 -m venv older
python3.11 -m venv newer
older/bin/pip install --quiet --disable-pip-version-check --no-compile duckdb==1.5.6 >pip.log 2>&1 || { cat pip.log; exit 2; }
newer/bin/pip install --quiet --disable-pip-version-check --no-compile duckdb==2.0.0 >pip.log 2>&1 || { cat pip.log; exit 2; }
kept_by_older=$(replay older/bin/python)
kept_by_newer=$(replay newer/bin/python)
echo "Three processes wrote one row each; every one of them ended with exit status 0."
echo "duckdb 1.5.6, rows found afterwards: $kept_by_older"
echo "duckdb 2.0.0, rows found afterwards: $kept_by_newer"
[ "$kept_by_older" = "first second third" ] || { echo "CHANGED: 1.5.6 no longer keeps all three rows."; exit 1; }
[ "$kept_by_newer" = "first second" ] || { echo "CHANGED: 2.0.0 no longer loses exactly the third writer's row."; exit 1; }
echo "As stated: the third writer's committed row is gone."
