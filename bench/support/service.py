"""A running service, asked over REST; whatever it refuses ends the bench with its reason."""
import json
import sys
import urllib.error
import urllib.request

URL = "http://127.0.0.1:7070"


def first_latency(outcome):
    """As the search saw it, before its front was measured once more; None: it was not timed."""
    return outcome.get("first_latency_ms", outcome.get("latency_ms"))


class Service:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def ask(self, path, body=None):
        request = urllib.request.Request(self.url + path, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            sys.exit(f"bench: {path}: {refused.read().decode()[:500]}")
        except urllib.error.URLError as away:
            sys.exit(f"bench: nobody answers at {self.url}: {away.reason}")

    def trials(self, job):
        found, path = [], f"/v1/jobs/{job}/trials?limit=1000"
        while path:
            page = self.ask(path)
            found += page["items"]
            path = page.get("next") and f"/v1/jobs/{job}/trials?limit=1000&cursor={page['next']}"
        return found
