/* vectors-machine.c - registers, entries and accesses of the machine of mmsim-vectors. */
#include "vectors-machine.h"

#include <stdlib.h>
#include <string.h>

#define LOW_BYTES (128 * MMSIM_MIB)
#define HIGH_START (4 * MMSIM_GIB)
#define HIGH_BYTES (64 * MMSIM_MIB)
#define N_PAGES ((LOW_BYTES + HIGH_BYTES) >> MMSIM_PAGE_SHIFT)

#define TABLES_START (32 * MMSIM_MIB)
#define TABLES_END (96 * MMSIM_MIB)

#define DIRECTORY UINT64_C(0x100000) /* of two-level paging */
#define POINTERS UINT64_C(0x101000)  /* of PAE; its four directories follow */
#define DIRECTORIES UINT64_C(0x102000)

#define ENTRY_PRESENT UINT64_C(1)
#define ENTRY_PS (UINT64_C(1) << 7)
#define BASE_32 UINT64_C(0xfffff000)
#define BASE_PAE UINT64_C(0x000ffffffffff000)

#define CR0_PE UINT64_C(1)
#define CR0_WP (UINT64_C(1) << 16)
#define CR0_PG (UINT64_C(1) << 31)
#define EFER_NXE (UINT64_C(1) << 11)
#define EFLAGS_AC (UINT64_C(1) << 18)

static bool is_pae(const struct vectors_machine *machine)
{
    return (machine->control & CTL_PAE) != 0;
}

/* ---- RAM ---- */

static size_t entry_bytes(const struct vectors_machine *machine)
{
    return is_pae(machine) ? sizeof(uint64_t) : sizeof(uint32_t);
}

static uint64_t load_entry(const struct vectors_machine *machine, mmsim_paddr address)
{
    uint64_t value = 0;
    mmsim_mmu_physical_read(machine->mmu, address, &value, entry_bytes(machine));
    return value;
}

static void store_entry(struct vectors_machine *machine, mmsim_paddr address, uint64_t value)
{
    mmsim_mmu_physical_write(machine->mmu, address, &value, entry_bytes(machine));
}

static mmsim_paddr pde_address(const struct vectors_machine *machine, mmsim_vaddr address)
{
    return is_pae(machine) ? DIRECTORIES + (address >> 21) * 8 : DIRECTORY + (address >> 22) * 4;
}

static mmsim_paddr pte_address(const struct vectors_machine *machine, mmsim_vaddr address,
                               mmsim_paddr table)
{
    uint64_t page = address >> MMSIM_PAGE_SHIFT;
    return table + (is_pae(machine) ? (page & 511) * 8 : (page & 1023) * 4);
}

/* The page table that an entry names, if it names one where vectors may put them. */
static bool names_table(const struct vectors_machine *machine, uint64_t pde, mmsim_paddr *table)
{
    bool large = (pde & ENTRY_PS) && (is_pae(machine) || (machine->control & CTL_PSE));
    *table = pde & (is_pae(machine) ? BASE_PAE : BASE_32);
    return !large && *table >= TABLES_START && *table < TABLES_END;
}

/* ---- pages that were stored to ---- */

static mmsim_paddr page_start(uint32_t page)
{
    uint64_t offset = (uint64_t)page << MMSIM_PAGE_SHIFT;
    return offset < LOW_BYTES ? offset : offset - LOW_BYTES + HIGH_START;
}

static void mark(struct vectors_machine *machine, mmsim_paddr address)
{
    uint64_t offset = address;
    if (address >= HIGH_START)
        offset = address - HIGH_START + LOW_BYTES;
    else if (address >= LOW_BYTES)
        return; /* a hole */
    uint64_t page = offset >> MMSIM_PAGE_SHIFT;
    if (page >= N_PAGES || machine->marked[page])
        return;
    machine->marked[page] = 1;
    machine->marks[machine->n_marks++] = (uint32_t)page;
}

static void clear_bytes(struct mmsim_mmu *mmu, mmsim_paddr address, size_t n_bytes)
{
    static const uint8_t zeros[MMSIM_PAGE_SIZE];
    mmsim_mmu_physical_write(mmu, address, zeros, n_bytes);
}

