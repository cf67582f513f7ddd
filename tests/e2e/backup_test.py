"""A backup of a running service, after which everything is destroyed, brings back what was found, and the service goes on."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from service import ROOT, Service, render


def tool(name, *words, check=True):
    ended = subprocess.run([ROOT / "tools" / name, *map(str, words)], capture_output=True, text=True, timeout=120)
    if check and ended.returncode != 0:
        raise AssertionError(f"{name}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return ended


def backup(service, folder):
    return pathlib.Path(tool("backup.sh", service.database(), service.folder / "data/coordinator", folder).stdout.strip())


def restore(taken, data, check=True):
    """Into a new PostgreSQL and a new folder, where `pare up` looks for them."""
    data.mkdir()
    url = tool("private_postgres.sh", "start", data / "postgres").stdout.strip()
    return tool("restore.sh", taken, url, data / "coordinator", check=check)


def what_is_known(service):
    """What people read of job 1, but for what it says of the moment."""
    job = service.get("/v1/jobs/1")
    return [job, service.trials(1), service.get("/v1/jobs/1/fronts/ort?all=true"), service.get("/v1/models/boards"),
            service.get("/v1/datasets/boards"), service.get("/v1/tokens")["items"][0]["name"]]


class Backup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pare-backup-", dir="/var/tmp"))
        cls.scratch.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        cls.images = [render(cls.scratch / f"images{seed}", count, seed) for seed, count in ((1, 6), (2, 8))]
        with Service(workers=1, tokens=True) as service:
            service.add_boards(*cls.images, targets=())
            service.pare("target", "add", "ort", "--runtime", "onnxruntime", "--precision", "fp32")  # little to check
            service.pare("submit", "--model", "boards", "--dataset", "boards", "--target", "ort", "--trials", 1, "--precision", "fp32", "--no-width",
                         "--no-depth", "--no-kernels", "--resolution", 1, 1)
            assert service.job_end(1, 300)["state"] == "succeeded"
            cls.before = what_is_known(service)
            cls.plan = cls.before[2]["members"][0]["plan_sha256"]
            service.pare("download", cls.plan, "-o", cls.scratch / "before.onnx")
            cls.token = service.first_token()
            cls.task = int(service.sql("SELECT max(id) FROM task")[0][0])
            cls.taken = backup(service, cls.scratch / "backups")
            service.pare("target", "add", "late", "--runtime", "onnxruntime")  # after it
            cls.again = backup(service, cls.scratch / "backups")

    def test_all_is_there_again_and_the_service_goes_on(self):
        with Service(workers=1, tokens=True, prepare=lambda data: restore(self.taken, data)) as service:
            self.assertEqual(service.first_token(), self.token)
            self.assertEqual(what_is_known(service), self.before)
            service.pare("download", self.plan, "-o", self.scratch / "after.onnx")
            self.assertEqual((self.scratch / "after.onnx").read_bytes(), (self.scratch / "before.onnx").read_bytes())
            self.assertNotIn("late", service.pare("target", "list").stdout)
            service.pare("dataset", "add", "--name", "more", "--calibration", self.images[1], "--val", self.images[0])
            newest = int(service.sql("SELECT max(id) FROM task")[0][0])
            self.assertGreater(newest, self.task + 1_000_000, "a worker may still know the numbers in between")

    def test_the_second_backup_copies_nothing_twice(self):
        names = sorted(path.name for path in (self.scratch / "backups").iterdir())
        self.assertEqual(names, sorted(["blobs", "lock", self.taken.name, self.again.name]))
        self.assertEqual(oct(self.taken.stat().st_mode)[-3:], "700", "keys and models are nobody else's")

    def test_a_spoilt_or_incomplete_backup_is_refused_or_named(self):
        copy = self.scratch / "copy"
        shutil.copytree(self.scratch / "backups", copy)
        blob = max((path for path in (copy / "blobs").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
        sound = blob.read_bytes()
        blob.write_bytes(sound[:-1])
        data = self.scratch / "data"
        try:
            refused = restore(copy / self.taken.name, data, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(blob.name, refused.stdout + refused.stderr)
            self.assertFalse((data / "coordinator").exists(), "nothing was written")
            blob.unlink()
            url = tool("private_postgres.sh", "url", data / "postgres").stdout.strip()
            named = tool("restore.sh", copy / self.taken.name, url, data / "coordinator", check=False)
            self.assertEqual(named.returncode, 1)
            self.assertIn(blob.name, named.stderr)
            over = tool("restore.sh", copy / self.taken.name, url, self.scratch / "elsewhere", check=False)
            self.assertEqual(over.returncode, 1)
            self.assertIn("already", over.stderr)
        finally:
            tool("private_postgres.sh", "destroy", data / "postgres")


if __name__ == "__main__":
    unittest.main()
