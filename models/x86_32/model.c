/* model.c - the x86_32 architecture as one table of operations. */
#include "x86_32/model.h"

#include "x86_32/pte.h"

static const char *const register_names[] = {
    "cr0",  "cr2",    "cr3",    "cr4",    "efer",   "eflags",
    "pkru", "pdpte0", "pdpte1", "pdpte2", "pdpte3", NULL,
};

static const uint8_t page_shifts_32bit[] = {X86_SMALL_SHIFT, X86_LARGE_SHIFT, 0};
static const uint8_t page_shifts_pae[] = {X86_SMALL_SHIFT, X86_LARGE_SHIFT_PAE, 0};

static const struct mmsim_paging_mode modes[] = {
    [X86_MODE_32BIT] = {.name = "32bit",
                        .summary = "two levels, 32-bit entries, 4 KiB and 4 MiB pages",
                        .page_shifts = page_shifts_32bit,
                        .physical_bits = 32,
                        .n_keys = X86_KEYS_32},
    [X86_MODE_PAE] = {.name = "pae",
                      .summary = "three levels, 64-bit entries, 4 KiB and 2 MiB pages, NX",
                      .needs = MMSIM_CPU_PAE,
                      .page_shifts = page_shifts_pae,
                      .physical_bits = 36,
                      .n_keys = X86_KEYS_PAE},
    {0},
};

const struct mmsim_arch_ops mm_x86_32_arch = {
    .abi = MMSIM_ARCH_ABI,
    .size = sizeof(struct mmsim_arch_ops),
    .name = "x86_32",
    .summary = "IA-32: two-level and PAE page tables, 4 KiB, 2 MiB and 4 MiB pages",
    .source = "Intel SDM volume 3A, chapters 2 and 4",
    .presets = mm_x86_presets,
    .register_names = register_names,
    .n_address_bits = 32,
    .modes = modes,
    .features = mm_x86_features,
    .reset = mm_x86_reset,
    .write_register = mm_x86_write_register,
    .start_paging = mm_x86_start_paging,
    .load_root = mm_x86_load_root,
    .root = mm_x86_root,
    .load_keys = mm_x86_load_keys,
    .walk = mm_x86_walk,
    .explain = mm_x86_explain,
    .refuse_code = mm_x86_refuse_code,
    .refuse = mm_x86_refuse,
    .deliver = mm_x86_deliver,
    .error_bits = mm_x86_error_bits,
    .open = mm_x86_open,
    .close = mm_x86_close,
    .prepare = mm_x86_prepare,
    .map = mm_x86_map,
    .split = mm_x86_split,
    .unmap = mm_x86_unmap,
    .protect = mm_x86_protect,
    .query = mm_x86_query,
    .test_and_clear = mm_x86_test_and_clear,
    .trim = mm_x86_trim,
    .next = mm_x86_next,
    .share = mm_x86_share,
};
