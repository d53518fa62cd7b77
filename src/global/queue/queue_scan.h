/*
 * queue_scan: walks the files of a queue directory, hash levels included, a few at a time. Names that are no queue ids
 * are skipped.
 */
#ifndef GLOBAL_QUEUE_QUEUE_SCAN_H
#define GLOBAL_QUEUE_QUEUE_SCAN_H

#include "global/queue/queue_id.h"

struct queue_scan;

struct queue_scan *queue_scan_open(const char *queue);
struct queue_scan *queue_scan_open_any(const char *queue);	/* all files, whatever their names */
/* The next id (valid until the next call), and its path as found. False at the end. */
bool		 queue_scan_next(struct queue_scan *scan, struct view *id, struct view *path);
void		 queue_scan_close(struct queue_scan *scan);

#endif