/* Whatever was stored is gone. */
static void clear_stored(struct vectors_machine *machine)
{
    for (uint32_t i = 0; i < machine->n_marks; i++)
        clear_bytes(machine->mmu, page_start(machine->marks[i]), MMSIM_PAGE_SIZE);
    for (unsigned i = 0; i < machine->n_slots; i++)
        clear_bytes(machine->mmu, machine->slots[i].address, machine->slots[i].n_bytes);
}

/* ---- registers ---- */

static bool write_register(struct vectors_machine *machine, const char *name, uint64_t value)
{
    return mmsim_mmu_write_register(machine->mmu, name, value).done;
}

/* The same, but a value that is there already is not written: it would change nothing. */
static bool set_register(struct vectors_machine *machine, const char *name, uint64_t value)
{
    uint64_t held;
    if (mmsim_mmu_read_register(machine->mmu, name, &held) && held == value)
        return true;
    return write_register(machine, name, value);
}

static uint64_t cr0_of(uint64_t control)
{
    return CR0_PG | CR0_PE | (control & CTL_WP ? CR0_WP : 0);
}

static const struct {
    uint64_t control;
    unsigned bit;
} CR4_BITS[] = {{CTL_PSE, 4},   {CTL_PAE, 5},   {CTL_PGE, 7},
                {CTL_SMEP, 20}, {CTL_SMAP, 21}, {CTL_PKE, 22}};
#define N_CR4_BITS (sizeof CR4_BITS / sizeof *CR4_BITS)

static uint64_t cr4_of(const struct vectors_machine *machine, uint64_t control)
{
    if (!machine->has_pke)
        control &= ~(uint64_t)CTL_PKE;
    uint64_t cr4 = 0;
    for (size_t i = 0; i < N_CR4_BITS; i++)
        cr4 |= control & CR4_BITS[i].control ? UINT64_C(1) << CR4_BITS[i].bit : 0;
    return cr4;
}

/* The control bits as the registers have them. */
static uint64_t read_control(const struct vectors_machine *machine)
{
    uint64_t cr0 = 0, cr4 = 0, efer = 0;
    mmsim_mmu_read_register(machine->mmu, "cr0", &cr0);
    mmsim_mmu_read_register(machine->mmu, "cr4", &cr4);
    mmsim_mmu_read_register(machine->mmu, "efer", &efer);
    uint64_t control = (cr0 & CR0_WP ? CTL_WP : 0) | (efer & EFER_NXE ? CTL_NXE : 0);
    for (size_t i = 0; i < N_CR4_BITS; i++)
        control |= cr4 & (UINT64_C(1) << CR4_BITS[i].bit) ? CR4_BITS[i].control : 0;
    return control;
}

static uint64_t cr3_of(const struct vectors_machine *machine)
{
    return is_pae(machine) ? POINTERS : DIRECTORY;
}

static void store_pointers(struct mmsim_mmu *mmu)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t pointer = (DIRECTORIES + i * MMSIM_PAGE_SIZE) | ENTRY_PRESENT;
        mmsim_mmu_physical_write(mmu, POINTERS + i * sizeof pointer, &pointer, sizeof pointer);
    }
}

/* What is refused leaves its register as it was. */
static bool write_modes(struct vectors_machine *machine, uint64_t control)
{
    bool done = set_register(machine, "cr4", cr4_of(machine, control));
    done = set_register(machine, "efer", control & CTL_NXE ? EFER_NXE : 0) && done;
    machine->control = read_control(machine);
    return done;
}

static void stop_paging(struct vectors_machine *machine)
{
    set_register(machine, "cr0", CR0_PE);
}

/*
 * From paging off to paging on, all the way: flushes everything. Whoever changes CR4.PAE under
 * running paging has to have tables of both formats at one address; so paging goes off for it.
 */
static bool restart_paging(struct vectors_machine *machine, uint64_t control)
{
    stop_paging(machine);
    store_pointers(machine->mmu); /* a vector's own table may have lain there */
    bool done = write_modes(machine, control);
    set_register(machine, "cr3", cr3_of(machine));
    set_register(machine, "cr0", cr0_of(control));
    return done;
}

