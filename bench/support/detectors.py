"""The real detectors and images that benches ask about ($PARE_REAL_DATA, or ../shared/data beside the checkout)."""
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADS = {"yolov5n_640": "yolov5", "yolox_nano_416": "yolox", "nanodet_m_416": "nanodet", "fastestdet_352": "fastestdet",
         "yolov8n_640": "yolov8"}


@dataclasses.dataclass
class Subject:
    """A detector, the images that it is calibrated on, and labelled ones that it is scored on."""
    name: str
    head: str
    model: pathlib.Path
    calibration: pathlib.Path
    images: pathlib.Path
    labels: pathlib.Path
    card: dict = None  # where the file and its head say too little


def example(build, folder):
    """The detector that ships, on boards rendered for this run: those of ./dev demo, and 1,000 to learn from."""
    boards = ROOT / "examples" / "circuit_boards"
    for name, images, seed in (("calibration", 128, 101), ("validation", 256, 202), ("learned", 1000, 404)):
        subprocess.run([build / "bin" / "pare-render-boards", "--out", folder / name, "--images", str(images), "--seed", str(seed)],
                       check=True, stdout=subprocess.DEVNULL)
        (folder / name / "labels.json").rename(folder / f"{name}.json")
    return Subject("example", "yolox", boards / "detector.onnx", folder / "calibration", folder / "validation",
                   folder / "validation.json", json.loads((boards / "detector.json").read_text()))


def real_subject(name):
    data = pathlib.Path(os.environ.get("PARE_REAL_DATA") or ROOT.parent / "shared" / "data")
    if not (data / "models" / f"{name}.onnx").is_file():
        sys.exit(f"bench: {data}/models/{name}.onnx is not there; PARE_REAL_DATA names the folder of the real detectors")
    coco = data / "coco"
    return Subject(name, HEADS[name], data / "models" / f"{name}.onnx", coco / "calibration", coco / "val", coco / "val.json")


def add_arguments(parser, default):
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build folder (./dev gives it)")
    parser.add_argument("--model", nargs="+", choices=list(HEADS), default=default, metavar="NAME",
                        help="real detectors: " + ", ".join(HEADS))
    own = parser.add_argument_group("a detector of your own, instead")
    own.add_argument("--file", type=pathlib.Path, help="ONNX file")
    own.add_argument("--head", choices=sorted(set(HEADS.values())))
    own.add_argument("--calibration", type=pathlib.Path, help="folder of images")
    own.add_argument("--labelled", type=pathlib.Path, help="folder of labelled images")
    own.add_argument("--labels", type=pathlib.Path, help="their COCO labels")


def subjects(args):
    if args.file is None:
        return [real_subject(name) for name in args.model]
    missing = [flag for flag in ("head", "calibration", "labelled", "labels") if getattr(args, flag) is None]
    if missing:
        sys.exit(f"bench: --file needs --{missing[0]} as well")
    return [Subject(args.file.stem, args.head, args.file, args.calibration, args.labelled, args.labels)]
