/*
 * device_uart.c - a serial port: bytes go out, and bytes from a configured string come in.
 *
 * A subset of the 16550: the data registers, the line status register and the scratch register, at
 * its offsets, a byte wide. The line is infinitely fast, so that the transmitter is always empty;
 * there are no interrupts, no divisor latch and no modem lines, and their registers do not exist.
 *
 *   offset  read   write
 *     0     RBR    THR     the next byte received; the next byte to send
 *     5     LSR            bit 0 DR: a byte waits in RBR; bits 5, 6: transmitter empty
 *     7     SCR    SCR     keeps what is written
 *
 * Reading RBR takes the byte; with none waiting it gives the one before once more (0 at first).
 * Bytes sent beyond MAX_OUTPUT are not kept.
 *
 * Source: National Semiconductor PC16550D data sheet, 8.0 "Registers".
 *
 * Invariants: (1) n_taken <= n_input; (2) n_output <= MAX_OUTPUT.
 */
#include <string.h>

#include "hw/device.h"

enum { RBR_THR = 0, LSR = 5, SCR = 7 };
enum { LSR_DATA_READY = 0x01, LSR_HOLDING_EMPTY = 0x20, LSR_EMPTY = 0x40 };
enum { MAX_OUTPUT = 65536 };

struct uart {
    size_t n_input, n_taken, n_output;
    uint8_t last, scratch;
    uint8_t output[MAX_OUTPUT];
    uint8_t input[]; /* n_input */
};

static const struct mmsim_device_register registers[] = {
    {"RBR", "the next byte received, which this takes", RBR_THR, 1, MMSIM_REGISTER_READ},
    {"THR", "sends a byte", RBR_THR, 1, MMSIM_REGISTER_WRITE},
    {"LSR", "bit 0: a byte waits; bits 5 and 6: all is sent", LSR, 1, MMSIM_REGISTER_READ},
    {"SCR", "keeps a byte", SCR, 1, MMSIM_REGISTER_READ | MMSIM_REGISTER_WRITE},
    {.name = NULL},
};

static size_t uart_bytes(const struct mmsim_device_setup *setup)
{
    return sizeof(struct uart) + setup->input_bytes;
}

static void uart_init(void *state, const struct mmsim_device_setup *setup)
{
    struct uart *uart = state;
    uart->n_input = setup->input_bytes;
    if (uart->n_input > 0)
        memcpy(uart->input, setup->input, uart->n_input);
}

static uint8_t receive(struct uart *uart)
{
    if (uart->n_taken < uart->n_input)
        uart->last = uart->input[uart->n_taken++];
    return uart->last;
}

static uint8_t line_status(const struct uart *uart)
{
    bool ready = uart->n_taken < uart->n_input;
    return LSR_HOLDING_EMPTY | LSR_EMPTY | (ready ? LSR_DATA_READY : 0);
}

static bool uart_read(void *state, uint32_t offset, unsigned width, uint64_t *value)
{
    struct uart *uart = state;
    (void)width;
    if (offset == RBR_THR)
        *value = receive(uart);
    else
        *value = offset == LSR ? line_status(uart) : uart->scratch;
    return true;
}

static bool uart_write(void *state, uint32_t offset, unsigned width, uint64_t value)
{
    struct uart *uart = state;
    (void)width;
    if (offset == SCR)
        uart->scratch = (uint8_t)value;
    else if (uart->n_output < MAX_OUTPUT)
        uart->output[uart->n_output++] = (uint8_t)value;
    return true;
}

static const void *uart_output(const void *state, size_t *n_bytes)
{
    const struct uart *uart = state;
    *n_bytes = uart->n_output;
    return uart->output;
}

static const char *uart_check(const void *state)
{
    const struct uart *uart = state;
    if (uart->n_taken > uart->n_input)
        return "a serial port delivered more than came in (uart invariant 1)";
    return uart->n_output > MAX_OUTPUT ? "a serial port keeps too much (uart invariant 2)" : NULL;
}

const struct mmsim_device_ops mm_device_uart = {
    .abi = MMSIM_DEVICE_ABI,
    .size = sizeof(struct mmsim_device_ops),
    .name = "uart",
    .summary = "a serial port: the data, line status and scratch registers of a 16550",
    .source = "National Semiconductor PC16550D data sheet, 8.0",
    .registers = registers,
    .state_bytes = uart_bytes,
    .init = uart_init,
    .read = uart_read,
    .write = uart_write,
    .output = uart_output,
    .check = uart_check,
};
