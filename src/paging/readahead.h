/*
 * readahead.h - reading pages of files before they are asked for.
 *
 * A reader who goes on where the last window ended gets one twice as large, up to the largest; one
 * who jumps gets a small one; MADV_RANDOM none, MADV_SEQUENTIAL the largest at once. One request
 * reads as far as the blocks on the disk continue. Linux: mm/readahead.c.
 */
#ifndef MM_PAGING_READAHEAD_H
#define MM_PAGING_READAHEAD_H

#include "paging/object.h"

/* How an empty page is added; NULL: no memory. */
typedef struct mm_frame *(*mm_readahead_add)(struct mm_object *object, uint64_t index);

/* Reads page `index` into `frame`, and some that follow, and waits. False: the disk failed. */
bool mm_readahead_read(struct mm_object *object, uint64_t index, struct mm_frame *frame,
                       enum mm_object_advice advice, mm_readahead_add add);

/* A page was found in memory: was it reading ahead that brought it? */
void mm_readahead_hit(struct mm_object *object, struct mm_frame *frame);

#endif
