"""The dashboard in a browser, on a real service with a small job that really ran: pages.mjs looks, this sets up.

PARE_SHOTS=FOLDER keeps a picture of each page in both themes and widths.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from service import BOARDS, Service, render  # noqa: E402

SCRIPT = pathlib.Path(__file__).with_name("pages.mjs")


def look(service, part, **facts):
    """Runs a part of pages.mjs against the service."""
    facts |= {"url": service.url, "shots": os.environ.get("PARE_SHOTS", "")}
    done = subprocess.run([os.environ["PARE_NODE"], SCRIPT, part, json.dumps(facts)], text=True, capture_output=True, timeout=900)
    print(done.stdout, end="")
    if done.returncode != 0:
        raise AssertionError(f"{part}:\n{done.stdout}{done.stderr}")


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp())
        cls.service = Service().__enter__()
        cls.addClassCleanup(cls.service.__exit__, None, None, None)
        render(cls.scratch / "calibration", 8, 1)
        render(cls.scratch / "validation", 16, 2)

    def test_pages(self):
        """In this order: each part finds what those before it left."""
        s = self.service
        look(s, "empty")
        look(s, "submit", model=str(BOARDS / "detector.onnx"), calibration=str(self.scratch / "calibration"),
             validation=str(self.scratch / "validation"))
        job = s.get("/v1/jobs")["items"][-1]["id"]
        self.assertEqual(s.job_end(job, 600)["state"], "succeeded")
        look(s, "job", job=job)
        look(s, "compare", job=job)
        look(s, "every_page", job=job)
        look(s, "pause")
        [coordinator] = s.processes("pare-coordinator")
        look(s, "restart", coordinator=coordinator, job=job)

    def test_a_service_with_tokens_asks_for_one(self):
        with Service(workers=1, tokens=True) as s:
            look(s, "tokens", token=s.first_token())


if __name__ == "__main__":
    unittest.main(verbosity=2)
