#!/usr/bin/env bash
# In fastobo 0.14.2 a name before a comment or a qualifier ends in a space, and each reading and writing adds one more.
#
# `name: dystrophy ! see below` gives the name "dystrophy ", so a look-up by name fails; written out it has two spaces, read again
# the name has two, and so on. Fields that are not free text, such as `is_a` or `xref`, keep their form.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  fastobo==0.14.2 >pip.log 2>&1 || { cat pip.log; exit 2; }
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import fastobo

text = """format-version: 1.2
ontology: example

[Term]
id: EX:1
name: dystrophy ! see the comment below
xref: DOID:1 {source="EX:equivalentTo"} ! an identifier

[Term]
id: EX:2
name: myopathy {source="EX:9"}
is_a: EX:1 ! dystrophy
"""
print(f"fastobo {version('fastobo')}; names after one to four readings")
names = []
for reading in range(1, 5):
    document = fastobo.loads(text)
    names.append([clause.name for frame in document for clause in frame if clause.raw_tag() == "name"])
    text = str(document)
    print(f"reading {reading}: {names[-1]}")
print("written last:", *(line for line in text.splitlines() if line.startswith(("name", "xref", "is_a"))), sep="\n  ")
if 'xref: DOID:1 {source="EX:equivalentTo"} ! an identifier' not in text or "is_a: EX:1 ! dystrophy" not in text:
    sys.exit("CHANGED: clauses with an identifier no longer keep their form.")
if names != [[f"dystrophy{' ' * reading}", f"myopathy{' ' * reading}"] for reading in range(1, 5)]:
    sys.exit("CHANGED: a name no longer grows by one space with each reading and writing.")
print("As stated: one space with the first reading, one more with each round.")
PY
