/*
 * arch.h - an architecture as a plug-in: registers, page walk, page-table writer.
 *
 * The rest of the simulator never sees a page-table entry's bits. It meets an architecture through
 * one struct mmsim_arch_ops with three faces:
 *
 *   registers  what a CPU looks like after reset, what writing a register flushes
 *   walk       for the MMU: translate an address through the tables in RAM, set accessed and dirty
 *   map        for the kernel: write those tables (map, unmap, protect, query)
 *
 * Walk and map share nothing but the entry format, so that each checks the other.
 *
 * Rights on a TLB hit stay neutral. A translation carries `rights`, a small number whose meaning is
 * the model's; struct mmsim_arch_cpu carries a table that says, for each privilege and each such
 * number, which kinds of access are allowed. The model rebuilds that table whenever a register
 * changes that the answer depends on (CR0.WP and the like), so nothing of CPL or WP is ever baked
 * into a TLB entry, and a hit costs one table look-up.
 */
#ifndef MMSIM_ARCH_H
#define MMSIM_ARCH_H

#include <string.h>

#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MMSIM_ARCH_ABI 2

/* ---- CPU presets ---- */

/* Abilities of a CPU that the kernel has to know about; each falls back to what there is. */
enum mmsim_cpu_ability {
    MMSIM_CPU_INVALIDATE_PAGE = 1 << 0, /* can drop one page from the TLB (INVLPG; not the i386) */
    MMSIM_CPU_WRITE_PROTECT = 1 << 1, /* supervisor writes can honour R/W (CR0.WP; not the i386) */
    MMSIM_CPU_LARGE_PAGES = 1 << 2,   /* PSE */
    MMSIM_CPU_GLOBAL_PAGES = 1 << 3,  /* PGE */
    MMSIM_CPU_PAE = 1 << 4,           /* three-level paging with 64-bit entries */
    MMSIM_CPU_NO_EXECUTE = 1 << 5,    /* NX, with PAE */
    MMSIM_CPU_SMEP = 1 << 6,          /* the kernel may not fetch from user pages */
    MMSIM_CPU_SMAP = 1 << 7,          /* nor touch them unless it says so */
    MMSIM_CPU_KEYS = 1 << 8,          /* protection keys */
    MMSIM_CPU_CACHE_DISABLE = 1 << 9  /* entries can forbid caching (PCD; not the i386) */
};

/* A feature by name, for CPUs put together by hand. Tables of them end with name == NULL. */
struct mmsim_cpu_feature {
    const char *name, *summary;
    uint32_t feature;   /* the model's own bit */
    uint32_t abilities; /* what it lets a kernel do: MMSIM_CPU_... */
};

/* A format of page tables that a model has. Tables of them end with name == NULL. */
struct mmsim_paging_mode {
    const char *name, *summary;
    uint32_t needs;             /* MMSIM_CPU_... */
    const uint8_t *page_shifts; /* by size class; ends with 0 */
    unsigned physical_bits;     /* that its page frames reach */
    unsigned n_keys;            /* protection keys that its entries have room for */
};

/*
 * One TLB array: sets x ways entries. sets is a power of two; 0 ways = no such array. With
 * MMSIM_TLB_INFINITE_SETS x 1 every page of a 32-bit space has an entry of its own.
 */
struct mmsim_tlb_shape {
    uint32_t sets, ways;
};
#define MMSIM_TLB_INFINITE_SETS (UINT32_C(1) << 20)

/* Which entry of a full set has to go. */
enum mmsim_replacement {
    MMSIM_REPLACE_DEFAULT,    /* in a preset LRU, in a configuration what the preset says */
    MMSIM_REPLACE_LRU,        /* the one used longest ago */
    MMSIM_REPLACE_PSEUDO_LRU, /* by a binary tree of bits that point away from what was used last */
    MMSIM_REPLACE_FIFO,       /* the one entered longest ago */
    MMSIM_REPLACE_RANDOM,
    MMSIM_N_REPLACEMENTS
};

/* Cycles of the events that the hardware charges. */
struct mmsim_cpu_costs {
    uint32_t access;       /* one load, store or fetch whose translation the TLB holds */
    uint32_t second_level; /* a translation that only the second-level TLB holds */
    uint32_t walk_level;   /* each page-table entry read by a walk */
    uint32_t fault;        /* entering the kernel by an exception, and returning */
    uint32_t invalidate;   /* INVLPG */
    uint32_t load_root;    /* MOV CR3 */
    uint32_t interrupt;    /* sending and taking an inter-processor interrupt */
};

