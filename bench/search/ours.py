"""Pare's strategies, asked over two pipes (ask_tell.cpp)."""
import json
import subprocess


class AskTell:
    def __init__(self, program, problem, strategy, seed, **more):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._send({"strategy": strategy, "seed": seed, "only": [list(g) for g in problem.only],
                    "decisions": [{"ordered": d.ordered, "choices": d.choices} for d in problem.decisions], **more})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def _send(self, document):
        self.process.stdin.write(json.dumps(document) + "\n")
        self.process.stdin.flush()

    def ask(self, count):
        self._send({"ask": count})
        return [tuple(g) for g in json.loads(self.process.stdout.readline())["genomes"]]

    def tell(self, observations):
        """[(genome, [(objectives, violations) or None, one a target])]"""
        self._send({"tell": [{"genome": list(genome),
                              "targets": [on and {"objectives": list(on[0]), "violations": list(on[1])} for on in measured]}
                             for genome, measured in observations]})
        self.process.stdout.readline()


def run(program, strategy, batch):
    def search(problem, evaluate, seed):
        with AskTell(program, problem, strategy, seed) as ours:
            while genomes := ours.ask(batch):
                ours.tell([(genome, evaluate(genome)) for genome in genomes])
    return search
