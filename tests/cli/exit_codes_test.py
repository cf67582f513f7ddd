"""What `pare` ends with, says and leaves behind: docs/cli.md, as a table.  The service is a stub."""
import contextlib
import hashlib
import os
import pathlib
import resource
import signal
import subprocess
import unittest

from stub_service import StubHandler, WithStubService

PARE = pathlib.Path(os.environ["PARE_BIN"]).resolve() / "pare"
CANDIDATE = b"candidate" * 40_000  # 360 kB
SHA = hashlib.sha256(CANDIDATE).hexdigest()
ESCAPE = "\x1b[1mbold\x1b[0m"


class Stub(StubHandler):
    """GET /v1/jobs/STATUS answers with that status; the rest is one candidate, one plan, some lists."""
    def do_GET(self):
        last = self.path.partition("?")[0].split("/")[-1]
        job = self.path.split("/")[3] if self.path.startswith("/v1/jobs/") else ""
        if last in ("report.html", "report.md") and not job.startswith("4"):
            self.bytes(200, b"a report", "text/html") if job else self.reply(404, {"detail": "there is no " + self.path})
        elif last in ("report.html", "report.md"):
            self.reply(int(job), {"title": "no", "status": int(job), "detail": f"the stub says {job}"})
        elif self.path.startswith("/v1/jobs/") and last.isdigit() and int(last) >= 400:
            self.reply(int(last), {"title": "no", "status": int(last), "detail": f"the stub says {last}"})
        elif self.path.startswith("/v1/jobs/7"):
            self.reply(200, {"id": 7, "state": "failed", "reason": ESCAPE, "targets": [], "trials": {}, "best": []})
        elif last == "file":
            self.bytes(200, CANDIDATE, "application/octet-stream")
        elif self.path.startswith("/v1/candidates/"):
            self.reply(200, {"sha256": SHA})
        elif self.path.startswith("/v1/plans/"):
            self.reply(200, {"sha256": "b" * 64, "plan": {"version": 1}, "trials": []})
        elif self.path.startswith("/v1/models"):
            self.reply(200, {"items": [{"name": ESCAPE, "sha256": "c" * 64, "state": "ready"}]})
        else:
            self.reply(404, {"title": "no", "status": 404, "detail": "there is no " + self.path})

    def do_POST(self):
        self.body()
        self.reply(422, {"title": "no", "status": 422, "detail": "the stub takes no jobs"})


