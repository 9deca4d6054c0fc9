/*
 * device.h - the kinds of device that the library has: one file each, one table of them.
 */
#ifndef MM_HW_DEVICE_H
#define MM_HW_DEVICE_H

#include <mmsim/device.h>

extern const struct mmsim_device_ops mm_device_uart;  /* device_uart.c */
extern const struct mmsim_device_ops mm_device_timer; /* device_timer.c */

/* By name (which may be NULL); NULL: there is none. */
const struct mmsim_device_ops *mm_device_find(const char *name);

/* The name that was probably meant; NULL if none is near. */
const char *mm_device_nearest(const char *name);

#endif
