"""What harnesses share whose runtime has a file format of its own: what an ONNX file says of its tensors, a
converter to start, and kept files."""
import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx

from pare_harness import Refused, unsupported

QUANTIZED = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "ConvInteger")


class OnnxFile:
    """Names, shapes and types at the edges of an ONNX file, and what stands between."""

    def __init__(self, path, title):
        try:
            model = onnx.shape_inference.infer_shapes(onnx.load(path))
        except Exception as error:  # protobuf's and onnx's own, of several classes
            raise unsupported(f"{title} cannot load {path}: it is no ONNX file: {str(error)[:300]}") from error
        if not model.graph.output:
            raise unsupported(f"{title} cannot load {path}: it is no ONNX file with outputs")
        constants = {constant.name for constant in model.graph.initializer}
        self.path, self.title = path, title
        self.inputs = [describe(value) for value in model.graph.input if value.name not in constants]
        self.outputs = [describe(value) for value in model.graph.output]
        self.operators = {node.op_type for node in model.graph.node}

    def require(self, floats_only=True, quantized=False):
        """Refuses what the runtime does not take: other types than float32 at the edges, inputs whose shape is not
        fixed, Q/DQ nodes."""
        for tensor in self.inputs + self.outputs:
            if floats_only and tensor["dtype"] != "float32":
                raise unsupported(f"{self.title} takes and gives float32, and {tensor['name']} is {tensor['dtype']}")
        for tensor in self.inputs:
            if -1 in tensor["shape"]:
                raise unsupported(f"{self.title} needs shapes that are fixed, and input {tensor['name']} is {tensor['shape']}")
        left = sorted(self.operators.intersection(QUANTIZED))
        if left and not quantized:
            raise unsupported(f"{self.title} does not compute {left[0]} in int8: this candidate is for another runtime")


def describe(value):
    kind = value.type.tensor_type
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
    shape = [size.dim_value if size.HasField("dim_value") and size.dim_value > 0 else -1 for size in kind.shape.dim]
    return {"name": value.name, "shape": shape, "dtype": dtype}


def shaped(array, wanted, title):
    """A result in the shape that the file gives it: converted models drop the batch and other ones."""
    shape = wanted["shape"]
    if array.ndim == len(shape) and all(want in (-1, have) for want, have in zip(shape, array.shape)):
        return array
    fixed = int(np.prod([size for size in shape if size != -1]))
    if shape.count(-1) > 1 or fixed == 0 or array.size % fixed or (-1 not in shape and array.size != fixed):
        raise Refused("unsupported", f"{title} makes {wanted['name']} {list(array.shape)}, the file says {shape}")
    return array.reshape(shape)


def convert(title, command, folder, produced):
    """Runs a converter in `folder`; it dies with this process.  Refuses, with the end of what it printed, where it
    fails or one of the files `produced` is not there afterwards."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, preexec_fn=die_with_parent, check=False)
    said = done.stdout.decode(errors="replace")
    sys.stderr.write(said)
    missing = [name for name in produced if not os.path.isfile(os.path.join(folder, name))]
    if done.returncode or missing:
        how = f"ended with {done.returncode}" if done.returncode else f"wrote no {missing[0]}"
        raise unsupported(f"{title} cannot convert this model: its converter {how}: {said.strip()[-600:]}")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def identity_of(model, *versions):
    """What a kept file belongs to: the model's bytes, and whatever else its content depends on."""
    with open(model, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update("\0".join(versions).encode())
    return digest.hexdigest()


class Converted:
    """What a converter made of a model, in a file without a name: it takes no memory, and is gone with the process."""

    def __init__(self, identity, parts):
        self.file = tempfile.TemporaryFile()
        write_kept(self.file, identity, parts)

    def keep(self, path):
        self.file.seek(0)
        with open(path, "wb") as kept:
            shutil.copyfileobj(self.file, kept)


def write_kept(file, identity, parts):
    """`file`: a path or a file; `parts`: bytes by name."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("identity", identity)
        for name, data in parts.items():
            archive.writestr(name, data)


def read_kept(file, identity):
    """The parts; None where there is no such file, it is damaged, or it belongs to something else."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError):
        return None
    return parts if parts.pop("identity", None) == identity.encode() else None
