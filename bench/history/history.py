#!/usr/bin/env python3
"""Question: what does it cost to look at a job that has many trials?

  ./dev bench history [--trials 2000 20000 100000] [--at-once 8] [--data DIR]

Fills a job by SQL in a private PostgreSQL, starts a coordinator on it, and times what people read: the first look ever (it
reads all trials once), the median of twenty more, eight at once, the coordinator's memory, and the first look after a restart.
One line a size.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
POSTGRES = ROOT / "tools/private_postgres.sh"
TARGETS = ("a", "b")
SHA_MODEL, SHA_DATASET = "c" * 64, "d" * 64

SUMMARY = {
    "sha256": SHA_MODEL, "opset": 13, "macs": 10_000_000, "parameters": 1_000_000, "bytes": 4_000_000, "stride": 32, "notes": [],
    "card": {"head": "yolov5", "input": [416, 416], "classes": ["crack"],
             "preprocessing": {"color": "rgb", "resize": "stretch", "pad": 0, "mean": [0, 0, 0], "std": [1, 1, 1]}},
    "groups": [], "frozen": [],
    "layers": [{"name": "conv", "op": "Conv", "kernel": [3, 3], "in_channels": 3, "out_channels": 16, "groups": 1,
                "macs": 10_000_000, "parameters": 1_000_000}],
}

# Accuracies and latencies that trade: a front of a few dozen, and draws about each accuracy.
FILL = """
SET session_replication_role = replica;
INSERT INTO trial (job_id, number, plan_sha256, plan, origin, genome, state, candidate_sha256, bytes, macs, build,
                   created_at, finished_at)
SELECT {job}, n, encode(sha256(('p' || n || '-' || {job})::bytea), 'hex'), {plan}, 'search', '{{1,2,3,4,5,6,7,8,9,10}}',
       'finished', encode(sha256(('c' || n)::bytea), 'hex'), 1000000 + n, 500000, '{{}}', now(), now()
  FROM generate_series(1, {trials}) n;
INSERT INTO trial_outcome (job_id, number, target, accuracy_runtime, detections_sha256, accuracy, latency)
SELECT {job}, n, t, 'executor', encode(sha256(('d' || n)::bytea), 'hex'),
       json_build_object('map_50_95', m, 'images', 128, 'labels', 'ground_truth', 'per_class', '{{}}'::json,
         'coco', (SELECT json_object_agg(f, m) FROM unnest(ARRAY['map_50_95', 'map_50', 'map_75', 'map_small',
           'map_medium', 'map_large', 'mar_1', 'mar_10', 'mar_100', 'mar_small', 'mar_medium', 'mar_large']) f),
         'draws', (SELECT json_agg(m + 0.02 * (((n * 7919 + i * 104729) % 1000) / 1000.0 - 0.5))
                     FROM generate_series(1, 64) i)),
       json_build_object('median_ms', ms, 'low_ms', ms * 0.99, 'high_ms', ms * 1.01, 'samples', 64, 'load_ms', 5,
         'peak_memory_bytes', 50000000, 'evidence', '{{"processor": "a kind"}}'::json)
  FROM (SELECT n, t, 0.1 + 0.3 * u AS m, 2 + 20 * u * u + 15 * v AS ms
          FROM (SELECT n, t, ((n * 7919) % 10007) / 10007.0 AS u, ((n * 6101 + length(t)) % 9973) / 9973.0 AS v
                  FROM generate_series(1, {trials}) n, unnest(ARRAY['a', 'b']) t) x) y;
UPDATE job_progress SET asked = {trials}, finished = {trials}, revision = 1 WHERE job_id = {job};
RESET session_replication_role;
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url):
    began = time.monotonic()
    with urllib.request.urlopen(url, timeout=600) as answer:
        body = answer.read()
    return (time.monotonic() - began) * 1000, len(body)


def memory_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    return 0


