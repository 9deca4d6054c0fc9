/*
 * pmap.c - the kernel's page-table writer, for two-level and for PAE tables.
 *
 * Writes the tables that walk_32.c and walk_pae.c read; they share the bits of pte.h and nothing
 * else. It asks the kernel for frames (struct mmsim_table_ops) and keeps, where the kernel says,
 * the number of entries in use of each last-level table, so that an empty one is given back at
 * once.
 *
 * What differs between the modes stands in struct format. Under PAE the root is a frame whose first
 * 32 bytes are the four PDPTEs. All four directories are made at once and stay, because a CPU reads
 * PDPTEs only when CR3 is loaded; share() makes them agree with the master's by copying entries.
 *
 * Invariants: (1) the count of a last-level table is the number of its entries that are not 0; (2)
 * a table whose count fell to 0 by unmap() is gone, unless the kernel keeps it; (3) tables named by
 * entries that share() copied belong to the master and are never given back here: the kernel does
 * not unmap through a copy. A PDE that names a table grants everything; the PTEs restrict.
 */
#include "x86_32/model.h"
#include "x86_32/pte.h"

struct format {
    unsigned entry_bytes;
    unsigned directory_shift; /* a directory entry covers 2^this bytes */
    unsigned index_mask;      /* of a directory and of a table */
    unsigned n_directories;   /* behind a PDPT; 0: the root is the directory */
    uint64_t address;         /* base bits of a PTE, or of a PDE that names a table */
    unsigned key_shift, key_mask;
};

static const struct format formats[] = {
    [X86_MODE_32BIT] = {4, 22, 1023, 0, X86_TABLE_BASE, X86_KEY_SHIFT_32, X86_KEYS_32 - 1},
    [X86_MODE_PAE] = {8, 21, 511, X86_N_PDPTES, X86_PAE_ADDRESS, X86_KEY_SHIFT_PAE,
                      X86_KEYS_PAE - 1},
};

static const struct format *format_of(const struct mmsim_page_map *map)
{
    return &formats[map->mode];
}

/* ---- entries ---- */

static uint64_t read_entry(const struct mmsim_page_map *map, mmsim_paddr slot)
{
    return format_of(map)->entry_bytes == 8 ? mmsim_port_read64(map->port, slot)
                                            : mmsim_port_read32(map->port, slot);
}

/* P is in the lower half, which is written last when an entry appears and first when it goes. */
static void write_entry(const struct mmsim_page_map *map, mmsim_paddr slot, uint64_t value)
{
    bool wide = format_of(map)->entry_bytes == 8;
    if (wide && (value & X86_P))
        mmsim_port_write32(map->port, slot + 4, (uint32_t)(value >> 32));
    mmsim_port_write32(map->port, slot, (uint32_t)value);
    if (wide && !(value & X86_P))
        mmsim_port_write32(map->port, slot + 4, (uint32_t)(value >> 32));
}

static mmsim_paddr directory_slot(const struct mmsim_page_map *map, mmsim_vaddr address)
{
    const struct format *format = format_of(map);
    mmsim_paddr directory = map->root;
    if (format->n_directories)
        directory = mmsim_port_read64(map->port, map->root + (address >> X86_PDPTE_SHIFT) * 8) &
                    X86_PAE_ADDRESS;
    return directory +
           ((address >> format->directory_shift) & format->index_mask) * format->entry_bytes;
}

static uint64_t read_directory(const struct mmsim_page_map *map, mmsim_vaddr address)
{
    return read_entry(map, directory_slot(map, address));
}

static mmsim_paddr table_of(const struct mmsim_page_map *map, uint64_t pde)
{
    return pde & format_of(map)->address;
}

static mmsim_paddr table_slot(const struct mmsim_page_map *map, uint64_t pde, mmsim_vaddr address)
{
    const struct format *format = format_of(map);
    return table_of(map, pde) + ((address >> 12) & format->index_mask) * format->entry_bytes;
}

static bool names_table(uint64_t pde)
{
    return (pde & X86_P) && !(pde & X86_PS);
}

