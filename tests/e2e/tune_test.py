"""`pare tune`: one command from a detector and a folder of images to files; stopped in between, it goes on."""
import contextlib
import hashlib
import http.server
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.request

from service import BIN, BOARDS, free_port, render, until


def answers(url):
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(url + "/healthz", timeout=5).status == 200
    return False


class Tune(unittest.TestCase):
    def setUp(self):
        # Not under a home folder: PostgreSQL runs as another user when we are root.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pare-tune-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.images = render(self.folder / "images", 30, 5)
        self.out = self.folder / "out"
        self.url = f"http://127.0.0.1:{free_port()}"

    def command(self, *more, labels=None):
        return [BIN / "pare", "--url", self.url, "tune", BOARDS / "detector.onnx", "--card", BOARDS / "detector.json",
                "--images", self.images, "--labels", labels or self.images / "labels.json", "--runtime", "onnxruntime",
                "--trials", "4", "--within", "100", "-o", self.out, "--data", self.folder / "data", *map(str, more)]

    def run_to_end(self, *more):
        return subprocess.run(self.command(*more), capture_output=True, text=True, timeout=900)

    def stop_in_the_middle(self):
        """Ctrl-C once the job is there; what it ended with and said."""
        started = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: started.poll() is not None or (self.out / "tune.json").exists(), "a job is begun", 300)
        started.send_signal(signal.SIGINT)
        out, errors = started.communicate(timeout=120)
        return started.returncode, out, errors

    def test_it_is_stopped_goes_on_and_leaves_the_winner(self):
        code, out, errors = self.stop_in_the_middle()
        self.assertEqual(code, 1, out + errors)
        self.assertIn("the same command goes on with job 1", errors)
        self.assertIn("10 to calibrate on, 20 to score on, by their labels", out)
        self.assertFalse(answers(self.url), "what was started is ended")

        other = self.run_to_end("--seed", 2)
        self.assertEqual(other.returncode, 2, other.stdout)
        self.assertIn("seed: 1 there, 2 here", other.stderr)

        ended = self.run_to_end()
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertIn("job       1,", ended.stdout)
        self.assertRegex(ended.stdout, r"onnxruntime-1t: \d\.\d\d times faster, .* mAP points lost")
        self.assertIn("verdict: ", ended.stdout)
        self.assertNotIn("\x1b", ended.stdout)
        self.assertFalse(answers(self.url))

        said = json.loads(self.run_to_end("--no-compare", "--json").stdout)
        self.assertEqual(said["job"], 1)
        winner = said["targets"][0]["member"]
        onnx = (self.out / "onnxruntime-1t.onnx").read_bytes()
        self.assertEqual(hashlib.sha256(onnx).hexdigest(), winner["candidate_sha256"])
        plan = json.loads((self.out / "onnxruntime-1t.plan.json").read_text())
        self.assertIn("quantization", plan)
        self.assertIn(winner["candidate_sha256"][:10], (self.out / "onnxruntime-1t.md").read_text())

    def test_what_is_wrong_is_said_before_anything_starts(self):
        for words, says in ((["--labels", "nowhere.json"], "nowhere.json"), (["--input", "12x"], "12x"),
                            (["--images", self.folder / "nowhere"], "nowhere"), (["--trials", "0"], "--trials")):
            command = [str(w) for w in self.command()]
            for option, value in zip(words[::2], words[1::2]):
                if option in command:
                    command[command.index(option) + 1] = str(value)
                else:
                    command += [option, str(value)]
            result = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(says, result.stderr)
            self.assertFalse((self.folder / "data").exists(), "a service was started")

    def test_no_second_service_is_started_where_one_is_that_cannot_work(self):
        class Ill(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps({"status": "unavailable", "reason": "the database does not answer"}).encode()
                self.send_response(503)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        ill = http.server.ThreadingHTTPServer(("127.0.0.1", int(self.url.rpartition(":")[2])), Ill)
        threading.Thread(target=ill.serve_forever, daemon=True).start()
        self.addCleanup(ill.server_close)
        self.addCleanup(ill.shutdown)
        result = subprocess.run(self.command(), capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("the database does not answer", result.stderr)
        self.assertFalse((self.folder / "data").exists(), "a second service was started")

    def test_no_service_is_started_for_an_address_elsewhere(self):
        command = self.command()
        command[command.index("--url") + 1] = "http://127.0.0.1.invalid:1"
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertFalse((self.folder / "data").exists())


if __name__ == "__main__":
    unittest.main()
