/*
 * hw.h - the hardware seen from outside: registers, physical memory, the TLB, one translation.
 *
 * The walk record is the one description of a translation: the MMU makes it, `mmsim walk` prints
 * it, tests compare it. It carries the checks in the order in which the hardware makes them.
 */
#ifndef MMSIM_HW_H
#define MMSIM_HW_H

#include <mmsim/arch.h>
#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;
struct mmsim_process;

/*
 * Explains the translation that an access of `kind` to `address` by `process` would make now, on
 * the process's CPU, with its page tables. Changes nothing, accessed bits and TLB order included.
 * An address beyond the linear address space wraps, as one that an instruction computes would. A
 * dead process's tables are gone: the record then has present = false and no steps.
 */
void mmsim_explain(const struct mmsim_process *process, mmsim_vaddr address,
                   enum mmsim_access_kind kind, struct mmsim_walk *walk);

/*
 * Prints a record as a page for people: the address split, each entry with its bits named, each
 * check with its verdict, what the TLB holds. Its wording is no contract.
 */
void mmsim_walk_print(const struct mmsim_walk *walk, const struct mmsim_sink *sink);

/* A register of a simulated CPU by its name in the manual ("cr0", "cr3"). False: no such one. */
bool mmsim_register_get(const struct mmsim_machine *machine, unsigned cpu, const char *name,
                        uint64_t *value);

/*
 * Reads or writes physical memory as the bus does, without any CPU: a hole reads all ones and
 * swallows writes, and so does the window of a device, which is left alone. For debuggers and
 * tests; process memory is reached by mmsim_read(). Frames of the kernel heap hold the simulator's
 * own objects, host pointers included: what is read there differs from run to run, and writing
 * there breaks the machine.
 */
void mmsim_physical_read(const struct mmsim_machine *machine, mmsim_paddr address, void *buffer,
                         size_t n_bytes);
void mmsim_physical_write(struct mmsim_machine *machine, mmsim_paddr address, const void *buffer,
                          size_t n_bytes);

/*
 * Names the bits of an error code as the model's manual does, joined by "|": "P|W|U"; empty for
 * 0. `text` has room for MMSIM_ERROR_CODE_CHARS.
 */
#define MMSIM_ERROR_CODE_CHARS 64
void mmsim_error_code_text(const struct mmsim_machine *machine, uint32_t code, char *text);

#ifdef __cplusplus
}
#endif
#endif
