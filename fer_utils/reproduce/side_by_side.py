"""Several notebooks at once, each in a process of its own with its share of the processor's cores.

A notebook spends much of its time on one core, importing libraries and drawing figures. Side by side they use the rest.
A process is bound to its cores, so that whatever it starts (threads, workers, the kernel) fits into its share.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from fer_utils.devices import available_cores
from fer_utils.errors import FerError
from fer_utils.progress import Clock
from fer_utils.reproduce import runner
from fer_utils.reproduce.request import Request

_STOP_PATIENCE_S = 20


def default_at_once(requests: Sequence[Request]) -> int:
    """How many notebooks run at once where nobody said: one a core if all are smoke runs, which compute little."""
    smoke = all(request.parameters.get("profile") == "smoke" for request in requests)
    return max(1, min(len(requests), available_cores())) if smoke else 1


def execute_all(requests: Sequence[Request], at_once: int) -> None:
    """Run notebooks, ``at_once`` of them at a time, and sign their results.

    Side by side, a failure ends its own notebook only; the others go on.

    Raises:
        FerError: which notebooks failed; why was said when it happened.
    """
    if at_once == 1 or len(requests) == 1:
        for request in requests:
            print(f"signed: {runner.execute(request) / 'receipt.json'}", file=sys.stderr)
        return
    shares = _shares(min(at_once, len(requests)))
    failed, waiting, running, lock = [], list(requests), [], threading.Lock()

    def work(cores: Sequence[int]) -> None:
        while True:
            with lock:
                if not waiting:
                    return
                request = waiting.pop(0)
                # Taken for failed until its process has ended well: also where it cannot even be started.
                failed.append(request.notebook)
                process = _start(request, cores)
                running.append(process)
            clock = Clock()
            for line in process.stderr or ():
                with lock:
                    sys.stderr.write(line)
            ended_well = process.wait() == 0
            with lock:
                if ended_well:
                    failed.remove(request.notebook)
                print(f"{request.notebook}: ended after {clock.elapsed():.0f} s", file=sys.stderr)

    threads = [threading.Thread(target=work, args=(cores,), daemon=True) for cores in shares]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        _stop(running, waiting)
        raise
    if failed:
        raise FerError(f"{len(failed)} of {len(requests)} notebooks failed: {', '.join(sorted(failed))}")


def _shares(count: int) -> list[list[int]]:
    """This process' cores, dealt out; fewer cores than shares are shared."""
    if not hasattr(os, "sched_getaffinity"):
        return [[] for _ in range(count)]
    cores = sorted(os.sched_getaffinity(0))
    return [cores[number::count] or [cores[number % len(cores)]] for number in range(count)]


def _start(request: Request, cores: Sequence[int]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "fer_utils.reproduce.side_by_side"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
    )  # fmt: skip
    if process.stdin is not None:
        process.stdin.write(json.dumps({"request": request.to_json(), "cores": list(cores)}))
        process.stdin.close()
    return process


def _stop(running: Sequence[subprocess.Popen[str]], waiting: list[Request]) -> None:
    """End what runs as Ctrl-C does, so that kernels end too and finished units stay."""
    waiting.clear()
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(_STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()


def main() -> int:
    """Run the one notebook that standard input names; gives the exit code."""
    told = json.load(sys.stdin)
    if told["cores"]:
        os.sched_setaffinity(0, told["cores"])
    request = Request.from_json(told["request"])
    try:
        runner.execute(request)
    except FerError as error:
        print(f"fer_utils: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
