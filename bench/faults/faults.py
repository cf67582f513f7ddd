"""What does it cost when something around a search breaks?  A job of ten trials, two workers, one fault a row.

    ./dev bench faults [NAME ...] [--trials N]        every row, or those named;  --list names them

Each row starts a service of its own on the shipped example, waits until some trials have ended, breaks one thing, mends
it, and lets the job end.  The last column is what people were told meanwhile: /healthz, the job, or the log.  The last
line is JSON.  As root for the rows with full disks (each is a small tmpfs); the clock's row needs libfaketime.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
BOARDS = ROOT / "examples/circuit_boards"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


class Skipped(Exception):
    pass


class Row:
    """One service, one job, one fault."""

    def __init__(self, name, data, trials):
        from service import Service
        self.name, self.trials, self.told = name, trials, []
        self.mounts = []
        self.service = Service.__new__(Service)
        self.service.folder = pathlib.Path(tempfile.mkdtemp(prefix="pare-faults-", dir="/var/tmp"))
        self.service.folder.chmod(0o755)
        self.data = data

    def start(self, environment=None):
        from service import BIN, free_port, until
        s = self.service
        s.port = free_port()
        s.url = f"http://127.0.0.1:{s.port}"
        s.log = open(s.folder / "up.log", "wb")
        s.up = subprocess.Popen([BIN / "pare", "up", "--data", s.folder / "data", "--port", str(s.port), "--workers", "2"],
                                stdout=s.log, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})})
        until(lambda: s.up.poll() is None and s.healthy(), "the service is healthy")
        s.pare("model", "add", BOARDS / "detector.onnx", "--name", "boards", "--card", BOARDS / "detector.json")
        s.pare("dataset", "add", "--name", "boards", "--calibration", self.data / "c", "--val", self.data / "v",
               "--labels", self.data / "v/labels.json")
        s.pare("target", "add", "ort", "--runtime", "onnxruntime", "--threads", 1)
        self.job = s.call("POST", "/v1/jobs", {"model": "boards", "dataset": "boards", "targets": ["ort"],
                                               "budget": {"trials": self.trials, "seconds": 1800}, "seed": 5})["id"]

    def tmpfs(self, path, size):
        if os.geteuid() != 0:
            raise Skipped("needs root (a small tmpfs)")
        path.mkdir(parents=True, exist_ok=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True, text=True)
        if mounted.returncode != 0:
            raise Skipped("no tmpfs may be mounted here: " + mounted.stderr.strip())
        self.mounts.append(path)

    def ended(self):
        return int(self.service.sql(f"SELECT count(*) FROM trial WHERE job_id = {self.job} AND state <> 'running'")[0][0])

    def wait_for_trials(self, count):
        from service import until
        until(lambda: self.ended() >= count, f"{count} trials have ended", 900)

    def hear(self, seconds):
        """Listens to what people are told for a while: healthz, the job, `pare jobs`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.listen()
            time.sleep(0.5)

    def listen(self):
        from service import Refused
        try:
            health = self.service.call("GET", "/healthz", timeout=2)
            if health.get("waiting"):
                self.tell("healthz: " + str(health.get("waiting_reason", health["waiting"])))
        except Refused as refused:
            reason = refused.problem.get("reason") or refused.problem.get("detail", "")
            self.tell(f"healthz {refused.status}: {reason}")
        except OSError as error:
            self.tell(f"healthz: no answer ({type(error).__name__})")
        with contextlib.suppress(OSError, Refused):
            job = self.service.call("GET", f"/v1/jobs/{self.job}", timeout=2)
            for wait in job.get("waiting", []):
                self.tell("job: " + wait["reason"])
            if job.get("reason"):
                self.tell("job: " + job["reason"])

    def tell(self, text):
        text = " ".join(text.split())[:160]
        kind = text[:40]
        if not any(told[:40] == kind for told in self.told):
            self.told.append(text)

    def tasks_since(self, when):
        return int(self.service.sql(f"SELECT count(*) FROM task_attempt WHERE leased_at > to_timestamp({when})")[0][0])

    def recovered(self, since):
        """Seconds from the mend to the next attempt that ended with a report."""
        from service import until
        def look():
            with contextlib.suppress(subprocess.CalledProcessError):
                found = self.service.sql("SELECT extract(epoch FROM min(ended_at)) FROM task_attempt"
                                         f" WHERE ending = 'reported' AND ended_at > to_timestamp({since})")
                return float(found[0][0]) if found and found[0][0] else None
        return until(look, "an attempt ends after the mend", 300) - since

    def verdict(self, recovery):
        s, job = self.service, self.job
        end = s.job_end(job, 1200)
        self.listen()
        one = lambda query: int(s.sql(query)[0][0])
        has_burnt = one("SELECT count(*) FROM information_schema.columns WHERE table_name = 'task' AND column_name = 'burnt'")
        burnt = "sum(burnt)" if has_burnt else "sum(attempt - 1)"
        for log in sorted((s.folder / "data/log").glob("worker-*.log")):
            for line in log.read_text(errors="replace").splitlines():
                if '"ok":false' in line:
                    self.tell("worker: " + json.loads(line[line.index("{"):])["reason"])
        return {
            "fault": self.name, "state": end["state"], "reason": end.get("reason", ""),
            "burnt": one(f"SELECT coalesce({burnt}, 0) FROM task WHERE job_id = {job} AND kind <> 'check'"),
            "repeated": one(f"SELECT coalesce(sum(attempt - 1), 0) FROM task WHERE job_id = {job}"),
            "lost": self.trials - one(f"SELECT count(*) FROM trial WHERE job_id = {job} AND state = 'finished'"),
            "failed_tasks": one(f"SELECT count(*) FROM task WHERE job_id = {job} AND state = 'failed'"),
            "twice": one(f"SELECT count(*) FROM (SELECT FROM trial WHERE job_id = {job} GROUP BY plan_sha256"
                         " HAVING count(*) > 1) AS doubled"),
            "recovery_s": None if recovery is None else round(recovery, 1), "told": self.told,
        }

    def close(self, keep):
        s = self.service
        if hasattr(s, "up"):
            s.up.send_signal(signal.SIGTERM)
            try:
                s.up.wait(30)
            except subprocess.TimeoutExpired:
                s.up.kill()
            if keep:
                print(s.logs(), file=sys.stderr)
            s.log.close()
        for path in self.mounts:
            subprocess.run(["umount", "-l", path], check=False)
        shutil.rmtree(s.folder, ignore_errors=True)


