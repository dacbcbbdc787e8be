"""Turns the student's tensors into the file that ships: `python -m guardrails.training.export FOLDER NAME [--width 8]`."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from guardrails.training import vocabulary

HEADS: Final = 12
OPSET: Final = 20
OUT: Final = Path(__file__).parent.parent / "names"

Tensors = Mapping[str, npt.NDArray[Any]]


class Graph:
    """The encoder as an ONNX graph, one node after another."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        """Gives `value` a name in the graph."""
        self._constants[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Adds a node with one output, called like it."""
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def weight(self, name: str) -> str:
        """A tensor of the student in 32 bits."""
        return self.constant(name, self._tensors[name].astype(np.float32))

    def linear(self, x: str, name: str) -> str:
        """A matrix, which quantising makes one of 8 bits, and its bias."""
        matrix = self.constant(f"{name}.matrix", self._tensors[f"{name}.weight"].astype(np.float32).T)
        return self.node(
            "Add", [self.node("MatMul", [x, matrix], f"{name}.product"), self.weight(f"{name}.bias")], f"{name}.sum"
        )

    def norm(self, x: str, name: str) -> str:
        """A layer's norm."""
        inputs = [x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias")]
        return self.node("LayerNormalization", inputs, f"{name}.norm", axis=-1, epsilon=1e-12)

    def layer(self, x: str, name: str) -> str:
        """One layer: attention, then two linear maps with a GELU between."""
        joined = self.node("Reshape", [self.linear(x, f"{name}.qkv"), "heads"], f"{name}.heads")
        turned = self.node("Transpose", [joined], f"{name}.turned", perm=[2, 0, 3, 1, 4])
        self._nodes.append(
            helper.make_node("Split", [turned], [f"{name}.{part}1" for part in "qkv"], axis=0, num_outputs=3)
        )
        q, k, v = (self.node("Squeeze", [f"{name}.{part}1", "first"], f"{name}.{part}") for part in "qkv")
        k = self.node("Transpose", [k], f"{name}.k.turned", perm=[0, 1, 3, 2])
        scaled = self.node("Mul", [self.node("MatMul", [q, k], f"{name}.scores"), "scale"], f"{name}.scaled")
        seen = self.node("MatMul", [self.node("Softmax", [scaled], f"{name}.weights", axis=-1), v], f"{name}.seen")
        flat = self.node(
            "Reshape", [self.node("Transpose", [seen], f"{name}.back", perm=[0, 2, 1, 3]), "flat"], f"{name}.flat"
        )
        x = self.norm(self.node("Add", [x, self.linear(flat, f"{name}.out")], f"{name}.added1"), f"{name}.norm1")
        risen = self.node("Gelu", [self.linear(x, f"{name}.rise")], f"{name}.gelu")
        return self.norm(self.node("Add", [x, self.linear(risen, f"{name}.fall")], f"{name}.added2"), f"{name}.norm2")

    def model(self) -> onnx.ModelProto:
        """`ids` (batch, tokens) to `labels` (batch, tokens, 9), probabilities."""
        width = self._tensors["norm.weight"].shape[0]
        self.constant("heads", np.array([0, 0, 3, HEADS, width // HEADS]))
        self.constant("flat", np.array([0, 0, width]))
        self.constant("first", np.array([0]))
        self.constant("scale", np.array((width // HEADS) ** -0.5, np.float32))
        self.constant("zero", np.array([0]))
        self.constant("one", np.array([1]))
        for name in ("word", "word.scale"):
            self.constant(name, self._tensors[name])
        rows = self.node("Cast", [self.node("Gather", ["word", "ids"], "rows")], "real", to=TensorProto.FLOAT)
        words = self.node("Mul", [rows, self.node("Gather", ["word.scale", "ids"], "scales")], "words")
        length = self.node("Shape", ["ids"], "length", start=1, end=2)
        places = self.node("Slice", [self.weight("place"), "zero", length, "zero"], "places")
        x = self.norm(self.node("Add", [words, places], "embedded"), "norm")
        for number in range(sum(key.endswith("qkv.bias") for key in self._tensors)):
            x = self.layer(x, f"layers.{number}")
        self.node("Softmax", [self.linear(x, "head")], "labels", axis=-1)
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "tokens"])
        labels = helper.make_tensor_value_info("labels", TensorProto.FLOAT, ["batch", "tokens", 9])
        graph = helper.make_graph(self._nodes, "names", [ids], [labels], list(self._constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 10
        onnx.checker.check_model(model)
        return model


def read(folder: Path, name: str) -> dict[str, npt.NDArray[Any]]:
    """The tensors that training wrote."""
    word = np.load(folder / f"{name}.word.npz")
    tensors = {"word": word["word"], "word.scale": word["scale"]}
    for path in sorted(folder.glob(f"{name}.[0-9].npz")):
        tensors |= dict(np.load(path))
    return tensors


def main() -> None:
    """Writes names.onnx and tokenizer.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    whole = options.folder / f"{options.name}.onnx"
    onnx.save(Graph(read(options.folder, options.name)).model(), whole)
    # Seven bits: processors without VNNI add two products in 16 bits, and would overflow with eight.
    quantize_dynamic(
        whole,
        options.out / "names.onnx",
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        op_types_to_quantize=["MatMul"],
    )
    pieces = json.loads((options.folder / "vocabulary.json").read_text())
    vocabulary.tokenizer([(piece, score) for piece, score in pieces]).save(
        str(options.out / "tokenizer.json"), pretty=False
    )


if __name__ == "__main__":
    main()
