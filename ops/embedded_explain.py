"""Why an embedded server did not start, in one line that says what to do; knows the servers' own words."""

from pathlib import Path

_EVERYWHERE = {
    "No space left on device": "the disk is full: free some space or set HAUSGEIST_DATA_DIR to another disk",
    "Permission denied": "it may not use its files: check the owner of the data directory",
    "Cannot allocate memory": "there is too little memory: stop something",
}
_BROKEN = "{data} is damaged: restore it from a backup, or move it away to start empty"
_VALKEY = {
    "Bad file format": _BROKEN,
    "Unexpected end of file": _BROKEN,
    "AOF manifest": _BROKEN,
    "cannot execute": "it does not run on this platform: set HAUSGEIST_REDIS_URL to a Redis or Valkey",
}
_SMALLER = "there is too little memory: set HAUSGEIST_MODEL_NAME=small, or HAUSGEIST_MODEL_URL to a model server"
_DAMAGED = "{gguf} is damaged or of a kind it does not know: fetch it with `hausgeist models pull`"
_MODEL = {
    "couldn't bind": "its port was taken by another program: start again",
    "No module named 'xllamacpp'": "xllamacpp is not installed here: set HAUSGEIST_MODEL_URL to a model server",
    "bad_alloc": _SMALLER,
    "failed to allocate": _SMALLER,
    "failed to load model": _DAMAGED,  # said after a failed allocation, too
}


def explain_valkey(data: Path, status: int, output: str) -> str:
    """Why Valkey ended with `status` after printing `output`."""
    return f"the embedded Valkey did not start: {_reason(_EVERYWHERE | _VALKEY, status, output).format(data=data)}"


def explain_model(gguf: Path, status: int, output: str) -> str:
    """Why the model server ended with `status` after printing `output`."""
    return f"the embedded model did not start: {_reason(_EVERYWHERE | _MODEL, status, output).format(gguf=gguf)}"


def _reason(known: dict[str, str], status: int, output: str) -> str:
    for words, reason in known.items():
        if words.lower() in output.lower():
            return reason
    if status == -9:
        return "it was killed, probably for want of memory: stop something, or set HAUSGEIST_MODEL_NAME=small"
    last = output.rsplit("\n", 1)[-1].replace("{", "{{").replace("}", "}}")
    return f"it ended with status {status}: {last or 'without a word'}"
