"""The harness contract (docs/runtimes.md) around a runtime: what harnesses in Python share.

A runtime is a subclass of `Runtime`: what its hello says, load(), infer(), and where a sample is less than
an infer(), bind().  Everything else is here: requests and their fields, .npy files in and out, the
timing loop, errors, the protection of stdout, the end of stdin.  A whole harness:

    class Mine(Runtime):
        name, title = "mine", "Mine"
        def versions(self):       return {"mine": mine.__version__}
        def load(self, wanted):   self.net = mine.open(wanted.model, wanted.threads)
                                  return Model(inputs, outputs, {"threads": str(wanted.threads)})
        def infer(self, inputs):  return [self.net.run(inputs["images"])]

    if __name__ == "__main__":
        serve(Mine())
"""
import argparse
import dataclasses
import gc
import io
import json
import math
import os
import platform
import resource
import sys
import time

import numpy as np

FLOATS = ("fp32", "fp16", "bf16")
REQUESTS = ("hello", "load", "keep", "infer", "time", "unload", "bye")


class Refused(Exception):
    """An answer {"error", "message"}; `code` is one of docs/runtimes.md."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def invalid(message):
    return Refused("invalid_argument", message)


def unsupported(message):
    return Refused("unsupported", message)


@dataclasses.dataclass(frozen=True)
class Load:
    """A `load` whose fields are in order: the file is there, the device and `floats` are those of the hello."""

    model: str
    threads: int
    device: str
    profile: bool
    floats: str
    kept: str | None
    options: dict  # text by name: what was asked for, and the defaults of Runtime.options


def provided(options, prefix):
    """Those whose name begins with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in options.items() if name.startswith(prefix)}


@dataclasses.dataclass
class Model:
    """What load() returns.  Inputs and outputs: {"name", "shape" (-1: not fixed), "dtype" (NumPy's name)}."""

    inputs: list
    outputs: list
    settings: dict  # text by name: whatever was set that changes times
    load_ms: float | None = None  # of the runtime alone, where a file had to be converted for it first


@dataclasses.dataclass(frozen=True)
class Option:
    """A setting that a target may have: what it is when nobody asks (None: the library's own business), and the
    values it may take (None: any text; the library judges)."""

    default: str | None = None
    values: tuple | None = None


def computes_in_fp16():
    """Whether this processor has arithmetic of half precision that runtimes for Arm use; x86 emulates it there."""
    if platform.machine() not in ("aarch64", "arm64"):
        return False
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as facts:
        return " asimdhp" in facts.read()


class Runtime:
    """One runtime, one model at a time.  What its library raises is answered as `unsupported` with its text."""

    name = ""         # as in runtimes.json
    title = ""        # as people write it
    keeps = False     # keep() is there
    profiles = False  # profiled_layers() is there
    options: dict = {}  # Option by name; "provider.*" is every name that begins so

    def versions(self):
        """Text by name; the first is the runtime's own."""
        raise NotImplementedError

    def precisions(self):
        return ["fp32"]

    def devices(self):
        return ["CPU"]

    def load(self, wanted):
        """A Model.  What was loaded before is gone already."""
        raise NotImplementedError

    def infer(self, inputs):
        """Arrays by name to arrays in the order of the outputs."""
        raise NotImplementedError

    def bind(self, inputs, rooms):
        """A function without arguments that runs once on `inputs`: what is timed.  `rooms`: memory by output's
        name where it may write its results; whoever cannot takes no notice.  None: nobody looks at the results."""
        return lambda: self.infer(inputs)

    def results(self, returned):
        """What a bound function returned as arrays, in the order of the outputs; not timed."""
        return returned

    def profiled_layers(self, inputs):
        """[{"name", "type", "ms"}] of the model on `inputs`; only after a load with `profile`."""
        raise NotImplementedError

    def keep(self, file):
        """Writes what makes the next load fast."""
        raise NotImplementedError

    def unload(self):
        """Lets go of the model."""


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

    def optional(self, name, kind):
        """None where it is missing."""
        return self.take(name, kind) if name in self.left else None

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


