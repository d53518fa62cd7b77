"""Calls of the operating system that fail in a running process."""
import contextlib
import subprocess
from pathlib import Path
from typing import Iterator, Optional

from mta import poll


@contextlib.contextmanager
def fault_in(pid: int, fault: str, path: Optional[Path] = None) -> Iterator[None]:
    """CALL:error=E, or as strace has it, meanwhile; on one path, if need be."""
    where = ["-P", str(path)] if path else []
    with subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(pid), *where, "-e", f"trace={fault.partition(':')[0]}", "-e",
                           f"inject={fault}"]) as tracer:
        poll(lambda: f"TracerPid:\t{tracer.pid}\n" in Path(f"/proc/{pid}/status").read_text(), what="strace")
        try:
            yield
        finally:
            tracer.terminate()
