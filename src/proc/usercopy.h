/*
 * usercopy.h - the kernel reads and writes the memory of the process that called it.
 *
 * Through the MMU, with the kernel's privilege and the caller's tables, page faults included: what
 * the caller could not have done itself ends the copy at that byte. Addresses outside the user
 * region are refused before they are touched (Linux: access_ok, copy_to_user).
 */
#ifndef MM_PROC_USERCOPY_H
#define MM_PROC_USERCOPY_H

#include "proc/process.h"

/* Bytes copied, from the first; fewer than n: the next one could not be. The process is running. */
uint64_t mm_copy_to_user(struct mm_process *process, mmsim_vaddr to, const void *bytes, uint64_t n);
uint64_t mm_copy_from_user(struct mm_process *process, void *bytes, mmsim_vaddr from, uint64_t n);

#endif
