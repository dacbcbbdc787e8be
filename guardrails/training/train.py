"""Trains the teacher (twelve layers) and from it the student: `python -m guardrails.training.train FOLDER`, on a GPU.

FOLDER holds what `prepare` wrote; the student's tensors are written beside it. About ten minutes on one H100.
"""

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from guardrails.training import UNMARKED

HEADS: Final = 12
LABELS: Final = 9  # none, then the beginning and the inside of four kinds
TOKENS: Final = 48_000  # in a batch
TEMPERATURE: Final = 2.0
IGNORED: Final = -100
UNKNOWN: Final = 1


class Layer(nn.Module):
    """One layer of a BERT encoder."""

    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.rise, self.fall = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-12), nn.LayerNorm(width, 1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`x`: batch, tokens, width; `mask`: batch, 1, 1, tokens, true where a token is."""
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(x.shape)
        x = self.norm1(x + self.dropout(self.out(seen)))
        return self.norm2(x + self.dropout(self.fall(functional.gelu(self.rise(x)))))


class Tagger(nn.Module):
    """Tokens to labels."""

    def __init__(
        self, weights: dict[str, np.ndarray], layers: list[int], dropout: float = 0.1, inner: int = 1536
    ) -> None:
        """Begins with the teacher's embeddings and the given ones of its layers, the `inner` strongest units of each."""
        super().__init__()
        word, place = torch.tensor(weights["emb.word"]).float(), torch.tensor(weights["emb.pos"]).float().view(512, -1)
        width = word.shape[1]
        self.word = nn.Embedding.from_pretrained(word, freeze=False)
        self.place = nn.Parameter(place + torch.tensor(weights["emb.type"]).float().view(2, -1)[0])
        self.norm, self.dropout = nn.LayerNorm(width, 1e-12), nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(width, inner, dropout) for _ in layers)
        self.head = nn.Linear(width, LABELS)
        _fill(self.norm, weights, "emb.ln")
        for layer, number in zip(self.layers, layers, strict=True):
            _take(layer, weights, f"l{number}.")

    def forward(self, ids: Tensor) -> Tensor:
        """`ids`: batch, tokens, 0 where none is; gives batch, tokens, labels, before the softmax."""
        x = self.dropout(self.norm(self.word(ids) + self.place[: ids.shape[1]]))
        mask = (ids != 0)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(x)


def read(path: Path) -> dict[str, np.ndarray]:
    """The teacher's tensors, its weights of four bits multiplied by their scales."""
    stored = dict(np.load(path))
    for name in [name for name in stored if name.endswith(".scale")]:
        weights, scale = stored[name.removesuffix(".scale")], stored.pop(name).astype(np.float32)
        blocks = weights.reshape(len(weights), scale.shape[1], -1) * scale[:, :, None]
        stored[name.removesuffix(".scale")] = blocks.reshape(weights.shape)
    return stored


def _take(layer: nn.Module, weights: dict[str, np.ndarray], of: str) -> None:
    rise, fall = weights[f"{of}fi.w"], weights[f"{of}fo.w"]
    strength = np.linalg.norm(rise, axis=1) * np.linalg.norm(fall, axis=0)
    kept = np.sort(np.argsort(-strength)[: layer.rise.out_features])
    chosen = {
        "rise.w": rise[kept],
        "rise.b": weights[f"{of}fi.b"][kept],
        "fall.w": fall[:, kept],
        "fall.b": weights[f"{of}fo.b"],
    }
    chosen |= {f"qkv.{which}": np.concatenate([weights[f"{of}{part}.{which}"] for part in "qkv"]) for which in "wb"}
    for part in ("rise", "fall", "qkv"):
        _fill(getattr(layer, part), chosen, part)
    for module, part in ((layer.out, "ao"), (layer.norm1, "aln"), (layer.norm2, "oln")):
        _fill(module, weights, of + part)


def _fill(module: nn.Module, weights: dict[str, np.ndarray], name: str) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.tensor(weights[f"{name}.w"]).view_as(module.weight))
        module.bias.copy_(torch.tensor(weights[f"{name}.b"]).view_as(module.bias))


