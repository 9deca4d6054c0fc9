/* model.c - the x86_32 architecture as one table of operations. */
#include "x86_32/model.h"

#include "x86_32/pte.h"

static const char *const register_names[] = {"cr0", "cr2", "cr3", "cr4", NULL};
static const uint8_t page_shifts[] = {X86_SMALL_SHIFT, X86_LARGE_SHIFT, 0};

const struct mmsim_arch_ops mm_x86_32_arch = {
    .abi = MMSIM_ARCH_ABI,
    .size = sizeof(struct mmsim_arch_ops),
    .name = "x86_32",
    .summary = "IA-32: two-level page tables, 4 KiB pages, 4 MiB pages with PSE",
    .source = "Intel SDM volume 3A, chapters 2 and 4",
    .presets = mm_x86_presets,
    .register_names = register_names,
    .n_address_bits = 32,
    .page_shifts = page_shifts,
    .reset = mm_x86_reset,
    .write_register = mm_x86_write_register,
    .start_paging = mm_x86_start_paging,
    .load_root = mm_x86_load_root,
    .root = mm_x86_root,
    .walk = mm_x86_walk_32,
    .explain = mm_x86_explain_32,
    .refuse = mm_x86_refuse,
    .deliver = mm_x86_deliver,
    .error_bits = mm_x86_error_bits,
    .prepare = mm_x86_prepare,
    .map = mm_x86_map,
    .unmap = mm_x86_unmap,
    .protect = mm_x86_protect,
    .query = mm_x86_query,
    .test_and_clear = mm_x86_test_and_clear,
    .trim = mm_x86_trim,
    .next = mm_x86_next,
    .share = mm_x86_share,
};
