"""A service that asks for tokens: nobody is let in without one, workers join by a code, and what they do goes over a link with keys."""
import json
import os
import subprocess
import tempfile
import unittest

from service import BIN, BOARDS, Service, until
from tls_proxy import TlsProxy


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service(workers=1, tokens=True))

    def token(self, name, *scopes):
        words = [word for scope in scopes for word in ("--scope", scope)]
        return json.loads(self.service.pare("token", "create", name, *words, "--json").stdout)["token"]

    def worker(self, *words, name="mine", url=None, env=None):
        """A worker beside that of `pare up`."""
        folder = self.service.folder / name
        return subprocess.Popen([BIN / "pare-worker", "--coordinator", url or self.service.url, "--name", name, "--cache", folder / "cache",
                                 "--scratch", folder / "scratch", "--device-id", f"e2e-{name}", *words],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})

    def names_of_workers(self):
        return {w["name"] for w in self.service.get("/v1/workers")["items"] if w["state"] != "lost"}

    def test_a_stranger_is_refused_and_told_how_to_ask(self):
        refused = self.service.pare("jobs", check=False, token="pare_nobody")
        self.assertEqual(refused.returncode, 4, refused.stderr)
        self.assertIn("PARE_TOKEN", refused.stderr)
        watcher = self.token("watcher", "read")
        self.assertEqual(self.service.pare("jobs", token=watcher).returncode, 0)
        denied = self.service.pare("target", "add", "x86", "--runtime", "onnxruntime", check=False, token=watcher)
        self.assertEqual(denied.returncode, 4)
        self.assertIn("scope admin", denied.stderr)
        self.assertIn("watcher", self.service.pare("token", "list").stdout)
        self.service.pare("token", "revoke", "watcher")
        self.assertEqual(self.service.pare("jobs", check=False, token=watcher).returncode, 4)
        until(lambda: "/v1/targets" in self.service.pare("audit").stdout, "the refusal is written down", 20)

    def test_people_and_workers_come_over_tls_where_a_proxy_speaks_it(self):
        with tempfile.TemporaryDirectory() as folder, TlsProxy(folder, int(self.service.url.rsplit(":", 1)[1])) as proxy:
            trust = {"SSL_CERT_FILE": str(proxy.certificate)}
            self.assertIn("admin", self.service.pare("whoami", url=proxy.url, env=trust).stdout)
            doubted = self.service.pare("whoami", url=proxy.url, check=False)
            self.assertEqual(doubted.returncode, 3, doubted.stderr)
            self.assertIn("SSL_CERT_FILE", doubted.stderr)
            code = json.loads(self.service.pare("worker", "enroll", "far", "--json").stdout)["code"]
            far = self.worker("--join", code, name="far", url=proxy.url, env=trust)
            try:
                until(lambda: "far" in self.names_of_workers(), "the worker is there", 60)
            finally:
                far.terminate()
                far.communicate(timeout=30)

    def test_work_is_done_by_a_worker_that_joined(self):
        submitter = self.token("submitter", "submit", "read")
        added = self.service.pare("model", "add", BOARDS / "detector.onnx", "--name", "boards", "--card", BOARDS / "detector.json",
                                  token=submitter)
        self.assertIn("boards", added.stdout)
        self.assertEqual(self.service.settled("/v1/models/boards")["state"], "ready")
        self.assertEqual(self.service.get("/v1/models/boards")["owner"], "admin")

    def test_a_worker_joins_with_a_code_once_and_ends_with_its_token(self):
        code = json.loads(self.service.pare("worker", "enroll", "board", "--json").stdout)["code"]
        first = self.worker("--join", code)
        try:
            until(lambda: "mine" in self.names_of_workers(), "the worker is there", 60)
        finally:
            first.terminate()
            first.communicate(timeout=30)
        again = self.worker("--join", code)  # known by its file: the code is not needed any more
        try:
            until(lambda: "mine" in self.names_of_workers(), "the worker is back", 60)
        finally:
            again.terminate()
            again.communicate(timeout=30)
        self.service.pare("token", "revoke", "worker-board")
        ended = self.worker()
        said = ended.communicate(timeout=60)[1]
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("pare worker enroll", said)


if __name__ == "__main__":
    unittest.main()
