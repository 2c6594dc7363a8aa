/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-files.h"

#include "lib/check.h"

#include <qblk/error.h>

static QblkLayer *
add_layer(QblkChain *chain, const char *name, QblkFileState state)
{
    QblkLayer *layer = qblk_chain_layer_new();

    layer->position = chain->layers->len;
    layer->index = chain->layers->len;
    layer->filename = g_strdup(name);
    layer->file = g_new0(QblkLayerFile, 1);
    layer->file->state = state;
    layer->file->open = (QblkFileIdentity){1, 11};
    layer->file->named = (QblkFileIdentity){1, state == QBLK_FILE_GONE ? 0 : 22};
    g_ptr_array_add(chain->layers, layer);
    return layer;
}

/* A chain of two layers, the lower one with @state. */
static QblkChain *
new_chain(QblkFileState state)
{
    QblkChain *chain = qblk_chain_new("vda");

    (void)add_layer(chain, "/d/top", QBLK_FILE_SAME);
    (void)add_layer(chain, "/d/base", state);
    return chain;
}

static gboolean
is_accepted(const QblkChain *chain, QblkFileUse use, GError **error)
{
    g_auto(QblkFileUses) uses = {0};

    qblk_file_uses_init(&uses, chain);
    qblk_file_uses_set(&uses, 1, 2, use);
    return qblk_file_uses_check(&uses, error);
}

static void
a_job_needs_the_file_that_it_writes_to_opens_again_or_names(void **state)
{
    static const QblkFileUse needed[] = {QBLK_USE_WRITE, QBLK_USE_REOPEN, QBLK_USE_PIVOT,
                                         QBLK_USE_COPY, QBLK_USE_NAME};
    static const QblkFileState others[] = {QBLK_FILE_ANOTHER, QBLK_FILE_GONE};

    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(others); j++) {
            GError *error = NULL;
            g_autoptr(QblkChain) chain = new_chain(others[j]);
            assert_false(is_accepted(chain, needed[i], &error));
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                         "vda[1]: '/d/base'");
        }
    }
}

static void
both_files_are_named(void **state)
{
    GError *error = NULL;
    g_autoptr(QblkChain) chain = new_chain(QBLK_FILE_ANOTHER);
    assert_false(is_accepted(chain, QBLK_USE_REOPEN, &error));
    assert_non_null(strstr(error->message, "inode 11"));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "inode 22");
}

static void
other_files_are_only_warned_of(void **state)
{
    static const struct {
        QblkFileUse use;
        QblkFileState state;
        const char *warning; /* or NULL */
    } rows[] = {
        {QBLK_USE_READ, QBLK_FILE_ANOTHER, "its data are not lost"},
        {QBLK_USE_READ, QBLK_FILE_GONE, "its data are not lost"},
        {QBLK_USE_STAYS, QBLK_FILE_ANOTHER, "the job does not change that"},
        {QBLK_USE_STAYS, QBLK_FILE_GONE, "the job does not change that"},
        {QBLK_USE_READ, QBLK_FILE_SAME, NULL},
        {QBLK_USE_REOPEN, QBLK_FILE_SAME, NULL},
        {QBLK_USE_REOPEN, QBLK_FILE_DESCRIPTOR, NULL},
        {QBLK_USE_REOPEN, QBLK_FILE_UNKNOWN, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkChain) chain = new_chain(rows[i].state);
        g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
        g_auto(QblkFileUses) uses = {0};

        qblk_file_uses_init(&uses, chain);
        qblk_file_uses_set(&uses, 1, 2, rows[i].use);
        assert_true(qblk_file_uses_check(&uses, &error));
        qblk_file_uses_warn(&uses, plan);
        assert_int_equal(plan->warnings->len, rows[i].warning == NULL ? 0 : 1);
        if (rows[i].warning != NULL) {
            assert_non_null(strstr(plan->warnings->pdata[0], rows[i].warning));
        }
    }
}

static void
a_header_may_name_a_renamed_file_if_layers_share_a_name(void **state)
{
    static const struct {
        const char *name, *path;
        QblkFileUse use;
        gboolean is_accepted;
    } rows[] = {
        {"/d/top", "/d/base", QBLK_USE_NAME, TRUE},
        {"/d/top", NULL, QBLK_USE_NAME, FALSE}, /* it is not known which file it is */
        {"/d/old", "/d/base", QBLK_USE_NAME, FALSE},
        {"/d/top", "/d/base", QBLK_USE_REOPEN, FALSE}, /* QEMU opens the other one */
        {"/d/top", NULL, QBLK_USE_READ, FALSE},        /* it may have the wrong file open */
        {"/d/old", NULL, QBLK_USE_READ, TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkChain) chain = qblk_chain_new("vda");
        (void)add_layer(chain, "/d/top", QBLK_FILE_SAME);
        QblkLayer *base = add_layer(chain, rows[i].name, QBLK_FILE_ANOTHER);
        base->file->path = g_strdup(rows[i].path);
        if (rows[i].path == NULL) {
            base->file->open = (QblkFileIdentity){0};
        }
        assert_int_equal(is_accepted(chain, rows[i].use, &error), rows[i].is_accepted);
    }
}

static void
an_external_data_file_is_opened_again_with_its_image(void **state)
{
    GError *error = NULL;
    g_autoptr(QblkChain) chain = new_chain(QBLK_FILE_SAME);
    QblkLayerFile data = {.state = QBLK_FILE_ANOTHER, .open = {1, 33}, .named = {1, 44}};

    qblk_chain_further_file_add(chain->layers->pdata[1], "/d/data", &data);
    assert_true(is_accepted(chain, QBLK_USE_READ, &error));
    assert_false(is_accepted(chain, QBLK_USE_REOPEN, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "vda[1]: '/d/data'");
}

static void
unknown_files_are_one_warning(void **state)
{
    g_autoptr(QblkChain) chain = new_chain(QBLK_FILE_UNKNOWN);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    g_auto(QblkFileUses) uses = {0};

    chain->unknown_files = g_strdup("it is a relay");
    qblk_file_uses_init(&uses, chain);
    qblk_file_uses_warn(&uses, plan);
    assert_int_equal(plan->warnings->len, 1);
    assert_string_equal(plan->warnings->pdata[0],
                        "disk 'vda': it is not known which files QEMU has open: it is a relay");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_needs_the_file_that_it_writes_to_opens_again_or_names),
        cmocka_unit_test(both_files_are_named),
        cmocka_unit_test(other_files_are_only_warned_of),
        cmocka_unit_test(a_header_may_name_a_renamed_file_if_layers_share_a_name),
        cmocka_unit_test(an_external_data_file_is_opened_again_with_its_image),
        cmocka_unit_test(unknown_files_are_one_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
