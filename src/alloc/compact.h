/*
 * compact.h - making a large block out of scattered free frames, by moving what can be moved.
 *
 * Pages of processes can be moved: their page tables are made to name another frame. Of all places
 * for a block of the order, the one is emptied that takes the fewest moves and holds nothing that
 * must stay; of equal ones the lowest. Its frames go to free frames elsewhere, in high memory as
 * long as there is any.
 *
 *   |U.aa|a..a|....|UU.a|   U unmovable, a anon: an order-2 block out of [a..a] costs two moves
 *
 * Who can move frames installs zones->move_frames (paging/migrate.h). Requests of order > 0 that
 * fail although enough frames are free call this by themselves.
 */
#ifndef MM_ALLOC_COMPACT_H
#define MM_ALLOC_COMPACT_H

#include "alloc/zone.h"

/*
 * Makes a free block of 2^order frames in a zone, if there is none yet. True: there is one now. On
 * false, result->end says why; frames may have been moved all the same (MM_COMPACT_REFUSED).
 */
bool mm_compact_block(struct mm_zones *zones, enum mm_zone_kind zone, unsigned order,
                      struct mm_compact_result *result);

#endif