class Service:
    """A private PostgreSQL and a coordinator on it."""

    def __init__(self, build, folder):
        self.folder, self.build = pathlib.Path(folder), build
        self.database = subprocess.run([POSTGRES, "start", self.folder / "pg"], check=True, capture_output=True,
                                       text=True).stdout.strip()
        self.process = None

    def start(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [self.build / "bin/pare-coordinator", "--database", self.database, "--data", self.folder / "data",
             "--http", f"127.0.0.1:{self.port}", "--workers-endpoint", f"tcp://127.0.0.1:{free_port()}"],
            stdout=subprocess.PIPE, stderr=open(self.folder / "coordinator.log", "ab"), text=True)
        if "ready" not in self.process.stdout.readline():
            sys.exit("bench: the coordinator did not start:\n" + (self.folder / "coordinator.log").read_text()[-2000:])

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            self.process = None

    def destroy(self):
        self.stop()
        subprocess.run([POSTGRES, "destroy", self.folder / "pg"], check=False)

    def sql(self, text):
        done = subprocess.run(["psql", self.database, "-qAt", "-v", "ON_ERROR_STOP=1"], input=text, capture_output=True,
                              text=True)
        if done.returncode != 0:
            sys.exit("bench: " + done.stderr[:2000])
        return done.stdout.strip()


def add_job(service, trials):
    document = json.dumps({"model": SHA_MODEL, "dataset": SHA_DATASET, "targets": list(TARGETS)})
    service.sql(f"""
INSERT INTO model (name, sha256, card, summary, state, created_at) SELECT 'm', '{SHA_MODEL}', '{{}}', $s${json.dumps(SUMMARY)}$s$, 'ready',
  now() WHERE NOT EXISTS (SELECT FROM model);
INSERT INTO dataset (name, sha256, state, calibration_images, validation_images, boxes, labelled, classes, created_at)
  SELECT 'd', '{SHA_DATASET}', 'ready', 32, 128, 500, true, '{{}}', now() WHERE NOT EXISTS (SELECT FROM dataset);
""")
    for name in TARGETS:
        service.sql(f"""INSERT INTO target (name, runtime, pool, threads, precisions, created_at)
  SELECT '{name}', 'openvino', 'default', 1, '{{fp32,int8}}', now()
   WHERE NOT EXISTS (SELECT FROM target WHERE name = '{name}');""")
    job = int(service.sql(f"""INSERT INTO job (document, model_sha256, dataset_sha256, seed, state, created_at, started_at,
  searching_at, finished_at) VALUES ('{document}', '{SHA_MODEL}', '{SHA_DATASET}', 1, 'succeeded', now(), now(), now(), now())
  RETURNING id;"""))
    for i, name in enumerate(TARGETS):
        service.sql(f"INSERT INTO job_target (job_id, target, ordinal) VALUES ({job}, '{name}', {i + 1});")
    rest = '"importance":"l1","quantization":null,"reconstruction":"none","version":1,"widths":{}}'
    plan = f"""'{{"input":[' || CASE WHEN n = 1 THEN '416,416' ELSE '320,' || (320 + 32 * (n % 8)) END || '],{rest}'"""
    service.sql(FILL.format(job=job, trials=trials, plan=plan))
    service.sql("ANALYZE;")
    return job


def measure(service, job, at_once):
    paths = {"job": f"/v1/jobs/{job}", "front": f"/v1/jobs/{job}/fronts/a", "trials": f"/v1/jobs/{job}/trials",
             "jobs": "/v1/jobs"}
    found = {"first_ms": round(get(service.url + paths["job"])[0])}
    for name, path in paths.items():
        found[name + "_ms"] = round(statistics.median(get(service.url + path)[0] for _ in range(20)), 1)
    found["mib"] = memory_mib(service.process.pid)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        began = time.monotonic()
        list(pool.map(lambda _: get(service.url + paths["job"]), range(at_once * 4)))
        found[f"job_{at_once}_at_once_ms"] = round((time.monotonic() - began) * 1000 / 4, 1)
    found["mib_after"] = memory_mib(service.process.pid)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--trials", type=int, nargs="+", default=[2_000, 20_000, 100_000])
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--data", help="Folder (default: one under /var/tmp that is removed)")
    args = parser.parse_args()
    folder = args.data or tempfile.mkdtemp(prefix="pare-history-", dir="/var/tmp")
    os.chmod(folder, 0o755)
    service = Service(args.build.resolve(), folder)
    try:
        for trials in args.trials:
            service.start()
            job = add_job(service, trials)
            service.stop()
            service.start()
            found = measure(service, job, args.at_once)
            service.stop()
            service.start()
            found["restarted_ms"] = round(get(service.url + f"/v1/jobs/{job}")[0], 1)
            print(json.dumps({"trials": trials, **found}), flush=True)
            service.stop()
    finally:
        service.destroy()


if __name__ == "__main__":
    main()