/* Where the entry for `address` stands: a directory slot if it is (or would be) large. */
static bool find_slot(const struct mmsim_page_map *map, mmsim_vaddr address, mmsim_paddr *slot,
                      uint64_t *entry)
{
    uint64_t pde = read_directory(map, address);
    *slot = names_table(pde) ? table_slot(map, pde, address) : directory_slot(map, address);
    *entry = names_table(pde) ? read_entry(map, *slot) : pde;
    return names_table(pde);
}

/* ---- neutral words to bits, and back ---- */

static const struct {
    unsigned flag;
    uint64_t bit;
} flag_bits[] = {
    {MMSIM_ENTRY_WRITABLE, X86_RW},  {MMSIM_ENTRY_USER, X86_US}, {MMSIM_ENTRY_GLOBAL, X86_G},
    {MMSIM_ENTRY_ACCESSED, X86_A},   {MMSIM_ENTRY_DIRTY, X86_D}, {MMSIM_ENTRY_NO_EXECUTE, X86_XD},
    {MMSIM_ENTRY_UNCACHED, X86_PCD},
};

static uint64_t bits_of_flags(unsigned flags)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof flag_bits / sizeof flag_bits[0]; i++)
        bits |= flags & flag_bits[i].flag ? flag_bits[i].bit : 0;
    return bits;
}

static uint8_t flags_of_bits(uint64_t bits)
{
    unsigned flags = 0;
    for (size_t i = 0; i < sizeof flag_bits / sizeof flag_bits[0]; i++)
        flags |= bits & flag_bits[i].bit ? flag_bits[i].flag : 0;
    return (uint8_t)flags;
}

/* Flags that this CPU's entries have no bit for. */
static unsigned unsupported(const struct mmsim_page_map *map)
{
    bool no_execute = map->mode == X86_MODE_PAE && (map->abilities & MMSIM_CPU_NO_EXECUTE);
    return (map->abilities & MMSIM_CPU_GLOBAL_PAGES ? 0u : MMSIM_ENTRY_GLOBAL) |
           (map->abilities & MMSIM_CPU_CACHE_DISABLE ? 0u : MMSIM_ENTRY_UNCACHED) |
           (no_execute ? 0u : MMSIM_ENTRY_NO_EXECUTE);
}

/* Kinds of absent entries are numbered as the states that come after PRESENT. */
static uint64_t bits_of_state(enum mmsim_entry_state state)
{
    if (state == MMSIM_ENTRY_PRESENT)
        return X86_P;
    return (uint64_t)(state - MMSIM_ENTRY_PRESENT) << X86_ABSENT_KIND_SHIFT;
}

static enum mmsim_entry_state state_of_bits(uint64_t value)
{
    if (value & X86_P)
        return MMSIM_ENTRY_PRESENT;
    unsigned kind = (unsigned)(value >> X86_ABSENT_KIND_SHIFT) & X86_ABSENT_KIND_MASK;
    return (enum mmsim_entry_state)(MMSIM_ENTRY_PRESENT + kind);
}

static uint64_t encode(const struct mmsim_page_map *map, const struct mmsim_entry *entry)
{
    const struct format *format = format_of(map);
    unsigned ignored = unsupported(map);
    if (entry->state != MMSIM_ENTRY_PRESENT)
        ignored |= MMSIM_ENTRY_UNCACHED; /* its bit says what kind of entry it is */
    uint64_t bits = bits_of_flags(entry->flags & ~ignored) | bits_of_state(entry->state);
    if (map->abilities & MMSIM_CPU_KEYS)
        bits |= (uint64_t)(entry->key & format->key_mask) << format->key_shift;
    if (entry->size_class == 0)
        return bits | (entry->base & format->address);
    if (map->mode == X86_MODE_PAE)
        return bits | X86_PS | (entry->base & X86_PAE_LARGE_BASE);
    uint64_t high = (entry->base >> 32) << X86_LARGE_HIGH_SHIFT;
    return bits | X86_PS | (entry->base & X86_LARGE_BASE) | (high & X86_LARGE_HIGH);
}

