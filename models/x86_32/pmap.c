/*
 * pmap.c - the kernel's page-table writer for two-level paging.
 *
 * Writes the tables that walk_32.c reads; the two share the bits of pte.h and nothing else. It asks
 * the kernel for frames (struct mmsim_table_ops) and keeps, where the kernel says, the number of
 * entries in use of each second-level table, so that an empty one is given back at once.
 *
 * Invariants: (1) the count of a second-level table is the number of its entries that are not 0;
 * (2) a table whose count fell to 0 by unmap() or trim() is gone; (3) tables named by entries that
 * share() copied belong to the master and are never given back here: the kernel does not unmap
 * through a copy. A PDE that names a table grants everything; the PTEs restrict.
 */
#include "x86_32/model.h"
#include "x86_32/pte.h"

static mmsim_paddr directory_slot(const struct mmsim_page_map *map, mmsim_vaddr address)
{
    return map->root + x86_directory_index(address) * sizeof(uint32_t);
}

static uint32_t read_directory(const struct mmsim_page_map *map, mmsim_vaddr address)
{
    return mmsim_port_read32(map->port, directory_slot(map, address));
}

static mmsim_paddr table_slot(uint32_t pde, mmsim_vaddr address)
{
    return (pde & X86_TABLE_BASE) + x86_table_index(address) * sizeof(uint32_t);
}

static bool names_table(uint32_t pde)
{
    return (pde & X86_P) && !(pde & X86_PS);
}

/* Where the entry for `address` stands: a directory slot if it is (or would be) large. */
static bool find_slot(const struct mmsim_page_map *map, mmsim_vaddr address, mmsim_paddr *slot,
                      uint32_t *entry)
{
    uint32_t pde = read_directory(map, address);
    *slot = names_table(pde) ? table_slot(pde, address) : directory_slot(map, address);
    *entry = names_table(pde) ? mmsim_port_read32(map->port, *slot) : pde;
    return names_table(pde);
}

static uint32_t bits_of_flags(unsigned flags)
{
    return (flags & MMSIM_ENTRY_WRITABLE ? (uint32_t)X86_RW : 0) |
           (flags & MMSIM_ENTRY_USER ? (uint32_t)X86_US : 0) |
           (flags & MMSIM_ENTRY_GLOBAL ? (uint32_t)X86_G : 0) |
           (flags & MMSIM_ENTRY_ACCESSED ? (uint32_t)X86_A : 0) |
           (flags & MMSIM_ENTRY_DIRTY ? (uint32_t)X86_D : 0);
}

static uint32_t bits_of_state(enum mmsim_entry_state state)
{
    return state == MMSIM_ENTRY_PRESENT ? (uint32_t)X86_P : (uint32_t)X86_ABSENT_HELD;
}

static uint32_t encode(const struct mmsim_page_map *map, const struct mmsim_entry *entry)
{
    unsigned flags = entry->flags;
    if (!(map->abilities & MMSIM_CPU_GLOBAL_PAGES))
        flags &= ~(unsigned)MMSIM_ENTRY_GLOBAL;
    uint32_t bits = bits_of_flags(flags) | bits_of_state(entry->state);
    if (entry->size_class == 0)
        return bits | (uint32_t)(entry->base & X86_TABLE_BASE);
    uint32_t high = (uint32_t)(entry->base >> 32) << X86_LARGE_HIGH_SHIFT;
    return bits | X86_PS | (uint32_t)(entry->base & X86_LARGE_BASE) | (high & X86_LARGE_HIGH);
}

static struct mmsim_entry decode(uint32_t value, bool in_table)
{
    if (value == 0)
        return (struct mmsim_entry){.state = MMSIM_ENTRY_NONE};
    bool large = !in_table && (value & X86_PS);
    return (struct mmsim_entry){
        .state = value & X86_P ? MMSIM_ENTRY_PRESENT : MMSIM_ENTRY_HELD,
        .size_class = large,
        .flags = (uint8_t)((value & X86_RW ? MMSIM_ENTRY_WRITABLE : 0) |
                           (value & X86_US ? MMSIM_ENTRY_USER : 0) |
                           (value & X86_G ? MMSIM_ENTRY_GLOBAL : 0) |
                           (value & X86_A ? MMSIM_ENTRY_ACCESSED : 0) |
                           (value & X86_D ? MMSIM_ENTRY_DIRTY : 0)),
        .base = large ? x86_large_base(value) : value & X86_TABLE_BASE,
    };
}

bool mm_x86_prepare(struct mmsim_page_map *map, mmsim_vaddr address, unsigned size_class)
{
    if (size_class > 0 || names_table(read_directory(map, address)))
        return true;
    mmsim_paddr table;
    if (!map->tables->get(map, address, &table))
        return false;
    mmsim_port_write32(map->port, directory_slot(map, address),
                       (uint32_t)table | X86_P | X86_RW | X86_US);
    return true;
}

