/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/check-chain.h"
#include "graph/bitmap.h"
#include "graph/snapshot-jobs.h"

static void
compare_file(const QblkChain *chain, const QblkLayer *layer, const QblkLayerFile *file,
             const char *filename, GPtrArray *differences)
{
    static const QblkDifferenceKind by_state[] = {
        [QBLK_FILE_ANOTHER] = QBLK_DIFFERENCE_ANOTHER_FILE,
        [QBLK_FILE_GONE] = QBLK_DIFFERENCE_FILE_GONE,
        [QBLK_FILE_DESCRIPTOR] = QBLK_DIFFERENCE_DESCRIPTOR,
        [QBLK_FILE_UNKNOWN] = QBLK_DIFFERENCE_FILE_UNKNOWN,
    };
    if (!qblk_layer_file_differs(file)) {
        return;
    }

    QblkDifference *difference =
        qblk_difference_add(differences, by_state[file->state], chain, layer, filename, file->path);
    difference->text = qblk_layer_file_describe(file, filename, NULL);
}

static void
compare_files(const QblkChain *chain, const QblkLayer *layer, GPtrArray *differences)
{
    compare_file(chain, layer, layer->file, layer->filename, differences);
    for (guint i = 0; layer->further_files != NULL && i < layer->further_files->len; i++) {
        const QblkFurtherFile *further = layer->further_files->pdata[i];
        compare_file(chain, layer, further->file, further->filename, differences);
    }
}

void
qblk_check_files(const QblkChain *chain, GPtrArray *differences)
{
    const char *unknown = qblk_chain_get_unknown_files(chain);
    if (unknown != NULL) {
        QblkDifference *difference =
            qblk_difference_add(differences, QBLK_DIFFERENCE_FILE_UNKNOWN, chain, NULL, NULL, NULL);
        difference->text =
            g_strdup_printf("the files that QEMU has open are not known: %s", unknown);
        return;
    }

    for (guint i = 0; i < chain->layers->len; i++) {
        compare_files(chain, chain->layers->pdata[i], differences);
    }
}

static void
check_bitmaps(const QblkChain *chain, const QblkLayer *layer, GPtrArray *differences)
{
    for (guint i = 0; layer->bitmaps != NULL && i < layer->bitmaps->len; i++) {
        const QblkBitmap *bitmap = layer->bitmaps->pdata[i];
        if (!bitmap->is_inconsistent) {
            continue;
        }

        QblkDifference *difference = qblk_difference_add(differences, QBLK_DIFFERENCE_BITMAP, chain,
                                                         layer, NULL, bitmap->name);
        difference->name = g_strdup(bitmap->name);
        difference->text =
            g_strdup_printf("bitmap '%s' is inconsistent, because a QEMU ended without saving it: "
                            "it can only be removed, with 'qblk mend'",
                            bitmap->name);
    }
}

void
qblk_check_content(const QblkChain *chain, GPtrArray *differences)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        check_bitmaps(chain, chain->layers->pdata[i], differences);
    }

    if (chain->io_status != NULL && !g_str_equal(chain->io_status, "ok")) {
        QblkDifference *difference = qblk_difference_add(differences, QBLK_DIFFERENCE_IO_STATUS,
                                                         chain, NULL, "ok", chain->io_status);
        difference->text = g_strdup_printf("a request of the guest has failed (I/O status '%s')",
                                           chain->io_status);
    }
}

void
qblk_check_jobs(const QblkSnapshot *snapshot, const char *disk, GPtrArray *differences)
{
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        if (!g_str_equal(job->status, "concluded") ||
            (disk != NULL && g_strcmp0(job->target, disk) != 0)) {
            continue;
        }

        QblkDifference *difference =
            qblk_difference_add(differences, QBLK_DIFFERENCE_JOB, NULL, NULL, NULL, job->id);
        difference->disk = g_strdup(job->target);
        difference->name = g_strdup(job->id);
        difference->text = g_strdup_printf(
            "job '%s' (%s) has concluded and was not dismissed: use 'qblk job' with this id",
            job->id, qblk_job_get_kind_name(job));
    }
}
