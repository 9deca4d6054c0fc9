/* vectors.c - the products, the random sets, and what keeps their accesses within RAM. */
#include "vectors.h"

const char *const set_names[N_SETS] = {"product-32", "product-pae", "random-32", "random-pae"};

enum { N_RANDOM = 100000 };

#define BASE_SMALL UINT64_C(0x000ffffffffff000)
#define LARGE_HIGH_32 UINT64_C(0x001fe000) /* of a 4 MiB entry: bits 39:32, as far as there are */
#define LARGE_LOW_PAE UINT64_C(0x001fe000) /* of a 2 MiB entry: reserved */

static bool set_is_pae(enum set set)
{
    return set == SET_PRODUCT_PAE || set == SET_RANDOM_PAE;
}

void vectors_start(struct vector_source *source, enum set set)
{
    *source = (struct vector_source){.set = set};
}

static uint32_t usual_offset(enum access access)
{
    return access == ACC_FETCH      ? STAMP_CODE
           : access == ACC_IMPLICIT ? STAMP_DESCRIPTOR
                                    : STAMP_WORD;
}

/* ---- products ---- */

/* Spreads the low bits of a number over the bits of a mask. */
static uint64_t spread(uint32_t number, uint64_t mask)
{
    uint64_t value = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        if (!(mask & BIT(bit)))
            continue;
        value |= number & 1 ? BIT(bit) : 0;
        number >>= 1;
    }
    return value;
}

#define PTE_BITS (ENTRY_P | ENTRY_RW | ENTRY_US | ENTRY_A | ENTRY_D | ENTRY_G)
#define PDE_BITS (PTE_BITS | ENTRY_PS)
#define TOGETHER (ENTRY_A | ENTRY_D | ENTRY_G | ENTRY_XD)

static bool all_or_none(uint64_t value, uint64_t mask)
{
    return (value & mask) == 0 || (value & mask) == mask;
}

/* Whether a pair of entries is the one that stands for all others that mean the same. */
static bool is_distinct(uint64_t pde, uint64_t pte, uint32_t control, uint64_t no_execute)
{
    uint64_t together = (TOGETHER & ~ENTRY_XD) | no_execute;
    bool large = (pde & ENTRY_PS) && (control & (CTL_PAE | CTL_PSE));
    if (!(pde & ENTRY_P))
        return all_or_none(pde, together) && pte == ENTRY_P;
    if (large)
        return pte == ENTRY_P;
    if (pde & (ENTRY_D | ENTRY_G))
        return false;
    return (pte & ENTRY_P) || all_or_none(pte, together);
}

static bool next_entries(struct vector_source *source, uint32_t control)
{
    uint64_t no_execute = control & CTL_PAE ? ENTRY_XD : 0;
    unsigned pte_bits = no_execute ? 7 : 6;
    uint32_t n = 1u << (pte_bits + (no_execute ? 8 : 7));
    while (source->entries < n) {
        uint32_t number = source->entries++;
        source->pte = spread(number & ((1u << pte_bits) - 1), PTE_BITS | no_execute);
        source->pde = spread(number >> pte_bits, PDE_BITS | no_execute);
        if (is_distinct(source->pde, source->pte, control, no_execute))
            return true;
    }
    return false;
}

static void fill_product(const struct vector_source *source, uint32_t control,
                         struct vector *vector)
{
    enum { PAGE = 0x55000, DIRECTORY = 0xc0400000 };
    enum access access = (enum access)source->access;
    *vector = (struct vector){
        .id = source->n_made,
        .access = access,
        .cpl = source->user ? 3 : 0,
        .control = control,
        .address = DIRECTORY + PAGE + usual_offset(access),
        .pde = source->pde,
        .pte = source->pte | 0x5678000,
    };
    vector->pde |= is_large(vector) ? 0x5400000 : 0x2345000;
}

/* Innermost is the kind of access, then the CPL, then the entries, then the control bits. */
static bool next_product(struct vector_source *source, struct vector *vector)
{
    enum { N_CONTROLS = 128, N_KINDS = ACC_IMPLICIT + 1 };
    uint32_t pae = set_is_pae(source->set) ? CTL_PAE : 0;
    if (source->n_made > 0 && ++source->access < N_KINDS) {
        fill_product(source, source->control | pae, vector);
        return true;
    }
    source->access = 0;
    if (source->n_made > 0 && ++source->user < 2) {
        fill_product(source, source->control | pae, vector);
        return true;
    }
    source->user = 0;
    while (!next_entries(source, source->control | pae)) {
        source->entries = 0;
        if (++source->control == N_CONTROLS)
            return false;
    }
    fill_product(source, source->control | pae, vector);
    return true;
}

/* ---- random ---- */

/* splitmix64, by Sebastiano Vigna, public domain. */
static uint64_t random64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint32_t random32(uint64_t *state)
{
    return (uint32_t)(random64(state) >> 32);
}

static bool one_in(uint64_t *state, uint32_t n)
{
    return random32(state) % n == 0;
}

/* Some of the offsets at which a frame answers. */
static uint32_t random_offset(uint64_t *state, const struct vector *vector)
{
    static const uint32_t words[] = {STAMP_WORD, STAMP_ODD_WORD, STAMP_HIGH_WORD, STAMP_WORD};
    static const uint32_t codes[] = {STAMP_CODE, STAMP_ODD_CODE};
    uint32_t choice = (uint32_t)random64(state);
    bool fetch = vector->access == ACC_FETCH;
    if (vector->control & CTL_SPLIT)
        return fetch ? STAMP_CODE_LAST : STAMP_WORD_LAST;
    if (vector->access == ACC_IMPLICIT)
        return STAMP_DESCRIPTOR;
    return fetch ? codes[choice & 1] : words[choice & 3];
}