struct mmsim_cpu_preset {
    const char *name;      /* "pentium-3" */
    const char *summary;   /* one line */
    const char *source;    /* where the numbers come from */
    uint32_t abilities;    /* MMSIM_CPU_... */
    uint32_t features;     /* the model's own bits */
    uint32_t mhz;          /* turns cycles into time */
    uint8_t physical_bits; /* of an address; MAXPHYADDR */
    bool unified;          /* one TLB for fetches and data: the itlb shapes are unused */
    struct mmsim_tlb_shape itlb_small, itlb_large, dtlb_small, dtlb_large;
    struct mmsim_tlb_shape second_small, second_large; /* shared second level; 0 ways = none */
    bool second_data_only;                             /* fetches do not use the second level */
    enum mmsim_replacement replacement;
    uint8_t walk_cache; /* entries of the paging-structure cache; at most MMSIM_WALK_CACHE_MAX */
    struct mmsim_cpu_costs costs;
};

/* ---- the CPU's architectural state ---- */

struct mmsim_port;

/*
 * A paging-structure cache (SDM 3A 4.10.3): directory entries that name a table, by the part of the
 * address that selects them. A walk that finds its directory entry here does not read it. Fully
 * associative; the entry made longest ago goes. Never global.
 */
#define MMSIM_WALK_CACHE_MAX 32

struct mmsim_walk_cache {
    unsigned n_entries, next;            /* 0 entries: the CPU has none */
    uint64_t tags[MMSIM_WALK_CACHE_MAX]; /* address part << 1 | 1; 0 = empty */
    uint64_t values[MMSIM_WALK_CACHE_MAX];
};

static inline bool mmsim_walk_cache_find(const struct mmsim_walk_cache *cache, uint64_t part,
                                         uint64_t *value)
{
    for (unsigned i = 0; i < cache->n_entries; i++) {
        if (cache->tags[i] == (part << 1 | 1)) {
            *value = cache->values[i];
            return true;
        }
    }
    return false;
}

static inline void mmsim_walk_cache_drop(struct mmsim_walk_cache *cache, uint64_t part)
{
    for (unsigned i = 0; i < cache->n_entries; i++)
        if (cache->tags[i] == (part << 1 | 1))
            cache->tags[i] = 0;
}

static inline void mmsim_walk_cache_add(struct mmsim_walk_cache *cache, uint64_t part,
                                        uint64_t value)
{
    if (cache->n_entries == 0)
        return;
    mmsim_walk_cache_drop(cache, part);
    cache->tags[cache->next] = part << 1 | 1;
    cache->values[cache->next] = value;
    cache->next = (cache->next + 1) % cache->n_entries;
}

static inline void mmsim_walk_cache_flush(struct mmsim_walk_cache *cache)
{
    memset(cache->tags, 0, sizeof cache->tags);
}

#define MMSIM_MAX_REGISTERS 16
#define MMSIM_MAX_RIGHTS 128

struct mmsim_arch_cpu {
    const struct mmsim_cpu_preset *preset;
    const struct mmsim_port *port;           /* for what a register write reads (PDPTEs) */
    uint64_t registers[MMSIM_MAX_REGISTERS]; /* numbered by the model */
    bool translating;                        /* paging is on */
    mmsim_vaddr
        code_end; /* user fetches at or above it are #GP: the code segment's limit; 0 = flat */
    struct mmsim_walk_cache walk_cache; /* filled by walk(), flushed by the MMU */
    /* bit (1 << access kind) set = allowed; indexed by privilege and a translation's rights */
    uint8_t allow[MMSIM_N_PRIVILEGES][MMSIM_MAX_RIGHTS];
};

/* What writing a register did to the TLBs, as a mask. */
enum mmsim_register_effect {
    MMSIM_EFFECT_NONE = 0,
    MMSIM_EFFECT_FLUSH = 1 << 0,     /* non-global entries are gone */
    MMSIM_EFFECT_FLUSH_ALL = 1 << 1, /* global ones too */
    MMSIM_EFFECT_REFUSED = 1 << 2    /* #GP: nothing was written */
};

/* ---- physical memory as the model sees it ---- */

