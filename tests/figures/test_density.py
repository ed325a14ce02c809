"""Figure 4: the frame stands at 0, 1, 0 and the four figures are written out."""

from __future__ import annotations

from groprog_assets.figures.density import transcript_density
from tests.figures.example import density_profile


def test_density_shows_the_ideal_frame_and_the_figures():
    profile, summary = density_profile()
    (axes,) = transcript_density(profile, summary).axes
    ideal, curve = axes.lines[:2]
    assert list(ideal.get_xdata()) == [-1000, 0, 0, 1000, 1000, 2000]
    assert list(ideal.get_ydata()) == [0, 0, 1, 1, 0, 0]
    assert len(curve.get_xdata()) == 3000
    words = " ".join(text.get_text() for text in axes.texts)
    for name, key in (("FivePrimeFP", "five_prime_fp"), ("TP", "tp"), ("PostTTS", "post_tts")):
        assert f"{name}\n{summary[key]:.4f}" in words
    assert "143 genes" in axes.get_title(loc="left")


def test_no_matched_gene_is_said():
    profile, _ = density_profile()
    figure = transcript_density(profile.iloc[:0], {"pairs": 0})
    assert "No gene was matched" in figure.axes[0].texts[0].get_text()
