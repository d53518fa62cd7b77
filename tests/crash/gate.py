"""Stops a process of ours at the door of a system call, so that a test can kill it there, or go on when it likes.

A library that is loaded before all others stands at the doors. A gate is a file PROGRAM.CALL that holds a part of a path:
the first process that comes with such a path makes it PROGRAM.CALL.reached, and waits until that is gone.
"""
import os
import re
import signal
import subprocess
from pathlib import Path

from mta import Mta, poll

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REAL(type, name, ...)	((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

static void
stand(const char *reached)
{
	int fd = REAL(int, open, const char *, int, ...)(reached, O_WRONLY | O_TRUNC);

	if (fd != -1) {
		dprintf(fd, "pid %d\n", (int)getpid());
		close(fd);
	}
	while (access(reached, F_OK) == 0)
		usleep(1000);
}

static void
pass(const char *call, const char *path)
{
	char gate[PATH_MAX], reached[PATH_MAX + 16], part[PATH_MAX] = "";
	const char *directory = getenv("GATES");
	int saved = errno, fd;
	ssize_t n;

	if (directory == NULL)
		return;
	snprintf(gate, sizeof(gate), "%s/%s.%s", directory, program_invocation_short_name, call);
	snprintf(reached, sizeof(reached), "%s.reached", gate);
	if ((fd = REAL(int, open, const char *, int, ...)(gate, O_RDONLY)) != -1) {
		n = read(fd, part, sizeof(part) - 1);
		close(fd);
		if (n > 0 && strstr(path, part) != NULL && rename(gate, reached) == 0)
			stand(reached);
	}
	errno = saved;
}

static void
pass_descriptor(const char *call, int fd)
{
	char link[64], path[PATH_MAX] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) > 0)
		pass(call, path);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	pass("open", path);
	return REAL(int, open, const char *, int, ...)(path, flags, mode);
}

int
unlink(const char *path)
{
	pass("unlink", path);
	return REAL(int, unlink, const char *)(path);
}

int
fsync(int fd)
{
	pass_descriptor("fsync", fd);
	return REAL(int, fsync, int)(fd);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	pass_descriptor("pwrite", fd);
	return REAL(ssize_t, pwrite, int, const void *, size_t, off_t)(fd, data, len, at);
}

int
accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
	pass_descriptor("accept4", fd);
	return REAL(int, accept4, int, struct sockaddr *, socklen_t *, int)(fd, from, size, flags);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at) __attribute__((alias("pwrite")));

int
__open64_2(const char *path, int flags)
{
	return open(path, flags, 0);
}
"""


class Gates:
    """The gates of an instance that is not started yet."""

    def __init__(self, mta: Mta) -> None:
        self.mta, self.directory = mta, mta.dir / "gates"
        self.directory.mkdir()
        self.directory.chmod(0o1777 & ~0o1000)
        library, source = mta.dir / "gates.so", mta.dir / "gates.c"
        source.write_text(SOURCE)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"],
                       check=True)
        mta.configure(sandbox="no", import_environment=f"LD_PRELOAD={library} GATES={self.directory} MAIL_CONFIG")

    def arm(self, program: str, call: str, part: str) -> None:
        """The next process of this program that makes this call on such a path stops before it."""
        new = self.directory / "new"
        new.write_text(part)
        new.chmod(0o666)
        new.rename(self.directory / f"{program}.{call}")

    def wait(self, program: str, call: str) -> int:
        """Until somebody stands there; its pid."""
        path = self.directory / f"{program}.{call}.reached"
        found = poll(lambda: path.exists() and re.match(r"pid (\d+)\n", path.read_text()), 20, f"{program} at {call}")
        return int(found[1])

    def release(self, program: str, call: str) -> None:
        """Go on."""
        (self.directory / f"{program}.{call}.reached").unlink()

    def kill(self, program: str) -> None:
        """kill -9 for all processes of this program, and wait for their end."""
        pids = self.mta.children(program)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        poll(lambda: not set(pids) & set(self.mta.children(program)), 10, f"the end of {program}")
