"""Documents in words, as the command line says them: pure, no terminal."""
from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List, Optional, Sequence, Union

if TYPE_CHECKING:
    from .documents import Front, HeldBack, JobDocument, Member

_EIGHTHS = " ▏▎▍▌▋▊▉"


def accuracy_name(labels: Optional[str]) -> str:
    """What an accuracy is, by what it was scored against: plain mAP is against the dataset's labels."""
    return {"teacher": "teacher mAP", "raw_outputs": "agreement"}.get(labels or "", "mAP")


def milliseconds(ms: float) -> str:
    return f"{ms:.{0 if ms >= 100 else 1 if ms >= 10 else 2}f}"


def byte_size(count: float) -> str:
    if count < 1024:
        return f"{count:.0f} B"
    for unit, places in (("KiB", 1), ("MiB", 2)):
        count /= 1024
        if count < 1024:
            return f"{count:.{places}f} {unit}"
    return f"{count / 1024:.2f} GiB"


def duration(seconds: float) -> str:
    total = round(max(0.0, seconds))
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60:02} s"
    return f"{total // 3600} h {total // 60 % 60:02} min"


def bar(share: float, columns: int = 24) -> str:
    eighths = round(min(max(share, 0.0), 1.0) * columns * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(columns, "░")


def plain(text: str) -> str:
    """Without control characters: names and messages come from files of strangers."""
    return "".join("?" if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in text)


def _map(value: float, low: Optional[float], high: Optional[float]) -> str:
    return f"{100 * value:.2f}" + ("" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]")


def lost(figures: Union[Member, HeldBack], accuracy: str) -> str:
    out = f"{figures.map_lost or 0:.1f} {accuracy} points lost"
    if figures.map_lost_low is None or figures.map_lost_high is None:
        return out
    return out + f" [{figures.map_lost_low:.1f}, {figures.map_lost_high:.1f}]"


def latency(member: Member) -> str:
    interval = f"[{milliseconds(member.latency_low_ms)}, {milliseconds(member.latency_high_ms)}]"
    return f"{milliseconds(member.latency_ms)} ms {interval}" + (" ?" if member.latency_suspect else "")


def member_line(member: Member) -> str:
    accuracy = f"{accuracy_name(member.labels)} {_map(member.map, member.map_low, member.map_high)} ({member.images} images)"
    return " · ".join([member.plan_sha256[:10], latency(member), accuracy, f"{member.speedup:.2f}x",
                       f"sure {100 * member.sure:.0f} %", plain(member.description)])


def front_cells(front: Front) -> List[List[str]]:
    """The head, then a row a member; the original bears a `=`."""
    held_back = any(m.held_back for m in front.members)
    name = accuracy_name(front.labels)
    head = ["plan", f"{name} (images)", "lost", *(["on images that chose nothing"] if held_back else []), "latency", "speedup", "sure",
            "size", "what"]
    rows = [head]
    for m in front.members:
        there = m.held_back
        other = "-" if there is None else f"{_map(there.map, there.map_low, there.map_high)} ({there.images})"
        original = front.original is not None and m.plan_sha256 == front.original.plan_sha256
        rows.append([("= " if original else "") + m.plan_sha256[:10], f"{_map(m.map, m.map_low, m.map_high)} ({m.images})",
                     f"{m.map_lost:.2f}", *([other] if held_back else []), latency(m), f"{m.speedup:.2f}x", f"{100 * m.sure:.0f} %",
                     byte_size(m.bytes), plain(m.description)])
    return rows


def front_title(front: Front) -> str:
    where = plain(front.target) if front.target else "all targets"
    out = f"{where}: {len(front.members)} on the front, hypervolume {front.hypervolume:.4f}"
    return out + (f", {front.hidden} hidden" if front.hidden else "")


def front_table(front: Front) -> str:
    return "\n".join([front_title(front), *_aligned(front_cells(front))])


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[:-1], widths)]
        yield "  ".join([*cells, row[-1]]).rstrip()


def offers(job: JobDocument) -> Iterator[str]:
    """For each target: the fastest at no more than 1.0 point lost, by the images that chose nothing where there are some."""
    name = accuracy_name(job.labels)
    for best in job.best or ():
        member = best.fastest
        if member is None:
            continue
        if member.speedup <= 1.0:
            yield f"{plain(best.target)}: nothing faster than the original within 1.0 {name} point"
            continue
        words = lost(member, name)
        there = member.held_back
        if there is not None and there.map_lost is not None:
            words = f"{lost(there, name)} on {there.images} images that chose nothing ({member.map_lost:.1f} on those that chose it)"
        yield f"{plain(best.target)}: {member.speedup:.2f} times faster, {words}: plan {member.plan_sha256[:10]}"


def progress(job: JobDocument) -> str:
    """One line: how far a job is, what is under way and what it waits for."""
    ended = job.trials.finished + job.trials.failed
    out = f"job {job.id} {job.state:<10} {bar(job.progress)} {100 * job.progress:3.0f} %  {ended}/{job.budget.trials} trials"
    if job.trials.failed:
        out += f", {job.trials.failed} failed"
    if job.seconds_left is not None:
        out += f", {duration(job.seconds_left)} left"
    if job.tuning is not None:
        out += f", {job.tuning.ended}/{len(job.tuning.members)} tuned"
    for task in job.under_way:
        out += f"; {task.kind} {100 * task.progress:.0f} %" + (f": {plain(task.message)}" if task.message else "")
    if job.waiting:
        out += f"; waits: {plain(job.waiting[0].reason)}"
    return out


def progress_key(job: JobDocument) -> str:
    """What must be told at once when it changes, where nobody draws over a line."""
    ended = job.trials.finished + job.trials.failed
    twentieth = 20 * ended // max(20, job.budget.trials)
    return f"{job.state} {twentieth} {[task.kind for task in job.under_way]} {[wait.reason for wait in job.waiting]}"
