/*
 * access.c - who may do what: the rights truth table and the #PF error code.
 *
 * Source: SDM 3A 4.6 "Access Rights" and 4.7 "Page-Fault Exceptions". U and W below are the AND of
 * U/S and R/W over all entries of the walk, XD is the OR of their execute-disable bits.
 *
 *   access              U=0 W=0   U=0 W=1   U=1 W=0            U=1 W=1
 *   supervisor read     yes       yes       if SMAP permits    if SMAP permits
 *   supervisor write    WP=0      yes       WP=0 and SMAP      if SMAP permits
 *   supervisor fetch    not XD    not XD    SMEP=0, not XD     SMEP=0, not XD
 *   user read           no        no        yes                yes
 *   user write          no        no        no                 yes
 *   user fetch          no        no        not XD             not XD
 *
 * SMAP permits if CR4.SMAP = 0, or EFLAGS.AC = 1 and the access is an explicit one. A protection
 * key applies to data accesses to pages with U=1 on top of that: access-disable refuses them all,
 * write-disable refuses user writes, and supervisor writes if WP=1.
 *
 * The error code describes the access, not the entry: P tells whether every entry was present, W
 * and U what was tried, I that it was a fetch, if NX or SMEP is on.
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
    {"GP", 31, 31, "beyond the end of the code segment: #GP, which has no such code", NULL},
    {0},
};

static bool write_protect_on(const struct mmsim_arch_cpu *cpu)
{
    return (cpu->registers[X86_CR0] & X86_CR0_WP) != 0;
}

/* ---- protection keys ---- */

/* What the key of a user page takes away from data accesses of a privilege. */
static unsigned denied_by_key(const struct mmsim_arch_cpu *cpu, enum mmsim_privilege privilege,
                              unsigned rights)
{
    if (!x86_keys_on(cpu) || !(rights & X86_RIGHTS_USER))
        return 0;
    unsigned key = rights >> X86_RIGHTS_KEY_SHIFT;
    uint64_t bits = cpu->registers[X86_PKRU] >> (2 * key);
    bool access_disable = bits & 1;
    bool write_disable = (bits & 2) && (privilege == MMSIM_PRIVILEGE_USER || write_protect_on(cpu));
    return (access_disable ? MAY_READ | MAY_WRITE : 0u) | (write_disable ? MAY_WRITE : 0u);
}

/* ---- the table ---- */

static unsigned granted_user(unsigned rights)
{
    if (!(rights & X86_RIGHTS_USER))
        return 0;
    return MAY_READ | (rights & X86_RIGHTS_NO_EXECUTE ? 0u : MAY_FETCH) |
           (rights & X86_RIGHTS_WRITE ? MAY_WRITE : 0u);
}

/* Whether supervisor mode may touch the data of user pages. */
static bool smap_permits(const struct mmsim_arch_cpu *cpu, enum mmsim_privilege privilege)
{
    return !x86_cr4_on(cpu, X86_CR4_SMAP) || (privilege == MMSIM_PRIVILEGE_SUPERVISOR &&
                                              (cpu->registers[X86_EFLAGS] & X86_EFLAGS_AC));
}

static unsigned granted_supervisor(const struct mmsim_arch_cpu *cpu, enum mmsim_privilege privilege,
                                   unsigned rights)
{
    bool user_page = rights & X86_RIGHTS_USER;
    bool may_touch = !user_page || smap_permits(cpu, privilege);
    bool may_write = (rights & X86_RIGHTS_WRITE) || !write_protect_on(cpu);
    bool may_fetch =
        !(rights & X86_RIGHTS_NO_EXECUTE) && !(user_page && x86_cr4_on(cpu, X86_CR4_SMEP));
    return (may_touch ? MAY_READ : 0u) | (may_touch && may_write ? MAY_WRITE : 0u) |
           (may_fetch ? MAY_FETCH : 0u);
}