bool vectors_control(struct vectors_machine *machine, uint64_t control)
{
    if ((control ^ machine->control) & CTL_PAE)
        return restart_paging(machine, control);
    set_register(machine, "cr0", cr0_of(control));
    return write_modes(machine, control);
}

void vectors_load_cr3(struct vectors_machine *machine)
{
    write_register(machine, "cr3", cr3_of(machine));
}

void vectors_toggle_pge(struct vectors_machine *machine)
{
    uint64_t cr4 = cr4_of(machine, machine->control);
    if (write_register(machine, "cr4", cr4_of(machine, machine->control ^ CTL_PGE)))
        write_register(machine, "cr4", cr4);
    else
        vectors_load_cr3(machine); /* a CPU without global pages */
}

/* ---- life ---- */

static bool names_feature(const char *list, const char *name)
{
    size_t n_chars = strlen(name);
    for (; *list; list += strcspn(list, ","), list += *list == ',') {
        if (strcspn(list, ",") == n_chars && strncmp(list, name, n_chars) == 0)
            return true;
    }
    return false;
}

enum mmsim_status vectors_machine_init(struct vectors_machine *machine, const char *features,
                                       unsigned physical_bits, struct mmsim_error *error)
{
    *machine = (struct vectors_machine){.has_pke = names_feature(features, "pke")};
    machine->marked = calloc(N_PAGES, sizeof *machine->marked);
    machine->marks = calloc(N_PAGES, sizeof *machine->marks);
    enum mmsim_status status = MMSIM_OK;
    if (!machine->marked || !machine->marks) {
        *error = (struct mmsim_error){.status = MMSIM_HOST_MEMORY, .text = "no host memory"};
        status = MMSIM_HOST_MEMORY;
    }
    struct mmsim_mmu_config config;
    mmsim_mmu_config_init(&config);
    config.features = features;
    config.physical_bits = physical_bits;
    config.low_bytes = LOW_BYTES;
    config.high_bytes = HIGH_BYTES;
    if (!status)
        status = mmsim_mmu_create(&config, &machine->mmu, error);
    if (status) {
        vectors_machine_fini(machine);
        return status;
    }
    restart_paging(machine, 0);
    return MMSIM_OK;
}

void vectors_machine_fini(struct vectors_machine *machine)
{
    mmsim_mmu_destroy(machine->mmu);
    free(machine->marked);
    free(machine->marks);
}

void vectors_reset(struct vectors_machine *machine)
{
    clear_stored(machine);
    for (uint32_t i = 0; i < machine->n_marks; i++)
        machine->marked[machine->marks[i]] = 0;
    machine->n_marks = 0;
    machine->n_slots = 0;
    restart_paging(machine, 0);
}

/* ---- accesses ---- */

/* A fetch is the first byte of an instruction, or four bytes where it is to end in the next page.
 */
static size_t access_bytes(enum vectors_access access, uint64_t control)
{
    static const size_t bytes[N_ACC] = {[ACC_READ] = 4,   [ACC_WRITE] = 4,    [ACC_FETCH] = 1,
                                        [ACC_LOCKED] = 4, [ACC_IMPLICIT] = 8, [ACC_READ_BYTE] = 1};
    return access == ACC_FETCH && (control & CTL_SPLIT) ? 4 : bytes[access];
}

/* Without data: what a write stores is nobody's business, and it shall not destroy a table. */
static struct vectors_result perform(struct vectors_machine *machine,
                                     const struct vectors_operation *operation)
{
    static const enum mmsim_access_kind kinds[N_ACC] = {
        [ACC_READ] = MMSIM_ACCESS_READ,     [ACC_WRITE] = MMSIM_ACCESS_WRITE,
        [ACC_FETCH] = MMSIM_ACCESS_FETCH,   [ACC_LOCKED] = MMSIM_ACCESS_WRITE,
        [ACC_IMPLICIT] = MMSIM_ACCESS_READ, [ACC_READ_BYTE] = MMSIM_ACCESS_READ};
    enum vectors_access access = (enum vectors_access)operation->access;
    struct mmsim_request request = {
        .address = operation->address,
        .access = kinds[access],
        .privilege = access == ACC_IMPLICIT ? MMSIM_PRIVILEGE_IMPLICIT
                     : operation->cpl == 3  ? MMSIM_PRIVILEGE_USER
                                            : MMSIM_PRIVILEGE_SUPERVISOR,
    };
    struct mmsim_mmu_result made =
        mmsim_mmu_access(machine->mmu, &request, NULL, access_bytes(access, operation->control));
    if (made.done)
        return (struct vectors_result){.vector = VECTOR_NONE, .physical = made.physical};
    return (struct vectors_result){
        .vector = made.fault.vector, .error = made.fault.error, .cr2 = made.fault.address};
}

