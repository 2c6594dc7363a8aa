/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Common parts of all unit tests: cmocka with the headers that it needs before it, and checks that
 * print an unexpected error.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>

#include <string.h>

/** The tests of one file of tests/unit, which are all in one program. */
typedef struct {
    const char *file; /* as the compiler names it */
    int (*run)(void); /* the number of tests that failed */
} UnitModule;

/**
 * Head of the function that runs the tests of a file: `UNIT_MAIN(void)` and its body. The address
 * of the module is kept in a section of its own, where unit/unit-main.c finds it.
 */
#define UNIT_MAIN(parameters)                                                                      \
    static int unit_main(parameters);                                                              \
    static const UnitModule unit_module = {__FILE__, unit_main};                                   \
    static const UnitModule *const unit_module_address                                             \
        __attribute__((used, section("unit_modules"))) = &unit_module;                             \
    static int unit_main(parameters)

/** Fail with the message of @error if it is set. */
#define assert_no_error(error)                                                                     \
    do {                                                                                           \
        if ((error) != NULL) {                                                                     \
            fail_msg("unexpected error: %s", (error)->message);                                    \
        }                                                                                          \
    } while (0)

/** Check that @error is set, has @domain and @code, and its message contains @part. Frees it. */
#define assert_error(error, expected_domain, expected_code, part)                                  \
    do {                                                                                           \
        if ((error) == NULL) {                                                                     \
            fail_msg("no error, expected one with '%s'", part);                                    \
        }                                                                                          \
        if (strstr((error)->message, part) == NULL) {                                              \
            fail_msg("error '%s' does not contain '%s'", (error)->message, part);                  \
        }                                                                                          \
        assert_string_equal(g_quark_to_string((error)->domain),                                    \
                            g_quark_to_string(expected_domain));                                   \
        assert_int_equal((error)->code, expected_code);                                            \
        g_clear_error(&(error));                                                                   \
    } while (0)
