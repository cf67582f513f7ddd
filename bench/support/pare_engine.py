"""Tasks for pare-engine (docs/tasks.md), run one after the other as a worker would."""
import hashlib
import json
import pathlib
import subprocess
import time


class TaskFailed(Exception):
    pass


def sha256_of(path):
    path = pathlib.Path(path)
    return hashlib.sha256(path.read_bytes() if path.is_file() else str(path).encode()).hexdigest()


def link_dataset(folder, subject):
    """A dataset as a worker unpacks it, of links."""
    folder.mkdir(parents=True)
    (folder / "calibration").symlink_to(subject.calibration.resolve())
    (folder / "validation").symlink_to(subject.images.resolve())
    (folder / "labels.json").symlink_to(subject.labels.resolve())
    return folder


class Engine:
    def __init__(self, build, scratch, cores=(), keeps=False):
        """`keeps`: runtimes have a folder for what they made of candidates, as a worker's have."""
        self.program = build / "bin" / "pare-engine"
        self.runtimes = json.loads((build / "bin" / "runtimes.json").read_text())
        self.scratch, self.cores, self.count = pathlib.Path(scratch), list(cores), 0
        self.kept = self.scratch / "kept" if keeps else None
        if keeps:
            self.kept.mkdir(parents=True)

    def run(self, kind, files, params):
        """The outcome, with `wall` (seconds of the whole process) and `files` (path of each artifact).
        Raises TaskFailed with the reason."""
        self.count += 1
        folder = self.scratch / f"task-{self.count}"
        folder.mkdir(parents=True)
        task = {"kind": kind, "blobs": {role: sha256_of(path) for role, path in files.items()}, "params": params,
                "files": {role: str(path) for role, path in files.items()}, "runtimes": self.runtimes,
                **({"kept": str(self.kept)} if self.kept else {})}
        if self.cores:
            task["cores"] = self.cores
        (folder / "task.json").write_text(json.dumps(task))
        start = time.perf_counter()
        ended = subprocess.run([self.program, "run", "--task", folder / "task.json", "--outcome", folder / "outcome.json",
                                "--scratch", folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wall = time.perf_counter() - start
        if ended.returncode != 0:
            raise TaskFailed(f"pare-engine ended with {ended.returncode}: {ended.stderr[-500:]}")
        outcome = json.loads((folder / "outcome.json").read_text())
        if not outcome["ok"]:
            raise TaskFailed(outcome["reason"])
        outcome["wall"] = wall
        outcome["files"] = {role: folder / path for role, path in outcome["artifacts"].items()}
        return outcome
