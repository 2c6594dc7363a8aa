/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/check.h"

#include "chain/check-chain.h"
#include "operation/chain-headers.h"
#include "operation/check-left.h"
#include "qmp/address.h"
#include "recover/recover-image.h"
#include "recover/state-directory.h"

/* What a check works on.  Everything is borrowed. */
typedef struct {
    QblkCheck *check;
    const QblkSnapshot *snapshot; /* NULL: of a domain */
    const char *const *disks;     /* the names that were given, or NULL */
    const QblkDomain *expected;   /* NULL: chains are not compared with one */
    gboolean is_local;            /* names are those of files of this machine */
    const char *directory;        /* of journals and marks, or NULL */
    gboolean lists_named;         /* of QblkCheckOptions */
} Work;

/* ---- one chain ---- */

static void
check_chain(const Work *work, const QblkChain *chain)
{
    QblkOpenedFiles *opened = work->snapshot == NULL ? NULL : work->snapshot->opened;
    GPtrArray *differences = work->check->differences;
    g_autoptr(GPtrArray) headers = work->is_local ? qblk_chain_headers_read(chain) : NULL;

    qblk_check_files(chain, differences);
    qblk_check_content(chain, differences);
    qblk_check_headers(chain, opened, headers, differences);
    if (work->snapshot != NULL && work->snapshot->image_layers != NULL) {
        qblk_check_formats(chain, work->snapshot->image_layers, headers, differences);
    }
    if (work->is_local) {
        qblk_check_left_marks(chain, differences);
    }
    /* The journals are on the machine of QEMU: nothing is known of one behind a relay. */
    if (work->is_local && opened != NULL && chain->unknown_files == NULL) {
        qblk_check_left(work->snapshot, chain, work->directory, work->lists_named, differences);
    }

    if (work->expected != NULL) {
        const QblkChain *expected = qblk_domain_find_disk(work->expected, chain->target, NULL);
        qblk_check_domain_disk(chain, expected, differences);
    }
}

/* ---- jobs ---- */

/* Report the jobs of the named disks, or all. */
static void
check_jobs(const Work *work)
{
    if (work->snapshot == NULL) {
        return;
    }
    if (work->disks == NULL) {
        qblk_check_jobs(work->snapshot, NULL, work->check->differences);
        return;
    }

    const GPtrArray *chains = work->check->chains;
    for (guint i = 0; i < chains->len; i++) {
        const QblkChain *chain = chains->pdata[i];
        qblk_check_jobs(work->snapshot, chain->target, work->check->differences);
    }
}

/* ---- disks that only one side has ---- */

static gboolean
is_vhost_user_disk(const Work *work, const char *name)
{
    const QblkDevice *device =
        work->snapshot == NULL ? NULL : qblk_snapshot_find_device(work->snapshot, name, NULL);
    return device != NULL && device->is_vhost_user;
}

/* TRUE if @expected, of a domain, and the disk with its name in the VM have no block node. */
static gboolean
is_vhost_user(const Work *work, const QblkChain *expected)
{
    const QblkLayer *top = qblk_chain_get_layer(expected, 0);
    g_autoptr(QblkSource) source = top == NULL ? NULL : qblk_layer_decode_source(top, NULL);
    return source != NULL && source->type == QBLK_SOURCE_VHOST_USER &&
           is_vhost_user_disk(work, expected->target);
}

/* Report the disks without a block node that the VM has and the domain does not have. */
static void
check_vhost_user(const Work *work)
{
    const char *const *targets =
        work->snapshot == NULL ? NULL : qblk_snapshot_get_targets(work->snapshot);

    for (guint i = 0; targets != NULL && targets[i] != NULL; i++) {
        const QblkChain *expected = qblk_domain_find_disk(work->expected, targets[i], NULL);
        if (expected == NULL && is_vhost_user_disk(work, targets[i])) {
            g_autoptr(QblkChain) running = qblk_chain_new(targets[i]);
            qblk_check_domain_disk(running, NULL, work->check->differences);
        }
    }
}

/* Report the disks that only one of the domain and the VM has. */
static void
check_missing(const Work *work)
{
    if (work->expected == NULL || work->disks != NULL) {
        return;
    }

    g_autoptr(GHashTable) running = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < work->check->chains->len; i++) {
        const QblkChain *chain = work->check->chains->pdata[i];
        g_hash_table_add(running, chain->target);
    }

    for (guint i = 0; i < qblk_domain_get_n_disks(work->expected); i++) {
        const QblkChain *expected = qblk_domain_get_disk(work->expected, i);
        gboolean is_running = g_hash_table_contains(running, expected->target);
        if (!is_running && !is_vhost_user(work, expected)) {
            qblk_check_domain_disk(NULL, expected, work->check->differences);
        }
    }
    check_vhost_user(work);
}

