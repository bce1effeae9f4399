# SPDX-License-Identifier: Apache-2.0
"""Start a real llama-server for each tiny model and compare what the client `openai` sees with what is recorded.

usage: run.py COMPLETE_PROGRAM MODELS_FOLDER. Needs the Python package xllamacpp, which runs llama-server's HTTP endpoints.
"""
import pathlib
import subprocess
import sys

import xllamacpp


def serve(model: pathlib.Path, parallel: int, context: int = 512, metrics: bool = False,
          penalty_repeat: float = 1.0) -> xllamacpp.Server:
    """One thread, flash attention off: greedy answers are then repeatable."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = parallel
    params.n_ctx = context * parallel
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cache_prompt = False
    params.endpoint_metrics = metrics
    params.sampling.penalty_repeat = penalty_repeat
    return xllamacpp.Server(params)


def main() -> int:
    program, models = sys.argv[1], pathlib.Path(sys.argv[2])
    failures = 0
    for model in sorted(models.glob("tiny-*.gguf")):
        for parallel in (1, 8):
            server = serve(model, parallel)
            command = [program, server.listening_address, model.stem, str(models / "questions.jsonl"), str(parallel)]
            result = subprocess.run(command, capture_output=True, text=True, timeout=300)
            print(model.stem, "concurrency", parallel, result.stdout, result.stderr, flush=True)
            failures += result.returncode != 0
            del server
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