# -- the faults: each breaks, waits, mends; returns when it was mended (epoch seconds)

def postgres(row, verb, *words):
    subprocess.run([ROOT / "tools/private_postgres.sh", verb, row.service.folder / "data/postgres", *words], check=True,
                   stdout=subprocess.DEVNULL)


def postgres_away(seconds):
    def fault(row):
        # `pare up` starts a database again that is away: it is kept away by moving its socket's folder aside, too.
        stop = threading.Event()

        def keep_away():
            while not stop.is_set():
                with contextlib.suppress(subprocess.CalledProcessError):
                    postgres(row, "stop")
                stop.wait(0.3)
        keeper = threading.Thread(target=keep_away)
        keeper.start()
        row.hear(seconds)
        stop.set()
        keeper.join()
        postgres(row, "start")
        return time.time()
    return fault


def postgres_restarted(row):
    postgres(row, "stop")
    postgres(row, "start")
    return time.time()


def postmaster_and_children(row):
    pid = int((row.service.folder / "data/postgres/data/postmaster.pid").read_text().split()[0])
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [pid, *map(int, children)]


def postgres_stopped(row):
    pids = postmaster_and_children(row)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    row.hear(15)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    return time.time()


def busy_worker(row):
    """A worker that runs pare-engine just now."""
    from service import until

    def look():
        for worker in row.service.processes("pare-worker"):
            children = subprocess.run(["pgrep", "-P", str(worker), "-f", "pare-engine"], capture_output=True, text=True).stdout.split()
            if children:
                return worker, int(children[0])
    return until(look, "a worker is at work", 120)


def one_gets(process_of, what, pause=0.0):
    """A signal, and to go on after a pause if it was stopped by it."""
    def fault(row):
        process = process_of(row)
        os.kill(process, what)
        row.hear(pause)
        if what == signal.SIGSTOP:
            os.kill(process, signal.SIGCONT)
        return time.time()
    return fault


