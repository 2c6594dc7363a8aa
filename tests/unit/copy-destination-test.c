/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-destination.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-copy.h"

#include <errno.h>
#include <string.h>

static void
a_name_of_qemu_is_no_path(void **state)
{
    static const struct {
        const char *name;
        gboolean is_path;
    } rows[] = {
        {"/d/copy", TRUE},    {"copy.qcow2", TRUE},   {"./nbd:x", TRUE},
        {"/d/nbd://x", TRUE}, {"monday:1", TRUE},     {"qcow2:x", TRUE},
        {"nbd://h/x", FALSE}, {"nbd:h:10809", FALSE}, {"rbd:pool/image", FALSE},
        {":", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
        assert_true(qblk_copy_options_set_destination(options, rows[i].name, &error));
        assert_no_error(error);
        if ((options->protocol == NULL) != rows[i].is_path) {
            fail_msg("%s", rows[i].name);
        }
        assert_true(qblk_copy_options_set_destination(options, "/d/copy", &error));
        assert_null(options->protocol);
    }
}

static void
a_name_of_qemu_that_cannot_be_used_is_refused_without_its_secret(void **state)
{
    static const struct {
        const char *name, *part;
    } rows[] = {
        {"json:{}", "invalid destination 'json:{}': option 'driver' is required"},
        {"what://x", "'what://x'"},
        {"ssh://me@h/x", "'ssh' are not supported"},
        {"file:///x", "'file' are not supported"},
        {"iscsi://u%hunter2@h/t/1", "'iscsi://u%***@h/t/1': it contains a secret"},
        {"rbd:p/i:key=hunter2", "'rbd:p/i:key=***': it contains a secret"},
        {"json:{'driver': 'ssh', 'password': 'hunter2'}", "it contains a secret"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
        assert_true(qblk_copy_options_set_destination(options, "/d/copy", NULL));
        assert_false(qblk_copy_options_set_destination(options, rows[i].name, &error));
        assert_null(strstr(error->message, "hunter2"));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, rows[i].part);
        assert_string_equal(options->destination, "/d/copy");
    }
}

static void
an_image_on_a_server_has_to_exist(void **state)
{
    static const struct {
        gboolean is_block, reuse;
        const char *part; /* of the refusal; NULL: it is accepted */
    } rows[] = {
        {FALSE, TRUE, NULL},
        {FALSE, FALSE, "is not a path: create the image there, and use --reuse-external"},
        {TRUE, TRUE, "is not a block device"},
    };
    g_autoptr(QblkJson) protocol = qblk_json_new_object();

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const QblkCopyOptions options = {.destination = "nbd://h/x",
                                         .protocol = protocol,
                                         .is_block = rows[i].is_block,
                                         .reuse = rows[i].reuse};
        GError *error = NULL;
        assert_int_equal(qblk_copy_destination_check(&options, "raw", &error),
                         rows[i].part == NULL);
        if (rows[i].part != NULL) {
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, rows[i].part);
        }
    }
}

static QblkDeviceUse read_only = {.is_read_only = TRUE};