class ExitCodes(WithStubService):
    handler = Stub

    def setUp(self):
        super().setUp()
        (self.folder / "file").write_text("no folder")
        (self.folder / "image.onnx").write_text("no ONNX")
        (self.folder / "bad.json").write_text("{")
        (self.folder / "plan.json").write_text(
            '{"version": 1, "input": [8, 8], "widths": {}, "importance": "thinet", '
            '"reconstruction": "independent", "quantization": null}')
        (self.folder / "images").mkdir()
        os.mkfifo(self.folder / "pipe")

    def pare(self, *words, url=None, largest=None, **environment):
        def limit():  # of a file that it writes: a full disk
            if largest is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        done = subprocess.run([PARE, "--url", url or self.url, *map(str, words)], capture_output=True, cwd=self.folder,
                              preexec_fn=limit, env={**os.environ, **environment}, timeout=60, errors="replace")
        return done.returncode, done.stdout, done.stderr

    def left(self):
        return sorted(path.name for path in self.folder.iterdir())

    def test_every_code_of_the_table_comes_where_the_table_says(self):
        nobody = "http://127.0.0.1:1"
        here = self.folder
        table = [
            (0, "", ["--version"], {}),
            (0, "", ["model", "list"], {}),
            (0, "", ["download", SHA, "-o", here / "out.onnx"], {}),
            (1, "", ["watch", "7"], {}),
            (2, "", [], {}),
            (2, "", ["frobnicate"], {}),
            (2, "not the number of a job", ["watch", "seven"], {}),
            (2, "address", ["model", "list"], {"url": "ftp://x"}),
            (2, "no.onnx: No such file", ["model", "add", here / "no.onnx", "--name", "n"], {}),
            (2, "it is a folder", ["model", "add", here / "images", "--name", "n"], {}),
            (2, "bad.json", ["submit", here / "bad.json"], {}),
            (2, "no.json", ["submit", here / "no.json"], {}),
            (2, "bad.json", ["predict", "7", here / "bad.json"], {}),
            (2, "no.onnx", ["inspect", here / "no.onnx"], {}),
            (2, "bad.json", ["apply", here / "bad.json", here / "image.onnx", "--calibration", here / "images", "-o", "o"],
             {}),
            (2, "is markdown or html, not json", ["report", "7", "--format", "json"], {}),
            (2, "is a table, markdown or json, not html", ["report", SHA, "-o", here / "r.html"], {}),
            (2, "No such file or directory", ["report", "7", "-o", here / "none/r.md"], {}),
            (0, "", ["report", "7", "-o", here / "r.html"], {}),
            (4, "the stub says 404", ["report", "404"], {}),
            (4, "there is no /v1/comparisons/3/report.md", ["report", "comparison:3"], {}),
            (3, "no answer from " + nobody, ["model", "list"], {"url": nobody}),
            (3, "the stub says 500", ["pareto", "500"], {}),
            (3, "the stub says 503", ["pareto", "503"], {}),
            (3, "the stub says 504", ["pareto", "504"], {}),
            (3, "the stub says 507", ["pareto", "507"], {}),
            (4, "the stub says 404", ["pareto", "404"], {}),
            (4, "the stub says 409", ["pareto", "409"], {}),
            (4, "the stub says 422", ["pareto", "422"], {}),
            (4, "the stub takes no jobs", ["submit", "--model", "m"], {}),
            (4, "the stub takes no jobs", ["predict", "7", here / "plan.json"], {}),
            (4, "the stub takes no jobs", ["submit", "--begin-with", "p" * 5000], {}),
        ]
        for code, words, command, options in table:
            with self.subTest(command=command):
                seen, out, errors = self.pare(*command, **options)
                self.assertEqual(seen, code, errors)
                self.assertIn(words, errors)
                self.assertNotIn("filesystem error", errors)

    def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left_there(self):
        plain = self.left()
        for place, why in [("file/out", "Not a directory"), ("none/out", "No such file or directory"),
                           ("images", "it is a folder"), ("pipe", "it is no regular file"),
                           ("p" * 300, "File name too long")]:
            for command in (["download", SHA], ["plan", "b" * 64],
                            ["apply", "plan.json", "image.onnx", "--calibration", "images"]):
                with self.subTest(place=place, command=command[0]):
                    code, out, errors = self.pare(*command, "-o", place)
                    self.assertEqual((code, out), (2, ""), errors)
                    self.assertIn(f"cannot write {place}: {why}", errors)
                    self.assertEqual(self.left(), plain)
        self.assertTrue((self.folder / "pipe").is_fifo())  # as /dev/null would be

    def test_a_disk_that_fills_up_leaves_nothing_half_written(self):
        plain = self.left()
        code, _, errors = self.pare("download", SHA, "-o", "out.onnx", largest=100_000)
        self.assertEqual(code, 2, errors)
        self.assertIn("cannot write out.onnx: File too large", errors)
        self.assertEqual(self.left(), plain)
        (self.folder / "out.onnx").write_text("the one before")
        self.assertEqual(self.pare("download", SHA, "-o", "out.onnx", largest=100_000)[0], 2)
        self.assertEqual((self.folder / "out.onnx").read_text(), "the one before")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PARE, "--url", self.url, "model", "list"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"standard output", done.stderr)

    def test_a_temporary_folder_that_is_not_there_is_named(self):
        plain = self.left()
        for command in (["inspect", "image.onnx"],
                        ["apply", "plan.json", "image.onnx", "--calibration", "images", "-o", "out"],
                        ["dataset", "add", "--name", "n", "--calibration", "images", "--val", "images"]):
            with self.subTest(command=command[0]):
                code, out, errors = self.pare(*command, TMPDIR="/none/such")
                self.assertEqual((code, out), (2, ""), errors)
                self.assertIn("/none/such (TMPDIR): No such file or directory", errors)
                self.assertEqual(self.left(), plain)

    def test_names_for_a_database_that_cannot_be_kept_are_refused_by_name(self):
        for name, why in [("line\nend", "control character"), (os.fsdecode(b"latin\xe9"), "not UTF-8")]:
            code, _, errors = self.pare("up", "--data", self.folder / name)
            self.assertEqual(code, 2, errors)
            self.assertIn("--data", errors)
            self.assertIn(why, errors)

    def test_what_strangers_called_their_things_commands_no_terminal(self):
        for command in (["model", "list"], ["watch", "7"], ["pareto", "404"]):
            code, out, errors = self.pare(*command)
            self.assertNotIn("\x1b", out + errors)
        self.assertIn("?[1mbold", self.pare("model", "list")[1])

    def test_a_terminal_is_drawn_over_unless_its_user_wants_plain_text(self):
        for plain in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
            seen = self.on_a_terminal("watch", "7", **plain)
            self.assertNotIn(b"\x1b[1m", seen)
            self.assertIn(b"failed", seen)

    def on_a_terminal(self, *words, **environment):
        ours, theirs = os.openpty()
        child = subprocess.Popen([PARE, "--url", self.url, *words], stdout=theirs, stderr=theirs,
                                 env={**os.environ, **environment})
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(ours, 4096):
                seen += part
        os.close(ours)
        child.wait(60)
        return seen


if __name__ == "__main__":
    unittest.main()
