/*
 * texts: what man/parameters says about each parameter (the README there has the format). An entry's views point into
 * the texts and live as long.
 */
#ifndef MANUAL_TEXTS_H
#define MANUAL_TEXTS_H

#include "util/base/arena.h"
#include "util/base/list.h"
#include "util/text/buf.h"

struct text {
	struct list link;		/* in texts.entries */
	struct view name;
	struct view programs;		/* "smtp(8) postconf(1)", or "daemons", or "all" */
	struct view summary;		/* whole lines: the first sentence */
	struct view body;		/* whole lines, the summary among them */
	const char *file;
	int line;
};

struct texts {
	struct list entries;
	struct arena arena;
};

bool		 texts_load(struct texts *texts, const char *directory, struct buf *why);
void		 texts_fini(struct texts *texts);
const struct text *texts_find(const struct texts *texts, struct view name);	/* the first; NULL: none */
/* Takes the next word of a list of programs; "smtp(8)" gives "smtp" and "8", a group's name an empty section. */
bool		 texts_program(struct view *list, struct view *name, struct view *section);
/* Is this parameter in the list of that program's page? Groups are in no list. */
bool		 text_names_program(const struct text *text, struct view name, struct view section);

#endif
