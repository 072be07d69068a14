/* A fuzz target: one reader of what comes from outside, fed with arbitrary bytes. With --enable-fuzzing libFuzzer calls
 * it; otherwise replay.c feeds it every file of its corpus. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0. Whatever the bytes, it must not crash, leak, or go on for ever; what a reader promises is asserted. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