class Writing:
    """with Writing(path): what cannot be written there is `unavailable`."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, OSError):
            raise Refused("unavailable", f"{self.path} cannot be written: {error}") from error


class OutputFiles:
    """Files of the outputs, as memory: the runtime writes where the other program reads, and nothing is copied.

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


def hand_out(path, room, array):
    """What the other program reads at `path`: nothing is done where the runtime wrote it there already."""
    if room is not None and room.shape == array.shape and room.dtype == array.dtype:
        if room.ctypes.data != array.ctypes.data or not array.flags.c_contiguous:  # a view of it is something else
            np.copyto(room, array)
        return
    with Writing(path):
        write_output(path, np.ascontiguousarray(array))


class Harness:
    """One method a request; each takes the request's fields and returns the answer."""

    def __init__(self, runtime, device=None, options=None):
        """`device`, `options`: those of the command line, which this program is for."""
        self.runtime = runtime
        self.device, self.options = device, options or {}
        self.model = None
        self.profiled = False
        self.output_files = OutputFiles()
        self.done = False

    def hello(self, fields):
        fields.finish()
        own, devices = self.runtime.versions(), self.devices()
        answer = {"contract": 1, "runtime": self.runtime.name, "version": next(iter(own.values())),
                  "versions": own | {"python": platform.python_version(), "numpy": np.__version__},
                  "precisions": self.runtime.precisions(), "devices": devices, "ahead": True}
        if self.runtime.keeps:
            answer["keeps"] = True
        if self.runtime.options:
            answer["options"] = sorted(self.runtime.options)
        return answer

    def load(self, fields):
        model, threads = fields.take("model", str), fields.count("threads")
        device, profile = fields.optional("device", str), fields.take("profile", bool, False)
        floats, kept = fields.take("floats", str, "fp32"), fields.optional("kept", str)
        given = self.options | fields.take("options", dict, {})
        fields.finish()
        options, title = self.read_options(given), self.runtime.title
        if profile and not self.runtime.profiles:
            raise unsupported(f"{title} gives no times per layer")
        if floats != "fp32" and (floats not in FLOATS or floats not in self.runtime.precisions()):
            raise unsupported(f"{title} does not compute in {floats} here")
        devices = self.devices()
        if not devices:
            raise unsupported(f"{title} finds no device on this machine")
        device = devices[0] if device is None else device
        if device not in devices:
            raise unsupported(f"{title} has no device {device} here, only {', '.join(devices)}")
        if not os.path.isfile(model):
            raise Refused("not_found", f"{model} is no file")
        self.forget()
        start = time.perf_counter()
        loaded = self.runtime.load(Load(model, threads, device, profile, floats, kept, options))
        load_ms = (time.perf_counter() - start) * 1e3 if loaded.load_ms is None else loaded.load_ms
        self.model, self.profiled = loaded, profile
        with open("/proc/self/statm") as statm:
            memory = int(statm.read().split()[1]) * resource.getpagesize()
        return {"inputs": loaded.inputs, "outputs": loaded.outputs, "load_ms": load_ms, "memory_bytes": memory,
                "settings": given | loaded.settings}

    def devices(self):
        found = self.runtime.devices()
        if self.device is not None and self.device not in found:
            raise unsupported(f"{self.runtime.title} has no device {self.device} here, only {', '.join(found)}")
        return found if self.device is None else [self.device]

    def read_options(self, given):
        """What load() gets; refuses what the runtime does not know."""
        chosen = {name: option.default for name, option in self.runtime.options.items() if option.default is not None}
        for name, value in given.items():
            option = self.option_named(name)
            if type(value) is not str:
                raise invalid(f'option "{name}" is no text: {json.dumps(value)[:200]}')
            if option.values is not None and value not in option.values:
                raise invalid(f'option "{name}" is "{value}"; it may be {", ".join(option.values)}')
            chosen[name] = value
        return chosen

    def option_named(self, name):
        for known, option in self.runtime.options.items():
            if name == known or known.endswith("*") and name.startswith(known[:-1]) and len(name) >= len(known):
                return option
        known = ", ".join(sorted(self.runtime.options)) or "none"
        raise invalid(f'unknown option "{name}"; {self.runtime.title} knows: {known}')

    def read_inputs(self, files, mapped):
        """The files named by the request, which must be exactly the inputs of the model."""
        fields = Fields(files, "inputs")
        arrays = {wanted["name"]: read_input(fields.take(wanted["name"], str), wanted, mapped)
                  for wanted in self.model.inputs}
        fields.finish()
        return arrays

    def infer(self, fields):
        self.require_model()
        files, folder = fields.take("inputs", dict), fields.take("outputs", str)
        fields.finish()
        inputs = self.read_inputs(files, mapped=True)
        paths = {wanted["name"]: os.path.join(folder, f"output-{index}.npy")
                 for index, wanted in enumerate(self.model.outputs)}
        rooms = {}
        for wanted in self.model.outputs:
            name = wanted["name"]
            with Writing(paths[name]):
                room = self.output_files.room(paths[name], wanted)
            if room is not None:
                rooms[name] = room
        run = self.runtime.bind(inputs, rooms)
        start = time.perf_counter()
        returned = run()
        infer_ms = (time.perf_counter() - start) * 1e3
        for (name, path), array in zip(paths.items(), self.runtime.results(returned), strict=True):
            hand_out(path, rooms.get(name), array)
        return {"outputs": paths, "infer_ms": infer_ms}

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
        inputs = self.read_inputs(files, mapped=False)
        self.output_files = OutputFiles()
        run = self.runtime.bind(inputs, None)
        gc.collect()
        gc.disable()
        try:
            answer = time_runs(run, **policy)
        finally:
            gc.enable()
        if self.profiled:
            answer["layers"] = self.runtime.profiled_layers(inputs)
        return answer

    def keep(self, fields):
        self.require_model()
        file = fields.take("file", str)
        fields.finish()
        if not self.runtime.keeps:
            raise unsupported(f"{self.runtime.title} has nothing to keep")
        with Writing(file):  # under another name first: whoever loads sees all of it or nothing
            self.runtime.keep(file + ".part")
            os.replace(file + ".part", file)
        return {}

    def unload(self, fields):
        fields.finish()
        self.forget()
        return {}

    def bye(self, fields):
        fields.finish()
        self.done = True
        return {}

    def require_model(self):
        if self.model is None:
            raise invalid("no model is loaded")

    def forget(self):
        self.model, self.profiled = None, False
        self.output_files = OutputFiles()
        self.runtime.unload()
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


