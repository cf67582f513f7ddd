#!/usr/bin/env python3
"""`pare label`: what the example's detector finds on rendered boards is what is on them, in a form that a trainer reads."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["PARE_BIN"])
BOARDS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "circuit_boards"


def pare(*words):
    return subprocess.run([BIN / "pare", *map(str, words)], capture_output=True, text=True, timeout=120, check=False)


def overlap(a, b):
    """Intersection over union of two boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


class Label(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.out = self.folder / "found.json"

    def render(self, images):
        boards = self.folder / "boards"
        subprocess.run([BIN / "pare-render-boards", "--out", boards, "--images", str(images), "--seed", "7"],
                       check=True, stdout=subprocess.DEVNULL)
        return boards

    def label(self, boards, *words):
        done = pare("label", BOARDS / "detector.onnx", "--card", BOARDS / "detector.json", "--images", boards, "-o", self.out,
                    "--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), json.loads(self.out.read_text())

    def test_what_is_on_the_boards_is_found(self):
        boards = self.render(12)
        truth = json.loads((boards / "labels.json").read_text())
        said, labels = self.label(boards)
        self.assertEqual(said["images"], 12)
        self.assertEqual(said["boxes"], len(labels["annotations"]))
        self.assertEqual([c["name"] for c in labels["categories"]],
                         json.loads((BOARDS / "detector.json").read_text())["classes"])
        self.assertEqual([(i["file_name"], i["height"], i["width"]) for i in labels["images"]],
                         [(i["file_name"], i["height"], i["width"]) for i in sorted(truth["images"], key=lambda i: i["file_name"])])

        def by_file(coco):
            files = {i["id"]: i["file_name"] for i in coco["images"]}
            names = {c["id"]: c["name"] for c in coco["categories"]}
            return [(files[a["image_id"]], names[a["category_id"]], a["bbox"]) for a in coco["annotations"]]

        def share(these, among):
            hits = [any(f == file and n == name and overlap(box, b) > 0.5 for f, n, b in among) for file, name, box in these]
            return sum(hits) / len(hits)

        self.assertGreater(share(by_file(truth), by_file(labels)), 0.7)
        sure = by_file(self.label(boards, "--above", 0.6)[1])
        self.assertGreater(share(sure, by_file(truth)), 0.8)

    def test_the_surer_the_fewer(self):
        boards = self.render(3)
        counts = [self.label(boards, "--above", above)[0]["boxes"] for above in (0.05, 0.5, 1)]
        self.assertGreater(counts[0], counts[1])
        self.assertGreater(counts[1], 0)
        self.assertEqual(counts[2], 0)

    def test_what_cannot_be_labelled_is_said_and_leaves_no_file(self):
        empty = self.folder / "empty"
        empty.mkdir()
        broken = self.folder / "broken.onnx"
        broken.write_bytes(b"no model")
        detector = BOARDS / "detector.onnx"
        for model, images, reason in ((detector, empty, "holds no image"), (detector, self.folder / "none", "none"),
                                      (broken, empty, "ONNX"), (self.folder / "gone.onnx", empty, "gone.onnx")):
            refused = pare("label", model, "--images", images, "-o", self.out)
            self.assertEqual(refused.returncode, 2, refused.stdout)
            self.assertIn(reason, refused.stderr)
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    unittest.main()
