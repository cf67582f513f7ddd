"""Times per layer of the ONNX Runtime harness, where the contract's test does not look: loops, names, what stays.

Every test on ONNX Runtime loads its model with `profile` and times it once; no time decides any of them."""
import contextlib
import json
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

import numpy as np
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "worker/runtimes/onnxruntime"))
import onnxruntime_harness as harness  # noqa: E402
import pare_harness  # noqa: E402

SHAPE = [1, 3, 8, 8]


def tensor(name, kind=TensorProto.FLOAT, shape=SHAPE):
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(nodes, constants=()):
    graph = helper.make_graph(nodes, "graph", [tensor("x")], [tensor("y")], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def loop(times):
    body = helper.make_graph(
        [helper.make_node("Softmax", ["v"], ["w"], name="inside"),
         helper.make_node("Identity", ["go"], ["on"], name="condition")],
        "body", [tensor("i", TensorProto.INT64, []), tensor("go", TensorProto.BOOL, []), tensor("v")],
        [tensor("on", TensorProto.BOOL, []), tensor("w")])
    nodes = [helper.make_node("Loop", ["times", "", "x"], ["z"], name="loop", body=body),
             helper.make_node("Relu", ["z"], ["y"], name="after")]
    return model_of(nodes, [numpy_helper.from_array(np.int64(times), "times")])


def kernel(name, ts, dur, index="0"):
    return {"cat": "Node", "name": name + "_kernel_time", "ts": ts, "dur": dur,
            "args": {"op_name": "Relu", "node_index": index}}


def run_of(ts, dur):
    return {"cat": "Session", "name": "model_run", "ts": ts, "dur": dur, "args": {}}


@contextlib.contextmanager
def log_of_libraries():
    """The lines written to file 2 meanwhile, by whatever language: they are there afterwards."""
    before, lines = os.dup(2), []
    with tempfile.TemporaryFile("w+") as log:
        os.dup2(log.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(before, 2)
            os.close(before)
            log.seek(0)
            lines.extend(log)


class ProfiledModel(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.temporary = self.folder / "temporary"
        self.temporary.mkdir()
        self.addCleanup(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(self.temporary)
        np.save(self.folder / "x.npy", np.ones(SHAPE, np.float32))
        self.harness = pare_harness.Harness(harness.OnnxRuntime())

    def ask(self, **request):
        return self.harness.answer(json.dumps(request))

    def load(self, model):
        (self.folder / "model.onnx").write_bytes(model)
        loaded = self.ask(do="load", model=str(self.folder / "model.onnx"), threads=1, profile=True)
        self.assertNotIn("error", loaded, loaded)

    def time(self):
        return self.ask(do="time", inputs={"x": str(self.folder / "x.npy")}, max_samples=1, warmup={"max_seconds": 0})

    def names(self, model):
        self.load(model)
        answer = self.time()
        self.assertIn("layers", answer, answer)
        return [layer["name"] for layer in answer["layers"]]

    def test_a_node_that_runs_many_times_is_one_layer_and_the_loop_comes_before_its_body(self):
        names = self.names(loop(7))
        self.assertEqual((names[0], names[-1]), ("loop", "after"))
        self.assertCountEqual(names, ["loop", "inside", "condition", "after"])

    def test_nodes_without_a_name_are_told_apart_also_from_one_that_is_called_so(self):
        names = self.names(model_of([helper.make_node("Softmax", ["x"], ["a"], name="Softmax_1", axis=1),
                                     helper.make_node("Softmax", ["a"], ["b"], axis=2),
                                     helper.make_node("Softmax", ["b"], ["y"], axis=3)]))
        self.assertEqual(names, ["Softmax_1 (0)", "Softmax_1 (1)", "Softmax_2"])

    def test_no_file_stays_behind(self):
        self.names(loop(2))
        self.assertEqual(os.listdir(self.temporary), [])

    def test_no_file_stays_behind_where_the_model_is_gone(self):
        self.load(loop(2))
        (self.folder / "model.onnx").unlink()
        self.assertEqual(self.time()["error"], "unsupported")
        self.assertEqual(os.listdir(self.temporary), [])

    def test_a_warning_about_the_model_is_not_repeated(self):
        unused = numpy_helper.from_array(np.ones(3, np.float32), "unused")
        with log_of_libraries() as lines:
            self.load(model_of([helper.make_node("Relu", ["x"], ["y"], name="relu")], [unused]))
            self.assertIn("layers", self.time())
        self.assertEqual(len([line for line in lines if "unused" in line]), 1)

    def test_more_layers_than_onnxruntime_keeps_are_refused_and_the_harness_goes_on(self):
        events = [run_of(0, 9), kernel("relu", 1, 2)]
        self.load(loop(2))
        with unittest.mock.patch.object(harness, "record_events", return_value=events):
            self.assertEqual(self.time()["error"], "unsupported")
        self.assertIn("layers", self.time())


class Events(unittest.TestCase):
    def test_of_a_run_the_times_of_a_node_are_summed_and_of_the_runs_the_median_is_taken(self):
        events = [kernel("relu", 1, 2000), kernel("relu", 2001, 3000), run_of(0, 6000),
                  kernel("relu", 10001, 1000), run_of(10000, 2000), kernel("relu", 20001, 9000), run_of(20000, 9500)]
        layers = harness.layers_of(harness.kernels_by_run(events))
        self.assertEqual(layers, [{"name": "relu", "type": "Relu", "ms": 5.0}])

    def test_the_time_of_a_body_is_not_also_that_of_its_loop(self):
        events = [kernel("inside", 11, 3), kernel("inside", 14, 4), kernel("loop", 10, 10, "1"),
                  kernel("after", 20, 5), run_of(9, 20)]
        layers = harness.layers_of(harness.kernels_by_run(events))
        self.assertEqual([(layer["name"], layer["ms"]) for layer in layers],
                         [("loop", 0.003), ("inside", 0.007), ("after", 0.005)])


if __name__ == "__main__":
    unittest.main()
