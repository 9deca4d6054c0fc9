/*
 * key.h - protection keys: which are given out, and what a process's PKRU says of them.
 *
 * A key is a small number in a page-table entry; PKRU has two bits for each: access-disable and
 * write-disable (SDM 3A 4.6.2). Key 0 is everybody's. Keys go with the address space, PKRU with the
 * thread of execution, of which a process has one here; fork copies both.
 *
 * Memory that is to be executed only gets a hidden key of its own, whose access is disabled: that
 * is how Linux makes x86 pages unreadable (execute_only_pkey).
 */
#ifndef MM_VM_KEY_H
#define MM_VM_KEY_H

#include <mmsim/vm.h>

struct mm_aspace;
struct mm_vma;

#define MM_KEY_INITIAL_PKRU UINT32_C(0x55555554) /* all keys but 0 access-disabled */

struct mm_keys {
    uint16_t allocated;  /* bit a key */
    int8_t execute_only; /* the hidden key; -1: none yet */
    uint32_t pkru;
};

void mm_keys_init(struct mm_keys *keys);

/* How many keys entries have room for; 0: the CPU has none. */
unsigned mm_keys_available(const struct mm_aspace *aspace);

enum mmsim_errno mm_key_alloc(struct mm_aspace *aspace, unsigned flags, unsigned rights, int *key);
enum mmsim_errno mm_key_free(struct mm_aspace *aspace, int key);

/* Whether a call may tag pages with it: allocated, and not the hidden one. */
bool mm_key_is_usable(const struct mm_aspace *aspace, int key);

/* The key that a new mapping has. */
uint8_t mm_key_for_mapping(struct mm_aspace *aspace, unsigned prot);

/* The key that pages of a VMA get from mprotect (`key` -1) or pkey_mprotect. */
uint8_t mm_key_for_protect(struct mm_aspace *aspace, const struct mm_vma *vma, unsigned prot,
                           int key);

/* Whether PKRU lets user mode do that to pages of the VMA. Fetches are never refused. */
bool mm_key_allows(const struct mm_aspace *aspace, const struct mm_vma *vma,
                   enum mmsim_access_kind access);

/* Changes PKRU, on the CPUs that run the address space too. */
void mm_key_write_pkru(struct mm_aspace *aspace, uint32_t pkru);

#endif
