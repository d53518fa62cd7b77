/*
 * buf: bytes that grow. It owns them, may hold any byte, and always ends in a NUL that is not counted, so that buf_c()
 * may be handed to a system call. Growing never fails (see mem.h); sizes named by a peer are bounded before use.
 */
#ifndef UTIL_TEXT_BUF_H
#define UTIL_TEXT_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/mem.h"
#include "util/text/view.h"

struct buf {
	char *data;		/* NULL until the first byte */
	size_t len;		/* without the NUL */
	size_t cap;		/* allocated */
};

#define BUF_INIT	{ NULL, 0, 0 }

static inline struct view
buf_view(const struct buf *b)
{
	return (struct view){ b->data, b->len };
}

static inline const char *
buf_c(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

static inline void
buf_reset(struct buf *b)		/* empty; the memory stays */
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void	 buf_init(struct buf *b);
void	 buf_fini(struct buf *b);				/* frees; the buf may be used again */
void	 buf_wipe(struct buf *b);				/* for secrets: overwrites, then frees */
char	*buf_detach(struct buf *b);				/* gives the bytes away: mem_free() them */
void	 buf_swap(struct buf *a, struct buf *b);

char	*buf_reserve(struct buf *b, size_t more);		/* room for `more` bytes behind the end; then buf_added() */
void	 buf_added(struct buf *b, size_t n);
void	 buf_truncate(struct buf *b, size_t len);		/* len <= b->len */
void	 buf_remove(struct buf *b, size_t at, size_t n);	/* a range inside */
void	 buf_insert(struct buf *b, size_t at, struct view v);

void	 buf_put(struct buf *b, const void *data, size_t len);
void	 buf_putc(struct buf *b, char c);
void	 buf_puts(struct buf *b, const char *s);
void	 buf_putv(struct buf *b, struct view v);
void	 buf_putn(struct buf *b, char c, size_t n);
void	 buf_putu(struct buf *b, unsigned long long n);		/* decimal */
void	 buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void	 buf_vprintf(struct buf *b, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
void	 buf_set(struct buf *b, struct view v);			/* replaces all */
void	 buf_lower(struct buf *b);				/* ASCII letters only */

/*
 * The reason for a failure goes to the last argument of the function that failed, which may be NULL. why_set()
 * replaces what it holds, and keeps errno.
 */
void	 why_set(struct buf *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
