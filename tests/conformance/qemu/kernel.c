/*
 * kernel.c - a kernel for one purpose: it makes the accesses of a set of test vectors on the
 * machine it runs on, and writes down what happened in the format of mmsim-vectors.
 *
 * It runs with paging off and turns paging on only for a shot: entries are written, CR4, EFER, CR3
 * and CR0 are loaded, which flushes everything, and IRET goes to the privilege level asked for. A
 * fetch really executes the byte at the address; an implicit access is LSL on a descriptor of a
 * local descriptor table that lies there.
 *
 *   physical   1 MiB      the kernel; its first 4 MiB are mapped to themselves, for the supervisor
 *              32 MiB     page tables of vectors
 *              64 MiB     frames that tell their number (enum stamp)
 *              128 MiB    what is written down: a page with the number of bytes, then the text
 *              4 GiB      64 MiB more of frames that tell their number
 *   linear     4 MiB      a page for level 3: what to do there
 *
 * Where an access arrived is what the frame told: a read returns its number, code that is executed
 * loads it, a store is looked for where the entries say it went. If the frame does not tell, the
 * physical address is NOWHERE.
 */
#include "vectors.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define PAGE 4096u

#define TABLES_START (32 * MIB)
#define TABLES_END (96 * MIB)
#define LOW_START (64 * MIB)
#define LOW_END (128 * MIB)
#define HIGH_START (4 * GIB)
#define HIGH_END (4 * GIB + 64 * MIB)
#define WINDOW UINT32_C(0x80000000) /* linear, of the frames above 4 GiB */
#define USER_PAGE UINT32_C(0x400000)
#define REPORT ((volatile uint32_t *)0x8000000)
#define REPORT_TEXT ((char *)0x8001000)

#define NOWHERE UINT64_C(0xffffffffffff)
#define WRITTEN UINT32_C(0x5a17c0de)

enum { CR0_WP = 1 << 16, CR4_PSE = 1 << 4, CR4_PAE = 1 << 5, CR4_PGE = 1 << 7 };
enum { CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21, CR4_PKE = 1 << 22 };
enum { EFER = 0xc0000080, EFER_NXE = 1 << 11, EFLAGS_AC = 1 << 18, EFLAGS_FIXED = 2 };
enum { NO_EXCEPTION = 0xff, DAMAGED = 0xbd, PAGE_FAULT = 14 };

/* ---- entry.S ---- */

uint32_t shot_cr0, shot_eip, shot_cs, shot_ss, shot_eflags, shot_address, shot_data;
uint32_t shot_esp, shot_vector, shot_error, shot_cr2, shot_value;
extern const uint32_t exception_entries[32];
extern const uint8_t stubs[], stubs_end[], stub_read[], stub_write[], stub_locked[],
    stub_implicit[], stub_read_byte[], kernel_stack_end[];
void shot_fire(void);
void shot_done(void);
void load_segments(void);
void kernel_main(const uint32_t *multiboot);

/* ---- instructions ---- */

static uint32_t read_cr0(void)
{
    uint32_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static void write_cr0(uint32_t value)
{
    __asm__ volatile("mov %0, %%cr0; jmp 1f; 1:" : : "r"(value) : "memory");
}

static void write_cr3(uint32_t value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static void write_cr4(uint32_t value)
{
    static uint32_t current;
    if (value != current)
        __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
    current = value;
}

static void write_efer(uint32_t value)
{
    static uint32_t current;
    if (value != current)
        __asm__ volatile("wrmsr" : : "c"(EFER), "a"(value), "d"(0));
    current = value;
}

static void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* ---- segments ---- */

enum { GDT_TSS = 9, GDT_LDT = 10, N_GDT = 11 };

static uint64_t gdt[N_GDT];
static uint64_t idt[0x81];
static uint32_t tss[26];

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint32_t base;
};
struct table_pointer gdt_pointer, idt_pointer;

static uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t access, uint32_t flags)
{
    return (uint64_t)(limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)access << 40 |
           (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)flags << 52 |
           (uint64_t)(base >> 24) << 56;
}

static uint64_t gate(uint32_t target, uint32_t level)
{
    return (uint64_t)(target & 0xffff) | (uint64_t)0x08 << 16 |
           (uint64_t)(0x8e | level << 5) << 40 | (uint64_t)(target >> 16) << 48;
}

