#ifndef MMSIM_CURVE_H
#define MMSIM_CURVE_H
#include <mmsim/policy.h>
#endif
