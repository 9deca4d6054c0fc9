/*
 * mmsim.h - the umbrella: everything a coursework program includes.
 *
 * Three depths: a whole machine in ten lines (machine.h, vm.h), one part alone (mmu.h, hw.h,
 * stats.h, event.h), a part replaced by one's own (arch.h, device.h). Experiments as files:
 * scenario.h.
 */
#ifndef MMSIM_MMSIM_H
#define MMSIM_MMSIM_H

#include <mmsim/alloc.h>
#include <mmsim/arch.h>
#include <mmsim/device.h>
#include <mmsim/errno.h>
#include <mmsim/event.h>
#include <mmsim/file.h>
#include <mmsim/huge.h>
#include <mmsim/hw.h>
#include <mmsim/kconfig.h>
#include <mmsim/machine.h>
#include <mmsim/mmu.h>
#include <mmsim/policy.h>
#include <mmsim/policy_kit.h>
#include <mmsim/sanitize.h>
#include <mmsim/scenario.h>
#include <mmsim/stats.h>
#include <mmsim/status.h>
#include <mmsim/study.h>
#include <mmsim/trace.h>
#include <mmsim/types.h>
#include <mmsim/vm.h>

#endif
