/*
 * slab.h - sets of slabs: blocks of low frames cut into objects of one layout.
 *
 * A slab is a block of 2^order frames (Bonwick, "The slab allocator", USENIX Summer 1994). A set
 * has all slabs of one layout. Objects leave and enter it in batches: in front of each set stands a
 * magazine for each CPU (magazine.h), and what lies in a magazine counts as taken here.
 *
 *   none --grow--> empty --take--> partial --take--> full
 *   none <-------- empty <--put--- partial <--put--- full
 *
 * All that is known of a slab stands in the frame table entry of its first frame: n_used objects
 * taken, `payload` a bit for each free one. A slab of more than 64 objects (smaller than 64 bytes)
 * has its bits in the free map beside the table. So nothing lies in an object that a wild write
 * could turn against the allocator, and putting an object back does not touch its memory. Slabs
 * with fewer free objects serve first, so that an aged heap stays dense and sparse slabs have a
 * chance to become empty. An empty slab goes back to the frame allocator at once; a set with many
 * slabs keeps one, and so does one with checks, which are costly to prepare.
 *
 * Objects are named by their offset in RAM (their physical address, and in low memory the kernel's
 * virtual one too), never by host pointers: RAM holds the same bytes in every run.
 *
 * Invariants: (1) n_slabs, n_taken are the sums over the lists; (2) each slab is on the list of its
 * state; (3) a slab's free bits are as many as are not taken; (4) a slab is a block of frames with
 * use MM_FRAME_SLAB that names its set, and the bytes of its pages in the page map are the set's
 * index.
 */
#ifndef MM_ALLOC_SLAB_H
#define MM_ALLOC_SLAB_H

#include "alloc/zone.h"

#define MM_SLAB_MAP_WORDS 4 /* of the free map for a page: 256 objects of 16 bytes */
#define MM_SLAB_NO_OBJECT 0 /* offset 0 is never an object: frame 0 is reserved */

/* From dense to sparse: the first list with a slab serves. */
enum mm_slab_state {
    MM_SLAB_DENSE,  /* at least half of the objects are taken */
    MM_SLAB_SPARSE, /* fewer */
    MM_SLAB_EMPTY,
    MM_SLAB_FULL,
    MM_N_SLAB_STATES
};

/* How the memory of a slab is cut. */
struct mm_slab_layout {
    uint32_t slot_bytes; /* from one object to the next; a multiple of 16 */
    uint32_t first;      /* offset of the first object in a slab that has colour 0 */
    uint16_t per_slab;   /* objects */
    uint16_t n_colours;  /* slabs start their objects at first + colour * colour_bytes */
    uint32_t colour_bytes;
    uint8_t order; /* frames a slab: 2^order */
};

struct mm_stock;
struct mm_quarantine;

struct mm_slab_set {
    struct mm_slab_layout layout;
    struct mm_zones *zones;
    uint8_t *page_map;    /* by pfn; see heap.h */
    uint64_t *free_map;   /* MM_SLAB_MAP_WORDS for each page */
    const uint64_t *live; /* the heap's live bits, for the check */
    uint8_t index;        /* of this set, in the page map */
    bool clears;    /* a slab that is given back is filled with zeros: it held host pointers */
    uint8_t checks; /* enum mm_check bits that the layout was made for; heap.h */
    uint32_t heads[MM_N_SLAB_STATES]; /* pfn of the newest slab in each state; MM_NO_PFN */
    uint64_t n_slabs, n_empty;
    uint64_t n_taken;                /* objects in use, in a magazine, or resting in quarantine */
    uint64_t n_resting;              /* in quarantine */
    uint64_t n_reserved;             /* free objects that must not be given back with their slabs */
    struct mm_rng *shuffle;          /* free objects are taken in random order; NULL: ascending */
    void (*construct)(void *object); /* for each object of a new slab; NULL */
    /* Fills a new slab with what its checks expect in free objects; NULL. */
    void (*prepare)(const struct mm_slab_set *set, mmsim_pfn slab);
    bool usual;                       /* checked.c: most calls are for such sets */
    uint16_t user_bytes, body_bytes;  /* checked.h: of an object; and to its record */
    struct mm_stock *stock;           /* checked.h: free objects at hand; NULL */
    struct mm_quarantine *quarantine; /* quarantine.h: objects at rest; NULL */
    void *owner;                      /* who uses the set: its struct mm_cache */
    uint64_t *n_frames, *peak_frames; /* of the whole heap: kept up to date here */
    uint32_t slot_inverse;            /* 2^32 / slot_bytes, rounded up: set by mm_slab_init() */
};

#define MM_SLAB_MAX_BYTES (16 * MMSIM_KIB)

/*
 * The layout for objects of slot_bytes (rounded up to 16, at most MM_SLAB_MAX_BYTES) at `alignment`
 * (a power of two, 16 to 4096): 4 KiB slabs for objects to 512 bytes, 8 KiB to 1 KiB, 16 KiB to
 * 4 KiB, 32 KiB beyond (8 KiB and 16 KiB objects fill one of theirs), larger where that would waste
 * more than an eighth.
 */
struct mm_slab_layout mm_slab_plan(uint32_t slot_bytes, uint32_t alignment);

/* A set without slabs. The rest of `set` (layout, zones, page_map, index, ...) is filled already.
 */
void mm_slab_init(struct mm_slab_set *set);

/* Takes up to n objects; fewer when there is no memory for another slab. Returns how many. The
 * first ones to be used are at the end of `objects`: a magazine is emptied from there. */
unsigned mm_slab_take(struct mm_slab_set *set, uint32_t *objects, unsigned n);

/* Puts n objects back. They are the set's and were taken. */
void mm_slab_put(struct mm_slab_set *set, const uint32_t *objects, unsigned n);

/* Makes sure of n free objects in slabs; false: no memory (what was gained stays). */
bool mm_slab_grow(struct mm_slab_set *set, uint64_t n);

/* Gives the empty slabs back, but for reserved objects; returns the frames given back. */
uint64_t mm_slab_shrink(struct mm_slab_set *set);

/* Gives a slab back whatever is in use of it. */
void mm_slab_discard(struct mm_slab_set *set, mmsim_pfn slab);

static inline uint64_t mm_slab_n_free(const struct mm_slab_set *set)
{
    return set->n_slabs * set->layout.per_slab - set->n_taken;
}

/* An object of the set is not taken. */
bool mm_slab_is_free(const struct mm_slab_set *set, uint32_t object);

/* First frame of the slab that holds `offset` of RAM, which is in a page of this set. */
static inline mmsim_pfn mm_slab_of(const struct mm_slab_set *set, uint32_t offset)
{
    return (offset >> MMSIM_PAGE_SHIFT) & ~(((mmsim_pfn)1 << set->layout.order) - 1);
}

/* Start of the object that holds `offset`; MM_SLAB_NO_OBJECT: it lies before, between or after. */
uint32_t mm_slab_object(const struct mm_slab_set *set, uint32_t offset);

/* Start of the first object of a slab. */
uint32_t mm_slab_first(const struct mm_slab_set *set, mmsim_pfn slab);

/* The slab after this one in some fixed order; MM_NO_PFN begins and ends. */
mmsim_pfn mm_slab_next(const struct mm_slab_set *set, mmsim_pfn slab);

/* NULL, or a sentence (static storage). */
const char *mm_slab_check(const struct mm_slab_set *set);

#endif