static uint8_t allowed(const struct mmsim_arch_cpu *cpu, enum mmsim_privilege privilege,
                       unsigned rights)
{
    unsigned granted = privilege == MMSIM_PRIVILEGE_USER
                           ? granted_user(rights)
                           : granted_supervisor(cpu, privilege, rights);
    return (uint8_t)(granted & ~denied_by_key(cpu, privilege, rights));
}

void mm_x86_rights_rebuild(struct mmsim_arch_cpu *cpu)
{
    for (int privilege = 0; privilege < MMSIM_N_PRIVILEGES; privilege++)
        for (unsigned rights = 0; rights < X86_N_RIGHTS; rights++)
            cpu->allow[privilege][rights] = allowed(cpu, (enum mmsim_privilege)privilege, rights);
}

/* ---- faults ---- */

static bool tells_fetches(const struct mmsim_arch_cpu *cpu)
{
    return x86_cr4_on(cpu, X86_CR4_SMEP) || x86_no_execute_on(cpu);
}

void mm_x86_fault_make(const struct mmsim_arch_cpu *cpu, const struct mmsim_request *request,
                       uint32_t reason, struct mmsim_fault *fault)
{
    bool write = request->access == MMSIM_ACCESS_WRITE;
    bool fetch = request->access == MMSIM_ACCESS_FETCH && tells_fetches(cpu);
    bool user = request->privilege == MMSIM_PRIVILEGE_USER;
    *fault = (struct mmsim_fault){
        .vector = X86_PF_VECTOR,
        .error =
            reason | (write ? X86_PF_W : 0u) | (user ? X86_PF_U : 0u) | (fetch ? X86_PF_I : 0u),
        .address = request->address,
        .present = (reason & X86_PF_P) != 0,
        .access = write   ? MMSIM_ACCESS_WRITE
                  : fetch ? MMSIM_ACCESS_FETCH
                          : MMSIM_ACCESS_READ,
        .privilege = user ? MMSIM_PRIVILEGE_USER : MMSIM_PRIVILEGE_SUPERVISOR,
    };
}

static uint32_t denial_reason(const struct mmsim_arch_cpu *cpu, const struct mmsim_request *request,
                              uint8_t rights)
{
    bool by_key = (denied_by_key(cpu, request->privilege, rights) >> request->access) & 1;
    return X86_PF_P | (by_key ? X86_PF_PK : 0u);
}

void mm_x86_refuse(const struct mmsim_arch_cpu *cpu, const struct mmsim_request *request,
                   uint8_t rights, struct mmsim_fault *fault)
{
    mm_x86_fault_make(cpu, request, denial_reason(cpu, request, rights), fault);
}

/* ---- the same for people ---- */

static void tell(struct mmsim_walk *walk, const char *rule, const char *source,
                 enum mmsim_verdict verdict, const char *why)
{
    struct mmsim_walk_check *check = &walk->checks[walk->n_checks++];
    *check = (struct mmsim_walk_check){.rule = rule, .source = source, .verdict = verdict};
    snprintf(check->why, sizeof check->why, "%s", why);
}

