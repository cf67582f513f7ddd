"""From PyTorch: a module as ONNX, and registered.  torch is imported here alone."""
from __future__ import annotations

import inspect
import pathlib
import tempfile
from typing import TYPE_CHECKING, Any, Mapping, Optional, Tuple

from . import documents
from ._sources import Path
from ._sync._client import Client

if TYPE_CHECKING:
    import torch


def export_torch(module: torch.nn.Module, example: Any, file: Path, **options: Any) -> pathlib.Path:
    """Writes `module` as ONNX, in evaluation mode, as it runs on `example` (a tensor, 1 x 3 x height x width, or a tuple of inputs).
    `options` go to torch.onnx.export (opset_version, input_names, ...).  The exporter by tracing is taken, where torch has two: it
    needs no further package."""
    try:
        import torch
    except ImportError as error:
        raise ImportError("a module is exported by PyTorch, which is not here: pip install torch") from error
    inputs = example if isinstance(example, tuple) else (example,)
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options.setdefault("dynamo", False)
    options.setdefault("input_names", ["images"] if len(inputs) == 1 else [f"input{i}" for i in range(len(inputs))])
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            torch.onnx.export(module, inputs, str(file), **options)
    finally:
        module.train(training)
    return pathlib.Path(file)


def from_torch(module: torch.nn.Module, example: Any, *, name: str, client: Optional[Client] = None, preset: Optional[str] = None,
               card: Optional[Mapping[str, Any]] = None, input: Optional[Tuple[int, int]] = None, **options: Any) -> documents.Model:
    """Exports a detector, registers it and waits for its inspection.  `client`: else one of its own, as Client() finds it."""
    with tempfile.TemporaryDirectory(prefix="pare-") as folder:
        file = export_torch(module, example, pathlib.Path(folder, "model.onnx"), **options)
        if client is not None:
            return client.models.add(file, name=name, preset=preset, card=card, input=input)
        with Client() as own:
            return own.models.add(file, name=name, preset=preset, card=card, input=input)
