"""The official RO-Crate validator over a folder, without network: `python official_validator.py FOLDER`.

Run by the environment of `make validators`. The validator fetches the JSON-LD context of RO-Crate 1.1; here it is the one
the official `rocrate` package carries. Prints a JSON list of what is required and lacking, for RO-Crate 1.1 and Process Run
Crate.
"""

from __future__ import annotations

import json
import sys
from importlib import resources
from typing import Any, ClassVar

from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

PROFILES = ("ro-crate-1.1", "process-run-crate")


class Answer:
    """What the network would have answered."""

    status_code, ok, from_cache, history = 200, True, True, ()
    headers: ClassVar = {"Content-Type": "application/ld+json"}
    text = resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_text()
    content = text.encode()
    url = "https://w3id.org/ro/crate/1.1/context"

    def json(self) -> Any:
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        return None


def answer(self: Any, url: str, *_: Any, **__: Any) -> Answer:
    return Answer()


def main(folder: str) -> None:
    assert Answer().json()["@id"] == Answer.url
    for method in ("get", "head", "fetch_fresh"):
        setattr(HttpRequester, method, answer)
    found = []
    for profile in PROFILES:
        settings = services.ValidationSettings(
            rocrate_uri=folder,
            profile_identifier=profile,
            requirement_severity=models.Severity.REQUIRED,
            skip_availability_check=True,
        )
        found += [f"{issue.check.identifier}: {issue.message}" for issue in services.validate(settings).get_issues()]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
