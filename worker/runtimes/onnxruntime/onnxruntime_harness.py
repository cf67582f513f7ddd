#!/usr/bin/env python3
"""The harness of ONNX Runtime (docs/runtimes.md): any execution provider, by name.

One inference at a time: intra_op threads as asked, inter_op 1, sequential.  Threads spin only when
there is a core for each of them: on fewer cores a spinning thread takes the time of a working one.

Times per layer come from a second session, open for that while only: profiling ends for good with the
first look at it, keeps no more than 1,000,000 events, and would slow the samples.
"""
import bisect
import collections
import contextlib
import functools
import gc
import io
import json
import math
import os
import platform
import resource
import sys
import tempfile
import time

import numpy as np
import onnxruntime as ort

DTYPES = {"float": "float32", "double": "float64", "float16": "float16", "int8": "int8", "uint8": "uint8",
          "int16": "int16", "uint16": "uint16", "int32": "int32", "uint32": "uint32", "int64": "int64",
          "uint64": "uint64", "bool": "bool"}
PROFILED_RUNS = 5  # as in worker/runtimes/frame/serve.cpp
KERNEL = "_kernel_time"
REQUESTS = ("hello", "load", "infer", "time", "unload", "bye")


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def invalid(message):
    return Refused("invalid_argument", message)


class Fields:
    """The fields of one object; refuses those that nobody asked for."""

    MISSING = object()

    def __init__(self, value, where):
        if not isinstance(value, dict):
            raise invalid(f"{where} is no object")
        self.left, self.where = dict(value), where

    def take(self, name, kind, default=MISSING):
        value = self.left.pop(name, default)
        if value is Fields.MISSING:
            raise invalid(f'"{name}" is missing in {self.where}')
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise invalid(f'"{name}" is no {kind.__name__}: {json.dumps(value)[:200]}')
        return value

    def count(self, name, default=MISSING):
        value = self.take(name, int, default)
        if not 1 <= value <= 1_000_000:
            raise invalid(f'"{name}" is no whole number from 1 to 1000000: {value}')
        return value

    def number(self, name, default):
        value = self.take(name, float, default)
        if not math.isfinite(value) or value < 0:
            raise invalid(f'"{name}" is no number from 0: {value}')
        return value

    def finish(self):
        for name in self.left:
            raise invalid(f'unknown field "{name}" in {self.where}')


def median(values):
    ascending = sorted(values)
    middle = len(ascending) // 2
    return ascending[middle] if len(ascending) % 2 else (ascending[middle - 1] + ascending[middle]) / 2


def interval_rank(n):
    """Lower rank of the median's 95 % interval, counted from 0 (core/samples.h)."""
    log_mass, below, rank = -n * math.log(2), 0.0, 0
    for i in range(n // 2):
        below += math.exp(log_mass)
        if 2 * below > 0.05:
            break
        rank = i
        log_mass += math.log(n - i) - math.log(i + 1)
    return rank


def relative_half_width(samples):
    ascending = sorted(samples)
    rank = interval_rank(len(samples))
    return (ascending[-1 - rank] - ascending[rank]) / median(samples) / 2


def timed(run):
    start = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - start) / 1e6


def settled(samples, window, tolerance):
    if len(samples) < 2 * window:
        return False
    before, now = median(samples[-2 * window:-window]), median(samples[-window:])
    return abs(now - before) <= tolerance * before