/*
 * RAM from physical 0 up to `low_bytes` lies at `ram`; everything else (RAM above a gap, holes,
 * devices) goes through the callbacks. Entries are little-endian, as x86 has them.
 */
struct mmsim_port {
    uint8_t *ram;
    uint64_t low_bytes;
    void *bus;
    void (*read)(void *bus, mmsim_paddr address, void *data, size_t n_bytes);
    void (*write)(void *bus, mmsim_paddr address, const void *data, size_t n_bytes);
};

static inline uint32_t mmsim_port_read32(const struct mmsim_port *port, mmsim_paddr address)
{
    uint32_t value;
    if (address <= port->low_bytes - sizeof value)
        memcpy(&value, port->ram + address, sizeof value);
    else
        port->read(port->bus, address, &value, sizeof value);
    return value;
}

static inline uint64_t mmsim_port_read64(const struct mmsim_port *port, mmsim_paddr address)
{
    uint64_t value;
    if (address <= port->low_bytes - sizeof value)
        memcpy(&value, port->ram + address, sizeof value);
    else
        port->read(port->bus, address, &value, sizeof value);
    return value;
}

static inline void mmsim_port_write32(const struct mmsim_port *port, mmsim_paddr address,
                                      uint32_t value)
{
    if (address <= port->low_bytes - sizeof value)
        memcpy(port->ram + address, &value, sizeof value);
    else
        port->write(port->bus, address, &value, sizeof value);
}

/* ---- walk face ---- */

struct mmsim_request {
    mmsim_vaddr address;
    enum mmsim_access_kind access;
    enum mmsim_privilege privilege;
};

/* Whether a reference is a user fetch beyond the end of the code segment. */
static inline bool mmsim_is_beyond_code(const struct mmsim_arch_cpu *cpu,
                                        const struct mmsim_request *request)
{
    return request->access == MMSIM_ACCESS_FETCH && cpu->code_end != 0 &&
           request->privilege == MMSIM_PRIVILEGE_USER && request->address >= cpu->code_end;
}

/* A translation as a TLB may hold it. */
struct mmsim_translation {
    mmsim_paddr base;   /* physical address of the page's first byte */
    uint8_t page_shift; /* 12, 22, ... */
    uint8_t rights;     /* index into mmsim_arch_cpu.allow */
    bool global;
    bool dirty;     /* the entry's dirty bit is set: a store needs no walk any more */
    uint8_t levels; /* entries read */
};

struct mmsim_fault {
    uint32_t vector; /* 14 = #PF */
    uint32_t error;  /* error code as the CPU pushes it (SDM 3A 4.7) */
    mmsim_vaddr address;
    bool present;                  /* what the error code tells, in neutral words: a present */
    enum mmsim_access_kind access; /* entry forbids it; a fetch only where the code can say so */
    enum mmsim_privilege privilege;
    bool at_instruction; /* the address is that of the instruction (EIP): a kernel compares the two
                          */
};

/* A named run of bits in an entry or in an address. Tables of them end with name == NULL. */
struct mmsim_bit_field {
    const char *name;    /* "R/W" */
    uint8_t low, high;   /* inclusive */
    const char *meaning; /* "writable"; NULL for numbers such as a base */
    const char *clear;   /* what 0 means ("read-only"); NULL = nothing to say */
};

enum mmsim_verdict { MMSIM_PASS, MMSIM_DENY, MMSIM_SKIP };

#define MMSIM_WALK_MAX_STEPS 5
#define MMSIM_WALK_MAX_CHECKS 8

