"""What deploy/ holds is what systemd, Compose, Kubernetes, Prometheus and Grafana read, and speaks of things that are there.

A part whose checker is not on this machine is skipped, and says which one that is."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import compose_spec
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not here")


def run(*words, cwd=ROOT):
    return subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=120, cwd=cwd)


def options_of(program):
    """The names after -- in its help; none where it is not built."""
    file = pathlib.Path(os.environ.get("PARE_BIN", "")) / program
    return set(re.findall(r"--[a-z-]+", run(file, "--help").stdout)) if file.is_file() else None


class Systemd(unittest.TestCase):
    def verify(self, text, name):
        """What systemd says of a unit whose program is not installed here."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / name
            file.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.M))
            return run("systemd-analyze", "verify", "--man=no", file).stderr

    @needs("systemd-analyze")
    def test_systemd_knows_every_word_of_the_units(self):
        for unit in [*UNITS, DEPLOY / "systemd/pare-backup.timer"]:
            said = [line for line in self.verify(unit.read_text(), unit.name).splitlines() if "pare" in line]
            self.assertEqual([line for line in said if "pare-backup.service" not in line or unit.suffix != ".timer"], [], unit.name)
        self.assertIn("NoNewPrivilege", self.verify(UNITS[0].read_text().replace("NoNewPrivileges", "NoNewPrivilege"), UNITS[0].name))

    @needs("systemd-analyze")
    def test_nothing_is_more_exposed_than_it_has_to_be(self):
        for unit in UNITS:
            judged = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit)
            self.assertEqual(judged.returncode, 0, judged.stdout)
        with tempfile.TemporaryDirectory() as folder:
            open_wide = pathlib.Path(folder) / "open.service"
            open_wide.write_text("[Service]\nExecStart=/bin/true\n")
            self.assertNotEqual(run("systemd-analyze", "security", "--offline=yes", "--threshold=20", open_wide).returncode, 0)


class Programs(unittest.TestCase):
    def test_they_are_started_with_options_that_they_have(self):
        texts = [path.read_text() for path in [*UNITS, *(DEPLOY / "systemd").glob("*.env"), *(DEPLOY / "container").glob("*"),
                                               *(DEPLOY / "kubernetes").rglob("*.yaml")] if path.is_file()]
        for program, start in (("pare-coordinator", r"bin/pare-coordinator\b"), ("pare-worker", r"bin/pare-worker\b|--name w\d|args: \[--coord|PARE_WORKER_OPTIONS=")):
            known = options_of(program)
            if known is None:
                self.skipTest(f"{program} is not built here")
            lines = [line for text in texts for line in text.splitlines() if re.search(start, line) and not line.startswith("COPY")]
            self.assertGreater(len(lines), 1)
            for line in lines:
                self.assertEqual(set(re.findall(r"--[a-z-]+", line)) - known, set(), line)


class Nginx(unittest.TestCase):
    @needs("nginx")
    @needs("openssl")
    def test_nginx_reads_its_file(self):
        with tempfile.TemporaryDirectory() as folder:
            made = run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/fullchain.pem",
                       "-subj", "/CN=pare.example.com")
            self.assertEqual(made.returncode, 0, made.stderr)
            text = (DEPLOY / "nginx/pare.conf").read_text().replace("/etc/ssl/pare", folder)
            temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            for content, fits in ((text, True), (text.replace("proxy_buffering", "proxy_bufering"), False)):
                pathlib.Path(folder, "nginx.conf").write_text(f"pid {folder}/pid; events {{}} http {{ access_log off; {temporary} {content} }}")
                said = run("nginx", "-t", "-c", f"{folder}/nginx.conf", "-e", "stderr")
                self.assertEqual(said.returncode == 0, fits, said.stderr)


