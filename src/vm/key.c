/* key.c - giving out keys; the hidden key of execute-only memory. */
#include "vm/key.h"

#include "hw/cpu.h"
#include "vm/aspace.h"

enum { RIGHTS_ALL = MMSIM_PKEY_DISABLE_ACCESS | MMSIM_PKEY_DISABLE_WRITE };

void mm_keys_init(struct mm_keys *keys)
{
    *keys = (struct mm_keys){.allocated = 1, .execute_only = -1, .pkru = MM_KEY_INITIAL_PKRU};
}

unsigned mm_keys_available(const struct mm_aspace *aspace)
{
    const struct mm_paging *paging = aspace->vm->paging;
    const struct mm_board *board = paging->board;
    return paging->abilities & MMSIM_CPU_KEYS ? board->arch->modes[board->paging_mode].n_keys : 0;
}

static int take_key(struct mm_aspace *aspace)
{
    struct mm_keys *keys = &aspace->keys;
    for (unsigned key = 0; key < mm_keys_available(aspace); key++) {
        if ((keys->allocated >> key) & 1)
            continue;
        keys->allocated = (uint16_t)(keys->allocated | 1u << key);
        return (int)key;
    }
    return -1;
}

static void set_rights(struct mm_aspace *aspace, int key, unsigned rights)
{
    uint32_t pkru = aspace->keys.pkru & ~((uint32_t)RIGHTS_ALL << (2 * key));
    mm_key_write_pkru(aspace, pkru | (uint32_t)rights << (2 * key));
}

void mm_key_write_pkru(struct mm_aspace *aspace, uint32_t pkru)
{
    struct mm_paging *paging = aspace->vm->paging;
    aspace->keys.pkru = pkru;
    for (unsigned cpu = 0; cpu < paging->n_cpus; cpu++)
        if ((aspace->tables->cpu_mask >> cpu) & 1)
            mm_cpu_load_keys(&paging->cpus[cpu], pkru);
}

enum mmsim_errno mm_key_alloc(struct mm_aspace *aspace, unsigned flags, unsigned rights, int *key)
{
    if (flags != 0 || (rights & ~(unsigned)RIGHTS_ALL))
        return MMSIM_EINVAL;
    int taken = take_key(aspace);
    if (taken < 0)
        return MMSIM_ENOSPC;
    set_rights(aspace, taken, rights);
    *key = taken;
    return MMSIM_SUCCESS;
}

bool mm_key_is_usable(const struct mm_aspace *aspace, int key)
{
    const struct mm_keys *keys = &aspace->keys;
    return key >= 0 && (unsigned)key < mm_keys_available(aspace) && key != keys->execute_only &&
           ((keys->allocated >> key) & 1);
}

enum mmsim_errno mm_key_free(struct mm_aspace *aspace, int key)
{
    if (!mm_key_is_usable(aspace, key))
        return MMSIM_EINVAL;
    aspace->keys.allocated = (uint16_t)(aspace->keys.allocated & ~(1u << key));
    return MMSIM_SUCCESS;
}

/* ---- execute-only memory ---- */

/* The hidden key, made on first use and shut; -1: there is none left. */
static int execute_only_key(struct mm_aspace *aspace)
{
    struct mm_keys *keys = &aspace->keys;
    if (keys->execute_only < 0) {
        int key = take_key(aspace);
        if (key < 0)
            return -1;
        keys->execute_only = (int8_t)key;
    }
    unsigned rights = (keys->pkru >> (2 * keys->execute_only)) & RIGHTS_ALL;
    if (!(rights & MMSIM_PKEY_DISABLE_ACCESS))
        set_rights(aspace, keys->execute_only, MMSIM_PKEY_DISABLE_ACCESS);
    return keys->execute_only;
}

uint8_t mm_key_for_mapping(struct mm_aspace *aspace, unsigned prot)
{
    int key = prot == MMSIM_PROT_EXEC ? execute_only_key(aspace) : 0;
    return key > 0 ? (uint8_t)key : 0;
}

uint8_t mm_key_for_protect(struct mm_aspace *aspace, const struct mm_vma *vma, unsigned prot,
                           int key)
{
    if (key >= 0)
        return (uint8_t)key;
    if (prot == MMSIM_PROT_EXEC) {
        int hidden = execute_only_key(aspace);
        if (hidden > 0)
            return (uint8_t)hidden;
    } else if (vma->prot == MMSIM_PROT_EXEC && vma->key == aspace->keys.execute_only) {
        return 0; /* it was hidden only because it was to be executed only */
    }
    return vma->key;
}

bool mm_key_allows(const struct mm_aspace *aspace, const struct mm_vma *vma,
                   enum mmsim_access_kind access)
{
    if (access == MMSIM_ACCESS_FETCH || mm_keys_available(aspace) == 0)
        return true;
    unsigned rights = (aspace->keys.pkru >> (2 * vma->key)) & RIGHTS_ALL;
    if (rights & MMSIM_PKEY_DISABLE_ACCESS)
        return false;
    return access != MMSIM_ACCESS_WRITE || !(rights & MMSIM_PKEY_DISABLE_WRITE);
}
