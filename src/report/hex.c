/* hex.c - rows of hexadecimal bytes. */
#include "report/hex.h"

void mm_hex_row(const uint8_t *bytes, size_t n_bytes, const struct mmsim_sink *sink)
{
    char characters[MM_HEX_ROW_BYTES + 1];
    for (size_t i = 0; i < MM_HEX_ROW_BYTES; i++) {
        if (i < n_bytes)
            mm_sink_printf(sink, "%02x ", bytes[i]);
        else
            mm_sink_puts(sink, "   ");
    }
    for (size_t i = 0; i < n_bytes; i++)
        characters[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '.';
    characters[n_bytes] = '\0';
    mm_sink_printf(sink, " %s\n", characters);
}

void mm_hex_run(const uint8_t *bytes, size_t n_bytes, const struct mmsim_sink *sink)
{
    for (size_t i = 0; i < n_bytes; i++)
        mm_sink_printf(sink, "%02x", bytes[i]);
}