/* ---- all of it ---- */

/* If the VM is an image, decide if the guest has to boot from another image after a crash.
 * @address: (nullable): of the VM */
static gboolean
check_image(QblkCheck *check, const QblkAddress *address, const char *directory, GError **error)
{
    if (address == NULL || address->kind != QBLK_ADDRESS_KIND_IMAGE) {
        return TRUE;
    }
    return qblk_recover_image_check(directory, address->path, &check->verdict, error);
}

static gboolean
are_files_local(const QblkSnapshot *snapshot, const QblkAddress *address)
{
    if (address == NULL) {
        return snapshot != NULL && snapshot->opened != NULL;
    }
    return qblk_address_is_local(address);
}

static gboolean
check_chains(Work *work, const QblkCheckOptions *options, GError **error)
{
    const char *text = options == NULL ? NULL : options->address;
    QblkCheck *check = work->check;
    g_autofree char *directory =
        qblk_state_directory_get(options == NULL ? NULL : options->state_directory);
    g_autoptr(QblkAddress) address = text == NULL ? NULL : qblk_address_parse(text, error);
    if (text != NULL && address == NULL) {
        return FALSE;
    }

    work->expected = options == NULL ? NULL : options->domain;
    work->is_local = are_files_local(work->snapshot, address);
    work->directory = directory;
    work->lists_named = options != NULL && options->lists_named;
    for (guint i = 0; i < check->chains->len; i++) {
        check_chain(work, check->chains->pdata[i]);
    }
    check_jobs(work);
    check_missing(work);
    if (!check_image(check, address, directory, error)) {
        return FALSE;
    }

    guint count = work->is_local ? check->chains->len : 0;
    check->stale =
        qblk_stale_images_find((const QblkChain *const *)check->chains->pdata, count, directory);
    g_ptr_array_add(check->warnings, NULL);
    return TRUE;
}

static QblkCheck *
check_new(void)
{
    QblkCheck *check = g_new0(QblkCheck, 1);
    g_atomic_ref_count_init(&check->references);
    check->chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    check->differences = qblk_differences_new();
    check->warnings = g_ptr_array_new_with_free_func(g_free);
    return check;
}

/* A disk without a node, of all disks, is left out.  @cause: (transfer full) */
static gboolean
leave_out(const Work *work, GError *cause, GError **error)
{
    gboolean has_no_node = g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE);

    if (work->disks != NULL || !has_no_node) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    g_ptr_array_add(work->check->warnings, g_strdup(cause->message));
    g_error_free(cause);
    return TRUE;
}

QblkCheck *
qblk_check_snapshot(const QblkSnapshot *snapshot, const char *const *disks,
                    QblkCheckOptions *options, GError **error)
{
    const char *const *names = disks != NULL ? disks : qblk_snapshot_get_targets(snapshot);
    g_autoptr(QblkCheck) check = check_new();
    Work work = {.check = check, .snapshot = snapshot, .disks = disks};

    for (guint i = 0; names[i] != NULL; i++) {
        GError *cause = NULL;
        QblkChain *chain = qblk_snapshot_chain(snapshot, names[i], &cause);
        if (chain != NULL) {
            g_ptr_array_add(check->chains, chain);
        } else if (!leave_out(&work, cause, error)) {
            return NULL;
        }
    }
    return check_chains(&work, options, error) ? g_steal_pointer(&check) : NULL;
}

QblkCheck *
qblk_check_domain(const QblkDomain *domain, const char *const *disks, QblkCheckOptions *options,
                  GError **error)
{
    g_autoptr(QblkCheck) check = check_new();
    Work work = {.check = check, .disks = disks};

    for (guint i = 0; disks == NULL && i < qblk_domain_get_n_disks(domain); i++) {
        g_ptr_array_add(check->chains, qblk_chain_ref(qblk_domain_get_disk(domain, i)));
    }
    for (guint i = 0; disks != NULL && disks[i] != NULL; i++) {
        const QblkChain *chain = qblk_domain_find_disk(domain, disks[i], error);
        if (chain == NULL) {
            return NULL;
        }
        g_ptr_array_add(check->chains, qblk_chain_ref(chain));
    }
    return check_chains(&work, options, error) ? g_steal_pointer(&check) : NULL;
}
