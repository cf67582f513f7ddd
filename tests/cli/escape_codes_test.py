"""Codes that command a terminal go to a terminal that understands them and to nothing else: not into a pipe or a file, not where
NO_COLOR is set or TERM=dumb.  The service is a stub, and so are the programs that the demo runs."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

from stub_service import StubHandler, WithStubService

BIN = pathlib.Path(os.environ["PARE_BIN"]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
BOLD = "\x1b[1mbold\x1b[0m"
PLAIN = [{"NO_COLOR": "1"}, {"TERM": "dumb"}]

# Says what the demo asks for; the job that it names has ended.
STUB = """#!/bin/sh
case $1 in
  workers) echo '[{"state": "idle"}]' ;;
  submit) echo '{"id": 1}' ;;
  pareto) echo '{"members": [{"map_lost": 0.1, "latency_ms": 1.0, "plan_sha256": "aa"}]}' ;;
esac
"""


class Stub(StubHandler):
    def do_GET(self):
        self.reply(200, {"id": 7, "state": "succeeded", "targets": [], "trials": {}, "best": [], "items": []})

    def do_POST(self):
        self.body()
        self.reply(200, {"id": 7, "warnings": ["the class " + BOLD]})


class EscapeCodes(WithStubService):
    handler = Stub

    def in_a_pipe(self, *command):
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder,
                              env={**os.environ, "TERM": "xterm-256color"}, timeout=60)
        return done.stdout.decode()

    def on_a_terminal(self, *command, ends=None, **environment):
        """What it writes.  `ends`: a signal that is there when it begins, for who first blocks and then awaits it."""
        ours, theirs = os.openpty()
        block = (lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {ends})) if ends else None
        plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        child = subprocess.Popen(list(map(str, command)), stdin=theirs, stdout=theirs, stderr=theirs, cwd=self.folder,
                                 preexec_fn=block, env={**plain, "TERM": "xterm-256color", **environment})
        os.close(theirs)
        if ends:
            child.send_signal(ends)
        seen = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(ours, 4096):
                seen += part
        os.close(ours)
        child.wait(60)
        return seen.decode()

    def demo(self):
        for name in ("examples/demo.sh", "tools/terminal.sh"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, self.folder / name)
        stubs = self.folder / "bin"
        stubs.mkdir(exist_ok=True)
        for name in ("pare", "pare-render-boards"):
            (stubs / name).write_text(STUB)
            (stubs / name).chmod(0o755)
        return self.folder / "examples/demo.sh", stubs

    def test_the_headings_of_the_demo_are_bold_on_a_terminal_and_plain_elsewhere(self):
        demo = self.demo()
        self.assertIn("\x1b[1m6. A/B on the device", self.on_a_terminal(*demo))
        for seen in [self.in_a_pipe(*demo)] + [self.on_a_terminal(*demo, **plain) for plain in PLAIN]:
            self.assertIn("6. A/B on the device", seen)
            self.assertNotIn("\x1b", seen)

    def test_what_a_service_warns_of_commands_no_terminal(self):
        for watch in ([], ["--watch"]):
            submit = [BIN / "pare", "--url", self.url, "submit", "--model", "m", *watch]
            for seen in (self.in_a_pipe(*submit), self.on_a_terminal(*submit)):
                self.assertIn("?[1mbold", seen)
                self.assertNotIn("\x1b", seen)

    def test_a_word_that_is_no_command_is_said_without_its_codes(self):
        for words in (["model", BOLD], ["watch", BOLD], ["--" + BOLD]):
            for program in ("pare", "pare-worker", "pare-coordinator"):
                with self.subTest(program=program, words=words):
                    self.assertNotIn("\x1b", self.in_a_pipe(BIN / program, *words))

    def test_the_log_of_a_worker_has_no_codes_where_none_are_wanted(self):
        (self.folder / "runtimes.json").write_text("{}")
        worker = [BIN / "pare-worker", "--device-id", "d", "--cache", "cache", "--scratch", "scratch", "--runtimes",
                  "runtimes.json", "--coordinator", self.url, "--endpoint", "tcp://127.0.0.1:1"]
        for plain in PLAIN:
            seen = self.on_a_terminal(*worker, ends=signal.SIGTERM, **plain)
            self.assertIn("stopping", seen)
            self.assertNotIn("\x1b", seen)


if __name__ == "__main__":
    unittest.main()