/* Selectors: code of level n is 10h*n + 8, data 10h*n + 10h. */
static uint32_t code_selector(uint32_t level)
{
    return level * 0x10 + 0x08 + level;
}

static void set_segments(void)
{
    for (uint32_t level = 0; level < 4; level++) {
        gdt[1 + level * 2] = descriptor(0, 0xfffff, 0x9b | level << 5, 0xc);
        gdt[2 + level * 2] = descriptor(0, 0xfffff, 0x93 | level << 5, 0xc);
    }
    gdt[GDT_TSS] = descriptor((uint32_t)(uintptr_t)tss, sizeof tss - 1, 0x89, 0);
    tss[1] = (uint32_t)(uintptr_t)kernel_stack_end - 8192; /* apart from the one in use */
    tss[2] = 0x10;
    for (uint32_t i = 0; i < 32; i++)
        idt[i] = gate(exception_entries[i], 0);
    idt[0x80] = gate((uint32_t)(uintptr_t)shot_done, 3);
    gdt_pointer = (struct table_pointer){sizeof gdt - 1, (uint32_t)(uintptr_t)gdt};
    idt_pointer = (struct table_pointer){sizeof idt - 1, (uint32_t)(uintptr_t)idt};
    load_segments();
}

/* The local descriptor table begins at a linear address. */
static void set_local_table(uint32_t address)
{
    gdt[GDT_LDT] = descriptor(address, 7, 0x82, 0);
    __asm__ volatile("lldt %w0" : : "r"(GDT_LDT * 8) : "memory");
}

/* ---- page tables of the kernel ---- */

#define TABLE __attribute__((aligned(4096)))
static TABLE uint32_t directory[1024], kernel_table[1024], user_table[1024];
static TABLE uint64_t pointers[512], directories[4][512], kernel_tables[2][512],
    user_table_pae[512];
static TABLE uint64_t window_pointers[512], window_directory[512], window_low[512];
static TABLE uint8_t user_page[PAGE];

static uint32_t address_of(const volatile void *object)
{
    return (uint32_t)(uintptr_t)object;
}

static void map_kernel_32(void)
{
    uint32_t used = ENTRY_P | ENTRY_RW | ENTRY_A;
    for (uint32_t i = 0; i < 1024; i++)
        kernel_table[i] = i * PAGE | used | ENTRY_D;
    directory[0] = address_of(kernel_table) | used;
    user_table[0] = address_of(user_page) | used | ENTRY_US;
    directory[USER_PAGE >> 22] = address_of(user_table) | used | ENTRY_US;
}

static void map_kernel_pae(void)
{
    uint32_t used = ENTRY_P | ENTRY_RW | ENTRY_A;
    for (uint32_t i = 0; i < 1024; i++)
        kernel_tables[i / 512][i % 512] = i * PAGE | used | ENTRY_D;
    for (uint32_t i = 0; i < 4; i++)
        pointers[i] = address_of(directories[i]) | ENTRY_P;
    directories[0][0] = address_of(kernel_tables[0]) | used;
    directories[0][1] = address_of(kernel_tables[1]) | used;
    user_table_pae[0] = address_of(user_page) | used | ENTRY_US;
    directories[0][USER_PAGE >> 21] = address_of(user_table_pae) | used | ENTRY_US;
}

static void map_window(void)
{
    uint64_t used = ENTRY_P | ENTRY_RW | ENTRY_A | ENTRY_D | ENTRY_PS;
    for (uint32_t i = 0; i < 2; i++)
        window_low[i] = i * 2 * MIB | used;
    for (uint32_t i = 0; i < 32; i++)
        window_directory[i] = (HIGH_START + i * 2 * MIB) | used;
    window_pointers[0] = address_of(window_low) | ENTRY_P;
    window_pointers[WINDOW >> 30] = address_of(window_directory) | ENTRY_P;
}

static void map_all(void)
{
    map_kernel_32();
    map_kernel_pae();
    map_window();
    for (uint32_t i = 0; stubs + i < stubs_end; i++)
        user_page[i] = stubs[i];
}

/* ---- physical memory ---- */

static void window_open(void)
{
    write_cr4(CR4_PAE);
    write_cr3(address_of(window_pointers));
    write_cr0(read_cr0() | UINT32_C(0x80000000));
}

static void window_close(void)
{
    write_cr0(read_cr0() & ~UINT32_C(0x80000000));
}

static bool is_high(uint64_t address)
{
    return address >= HIGH_START && address < HIGH_END;
}