void mm_x86_map(struct mmsim_page_map *map, mmsim_vaddr address, const struct mmsim_entry *entry)
{
    uint32_t pde = read_directory(map, address);
    if (entry->size_class > 0) {
        mmsim_port_write32(map->port, directory_slot(map, address), encode(map, entry));
        return;
    }
    mmsim_paddr slot = table_slot(pde, address);
    if (mmsim_port_read32(map->port, slot) == 0)
        ++*map->tables->used(map, pde & X86_TABLE_BASE);
    mmsim_port_write32(map->port, slot, encode(map, entry));
}

static void put_table_if_empty(struct mmsim_page_map *map, mmsim_vaddr address)
{
    uint32_t pde = read_directory(map, address);
    if (!names_table(pde) || *map->tables->used(map, pde & X86_TABLE_BASE) > 0)
        return;
    mmsim_port_write32(map->port, directory_slot(map, address), 0);
    map->tables->put(map, address, pde & X86_TABLE_BASE);
}

struct mmsim_entry mm_x86_unmap(struct mmsim_page_map *map, mmsim_vaddr address)
{
    mmsim_paddr slot;
    uint32_t value;
    bool in_table = find_slot(map, address, &slot, &value);
    if (value == 0)
        return decode(0, in_table);
    mmsim_port_write32(map->port, slot, 0);
    if (in_table) {
        --*map->tables->used(map, read_directory(map, address) & X86_TABLE_BASE);
        put_table_if_empty(map, address);
    }
    return decode(value, in_table);
}

struct mmsim_entry mm_x86_protect(struct mmsim_page_map *map, mmsim_vaddr address,
                                  enum mmsim_entry_state state, unsigned flags)
{
    mmsim_paddr slot;
    uint32_t value;
    bool in_table = find_slot(map, address, &slot, &value);
    struct mmsim_entry before = decode(value, in_table);
    if (before.state == MMSIM_ENTRY_NONE)
        return before;
    struct mmsim_entry after = before;
    unsigned kept = before.flags & (MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY);
    after.state = state;
    after.flags = (uint8_t)(flags | kept);
    mmsim_port_write32(map->port, slot, encode(map, &after));
    return before;
}

struct mmsim_entry mm_x86_query(const struct mmsim_page_map *map, mmsim_vaddr address)
{
    mmsim_paddr slot;
    uint32_t value;
    bool in_table = find_slot(map, address, &slot, &value);
    return decode(value, in_table);
}

unsigned mm_x86_test_and_clear(struct mmsim_page_map *map, mmsim_vaddr address, unsigned flags)
{
    mmsim_paddr slot;
    uint32_t value;
    bool in_table = find_slot(map, address, &slot, &value);
    unsigned mask = flags & (MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY);
    unsigned were_set = decode(value, in_table).flags & mask;
    if (were_set)
        mmsim_port_write32(map->port, slot, value & ~bits_of_flags(mask));
    return were_set;
}

void mm_x86_trim(struct mmsim_page_map *map, mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t span = UINT64_C(1) << X86_LARGE_SHIFT;
    for (mmsim_vaddr at = start & ~(span - 1); at < end; at += span)
        put_table_if_empty(map, at);
}

/* First index in [index, 1024) of `table` whose entry is not 0; 1024 if there is none. */
static uint32_t scan_table(const struct mmsim_page_map *map, mmsim_paddr table, uint32_t index)
{
    while (index < X86_TABLE_ENTRIES &&
           mmsim_port_read32(map->port, table + index * sizeof(uint32_t)) == 0)
        index++;
    return index;
}

mmsim_vaddr mm_x86_next(const struct mmsim_page_map *map, mmsim_vaddr from, mmsim_vaddr to)
{
    uint64_t span = UINT64_C(1) << X86_LARGE_SHIFT;
    for (mmsim_vaddr at = from; at < to; at = (at & ~(span - 1)) + span) {
        uint32_t pde = read_directory(map, at);
        if (pde == 0)
            continue;
        if (!names_table(pde))
            return at;
        uint32_t index = scan_table(map, pde & X86_TABLE_BASE, x86_table_index(at));
        if (index == X86_TABLE_ENTRIES)
            continue;
        mmsim_vaddr found = (at & ~(span - 1)) + ((mmsim_vaddr)index << X86_SMALL_SHIFT);
        return found < to ? found : to;
    }
    return to;
}

void mm_x86_share(struct mmsim_page_map *map, const struct mmsim_page_map *master,
                  mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t span = UINT64_C(1) << X86_LARGE_SHIFT;
    for (mmsim_vaddr at = start; at < end; at += span)
        mmsim_port_write32(map->port, directory_slot(map, at), read_directory(master, at));
}
