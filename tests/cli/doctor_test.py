"""`pare doctor` on installations that are broken in one way each: it names the fault, and what to do."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from stub_service import StubHandler, WithStubService

BIN = pathlib.Path(os.environ["PARE_BIN"]).resolve()
VERSION = subprocess.run([BIN / "pare", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


class Stub(StubHandler):
    """A service that works, but for what a test changes."""
    health = workers = targets = None

    def do_GET(self):
        status, document = {"/healthz": self.health, "/v1/workers": self.workers, "/v1/targets": self.targets}[self.path.partition("?")[0]]
        self.reply(status, document)


class Doctor(WithStubService):
    handler = Stub

    def setUp(self):
        super().setUp()
        Stub.health = 200, {"status": "ok", "version": VERSION, "workers": 1, "waiting": 0}
        Stub.workers = 200, {"items": [{"name": "w1", "state": "idle"}]}
        Stub.targets = 200, {"items": [{"name": "x86", "runtime": "openvino", "pool": "default", "workers": 1}]}
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        shutil.copy(BIN / "pare", self.bin)  # it looks beside itself, wherever links lead
        for name in ("pare-coordinator", "pare-worker", "pare-engine", "pare-train"):
            if (BIN / name).exists():
                (self.bin / name).symlink_to(BIN / name)
        # One harness: each costs a second.
        (self.bin / "runtimes.json").write_text(json.dumps({"openvino": [str(BIN / "pare-runtime-openvino")]}))

    def examined(self, url=None, data=None, env=None):
        """The exit code, and what was found that is not good, as `part: says -> help`."""
        ended = subprocess.run([self.bin / "pare", "--url", url or self.url, "doctor", "--json", "--data", data or self.folder / "data"],
                               capture_output=True, text=True, timeout=120, env={**os.environ, **(env or {})})
        findings = json.loads(ended.stdout)
        self.assertTrue(all(f["help"] for f in findings if f["condition"] != "good"), findings)
        bad = [f"{f['condition']} {f['part']}: {f['says']}" for f in findings
               if f["condition"] != "good" and f["part"] != "machine" and "pare-train" not in f["says"]]
        return ended.returncode, bad

    def assert_found(self, *words, code=1, **how):
        seen, found = self.examined(**how)
        self.assertEqual(seen, code, found)
        self.assertTrue(any(all(word in line for word in words) for line in found), found)

    def replace(self, name, text):
        (self.bin / name).unlink()
        if text is not None:
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def test_nothing_is_wrong_with_one_that_works(self):
        self.assertEqual(self.examined(), (0, []))

    def test_a_program_that_is_not_there(self):
        self.replace("pare-engine", None)
        self.assert_found("broken programs", "pare-engine is not there")

    def test_a_program_that_does_not_start(self):
        self.replace("pare-worker", "#!/bin/sh\necho 'libzmq.so.5: cannot open shared object file' >&2\nexit 127\n")
        self.assert_found("broken programs", "pare-worker does not start", "libzmq.so.5")

    def test_a_program_of_another_version(self):
        self.replace("pare-coordinator", "#!/bin/sh\necho pare-coordinator 0.0.1\n")
        self.assert_found("broken programs", "pare-coordinator 0.0.1", VERSION)

    def test_a_list_of_runtimes_that_is_not_there_or_no_json(self):
        (self.bin / "runtimes.json").write_text("{")
        self.assert_found("broken runtimes", "runtimes.json is no JSON")
        (self.bin / "runtimes.json").unlink()
        self.assert_found("broken runtimes", "runtimes.json", "No such file")

    def test_a_harness_that_does_not_answer(self):
        (self.bin / "runtimes.json").write_text(json.dumps({"one": ["/nowhere/harness"], "two": ["sh", "-c", "exit 3"]}))
        self.assert_found("odd runtimes", "one", "/nowhere/harness")
        self.assert_found("odd runtimes", "two", "exit code 3")
        self.assert_found("broken runtimes", "none works")

    def test_a_data_folder_that_is_a_file(self):
        (self.folder / "file").write_text("")
        self.assert_found("broken data", "is no folder", data=self.folder / "file")

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_data_folder_that_cannot_be_written(self):
        self.assert_found("broken data", "cannot be written", data="/proc/data")

    def test_a_token_that_cannot_be_read(self):
        self.assert_found("broken service", "nowhere.token", env={"PARE_TOKEN_FILE": str(self.folder / "nowhere.token")})

    def test_an_address_that_is_none_or_that_nobody_answers_at(self):
        self.assert_found("broken service", "ftp://x", url="ftp://x")
        self.assert_found("odd service", "nobody answers", url="http://127.0.0.1:1", code=0)
        self.assert_found("broken service", "no answer", url="http://127.0.0.1.invalid:1")

    def test_a_service_whose_database_is_away(self):
        Stub.health = 503, {"status": "unavailable", "database": "away", "reason": "the database does not answer", "version": VERSION}
        self.assert_found("broken service", "the database does not answer")

    def test_a_service_of_another_version(self):
        Stub.health = 200, {"status": "ok", "version": "9.9", "workers": 1}
        self.assert_found("odd service", "Pare 9.9", VERSION, code=0)

    def test_a_service_without_workers_or_with_lost_ones_alone(self):
        for items in ([], [{"name": "w1", "state": "lost"}]):
            Stub.workers = 200, {"items": items}
            self.assert_found("broken workers", "none is connected")

    def test_a_target_that_nobody_serves(self):
        Stub.targets = 200, {"items": [{"name": "jetson", "runtime": "tensorrt", "pool": "bench", "workers": 0}]}
        self.assert_found("odd targets", "nobody serves jetson (tensorrt, pool bench)", code=0)

    def test_a_service_that_asks_for_a_token(self):
        Stub.workers = 401, {"title": "no", "status": 401, "detail": "a token is asked for"}
        self.assert_found("broken service", "a token is asked for")

    def test_tasks_that_wait_are_told_with_their_reason(self):
        Stub.health = 200, {"status": "ok", "version": VERSION, "workers": 1, "waiting": 3, "waiting_reason": "the disk of w1 is full"}
        self.assert_found("odd service", "3 tasks wait: the disk of w1 is full", code=0)


if __name__ == "__main__":
    unittest.main()
