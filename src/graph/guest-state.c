/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/guest-state.h"

/* TRUE if the guest is stopped in a QEMU that does not report which nodes are inactive. */
static gboolean
is_stopped_in_old_qemu(const QblkReplies *replies)
{
    static const QblkQemuVersion reports_active = {10, 0, 0};
    const QblkJson *status = qblk_replies_value(replies, "query-status");
    QblkQemuVersion version;

    if (status == NULL || qblk_json_true(qblk_json_get(status, "running"))) {
        return FALSE;
    }
    return qblk_replies_version(replies, &version) &&
           qblk_qemu_version_compare(&version, &reports_active) < 0;
}

static gboolean
has_migrated(const QblkReplies *replies)
{
    const QblkJson *migration = qblk_replies_value(replies, "query-migrate");
    return g_strcmp0(qblk_json_get_string(migration, "status"), "completed") == 0;
}

/* QEMU does not report if the migration was to it or from it, but from it the state is
 * postmigrate until the guest runs again. */
static gboolean
activates_late(const QblkReplies *replies)
{
    const QblkJson *list = qblk_replies_value(replies, "query-migrate-capabilities");
    for (gsize i = 0; i < qblk_json_length(list); i++) {
        const QblkJson *item = qblk_json_at(list, i);
        if (g_strcmp0(qblk_json_get_string(item, "capability"), "late-block-activate") == 0) {
            return qblk_json_true(qblk_json_get(item, "state"));
        }
    }
    return FALSE;
}

gboolean
qblk_guest_state_is_ordinary(const char *state)
{
    static const char *const ordinary[] = {"running", "paused", "prelaunch"};

    for (gsize i = 0; i < G_N_ELEMENTS(ordinary); i++) {
        if (g_strcmp0(state, ordinary[i]) == 0) {
            return TRUE;
        }
    }
    return state == NULL;
}

const char *
qblk_guest_state_next_query(const QblkReplies *replies)
{
    if (!is_stopped_in_old_qemu(replies)) {
        return NULL;
    }
    if (qblk_replies_find(replies, "query-migrate", NULL) == NULL) {
        return "query-migrate";
    }
    return has_migrated(replies) ? "query-migrate-capabilities" : NULL;
}

gboolean
qblk_guest_state_may_be_inactive(const QblkReplies *replies)
{
    return is_stopped_in_old_qemu(replies) && has_migrated(replies) && activates_late(replies);
}
