"""`pare inspect` on real programs: models whose weights lie elsewhere, and pictures of networks."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import onnx

PARE = pathlib.Path(os.environ["PARE_BIN"]).resolve() / "pare"
SVG = "{http://www.w3.org/2000/svg}"


class Inspect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = pathlib.Path(tempfile.mkdtemp(prefix="pare-inspect-"))
        cls.addClassCleanup(shutil.rmtree, cls.here)
        cls.model = cls.here / "net.onnx"
        done = cls.run_pare("zoo", "build", "mobilenetv3-small", "--classes", "2", "--input", "96", "--deployed", "-o", cls.model)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.apart = cls.here / "apart" / "net.onnx"
        cls.apart.parent.mkdir()
        onnx.save_model(onnx.load(cls.model), cls.apart, save_as_external_data=True, all_tensors_to_one_file=True,
                        location="net.data", size_threshold=256)

    @staticmethod
    def run_pare(*words, **environment):
        return subprocess.run([PARE, *map(str, words)], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **environment})

    def summary(self, *words):
        done = self.run_pare("inspect", "--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), done.stderr

    def test_a_model_whose_weights_lie_beside_it_is_the_model_in_one_file(self):
        self.assertLess(self.apart.stat().st_size, self.model.stat().st_size / 2)
        found, said = self.summary(self.apart)
        whole, _ = self.summary(self.model)
        self.assertEqual(found["layers"], whole["layers"])
        self.assertEqual(found["sha256"], hashlib.sha256(self.model.read_bytes()).hexdigest())
        self.assertIn("net.data", said)

    def test_weights_that_are_not_there_are_named(self):
        alone = self.here / "alone.onnx"
        shutil.copy(self.apart, alone)
        done = self.run_pare("inspect", alone)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("alone.onnx", done.stderr)
        self.assertIn("net.data", done.stderr)
        self.assertIn("there is no", done.stderr)

    def test_a_picture_has_every_layer_and_its_source_beside_it(self):
        if shutil.which("dot") is None:
            self.skipTest("Graphviz is not here")
        picture = self.here / "net.svg"
        found, _ = self.summary(self.model, "--graph", picture)
        titles = [text.text or "" for text in xml.etree.ElementTree.parse(picture).iter(SVG + "text")]
        self.assertTrue(picture.with_suffix(".dot").exists())
        for layer in found["layers"]:
            self.assertTrue(any(title.endswith(layer["name"][-20:]) for title in titles), layer["name"])

    def test_without_graphviz_the_source_is_there_and_the_reason_is_told(self):
        empty = self.here / "empty"
        empty.mkdir()
        picture = self.here / "alone.png"
        done = self.run_pare("inspect", self.model, "--graph", picture, PATH=str(empty))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Graphviz", done.stderr)
        self.assertTrue(picture.with_suffix(".dot").exists())
        self.assertFalse(picture.exists())
        source = self.here / "source.dot"
        self.assertEqual(self.run_pare("inspect", self.model, "--graph", source, PATH=str(empty)).returncode, 0)
        self.assertTrue(source.read_text().startswith("digraph"))

    def test_a_picture_of_no_known_kind_is_refused_at_once(self):
        done = self.run_pare("inspect", self.here / "nothing.onnx", "--graph", "net.bmp")
        self.assertEqual(done.returncode, 2)
        self.assertIn("net.bmp", done.stderr)


if __name__ == "__main__":
    unittest.main()
