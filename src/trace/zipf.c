/*
 * zipf.c - the weights 1/r^theta without libm, whose pow() differs from host to host.
 *
 * 1/r^theta = exp(-theta x ln r). Both functions reduce their argument exactly (by powers of two)
 * and then sum a series whose terms shrink below the last bit of a double.
 *
 * Accuracy: ln is exact to about 2 units in the last place; theta x ln r is at most 222, so its
 * rounding error, which exp turns into a relative one, is below 222 x 2^-52 = 5e-14.
 */
#include <string.h>

#include "trace/pattern.h"

#define LN_2 0.693147180559945309417232121458176568
/* ln 2 in two parts: the first has 32 trailing zero bits, so k x LN_2_HIGH is exact. */
#define LN_2_HIGH 6.93147180369123816490e-01
#define LN_2_LOW 1.90821492927058770002e-10

/* 2^-k for k in 0..1022, put together from its bits (IEEE 754 binary64). */
static double power_of_half(unsigned k)
{
    uint64_t bits = (uint64_t)(1023 - k) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ln r = e ln 2 + ln m with m in [0.7, 1.42); ln m = 2 artanh s, s = (m - 1) / (m + 1). */
static double logarithm(uint64_t r)
{
    unsigned e = 63 - (unsigned)__builtin_clzll(r);
    double m = (double)r * power_of_half(e);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        e++;
    }
    double s = (m - 1) / (m + 1);
    double square = s * s; /* at most 0.0295: 12 terms reach 1e-19 */
    double sum = 0;
    for (int term = 12; term >= 0; term--)
        sum = sum * square + 1.0 / (2 * term + 1);
    return (double)e * LN_2_HIGH + (2 * s * sum + (double)e * LN_2_LOW);
}

/* exp(-x) for x in 0..700: 2^-k exp(-f), f in [0, ln 2). */
static double exponential_of_minus(double x)
{
    unsigned k = (unsigned)(x / LN_2);
    double f = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    double sum = 1; /* Horner's form of the sum of (-f)^n / n! */
    for (int n = 20; n >= 1; n--)
        sum = 1 - f / n * sum;
    return sum * power_of_half(k);
}

double mm_zipf_weight(uint64_t rank, double theta)
{
    return exponential_of_minus(theta * logarithm(rank));
}