class Compose(unittest.TestCase):
    text = (DEPLOY / "container/compose.yaml").read_text()

    def read(self, text):
        read = compose_spec.PyCompose.from_json(json.dumps(yaml.safe_load(text)))
        read.validate()

    def test_it_is_a_compose_file(self):
        self.read(self.text)

    def test_what_is_none_is_found(self):
        for right, wrong in (("secrets: [pgpass]", "secrets: [other]"), ("read_only: true", "readonly: true"),
                             ("condition: service_healthy", "condition: well")):
            with self.assertRaises(ValueError, msg=wrong):
                self.read(self.text.replace(right, wrong))

    def test_what_it_takes_from_the_tree_is_there(self):
        for service in yaml.safe_load(self.text)["services"].values():
            if "build" in service:
                self.assertTrue((ROOT / service["build"]["dockerfile"]).is_file())
        for file in DEPLOY.glob("container/Containerfile.*"):
            for path in re.findall(r"/opt/pare/((?:tools|worker)/\S+)", file.read_text()):
                self.assertTrue((ROOT / path).exists(), path)


class Kubernetes(unittest.TestCase):
    VERSIONS = ("1.29", "1.37")

    @classmethod
    def setUpClass(cls):
        files = [file for file in (DEPLOY / "kubernetes").rglob("*.yaml") if file.name != "kustomization.yaml"]
        cls.objects = [one for file in files for one in yaml.safe_load_all(file.read_text())]

    def of(self, kind):
        return [one for one in self.objects if one["kind"] == kind]

    def test_every_object_keeps_to_its_schema(self):
        self.assertGreater(len(self.objects), 10)
        for one in self.objects:
            for version in self.VERSIONS:
                kubernetes_validate.validate(one, version, strict=True)
        damaged = json.loads(json.dumps(self.of("Deployment")[0]).replace('"template"', '"templet"'))
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(damaged, self.VERSIONS[0], strict=True)

    @needs("kubectl")
    def test_the_example_is_rendered(self):
        rendered = run("kubectl", "kustomize", DEPLOY / "kubernetes/example")
        self.assertEqual(rendered.returncode, 0, rendered.stderr)
        objects = list(yaml.safe_load_all(rendered.stdout))
        self.assertEqual(len(objects), len(self.objects))
        for one in objects:
            kubernetes_validate.validate(one, self.VERSIONS[-1], strict=True)
            self.assertTrue(one["kind"] == "Namespace" or one["metadata"]["namespace"] == "pare")

    def test_what_is_probed_is_a_route(self):
        routes = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
        probes = [probe["httpGet"]["path"] for one in self.of("Deployment") for container in one["spec"]["template"]["spec"]["containers"]
                  for kind, probe in container.items() if kind.endswith("Probe")]
        self.assertEqual(sorted(probes), ["/livez", "/livez", "/readyz"])
        self.assertLessEqual(set(probes), set(routes))

    def test_what_is_named_is_there(self):
        pods = {one["metadata"]["name"]: one["spec"] for one in self.of("Deployment")}
        labels = [spec["template"]["metadata"]["labels"] for spec in pods.values()]
        wanted = [spec["selector"]["matchLabels"] for spec in pods.values()]
        wanted += [one["spec"]["selector"] for one in self.of("Service")]
        wanted += [one["spec"]["selector"]["matchLabels"] for one in self.of("PodDisruptionBudget")]
        wanted += [s["matchLabels"] for s in (one["spec"]["podSelector"] for one in self.of("NetworkPolicy")) if s]
        for selector in wanted:
            self.assertTrue(any(selector.items() <= one.items() for one in labels), selector)
        for scaler in self.of("HorizontalPodAutoscaler"):
            self.assertIn(scaler["spec"]["scaleTargetRef"]["name"], pods)
        secrets = {one["metadata"]["name"] for one in self.of("Secret")}
        named = set(re.findall(r"secretName: (pare-worker\S+?)[,}\s]|secretKeyRef: \{name: (\S+?),", (DEPLOY / "kubernetes/base/worker.yaml").read_text() +
                               (DEPLOY / "kubernetes/base/coordinator.yaml").read_text()))
        self.assertLessEqual({a or b for a, b in named}, secrets)
        for spec in pods.values():
            pod = spec["template"]["spec"]
            volumes = {volume["name"] for volume in pod["volumes"]}
            for container in pod["containers"]:
                self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)


