"""The Python client without a service: what it sends, what it makes of answers, and what it does when none comes.

`answers/` holds answers of a real service (record.py took them).  Runs on every Python that the client takes.
"""
import asyncio
import collections.abc
import dataclasses
import datetime
import hashlib
import io
import json
import pathlib
import pickle
import re
import subprocess
import sys
import tarfile
import tempfile
import typing
import unittest
import warnings

import httpx
import pare
from pare import _decode, _html, _requests, _settings, _sources, _text, documents, goals
from pare._decode import read
from pare._landing import Landing
from pare._progress import Lines, Notebook, Terminal

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = HERE.parents[1] / "python"
URL = "http://service.test"


def answer(name):
    return json.loads((HERE / "answers" / f"{name}.json").read_text(encoding="utf-8"))


def replies(*script):
    """A handler that answers what the script says in turn, the last for good: a response, or an exception to raise."""
    left, seen = list(script), []

    def handle(request):
        seen.append(request)
        step = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)
    return handle, seen


def client_of(handle, patience=0.0):
    return pare.Client(URL, "secret", patience=patience, http=httpx.Client(transport=httpx.MockTransport(handle)))


class Documents(unittest.TestCase):
    def test_a_job_of_a_real_service_is_read_to_the_last_field(self):
        job = read(documents.JobDocument, answer("job"))
        self.assertEqual(job.extra, {})
        self.assertEqual(job.state, "succeeded")
        self.assertTrue(job.ended)
        for best in job.best:
            self.assertEqual(best.extra, {})
            self.assertEqual(best.fastest.extra, {})
        self.assertEqual(job.created_at.tzinfo, datetime.timezone.utc)
        self.assertEqual(len(job.sentences), len(job.targets))

    def test_a_front_is_a_sequence_fastest_first(self):
        front = read(documents.Front, answer("front"))
        self.assertEqual(front.extra, {})
        self.assertEqual(len(front), len(front.members))
        latencies = [member.latency_ms for member in front]
        self.assertEqual(latencies, sorted(latencies))
        self.assertEqual(front.fastest(), front[0])
        self.assertIsNone(front.fastest(min_map=1.1))
        kept = front.fastest(max_lost=1.0)
        self.assertTrue(kept is None or kept.map_lost <= 1.0)
        self.assertEqual(front.most_accurate().map, max(member.map for member in front))
        self.assertIsNone(front.most_accurate(max_latency_ms=0))

    def test_an_accuracy_says_what_it_was_scored_against(self):
        front = read(documents.Front, {**answer("front"), "labels": "teacher"})
        job = read(documents.JobDocument, {**answer("job"), "labels": "teacher"})
        for said in (str(front[0]), str(front.original), str(front), str(job.best[0].original), job.sentences[0]):
            self.assertIn("teacher mAP", said)

    def test_trials_comparisons_and_predictions_are_read_to_the_last_field(self):
        for item in answer("summaries")["items"]:
            trial = read(documents.Trial, item)
            self.assertEqual(trial.extra, {})
            for outcome in trial.outcomes.values():
                self.assertEqual(outcome.extra, {})
        comparison = read(documents.ComparisonDocument, answer("comparison"))
        self.assertEqual((comparison.extra, comparison.result.extra, comparison.result.latency.extra), ({}, {}, {}))
        [predicted] = documents.predicted_plans(answer("predict"))
        for prediction in predicted.predicted.values():
            self.assertLessEqual(prediction["latency_ms"].low, prediction["latency_ms"].high)
            self.assertTrue(0 <= prediction.works <= 1)

    def test_what_a_newer_service_says_beside_is_kept(self):
        target = read(documents.Target, {**answer("target"), "power_mode": {"watts": 15}})
        self.assertEqual(target.extra, {"power_mode": {"watts": 15}})

    def test_what_is_missing_or_of_another_kind_is_named(self):
        whole = answer("front")
        broken = json.loads(json.dumps(whole))
        del broken["members"][0]["latency_ms"]
        with self.assertRaisesRegex(pare.Unexpected, r'Front\.members\.0 has no "latency_ms"'):
            read(documents.Front, broken)
        with self.assertRaisesRegex(pare.Unexpected, r"Front\.hypervolume is no float, but 'much'"):
            read(documents.Front, {**whole, "hypervolume": "much"})
        with self.assertRaisesRegex(pare.Unexpected, "Front is no object"):
            read(documents.Front, [])

    def test_documents_are_values(self):
        front = read(documents.Front, answer("front"))
        self.assertEqual(front, read(documents.Front, answer("front")))
        self.assertEqual(pickle.loads(pickle.dumps(front)), front)
        with self.assertRaises(AttributeError):
            front.hypervolume = 1.0


