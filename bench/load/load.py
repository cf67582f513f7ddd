#!/usr/bin/env python3
"""Question: what does a fleet cost that does nothing, how soon does it get its work, and how much can go through?

  ./dev bench load --workers 300 [--seconds 15] [--tasks 20000]

Simulated workers speak the workers' own protocol on the real wire, a connection and a device each, a heartbeat a second,
to a real coordinator on a PostgreSQL of its own (fsync on).  Three phases:
  idle    nothing to do: processor time of coordinator and PostgreSQL together, transactions, heartbeats answered
  steady  100 tasks at 10 a second: from queued to leased, and how many were done at the first attempt
  flood   many empty tasks at once: durable cycles (lease, report, both committed) a second
The last line is JSON.
"""
import argparse
import contextlib
import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
POSTGRES = ROOT / "tools/private_postgres.sh"
TICKS = os.sysconf("SC_CLK_TCK")
STEADY_TASKS = 100
INSERT = """INSERT INTO task (kind, exclusive, document, time_limit_ms, created_at, handled)
            SELECT 'build', false, '{"kind": "build"}', 60000, clock_timestamp(), true FROM generate_series(1, %d)"""


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(condition, what, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    sys.exit(f"bench: not within {seconds} s: {what}")


def processor_seconds(pids):
    """User and system time of these processes and of their children that ended."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            text = pathlib.Path(f"/proc/{pid}/stat").read_text()
            total += sum(int(n) for n in text[text.rindex(")") + 2:].split()[11:15])
    return total / TICKS


def children_of(parent):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                text = (entry / "stat").read_text()
                if int(text[text.rindex(")") + 2:].split()[1]) == parent:
                    found.append(int(entry.name))
    return found


class Fleet:
    def __init__(self, build, endpoint, workers):
        self.process = subprocess.Popen([build / "bench/load_fleet", endpoint, str(workers)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def counts(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench: the simulated fleet has ended")
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


class Load:
    def __init__(self, args):
        self.args = args
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pare-load-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.coordinator = self.fleet = None

    def start(self):
        started = subprocess.run([POSTGRES, "start", self.folder / "postgres"], check=True, capture_output=True, text=True)
        self.url = started.stdout.strip()
        endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.log = open(self.folder / "coordinator.log", "wb")
        self.coordinator = subprocess.Popen(
            [self.args.build / "bin/pare-coordinator", "--database", self.url, "--data", self.folder / "blobs", "--http",
             f"127.0.0.1:{free_port()}", "--workers-endpoint", endpoint], stdout=self.log, stderr=self.log)
        until(lambda: b"ready" in (self.folder / "coordinator.log").read_bytes(), "the coordinator is ready", 60)
        self.postmaster = int((self.folder / "postgres/data/postmaster.pid").read_text().split()[0])
        self.fleet = Fleet(self.args.build, endpoint, self.args.workers)
        until(lambda: self.fleet.counts()["welcomed"] == self.args.workers, "every worker is welcomed", 60)

    def stop(self):
        if self.fleet:
            self.fleet.stop()
        if self.coordinator:
            self.coordinator.terminate()
            self.coordinator.wait(30)
            self.log.close()
            print((self.folder / "coordinator.log").read_text()[-2000:], file=sys.stderr)
        subprocess.run([POSTGRES, "destroy", self.folder / "postgres"], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, query):
        return subprocess.run(["psql", self.url, "-qAtX", "-c", query], check=True, capture_output=True,
                              text=True).stdout.strip()

    def number(self, query):
        return float(self.sql(query) or 0)

    def cpu(self):
        return {"coordinator": processor_seconds([self.coordinator.pid]),
                "postgres": processor_seconds([self.postmaster, *children_of(self.postmaster)])}

    def transactions(self):
        return self.number("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")

    def idle(self):
        time.sleep(5)  # the hellos are over, and their last heartbeats written
        transactions, cpu, before, begin = self.transactions(), self.cpu(), self.fleet.counts(), time.monotonic()
        time.sleep(self.args.seconds)
        spent = time.monotonic() - begin
        after, cpu_after = self.fleet.counts(), self.cpu()
        cores = {name: (cpu_after[name] - cpu[name]) / spent for name in cpu}
        sent = after["beats_sent"] - before["beats_sent"]
        return {"idle_cpu_cores": round(sum(cores.values()), 4), "idle_coordinator_cores": round(cores["coordinator"], 4),
                "idle_postgres_cores": round(cores["postgres"], 4),
                "idle_transactions_per_second": round((self.transactions() - transactions) / spent, 1),
                "heartbeats_per_second": round(sent / spent, 1),
                "heartbeats_answered": round((after["beats_answered"] - before["beats_answered"]) / max(sent, 1), 4)}

    def steady(self):
        feeder = subprocess.Popen(["psql", self.url, "-qAtX"], stdin=subprocess.PIPE, text=True)
        last = int(self.number("SELECT coalesce(max(id), 0) FROM task"))
        begin = time.monotonic()
        for i in range(STEADY_TASKS):
            time.sleep(max(0.0, begin + i * 0.1 - time.monotonic()))
            feeder.stdin.write(INSERT % 1 + ";\n")
            feeder.stdin.flush()
        feeder.stdin.close()
        feeder.wait(20)
        deadline = time.monotonic() + 20
        mine = f"FROM task WHERE id > {last}"
        while self.number(f"SELECT count(*) {mine} AND finished_at IS NOT NULL") < STEADY_TASKS:
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
        wait = ("SELECT 1000 * percentile_cont(%s) WITHIN GROUP (ORDER BY extract(epoch FROM a.leased_at - t.created_at))"
                f" FROM task t JOIN task_attempt a ON a.task_id = t.id AND a.attempt = 1 WHERE t.id > {last}")
        return {"ready_to_leased_p50_ms": round(self.number(wait % 0.5), 1),
                "ready_to_leased_p99_ms": round(self.number(wait % 0.99), 1),
                "steady_done_at_once": int(self.number(f"SELECT count(*) {mine} AND finished_at IS NOT NULL AND attempt = 1")),
                "steady_done_again": int(self.number(f"SELECT count(*) {mine} AND attempt > 1"))}

    def flood(self):
        last = int(self.number("SELECT coalesce(max(id), 0) FROM task"))
        before = self.fleet.counts()
        cpu, begin = self.cpu(), time.monotonic()
        self.sql(INSERT % self.args.tasks)
        deadline = time.monotonic() + self.args.seconds
        mine = f"FROM task WHERE id > {last}"
        while self.number(f"SELECT count(*) {mine} AND finished_at IS NULL") > 0 and time.monotonic() < deadline:
            time.sleep(0.5)
        cpu_after, spent = self.cpu(), time.monotonic() - begin
        done = self.number(f"SELECT count(*) {mine} AND finished_at IS NOT NULL")
        seconds = self.number(f"SELECT extract(epoch FROM max(finished_at) - min(created_at)) {mine}")
        after = self.fleet.counts()
        return {"cycles_per_second": round(done / seconds, 1) if done else 0.0, "flood_done": int(done),
                "flood_done_again": int(self.number(f"SELECT count(*) {mine} AND attempt > 1")),
                "flood_reports_sent": after["reports_sent"] - before["reports_sent"],
                "flood_duplicates": after["duplicates"] - before["duplicates"],
                "flood_coordinator_cores": round((cpu_after["coordinator"] - cpu["coordinator"]) / spent, 3),
                "flood_postgres_cores": round((cpu_after["postgres"] - cpu["postgres"]) / spent, 3)}

    def run(self):
        result = {"workers": self.args.workers}
        for name in ("idle", "steady", "flood"):
            found = getattr(self, name)()
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in found.items()), flush=True)
            result.update(found)
        status = pathlib.Path(f"/proc/{self.coordinator.pid}/status").read_text()
        result["coordinator_mib"] = round(int(status[status.index("VmRSS:"):].split()[1]) / 1024)
        end = self.fleet.counts()
        result.update(reconnects=end["reconnects"], refusals=end["refusals"],
                      called_lost=int(self.number("SELECT count(*) FROM event WHERE kind = 'worker.lost'")))
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=15, help="of the idle phase, and at most of the flood")
    parser.add_argument("--tasks", type=int, default=20000, help="of the flood")
    args = parser.parse_args()
    if args.workers < 1 or args.seconds <= 0 or args.tasks < 1:
        parser.error("--workers, --seconds and --tasks are positive")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load = Load(args)
    try:
        load.start()
        result = load.run()
    finally:
        load.stop()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