static volatile uint8_t *bytes_at(uint64_t address)
{
    return (volatile uint8_t *)(is_high(address) ? WINDOW + (uint32_t)(address - HIGH_START)
                                                 : (uint32_t)address);
}

static uint32_t read_bytes(uint64_t address, uint32_t n_bytes)
{
    uint32_t value = 0;
    if (is_high(address))
        window_open();
    for (uint32_t i = 0; i < n_bytes; i++)
        value |= (uint32_t)bytes_at(address)[i] << i * 8;
    if (is_high(address))
        window_close();
    return value;
}

static uint64_t load_entry(uint32_t address, bool pae)
{
    volatile uint32_t *words = (volatile uint32_t *)address;
    return pae ? words[0] | (uint64_t)words[1] << 32 : words[0];
}

static void store_entry(uint32_t address, uint64_t value, bool pae)
{
    volatile uint32_t *words = (volatile uint32_t *)address;
    words[0] = (uint32_t)value;
    if (pae)
        words[1] = (uint32_t)(value >> 32);
}

/* ---- frames that tell their number ---- */

/* 16 bits: bit 15 for a frame above 4 GiB. */
static uint32_t number_of(uint64_t address)
{
    uint32_t frame = (uint32_t)(address >> 12) & 0x7fff;
    return is_high(address) ? frame | 0x8000 : frame;
}

static uint64_t frame_of(uint32_t number)
{
    uint64_t base = (uint64_t)(number & 0x7fff) << 12;
    return number & 0x8000 ? HIGH_START + base : base;
}

static bool tells_number(uint64_t address)
{
    return is_high(address) || (address >= LOW_START && address < LOW_END);
}

static void put(volatile uint8_t *at, uint64_t value, uint32_t n_bytes)
{
    for (uint32_t i = 0; i < n_bytes; i++, value >>= 8)
        at[i] = (uint8_t)value;
}

static uint32_t word_of(uint32_t number)
{
    return number | (number ^ 0xffff) << 16;
}

/* MOV EAX, number; INT 80h */
static uint64_t code_of(uint32_t number)
{
    return UINT64_C(0x80cd0000000000) | (uint64_t)number << 8 | 0xb8;
}

static void stamp_page(volatile uint8_t *page, uint32_t number)
{
    put(page + STAMP_SECOND, number | UINT32_C(0x80cd0000), 4);
    put(page + STAMP_WORD, word_of(number), 4);
    put(page + STAMP_DESCRIPTOR, descriptor(0, number, 0xf3, 4), 8);
    put(page + STAMP_ODD_WORD, word_of(number), 4);
    put(page + STAMP_CODE, code_of(number), 7);
    put(page + STAMP_ODD_CODE, code_of(number), 7);
    put(page + STAMP_HIGH_WORD, word_of(number), 4);
    put(page + STAMP_CODE_LAST, 0xb8, 1);
    put(page + STAMP_WORD_LAST, number, 2);
}

static void stamp_frame(uint64_t address)
{
    if (!tells_number(address))
        return;
    if (is_high(address))
        window_open();
    stamp_page(bytes_at(address & ~UINT64_C(0xfff)), number_of(address));
    if (is_high(address))
        window_close();
}

static void stamp_all(void)
{
    for (uint64_t frame = LOW_START; frame < LOW_END; frame += PAGE)
        stamp_page(bytes_at(frame), number_of(frame));
    window_open();
    for (uint64_t frame = HIGH_START; frame < HIGH_END; frame += PAGE)
        stamp_page(bytes_at(frame), number_of(frame));
    window_close();
}

/* ---- the entries of a vector ---- */

struct place {
    uint32_t pde;         /* address of the entry */
    uint32_t pte[2];      /* of this page's, and of the following one's; 0: nowhere */
    uint64_t previous[2]; /* what stood there */
};

static struct place place_entries(const struct vector *vector)
{
    bool pae = is_pae(vector);
    uint32_t entry_bytes = pae ? 8 : 4;
    uint32_t pages = pae ? 512 : 1024;
    uint32_t page = (vector->address >> 12) % pages;
    uint64_t table = vector->pde & (pae ? UINT64_C(0x000ffffffffff000) : UINT64_C(0xfffff000));
    struct place place = {.pde = pae ? address_of(directories) + (vector->address >> 21) * 8
                                     : address_of(directory) + (vector->address >> 22) * 4};
    store_entry(place.pde, vector->pde, pae);
    if (is_large(vector) || table < TABLES_START || table >= TABLES_END)
        return place;
    for (uint32_t i = 0; i < 2; i++) {
        place.pte[i] = (uint32_t)table + (page + i) % pages * entry_bytes;
        place.previous[i] = load_entry(place.pte[i], pae);
        store_entry(place.pte[i], i == 0 ? vector->pte : vector->pte2, pae);
    }
    return place;
}

