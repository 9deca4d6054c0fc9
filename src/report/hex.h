/* hex.h - bytes as Linux dumps them: sixteen a line, then the characters that they are. */
#ifndef MM_REPORT_HEX_H
#define MM_REPORT_HEX_H

#include "base/text.h"

enum { MM_HEX_ROW_BYTES = 16 };

/* Up to MM_HEX_ROW_BYTES, then a new line. */
void mm_hex_row(const uint8_t *bytes, size_t n_bytes, const struct mmsim_sink *sink);

/* n_bytes without spaces, as in JSON. */
void mm_hex_run(const uint8_t *bytes, size_t n_bytes, const struct mmsim_sink *sink);

#endif