struct vectors_result vectors_access(struct vectors_machine *machine,
                                     const struct vectors_operation *access)
{
    set_register(machine, "eflags", access->align_check ? EFLAGS_AC : 0);
    struct vectors_result result = perform(machine, access);
    mmsim_paddr table;
    result.pde = load_entry(machine, pde_address(machine, access->address));
    if (names_table(machine, result.pde, &table))
        result.pte = load_entry(machine, pte_address(machine, access->address, table));
    return result;
}

void vectors_store_pde(struct vectors_machine *machine, mmsim_vaddr address, uint64_t value)
{
    mmsim_paddr where = pde_address(machine, address);
    mark(machine, where);
    store_entry(machine, where, value);
}

void vectors_store_pte(struct vectors_machine *machine, mmsim_vaddr address, mmsim_paddr table,
                       uint64_t value)
{
    mmsim_paddr where = pte_address(machine, address, table);
    mark(machine, where);
    store_entry(machine, where, value);
}

/* ---- one ---- */

static void store_slot(struct vectors_machine *machine, mmsim_paddr address, uint64_t value)
{
    machine->slots[machine->n_slots++] =
        (struct vectors_slot){.address = address, .n_bytes = entry_bytes(machine)};
    store_entry(machine, address, value);
}

static void forget_slots(struct vectors_machine *machine)
{
    for (unsigned i = 0; i < machine->n_slots; i++)
        clear_bytes(machine->mmu, machine->slots[i].address, machine->slots[i].n_bytes);
    machine->n_slots = 0;
}

/* The following page of a SPLIT one, which may be the first of the next directory entry. */
static mmsim_vaddr next_page(mmsim_vaddr address)
{
    return ((address & ~MMSIM_PAGE_MASK) + MMSIM_PAGE_SIZE) & UINT32_MAX;
}

static void store_entries(struct vectors_machine *machine, const struct vectors_operation *one,
                          bool has_table, mmsim_paddr table)
{
    mmsim_vaddr next = next_page(one->address);
    bool split = (one->control & CTL_SPLIT) != 0;
    mmsim_paddr pde = pde_address(machine, one->address);
    if (split && pde_address(machine, next) != pde)
        store_slot(machine, pde_address(machine, next), one->pde);
    store_slot(machine, pde, one->pde);
    if (split && has_table)
        store_slot(machine, pte_address(machine, next, table), one->pte2);
    if (has_table)
        store_slot(machine, pte_address(machine, one->address, table), one->pte);
}

struct vectors_result vectors_one(struct vectors_machine *machine,
                                  const struct vectors_operation *one)
{
    forget_slots(machine);
    bool accepted = restart_paging(machine, one->control);
    mmsim_paddr table;
    bool has_table = names_table(machine, one->pde, &table);
    store_entries(machine, one, has_table, table);
    set_register(machine, "eflags", one->control & CTL_AC ? EFLAGS_AC : 0);
    struct vectors_result result = {.vector = VECTOR_GENERAL_PROTECTION};
    if (accepted)
        result = perform(machine, one);
    result.pde = load_entry(machine, pde_address(machine, one->address));
    result.pte = one->pte;
    result.pte2 = one->pte2;
    if (has_table) {
        result.pte = load_entry(machine, pte_address(machine, one->address, table));
        result.pte2 = load_entry(machine, pte_address(machine, next_page(one->address), table));
    }
    return result;
}