static void
what_exists_has_to_match_the_options(void **state)
{
    static const QblkDestination
        nothing = {.kind = QBLK_DESTINATION_NOTHING},
        file = {.kind = QBLK_DESTINATION_FILE, .format = "qcow2"},
        block = {.kind = QBLK_DESTINATION_BLOCK},
        protected = {.kind = QBLK_DESTINATION_BLOCK, .use = &read_only},
        other = {.kind = QBLK_DESTINATION_OTHER},
        hidden = {.kind = QBLK_DESTINATION_UNKNOWN, .error_number = EACCES},
        encrypted = {.kind = QBLK_DESTINATION_FILE, .format = "qcow2", .is_encrypted = TRUE},
        luks = {.kind = QBLK_DESTINATION_BLOCK, .format = "luks", .is_encrypted = TRUE};
    static const struct {
        const QblkDestination *place;
        gboolean is_block, reuse;
        const char *format; /* "+" follows if the copy has a key */
        const char *part;   /* of the refusal; NULL: it is accepted */
        gboolean is_created;
    } rows[] = {
        {&nothing, FALSE, FALSE, "qcow2", NULL, TRUE},
        {&nothing, FALSE, TRUE, "qcow2", "does not exist: omit --reuse-external", FALSE},
        {&nothing, TRUE, TRUE, "qcow2", "block device '/d/copy' does not exist", FALSE},
        {&file, FALSE, FALSE, "qcow2", "already exists: use another name, or --reuse", TRUE},
        {&file, FALSE, FALSE, "qed", "is not an image of format 'qed': use another name", TRUE},
        {&file, FALSE, FALSE, "raw", "already exists: use another name, or --reuse", TRUE},
        {&file, FALSE, TRUE, "qcow2", NULL, FALSE},
        {&file, TRUE, TRUE, "qcow2", "is not a block device", FALSE},
        {&block, FALSE, FALSE, "raw", "use --reuse-external to overwrite", TRUE},
        {&block, TRUE, FALSE, "qcow2", "use --reuse-external to overwrite", TRUE},
        {&block, FALSE, TRUE, "raw", NULL, FALSE},
        {&block, FALSE, TRUE, "qcow2", NULL, TRUE},
        {&protected, FALSE, TRUE, "raw", "is read-only", FALSE},
        {&other, FALSE, TRUE, "raw", "neither a file nor a block device", FALSE},
        {&hidden, FALSE, TRUE, "raw", "cannot check '/d/copy': Permission denied", FALSE},
        {&encrypted, FALSE, TRUE, "qcow2", "is encrypted: use --encrypt ID", FALSE},
        {&encrypted, FALSE, TRUE, "qcow2+", NULL, FALSE},
        {&encrypted, FALSE, FALSE, "qcow2", "already exists", TRUE},
        {&encrypted, FALSE, FALSE, "qcow2+", "already exists", TRUE},
        {&encrypted, FALSE, TRUE, "raw", NULL, FALSE},
        {&file, FALSE, TRUE, "qcow2+", "is not encrypted: omit --encrypt", FALSE},
        {&nothing, FALSE, FALSE, "qcow2+", NULL, TRUE},
        {&nothing, FALSE, FALSE, "luks+", NULL, TRUE},
        {&nothing, FALSE, FALSE, "luks", "needs a key", TRUE},
        {&nothing, FALSE, FALSE, "raw+", "format 'raw' cannot be encrypted", TRUE},
        {&nothing, FALSE, FALSE, "qed+", "format 'qed' cannot be encrypted", TRUE},
        {&block, FALSE, TRUE, "luks+", NULL, TRUE},
        {&luks, FALSE, TRUE, "luks", "needs a key", FALSE},
        {&luks, FALSE, TRUE, "luks+", NULL, FALSE},
        {&luks, FALSE, TRUE, "qcow2", NULL, TRUE},
        {&luks, FALSE, TRUE, "raw", NULL, FALSE},
        /* on another machine */
        {NULL, FALSE, TRUE, "luks", "needs a key", FALSE},
        {NULL, FALSE, TRUE, "luks+", NULL, FALSE},
        {NULL, TRUE, FALSE, "raw", "use --reuse-external to overwrite", TRUE},
        {NULL, TRUE, TRUE, "qcow2", NULL, FALSE},
        {NULL, FALSE, FALSE, "qcow2", NULL, TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *format = g_strdup(rows[i].format);
        char *plus = strchr(format, '+');
        const QblkCopyOptions options = {.destination = "/d/copy",
                                         .place = rows[i].place,
                                         .is_block = rows[i].is_block,
                                         .encryption = plus == NULL ? NULL : "k",
                                         .reuse = rows[i].reuse};
        g_autoptr(GError) error = NULL;
        if (plus != NULL) {
            *plus = '\0';
        }
        gboolean is_accepted = qblk_copy_destination_check(&options, format, &error);
        if (is_accepted != (rows[i].part == NULL)) {
            fail_msg("row %" G_GSIZE_FORMAT, i);
        }
        assert_true(is_accepted || strstr(error->message, rows[i].part) != NULL);
        assert_int_equal(qblk_copy_destination_is_created(&options, format), rows[i].is_created);
    }
}

/* ---- uses ---- */

/* The refusal of a plan whose destination has that use. */
static char *
refusal(QblkDeviceUse *use, char *locked_by)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("top-file file /d/top\ntop qcow2 /d/top file=top-file", "vda - top");
    graph_fixture_open(replies, "11 /d/top /d/top");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    const QblkDestination place = {
        .kind = QBLK_DESTINATION_BLOCK, .size = -1, .locked_by = locked_by, .use = use};
    const QblkCopyOptions options = {.destination = "/dev/sdz", .place = &place, .reuse = TRUE};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = qblk_plan_make_copy(&context, &options, &error);

    assert_true(plan != NULL ||
                g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
    return plan != NULL ? NULL : g_strdup(error->message);
}

#define WHOLE "/dev/sdz"
#define PART  "/dev/sdz1"

static void
a_destination_that_is_in_use_is_refused(void **state)
{
    static const struct {
        QblkDeviceUseKind kind;
        const char *device, *by, *message;
    } rows[] = {
        {QBLK_DEVICE_FREE, NULL, NULL, NULL},
        {QBLK_DEVICE_MOUNTED, WHOLE, "/mnt", "'" WHOLE "' is mounted at '/mnt': unmount it first"},
        {QBLK_DEVICE_MOUNTED, PART, "/mnt",
         "cannot write to '" WHOLE "': '" PART "' is mounted at '/mnt': unmount it first"},
        {QBLK_DEVICE_SWAP, PART, NULL, "'" PART "' is used as swap"},
        {QBLK_DEVICE_HELD, WHOLE, "/dev/md0", "'" WHOLE "' is a part of '/dev/md0'"},
        {QBLK_DEVICE_LOOP, WHOLE, "/dev/loop0", "is attached to loop device '/dev/loop0'"},
        {QBLK_DEVICE_EXCLUSIVE, WHOLE, NULL, "has it open exclusively"},
    };
    g_autoptr(GPtrArray) parts = g_ptr_array_new();

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *device = g_strdup(rows[i].device);
        g_autofree char *by = g_strdup(rows[i].by);
        QblkDeviceUse use = {.kind = rows[i].kind, .device = device, .by = by, .parts = parts};
        g_autofree char *message = refusal(&use, NULL);
        if ((message == NULL) != (rows[i].message == NULL)) {
            fail_msg("row %" G_GSIZE_FORMAT ": %s", i, message);
        }
        assert_true(message == NULL || strstr(message, rows[i].message) != NULL);
    }
}

static void
locks_and_files_that_qemu_has_open_count_as_well(void **state)
{
    char holder[] = "process 12 (qemu-nbd)", name[] = "/dev/sdz1";
    QblkDevicePart part = {.name = name, .file = {.device = 0x801, .inode = 12}};
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    QblkDeviceUse use = {.parts = parts};
    g_ptr_array_add(parts, &part);

    g_autofree char *locked = refusal(&use, holder);
    assert_non_null(strstr(locked, "'/dev/sdz' is in use by process 12 (qemu-nbd)"));
    assert_null(refusal(&use, NULL));
    part.file.inode = 11; /* of the image of the disk */
    g_autofree char *open = refusal(&use, NULL);
    assert_non_null(strstr(open, "'/dev/sdz1', which has the same data, is already open in QEMU"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_of_qemu_is_no_path),
        cmocka_unit_test(a_name_of_qemu_that_cannot_be_used_is_refused_without_its_secret),
        cmocka_unit_test(an_image_on_a_server_has_to_exist),
        cmocka_unit_test(what_exists_has_to_match_the_options),
        cmocka_unit_test(a_destination_that_is_in_use_is_refused),
        cmocka_unit_test(locks_and_files_that_qemu_has_open_count_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
