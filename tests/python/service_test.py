"""The Python client on a real service: every example of docs/python.md and of its README, every error, sync against async, and
the wheel in an empty environment of each Python from 3.9 on that this machine has.

PARE_RECORD=FOLDER keeps what the examples printed, and the answers that core_test.py reads (its folder `answers`).
"""
import asyncio
import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import pare

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from service import BOARDS, Service, free_port, render, until  # noqa: E402
from tls_proxy import TlsProxy  # noqa: E402

WHEELS = pathlib.Path(sys.prefix) / "wheels"
TARGET = "x86"
TRIALS = "trials=24"


def pythons():
    """Those of this machine from 3.9 on, each by its version: of the path, and of pyenv."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    found = {}
    for minor in range(9, 20):
        installed = [shutil.which(f"python3.{minor}", path="/usr/local/bin:/usr/bin"), *pyenv.glob(f"versions/3.{minor}.*/bin/python")]
        for program in filter(None, installed):
            found.setdefault(f"3.{minor}", program)
    return found


def examples(page):
    """The Python in a page, a block after the other."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)


class OnAService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pare-python-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        cls.service = Service().__enter__()
        cls.addClassCleanup(cls.service.__exit__, None, None, None)
        render(cls.scratch / "photos/calibration", 8, 1)
        render(cls.scratch / "photos/validation", 16, 2)
        shutil.move(cls.scratch / "photos/validation/labels.json", cls.scratch / "photos/labels.json")
        (cls.scratch / "photos/calibration/labels.json").unlink()
        odd = ("höhe.jpg", "n" * 120 + ".jpg", "日本" * 30 + ".jpg")
        for name, image in zip(odd, sorted((cls.scratch / "photos/calibration").iterdir())):
            image.rename(image.with_name(name))
        shutil.copy(BOARDS / "detector.onnx", cls.scratch / "model.onnx")
        cls.dist = cls.scratch / "dist"
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", cls.dist], cwd=ROOT / "python",
                       check=True, capture_output=True)
        cls.enterClassContext(unittest.mock.patch.dict(os.environ, {"PARE_URL": cls.service.url}))
        cls.page = cls.run_page("docs/python.md", 12)
        cls.job = cls.page["job"]
        cls.client = cls.page["client"]

    @classmethod
    def run_page(cls, page, trials):
        """Runs the examples of a page where its files are, with fewer trials; what they left."""
        blocks = examples(page)
        assert sum(block.count(TRIALS) for block in blocks) == 1, f"{page} submits {TRIALS} once"
        names, printed = {"__name__": page}, []
        with contextlib.chdir(cls.scratch):
            for number, block in enumerate(blocks):
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    exec(compile(block.replace(TRIALS, f"trials={trials}"), f"{page}, example {number + 1}", "exec"), names)
                printed.append(out.getvalue())
        cls.keep(page.replace("/", "_") + ".txt", "\n-----\n".join(printed))
        return names

    @classmethod
    def keep(cls, name, text):
        if folder := os.environ.get("PARE_RECORD"):
            pathlib.Path(folder, name).write_text(text, encoding="utf-8")

    # -- what the examples came to

    def test_the_examples_searched_chose_downloaded_and_compared(self):
        job, best = self.job, self.page["best"]
        self.assertEqual((job.state, job.document.trials.finished), ("succeeded", 12))
        self.assertEqual(self.page["front"].fastest(max_lost=1.0) or self.page["front"].original, best)
        self.assertTrue((self.scratch / "small.onnx").exists())
        self.assertIn(job.document.sentences[0].split(":")[0], (self.scratch / "job.html").read_text(encoding="utf-8"))
        self.assertIn(self.page["ab"].sentence, (self.scratch / "comparison.md").read_text(encoding="utf-8"))
        plan = json.loads((self.scratch / "plan.json").read_text(encoding="utf-8"))
        self.assertEqual(plan["input"], list(best.input))
        self.assertEqual(sorted(self.page["frame"]["number"]), list(range(1, 13)))
        self.assertEqual(len(self.page["samples"]), self.client.jobs.get(job.id).trial(best.trial).outcomes[TARGET].samples)
        self.assertIn(self.page["ab"].verdict, ("BETTER", "NOT_BETTER", "INCONCLUSIVE"))
        self.assertEqual((job.document.model, job.document.dataset, job.document.model_sha256), ("boards", "boards", self.page["model"].sha256))
        starts = [start["plan"] for start in self.page["again"].document.begin_with]
        self.assertEqual(starts[0]["input"], [224, 224])
        self.assertIn(plan, starts, "the front of a job comes as its plans")

    def test_figures_are_those_that_the_service_gives(self):
        said = self.service.get(f"/v1/jobs/{self.job.id}/fronts/{TARGET}")
        front = self.job.front(TARGET)
        for name, ours in (("map_50_95", "map"), ("latency_ms", "latency_ms"), ("map_lost", "map_lost"), ("on_front", "sure")):
            self.assertEqual([member[name] for member in said["members"]], [getattr(member, ours) for member in front])
        self.assertEqual(said["hypervolume"], front.hypervolume)
        self.assertEqual(front.to_pandas()["latency_ms"].tolist(), [member["latency_ms"] for member in said["members"]])
        self.assertEqual(self.job.front(TARGET, max_latency_ms=front[0].latency_ms).members, front.members[:1])

    def test_nothing_that_the_service_says_is_unknown(self):
        """Every document that is read here has all of its fields in documents.py."""
        client, best = self.client, self.page["best"]
        read = [client.health(), client.whoami(), self.job.document, *self.job.trials(), *self.job.trials_with_plans(), *self.job.tasks(),
                *self.job.checks(), *client.datasets.list(), *client.targets.list(), *client.workers.list(), *client.models.list(),
                self.page["ab"].document, client.candidates.get(best), client.plans.get(best), client.candidates.report(best),
                self.job.front_across(), *self.job.series(next(self.job.tasks()).id), *client.plans.get(best).trials]
        self.assertEqual([(type(one).__name__, one.extra) for one in read if one.extra], [])

    def test_a_dataset_is_the_one_that_the_command_line_makes(self):
        photos = self.scratch / "photos"
        said = self.service.pare("dataset", "add", "--name", "boards", "--calibration", photos / "calibration",
                                 "--val", photos / "validation", "--labels", photos / "labels.json", "--json")
        self.assertEqual(json.loads(said.stdout)["sha256"], self.page["data"].sha256)

    def test_a_watcher_without_a_terminal_gets_lines(self):
        out = io.StringIO()
        self.assertIs(self.job.watch(file=out), self.job)
        self.assertEqual(out.getvalue().count("succeeded"), 1)
        self.assertIn(self.job.document.sentences[0], out.getvalue())
        self.assertNotIn("\x1b", out.getvalue())

    def test_answers_are_recorded(self):
        best, get = self.page["best"], self.service.get
        records = {
            "job": get(f"/v1/jobs/{self.job.id}"), "front": get(f"/v1/jobs/{self.job.id}/fronts/{TARGET}?all=true"),
            "summaries": get(f"/v1/jobs/{self.job.id}/trials/summaries"), "target": get(f"/v1/targets/{TARGET}"),
            "candidate": get(f"/v1/candidates/{best.candidate_sha256}"), "comparison": get(f"/v1/comparisons/{self.page['ab'].id}"),
            "predict": self.service.call("POST", f"/v1/jobs/{self.job.id}/predict", {"plans": [dict(self.page["plan"])]})}
        for name, document in records.items():
            self.keep(f"{name}.json", json.dumps(document, indent=1) + "\n")
            there = json.loads((HERE / "answers" / f"{name}.json").read_text(encoding="utf-8"))
            gone = set(there) - set(document) - {"owner", "warnings", "under_way", "reason", "seconds_left", "next"}
            self.assertEqual(gone, set(), f"answers/{name}.json holds what the service says no more: record anew")

    def test_a_super_network_is_added_and_comes_back_as_it_was(self):
        file = BOARDS / "supernet.safetensors"
        supernet = self.client.supernets.add(file)
        self.assertEqual((supernet.model_sha256, supernet.bytes, supernet.extra), (self.page["model"].sha256, file.stat().st_size, {}))
        self.assertEqual(self.client.supernets.get(supernet.sha256), supernet)
        self.assertIn(supernet, list(self.client.supernets.list()))
        self.assertEqual(self.client.supernets.download(supernet.sha256, self.scratch).read_bytes(), file.read_bytes())

    # -- what goes wrong

    def test_refusals_name_the_field_and_the_value(self):
        client = self.client
        with self.assertRaises(pare.NotFound):
            client.jobs.get(10_000)
        with self.assertRaises(pare.NotFound):
            self.job.trial(10_000)
        with self.assertRaises(pare.NotFound):
            client.download("deadbeef00")
        with self.assertRaises(pare.Conflict):
            client.targets.add(TARGET, runtime="openvino")
        with self.assertRaises(pare.Conflict):
            self.job.pause()
        with self.assertRaises(pare.Unsupported):
            client.submit("boards", "boards", ["nobody"])
        with self.assertRaises(pare.Invalid) as caught:
            client.submit("boards", "boards", [TARGET], trials=-1)
        self.assertEqual((caught.exception.status, caught.exception.field), (400, "budget.trials"))
        self.assertIn("-1", str(caught.exception))

    def test_what_an_inspection_rejects_is_said(self):
        bad = self.scratch / "bad.onnx"
        bad.write_bytes(b"this is no model")
        with self.assertRaisesRegex(pare.Rejected, "model bad was rejected: ."):
            self.client.models.add(bad, name="bad")

    def test_a_job_that_is_cancelled_raises_and_one_that_goes_on_times_out(self):
        job = self.client.submit("boards", "boards", [TARGET], trials=50)
        self.assertEqual(job.set_priority(5).document.priority, 5)
        with self.assertRaises(pare.TimedOut):
            job.wait(timeout=0)
        job.cancel()
        with self.assertRaisesRegex(pare.JobFailed, f"job {job.id} cancelled"):
            job.wait()

    def test_nobody_answers(self):
        with self.assertRaisesRegex(pare.Unavailable, "no answer from .* Start one with `pare up`"), \
                pare.Client(f"http://127.0.0.1:{free_port()}", patience=0) as client:
            client.health()

    def test_a_certificate_is_trusted_where_it_is_named(self):
        with TlsProxy(self.scratch, self.service.port) as proxy:
            with self.assertRaisesRegex(pare.Unavailable, "SSL_CERT_FILE"), pare.Client(proxy.url) as client:
                client.health()
            with unittest.mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(proxy.certificate)}), pare.Client(proxy.url) as client:
                self.assertEqual(client.health().status, "ok")
                self.assertEqual(client.models.download("boards", self.scratch / "again.onnx").read_bytes(),
                                 (BOARDS / "detector.onnx").read_bytes())

    # -- both clients

    def test_sync_and_async_say_the_same(self):
        asked = "deadbeef00"

        async def there():
            async with pare.AsyncClient() as client:
                with self.assertRaises(pare.NotFound) as caught:
                    await client.plans.get(asked)
                model = await client.models.add(self.scratch / "model.onnx", name="boards", preset="yolox")
                data = await client.datasets.add("boards", calibration=self.scratch / "photos/calibration",
                                                 validation=self.scratch / "photos/validation", labels=self.scratch / "photos/labels.json")
                path = await client.download(self.page["best"], self.scratch / "async.onnx")
                ab = await (await client.comparisons.get(self.page["ab"].id)).wait()
                return str(caught.exception), model, data, path.read_bytes(), ab.document
        with self.assertRaises(pare.NotFound) as caught:
            self.client.plans.get(asked)
        small = (self.scratch / "small.onnx").read_bytes()
        here = (str(caught.exception), self.page["model"], self.page["data"], small, self.page["ab"].document)
        self.assertEqual(asyncio.run(there()), here)

    # -- the package

    def test_the_wheel_runs_in_an_empty_environment_of_every_python(self):
        version = re.search(r'kVersion = "(.+)"', (ROOT / "core/version.h").read_text(encoding="utf-8")).group(1)
        self.assertEqual(sorted(file.name for file in self.dist.iterdir()),
                         [f"pare_client-{version}-py3-none-any.whl", f"pare_client-{version}.tar.gz"])
        found = pythons()
        for name, program in found.items():
            with self.subTest(python=name):
                python = self.environment(f"env-{name}", program)
                self.says(python, HERE / "everywhere.py", self.job.id, TARGET)
                self.says(python, HERE / "core_test.py")
        print("ran on Python " + ", ".join(found), flush=True)

    def test_the_readmes_example_runs_with_the_wheel_on_the_oldest_python(self):
        [example] = examples("python/README.md")
        self.assertEqual(example.count(TRIALS), 1)
        script = self.scratch / "readme.py"
        script.write_text(example.replace(TRIALS, "trials=2"), encoding="utf-8")
        said = self.says(self.environment("env-readme", next(iter(pythons().values()))), script)
        self.assertIn("sure", said)
        newest = list(self.client.jobs.list())[-1]
        self.assertEqual((newest.state, newest.document.budget.trials), ("succeeded", 2))

    def test_a_module_of_pytorch_becomes_a_model(self):
        python = self.environment("env-torch", "/usr/bin/python3", "--system-site-packages")
        print(self.says(python, HERE / "from_torch.py").strip(), flush=True)
        self.assertEqual(self.client.models.get("from-torch").state, "ready")

    def environment(self, name, program, *options):
        """A Python of that kind with the wheel and what it asks for, from the wheels that set-up keeps: nothing is fetched."""
        folder, [wheel] = self.scratch / name, self.dist.glob("*.whl")
        subprocess.run([program, "-m", "venv", *options, folder], check=True)
        python = folder / "bin/python"
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--find-links", WHEELS]
        done = subprocess.run([*pip, wheel], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return python

    def says(self, python, *words):
        done = subprocess.run([python, "-W", "error", *map(str, words)], cwd=self.scratch, capture_output=True, text=True,
                              env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


class WithTokens(unittest.TestCase):
    """A service that asks who comes."""

    def test_who_asks_and_what_they_may_do(self):
        with Service(workers=1, tokens=True) as service:
            administrator = pare.Client(service.url, service.first_token(), patience=0)
            with self.assertRaisesRegex(pare.Unauthenticated, "PARE_TOKEN"), pare.Client(service.url) as client:
                client.models.get("x")
            reader = administrator.tokens.create("reader", ["read"], owner="ann", days=1)
            self.assertNotIn(reader.token, repr(reader))
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder, "token")
                file.write_text(reader.token + "\n", encoding="utf-8")
                with unittest.mock.patch.dict(os.environ, {"PARE_TOKEN_FILE": str(file), "PARE_URL": service.url}):
                    client = pare.Client(patience=0)
            self.assertEqual((client.whoami().owner, client.whoami().scopes), ("ann", ("read",)))
            with self.assertRaises(pare.Forbidden):
                client.targets.add("x", runtime="onnxruntime")
            with self.assertRaises(pare.Conflict):
                administrator.tokens.create("reader", ["read"])
            with self.assertRaises(pare.TooManyRequests):
                for _ in range(2000):
                    client.whoami()
            with pare.Client(service.url, reader.token) as patient:
                self.assertEqual(patient.whoami().owner, "ann", "it waits for its turn")
            self.assertEqual(administrator.workers.enroll("board1", minutes=5).name, "board1")
            administrator.tokens.revoke("reader")
            until(lambda: not self.knows(client), "a token that was revoked ends")
            self.assertIn("reader", [token.name for token in administrator.tokens.list(revoked=True)])
            self.assertNotIn("reader", [token.name for token in administrator.tokens.list()])
            until(lambda: "POST" in [entry.method for entry in administrator.audit()], "the audit says what was made")
            client.transport.close()
            administrator.transport.close()

    def knows(self, client):
        try:
            client.whoami()
        except pare.Unauthenticated:
            return False
        except pare.TooManyRequests:
            pass
        return True


if __name__ == "__main__":
    unittest.main(verbosity=2)
