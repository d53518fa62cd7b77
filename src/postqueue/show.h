/*
 * show: the listing of the queue, for people (-p) or as JSON (-j).
 */
#ifndef POSTQUEUE_SHOW_H
#define POSTQUEUE_SHOW_H

#include "global/queue/listing.h"

enum show_style { SHOW_TEXT, SHOW_JSON };

struct show {
	enum show_style style;
	bool long_ids;
	size_t messages;
	unsigned long long bytes;
	struct buf out;
};

void	show_message(struct show *show, const struct listing_message *message);
void	show_end(struct show *show);		/* the last line of the text form; flushes */

#endif
