#include "service/shared_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int
shared_page_make(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1 || (ftruncate(fd, SHARED_PAGE_SIZE) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0))
		return fd;
	close(fd);
	return -1;
}

void *
shared_page_map(int fd)
{
	struct stat st;
	void *page;

	if (fstat(fd, &st) == -1 || st.st_size != SHARED_PAGE_SIZE)
		return NULL;
	page = mmap(NULL, SHARED_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? NULL : page;
}

void
shared_page_unmap(void *page)
{
	if (page != NULL)
		munmap(page, SHARED_PAGE_SIZE);
}