static void take_back(const struct vector *vector, const struct place *place)
{
    store_entry(place->pde, 0, is_pae(vector));
    for (uint32_t i = 2; i-- > 0 && place->pte[0];)
        store_entry(place->pte[i], place->previous[i], is_pae(vector));
}

/* Where the first byte, or the first one in the following page, lies if the entries are obeyed. */
static uint64_t physical_of(const struct vector *vector, bool following)
{
    uint32_t address = following ? (vector->address | 0xfff) + 1 : vector->address;
    if (is_large(vector) && is_pae(vector))
        return (vector->pde & UINT64_C(0x000fffffffe00000)) | (address & 0x1fffff);
    if (is_large(vector))
        return (vector->pde & 0xffc00000) | (vector->pde >> 13 & 0xff) << 32 | (address & 0x3fffff);
    uint64_t leaf = following ? vector->pte2 : vector->pte;
    return (leaf & UINT64_C(0x000ffffffffff000)) | (address & 0xfff);
}

/* ---- what happened ---- */

static bool is_split(const struct vector *vector)
{
    return (vector->control & CTL_SPLIT) != 0;
}

static bool is_stored(const struct vector *vector)
{
    return vector->access == ACC_WRITE || vector->access == ACC_LOCKED;
}

/* Four bytes at the address, in one page or two. */
static uint32_t data_at(const struct vector *vector)
{
    uint64_t first = physical_of(vector, false), second = physical_of(vector, true);
    if (!is_split(vector))
        return read_bytes(first, 4);
    return read_bytes(first, 2) | read_bytes(second, 2) << 16;
}

static bool data_tells(const struct vector *vector)
{
    return tells_number(physical_of(vector, false)) &&
           (!is_split(vector) || tells_number(physical_of(vector, true)));
}

static uint32_t stamp_at(const struct vector *vector)
{
    uint32_t first = number_of(physical_of(vector, false));
    return is_split(vector) ? first | number_of(physical_of(vector, true)) << 16 : word_of(first);
}

static void stamp_again(const struct vector *vector)
{
    stamp_frame(physical_of(vector, false));
    if (is_split(vector))
        stamp_frame(physical_of(vector, true));
}

/* The number that a value read or executed tells; ffffffff: none. */
static uint32_t told_number(const struct vector *vector)
{
    uint32_t low = shot_value & 0xffff;
    uint32_t second = is_split(vector) ? number_of(physical_of(vector, true)) : 0;
    if (vector->access == ACC_READ_BYTE)
        low = number_of(physical_of(vector, false));
    bool good = vector->access == ACC_READ_BYTE  ? shot_value == (low & 0xff)
                : is_split(vector)               ? shot_value >> 16 == second
                : vector->access == ACC_FETCH    ? shot_value == low
                : vector->access == ACC_IMPLICIT ? shot_value == low
                                                 : shot_value == word_of(low);
    return good ? low : UINT32_MAX;
}

/* Where it arrived, if it did. */
static uint64_t arrived_at(const struct vector *vector)
{
    uint64_t expected = physical_of(vector, false);
    if (vector->access == ACC_WRITE)
        return data_tells(vector) && data_at(vector) == WRITTEN ? expected : NOWHERE;
    uint32_t number = told_number(vector);
    if (number == UINT32_MAX || !tells_number(frame_of(number)))
        return NOWHERE;
    if (vector->access == ACC_LOCKED &&
        !(data_tells(vector) && data_at(vector) == stamp_at(vector) + WRITTEN))
        return NOWHERE;
    return frame_of(number) | (vector->address & 0xfff);
}

/* ---- writing it down ---- */

static char *report_end = REPORT_TEXT;

static void put_hex(uint64_t value, char after)
{
    uint32_t n = 1;
    while (n < 16 && value >> n * 4)
        n++;
    while (n-- > 0)
        *report_end++ = "0123456789abcdef"[value >> n * 4 & 15];
    *report_end++ = after;
}

