/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-header.h"
#include "lib/check.h"
#include "plan/mend-findings.h"

#include <qblk/error.h>

static void
only_a_string_that_was_read_and_has_no_password_is_kept(void **state)
{
    static const struct {
        const char *name, *error; /* NULL: it is kept */
    } rows[] = {
        {"base.qcow2", NULL},
        {NULL, "cannot be read here"},
        {"nbd://user:s3cret@example.com/disk", "contains a password"},
    };
    g_autoptr(QblkChain) chain = qblk_chain_new("vda");
    QblkLayer *layer = qblk_chain_layer_new();
    layer->filename = g_strdup("/d/top.qcow2");
    layer->backing_name = g_strdup("nbd://user:***@example.com/disk"); /* as QEMU reports it */
    g_ptr_array_add(chain->layers, layer);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *name = g_strdup(rows[i].name);
        QblkImageHeader header = {.backing_name = name};
        g_autoptr(GPtrArray) headers = g_ptr_array_new();
        g_autoptr(GError) error = NULL;
        g_ptr_array_add(headers, name == NULL ? NULL : &header);
        const QblkMendFindings findings = {.chain = chain, .headers = headers};

        const char *kept = qblk_mend_findings_keep_string(&findings, layer, &error);
        if (rows[i].error == NULL) {
            assert_string_equal(kept, name);
        } else {
            assert_null(kept);
            assert_null(strstr(error->message, "s3cret"));
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, rows[i].error);
        }
        g_free(name);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_string_that_was_read_and_has_no_password_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
