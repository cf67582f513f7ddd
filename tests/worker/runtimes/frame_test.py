"""What harnesses in Python share, where the checks of all harnesses (tests/engine/check) do not look."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "worker/runtimes/frame"))
import pare_conversion as conversion  # noqa: E402
import pare_harness as frame  # noqa: E402

TENSOR = {"name": "x", "shape": [2, 2], "dtype": "float32"}


class Mirror(frame.Runtime):
    """Its output is its input, as seen by `view`."""

    name, title = "mirror", "Mirror"
    options = {"mode": frame.Option("slow", ("slow", "fast")), "part.*": frame.Option()}
    view = staticmethod(lambda array: array)

    def versions(self):
        return {"mirror": "1"}

    def devices(self):
        return ["CPU", "GPU"]

    def load(self, wanted):
        self.wanted = wanted
        return frame.Model([TENSOR], [TENSOR | {"name": "y"}], {"device": wanted.device})

    def bind(self, inputs, rooms):
        def run():
            if rooms:
                np.copyto(rooms["y"], inputs["x"])
            return rooms["y"] if rooms else inputs["x"]
        return run

    def results(self, returned):
        return [self.view(returned)]


class Frame(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        (self.folder / "model.onnx").write_text("any")
        self.runtime = Mirror()

    def ask(self, harness, **request):
        return harness.answer(json.dumps(request))

    def load(self, harness, **more):
        return self.ask(harness, do="load", model=str(self.folder / "model.onnx"), threads=1, **more)

    def test_settings_of_the_command_line_are_those_of_every_load_and_a_request_may_say_otherwise(self):
        words = ["--device", "GPU", "--option", "mode=fast", "--option", "part.a=b=c"]
        harness = frame.Harness(self.runtime, *frame.read_arguments(self.runtime, words))
        self.assertEqual(self.ask(harness, do="hello")["devices"], ["GPU"])
        self.assertEqual(self.load(harness)["settings"], {"device": "GPU", "mode": "fast", "part.a": "b=c"})
        self.assertEqual(self.runtime.wanted.options, {"mode": "fast", "part.a": "b=c"})
        self.assertEqual(self.load(harness, options={"mode": "slow"})["settings"]["mode"], "slow")
        self.assertEqual(self.load(harness, device="CPU")["error"], "unsupported")

    def test_without_any_the_runtime_gets_its_defaults_and_they_are_no_news(self):
        harness = frame.Harness(self.runtime, *frame.read_arguments(self.runtime, []))
        self.assertEqual(self.load(harness)["settings"], {"device": "CPU"})
        self.assertEqual(self.runtime.wanted.options, {"mode": "slow"})

    def test_options_that_the_runtime_does_not_take_end_the_program_with_what_it_knows(self):
        for word, naming in (("colour=green", "mode, part.*"), ("mode=loud", "slow, fast"), ("part.=1", "mode, part.*")):
            log = io.StringIO()
            with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(log):
                frame.read_arguments(self.runtime, ["--option", word])
            self.assertEqual(ended.exception.code, 2)
            self.assertIn(naming, log.getvalue())

    def test_a_device_that_is_not_there_is_refused_at_hello(self):
        answer = self.ask(frame.Harness(self.runtime, "NPU"), do="hello")
        self.assertEqual((answer["error"], "NPU" in answer["message"]), ("unsupported", True))

    def test_a_result_that_is_a_view_of_its_room_is_written_as_it_is_seen(self):
        self.runtime.view = lambda array: array.T
        harness = frame.Harness(self.runtime)
        self.load(harness)
        np.save(self.folder / "x.npy", np.float32([[1, 2], [3, 4]]))
        answer = self.ask(harness, do="infer", inputs={"x": str(self.folder / "x.npy")}, outputs=str(self.folder))
        np.testing.assert_array_equal(np.load(answer["outputs"]["y"]), np.float32([[1, 3], [2, 4]]))

    def test_what_was_kept_for_something_else_or_is_damaged_is_passed_over(self):
        file, model = self.folder / "kept", self.folder / "model.onnx"
        mine = conversion.identity_of(model, "1", "2")
        self.assertNotEqual(mine, conversion.identity_of(model, "12"))
        conversion.write_kept(file, mine, {"a": b"1"})
        self.assertEqual(conversion.read_kept(file, mine), {"a": b"1"})
        self.assertIsNone(conversion.read_kept(file, conversion.identity_of(model, "1", "3")))
        whole = file.read_bytes()
        for damaged in (b"", whole[:-9], whole.replace(b"identity", b"identitx")):
            file.write_bytes(damaged)
            self.assertIsNone(conversion.read_kept(file, mine))
        self.assertIsNone(conversion.read_kept(self.folder / "absent", mine))

    def test_a_converter_that_fails_is_told_with_the_end_of_what_it_said(self):
        for script, naming in (("print('no such layer'); exit(3)", "ended with 3: no such layer"),
                               ("print('done')", "wrote no a.bin: done")):
            with self.assertRaises(frame.Refused) as refused, contextlib.redirect_stderr(io.StringIO()):
                conversion.convert("Mirror", [sys.executable, "-c", script], str(self.folder), ["a.bin"])
            self.assertEqual(refused.exception.code, "unsupported")
            self.assertIn(naming, str(refused.exception))

    def test_dropped_dimensions_come_back_and_other_sizes_are_refused(self):
        wanted = {"name": "y", "shape": [1, 3, 4], "dtype": "float32"}
        self.assertEqual(conversion.shaped(np.zeros((3, 4)), wanted, "Mirror").shape, (1, 3, 4))
        self.assertEqual(conversion.shaped(np.zeros((1, 3, 4)), wanted, "Mirror").shape, (1, 3, 4))
        self.assertEqual(conversion.shaped(np.zeros(12), wanted | {"shape": [1, -1, 4]}, "Mirror").shape, (1, 3, 4))
        for shape in ([3, 5], [1, -1, -1]):
            with self.assertRaises(frame.Refused):
                conversion.shaped(np.zeros(12), wanted | {"shape": shape}, "Mirror")


if __name__ == "__main__":
    unittest.main()
