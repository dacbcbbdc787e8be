"""Makes what `train` needs: `python -m guardrails.training.prepare FOLDER --german FILE --plain FOLDER`."""

import argparse
import html
import json
import random
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from tokenizers import Tokenizer
from wordfreq import top_n_list

from guardrails.training import UNMARKED, machine, pools, teacher_weights, vocabulary
from guardrails.training.corpus import KINDS, Filler, Marked, joined, templates

PIECES: Final = 32_000
LONGEST: Final = 120  # tokens
TIMES: Final = 60  # each template is filled
GERMAN_TIMES: Final = 8
MACHINE_LINES: Final = 25_000
PLANTED: Final = 40  # characters that a text has at least in which a name is planted
HELD_OUT: Final = 500  # of the German sentences
GERMAN_KINDS: Final = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION"}
FIRST: Final = 2  # the id that opens a text


def main() -> None:
    """Writes teacher.npz, vocabulary.json, texts.npz and held-*.npz."""
    options = _options()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(7)
    pool = pools.pools(rng)
    lines = templates(Path(__file__).parent)
    german = list(_german(options.german))
    plain = list(_plain(options.plain))
    print(len(lines), "templates", len(german), "German sentences", len(plain), "plain texts", file=sys.stderr)
    teacher = teacher_weights.read()
    pieces = _pieces(teacher, pool, [*lines, *(one.text for one in german), *plain], folder)
    tokenizer = vocabulary.tokenizer(pieces)
    filler = Filler(pool, rng)
    filled = (filler.varied(filler.fill(line)) for _ in range(TIMES) for line in rng.sample(lines, len(lines)))
    own = german[HELD_OUT:]
    spoken = [filler.varied(one) for _ in range(GERMAN_TIMES) for one in own]
    spoken += [filler.varied(filler.renamed(one)) for _ in range(GERMAN_TIMES) for one in own if one.marks]
    given = set(pool.given)
    quiet = [_unlabelled(Marked(text, ()), given) for text in plain]
    prose = [one for one, is_clear in quiet if is_clear and len(one.text) > PLANTED and not _MACHINE.search(one.text)]
    planted = [filler.varied(filler.planted(one)) for one in prose]
    planted += [filler.varied(filler.planted(filler.planted(one))) for one in (*own, *prose[::3])]
    words = [word for language in ("en", "de", "fr") for word in top_n_list(language, 4000)]
    logs = (Marked(machine.line(words, rng), ()) for _ in range(MACHINE_LINES))
    told = (*joined(filled, rng), *spoken, *planted, *logs)
    _write(
        folder / "texts.npz",
        tokenizer,
        [*((one, True) for one in told), *((filler.varied(one), clear) for one, clear in quiet)],
    )
    _write(folder / "held-german.npz", tokenizer, [(one, True) for one in german[:HELD_OUT]])
    for path in options.held:
        _write(folder / f"held-{path.stem}.npz", tokenizer, [(one, True) for one in _marked(path)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--german", type=Path, required=True, help="GermEval 2014 as JSON lines")
    parser.add_argument("--plain", type=Path, help="text files without labels, one text a line")
    parser.add_argument(
        "--held", type=Path, action="append", default=[], help="JSON lines to measure by, never trained on"
    )
    return parser.parse_args()


def _pieces(
    teacher: teacher_weights.E5, pool: pools.Pools, texts: Iterable[str], folder: Path
) -> list[tuple[str, float]]:
    """Chooses the vocabulary; writes it, and the teacher's weights with the rows that belong to it."""
    everything = vocabulary.whole(teacher.pieces, teacher.scores.tolist())
    kept = vocabulary.pruned(everything, _weighted(pool, texts), PIECES)
    pieces = [everything[number] for number in kept]
    rows = [_row(number, teacher.pieces) for number in kept]
    chosen = {name: value[rows] if name.startswith("emb.word") else value for name, value in teacher.tensors.items()}
    np.savez_compressed(folder / "teacher.npz", **chosen)  # type: ignore[arg-type]  # its stub takes the names for options
    (folder / "vocabulary.json").write_text(json.dumps(pieces, ensure_ascii=False))
    return pieces


def _row(number: int, pieces: list[str]) -> int:
    """The teacher's row of one of our pieces; the end of a line begins as a full stop."""
    special = {0: 1, 1: 3, 2: 0, 3: pieces.index(".")}  # <pad>, <unk>, <s>, the end of a line
    return special.get(number, number)


def _weighted(pool: pools.Pools, texts: Iterable[str]) -> Iterator[tuple[str, float]]:
    for language in ("en", "de", "fr"):
        for rank, word in enumerate(top_n_list(language, 30_000)):
            for form, share in (
                (word, 1.0),
                (word.capitalize(), 1.0 if language == "de" else 0.5),
                (word.upper(), 0.05),
            ):
                yield form, share * 30_000 / (rank + 300)
    for names in (pool.given, pool.surnames):
        for name in names:
            yield name, 0.5
            yield name.lower(), 0.5
    for name in (*pool.streets[::4], *pool.cities):
        yield name, 0.2
        yield name.lower(), 0.1
    for text in texts:
        yield text, 1.0


def _german(path: Path) -> Iterator[Marked]:
    for line in path.read_text().splitlines():
        row = json.loads(line)
        marks = [(s["start"], s["end"], GERMAN_KINDS[s["type"]]) for s in row["spans"] if s["type"] in GERMAN_KINDS]
        yield Marked(row["text"], tuple(sorted(marks)))


def _marked(path: Path) -> Iterator[Marked]:
    names = {"ADDRESS": "STREET_ADDRESS", "STREET_ADDRESS": "STREET_ADDRESS", "PERSON": "PERSON"}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        marks = [(s["start"], s["end"], names[s["type"]]) for s in row["spans"] if s["type"] in names]
        yield Marked(row["text"], tuple(sorted(marks)))


def _plain(folder: Path | None) -> Iterator[str]:
    for path in sorted(folder.glob("*.txt")) if folder else ():
        for line in path.read_text(errors="replace").splitlines():
            text = html.unescape(line).strip()
            if 12 < len(text) < 600:
                yield text


_MACHINE: Final = re.compile(r"[={}_;<>\\|]|\(\)|::|--|->|^[^ ]* ?$")
_NAMED: Final = re.compile(r"(?<=[a-zà-ÿ,;:(] )[A-ZÀ-Þ][\w’'-]+")


_QUOTED: Final = re.compile(r"-- ?((?:[A-ZÀ-Þ][\w.’'-]+ ?){2,4})(?=$|,)")


def _unlabelled(text: Marked, given: set[str]) -> tuple[Marked, bool]:
    """Plain text counts as free of names but for who is quoted; where another given name stands, only the teacher judges."""
    quoted = _QUOTED.search(text.text)
    body = text.text[: quoted.start()] if quoted else text.text
    marks = ((quoted.start(1), quoted.end(1), "PERSON"),) if quoted and quoted[1].split()[0] in given else ()
    is_clear = not any(word in given for word in _NAMED.findall(body)) and bool(marks or not quoted)
    return Marked(text.text, marks), is_clear


def _write(path: Path, tokenizer: Tokenizer, texts: list[tuple[Marked, bool]]) -> None:
    ids: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for start in range(0, len(texts), 20_000):
        part = texts[start : start + 20_000]
        for found, (marked, is_labelled) in zip(
            tokenizer.encode_batch([one.text for one, _ in part]), part, strict=True
        ):
            if not found.ids:
                continue
            ids.append(np.array([FIRST, *found.ids[: LONGEST - 1]], np.uint16))
            told = (
                _labels(marked, found.offsets[: LONGEST - 1])
                if is_labelled
                else [UNMARKED] * min(len(found.ids), LONGEST - 1)
            )
            labels.append(np.array([0 if is_labelled else UNMARKED, *told], np.uint8))
    np.savez_compressed(
        path,
        ids=np.concatenate(ids),
        labels=np.concatenate(labels),
        lengths=np.array([len(one) for one in ids], np.uint16),
    )
    print(path.name, len(ids), sum(len(one) for one in ids), file=sys.stderr)


def _labels(marked: Marked, offsets: list[tuple[int, int]]) -> list[int]:
    """The label of each token: that of its first letter; the first token of a mark is its beginning."""
    kinds = [0] * (len(marked.text) + 1)
    begins = [False] * (len(marked.text) + 1)
    for start, end, name in marked.marks:
        kinds[start:end] = [1 + 2 * KINDS.index(name)] * (end - start)
        begins[start] = True
    labels: list[int] = []
    for start, end in offsets:
        first = next((at for at in range(start, end) if not marked.text[at].isspace()), start)
        fresh = any(begins[start : first + 1])
        kind = kinds[first]
        labels.append(0 if not kind else kind if fresh else kind + 1)
    return labels


if __name__ == "__main__":
    main()
