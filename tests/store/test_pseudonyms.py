"""The key of the pseudonyms: made once and whole, and refused when it is short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from groprog_assets.errors import StudyError
from groprog_assets.store.pseudonyms import KEY_BYTES, KEY_FILE, pseudonym, study_key


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