# What each document is in docs/openapi.json; what it deliberately leaves in `extra`.
SCHEMAS = {
    documents.Health: ["Health"], documents.Identity: ["WhoAmI"], documents.Token: ["Token", "TokenShown"], documents.Enrolment: ["Enrolment"],
    documents.AuditEntry: ["AuditEntry"], documents.Model: ["Model", "ListedModel"], documents.Dataset: ["Dataset"],
    documents.Target: ["Target"], documents.Worker: ["Worker"], documents.Front: ["Front", "FrontAcross"],
    documents.JobDocument: ["Job", "ListedJob"], documents.Trial: ["Trial", "TrialSummary", "ToldTrial"], documents.Task: ["Task"],
    documents.Check: ["TargetCheck"], documents.Estimate: ["PredictedMetric"], documents.Plan: ["PlanView"],
    documents.Candidate: ["Candidate"], documents.Report: ["Report"], documents.Supernet: ["Supernet"],
    documents.ComparisonDocument: ["Comparison"], documents.Outcome: ["Outcome", "FullOutcome", "TrialSummaryOutcome"],
}
LEFT_OUT = {
    documents.Summary: {"sha256", "origins", "output_layers", "activations", "stages", "kernels", "tried", "preprocessing_trial"},
    documents.Layer: {"kernel", "in_channels", "out_channels", "groups"},
    documents.ReportTarget: None,  # all that a member has
}
OWN = {documents.Member: {"labels"}}  # what is filled in here


