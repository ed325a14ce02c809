"""The sequence model as files: safetensors and a JSON card. Loading reads arrays and runs no code. Bytes in, predictors out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import ModelError, Problem, why_unreadable
from groprog_assets.methods.sequence.baselines import Predictor
from groprog_assets.methods.sequence.ladder import Ladder
from groprog_assets.methods.sequence.ladder import ladder as plain_ladder
from groprog_assets.methods.sequence.side import SideInputs
from groprog_assets.methods.sequence.windows import Layout, view_layout
from groprog_assets.study.sequence_parameters import SequenceParameters
from groprog_assets.tables.values import Document

CARD = "card.json"
FORMAT = "groprog sequence model 1"
WARNING = (
    "r across genes says nothing of differences between people: published sequence models make errors of sign there "
    "(Huang et al. 2023, Sasse et al. 2023)."
)


class PublishedModel(NamedTuple):
    """card: JSON-able; predictors: {view: {"final", "fold0", ...: predictor}}."""

    card: Document
    predictors: dict[str, dict[str, Predictor]]

    @property
    def layout(self) -> Layout:
        """The windows that the model was fitted to."""
        tts = self.card["windows"]["tts"]
        return Layout(tuple(self.card["windows"]["tss"]), tuple(tts) if tts else None)

    @property
    def parameters(self) -> SequenceParameters:
        """The numbers that it was fitted with."""
        return SequenceParameters.model_validate(self.card["parameters"])

    @property
    def tasks(self) -> list[str]:
        """What it predicts, in the order of its columns."""
        return list(self.card["tasks"])

    @property
    def side(self) -> Document:
        """What it reads beside the bases: `columns` and `channels`, each with a name."""
        return self.card.get("side", {"columns": [], "channels": []})

    def oracle(self, view: str) -> Document:
        """{task: its effects beside the study's clearest word, as `oracle_effects` gives them, or None without such a word};
        empty where that was not asked."""
        found: Document = self.card.get("oracle", {}).get(view, {})
        return found

    def beside(self, view: str, count: int, side: SideInputs | None) -> NDArray[np.float64]:
        """(count, s) what the model of a view reads beside the bases of `count` windows. Raises ModelError, naming it, where it
        is not given."""
        names = [str(each["name"]) for part in ("columns", "channels") for each in self.side[part]]
        if not names:
            return np.empty((count, 0))
        if side is None:
            rule = "The model was fitted with them and cannot predict without."
            remedy = "Give a table of the columns (--side), and a study that has the marks."
            raise ModelError(Problem("sequence model", f"it reads {', '.join(names)}", rule, remedy))
        return side.for_rung(self.card["champions"][view], view_layout(self.layout, view, self.parameters))

    def predict(
        self, codes: NDArray[np.uint8], view: str, part: str = "final", side: SideInputs | None = None
    ) -> NDArray[np.float64]:
        """(n, T) predictions of windows (n, L) of `layout` by `final`, or by `fold<k>`, which never saw fold k. side: of the
        same windows, where the model reads any. Raises ModelError as `beside`."""
        width = view_layout(self.layout, view, self.parameters).width
        return self.predictors[view][part].predict(codes[:, :width], self.beside(view, len(codes), side))

    def members(self, codes: NDArray[np.uint8], view: str, side: SideInputs | None = None) -> NDArray[np.float64]:
        """(m, n, T) predictions by the models of all folds, and all seeds of a net, for the same windows."""
        width = view_layout(self.layout, view, self.parameters).width
        beside = self.beside(view, len(codes), side)
        found: list[NDArray[np.float64]] = []
        for part, predictor in self.predictors[view].items():
            if part != "final":
                held = predictor.members if isinstance(predictor, Ensemble) else predictor.predict
                found += [*held(codes[:, :width], beside).reshape(-1, len(codes), len(self.tasks))]
        return np.array(found)

    def uncertainty(self, codes: NDArray[np.uint8], view: str, side: SideInputs | None = None) -> NDArray[np.float64]:
        """(n, T) standard deviation of the predictions of `members`."""
        found: NDArray[np.float64] = np.std(self.members(codes, view, side), axis=0)
        return found


@runtime_checkable
class Ensemble(Protocol):
    """A predictor of several members: (m, n, T) predictions of each."""

    def members(self, codes: NDArray[np.uint8], side: NDArray[np.float64]) -> NDArray[np.float64]: ...


def packed(card: Document, predictors: Mapping[str, Mapping[str, Predictor]]) -> dict[str, bytes]:
    """{file name: bytes}: the card, and the arrays of each predictor as `<view>/<part>.safetensors`."""
    from safetensors.numpy import save

    files = {CARD: json.dumps({"format": FORMAT, **card}, indent=1, sort_keys=True).encode()}
    for view, parts in predictors.items():
        for part, predictor in parts.items():
            arrays = {name: np.ascontiguousarray(values) for name, values in predictor.arrays().items()}
            files[f"{view}/{part}.safetensors"] = save(arrays)
    return files


def unpacked(files: Mapping[str, bytes], ladder: Ladder = plain_ladder) -> PublishedModel:
    """The model of `packed` files, whose rungs `ladder` makes. Raises ModelError: no card, another format, files missing or
    altered, a rung that the ladder does not have."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        card = json.loads(files[CARD])
        if card["format"] != FORMAT:
            raise ModelError(_problem(f"format {card['format']!r}", "Use the version of GroProg that wrote it."))
        model = PublishedModel(card, {})
        layout, parameters = model.layout, model.parameters
        for view, name in card["champions"].items():
            rungs = ladder(view_layout(layout, view, parameters), [name], parameters, ())
            rung = next(item for item in rungs if item.name == name)
            parts = ["final", *(f"fold{fold}" for fold in range(card["folds"]))]
            model.predictors[view] = {part: rung.restored(load(files[f"{view}/{part}.safetensors"])) for part in parts}
    except (KeyError, ValueError, TypeError, StopIteration, SafetensorError) as error:
        told = f"cannot be read: {why_unreadable(error)}"
        raise ModelError(_problem(told, "Copy the whole folder `sequence/model` again.")) from error
    return model


def read_model(folder: Path, ladder: Ladder = plain_ladder) -> PublishedModel:
    """The model of a folder, as `groprog run` exports it to `sequence/model`. Raises ModelError as `unpacked`."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return unpacked(files, ladder)


def _problem(value: str, remedy: str) -> Problem:
    return Problem("sequence model", value, "A model is a card and the arrays that it names.", remedy)
