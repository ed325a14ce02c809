"""The key of the pseudonyms: made once and whole, and refused when it is short."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groprog_assets.errors import StudyError
from groprog_assets.store.pseudonyms import (
    KEY_BYTES,
    KEY_FILE,
    key_problems,
    masked,
    masked_value,
    pseudonym,
    study_key,
)


def test_processes_that_start_at_once_have_one_key(tmp_path: Path):
    gate = tmp_path / "gate"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom groprog_assets.store.pseudonyms import study_key\n"
        f"print(1, flush=True)\nwhile not Path({str(gate)!r}).exists(): time.sleep(0.001)\n"
        f"print(study_key(Path({str(tmp_path / 'state')!r})).hex())"
    )
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "1\n"
    gate.touch()
    keys = {one.communicate(timeout=60)[0].strip() for one in started}
    assert len(keys) == 1
    assert bytes.fromhex(keys.pop()) == study_key(tmp_path / "state")
    assert not list((tmp_path / "state").glob(".*"))


def test_a_key_is_whole_before_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What a process that is killed while it writes leaves behind is no key."""
    from groprog_assets.store import artifacts

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(artifacts.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        study_key(tmp_path)
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.parametrize(
    ("content", "told"), [("", "0 bytes"), ("ab" * 31, "31 bytes"), ("no key", "no hexadecimal digits")]
)
def test_an_empty_short_or_other_file_is_refused_and_kept(content: str, told: str, tmp_path: Path):
    (tmp_path / KEY_FILE).write_text(content)
    with pytest.raises(StudyError, match=told) as caught:
        study_key(tmp_path)
    assert "Restore it from a backup" in str(caught.value)
    assert (tmp_path / KEY_FILE).read_text() == content


def test_the_remedy_leads_to_a_key(tmp_path: Path):
    (tmp_path / KEY_FILE).write_text("")
    (tmp_path / KEY_FILE).rename(tmp_path / "aside")
    assert len(study_key(tmp_path)) == KEY_BYTES
    assert pseudonym("P1", study_key(tmp_path)) == pseudonym("P1", study_key(tmp_path))


def test_a_key_that_is_lost_is_not_made_again(tmp_path: Path):
    assert key_problems(tmp_path) == []
    assert not list(tmp_path.iterdir()), "asking makes none"
    first = study_key(tmp_path)
    assert key_problems(tmp_path) == []
    (tmp_path / KEY_FILE).rename(tmp_path / "aside")
    with pytest.raises(StudyError, match="a key was made here") as caught:
        study_key(tmp_path)
    assert [str(problem) for problem in key_problems(tmp_path)] == [str(problem) for problem in caught.value.problems]
    assert not (tmp_path / KEY_FILE).exists()
    (tmp_path / "aside").rename(tmp_path / KEY_FILE)
    assert study_key(tmp_path) == first, "restored"
    for name in (KEY_FILE, "pseudonym.lock"):
        (tmp_path / name).unlink()
    assert study_key(tmp_path) != first, "the remedy without a backup"


KEY = bytes(32)
ODD = frozenset(["O'Brien 7", "AB-12.3/x", "id 1 b", "Zoë", '<M&J "2">', "P1", "17", "TCGA-AB-1234"])


@pytest.mark.parametrize("name", sorted(ODD))
@pytest.mark.parametrize(
    "text",
    [
        "patient {}: two rows",
        "({}), {}; {}.",
        "'{}'",
        "reads/{}_tumour.bam",
        "{}-01A is a sample",
        "of {}'s samples",
    ],
)
def test_an_identifier_is_masked_wherever_it_stands(name: str, text: str):
    assert masked(text.replace("{}", name), ODD, KEY) == text.replace("{}", pseudonym(name, KEY))


@pytest.mark.parametrize("name", sorted(ODD))
def test_an_identifier_is_masked_as_other_programs_write_it(name: str):
    hidden = pseudonym(name, KEY)
    for written in (repr(name), json.dumps(name), json.dumps(json.dumps(name)), f"<td>{html.escape(name)}</td>"):
        assert hidden in masked(written, ODD, KEY)
        assert name not in masked(written, ODD, KEY)


def test_the_longer_identifier_is_the_one_meant():
    names = frozenset(["P1", "P1 b"])
    assert masked("P1 b and P1", names, KEY) == f"{pseudonym('P1 b', KEY)} and {pseudonym('P1', KEY)}"


def test_an_identifier_is_no_part_of_a_word_or_number():
    for text in ("P10", "XP1", "117", "170", "Zoës"):
        assert masked(text, ODD, KEY) == text


def test_a_number_that_may_be_a_count_stays_unless_it_is_called_a_patient():
    hidden = pseudonym("17", KEY)
    value = {"17": 17, "told": ["17 of 60 patients", "patient 17 twice", "id '17'", 0.17]}
    found = masked_value(value, frozenset(["17", "60"]), KEY)
    assert found == {"17": 17, "told": ["17 of 60 patients", f"patient {hidden} twice", f"id '{hidden}'", 0.17]}


@given(
    st.lists(st.text(st.characters(categories=["L", "P", "N", "Zs"]), min_size=1, max_size=8), min_size=1, max_size=6)
)
def test_what_was_masked_stays_hidden_and_the_rest_stays(names: list[str]):
    patients = frozenset(name for name in names if name.strip())
    text = " | ".join(["begin", *sorted(patients), "end"])
    found = masked(text, patients, KEY)
    for patient in patients:
        if not any(patient != other and patient in other for other in patients) and patient not in "begin | end":
            assert f" | {patient} | " not in found