class Texts:
    """Token ids and labels of many texts, laid end to end."""

    def __init__(self, path: Path) -> None:
        data = np.load(path)
        self.ids, self.labels, lengths = data["ids"], data["labels"], data["lengths"].astype(np.int64)
        self.ends = np.cumsum(lengths)
        self.lengths = lengths

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """All texts once, those of like length together, the batches in any order."""
        order = np.argsort(self.lengths + rng.random(len(self.lengths)) * 4, kind="stable")
        cuts, start = [], 0
        while start < len(order):
            longest = int(self.lengths[order[start]])
            count = max(1, TOKENS // max(longest + 4, 1))
            cuts.append(order[start : start + count])
            start += count
        for at in rng.permutation(len(cuts)):
            yield self._batch(cuts[at])

    def _batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        lengths = self.lengths[rows][:, None]
        steps = np.arange(int(lengths.max()))[None, :]
        is_token = steps < lengths
        places = np.where(is_token, self.ends[rows][:, None] - lengths + steps, 0)
        labels = self.labels[places].astype(np.int64)
        ids = np.where(is_token, self.ids[places].astype(np.int64), 0)
        return torch.from_numpy(ids), torch.from_numpy(np.where(is_token & (labels != UNMARKED), labels, IGNORED))


def fit(
    model: Tagger, texts: Texts, epochs: int, rate: float, teacher: Tagger | None = None, seconds: float = 1e9
) -> None:
    """Trains for so many epochs; with a teacher, on its opinions too."""
    rng, begun = np.random.default_rng(7), time.monotonic()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.98), fused=torch.cuda.is_available()
    )
    total = epochs * sum(1 for _ in texts.batches(np.random.default_rng(7)))
    step, smooth = 0, 0.0
    for epoch in range(epochs):
        for ids, labels in texts.batches(rng):
            at = max(step / total, (time.monotonic() - begun) / seconds)
            for group in optimiser.param_groups:
                group["lr"] = rate * min(1.0, step / 300) * max(0.02, 0.5 * (1 + math.cos(math.pi * min(1.0, at))))
            loss = _loss(
                model, teacher, _blurred(ids.to(DEVICE, non_blocking=True)), labels.to(DEVICE, non_blocking=True)
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step += 1
            if step % 50 == 0:
                smooth = loss.item()
            if time.monotonic() - begun > seconds:
                break
        print(f"epoch {epoch + 1}/{epochs} step {step} loss {smooth:.4f} {time.monotonic() - begun:.0f} s", flush=True)


def _blurred(ids: Tensor) -> Tensor:
    """Half of the texts with up to a third of their tokens made unknown, so that no sentence is learnt by heart."""
    share = torch.rand(len(ids), 1, device=ids.device) * 0.66 - 0.33
    return torch.where((torch.rand(ids.shape, device=ids.device) < share) & (ids > 0), UNKNOWN, ids)


def _loss(model: Tagger, teacher: Tagger | None, ids: Tensor, labels: Tensor) -> Tensor:
    with torch.autocast(DEVICE, torch.bfloat16):
        given = model(ids).float()
        loss = functional.cross_entropy(given.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
        loss = torch.nan_to_num(loss)
        if teacher is not None:
            with torch.no_grad():
                opinion = teacher(ids).float()
            real = ids != 0
            learnt = functional.kl_div(
                functional.log_softmax(given[real] / TEMPERATURE, -1),
                functional.log_softmax(opinion[real] / TEMPERATURE, -1),
                reduction="batchmean",
                log_target=True,
            )
            loss = 0.4 * loss + 0.6 * TEMPERATURE**2 * learnt
    return loss


def measure(model: Tagger, texts: Texts) -> str:
    """Recall and precision of each kind by tokens."""
    hits, found, real = np.zeros(LABELS), np.zeros(LABELS), np.zeros(LABELS)
    model.eval()
    with torch.no_grad():
        for ids, labels in texts.batches(np.random.default_rng(7)):
            with torch.autocast(DEVICE, torch.bfloat16):
                said = model(ids.to(DEVICE)).float().argmax(-1).cpu().numpy()
            told = labels.numpy()
            said, told = (said[told >= 0] + 1) // 2, (told[told >= 0] + 1) // 2
            for kind in range(1, 5):
                hits[kind] += ((said == kind) & (told == kind)).sum()
                found[kind] += (said == kind).sum()
                real[kind] += (told == kind).sum()
    model.train()
    pairs = (
        f"{kind} r {hits[kind] / max(real[kind], 1):.3f} p {hits[kind] / max(found[kind], 1):.3f}"
        for kind in range(1, 5)
    )
    return ", ".join(pairs)


def save(model: Tagger, folder: Path, name: str) -> None:
    """Writes the tensors: the embedding in eight bits a weight with a scale a row, the rest in half precision."""
    tensors = {key: value.detach().float().cpu().numpy() for key, value in model.state_dict().items()}
    word = tensors.pop("word.weight")
    scale = np.maximum(np.abs(word).max(axis=1, keepdims=True) / 127, 1e-8)
    np.savez(folder / f"{name}.word.npz", word=np.round(word / scale).astype(np.int8), scale=scale.astype(np.float32))
    parts: list[dict[str, np.ndarray]] = [{}]
    for key, value in tensors.items():
        if sum(part.nbytes for part in parts[-1].values()) + value.size * 2 > 14_000_000:
            parts.append({})
        parts[-1][key] = value.astype(np.float16)
    for number, part in enumerate(parts):
        np.savez(folder / f"{name}.{number}.npz", **part)  # type: ignore[arg-type]  # its stub takes the names for options


DEVICE: Final = "cuda" if torch.cuda.is_available() else "cpu"


def main() -> None:
    """Trains, measures, saves."""
    options = _options()
    folder, out = options.folder, options.out or options.folder
    torch.manual_seed(7)
    weights = read(folder / "teacher.npz")
    texts = Texts(folder / "texts.npz")
    held = {path.stem: Texts(path) for path in sorted(folder.glob("held-*.npz"))}
    print(DEVICE, len(texts.lengths), "texts", int(texts.ends[-1]), "tokens", flush=True)
    teacher = Tagger(weights, list(range(12))).to(DEVICE)
    fit(teacher, texts, options.epochs, 1.5e-4, seconds=options.seconds)
    for name, one in held.items():
        print("teacher", name, measure(teacher, one), flush=True)
    teacher.eval()
    for count in options.layers:
        name = f"student{count}"
        student = Tagger(weights, list(range(count)), 0.05, options.inner).to(DEVICE)
        student.word.load_state_dict(teacher.word.state_dict())
        fit(student, texts, options.student_epochs, 4e-4, teacher, seconds=options.student_seconds)
        for held_name, one in held.items():
            print(name, held_name, measure(student, one), flush=True)
        if count in options.save:
            save(student, out, name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--epochs", type=int, default=2, help="the teacher's")
    parser.add_argument("--seconds", type=float, default=240, help="the most that any of them takes")
    parser.add_argument("--layers", type=int, nargs="+", default=[4])
    parser.add_argument("--inner", type=int, default=1024, help="units between a student layer's linear maps")
    parser.add_argument("--student-epochs", type=int, default=9)
    parser.add_argument("--student-seconds", type=float, default=330)
    parser.add_argument("--save", type=int, nargs="+", default=[4])
    return parser.parse_args()


if __name__ == "__main__":
    main()