class Contract(unittest.TestCase):
    """The documents against docs/openapi.json."""

    def setUp(self):
        self.openapi = json.loads((PYTHON.parent / "docs/openapi.json").read_text(encoding="utf-8"))

    def resolved(self, schema):
        """(the schema itself, whether it may be null)"""
        if "$ref" in schema:
            return self.resolved(self.openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        others = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        if len(others) == 1:
            return self.resolved(others[0])[0], True
        return schema, False

    def alternatives(self, schema):
        schema, _ = self.resolved(schema)
        return [one for other in schema["anyOf"] for one in self.alternatives(other)] if "anyOf" in schema else [schema]

    def compare(self, kind, schemas, seen):
        schemas = [one for schema in schemas for one in self.alternatives(schema)]
        fields = {wire: (hint, required) for _, wire, hint, required in _decode._fields(kind)}
        told = {name for schema in schemas for name in schema["properties"]}
        left_out = LEFT_OUT.get(kind, set())
        if left_out is not None:
            self.assertEqual(told - set(fields), left_out, f"{kind.__name__} does not know these")
        self.assertEqual(set(fields) - told, OWN.get(kind, set()), f"{kind.__name__} has what no answer has")
        for schema in schemas:
            for name, (hint, required) in fields.items():
                if name not in schema["properties"]:
                    self.assertFalse(required, f"{kind.__name__}.{name} is not always there")
                    continue
                self.assertLessEqual(required, name in schema.get("required", ()), f"{kind.__name__}.{name} is not always there")
                self.compare_value(f"{kind.__name__}.{name}", hint, schema["properties"][name], seen)

    def compare_value(self, where, hint, schema, seen):
        schema, nullable = self.resolved(schema)
        optional = typing.get_origin(hint) is typing.Union
        self.assertLessEqual(nullable, optional or hint is typing.Any, f"{where} may be null")
        if optional:
            hint = typing.get_args(hint)[0]
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if dataclasses.is_dataclass(hint):
            if hint not in seen:
                seen.add(hint)
                self.compare(hint, [schema], seen)
        elif origin is tuple and isinstance(schema.get("items"), dict):
            self.assertEqual(schema["type"], "array", where)
            self.compare_value(where + "[]", arguments[0], schema["items"], seen)
        elif origin is collections.abc.Mapping:
            self.assertEqual(schema.get("type", "object"), "object", where)
            if isinstance(schema.get("additionalProperties"), dict):
                self.compare_value(where + "{}", arguments[1], schema["additionalProperties"], seen)
        elif hint is not typing.Any and origin is None and schema.get("type", "null") != "null":
            kinds = {"integer": (int, float), "number": (float,), "string": (str, datetime.datetime), "boolean": (bool,)}
            self.assertIn(hint, kinds.get(schema["type"], ()), f"{where} is {schema['type']}")

    def test_documents_are_those_of_the_contract(self):
        seen = set(SCHEMAS)
        for kind, names in SCHEMAS.items():
            self.compare(kind, [{"$ref": f"#/components/schemas/{name}"} for name in names], seen)
        self.assertGreater(len(seen), 35)

    def test_every_operation_is_there_or_left_out_on_purpose(self):
        """By the path of each operation in the sources; joining is a worker's business, what is not under /v1 that of who watches it."""
        text = "".join(file.read_text(encoding="utf-8") for file in (PYTHON / "pare/_async").glob("*.py"))
        asked = set(re.findall(r'"(/[a-z0-9/]+)"', text))
        for words in re.findall(r'path\(([^()]+)\)', text):
            asked.add("/" + "/".join(part[1:-1] if part.startswith('"') else "{}" for part in words.split(", ")))
        asked |= {"/v1/jobs/{}/" + word for word in re.findall(r'_told\("(\w+)"', text)}
        offered = {re.sub(r"\{\w+\}", "{}", path) for path in self.openapi["paths"] if path.startswith("/v1/")}
        self.assertEqual(offered - asked, {"/v1/workers/join", "/v1/openapi.json"})


class Goals(unittest.TestCase):
    def test_goals_are_objectives_and_bounds(self):
        self.assertEqual(goals.trade_off().document(), {"objectives": ["map_50_95", "latency_ms"], "constraints": []})
        self.assertEqual(goals.fastest(min_map=0.4).document(),
                         {"objectives": ["latency_ms"], "constraints": [{"metric": "map_50_95", "min": 0.4}]})
        self.assertEqual(goals.most_accurate(max_latency_ms=12, target="x86").document(),
                         {"objectives": ["map_50_95"], "constraints": [{"metric": "latency_ms", "max": 12, "target": "x86"}]})
        both = goals.keep_class("crack").where("bytes", max=1e6)
        self.assertEqual(both.document(), {"objectives": ["class:crack", "latency_ms"], "constraints": [{"metric": "bytes", "max": 1e6}]})

    def test_points_lost_are_a_bound_once_the_original_is_known(self):
        front = read(documents.Front, answer("front"))
        for original in (front, front.original, front.original.map):
            [bound] = goals.fastest(max_lost=1.0, original=original).constraints
            self.assertAlmostEqual(bound["min"], front.original.map - 0.01)
        with self.assertRaisesRegex(ValueError, "front.fastest"):
            goals.fastest(max_lost=1.0)
        with self.assertRaises(ValueError):
            goals.smallest()

    def test_what_is_not_said_is_not_in_a_job_document(self):
        handle, seen = replies(httpx.Response(201, json=answer("job")))
        job = client_of(handle).submit("boards", "photos", ["x86"], trials=8)
        self.assertEqual(json.loads(seen[0].content), {"model": "boards", "dataset": "photos", "targets": ["x86"], "budget": {"trials": 8}})
        self.assertTrue(seen[0].headers["Idempotency-Key"].startswith("pare-"))
        member = read(documents.Front, answer("front"))[0]
        client_of(handle).submit("boards", "photos", ["x86"], begin_with=[member, job, "ab" * 32, {"version": 1}], transfer=3, measure=16,
                                 held_back=0.0, try_preprocessings=False, goal=goals.fastest(min_map=0.4), seed=0)
        said = json.loads(seen[-1].content)
        self.assertEqual(said["begin_with"], [{"sha256": member.plan_sha256}, {"front_of": job.id}, {"sha256": "ab" * 32},
                                              {"plan": {"version": 1}}])
        self.assertEqual(said["transfer"], {"from": 3, "measure": 16})
        self.assertEqual(said["validation"], {"held_back": 0.0, "try_preprocessings": False})
        self.assertEqual((said["seed"], said["objectives"]), (0, ["latency_ms"]))
        with self.assertRaises(TypeError):
            client_of(handle).submit("boards", "photos", "x86")


class Answers(unittest.TestCase):
    def test_each_refusal_has_its_class(self):
        kinds = {400: pare.Invalid, 401: pare.Unauthenticated, 403: pare.Forbidden, 404: pare.NotFound, 409: pare.Conflict,
                 413: pare.Invalid, 422: pare.Unsupported, 429: pare.TooManyRequests, 418: pare.Invalid}
        for status, kind in kinds.items():
            problem = {"title": "No", "status": status, "detail": "there is no such thing", "field": "model", "value": "x"}
            handle, _ = replies(httpx.Response(status, json=problem))
            with self.assertRaises(kind) as caught:
                client_of(handle).models.get("x")
            self.assertIs(type(caught.exception), kind)
            self.assertIsInstance(caught.exception, pare.Refused)
            self.assertEqual((caught.exception.status, caught.exception.field, caught.exception.value), (status, "model", "x"))
            self.assertIn("there is no such thing", str(caught.exception))

    def test_who_answers_without_json_is_another_service(self):
        handle, _ = replies(httpx.Response(200, text="<html>"))
        with self.assertRaises(pare.Unexpected):
            client_of(handle).health()

    def test_health_says_what_is_wrong_and_is_no_exception(self):
        handle, _ = replies(httpx.Response(503, json={"status": "unavailable", "database": "away", "reason": "no route"}))
        self.assertEqual(client_of(handle).health().database, "away")

    def test_a_failed_job_and_comparison_say_why(self):
        failed = {**answer("job"), "state": "failed", "reason": "the original finds nothing"}

        def handle(request):
            return httpx.Response(200, json=answer("front") if "/fronts/" in request.url.path else failed)
        with self.assertRaisesRegex(pare.JobFailed, "failed: the original finds nothing") as caught:
            client_of(handle).jobs.get(1).wait()
        self.assertEqual(caught.exception.job.state, "failed")
        lost = {**answer("comparison"), "state": "failed", "reason": "no worker", "result": None}
        handle, _ = replies(httpx.Response(200, json=lost))
        with self.assertRaisesRegex(pare.ComparisonFailed, "no worker"):
            client_of(handle).comparisons.get(1).wait()

    def test_waiting_ends_when_it_is_told_to_and_the_job_goes_on(self):
        def handle(request):
            return httpx.Response(200, json=answer("front") if "/fronts/" in request.url.path else {**answer("job"), "state": "searching"})
        with self.assertRaises(pare.TimedOut) as caught:
            client_of(handle).jobs.get(1).wait(timeout=0)
        self.assertIsInstance(caught.exception, TimeoutError)


class Patience(unittest.TestCase):
    busy = httpx.Response(503, json={"detail": "the database is away"})
    good = httpx.Response(200, json={"access": "open", "scopes": []})

    def test_what_does_no_harm_twice_is_asked_again(self):
        for failure in (self.busy, httpx.ConnectError("refused"), httpx.RemoteProtocolError("closed"), httpx.Response(429, json={})):
            handle, seen = replies(failure, self.good)
            self.assertEqual(client_of(handle, patience=1.0).whoami().access, "open")
            self.assertEqual(len(seen), 2)

    def test_patience_has_an_end(self):
        handle, seen = replies(self.busy)
        with self.assertRaisesRegex(pare.Unavailable, "the database is away"):
            client_of(handle).whoami()
        self.assertEqual(len(seen), 1)
        pauses, spent = [], 0.0
        while (pause := _requests.pause_before(len(pauses) + 1, spent, 30.0)) is not None:
            pauses.append(pause)
            spent += pause
        self.assertEqual(pauses[:6], [0.25, 0.5, 1.0, 2.0, 4.0, 4.0])
        self.assertLessEqual(spent, 30.0)

    def test_what_may_have_been_heard_is_not_said_twice(self):
        once = _requests.Request("POST", "/v1/tokens", body={})
        keyed = _requests.Request("POST", "/v1/jobs", body={}, key="pare-1")
        self.assertFalse(_requests.should_repeat(once, None, sent=True))
        self.assertTrue(_requests.should_repeat(once, None, sent=False))
        self.assertFalse(_requests.should_repeat(once, 503, sent=True))
        self.assertTrue(_requests.should_repeat(keyed, None, sent=True))
        self.assertTrue(_requests.should_repeat(keyed, 503, sent=True))
        self.assertFalse(_requests.should_repeat(keyed, 422, sent=True))
        self.assertFalse(_requests.should_repeat(keyed, 500, sent=True))
        self.assertTrue(_requests.should_repeat(_requests.Request("POST", "/v1/jobs/1/predict", body={}, reads=True), 503, sent=True))

    def test_a_job_that_is_submitted_again_bears_the_same_key(self):
        handle, seen = replies(httpx.ReadTimeout("slow"), httpx.Response(200, json=answer("job")))
        client_of(handle, patience=1.0).submit("boards", "boards", ["x86"])
        self.assertEqual(len({request.headers["Idempotency-Key"] for request in seen}), 1)
        self.assertEqual(len(seen), 2)


class Settings(unittest.TestCase):
    def test_arguments_come_before_the_environment(self):
        self.assertEqual(_settings.settings(None, None, 30, {}).url, "http://127.0.0.1:7070")
        there = {"PARE_URL": "https://pare.example.com/", "PARE_TOKEN": "a"}
        self.assertEqual(_settings.settings(None, None, 30, there).url, "https://pare.example.com")
        self.assertEqual(_settings.settings(None, None, 30, there).token, "a")
        self.assertEqual(_settings.settings("http://h:1", "b", 30, there).token, "b")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "token")
            file.write_text("from-a-file\n", encoding="utf-8")
            self.assertEqual(_settings.settings(None, None, 30, {"PARE_TOKEN_FILE": str(file)}).token, "from-a-file")
            with self.assertRaisesRegex(ValueError, "PARE_TOKEN_FILE: cannot read .*nowhere"):
                _settings.settings(None, None, 30, {"PARE_TOKEN_FILE": str(pathlib.Path(folder, "nowhere"))})

    def test_what_is_no_address_is_refused_with_its_value(self):
        for url in ("pare.example.com", "ftp://h", "http://", "http://h/v1", "http://u:p@h"):
            with self.assertRaisesRegex(ValueError, url):
                pare.Client(url)

    def test_a_token_is_shown_and_never_printed(self):
        handle, seen = replies(Patience.good)
        client = client_of(handle)
        client.whoami()
        self.assertEqual(seen[0].headers["Authorization"], "Bearer secret")
        self.assertNotIn("secret", repr(client) + repr(client.transport.settings))


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_a_download_appears_whole_or_not_at_all(self):
        content = b"onnx" * 1000
        candidate = {**answer("candidate"), "sha256": hashlib.sha256(content).hexdigest()}

        def handle_with(sent):
            def handle(request):
                return httpx.Response(200, content=sent) if request.url.path.endswith("/file") else httpx.Response(200, json=candidate)
            return handle
        place = self.folder / "small.onnx"
        with self.assertRaisesRegex(pare.Damaged, "small.onnx has the SHA-256"):
            client_of(handle_with(content[:-1])).download(candidate["sha256"], place)
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(client_of(handle_with(content)).download(candidate["sha256"], place), place)
        self.assertEqual(place.read_bytes(), content)
        into = client_of(handle_with(content)).download(candidate["sha256"], self.folder)
        self.assertEqual(into, self.folder / f"{candidate['sha256'][:10]}.onnx")
        self.assertEqual(len(list(self.folder.iterdir())), 2)

    def test_a_download_that_breaks_off_is_asked_for_again_from_the_start(self):
        content = b"onnx" * 200_000
        candidate = {**answer("candidate"), "sha256": hashlib.sha256(content).hexdigest()}

        def half():
            yield content[:600_000]
            raise httpx.ReadError("the connection broke")
        bodies = [half(), iter([content])]

        def handle(request):
            if request.url.path.endswith("/file"):
                return httpx.Response(200, content=bodies.pop(0))
            return httpx.Response(200, json=candidate)
        path = client_of(handle, patience=1.0).download(candidate["sha256"], self.folder / "a.onnx")
        self.assertEqual((path.read_bytes(), bodies), (content, []))

    def test_a_report_is_of_the_kind_that_its_name_says(self):
        asked = []

        def handle(request):
            if "report" not in request.url.path:
                return httpx.Response(200, json=answer("comparison"))
            asked.append(request.url.path)
            return httpx.Response(200, text="<p>B is faster</p>")
        comparison = client_of(handle).comparisons.get(1)
        self.assertEqual(comparison.report(self.folder / "a.html").read_text(encoding="utf-8"), "<p>B is faster</p>")
        comparison.report(self.folder / "a.md")
        self.assertEqual(asked, [f"/v1/comparisons/{comparison.id}/report.html", f"/v1/comparisons/{comparison.id}/report.md"])
        with self.assertRaisesRegex(ValueError, "a.pdf"):
            comparison.report(self.folder / "a.pdf")

    def test_what_broke_off_begins_anew(self):
        with Landing(self.folder / "a", hashlib.sha256(b"right").hexdigest()) as landing:
            landing.write(b"rig")
            landing.restart()
            landing.write(b"right")
            landing.keep()
        self.assertEqual((self.folder / "a").read_bytes(), b"right")

    def images(self):
        for name in ("c/a.jpg", "c/sub/b.PNG", "c/.hidden.jpg", "c/notes.txt", "v/z.jpg", f"v/{'n' * 110}.jpg", "v/höhe.jpg", "v/jpeg"):
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"\xff\xd8\xff" + name.encode() * 100 if "notes" not in name else b"text")
        (self.folder / "l.json").write_text("{}", encoding="utf-8")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            archive = _sources.dataset_archive(self.folder / "c", self.folder / "v", self.folder / "l.json")
        return archive, [str(warning.message) for warning in caught]

    def test_an_archive_holds_the_images_by_their_names(self):
        archive, notes = self.images()
        content = b"".join(archive.blocks())
        self.assertEqual(len(content), archive.size)
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            names = tar.getnames()
            self.assertEqual(names, ["labels.json", "calibration/a.jpg", "calibration/b.PNG", "validation/höhe.jpg", "validation/jpeg",
                                     f"validation/{'n' * 110}.jpg", "validation/z.jpg"])
            self.assertEqual(tar.extractfile("validation/z.jpg").read(), (self.folder / "v/z.jpg").read_bytes())
        self.assertEqual(notes, ["1 in the calibration folder not taken for images, left out: notes.txt"])
        self.assertEqual(b"".join(archive.blocks()), content, "read twice, the same")

    def test_folders_without_images_and_names_that_stand_there_twice_are_refused(self):
        self.images()
        (self.folder / "c/sub/a.jpg").write_bytes(b"\xff\xd8\xff")
        with self.assertRaisesRegex(ValueError, "two images have one name"):
            _sources.dataset_archive(self.folder / "c", self.folder / "v")
        with self.assertRaises(FileNotFoundError):
            _sources.dataset_archive(self.folder / "nowhere", self.folder / "v")
        (self.folder / "empty").mkdir()
        with self.assertRaisesRegex(ValueError, "no images"):
            _sources.dataset_archive(self.folder / "empty", self.folder / "v")

    def test_a_file_that_changes_under_way_is_an_error(self):
        file = self.folder / "m.onnx"
        file.write_bytes(b"x" * 100)
        source = _sources.file_source(file)
        file.write_bytes(b"x" * 99)
        with self.assertRaisesRegex(OSError, "changed while it was read"):
            list(source.blocks())

    def test_an_upload_is_named_first_and_sent_once(self):
        content = b"model" * 100_000
        (self.folder / "m.onnx").write_bytes(content)
        sent = {}

        def handle(request):
            if request.method == "HEAD":
                return httpx.Response(404)
            if request.url.path == "/healthz":
                return httpx.Response(200, json={"status": "ok", "max_blob_bytes": 1 << 20})
            sent[request.url.path] = request.read()
            self.assertEqual(request.headers["Content-Length"], str(len(content)))
            self.assertNotIn("Transfer-Encoding", request.headers)
            return httpx.Response(201, json={})
        heard = []
        sha256 = client_of(handle).upload(self.folder / "m.onnx", progress=lambda gone, all: heard.append((gone, all)))
        self.assertEqual(sent, {f"/v1/blobs/{hashlib.sha256(content).hexdigest()}": content})
        self.assertEqual(sha256, hashlib.sha256(content).hexdigest())
        self.assertEqual(heard[-1], (len(content), len(content)))
        handle, seen = replies(httpx.Response(200))
        client_of(handle).upload(self.folder / "m.onnx")
        self.assertEqual([request.method for request in seen], ["HEAD"], "what is there is not sent")


