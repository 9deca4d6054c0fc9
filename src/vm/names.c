/* names.c - names of simulated errnos, signals and signal codes. */
#include <mmsim/vm.h>

struct name {
    int number;
    const char *name;
};

static const struct name errno_names[] = {{MMSIM_SUCCESS, "OK"},
#define X(name, number) {number, #name},
                                          MMSIM_ERRNO_LIST(X)
#undef X
};

static const struct name signal_names[] = {
    {MMSIM_SIGNAL_NONE, "none"},
    {MMSIM_SIGBUS, "SIGBUS"},
    {MMSIM_SIGKILL, "SIGKILL"},
    {MMSIM_SIGSEGV, "SIGSEGV"},
};

static const struct name code_names[] = {
    {MMSIM_CODE_NONE, "none"},          {MMSIM_SEGV_MAPERR, "SEGV_MAPERR"},
    {MMSIM_SEGV_ACCERR, "SEGV_ACCERR"}, {MMSIM_SEGV_PKUERR, "SEGV_PKUERR"},
    {MMSIM_BUS_ADRERR, "BUS_ADRERR"},   {MMSIM_SI_KERNEL, "SI_KERNEL"},
};

static const struct name code_meanings[] = {
    {MMSIM_CODE_NONE, "no signal"},
    {MMSIM_SEGV_MAPERR, "no mapping at that address"},
    {MMSIM_SEGV_ACCERR, "a mapping, but not with that right"},
    {MMSIM_SEGV_PKUERR, "a protection key forbids it"},
    {MMSIM_BUS_ADRERR, "a mapping, but nothing behind it"},
    {MMSIM_SI_KERNEL, "killed by the kernel: out of memory"},
};

#define FIND(table, number) find((table), sizeof(table) / sizeof(table)[0], (int)(number))

static const char *find(const struct name *names, size_t n, int number)
{
    for (size_t i = 0; i < n; i++)
        if (names[i].number == number)
            return names[i].name;
    return "?";
}

const char *mmsim_errno_name(enum mmsim_errno error)
{
    return FIND(errno_names, error);
}

const char *mmsim_signal_name(enum mmsim_signal number)
{
    return FIND(signal_names, number);
}

const char *mmsim_sigcode_name(enum mmsim_sigcode code)
{
    return FIND(code_names, code);
}

const char *mmsim_signal_describe(enum mmsim_sigcode code)
{
    return FIND(code_meanings, code);
}