static void tell_user_bit(uint8_t rights, struct mmsim_walk *walk)
{
    bool user_page = rights & X86_RIGHTS_USER;
    if (walk->request.privilege != MMSIM_PRIVILEGE_USER)
        tell(walk, "U/S", "SDM 3A 4.6.1", MMSIM_PASS,
             user_page ? "a user page; supervisor mode is asked further below"
                       : "a supervisor page, in supervisor mode");
    else
        tell(walk, "U/S", "SDM 3A 4.6.1", user_page ? MMSIM_PASS : MMSIM_DENY,
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

static void tell_write_bit(const struct mmsim_arch_cpu *cpu, uint8_t rights,
                           struct mmsim_walk *walk)
{
    bool user = walk->request.privilege == MMSIM_PRIVILEGE_USER;
    bool write_protect = write_protect_on(cpu);
    bool pass = (rights & X86_RIGHTS_WRITE) || (!user && !write_protect);
    if (walk->request.access != MMSIM_ACCESS_WRITE)
        tell(walk, "R/W", "SDM 3A 4.6.1", MMSIM_SKIP, "not a write");
    else
        tell(walk, "R/W", "SDM 3A 4.6.1", pass ? MMSIM_PASS : MMSIM_DENY,
             why_write(walk, rights, write_protect));
}

static void tell_execute_bit(const struct mmsim_arch_cpu *cpu, uint8_t rights,
                             struct mmsim_walk *walk)
{
    if (walk->request.access != MMSIM_ACCESS_FETCH)
        return;
    if (!x86_no_execute_on(cpu))
        tell(walk, "XD", "SDM 3A 4.6.1", MMSIM_SKIP,
             "no execute-disable bit in this mode: what can be read can be executed");
    else if (rights & X86_RIGHTS_NO_EXECUTE)
        tell(walk, "XD", "SDM 3A 4.6.1", MMSIM_DENY, "XD is 1 in an entry: no code here");
    else
        tell(walk, "XD", "SDM 3A 4.6.1", MMSIM_PASS, "XD is 0 in every entry");
}

static void tell_supervisor_rules(const struct mmsim_arch_cpu *cpu, uint8_t rights,
                                  struct mmsim_walk *walk)
{
    const struct mmsim_request *request = &walk->request;
    bool fetch = request->access == MMSIM_ACCESS_FETCH;
    if (request->privilege == MMSIM_PRIVILEGE_USER || !(rights & X86_RIGHTS_USER))
        return;
    if (fetch && x86_cr4_on(cpu, X86_CR4_SMEP))
        tell(walk, "SMEP", "SDM 3A 4.6.1", MMSIM_DENY,
             "CR4.SMEP is 1: supervisor mode may not execute a user page");
    if (fetch || !x86_cr4_on(cpu, X86_CR4_SMAP))
        return;
    bool pass = smap_permits(cpu, request->privilege);
    tell(walk, "SMAP", "SDM 3A 4.6.1", pass ? MMSIM_PASS : MMSIM_DENY,
         pass ? "CR4.SMAP is 1, but EFLAGS.AC lifts it for this access"
              : "CR4.SMAP is 1: supervisor mode may not touch a user page");
}

static void tell_key(const struct mmsim_arch_cpu *cpu, uint8_t rights, struct mmsim_walk *walk)
{
    const struct mmsim_request *request = &walk->request;
    if (!x86_keys_on(cpu) || !(rights & X86_RIGHTS_USER) || request->access == MMSIM_ACCESS_FETCH)
        return;
    bool denied = (denied_by_key(cpu, request->privilege, rights) >> request->access) & 1;
    char why[96];
    snprintf(why, sizeof why, "key %u: PKRU %s", (unsigned)rights >> X86_RIGHTS_KEY_SHIFT,
             denied ? "forbids it" : "permits it");
    tell(walk, "PKRU", "SDM 3A 4.6.2", denied ? MMSIM_DENY : MMSIM_PASS, why);
}

void mm_x86_explain_rights(const struct mmsim_arch_cpu *cpu, uint8_t rights,
                           struct mmsim_walk *walk)
{
    tell_user_bit(rights, walk);
    tell_write_bit(cpu, rights, walk);
    tell_execute_bit(cpu, rights, walk);
    tell_supervisor_rules(cpu, rights, walk);
    tell_key(cpu, rights, walk);
}

/* SDM 3A 5.3 "Limit Checking": a reference beyond a segment's limit is #GP(0). Segmentation comes
 * before paging, so no page is looked at. */
void mm_x86_refuse_code(const struct mmsim_request *request, struct mmsim_fault *fault)
{
    *fault = (struct mmsim_fault){.vector = X86_GP_VECTOR,
                                  .error = X86_GP_MARK,
                                  .address = request->address,
                                  .present = true,
                                  .access = request->access,
                                  .privilege = request->privilege};
}
