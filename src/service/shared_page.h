/*
 * shared_page: a page of memory that master shares with processes of one service. Its size can never change: whoever maps
 * it would die of that.
 */
#ifndef SERVICE_SHARED_PAGE_H
#define SERVICE_SHARED_PAGE_H

enum { SHARED_PAGE_SIZE = 4096 };

int	 shared_page_make(const char *name);	/* all zeros; -1: none, errno says why */
void	*shared_page_map(int fd);		/* NULL: this is no such page, or there is no memory */
void	 shared_page_unmap(void *page);		/* NULL is none */

#endif
