/* vm-ops-common.c - what every program that runs such operations needs: words, ranges, hashes. */
#include <inttypes.h>
#include <stdio.h>

#include "vm-ops-perform.h"

void vm_ops_put_address(mmsim_vaddr address)
{
    mmsim_vaddr offset = address - VM_OPS_ARENA;
    if (address >= VM_OPS_ARENA && address < VM_OPS_ARENA_END)
        printf("%" PRIu64 "+%" PRIu64, offset / MMSIM_PAGE_SIZE, offset % MMSIM_PAGE_SIZE);
    else
        printf("@0x%" PRIx64, address);
}

uint64_t vm_ops_hash(uint64_t hash, const uint8_t *bytes, uint64_t n_bytes)
{
    for (uint64_t i = 0; i < n_bytes; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

static bool is_in_arena(mmsim_vaddr address, uint64_t length)
{
    return address >= VM_OPS_ARENA && address <= VM_OPS_ARENA_END &&
           length <= VM_OPS_ARENA_END - address;
}

bool vm_ops_range_is_allowed(mmsim_vaddr address, uint64_t length)
{
    const uint64_t host_end = UINT64_C(0x7ffffffff000); /* of user addresses on a 64-bit Linux */
    return is_in_arena(address, length) || address + length < address ||
           address + length > host_end;
}

bool vm_ops_range_is_inside(mmsim_vaddr address, uint64_t length)
{
    return is_in_arena(address, length) || address + length < address ||
           (address & MMSIM_PAGE_MASK);
}
