"""pare apply on the shipped example: a plan replayed on retrained weights, and refused on another architecture.

No service runs here: the command line starts pare-engine itself."""
import hashlib
import json
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np
import onnx
import onnxruntime as ort
from service import BIN, BOARDS, render

CARD = ("--card", BOARDS / "detector.json")


def run(*arguments):
    return subprocess.run([BIN / "pare", *map(str, arguments)], capture_output=True, text=True, timeout=300)


def retrained(path):
    """The example with every weight a little larger or smaller."""
    model, random = onnx.load(BOARDS / "detector.onnx"), np.random.default_rng(5)
    for weights in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.ndim > 1:
            scaled = values * random.uniform(0.97, 1.03, values.shape).astype(np.float32)
            weights.CopyFrom(onnx.numpy_helper.from_array(scaled, weights.name))
    onnx.save(model, path)
    return path


def renamed(path):
    """The example as another architecture would look: other names, so other groups."""
    model = onnx.load(BOARDS / "detector.onnx")
    for node in model.graph.node:
        node.name = "other/" + node.name
    onnx.save(model, path)
    return path


class Apply(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp())
        cls.calibration = render(cls.scratch / "calibration", 6, 1)
        summary = json.loads(run("inspect", BOARDS / "detector.onnx", *CARD, "--json").stdout)
        cls.groups = [g for g in summary["groups"] if len(g["widths"]) > 2]
        cls.group = cls.groups[0]
        cls.plan = {"version": 1, "input": [224, 224], "widths": {cls.group["name"]: cls.group["widths"][1]},
                    "importance": "gram", "reconstruction": "independent",
                    "quantization": {"weight_bits": 7, "ranges": "percentile", "placement": "operators",
                                     "keep_fp32": [summary["layers"][0]["name"]]}}

    def apply(self, plan, model, *more):
        file, out = self.scratch / "plan.json", self.scratch / "out.onnx"
        file.write_text(json.dumps(plan))
        out.unlink(missing_ok=True)
        return run("apply", file, model, "--calibration", self.calibration, "-o", out, *CARD, *more), out

    def test_a_plan_is_replayed_on_retrained_weights(self):
        model = retrained(self.scratch / "retrained.onnx")
        ended, out = self.apply(self.plan, model, "--original", BOARDS / "detector.onnx", "--json")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(ended.stderr, "", "the graph is the same")
        said = json.loads(ended.stdout)
        self.assertEqual(said["sha256"], hashlib.sha256(out.read_bytes()).hexdigest())
        self.assertEqual((said["warnings"], said["obstacles"]), ([], []))
        session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
        self.assertEqual(session.get_inputs()[0].shape, [1, 3, 224, 224])
        made = onnx.load(out)
        self.assertTrue(any(node.op_type == "QuantizeLinear" for node in made.graph.node))
        again, other = self.apply(self.plan, BOARDS / "detector.onnx", "--json")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertNotEqual(json.loads(again.stdout)["sha256"], said["sha256"], "the weights are others")
        self.assertEqual(json.loads(again.stdout)["macs"], said["macs"])

    def test_on_the_model_and_images_of_the_search_it_makes_the_candidate_of_the_search(self):
        # Every group at half its channels: which ones stay depends on how they are ranked.
        plan = {**self.plan, "widths": {g["name"]: g["widths"][(len(g["widths"]) - 1) // 2] for g in self.groups}}
        ended, out = self.apply(plan, BOARDS / "detector.onnx")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(out.read_bytes(), self.candidate_of_a_search(plan).read_bytes())

    def candidate_of_a_search(self, plan):
        """What the tasks of a job make of the plan: everything prepared, nothing known of the plan."""
        dataset = self.scratch / "dataset"
        for folder in ("calibration", "validation"):
            (dataset / folder).mkdir(parents=True)
        for image in self.calibration.iterdir():
            if image.suffix != ".json":
                (dataset / "calibration" / image.name).symlink_to(image)
        model = BOARDS / "detector.onnx"
        card = json.loads(run("inspect", model, *CARD, "--json").stdout)["card"]
        prepared = self.task("prepare", {"model": model, "dataset": dataset},
                             {"card": card, "resolutions": [card["input"], plan["input"]],
                              "precisions": ["fp32", "int8"], "seed": 1})
        return self.task("build", {"model": model, "statistics": prepared / "statistics.safetensors"},
                         {"card": card, "plan": plan}) / "candidate.onnx"

    def task(self, kind, files, params):
        folder = self.scratch / kind
        folder.mkdir()
        document = {"kind": kind, "params": params, "blobs": {role: "0" * 64 for role in files},
                    "files": {role: str(path) for role, path in files.items()}}
        (folder / "task.json").write_text(json.dumps(document))
        subprocess.run([BIN / "pare-engine", "run", "--task", folder / "task.json", "--outcome",
                        folder / "outcome.json", "--scratch", folder], check=True, capture_output=True)
        outcome = json.loads((folder / "outcome.json").read_text())
        self.assertTrue(outcome["ok"], outcome)
        return folder

    def test_a_plan_that_repairs_in_sequence_finds_its_images(self):
        ended, out = self.apply({**self.plan, "reconstruction": "sequential"}, BOARDS / "detector.onnx")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertTrue(out.exists())

    def test_another_architecture_is_refused_and_nothing_is_written(self):
        ended, out = self.apply(self.plan, renamed(self.scratch / "renamed.onnx"))
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn(f"cannot be replayed: the plan narrows group '{self.group['name']}'", ended.stderr)
        self.assertIn("which the model does not have", ended.stderr)
        self.assertFalse(out.exists())

    def test_a_width_that_the_group_cannot_have_is_refused(self):
        plan = {**self.plan, "widths": {self.group["name"]: self.group["channels"] + 8}}
        ended, out = self.apply(plan, BOARDS / "detector.onnx")
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn(f"the model has {self.group['channels']} there", ended.stderr)
        self.assertFalse(out.exists())

    def test_a_plan_that_fits_another_graph_is_built_and_the_difference_named(self):
        plan = {**self.plan, "widths": {}, "quantization": None}
        ended, out = self.apply(plan, renamed(self.scratch / "renamed.onnx"), "--original", BOARDS / "detector.onnx")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("differs: layers of the original that the model does not have", ended.stderr)
        self.assertTrue(out.exists())

    def test_what_is_wrong_with_the_command_line_is_said(self):
        ended, _ = self.apply({**self.plan, "version": 9}, BOARDS / "detector.onnx")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("version", ended.stderr)
        ended = run("apply", self.scratch / "plan.json", self.scratch / "none.onnx", "--calibration", self.calibration,
                    "-o", self.scratch / "out.onnx")
        self.assertEqual(ended.returncode, 2)


if __name__ == "__main__":
    unittest.main()