/* The whole story of one translation. */
struct mmsim_walk {
    const char *model, *cpu; /* names; static storage */
    const char *process;     /* name, or NULL */
    unsigned cpu_index;
    struct mmsim_request request;
    bool paging;                           /* false: physical = linear, there are no steps */
    mmsim_paddr root;                      /* of the tables (CR3) */
    const struct mmsim_bit_field *address; /* the address split, from the highest bits down */
    unsigned n_steps;
    struct mmsim_walk_step {
        const char *level; /* "PDE" */
        uint32_t index;    /* into its table */
        mmsim_paddr entry_address;
        uint64_t value;
        const struct mmsim_bit_field *fields;
        bool leaf;
        enum mmsim_verdict verdict; /* DENY: the walk ended here */
        bool cached; /* the paging-structure cache has it: the CPU would not read it */
        bool stale;  /* and has it otherwise than memory does by now */
        char why[96];
    } steps[MMSIM_WALK_MAX_STEPS];
    unsigned n_checks;
    struct mmsim_walk_check {
        const char *rule;   /* "user access to a supervisor page" */
        const char *source; /* "SDM 3A 4.6.1" */
        enum mmsim_verdict verdict;
        char why[96];
    } checks[MMSIM_WALK_MAX_CHECKS];
    bool present;             /* every entry on the way is present */
    bool allowed;             /* and the access may be made */
    bool accessed, dirty;     /* of the leaf entry */
    mmsim_paddr physical;     /* valid if present */
    uint8_t page_shift;       /* valid if present */
    uint8_t rights;           /* valid if present: what a TLB would hold */
    struct mmsim_fault fault; /* valid if not allowed */
    struct mmsim_walk_tlb {
        bool hit;          /* a TLB holds this page: the CPU would not walk at all */
        bool second_level; /* the shared second-level one */
        bool instruction;  /* looked for in the instruction TLB */
        unsigned set, way;
        struct mmsim_translation held;
        bool stale; /* the tables say something else by now */
    } tlb;
};

/* ---- map face ---- */

enum mmsim_entry_state {
    MMSIM_ENTRY_NONE,    /* nothing there */
    MMSIM_ENTRY_PRESENT, /* a page that the CPU can reach */
    MMSIM_ENTRY_HELD,    /* a page kept for a mapping that grants no access (PROT_NONE) */
    MMSIM_ENTRY_GUARD,   /* no page: every access is refused, whatever the mapping grants */
    MMSIM_ENTRY_SWAP /* no page: it is on swap; `base` says where, a multiple of the page size */
};

enum mmsim_entry_flag {
    MMSIM_ENTRY_WRITABLE = 1 << 0,
    MMSIM_ENTRY_USER = 1 << 1,
    MMSIM_ENTRY_GLOBAL = 1 << 2,
    MMSIM_ENTRY_ACCESSED = 1 << 3,
    MMSIM_ENTRY_DIRTY = 1 << 4,
    MMSIM_ENTRY_NO_EXECUTE = 1 << 5, /* where the CPU has it; else without effect */
    MMSIM_ENTRY_UNCACHED = 1 << 6    /* the same: each access reaches the bus */
};

/* An entry in neutral words. */
struct mmsim_entry {
    enum mmsim_entry_state state;
    uint8_t size_class; /* 0 = the base page; 1 = the next larger, if the CPU has it */
    uint8_t flags;      /* MMSIM_ENTRY_... */
    uint8_t key;        /* protection key */
    mmsim_paddr base;   /* of the page */
};

struct mmsim_page_map;

/* What the page-table writer asks the kernel for. */
struct mmsim_table_ops {
    /* A zeroed frame for a table; false if there is none. */
    bool (*get)(struct mmsim_page_map *map, mmsim_vaddr covers, mmsim_paddr *table);
    void (*put)(struct mmsim_page_map *map, mmsim_vaddr covers, mmsim_paddr table);
    /* Where the kernel keeps the number of entries in use of a table. */
    uint16_t *(*used)(struct mmsim_page_map *map, mmsim_paddr table);
    /* Whether a table that becomes empty stays until trim(); NULL: none does. */
    bool (*keeps)(const struct mmsim_page_map *map, mmsim_vaddr covers);
};

/* One set of page tables as its writer sees it. Embedded in the kernel's own object. */
struct mmsim_page_map {
    const struct mmsim_port *port;
    const struct mmsim_table_ops *tables;
    uint32_t abilities; /* those of the CPU that the kernel uses */
    unsigned mode;      /* index into mmsim_arch_ops.modes */
    mmsim_paddr root;
};

/* ---- the ops ---- */

struct mmsim_arch_ops {
    uint32_t abi, size; /* MMSIM_ARCH_ABI, sizeof(struct mmsim_arch_ops) */
    const char *name, *summary, *source;
    const struct mmsim_cpu_preset *presets; /* ends with name == NULL */
    const char *const *register_names;      /* ends with NULL */
    unsigned n_address_bits;                /* of a linear address */
    const struct mmsim_paging_mode *modes;  /* what mmsim_page_map.mode counts */
    const struct mmsim_cpu_feature *features;