class Pages(unittest.TestCase):
    def test_lists_are_read_as_far_as_they_are_asked_for(self):
        one = answer("comparison")
        first, last = {"items": [one, one], "next": "2"}, {"items": [one]}
        handle, seen = replies(httpx.Response(200, json=first), httpx.Response(200, json=last))
        comparisons = client_of(handle).comparisons.list()
        next(comparisons)
        self.assertEqual(len(seen), 1)
        self.assertEqual(len(list(comparisons)), 2)
        self.assertEqual([request.url.params.get("cursor") for request in seen], [None, "2"])


class Shown(unittest.TestCase):
    def setUp(self):
        self.job = read(documents.JobDocument, answer("job"))
        self.front = read(documents.Front, answer("front"))

    def test_a_notebook_shows_state_sentence_front_and_table_without_script(self):
        hostile = read(documents.JobDocument, {**answer("job"), "warnings": ["<script>alert(1)</script>\x1b[31m"]})
        shown = _html.job(hostile, [self.front])
        for part in ("succeeded", "<svg", "<table", _html._escaped(hostile.sentences[0])):
            self.assertIn(part, shown)
        self.assertNotIn("<script", shown)
        self.assertNotIn("\x1b", shown)
        self.assertEqual(shown.count("<circle"), len({m.plan_sha256 for m in self.front} | {self.front.original.plan_sha256}))
        self.assertEqual(_html.front_svg(documents.Front(0.0, ())), "")

    def test_axes_have_round_ticks_inside(self):
        for values in ([1.0, 1.05], [0.2, 300.0], [5.0, 5.0], [0.0, 0.0], [33.1, 48.2]):
            for logarithmic in (True, False):
                axis = _html._Axis(values, 0.0, 100.0, logarithmic)
                self.assertTrue(all(-1e-6 <= axis.at(tick) <= 100 + 1e-6 for tick in axis.ticks()), (values, axis.ticks()))
                self.assertTrue(1 <= len(axis.ticks()) <= 20, (values, axis.ticks()))

    def test_a_terminal_is_drawn_over_and_a_pipe_is_not(self):
        for display, escapes in ((Terminal, True), (Lines, False)):
            out = io.StringIO()
            with display(out) as shown:
                for _ in range(3):
                    shown.show(self.job, [])
                shown.end(self.job, [])
            self.assertEqual("\x1b" in out.getvalue(), escapes)
            self.assertEqual(out.getvalue().count(f"job {self.job.id}"), 3 if escapes else 1)
            self.assertIn(self.job.sentences[0], out.getvalue())

    def test_a_pipe_hears_of_changes_at_once_and_else_seldom(self):
        out = io.StringIO()
        lines = Lines(out)

        def told(**changes):
            before = out.getvalue().count("\n")
            lines.show(dataclasses.replace(self.job, **changes), [])
            return out.getvalue().count("\n") - before
        self.assertEqual(told(state="searching", seconds_left=100.0), 1)
        self.assertEqual(told(state="searching", seconds_left=99.0), 0, "too soon")
        lines._told -= 11
        self.assertEqual(told(state="searching", seconds_left=98.0), 1)
        lines._told -= 11
        self.assertEqual(told(state="searching", seconds_left=98.0), 0, "nothing new")
        self.assertEqual(told(state="finishing", seconds_left=98.0), 1)

    def test_a_notebook_has_one_cell_that_is_replaced(self):
        calls = []

        class Handle:
            def update(self, bundle, raw):
                calls.append(("update", bundle))

        def display(bundle, raw, display_id):
            calls.append(("display", bundle))
            return Handle()
        with Notebook(display) as shown:
            shown.show(self.job, [self.front])
            shown.end(self.job, [self.front])
        self.assertEqual([kind for kind, _ in calls], ["display", "update"])
        self.assertIn("<svg", calls[0][1]["text/html"])

    def test_words_are_those_of_the_command_line(self):
        self.assertEqual(_text.milliseconds(0.581) + " " + _text.milliseconds(12.34) + " " + _text.milliseconds(123.4), "0.58 12.3 123")
        self.assertEqual([_text.byte_size(n) for n in (12, 2048, 5 << 20, 3 << 30)], ["12 B", "2.0 KiB", "5.00 MiB", "3.00 GiB"])
        self.assertEqual([_text.duration(s) for s in (5, 65, 3700)], ["5 s", "1 min 05 s", "1 h 01 min"])
        self.assertEqual(_text.bar(0.5, 4), "██░░")
        self.assertEqual(len(_text.bar(0.51, 24)), 24)
        self.assertEqual(_text.accuracy_name("teacher"), "teacher mAP")
        self.assertEqual(_text.plain("a\x1b[0mb"), "a?[0mb")


class Both(unittest.TestCase):
    def test_the_sync_client_is_what_is_made_of_the_async_one(self):
        done = subprocess.run([sys.executable, PYTHON / "make_sync.py", "--check"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_the_same_question_has_the_same_answer(self):
        def handle(request):
            return httpx.Response(200, json=answer("front") if "/fronts/" in request.url.path else answer("job"))

        async def asked():
            http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
            async with pare.AsyncClient(URL, http=http) as client:
                job = await client.jobs.get(1)
                documents = [document async for document in job.follow()]
                return job.document, await job.front(job.targets[0]), documents
        job = client_of(handle).jobs.get(1)
        self.assertEqual(asyncio.run(asked()), (job.document, job.front(job.targets[0]), list(job.follow())))

    def test_the_licence_is_the_projects(self):
        self.assertEqual((PYTHON / "LICENSE").read_bytes(), (PYTHON.parent / "LICENSE").read_bytes())


if __name__ == "__main__":
    unittest.main(verbosity=2)
