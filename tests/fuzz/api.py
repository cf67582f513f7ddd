"""The whole API under schemathesis: requests made from the OpenAPI document, answers held against it.

By hand: PARE_BIN=build/release/bin python tests/fuzz/api.py [--seconds 120] [--tokens] [--st PROGRAM]
A real service searches a little first, so that there is something to ask for.  Ends with the status of schemathesis.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from service import Service, render  # noqa: E402


def searched(service):
    """What there is to ask for, by the names of captures."""
    folder = pathlib.Path(tempfile.mkdtemp())
    service.add_boards(render(folder / "calibration", 8, 1), render(folder / "validation", 8, 2), [("ort", "onnxruntime")])
    job = service.call("POST", "/v1/jobs", {"model": "boards", "dataset": "boards", "targets": ["ort"],
                                            "budget": {"trials": 4}})["id"]
    service.job_end(job, 900)
    member = service.get(f"/v1/jobs/{job}/fronts/ort?all=true")["members"][0]
    model = service.get("/v1/models/boards")["sha256"]
    return {"job": job, "trial": member["trial"], "task": service.get(f"/v1/jobs/{job}/tasks")["items"][0]["id"],
            "plan": member["plan_sha256"], "candidate": member["candidate_sha256"], "target": "ort", "model": "boards",
            "dataset": "boards", "sha256": model}


def with_examples(document, known):
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and parameter["name"] in known:
                    parameter["example"] = known[parameter["name"]]
    return document


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=int, default=120)
    arguments.add_argument("--tokens", action="store_true")
    arguments.add_argument("--st", default=str(pathlib.Path(sys.executable).parent / "st"))
    given, rest = arguments.parse_known_args()
    with Service(workers=1, tokens=given.tokens) as service:
        document = with_examples(service.get("/v1/openapi.json"), searched(service))
        file = service.folder / "openapi.json"
        file.write_text(json.dumps(document))
        command = [given.st, "run", file, "--url", service.url, "--max-time", str(given.seconds), "--continue-on-failure",
                   "--seed", "1", *rest]
        if given.tokens:  # its own token is not what it ends
            command += ["-H", f"Authorization: Bearer {service.first_token()}", "--rate-limit", "40/s",
                        "--exclude-operation-id", "deleteToken"]
        return subprocess.run(command, cwd=service.folder).returncode


if __name__ == "__main__":
    sys.exit(main())