static mmsim_paddr large_base(const struct mmsim_page_map *map, uint64_t value)
{
    return map->mode == X86_MODE_PAE ? value & X86_PAE_LARGE_BASE : x86_large_base(value);
}

static struct mmsim_entry decode(const struct mmsim_page_map *map, uint64_t value, bool in_table)
{
    const struct format *format = format_of(map);
    if (value == 0)
        return (struct mmsim_entry){.state = MMSIM_ENTRY_NONE};
    bool large = !in_table && (value & X86_PS);
    enum mmsim_entry_state state = state_of_bits(value);
    uint64_t flag_bits_only = state == MMSIM_ENTRY_PRESENT ? value : value & ~X86_PCD;
    bool keyed = map->abilities & MMSIM_CPU_KEYS;
    return (struct mmsim_entry){
        .state = state,
        .size_class = large,
        .flags = flags_of_bits(flag_bits_only),
        .key = (uint8_t)(keyed ? (value >> format->key_shift) & format->key_mask : 0),
        .base = large ? large_base(map, value) : value & format->address,
    };
}

/* ---- the top level ---- */

bool mm_x86_open(struct mmsim_page_map *map)
{
    const struct format *format = format_of(map);
    if (!map->tables->get(map, 0, &map->root))
        return false;
    for (unsigned i = 0; i < format->n_directories; i++) {
        mmsim_paddr directory;
        if (!map->tables->get(map, (mmsim_vaddr)i << X86_PDPTE_SHIFT, &directory)) {
            mm_x86_close(map);
            return false;
        }
        write_entry(map, map->root + i * 8, directory | X86_P);
    }
    return true;
}

void mm_x86_close(struct mmsim_page_map *map)
{
    for (unsigned i = format_of(map)->n_directories; i-- > 0;) {
        uint64_t pdpte = read_entry(map, map->root + i * 8);
        if (pdpte & X86_P)
            map->tables->put(map, (mmsim_vaddr)i << X86_PDPTE_SHIFT, pdpte & X86_PAE_ADDRESS);
    }
    map->tables->put(map, 0, map->root);
}

void mm_x86_share(struct mmsim_page_map *map, const struct mmsim_page_map *master,
                  mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t span = UINT64_C(1) << format_of(map)->directory_shift;
    for (mmsim_vaddr at = start; at < end; at += span)
        write_entry(map, directory_slot(map, at), read_directory(master, at));
}

/* ---- mapping ---- */

static void put_table_if_empty(struct mmsim_page_map *map, mmsim_vaddr address)
{
    uint64_t pde = read_directory(map, address);
    if (!names_table(pde) || *map->tables->used(map, table_of(map, pde)) > 0)
        return;
    write_entry(map, directory_slot(map, address), 0);
    map->tables->put(map, address, table_of(map, pde));
}

bool mm_x86_prepare(struct mmsim_page_map *map, mmsim_vaddr address, unsigned size_class)
{
    bool table_is_there = names_table(read_directory(map, address));
    if (size_class > 0 && table_is_there)
        put_table_if_empty(map, address);
    if (size_class > 0)
        return !names_table(read_directory(map, address));
    if (table_is_there)
        return true;
    mmsim_paddr table;
    if (!map->tables->get(map, address, &table))
        return false;
    write_entry(map, directory_slot(map, address), table | X86_P | X86_RW | X86_US);
    return true;
}

void mm_x86_map(struct mmsim_page_map *map, mmsim_vaddr address, const struct mmsim_entry *entry)
{
    if (entry->size_class > 0) {
        write_entry(map, directory_slot(map, address), encode(map, entry));
        return;
    }
    uint64_t pde = read_directory(map, address);
    mmsim_paddr slot = table_slot(map, pde, address);
    if (read_entry(map, slot) == 0)
        ++*map->tables->used(map, table_of(map, pde));
    write_entry(map, slot, encode(map, entry));
}

static bool is_kept(const struct mmsim_page_map *map, mmsim_vaddr address)
{
    return map->tables->keeps && map->tables->keeps(map, address);
}

