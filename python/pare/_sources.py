"""Bytes to send, read in blocks and as often as asked: a file, or a dataset's archive, which is never written anywhere."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import warnings
from typing import Dict, Iterator, List, Optional, Protocol, Tuple, Union

Path = Union[str, "os.PathLike[str]"]

BLOCK = 1 << 18


class Source(Protocol):
    @property
    def size(self) -> int: ...

    def blocks(self) -> Iterator[bytes]: ...


@dataclasses.dataclass(frozen=True)
class FileSource:
    path: pathlib.Path
    size: int

    def blocks(self) -> Iterator[bytes]:
        return _file_blocks(self.path, self.size)


def file_source(path: Path) -> FileSource:
    file = pathlib.Path(path)
    return FileSource(file, file.stat().st_size)


def _file_blocks(path: pathlib.Path, size: int) -> Iterator[bytes]:
    """Exactly `size` bytes: a file that shrinks or grows meanwhile is an error, which the service would find, too."""
    left = size
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            left -= len(block)
            if left < 0:
                break
            yield block
    if left != 0:
        raise OSError(f"{path} changed while it was read")


# -- dataset archives (docs/tasks.md, "Dataset archive"): the bytes that `pare dataset add` makes of the same images

_TAR_BLOCK = 512
_ENDINGS = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff"}
_HEADS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*")


@dataclasses.dataclass(frozen=True)
class Archive:
    entries: Tuple[Tuple[str, FileSource], ...]  # by name in the archive

    @property
    def size(self) -> int:
        return sum(len(_headers(name, file.size)) + _padded(file.size) for name, file in self.entries) + 2 * _TAR_BLOCK

    def blocks(self) -> Iterator[bytes]:
        for name, file in self.entries:
            yield _headers(name, file.size)
            yield from file.blocks()
            yield bytes(_padded(file.size) - file.size)
        yield bytes(2 * _TAR_BLOCK)


def dataset_archive(calibration: Path, validation: Path, labels: Optional[Path] = None) -> Archive:
    """Images of two folders and of the folders in them, known by their file names, and COCO labels of the validation images."""
    entries: List[Tuple[str, FileSource]] = []
    if labels is not None:
        entries.append(("labels.json", file_source(labels)))
    for split, folder in (("calibration", calibration), ("validation", validation)):
        images = _images_in(pathlib.Path(folder), split)
        if not images:
            raise ValueError(f"there are no images in {folder}")
        entries += [(f"{split}/{name}", file_source(image)) for name, image in images]
    return Archive(tuple(entries))


def _images_in(folder: pathlib.Path, split: str) -> List[Tuple[str, pathlib.Path]]:
    found: Dict[str, pathlib.Path] = {}
    left_out: List[str] = []
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = pathlib.Path(where, name)
            if name.startswith("."):
                continue
            if not file.is_file() or not _is_image(file):
                left_out.append(str(file.relative_to(folder)))
            elif name in found:
                raise ValueError(f"two images have one name: {found[name]} and {file}")
            else:
                found[name] = file
    if left_out:
        named = ", ".join(sorted(left_out)[:5]) + (", ..." if len(left_out) > 5 else "")
        warnings.warn(f"{len(left_out)} in the {split} folder not taken for images, left out: {named}", stacklevel=4)
    return sorted(found.items(), key=lambda one: os.fsencode(one[0]))


def _is_image(file: pathlib.Path) -> bool:
    if file.suffix.lower() in _ENDINGS:
        return True
    with open(file, "rb") as opened:
        head = opened.read(12)
    return head.startswith(_HEADS) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


def _padded(size: int) -> int:
    return -(-size // _TAR_BLOCK) * _TAR_BLOCK


def _headers(name: str, size: int) -> bytes:
    """One header, or, where the name does not fit into the old format, one with the name before it; as libarchive does it."""
    split, base = (part.encode() for part in name.rpartition("/")[::2])
    if name.isascii() and len(base) <= 100:
        whole = len(name) <= 100
        return _header(name.encode() if whole else base, b"" if whole else split, size, b"0")
    record = _pax_record("path", name)
    return (_header(*_short_name(split, base, b"PaxHeader/"), len(record), b"x") + record.ljust(_padded(len(record)), b"\0") +
            _header(*_short_name(split, base, b""), size, b"0"))


def _short_name(split: bytes, base: bytes, inside: bytes) -> Tuple[bytes, bytes]:
    """What stands in the fields of the old format for a name that is said before: the name field, and its prefix."""
    whole = split + b"/" + inside + base
    if len(whole) <= 100:
        return whole, b""
    return inside + base[:98 - (len(inside) + 1 if inside else 0)], split


def _pax_record(key: str, value: str) -> bytes:
    """"LENGTH key=value", the length being that of the whole record."""
    rest = f" {key}={value}\n".encode()
    length = len(rest) + len(str(len(rest)))
    length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _header(name: bytes, prefix: bytes, size: int, kind: bytes) -> bytes:
    if size >= 8 ** 11:
        raise ValueError(f"{name!r} is too large for a tar archive")
    start = name.ljust(100, b"\0") + b"000644 \0" + b"000000 \0" * 2 + b"%011o " % size + b"%011o " % 0
    end = kind + bytes(100) + b"ustar\x0000" + bytes(64) + b"000000 \0" * 2 + prefix.ljust(155, b"\0") + bytes(12)
    total = sum(start) + 8 * ord(" ") + sum(end)
    return start + b"%06o\0 " % total + end