static void write_down(const struct vector *vector, const struct place *place)
{
    bool pae = is_pae(vector);
    bool done = shot_vector == NO_EXCEPTION;
    uint64_t physical = done ? arrived_at(vector) : 0;
    if (!done && is_stored(vector) && data_tells(vector) && data_at(vector) != stamp_at(vector))
        shot_vector = DAMAGED; /* a fault, and all the same something was stored */
    put_hex(vector->id, ' ');
    put_hex(shot_vector, ' ');
    put_hex(done ? 0 : shot_error, ' ');
    put_hex(shot_vector == PAGE_FAULT ? shot_cr2 : 0, ' ');
    put_hex(physical, ' ');
    put_hex(load_entry(place->pde, pae), ' ');
    put_hex(place->pte[0] ? load_entry(place->pte[0], pae) : vector->pte,
            is_split(vector) ? ' ' : '\n');
    if (is_split(vector))
        put_hex(place->pte[0] ? load_entry(place->pte[1], pae) : vector->pte2, '\n');
}

/* ---- shots ---- */

static const uint8_t *stub_of(enum access access)
{
    static const uint8_t *const of[N_ACC] = {[ACC_READ] = stub_read,
                                             [ACC_WRITE] = stub_write,
                                             [ACC_LOCKED] = stub_locked,
                                             [ACC_IMPLICIT] = stub_implicit,
                                             [ACC_READ_BYTE] = stub_read_byte};
    return of[access];
}

static void aim(const struct vector *vector)
{
    uint32_t control = vector->control;
    uint32_t stub = address_of(stub_of(vector->access));
    if (vector->cpl == 3)
        stub = stub - address_of(stubs) + USER_PAGE;
    shot_cr0 = UINT32_C(0x80000011) | (control & CTL_WP ? CR0_WP : 0);
    shot_eip = vector->access == ACC_FETCH ? vector->address : stub;
    shot_cs = code_selector(vector->cpl);
    shot_ss = shot_cs + 8;
    shot_eflags = EFLAGS_FIXED | (control & CTL_AC ? EFLAGS_AC : 0);
    shot_address = vector->address;
    shot_data = WRITTEN;
    shot_value = 0;
    if (vector->access == ACC_IMPLICIT)
        set_local_table(vector->address);
    write_cr4((control & CTL_PSE ? CR4_PSE : 0) | (control & CTL_PGE ? CR4_PGE : 0) |
              (control & CTL_SMEP ? CR4_SMEP : 0) | (control & CTL_SMAP ? CR4_SMAP : 0) |
              (control & CTL_PAE ? CR4_PAE : 0) | (control & CTL_PKE ? CR4_PKE : 0));
    write_efer(control & CTL_NXE ? EFER_NXE : 0);
    write_cr3(is_pae(vector) ? address_of(pointers) : address_of(directory));
}

static void shoot(const struct vector *vector)
{
    struct place place = place_entries(vector);
    aim(vector);
    shot_fire();
    write_down(vector, &place);
    take_back(vector, &place);
    if (is_stored(vector))
        stamp_again(vector);
}

static bool ends_with(const char *text, const char *end)
{
    uint32_t n_text = 0, n_end = 0;
    while (text[n_text])
        n_text++;
    while (end[n_end])
        n_end++;
    if (n_end > n_text)
        return false;
    for (uint32_t i = 0; i < n_end; i++)
        if (text[n_text - n_end + i] != end[i])
            return false;
    return true;
}

/* The set is the last word of the kernel's command line. */
static enum set set_of(const uint32_t *multiboot)
{
    enum { HAS_COMMAND_LINE = 1 << 2, COMMAND_LINE = 4 };
    if (multiboot[0] & HAS_COMMAND_LINE)
        for (uint32_t set = 0; set < N_SETS; set++)
            if (ends_with((const char *)(uintptr_t)multiboot[COMMAND_LINE], set_names[set]))
                return (enum set)set;
    return N_SETS;
}

void kernel_main(const uint32_t *multiboot)
{
    enum { EXIT_PORT = 0xf4 };
    enum set set = set_of(multiboot);
    struct vector_source source;
    struct vector vector;
    set_segments();
    map_all();
    stamp_all();
    if (set < N_SETS)
        for (vectors_start(&source, set); vectors_next(&source, &vector);)
            shoot(&vector);
    REPORT[0] = (uint32_t)(report_end - REPORT_TEXT);
    out32(EXIT_PORT, set < N_SETS ? 0 : 1);
}
