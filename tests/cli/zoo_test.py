#!/usr/bin/env python3
"""`pare zoo`: what it builds is a detector that `pare inspect` understands; what it cannot build it says, and leaves nothing."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

PARE = str(pathlib.Path(os.environ["PARE_BIN"]) / "pare")


def pare(*words):
    return subprocess.run([PARE, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)


class Zoo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_every_backbone_that_is_listed_is_built_and_inspected(self):
        parts = json.loads(pare("zoo", "list", "--json").stdout)
        self.assertEqual([b["name"] for b in parts["backbones"]],
                         ["efficientnet-b0", "mobilenetv3-large", "mobilenetv3-small", "repvgg-a0", "shufflenetv2"])
        for backbone in parts["backbones"]:
            file = self.folder / (backbone["name"] + ".onnx")
            built = pare("zoo", "build", backbone["name"], "--classes", 6, "--input", 96, "-o", file, "--json")
            self.assertEqual(built.returncode, 0, built.stderr)
            document = json.loads(built.stdout)
            self.assertEqual(document["bytes"], file.stat().st_size)
            self.assertGreater(document["macs"], 1e6)
            self.assertEqual(json.loads(file.with_suffix(".json").read_text())["head"], "yolox")

    def test_inspect_understands_head_card_and_channels(self):
        for head, neck in (("yolox", "weighted-pan"), ("centernet", "fpn")):
            file = self.folder / "m.onnx"
            self.assertEqual(pare("zoo", "build", "mobilenetv3-small", "--classes", 6, "--input", 96, "--head", head,
                                  "--neck", neck, "--deployed", "-o", file).returncode, 0)
            seen = pare("inspect", file, "--card", file.with_suffix(".json"), "--json")
            self.assertEqual(seen.returncode, 0, seen.stderr)
            model = json.loads(seen.stdout)
            self.assertEqual(model["card"]["head"], head)
            self.assertGreater(sum(group["channels"] for group in model["groups"]), 500)

    def test_what_cannot_be_built_is_said_and_leaves_no_file(self):
        file = self.folder / "m.onnx"
        for words, reason in ((["resnet"], 'backbone "resnet": no such part'),
                              (["repvgg-a0", "--input", 100], "input 100: must be a multiple of 32"),
                              (["repvgg-a0", "--classes", 0], "classes 0: must be in 1..1000"),
                              (["repvgg-a0", "--neck", "single", "--head", "centernet"], "stride 16")):
            refused = pare("zoo", "build", *words, "-o", file)
            self.assertEqual(refused.returncode, 2, refused.stdout)
            self.assertIn(reason, refused.stderr)
        nowhere = pare("zoo", "build", "shufflenetv2", "--input", 64, "-o", self.folder / "none" / "m.onnx")
        self.assertEqual(nowhere.returncode, 2)
        self.assertIn("none", nowhere.stderr)
        self.assertEqual(pare("zoo", "build", "shufflenetv2", "-o", self.folder / "m.json").returncode, 2)
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