def worker_gets(what, pause=0.0):
    return one_gets(lambda row: busy_worker(row)[0], what, pause)


def coordinator_gets(what, pause=0.0):
    return one_gets(lambda row: row.service.processes("pare-coordinator")[0], what, pause)


def engine_gets(what):
    def fault(row):
        _, engine = busy_worker(row)
        os.kill(engine, what)
        broken = time.time()
        if what == signal.SIGSTOP:
            row.hear(75)  # nobody continues it: the worker has to notice
        return broken
    return fault


def top_up(filler, piece):
    with contextlib.suppress(OSError), open(filler, "ab", buffering=0) as out:
        while True:
            out.write(b"\0" * piece)


def full(parts, seconds):
    """Fills the (small) file systems of these folders, and empties them again."""
    def fault(row):
        fillers = []
        for part in parts:
            folder = row.service.folder / "data" / part
            filler = folder / "filler"
            top_up(filler, 65536)
            fillers.append(filler)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            row.listen()
            for filler in fillers:  # what was deleted meanwhile is no room
                top_up(filler, 4096)
            time.sleep(0.2)
        for filler in fillers:
            filler.unlink()
        return time.time()
    return fault


def cached_file_cut_short(row):
    """As a power cut leaves it: every cached blob is half of itself, and the workers start anew."""
    for blob in (row.service.folder / "data/cache/blobs").glob("*/*"):
        os.truncate(blob, blob.stat().st_size // 2)
    for worker in row.service.processes("pare-worker"):
        os.kill(worker, signal.SIGKILL)
    return time.time()


def clock_stepped(row):
    (row.service.folder / "faketime").write_text("+3600s x1\n")
    row.hear(5)
    return time.time()


def slow_clients(row):
    """200 connections that send a byte of a request every second, for a minute."""
    answered = asked = 0
    sockets = []
    for _ in range(200):
        with contextlib.suppress(OSError):
            s = socket.create_connection(("127.0.0.1", row.service.port), timeout=2)
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
            sockets.append(s)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for s in sockets:
            with contextlib.suppress(OSError):
                s.send(b"x", socket.MSG_DONTWAIT)
        asked += 1
        with contextlib.suppress(OSError):
            row.service.call("GET", "/healthz", timeout=2)
            answered += 1
        time.sleep(1)
    for s in sockets:
        s.close()
    row.tell(f"healthz answered {answered} of {asked} within 2 s")
    return time.time()


def second_coordinator(row):
    """Another one on the same database, with a folder of its own and a worker."""
    from service import BIN, free_port
    url = subprocess.run([ROOT / "tools/private_postgres.sh", "url", row.service.folder / "data/postgres"], check=True,
                         capture_output=True, text=True).stdout.strip()
    http, link = free_port(), free_port()
    log = open(row.service.folder / "second.log", "wb")
    second = subprocess.Popen([BIN / "pare-coordinator", "--database", url, "--data", row.service.folder / "second",
                               "--http", f"127.0.0.1:{http}", "--workers-endpoint", f"tcp://127.0.0.1:{link}"],
                              stdout=log, stderr=log)
    worker = subprocess.Popen([BIN / "pare-worker", "--coordinator", f"http://127.0.0.1:{http}", "--endpoint",
                               f"tcp://127.0.0.1:{link}", "--cache", row.service.folder / "cache2", "--scratch",
                               row.service.folder / "scratch2", "--device-id", "another-device", "--name", "stranger"],
                              stdout=log, stderr=log)
    row.hear(30)
    for process in (worker, second):
        process.terminate()
        process.wait(20)
    said = (row.service.folder / "second.log").read_text(errors="replace").strip().splitlines()
    row.tell(f"the second, exit {second.returncode}: " + (said[-1] if said else "nothing"))
    return time.time()


MIB = 1 << 20
# name: (fault, trials that end before it, folders of a size of their own)
FAULTS = {
    "nothing": (lambda row: None, 1, {}),
    "postgres-away-10": (postgres_away(10), 2, {}),
    "postgres-away-60": (postgres_away(60), 2, {}),
    "postgres-stopped-15": (postgres_stopped, 2, {}),
    "postgres-restarted": (postgres_restarted, 2, {}),
    "worker-sigterm": (worker_gets(signal.SIGTERM), 2, {}),
    "worker-stopped-20": (worker_gets(signal.SIGSTOP, 20), 2, {}),
    "worker-killed": (worker_gets(signal.SIGKILL), 2, {}),
    "engine-stopped": (engine_gets(signal.SIGSTOP), 2, {}),
    "engine-killed": (engine_gets(signal.SIGKILL), 2, {}),
    "coordinator-stopped-20": (coordinator_gets(signal.SIGSTOP, 20), 2, {}),
    "coordinator-killed": (coordinator_gets(signal.SIGKILL), 2, {}),
    "scratch-full-25": (full(["workers"], 25), 2, {"workers": 64 * MIB}),
    "cache-full-25": (full(["cache"], 25), 2, {"cache": 64 * MIB}),
    "coordinator-full-25": (full(["coordinator"], 25), 2, {"coordinator": 64 * MIB}),
    "disk-full-while-preparing-90": (full(["workers", "cache", "coordinator"], 90), 0,
                                     {"workers": 64 * MIB, "cache": 64 * MIB, "coordinator": 64 * MIB}),
    "cached-file-cut-short": (cached_file_cut_short, 2, {}),
    "clock-plus-1h": (clock_stepped, 2, {}),
    "slow-clients-200": (slow_clients, 2, {}),
    "second-coordinator": (second_coordinator, 2, {}),
}


def run(name, data, trials):
    fault, before, small = FAULTS[name]
    row = Row(name, data, trials)
    failed = True
    try:
        for part, size in small.items():
            row.tmpfs(row.service.folder / "data" / part, size)
        environment = {}
        if name == "clock-plus-1h":
            if not pathlib.Path(FAKETIME).exists():
                raise Skipped("needs the package libfaketime")
            (row.service.folder / "faketime").write_text("+0s x1\n")
            environment = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(row.service.folder / "faketime"),
                           "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
        row.start(environment)
        row.wait_for_trials(before)
        mended = fault(row)
        recovery = None if mended is None or name == "clock-plus-1h" else row.recovered(mended)
        result = row.verdict(recovery)
        failed = False
        return result
    except Skipped as why:
        failed = False
        return {"fault": name, "skipped": str(why)}
    except Exception as error:  # one row that breaks does not cost the others
        return {"fault": name, "broke": f"{type(error).__name__}: {str(error)[:300]}", "told": row.told}
    finally:
        row.close(failed)


def line(result):
    if "skipped" in result or "broke" in result:
        return f"| {result['fault']} | {result.get('skipped') or result['broke']} | | | | | |"
    told = "; ".join(result["told"]) or "nothing"
    state = result["state"] + (f" ({result['reason']})" if result["reason"] else "")
    return (f"| {result['fault']} | {state} | {result['burnt']} | {result['repeated']} | {result['lost']} | {result['twice']}"
            f" | {result['recovery_s']} | {told} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    if given.list:
        print("\n".join(FAULTS))
        return 0
    unknown = [name for name in given.names if name not in FAULTS]
    if unknown:
        parser.error(f"there is no fault {unknown[0]}; --list names them")
    os.environ["PARE_BIN"] = str(given.build.resolve() / "bin")
    from service import render
    results = []
    with tempfile.TemporaryDirectory(prefix="pare-faults-") as scratch:
        data = pathlib.Path(scratch)
        render(data / "c", 8, 1)
        render(data / "v", 16, 2)
        print("| fault | the job | attempts burnt | tasks run again | trials lost | plans twice | back after s | what people were told |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
        for name in given.names or FAULTS:
            results.append(run(name, data, given.trials))
            print(line(results[-1]), flush=True)
    # A crash is the candidate's for all that anybody knows: it burns one attempt.
    bad = [r["fault"] for r in results if "broke" in r or r.get("burnt", 0) > (r["fault"] == "engine-killed")
           or r.get("lost") or r.get("twice") or r.get("state", "succeeded") != "succeeded"]
    print(json.dumps({"rows": len(results), "burnt": sum(r.get("burnt", 0) for r in results),
                      "lost": sum(r.get("lost", 0) for r in results), "twice": sum(r.get("twice", 0) for r in results),
                      "bad": bad}))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
