"""What every Python is asked: the installed client on a service whose job JOB has ended.    everywhere.py JOB TARGET"""
import asyncio
import pathlib
import sys
import tempfile

import pare
from pare import goals


def sync(number, target):
    with pare.Client() as client:
        job = client.jobs.get(number).wait()
        front = job.front(target)
        with tempfile.TemporaryDirectory() as folder:
            path = client.download(front[0], folder)
            assert path.stat().st_size == front[0].bytes, path
            assert [file.name for file in pathlib.Path(folder).iterdir()] == [path.name]
        try:
            client.submit("boards", "boards", ["nobody"], goal=goals.fastest(max_lost=1.0, original=front))
        except pare.Unsupported as problem:
            assert problem.status == 422, problem
        assert "<svg" in job._repr_html_()
        return job.document, front, list(job.trials()), list(client.models.list())


async def asynchronous(number, target):
    async with pare.AsyncClient() as client:
        job = await (await client.jobs.get(number)).wait()
        trials = [trial async for trial in job.trials()]
        return job.document, await job.front(target), trials, [model async for model in client.models.list()]


if __name__ == "__main__":
    asked = int(sys.argv[1]), sys.argv[2]
    assert sync(*asked) == asyncio.run(asynchronous(*asked)), "sync and async differ"
    print(f"Python {sys.version.split()[0]}: pare {pare.__version__} reads job {asked[0]}")
