/* errno.h - what simulated system calls answer. */
#ifndef MMSIM_ERRNO_H
#define MMSIM_ERRNO_H

#ifdef __cplusplus
extern "C" {
#endif

/* Simulated errno values: the numbers of Linux on x86. X(NAME, number) */
#define MMSIM_ERRNO_LIST(X)                                                                        \
    X(EPERM, 1)                                                                                    \
    X(ENOENT, 2)                                                                                   \
    X(ESRCH, 3)                                                                                    \
    X(EIO, 5)                                                                                      \
    X(ENXIO, 6)                                                                                    \
    X(EBADF, 9)                                                                                    \
    X(EAGAIN, 11)                                                                                  \
    X(ENOMEM, 12)                                                                                  \
    X(EACCES, 13)                                                                                  \
    X(EFAULT, 14)                                                                                  \
    X(EBUSY, 16)                                                                                   \
    X(EEXIST, 17)                                                                                  \
    X(ENODEV, 19)                                                                                  \
    X(EINVAL, 22)                                                                                  \
    X(EFBIG, 27)                                                                                   \
    X(ENOSPC, 28)                                                                                  \
    X(ENOSYS, 38)                                                                                  \
    X(EOVERFLOW, 75)                                                                               \
    X(EOPNOTSUPP, 95)

enum mmsim_errno {
    MMSIM_SUCCESS = 0,
#define X(name, number) MMSIM_##name = number,
    MMSIM_ERRNO_LIST(X)
#undef X
};

const char *mmsim_errno_name(enum mmsim_errno error); /* "ENOMEM"; "OK" for 0 */

#ifdef __cplusplus
}
#endif
#endif
