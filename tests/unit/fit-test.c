/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/fit.h"

#include "lib/check.h"

static const QblkTerminal utf8 = {.is_utf8 = TRUE};
static const QblkTerminal ascii = {0};

typedef char *(*FitFunction)(const QblkTerminal *terminal, const char *text, guint columns);

static void
assert_fits(FitFunction fit, const QblkTerminal *terminal, const char *text, guint columns,
            const char *expected)
{
    g_autofree char *result = fit(terminal, text, columns);
    assert_string_equal(result, expected);
    assert_true(qblk_fit_width(result) <= columns);
}

static void
what_fits_is_not_changed(void **state)
{
    assert_fits(qblk_fit_text, &utf8, "active-commit", 13, "active-commit");
    assert_fits(qblk_fit_path, &utf8, "/a/b.raw", 8, "/a/b.raw");
    assert_fits(qblk_fit_path, &utf8, "", 0, "");
}

static void
a_text_loses_its_end(void **state)
{
    assert_fits(qblk_fit_text, &utf8, "active-commit", 8, "active-…");
    assert_fits(qblk_fit_text, &ascii, "active-commit", 8, "activ...");
}

static void
a_path_keeps_its_beginning_and_the_name_of_the_file(void **state)
{
    const char *path = "/var/lib/libvirt/images/vm1.qcow2";
    assert_fits(qblk_fit_path, &utf8, path, 32, "/var/lib/libvirt/imag…/vm1.qcow2");
    assert_fits(qblk_fit_path, &utf8, path, 16, "/var/…/vm1.qcow2");
    assert_fits(qblk_fit_path, &ascii, path, 16, "/va.../vm1.qcow2");
    assert_fits(qblk_fit_path, &utf8, path, 11, "…/vm1.qcow2");
}

static void
a_long_name_keeps_its_end(void **state)
{
    assert_fits(qblk_fit_path, &utf8, "/var/vm1-snapshot-0123.qcow2", 12, "/v…123.qcow2");
    assert_fits(qblk_fit_path, &utf8, "libvirt-12-format", 10, "libv…ormat");
    assert_fits(qblk_fit_path, &ascii, "libvirt-12-format", 10, "li...ormat");
}

static void
a_device_is_told_by_its_own_name(void **state)
{
    const char *path = "/machine/peripheral-anon/device[3]/virtio-backend";
    assert_fits(qblk_fit_path, &utf8, path, 35, "/machine/peripheral-anon/device[3]…");
    assert_fits(qblk_fit_path, &utf8, path, 20, "/machine…/device[3]…");
    assert_fits(qblk_fit_path, &utf8, "/machine/peripheral/usb0/legacy[0]", 10, "/ma…/usb0…");
    assert_fits(qblk_fit_path, &utf8, "/virtio-backend", 10, "/…-backend");
}

static void
nothing_is_too_narrow(void **state)
{
    for (guint columns = 0; columns < 40; columns++) {
        g_autofree char *text = qblk_fit_text(&ascii, "active-commit", columns);
        g_autofree char *path = qblk_fit_path(&ascii, "/images/日本語/größe.qcow2", columns);
        assert_true(qblk_fit_width(text) <= columns);
        assert_true(qblk_fit_width(path) <= columns);
    }
}

static void
wide_characters_and_marks_stay_complete(void **state)
{
    assert_int_equal(qblk_fit_width("日本e\xcc\x81"), 5);
    assert_fits(qblk_fit_text, &utf8, "日本語", 5, "日本…");
    assert_fits(qblk_fit_text, &utf8, "日本語", 4, "日…");
    assert_fits(qblk_fit_text, &utf8, "ae\xcc\x81xyz", 3, "ae\xcc\x81…");
    assert_fits(qblk_fit_path, &utf8, "/abc/e\xcc\x81x", 4, "…/e\xcc\x81x");
    assert_fits(qblk_fit_path, &utf8, "/abc/defe\xcc\x81x", 3, "…e\xcc\x81x");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_not_changed),
        cmocka_unit_test(a_text_loses_its_end),
        cmocka_unit_test(a_path_keeps_its_beginning_and_the_name_of_the_file),
        cmocka_unit_test(a_long_name_keeps_its_end),
        cmocka_unit_test(a_device_is_told_by_its_own_name),
        cmocka_unit_test(nothing_is_too_narrow),
        cmocka_unit_test(wide_characters_and_marks_stay_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