bool mm_x86_split(struct mmsim_page_map *map, mmsim_vaddr address)
{
    const struct format *format = format_of(map);
    uint64_t pde = read_directory(map, address);
    struct mmsim_entry entry = decode(map, pde, false);
    mmsim_paddr table;
    if (!map->tables->get(map, address, &table))
        return false;
    entry.size_class = 0;
    for (unsigned i = 0; i <= format->index_mask; i++, entry.base += UINT64_C(1) << X86_SMALL_SHIFT)
        write_entry(map, table + i * format->entry_bytes, encode(map, &entry));
    *map->tables->used(map, table) = (uint16_t)(format->index_mask + 1);
    write_entry(map, directory_slot(map, address), table | X86_P | X86_RW | X86_US);
    return true;
}

struct mmsim_entry mm_x86_unmap(struct mmsim_page_map *map, mmsim_vaddr address)
{
    mmsim_paddr slot;
    uint64_t value;
    bool in_table = find_slot(map, address, &slot, &value);
    if (value == 0)
        return decode(map, 0, in_table);
    write_entry(map, slot, 0);
    if (in_table) {
        uint16_t *used = map->tables->used(map, table_of(map, read_directory(map, address)));
        if (--*used == 0 && !is_kept(map, address))
            put_table_if_empty(map, address);
    }
    return decode(map, value, in_table);
}

struct mmsim_entry mm_x86_protect(struct mmsim_page_map *map, mmsim_vaddr address,
                                  const struct mmsim_entry *rights)
{
    mmsim_paddr slot;
    uint64_t value;
    bool in_table = find_slot(map, address, &slot, &value);
    struct mmsim_entry before = decode(map, value, in_table);
    if (before.state == MMSIM_ENTRY_NONE)
        return before;
    struct mmsim_entry after = before;
    unsigned kept = before.flags & (MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY);
    after.state = rights->state;
    after.flags = (uint8_t)(rights->flags | kept);
    after.key = rights->key;
    write_entry(map, slot, encode(map, &after));
    return before;
}

struct mmsim_entry mm_x86_query(const struct mmsim_page_map *map, mmsim_vaddr address)
{
    mmsim_paddr slot;
    uint64_t value;
    bool in_table = find_slot(map, address, &slot, &value);
    return decode(map, value, in_table);
}

unsigned mm_x86_test_and_clear(struct mmsim_page_map *map, mmsim_vaddr address, unsigned flags)
{
    mmsim_paddr slot;
    uint64_t value;
    bool in_table = find_slot(map, address, &slot, &value);
    unsigned mask = flags & (MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY);
    unsigned were_set = decode(map, value, in_table).flags & mask;
    if (were_set)
        write_entry(map, slot, value & ~bits_of_flags(mask));
    return were_set;
}

/* ---- ranges ---- */

void mm_x86_trim(struct mmsim_page_map *map, mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t span = UINT64_C(1) << format_of(map)->directory_shift;
    for (mmsim_vaddr at = start & ~(span - 1); at < end; at += span)
        put_table_if_empty(map, at);
}

/* First index from `index` on whose entry in a table is not 0; one past the last: there is none. */
static uint32_t scan_table(const struct mmsim_page_map *map, mmsim_paddr table, uint32_t index)
{
    const struct format *format = format_of(map);
    while (index <= format->index_mask && read_entry(map, table + index * format->entry_bytes) == 0)
        index++;
    return index;
}

mmsim_vaddr mm_x86_next(const struct mmsim_page_map *map, mmsim_vaddr from, mmsim_vaddr to)
{
    const struct format *format = format_of(map);
    uint64_t span = UINT64_C(1) << format->directory_shift;
    for (mmsim_vaddr at = from; at < to; at = (at & ~(span - 1)) + span) {
        uint64_t pde = read_directory(map, at);
        if (pde == 0)
            continue;
        if (!names_table(pde))
            return at;
        uint32_t index =
            scan_table(map, table_of(map, pde), (uint32_t)(at >> 12) & format->index_mask);
        if (index > format->index_mask)
            continue;
        mmsim_vaddr found = (at & ~(span - 1)) + ((mmsim_vaddr)index << X86_SMALL_SHIFT);
        return found < to ? found : to;
    }
    return to;
}