def time_runs(run, window, tolerance, warmup_seconds, min_samples, max_samples, max_seconds, half_width):
    warmup, stationary, start = [], False, time.perf_counter()
    while not stationary and time.perf_counter() - start < warmup_seconds:
        warmup.append(timed(run))
        stationary = settled(warmup, window, tolerance)
    warmup_ms = (time.perf_counter() - start) * 1e3

    samples, narrow, next_look, start = [], False, min(min_samples, max_samples), time.perf_counter()
    while True:
        samples.append(timed(run))
        if len(samples) >= next_look:
            narrow = relative_half_width(samples) <= half_width
            next_look = len(samples) + max(1, len(samples) // 8)
        if narrow or len(samples) >= max_samples or time.perf_counter() - start >= max_seconds:
            return {"samples_ms": samples, "warmup_runs": len(warmup), "warmup_ms": warmup_ms,
                    "stationary": stationary, "narrow": narrow}


def describe(nodes):
    """Names, shapes and types of a session's inputs or outputs."""
    tensors = []
    for node in nodes:
        inner = node.type.removeprefix("tensor(").removesuffix(")")
        if inner not in DTYPES:
            raise Refused("unsupported", f"tensor {node.name} is of type {node.type}")
        shape = [size if isinstance(size, int) else -1 for size in node.shape]
        tensors.append({"name": node.name, "shape": shape, "dtype": DTYPES[inner]})
    return tensors


def open_session(model, threads, device, spin, profile=None):
    """`profile`: what the name of the file of events begins with."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", spin)
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, profile
        options.log_severity_level = 3  # errors: the first session of this model has warned already
    try:
        session = ort.InferenceSession(model, options, providers=[device])
    except Exception as error:  # its classes of errors are not public
        raise Refused("unsupported", f"ONNX Runtime cannot load {model}: {str(error)[:1000]}") from error
    if session.get_providers()[0] != device:  # it falls back with no more than a warning
        raise Refused("unsupported", f"ONNX Runtime fell back from {device} to {session.get_providers()[0]}")
    return session


def record_events(open_profiled, arrays, runs):
    """What ONNX Runtime writes down about as many runs of a session opened for this."""
    with tempfile.TemporaryDirectory(prefix="pare-profile-") as folder:
        session = open_profiled(profile=os.path.join(folder, "events"))
        for _ in range(runs):
            session.run(None, arrays)
        with open(session.end_profiling(), encoding="utf-8", errors="replace") as file:
            return json.load(file)


def kernels_by_run(events):
    """The events of nodes of each run, in the order in which they began; a loop comes before its body."""
    starts = sorted(event["ts"] for event in events if event["cat"] == "Session" and event["name"] == "model_run")
    runs = [[] for _ in starts]
    kernels = [event for event in events if event["cat"] == "Node" and event["name"].endswith(KERNEL)]
    if starts:
        for event in sorted(kernels, key=lambda event: (event["ts"], -event["dur"])):
            runs[bisect.bisect_right(starts, event["ts"]) - 1].append(event)
    return runs


def times_of_nodes(kernels):
    """Microseconds of one run by node; a node with a body has its own, without those of the body."""
    times, running = {}, []
    for event in kernels:
        # ONNX Runtime calls a node without a name Conv_3, which another may be called: hence the index.
        node = (event["name"].removesuffix(KERNEL), event["args"]["op_name"], event["args"]["node_index"])
        times[node] = times.get(node, 0) + event["dur"]
        while running and running[-1][0] <= event["ts"]:
            running.pop()
        if running:
            times[running[-1][1]] -= event["dur"]
        running.append((event["ts"] + event["dur"], node))
    return times


def layers_of(runs):
    """Medians over runs, in the order of the first one."""
    samples = {}
    for kernels in runs:
        for node, us in times_of_nodes(kernels).items():
            samples.setdefault(node, []).append(us / 1e3)
    named = collections.Counter(name for name, _, _ in samples)
    return [{"name": name if named[name] == 1 else f"{name} ({index})", "type": kind, "ms": median(ms)}
            for (name, kind, index), ms in samples.items()]


def measure_layers(open_profiled, arrays):
    wanted = 1 + PROFILED_RUNS  # the first run of a session finds everything cold
    runs = kernels_by_run(record_events(open_profiled, arrays, wanted))
    if len(runs) < wanted:
        raise Refused("unsupported", f"a run has more layers than ONNX Runtime keeps times of: {len(runs)} of "
                                     f"{wanted} runs were kept whole")
    return layers_of(runs[1:])


def read_input(path, wanted, mapped):
    """The tensor in the file: `mapped` where it is, or in memory of our own."""
    try:
        array = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except FileNotFoundError as error:
        raise Refused("not_found", f"{path} cannot be opened") from error
    except (OSError, ValueError, EOFError) as error:
        raise invalid(f"{path} is not a usable .npy file: {error}") from error
    fits = len(array.shape) == len(wanted["shape"]) and all(
        want in (-1, have) for want, have in zip(wanted["shape"], array.shape))
    if not fits or array.dtype.name != wanted["dtype"]:
        raise invalid(f"input {wanted['name']} is {array.dtype.name} {list(array.shape)}, "
                      f"the model takes {wanted['dtype']} {wanted['shape']}")
    return np.ascontiguousarray(array)


def write_output(path, array):
    """In place: a file that keeps its pages takes a fraction of the time that a new one does."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644), "wb") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
        file.truncate()


def map_output(path, dtype, shape):
    """An .npy file as memory to write into.  Its room on the disk comes first: without it, who writes there is killed."""
    start = io.BytesIO()
    np.lib.format.write_array_header_1_0(start, {"descr": dtype.str, "fortran_order": False, "shape": shape})
    size = len(start.getvalue()) + dtype.itemsize * math.prod(shape)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
        file.truncate(size)
        os.posix_fallocate(file.fileno(), 0, size)
        file.write(start.getvalue())
        file.flush()
        return np.memmap(file, dtype, "r+", len(start.getvalue()), shape)


@contextlib.contextmanager
def writing(path):
    try:
        yield
    except OSError as error:
        raise Refused("unavailable", f"{path} cannot be written: {error}") from error


class OutputFiles:
    """Files of the outputs, as memory: the session writes where the other program reads, and nothing is copied.

    A file is mapped when it is first asked for, and stays so: inferences name the same few again and again."""

    MANY = 64

    def __init__(self):
        self.files = {}

    def room(self, path, wanted):
        """None where the shape is not fixed, or holds nothing."""
        dtype, shape = np.dtype(wanted["dtype"]), tuple(wanted["shape"])
        if min(shape, default=1) < 1:
            return None
        known = self.files.get(path)
        if known is None or known[0] != self.identity(path) or known[1].dtype != dtype or known[1].shape != shape:
            if len(self.files) >= self.MANY:
                self.files.clear()
            memory = map_output(path, dtype, shape)
            self.files[path] = known = (self.identity(path), memory)
        return known[1]

    @staticmethod
    def identity(path):
        try:
            facts = os.stat(path)
        except OSError:
            return None
        return facts.st_dev, facts.st_ino, facts.st_size


class Harness:
    """One method a request; each takes the request's fields and returns the answer."""

    def __init__(self):
        self.session = self.open_profiled = None
        self.inputs = self.outputs = []
        self.output_files = OutputFiles()
        self.done = False

    def hello(self, fields):
        fields.finish()
        versions = {"onnxruntime": ort.__version__, "python": platform.python_version(), "numpy": np.__version__}
        # The processor first: a target that names no device means it, whatever else is installed.
        devices = sorted(ort.get_available_providers(), key=lambda name: name != "CPUExecutionProvider")
        return {"contract": 1, "runtime": "onnxruntime", "version": ort.__version__, "versions": versions,
                "precisions": ["fp32", "int8"], "devices": devices, "ahead": True}

    def load(self, fields):
        model, threads = fields.take("model", str), fields.count("threads")
        device, profile = fields.take("device", str, "CPUExecutionProvider"), fields.take("profile", bool, False)
        floats = fields.take("floats", str, "fp32")
        fields.finish()
        if floats != "fp32":
            raise Refused("unsupported", f"ONNX Runtime computes in the file's own types, not in {floats}")
        if device not in ort.get_available_providers():
            raise Refused("unsupported", f"ONNX Runtime has no execution provider {device} here")
        if not os.path.isfile(model):
            raise Refused("not_found", f"{model} is no file")
        self.forget()
        spin = "1" if 1 < threads <= len(os.sched_getaffinity(0)) else "0"
        opened = functools.partial(open_session, model, threads, device, spin)
        start = time.perf_counter()
        session = opened()
        load_ms = (time.perf_counter() - start) * 1e3
        self.inputs, self.outputs = describe(session.get_inputs()), describe(session.get_outputs())
        self.session, self.open_profiled = session, opened if profile else None
        with open("/proc/self/statm") as statm:
            memory = int(statm.read().split()[1]) * resource.getpagesize()
        return {"inputs": self.inputs, "outputs": self.outputs, "load_ms": load_ms, "memory_bytes": memory,
                "settings": {"execution_provider": device, "intra_op_num_threads": str(threads),
                             "inter_op_num_threads": "1", "graph_optimization": "all", "allow_spinning": spin}}

    def read_inputs(self, files, mapped):
        """The files named by the request, which must be exactly the inputs of the model."""
        fields = Fields(files, "inputs")
        arrays = {wanted["name"]: read_input(fields.take(wanted["name"], str), wanted, mapped)
                  for wanted in self.inputs}
        fields.finish()
        return arrays

    def infer(self, fields):
        self.require_model()
        files, folder = fields.take("inputs", dict), fields.take("outputs", str)
        fields.finish()
        paths = {wanted["name"]: os.path.join(folder, f"output-{index}.npy")
                 for index, wanted in enumerate(self.outputs)}
        binding, rooms = self.bind(self.read_inputs(files, mapped=True), paths)
        start = time.perf_counter()
        self.session.run_with_iobinding(binding)
        infer_ms = (time.perf_counter() - start) * 1e3
        for (name, path), value in zip(paths.items(), binding.get_outputs()):
            if name not in rooms:
                with writing(path):
                    write_output(path, np.ascontiguousarray(value.numpy()))
        return {"outputs": paths, "infer_ms": infer_ms}

    def bind(self, inputs, paths):
        """Where an inference reads and writes; and the outputs that it writes right into their files."""
        binding, rooms = self.session.io_binding(), {}
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        for wanted in self.outputs:
            name = wanted["name"]
            with writing(paths[name]):
                room = self.output_files.room(paths[name], wanted)
            if room is None:
                binding.bind_output(name)
            else:
                rooms[name] = room
                binding.bind_output(name, "cpu", 0, room.dtype.type, room.shape, room.ctypes.data)
        return binding, rooms

    def time(self, fields):
        self.require_model()
        files, warmup = fields.take("inputs", dict), Fields(fields.take("warmup", dict, {}), "warmup")
        policy = {"window": warmup.count("window", 8), "tolerance": warmup.number("tolerance", 0.02),
                  "warmup_seconds": warmup.number("max_seconds", 5.0),
                  "min_samples": fields.count("min_samples", 30), "max_samples": fields.count("max_samples", 2000),
                  "max_seconds": fields.number("max_seconds", 20.0), "half_width": fields.number("half_width", 0.01)}
        warmup.finish()
        fields.finish()
        # What is timed reads and writes memory of this process, as an application's would.
        arrays, session = self.read_inputs(files, mapped=False), self.session
        self.output_files = OutputFiles()
        gc.collect()
        gc.disable()
        try:
            answer = time_runs(lambda: session.run(None, arrays), **policy)
        finally:
            gc.enable()
        if self.open_profiled is not None:
            answer["layers"] = measure_layers(self.open_profiled, arrays)
        return answer

    def unload(self, fields):
        fields.finish()
        self.forget()
        return {}

    def bye(self, fields):
        fields.finish()
        self.done = True
        return {}

    def require_model(self):
        if self.session is None:
            raise invalid("no model is loaded")

    def forget(self):
        self.session = self.open_profiled = None
        self.inputs, self.outputs = [], []
        self.output_files = OutputFiles()
        gc.collect()

    def answer(self, line):
        try:
            try:
                request = json.loads(line)
            except ValueError as error:
                raise invalid(f"a request is one JSON object a line: {line[:200]!r}") from error
            fields = Fields(request, "the request")
            what = fields.take("do", str)
            if what not in REQUESTS:
                raise invalid(f'unknown request "{what}"')
            return getattr(self, what)(fields)
        except Refused as refused:
            return {"error": refused.code, "message": str(refused)}
        except MemoryError:
            return {"error": "unavailable", "message": "out of memory"}
        except Exception as error:  # whatever the runtime throws is an answer, not the end
            return {"error": "unsupported", "message": f"{type(error).__name__}: {str(error)[:1000]}"}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to the log
    harness = Harness()
    for line in sys.stdin:
        answers.write(json.dumps(harness.answer(line)) + "\n")
        answers.flush()
        if harness.done:
            break
    sys.stderr.flush()
    os._exit(0)  # the answers are out, and tidying up would take longer than an inference


if __name__ == "__main__":
    main()
