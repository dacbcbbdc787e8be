"""A llama.cpp server in a process of its own: `python -m ops.llama_process` reads its settings as JSON from stdin."""

import json
import os
import platform
import signal
import sys


def main() -> None:
    """Serves OpenAI's `/v1` on loopback until a signal ends the process; it has nothing to save."""
    # Spinning OpenMP threads make generation several times slower as soon as anything else wants a core.
    # libgomp reads this when it is loaded, by the import below.
    os.putenv("OMP_WAIT_POLICY", "passive")
    import xllamacpp

    settings = json.loads(sys.stdin.readline())
    params = xllamacpp.CommonParams()
    params.model.path = settings["gguf"]
    params.model_alias = {settings["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"]
    params.api_keys = [settings["key"]]
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["ctx"] * settings["slots"]
    params.n_batch = params.n_ubatch = 256  # an aborted request ends with its batch; llama.cpp's own 2048 take a minute
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.cache_ram_mib = 512  # llama.cpp would keep up to 8 GiB of earlier prompts
    # Repacked weights take half as much memory again and, with AVX2, make prompts a fifth slower.
    params.no_extra_bufts = platform.machine() in ("x86_64", "AMD64")
    params.fit_params = False  # loads the file twice to measure GPUs that are not there
    params.verbosity = 1  # errors only: no prompt ever reaches the log
    params.offline, params.ui = True, False
    params.endpoint_metrics = True  # how many requests wait
    _server = xllamacpp.Server(params)
    signal.pause()


if __name__ == "__main__":
    main()