    /* registers */
    void (*reset)(struct mmsim_arch_cpu *cpu, const struct mmsim_cpu_preset *preset);
    unsigned (*write_register)(struct mmsim_arch_cpu *cpu, unsigned number, uint64_t value);
    /* Turns paging on with the given tables; returns the abilities that are now in use. */
    uint32_t (*start_paging)(struct mmsim_arch_cpu *cpu, unsigned mode, mmsim_paddr root,
                             uint32_t abilities);
    unsigned (*load_root)(struct mmsim_arch_cpu *cpu, mmsim_paddr root);
    mmsim_paddr (*root)(const struct mmsim_arch_cpu *cpu);
    /* What a thread of execution may do with each protection key (PKRU); nothing, without keys. */
    void (*load_keys)(struct mmsim_arch_cpu *cpu, uint32_t pkru);

    /* walk: true = translated, accessed and dirty set; false = *fault, tables unchanged */
    bool (*walk)(struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                 const struct mmsim_request *request, struct mmsim_translation *translation,
                 struct mmsim_fault *fault);
    /* The same decisions, written down, and nothing changed. Fills all but process, cpu, tlb. */
    void (*explain)(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                    const struct mmsim_request *request, struct mmsim_walk *walk);
    /* The fault of a user fetch beyond cpu->code_end, before any translation. */
    void (*refuse_code)(const struct mmsim_request *request, struct mmsim_fault *fault);
    /* The fault of an access that a translation in the TLB refuses. */
    void (*refuse)(const struct mmsim_arch_cpu *cpu, const struct mmsim_request *request,
                   uint8_t rights, struct mmsim_fault *fault);
    /* Delivers a fault: CR2, and what the paging-structure cache has for the page goes. */
    void (*deliver)(struct mmsim_arch_cpu *cpu, const struct mmsim_fault *fault);
    const struct mmsim_bit_field *error_bits; /* of the error code */

    /* map; addresses are multiples of the page size */
    /* Makes the top level of an empty set, map->root; false: no memory, nothing changed. */
    bool (*open)(struct mmsim_page_map *map);
    /* Gives it back; no entry may be left but shared ones. */
    void (*close)(struct mmsim_page_map *map);
    /* Makes the tables that an entry for `address` needs, and for a large one gives an empty table
     * back that is in its place; false: no memory, or entries are in its place; nothing changed. */
    bool (*prepare)(struct mmsim_page_map *map, mmsim_vaddr address, unsigned size_class);
    /* Stores an entry where prepare() made room, in place of what stood there. Cannot fail. */
    void (*map)(struct mmsim_page_map *map, mmsim_vaddr address, const struct mmsim_entry *entry);
    /* Puts a table of small entries in place of a large one; what they grant, and accessed and
     * dirty, are the same. False: no memory, nothing changed. */
    bool (*split)(struct mmsim_page_map *map, mmsim_vaddr address);
    /* Removes it and gives empty tables back that need not be kept; returns what stood there. */
    struct mmsim_entry (*unmap)(struct mmsim_page_map *map, mmsim_vaddr address);
    /* Replaces the state, flags and key of an entry that holds a page by those of `rights`
     * (accessed and dirty are kept); returns what stood there. */
    struct mmsim_entry (*protect)(struct mmsim_page_map *map, mmsim_vaddr address,
                                  const struct mmsim_entry *rights);
    struct mmsim_entry (*query)(const struct mmsim_page_map *map, mmsim_vaddr address);
    /* Clears accessed or dirty (MMSIM_ENTRY_ACCESSED|DIRTY); returns those that were set. */
    unsigned (*test_and_clear)(struct mmsim_page_map *map, mmsim_vaddr address, unsigned flags);
    /* Gives back tables over [start, end) that are empty: never filled, or kept. */
    void (*trim)(struct mmsim_page_map *map, mmsim_vaddr start, mmsim_vaddr end);
    /* The first address in [from, to) with an entry in use; `to` if there is none. */
    mmsim_vaddr (*next)(const struct mmsim_page_map *map, mmsim_vaddr from, mmsim_vaddr to);
    /* Makes the top-level entries over [start, end) those of `master`. */
    void (*share)(struct mmsim_page_map *map, const struct mmsim_page_map *master,
                  mmsim_vaddr start, mmsim_vaddr end);
};

#ifdef __cplusplus
}
#endif
#endif
