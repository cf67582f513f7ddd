"""A real Pare for a test: `pare up` in a folder of its own, the API, its processes, its database.

Everything is real: PostgreSQL, ZeroMQ, child processes, runtimes.  Waiting is on conditions, with a deadline.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

BIN = pathlib.Path(os.environ["PARE_BIN"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = ROOT / "examples/circuit_boards"


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(condition, what, seconds=120):
    """The first truthy value of condition(), looked at ten times a second."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class Refused(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status}: {problem}")
        self.status, self.problem = status, problem


class Service:
    def __init__(self, workers=2, tokens=False, prepare=None):
        """`prepare`: called with the folder of the data before anything is started in it."""
        self.tokens = tokens
        # Not under a home folder: PostgreSQL runs as another user when we are root.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pare-e2e-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        if prepare:
            prepare(self.folder / "data")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(self.folder / "up.log", "wb")
        self.up = subprocess.Popen([BIN / "pare", "up", "--data", self.folder / "data", "--port", str(self.port),
                                    "--workers", str(workers), *(["--tokens"] if tokens else [])], stdout=self.log, stderr=subprocess.STDOUT)

    def __enter__(self):
        until(lambda: self.up.poll() is None and self.healthy(), "the service is healthy")
        return self

    def __exit__(self, failed, *_):
        self.up.send_signal(signal.SIGTERM)
        try:
            self.up.wait(30)
        except subprocess.TimeoutExpired:
            self.up.kill()
        self.log.close()
        if failed:
            print(self.logs())
        shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self):
        texts = []
        for path in [self.folder / "up.log", *sorted((self.folder / "data/log").glob("*"))]:
            texts.append(f"--- {path.name}\n" + path.read_text(errors="replace")[-4000:])
        return "\n".join(texts)

    # -- the API

    def first_token(self):
        """The administrator's; none where the service asks for none, or is not there yet."""
        file = self.folder / "data/coordinator/admin.token"
        return file.read_text().strip() if self.tokens and file.exists() else None

    def call(self, method, route, body=None, raw=None, timeout=60):
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        request = urllib.request.Request(self.url + route, data=data, method=method)
        if token := self.first_token():
            request.add_header("Authorization", f"Bearer {token}")
        if data is not None:
            request.add_header("Content-Type", "application/octet-stream" if raw is not None else "application/json")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                text = reply.read()
                return json.loads(text) if "json" in reply.headers.get("Content-Type", "") else text
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"detail": text.decode(errors="replace")}
            raise Refused(error.code, problem) from None

    def get(self, route):
        return self.call("GET", route)

    def healthy(self):
        try:
            health = self.get("/healthz")
            return health.get("status") == "ok" and health.get("workers", 0) > 0
        except (Refused, OSError):
            return False

    def upload(self, content):
        name = hashlib.sha256(content).hexdigest()
        self.call("PUT", f"/v1/blobs/{name}", raw=content)
        return name

    def settled(self, route, seconds=120):
        """A model or dataset that is no longer being inspected."""
        def look():
            found = self.get(route)
            return found if found["state"] in ("ready", "rejected") else None
        return until(look, f"{route} is inspected", seconds)

    def job_end(self, job, seconds):
        def look():
            with contextlib.suppress(OSError, Refused):
                found = self.get(f"/v1/jobs/{job}")
                return found if found["state"] in ("succeeded", "failed", "cancelled") else None
        return until(look, f"job {job} ends", seconds)

    def trials(self, job):
        items, cursor = [], ""
        while True:
            page = self.get(f"/v1/jobs/{job}/trials?limit=50{cursor}")
            items += page["items"]
            if not page.get("next"):
                return items
            cursor = f"&cursor={page['next']}"

    def pare(self, *words, check=True, token=None, url=None, env=None):
        """`token`: whose; the administrator's if none is given.  `url`: by another way than straight."""
        shown = token or self.first_token()
        result = subprocess.run([BIN / "pare", "--url", url or self.url, *map(str, words)], capture_output=True, text=True,
                                env={**os.environ, **({"PARE_TOKEN": shown} if shown else {}), **(env or {})})
        if check and result.returncode != 0:
            raise AssertionError(f"pare {' '.join(map(str, words))}: exit {result.returncode}\n"
                                 f"{result.stdout}{result.stderr}")
        return result

    # -- processes and database

    def add_boards(self, calibration, validation, targets=(("ort", "onnxruntime"),)):
        """The shipped detector as model `boards`, rendered boards as dataset `boards`, and targets by name and runtime."""
        self.pare("model", "add", BOARDS / "detector.onnx", "--name", "boards", "--card", BOARDS / "detector.json")
        self.pare("dataset", "add", "--name", "boards", "--calibration", calibration, "--val", validation,
                  "--labels", validation / "labels.json")
        for name, runtime in targets:
            self.pare("target", "add", name, "--runtime", runtime, "--threads", 1)

    def processes(self, program):
        """Pids of our own children and grandchildren of that name."""
        ours, found = {self.up.pid}, []
        table = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    text = (entry / "stat").read_text()
                    name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
                    table[int(entry.name)] = (int(rest[1]), (entry / "cmdline").read_bytes().split(b"\0")[0].decode())
        grown = True
        while grown:
            more = {pid for pid, (parent, _) in table.items() if parent in ours} - ours
            grown = bool(more)
            ours |= more
        return sorted(pid for pid in ours if pathlib.Path(table.get(pid, (0, ""))[1]).name == program)

    def database(self):
        return subprocess.run([ROOT / "tools/private_postgres.sh", "url", self.folder / "data/postgres"], check=True,
                              capture_output=True, text=True).stdout.strip()

    def postmaster(self):
        """The pid of our PostgreSQL, which is nobody's child."""
        return int((self.folder / "data/postgres/data/postmaster.pid").read_text().splitlines()[0])

    def lines(self, query):
        return subprocess.run(["psql", self.database(), "-qAtX", "-c", query], check=True, capture_output=True,
                              text=True).stdout.splitlines()

    def sql(self, query):
        return [line.split("|") for line in self.lines(query)]

    def answers(self, query):
        """What sql() says, or nothing while the database is away."""
        with contextlib.suppress(subprocess.CalledProcessError):
            return self.sql(query)
        return []


def render(folder, images, seed):
    subprocess.run([BIN / "pare-render-boards", "--out", folder, "--images", str(images), "--seed", str(seed)],
                   check=True, stdout=subprocess.DEVNULL)
    return folder
