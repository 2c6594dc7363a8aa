/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-restart.h"

#include "base/file-identity.h"
#include "blockjob/merged-mark.h"
#include "blockjob/verify.h"
#include "graph/snapshot.h"
#include "recover/recover.h"

/* What the disk has now, of an operation after which the guest has another active image. */
typedef enum {
    HAS_OLD,   /* the active image from before, with or without an overlay of its own */
    HAS_NEW,   /* the one from after */
    HAS_OTHER, /* neither */
} Has;

static gboolean
has_file(const QblkChain *chain, const char *path)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (qblk_file_identity_is_one(layer->filename, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The old image of a merge has the new one below it. */
static Has
what_it_has(const QblkChain *chain, const char *old, const char *new)
{
    return has_file(chain, old) ? HAS_OLD : has_file(chain, new) ? HAS_NEW : HAS_OTHER;
}

static gboolean
is_chain(const QblkChain *chain, const GPtrArray *expected)
{
    gboolean is_same = chain->layers->len == expected->len;
    for (guint i = 0; is_same && i < expected->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkExpectation *wanted = expected->pdata[i];
        is_same = qblk_file_identity_is_one(layer->filename, wanted->filename);
    }
    return is_same;
}

static gboolean
refuse(GError **error, const char *image, const char *target, const char *why, const char *other,
       const char *old)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "QEMU was started again, with '%s' as the image of '%s', %s '%s': say 'qblk "
                "recover image:%s', with the guest stopped",
                image, target, why, other, old);
    return FALSE;
}

/* The guest is where it was, and so nothing is old. */
static void
take_mark_away(const QblkJournalRecord *record, gboolean is_here)
{
    if (record->plan->merged != NULL && is_here) {
        qblk_merged_mark_remove(record->plan->merged);
    }
}

static gboolean
judge_moved(const QblkJournalRecord *record, Has has, const char *image, gboolean is_here,
            char **why, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *old = ((const QblkExpectation *)plan->before->pdata[0])->filename;
    const char *new = ((const QblkExpectation *)plan->after->pdata[0])->filename;
    if (has == HAS_OTHER && record->stage < QBLK_STAGE_PIVOTING) {
        *why = g_strdup_printf(", which is neither '%s' nor '%s'", old, new);
        return TRUE;
    }
    if (has == HAS_OTHER) { /* it may come back to either */
        return refuse(error, image, plan->target,
                      record->stage == QBLK_STAGE_CLEANING
                          ? "which is neither the one from before nor that to which its guest had "
                            "gone over,"
                          : "which is neither the one from before nor that to which its guest may "
                            "have gone over,",
                      new, old);
    }
    if (has == HAS_OLD && record->stage < QBLK_STAGE_PIVOTING) {
        take_mark_away(record, is_here);
        return TRUE;
    }
    if (has == HAS_OLD) {
        return refuse(error, old, plan->target,
                      record->stage == QBLK_STAGE_CLEANING
                          ? "and its guest had gone over before to"
                          : "and its guest may have gone over before to",
                      new, old);
    }
    if (record->stage < QBLK_STAGE_PIVOTING) {
        return refuse(error, new, plan->target,
                      "and the job had not come to its end: all data are in", old, old);
    }
    if (record->stage == QBLK_STAGE_PIVOTING) {
        *why = g_strdup_printf("; what its guest wrote right before the end of the other QEMU may "
                               "be in '%s' only",
                               old);
    }
    /* The guest has gone on with @new, and so @old is old, whatever the crash has left in it. */
    return !is_here || qblk_merged_mark_write(old, new, TRUE, error);
}

/* The active image is the same, before and after. */
static const char *
tell_chain(const QblkChain *chain, const QblkPlan *plan)
{
    if (plan->before->len == 0) {
        return "";
    }
    return is_chain(chain, plan->before)  ? "; its chain is as it was"
           : is_chain(chain, plan->after) ? "; its chain is as planned"
                                          : "; its chain is another one";
}

gboolean
qblk_recover_restart(QblkClient *client, const QblkInvocation *invocation,
                     const QblkJournalRecord *record, char **said, GError **error)
{
    const QblkPlan *plan = record->plan;
    g_autoptr(QblkSnapshot) snapshot =
        qblk_snapshot_fetch(client, invocation->snapshot_options, error);
    g_autoptr(QblkChain) chain =
        snapshot == NULL ? NULL
                         : qblk_snapshot_chain(snapshot, qblk_verify_find(plan, snapshot), error);
    if (chain == NULL) {
        return FALSE;
    }
    g_autofree char *why = NULL;
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    const char *image = top == NULL ? "nothing" : top->filename;
    if (!qblk_plan_moves_top(plan)) {
        why = g_strdup(tell_chain(chain, plan));
    } else {
        const QblkExpectation *old = plan->before->pdata[0], *new = plan->after->pdata[0];
        Has has = what_it_has(chain, old->filename, new->filename);
        if (!judge_moved(record, has, image, qblk_recover_is_here(client, record), &why, error)) {
            return FALSE;
        }
    }
    *said = g_strdup_printf("%s of '%s': QEMU was started again since, with '%s' as its image%s",
                            plan->kind, plan->target, image, why == NULL ? "" : why);
    return TRUE;
}
