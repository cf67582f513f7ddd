#!/usr/bin/env python3
"""The harness of ONNX Runtime (docs/runtimes.md): any execution provider and its settings, by name.

One inference at a time: intra_op threads as asked, inter_op 1, sequential.  Threads spin only when
there is a core for each of them: on fewer cores a spinning thread takes the time of a working one.

Times per layer come from a second session, open for that while only: profiling ends for good with the
first look at it, keeps no more than 1,000,000 events, and would slow the samples.
"""
import bisect
import collections
import functools
import json
import os
import pathlib
import sys
import tempfile

import onnxruntime as ort

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "frame"))
from pare_harness import Model, Option, Refused, Runtime, invalid, median, provided, serve  # noqa: E402

DTYPES = {"float": "float32", "double": "float64", "float16": "float16", "int8": "int8", "uint8": "uint8",
          "int16": "int16", "uint16": "uint16", "int32": "int32", "uint32": "uint32", "int64": "int64",
          "uint64": "uint64", "bool": "bool"}
PROFILED_RUNS = 5  # as in worker/runtimes/frame/serve.cpp
KERNEL = "_kernel_time"
CPU = "CPUExecutionProvider"
SWITCH = ("on", "off")
LEVELS = {"off": ort.GraphOptimizationLevel.ORT_DISABLE_ALL, "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
          "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED, "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL}
MODES = {"sequential": ort.ExecutionMode.ORT_SEQUENTIAL, "parallel": ort.ExecutionMode.ORT_PARALLEL}


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


def spins(wanted):
    if wanted.options["spinning"] != "auto":
        return "1" if wanted.options["spinning"] == "on" else "0"
    return "1" if 1 < wanted.threads <= len(os.sched_getaffinity(0)) else "0"


def session_options(wanted):
    chosen, options = wanted.options, ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = wanted.threads, int(chosen["inter_op_threads"])
    options.execution_mode = MODES[chosen["execution_mode"]]
    options.graph_optimization_level = LEVELS[chosen["graph_optimization"]]
    options.enable_cpu_mem_arena, options.enable_mem_pattern = chosen["arena"] == "on", chosen["memory_pattern"] == "on"
    options.add_session_config_entry("session.intra_op.allow_spinning", spins(wanted))
    for name, value in provided(chosen, "config.").items():
        options.add_session_config_entry(name, value)
    return options


def open_session(wanted, profile=None):
    """`profile`: what the name of the file of events begins with."""
    model, device, options = wanted.model, wanted.device, session_options(wanted)
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, profile
        options.log_severity_level = 3  # errors: the first session of this model has warned already
    try:
        session = ort.InferenceSession(model, options, [device], [provided(wanted.options, "provider.")])
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


class OnnxRuntime(Runtime):
    name, title, profiles = "onnxruntime", "ONNX Runtime", True
    options = {"graph_optimization": Option("all", tuple(LEVELS)), "execution_mode": Option("sequential", tuple(MODES)),
               "inter_op_threads": Option("1", tuple(str(count) for count in range(1, 65))),
               "spinning": Option("auto", ("auto", *SWITCH)), "arena": Option("on", SWITCH),
               "memory_pattern": Option("on", SWITCH), "provider.*": Option(), "config.*": Option()}

    def __init__(self):
        self.session = self.open_profiled = None

    def versions(self):
        return {"onnxruntime": ort.__version__}

    def precisions(self):
        return ["fp32", "int8"]

    def devices(self):
        """The processor first: a target that names no device means it, whatever else is installed."""
        return sorted(ort.get_available_providers(), key=lambda name: name != CPU)

    def load(self, wanted):
        if wanted.device == CPU and (given := provided(wanted.options, "provider.")):
            raise invalid(f'unknown option "provider.{next(iter(given))}": {CPU} has none of its own')
        opened = functools.partial(open_session, wanted)
        self.session, self.open_profiled = opened(), opened
        return Model(describe(self.session.get_inputs()), describe(self.session.get_outputs()),
                     {"execution_provider": wanted.device, "intra_op_num_threads": str(wanted.threads),
                      "inter_op_num_threads": wanted.options["inter_op_threads"],
                      "graph_optimization": wanted.options["graph_optimization"], "allow_spinning": spins(wanted)})

    def bind(self, inputs, rooms):
        """Where an inference reads and writes: outputs go right into the rooms there are."""
        session = self.session
        if rooms is None:
            return lambda: session.run(None, inputs)
        binding, names = session.io_binding(), [output.name for output in session.get_outputs()]
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        for name in names:
            room = rooms.get(name)
            if room is None:
                binding.bind_output(name)
            else:
                binding.bind_output(name, "cpu", 0, room.dtype.type, room.shape, room.ctypes.data)

        def run():
            session.run_with_iobinding(binding)
            return binding, [rooms.get(name) for name in names]
        return run

    def results(self, returned):
        binding, rooms = returned
        return [value.numpy() if room is None else room for value, room in zip(binding.get_outputs(), rooms)]

    def profiled_layers(self, inputs):
        return measure_layers(self.open_profiled, inputs)

    def unload(self):
        self.session = self.open_profiled = None


if __name__ == "__main__":
    serve(OnnxRuntime())