class Monitoring(unittest.TestCase):
    rules = yaml.safe_load((DEPLOY / "prometheus/pare.rules.yml").read_text())
    dashboard = json.loads((DEPLOY / "grafana/pare.json").read_text())

    def rows(self):
        return [rule for group in self.rules["groups"] for rule in group["rules"]]

    def panels_expressions(self):
        asked = [target["expr"] for panel in self.dashboard["panels"] for target in panel["targets"]]
        return asked + [row["expr"] for row in self.dashboard["annotations"]["list"]]

    @needs("promtool")
    def test_prometheus_reads_the_rules_and_they_say_what_they_should(self):
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            for file in (DEPLOY / "prometheus").iterdir():
                shutil.copy(file, here)
            (here / "pare.token").write_text("pare_x")
            panels = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(self.panels_expressions())]
            (here / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": panels}]}))
            for words in (("check", "config", "prometheus.yml"), ("check", "rules", "panels.yml"), ("test", "rules", "pare.rules.test.yml")):
                said = run("promtool", *words, cwd=here)
                self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
            text = (here / "pare.rules.yml").read_text()
            (here / "pare.rules.yml").write_text(text.replace("> 0.05", "> 0.5"))
            self.assertNotEqual(run("promtool", "test", "rules", "pare.rules.test.yml", cwd=here).returncode, 0)

    def test_each_alert_has_its_place_in_the_runbook_and_a_test(self):
        headings = {line[4:].strip().lower() for line in (ROOT / "docs/operations.md").read_text().splitlines() if line.startswith("### ")}
        tests = (DEPLOY / "prometheus/pare.rules.test.yml").read_text()
        for rule in self.rows():
            if "alert" in rule:
                self.assertEqual(rule["annotations"]["runbook"], f"docs/operations.md#{rule['alert'].lower()}")
                self.assertIn(rule["alert"].lower(), headings)
                self.assertIn(f"runbook: docs/operations.md#{rule['alert'].lower()}", tests, "no test makes it fire")

    def test_series_and_states_that_are_asked_for_are_those_of_the_coordinator(self):
        given = "".join(file.read_text() for file in (ROOT / "coordinator/http").glob("*metrics.cpp"))
        given = set(re.findall(r'"(pare_[a-z_]+)"', given))
        expressions = [*self.panels_expressions(), *(rule["expr"] for rule in self.rows())]
        asked = {re.sub("_bucket$", "", name) for text in expressions for name in re.findall(r"\bpare_[a-z_]+", text)}
        self.assertGreater(len(asked), 6)
        self.assertEqual(asked - given, set())
        of_scaler = yaml.safe_load((DEPLOY / "kubernetes/base/worker.yaml").read_text().split("---")[-1])
        self.assertIn(of_scaler["spec"]["metrics"][0]["external"]["metric"]["name"], given)

    def test_panels_do_not_overlap_and_have_a_place_each(self):
        taken = set()
        for panel in self.dashboard["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells
        self.assertEqual(len({panel["id"] for panel in self.dashboard["panels"]}), len(self.dashboard["panels"]))

    def test_recorded_series_that_are_asked_for_are_recorded(self):
        recorded = {rule["record"] for rule in self.rows() if "record" in rule}
        asked = {name for text in [*self.panels_expressions(), *(rule["expr"] for rule in self.rows())]
                 for name in re.findall(r"\bpare:[a-z0-9_:]+", text)}
        self.assertEqual(asked - recorded, set())


if __name__ == "__main__":
    unittest.main()
