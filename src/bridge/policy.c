/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/policy.h"

#include "base/const-cast.h"

struct QblkPolicy {
    char **allow; /* owned, or NULL */
    char **deny;  /* owned, or NULL */
};

QblkPolicy *
qblk_policy_new(const char *const *allow, const char *const *deny)
{
    QblkPolicy *policy = g_new0(QblkPolicy, 1);
    policy->allow = g_strdupv(qblk_const_cast(allow));
    policy->deny = g_strdupv(qblk_const_cast(deny));
    return policy;
}

void
qblk_policy_free(QblkPolicy *policy)
{
    if (policy == NULL) {
        return;
    }
    g_strfreev(policy->allow);
    g_strfreev(policy->deny);
    g_free(policy);
}

static gboolean
matches_any(const char *const *patterns, const char *command)
{
    for (gsize i = 0; patterns != NULL && patterns[i] != NULL; i++) {
        if (g_pattern_match_simple(patterns[i], command)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_policy_is_read_only(const char *command)
{
    static const char *const patterns[] = {
        "query-*",
        "qom-get",
        "qom-list",
        "qom-list-properties",
        "qom-list-types",
        "device-list-properties",
        "x-debug-query-block-graph",
        "qmp_capabilities",
        "qblk-query-*",
        "qblk-check",
        "qblk-resolve",
        "qblk-subscribe",
        NULL,
    };
    return matches_any(patterns, command);
}

/* Commands that can crash QEMU at the wrong moment. */
static gboolean
is_guarded(const char *command)
{
    static const char *const names[] = {
        "query-named-block-nodes",
        "human-monitor-command",
        "job-complete",
        "block-job-complete",
        "job-finalize",
        "block-job-finalize",
        "job-cancel",
        "block-job-cancel",
        "block-commit",
        "blockdev-mirror",
        "drive-mirror",
        "blockdev-del",
        NULL,
    };
    return g_strv_contains(names, command);
}

/* What the bridge itself has found to be safe may not be after a command of a client: it has looked
 * without a hold. */
static gboolean
is_guarded_internally(const char *command)
{
    return g_str_equal(command, "query-named-block-nodes");
}

gboolean
qblk_access_is_internal(QblkAccess access)
{
    return access == QBLK_ACCESS_INTERNAL || access == QBLK_ACCESS_DECIDER;
}

QblkPolicyVerdict
qblk_policy_check(const QblkPolicy *policy, QblkAccess access, const char *command,
                  gboolean has_layers, char **reason)
{
    if (qblk_access_is_internal(access)) {
        gboolean is_decided = access == QBLK_ACCESS_INTERNAL && is_guarded_internally(command);
        return is_decided ? QBLK_POLICY_DECIDE : QBLK_POLICY_FORWARD;
    }

    if (matches_any((const char *const *)policy->deny, command)) {
        *reason = g_strdup_printf("command '%s' is not allowed on this bridge", command);
        return QBLK_POLICY_REFUSE;
    }
    if (access == QBLK_ACCESS_READ_ONLY && !qblk_policy_is_read_only(command) &&
        !matches_any((const char *const *)policy->allow, command)) {
        *reason =
            g_strdup_printf("command '%s' is not allowed on this socket: it is read-only", command);
        return QBLK_POLICY_REFUSE;
    }

    gboolean is_own = g_str_has_prefix(command, "qblk-");
    return has_layers || is_own || is_guarded(command) ? QBLK_POLICY_DECIDE : QBLK_POLICY_FORWARD;
}
