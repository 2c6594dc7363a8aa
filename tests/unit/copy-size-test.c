/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-size.h"

#include "lib/check.h"

#include <qblk/error.h>
#include <string.h>

static void
a_full_image_has_the_size_that_qemu_measures(void **state)
{
    static const struct {
        gint64 size, full; /* as `qemu-img measure -O qcow2 --size` reports it, 5.2 to 11.1 */
    } rows[] = {
        {1 << 20, 1376256},
        {64 << 20, 67436544},
        {1049088, 1441792},
        {10 * ((gint64)1 << 30), 10739318784},
        {3 * ((gint64)1 << 40), 3299038461952},
        {G_MAXINT64, G_MAXINT64}, /* not measured: it must not overflow */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_int_equal(qblk_copy_size_of_full_image("qcow2", rows[i].size), rows[i].full);
    }
    assert_int_equal(qblk_copy_size_of_full_image("raw", 1049088), 1049088);
    assert_int_equal(qblk_copy_size_of_full_image("luks", 16 << 20), 18845696);
    assert_int_equal(qblk_copy_size_of_full_image("luks", G_MAXINT64), G_MAXINT64);
    assert_int_equal(qblk_copy_size_of_full_image("qed", 64 << 20),
                     (64 << 20) + 65536 + 2 * 262144);
}

#define DISK (64 << 20)

/* The message with which a copy of a disk of 64 MiB is refused; NULL: it is not. */
static char *
refusal(const char *format, QblkDestinationKind kind, gint64 size, gboolean creates_image,
        gint64 *part_size)
{
    QblkLayer top = {.virtual_size = DISK};
    QblkChain chain = {.target = (char[]){"vda"}};
    const QblkDestination place = {.kind = kind, .size = size};
    const QblkCopyOptions options = {.destination = "/d/copy", .place = &place, .reuse = TRUE};
    QblkCopyRequest copy = {.options = &options,
                            .chain = &chain,
                            .top = &top,
                            .format = format,
                            .creates_image = creates_image};
    g_autoptr(GError) error = NULL;
    gboolean is_accepted = qblk_copy_size_check(&copy, &error);

    *part_size = copy.part_size;
    assert_int_equal(is_accepted, error == NULL);
    assert_true(is_accepted ||
                g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
    return is_accepted ? NULL : g_strdup(error->message);
}

static void
of_a_larger_luks_destination_a_part_is_used(void **state)
{
    static const struct {
        gboolean creates_image;
        gint64 size, found; /* of the destination, and of the image in it */
        gint64 used;        /* 0: all of it */
    } rows[] = {
        {TRUE, DISK + 2068480, 0, 0},
        {TRUE, 2 * DISK, 0, DISK + 2068480},
        {FALSE, DISK + 4096, DISK, 0},
        {FALSE, DISK + 4096 + 512, DISK + 512, DISK + 4096},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        QblkLayer top = {.virtual_size = DISK}, image = {.virtual_size = rows[i].found};
        gpointer layers[] = {&image};
        GPtrArray list = {.pdata = layers, .len = 1};
        const QblkChain chain = {.target = (char[]){"vda"}}, found = {.layers = &list};
        const QblkDestination place = {.kind = QBLK_DESTINATION_BLOCK, .size = rows[i].size};
        const QblkCopyOptions options = {.destination = "/d/copy",
                                         .place = &place,
                                         .found = rows[i].creates_image ? NULL : &found,
                                         .reuse = TRUE};
        QblkCopyRequest copy = {.options = &options,
                                .chain = &chain,
                                .top = &top,
                                .format = "luks",
                                .creates_image = rows[i].creates_image};
        g_autoptr(GError) error = NULL;

        assert_true(qblk_copy_size_check(&copy, &error));
        assert_no_error(error);
        assert_int_equal(copy.image_size, rows[i].used);
        assert_int_equal(copy.part_size, 0);
    }
}

static void
the_copy_has_to_fit_into_the_destination(void **state)
{
    static const struct {
        const char *format;
        QblkDestinationKind kind;
        gint64 size;
        gboolean creates_image;
        const char *part; /* of the refusal, or NULL */
        gint64 part_size;
    } rows[] = {
        {"raw", QBLK_DESTINATION_BLOCK, DISK, FALSE, NULL, 0},
        {"raw", QBLK_DESTINATION_BLOCK, DISK - 512, FALSE, "'/d/copy' has 67108352 bytes", 0},
        {"raw", QBLK_DESTINATION_BLOCK, DISK + 512, FALSE, NULL, DISK},
        {"raw", QBLK_DESTINATION_FILE, DISK - 1, FALSE, "enlarge it first", 0},
        {"raw", QBLK_DESTINATION_FILE, DISK + 512, FALSE, NULL, DISK},
        {"raw", QBLK_DESTINATION_BLOCK, -1, FALSE, NULL, 0},
        {"qcow2", QBLK_DESTINATION_BLOCK, 67436544, TRUE, NULL, 0},
        {"qcow2", QBLK_DESTINATION_BLOCK, 67436543, TRUE, "can need 67436544", 0},
        {"qcow2", QBLK_DESTINATION_BLOCK, 1 << 20, FALSE, NULL, 0}, /* an image is there */
        {"qcow2", QBLK_DESTINATION_BLOCK, -1, TRUE, NULL, 0},
        {"qcow2", QBLK_DESTINATION_NOTHING, -1, TRUE, NULL, 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gint64 part_size;
        g_autofree char *message =
            refusal(rows[i].format, rows[i].kind, rows[i].size, rows[i].creates_image, &part_size);
        if ((message == NULL) != (rows[i].part == NULL)) {
            fail_msg("row %" G_GSIZE_FORMAT ": %s", i, message);
        }
        assert_true(message == NULL || strstr(message, rows[i].part) != NULL);
        assert_int_equal(part_size, rows[i].part_size);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_image_has_the_size_that_qemu_measures),
        cmocka_unit_test(of_a_larger_luks_destination_a_part_is_used),
        cmocka_unit_test(the_copy_has_to_fit_into_the_destination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