static uint32_t random_address(uint64_t *state, const struct vector *vector)
{
    enum { KERNEL_END = 0x800000 };
    uint32_t pages = is_pae(vector) ? 512 : 1024;
    uint32_t page = (uint32_t)(random64(state) >> 44);
    if (page < KERNEL_END >> 12)
        page += KERNEL_END >> 12;
    if ((vector->control & CTL_SPLIT) && page % pages == pages - 1)
        page--; /* both pages lie behind one directory entry */
    return page << 12 | random_offset(state, vector);
}

/* A frame of 64-128 MiB, or of those above 4 GiB where they can be named. */
static uint64_t in_ram(uint64_t *state, uint64_t entry, bool reaches_high)
{
    uint64_t rest = entry & ~BASE_SMALL;
    if (reaches_high && one_in(state, 3))
        return rest | (entry & 0x03fff000) | BIT(32);
    return rest | (entry & 0x03fff000) | 0x04000000;
}

static uint64_t likely(uint64_t *state, uint64_t entry, uint64_t bits)
{
    return one_in(state, 3) ? entry : entry | bits;
}

static uint64_t random_entry(uint64_t *state, const struct vector *vector)
{
    uint64_t entry = likely(state, random64(state), ENTRY_RW | ENTRY_US);
    if (!one_in(state, 12))
        entry |= ENTRY_P;
    if (!is_pae(vector))
        return entry & UINT32_MAX;
    uint64_t reserved = ~(BIT(36) - 1) & ~ENTRY_XD;
    if (!one_in(state, 8))
        entry &= ~reserved;
    else if (!one_in(state, 4)) /* a single one */
        entry &= ~reserved | BIT(36 + random32(state) % 27);
    return one_in(state, 3) ? entry : entry & ~ENTRY_XD;
}

/* A present PTE with a reserved bit keeps its base: it is a fault whatever it names. */
static uint64_t random_pte(uint64_t *state, const struct vector *vector)
{
    uint64_t entry = random_entry(state, vector);
    if (!(entry & ENTRY_P) || (entry & (BIT(63) - BIT(36))))
        return entry;
    return in_ram(state, entry, is_pae(vector));
}

/*
 * The high bits of a 4 MiB entry: mostly such that RAM lies there. Some stay arbitrary, but for one
 * that takes them beyond RAM and devices; then data accesses reach nothing. Code cannot be fetched
 * from nothing: that would be QEMU's end.
 */
static uint64_t random_4mib(uint64_t *state, const struct vector *vector)
{
    uint64_t entry = vector->pde;
    bool arbitrary = one_in(state, 4);
    if (arbitrary && (vector->access != ACC_FETCH || (entry & BIT(21))))
        return entry | BIT(14);
    entry &= ~(LARGE_HIGH_32 | BIT(21) | 0xf8000000);
    if (one_in(state, 3))
        return (entry & ~BIT(26)) | BIT(13);
    return entry | BIT(26);
}

static uint64_t random_2mib(uint64_t *state, const struct vector *vector)
{
    uint64_t entry = vector->pde;
    if (entry & (BIT(63) - BIT(36)))
        return entry;
    uint64_t low = one_in(state, 6) ? entry & LARGE_LOW_PAE : 0;
    uint64_t pat = entry & BIT(12);
    return (in_ram(state, entry, true) & ~(LARGE_LOW_PAE | BIT(12))) | low | pat;
}

static uint64_t random_pde(uint64_t *state, const struct vector *vector)
{
    uint64_t entry = vector->pde;
    if (!(entry & ENTRY_P))
        return entry;
    if (!is_large(vector))
        return (entry & ~BASE_SMALL) | (entry & 0x01fff000) | 0x02000000 |
               (entry & (BIT(52) - BIT(36)));
    return is_pae(vector) ? random_2mib(state, vector) : random_4mib(state, vector);
}

static void fill_random(enum set set, uint32_t number, struct vector *vector)
{
    uint64_t state = BIT(40) * (uint64_t)(set + 1) + number;
    uint64_t bits = random64(&state);
    *vector = (struct vector){.id = number, .access = (enum access)((uint32_t)bits % N_ACC)};
    vector->control = (bits >> 32 & (CTL_WP | CTL_PSE | CTL_PGE | CTL_SMEP | CTL_SMAP | CTL_NXE |
                                     CTL_AC | CTL_PKE)) |
                      (set_is_pae(set) ? CTL_PAE : 0u);
    bool can_split = vector->access < ACC_LOCKED;
    if (can_split && one_in(&state, 4))
        vector->control |= CTL_SPLIT;
    vector->cpl = one_in(&state, 4) ? (uint32_t)(bits >> 60 & 3) : (bits >> 60 & 1) * 3;
    vector->address = random_address(&state, vector);
    vector->pde = random_entry(&state, vector);
    vector->pde = random_pde(&state, vector);
    vector->pte = random_pte(&state, vector);
    if (vector->control & CTL_SPLIT)
        vector->pte2 = random_pte(&state, vector);
}

bool vectors_next(struct vector_source *source, struct vector *vector)
{
    bool random = source->set == SET_RANDOM_32 || source->set == SET_RANDOM_PAE;
    if (random && source->n_made == N_RANDOM)
        return false;
    if (random)
        fill_random(source->set, source->n_made, vector);
    else if (!next_product(source, vector))
        return false;
    source->n_made++;
    return true;
}