ANSWERS = []  # the file that answers go to, once there is one


def guard_stdout():
    """From here on, what libraries print goes to the log.  serve() does it; who imports one that prints while it is
    imported does it before."""
    if not ANSWERS:
        ANSWERS.append(os.fdopen(os.dup(1), "w"))
        os.dup2(2, 1)
    return ANSWERS[0]


def read_arguments(runtime, words):
    """--device NAME, --option NAME=VALUE...: what a line of runtimes.json makes of a runtime.  Ends the program, with
    the reason in the log, where it does not take them."""
    parser = argparse.ArgumentParser(prog=f"harness of {runtime.title}", description="docs/runtimes.md")
    parser.add_argument("--device", help="the one that it is for; the others are not offered then")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="a setting of every load")
    given = parser.parse_args(words)
    options = dict(word.partition("=")[::2] for word in given.option)
    try:
        Harness(runtime).read_options(options)
    except Refused as refused:
        parser.error(str(refused))
    return given.device, options


def serve(runtime, words=None):
    """Answers requests until `bye` or the end of stdin; does not return.  `words`: the command line's, else."""
    answers = guard_stdout()
    harness = Harness(runtime, *read_arguments(runtime, sys.argv[1:] if words is None else words))
    for line in sys.stdin:
        answers.write(json.dumps(harness.answer(line)) + "\n")
        answers.flush()
        if harness.done:
            break
    sys.stderr.flush()
    os._exit(0)  # the answers are out, and tidying up would take longer than an inference
