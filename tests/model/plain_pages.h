/*
 * plain_pages.h - processes whose every page is a plain array.
 *
 * A process of the model has its own copy of every byte, and fork copies all of them: there is no
 * sharing that could go wrong. Beside the bytes it keeps, page by page, the number of the frame
 * that copy-on-write must be using, so that the account of frames is predicted exactly.
 */
#ifndef TESTS_PLAIN_PAGES_H
#define TESTS_PLAIN_PAGES_H

#include <check.h>
#include <mmsim/mmsim.h>
#include <string.h>

#define ARENA UINT64_C(0x403E8000) /* one half lies in each of two page tables */
#define ARENA_PAGES 48u
#define MAX_PROCESSES 6u
#define MAX_FRAMES (MAX_PROCESSES * ARENA_PAGES)
#define NO_FRAME UINT32_MAX

/* One page of the model. A page without a frame reads as zeros. */
struct page {
    bool mapped;
    bool touched; /* since it was mapped: there is a page-table entry */
    unsigned prot;
    uint32_t frame;
    uint8_t bytes[4096];
};

struct actor {
    struct mmsim_process *process; /* NULL = nobody */
    struct page pages[ARENA_PAGES];
};

/* How many pages share each frame. */
struct frames {
    uint32_t users[MAX_FRAMES];
};

static inline uint32_t take_frame(struct frames *frames)
{
    for (uint32_t frame = 0; frame < MAX_FRAMES; frame++)
        if (frames->users[frame] == 0) {
            frames->users[frame] = 1;
            return frame;
        }
    ck_abort_msg("the model has too few frames");
    return NO_FRAME;
}

static inline void leave_frame(struct frames *frames, struct page *page)
{
    if (page->frame != NO_FRAME)
        frames->users[page->frame]--;
    page->frame = NO_FRAME;
}

/* A store gives the page a frame of its own; the last user of a shared one keeps it. */
static inline void own_frame(struct frames *frames, struct page *page)
{
    if (page->frame != NO_FRAME && frames->users[page->frame] == 1)
        return;
    leave_frame(frames, page);
    page->frame = take_frame(frames);
}

static inline uint64_t n_frames_in_use(const struct frames *frames)
{
    uint64_t n = 0;
    for (unsigned frame = 0; frame < MAX_FRAMES; frame++)
        n += frames->users[frame] > 0;
    return n;
}

static inline void clear_page(struct frames *frames, struct page *page)
{
    leave_frame(frames, page);
    page->mapped = page->touched = false;
    memset(page->bytes, 0, sizeof page->bytes);
}

static inline void clear_actor(struct frames *frames, struct actor *actor)
{
    actor->process = NULL;
    for (unsigned i = 0; i < ARENA_PAGES; i++)
        clear_page(frames, &actor->pages[i]);
}

static inline struct page *page_at(struct actor *actor, uint64_t address)
{
    if (address < ARENA || address >= ARENA + ARENA_PAGES * 4096)
        return NULL;
    struct page *page = &actor->pages[(address - ARENA) / 4096];
    return page->mapped ? page : NULL;
}

/* What the CPU does with n_bytes at an address: accesses of at most 8 bytes. */
struct piece {
    uint64_t address;
    size_t n_bytes;
};

static inline struct piece next_piece(uint64_t address, size_t n_left, bool whole)
{
    size_t room = 8 - address % 8;
    return (struct piece){address, whole || n_left < room ? n_left : room};
}

/* 0, or the si_code with which an access to one byte ends. */
static inline enum mmsim_sigcode refusal(struct actor *actor, uint64_t address, bool write)
{
    const struct page *page = page_at(actor, address);
    if (!page)
        return MMSIM_SEGV_MAPERR;
    bool may = write ? (page->prot & MMSIM_PROT_WRITE) != 0 : page->prot != MMSIM_PROT_NONE;
    return may ? MMSIM_CODE_NONE : MMSIM_SEGV_ACCERR;
}

struct outcome {
    enum mmsim_sigcode code;
    uint64_t address, done;
};

/* Does in the model what must happen: a store goes into the pages, a load into `data`. */
static inline struct outcome act(struct frames *frames, struct actor *actor, uint64_t address,
                                 uint8_t *data, size_t n_bytes, bool write)
{
    struct outcome outcome = {0};
    while (outcome.done < n_bytes) {
        struct piece piece =
            next_piece(address + outcome.done, n_bytes - outcome.done, n_bytes <= 8);
        for (size_t i = 0; i < piece.n_bytes; i++) {
            outcome.address = piece.address + i;
            outcome.code = refusal(actor, outcome.address, write);
            if (outcome.code)
                return outcome;
            /* If a straddling access fails in its second page, the first one is there all the same.
             */
            page_at(actor, outcome.address)->touched = true;
            if (write)
                own_frame(frames, page_at(actor, outcome.address));
        }
        for (size_t i = 0; i < piece.n_bytes; i++) {
            uint8_t *byte = &page_at(actor, piece.address + i)->bytes[(piece.address + i) % 4096];
            if (write)
                *byte = data[outcome.done + i];
            else
                data[outcome.done + i] = *byte;
        }
        outcome.done += piece.n_bytes;
    }
    return outcome;
}

#endif
