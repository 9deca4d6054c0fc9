/*
 * access.c - who may do what: the rights truth table and the #PF error code.
 *
 * Source: SDM 3A 4.6 "Access Rights" and 4.7 "Page-Fault Exceptions". U and W below are the AND of
 * U/S and R/W over all entries of the walk.
 *
 *   access              U=0 W=0   U=0 W=1   U=1 W=0    U=1 W=1
 *   supervisor read     yes       yes       yes        yes
 *   supervisor write    WP=0      yes       WP=0       yes
 *   supervisor fetch    yes       yes       yes        yes
 *   user read           no        no        yes        yes
 *   user write          no        no        no         yes
 *   user fetch          no        no        yes        yes
 *
 * The error code describes the access, not the entry: P tells whether every entry was present, W
 * and U what was tried. Bit 4 (instruction fetch) is 0 in this mode: it needs NX or SMEP.
 */
#include <stdio.h>

#include "x86_32/model.h"
#include "x86_32/pte.h"

enum {
    MAY_READ = 1 << MMSIM_ACCESS_READ,
    MAY_WRITE = 1 << MMSIM_ACCESS_WRITE,
    MAY_FETCH = 1 << MMSIM_ACCESS_FETCH
};

const struct mmsim_bit_field mm_x86_error_bits[] = {
    {"P", 0, 0, "every entry was present: the access right was missing",
     "an entry was not present"},
    {"W", 1, 1, "a write", "a read"},
    {"U", 2, 2, "in user mode", "in supervisor mode"},
    {"RSVD", 3, 3, "a reserved bit was set in an entry", NULL},
    {"I", 4, 4, "an instruction fetch", NULL},
    {"PK", 5, 5, "a protection key forbade it", NULL},
    {0},
};

static uint8_t allowed_user(unsigned rights)
{
    if (!(rights & X86_RIGHTS_USER))
        return 0;
    return (uint8_t)(MAY_READ | MAY_FETCH | (rights & X86_RIGHTS_WRITE ? MAY_WRITE : 0));
}

static uint8_t allowed_supervisor(unsigned rights, bool write_protect)
{
    bool may_write = (rights & X86_RIGHTS_WRITE) || !write_protect;
    return (uint8_t)(MAY_READ | MAY_FETCH | (may_write ? MAY_WRITE : 0));
}

static bool write_protect_on(const struct mmsim_arch_cpu *cpu)
{
    return (cpu->registers[X86_CR0] & X86_CR0_WP) != 0;
}

void mm_x86_rights_rebuild(struct mmsim_arch_cpu *cpu)
{
    for (unsigned rights = 0; rights < X86_N_RIGHTS; rights++) {
        cpu->allow[MMSIM_PRIVILEGE_USER][rights] = allowed_user(rights);
        cpu->allow[MMSIM_PRIVILEGE_SUPERVISOR][rights] =
            allowed_supervisor(rights, write_protect_on(cpu));
    }
}

uint8_t mm_x86_rights_of(uint32_t combined_entries)
{
    return (uint8_t)((combined_entries & X86_US ? X86_RIGHTS_USER : 0) |
                     (combined_entries & X86_RW ? X86_RIGHTS_WRITE : 0));
}

uint32_t mm_x86_error_code(const struct mmsim_request *request, uint32_t reason)
{
    return reason | (request->access == MMSIM_ACCESS_WRITE ? X86_PF_W : 0u) |
           (request->privilege == MMSIM_PRIVILEGE_USER ? X86_PF_U : 0u);
}

void mm_x86_fault_make(const struct mmsim_request *request, uint32_t reason,
                       struct mmsim_fault *fault)
{
    bool write = request->access == MMSIM_ACCESS_WRITE;
    *fault = (struct mmsim_fault){
        .vector = X86_PF_VECTOR,
        .error = mm_x86_error_code(request, reason),
        .address = request->address,
        .present = (reason & X86_PF_P) != 0,
        .access = write ? MMSIM_ACCESS_WRITE : MMSIM_ACCESS_READ,
        .privilege = request->privilege,
    };
}

void mm_x86_refuse(const struct mmsim_arch_cpu *cpu, const struct mmsim_request *request,
                   struct mmsim_fault *fault)
{
    (void)cpu;
    mm_x86_fault_make(request, X86_PF_P, fault);
}

static void add_check(struct mmsim_walk *walk, const char *rule, const char *source,
                      enum mmsim_verdict verdict, const char *why)
{
    struct mmsim_walk_check *check = &walk->checks[walk->n_checks++];
    *check = (struct mmsim_walk_check){.rule = rule, .source = source, .verdict = verdict};
    snprintf(check->why, sizeof check->why, "%s", why);
}

static void explain_privilege(uint8_t rights, struct mmsim_walk *walk)
{
    bool user_page = rights & X86_RIGHTS_USER;
    if (walk->request.privilege == MMSIM_PRIVILEGE_SUPERVISOR)
        add_check(walk, "U/S", "SDM 3A 4.6.1", MMSIM_PASS,
                  "supervisor mode may use supervisor and user pages");
    else
        add_check(walk, "U/S", "SDM 3A 4.6.1", user_page ? MMSIM_PASS : MMSIM_DENY,
                  user_page ? "U/S is 1 in every entry: a user page"
                            : "U/S is 0 in an entry: user mode may not touch a supervisor page");
}

static const char *why_write(const struct mmsim_walk *walk, uint8_t rights, bool write_protect)
{
    if (rights & X86_RIGHTS_WRITE)
        return "R/W is 1 in every entry: writable";
    if (walk->request.privilege == MMSIM_PRIVILEGE_USER)
        return "R/W is 0 in an entry: read-only for user mode";
    return write_protect
               ? "R/W is 0 in an entry and CR0.WP is 1: read-only for the kernel too"
               : "R/W is 0 in an entry, but CR0.WP is 0: the kernel may write all the same";
}

static void explain_write(const struct mmsim_arch_cpu *cpu, uint8_t rights, struct mmsim_walk *walk)
{
    bool user = walk->request.privilege == MMSIM_PRIVILEGE_USER;
    bool write_protect = write_protect_on(cpu);
    bool pass = (rights & X86_RIGHTS_WRITE) || (!user && !write_protect);
    if (walk->request.access != MMSIM_ACCESS_WRITE)
        add_check(walk, "R/W", "SDM 3A 4.6.1", MMSIM_SKIP, "not a write");
    else
        add_check(walk, "R/W", "SDM 3A 4.6.1", pass ? MMSIM_PASS : MMSIM_DENY,
                  why_write(walk, rights, write_protect));
}

void mm_x86_explain_rights(const struct mmsim_arch_cpu *cpu, uint8_t rights,
                           struct mmsim_walk *walk)
{
    explain_privilege(rights, walk);
    explain_write(cpu, rights, walk);
    if (walk->request.access == MMSIM_ACCESS_FETCH)
        add_check(walk, "XD", "SDM 3A 4.6.2", MMSIM_SKIP,
                  "two-level paging has no execute-disable bit: what can be read can be executed");
}
