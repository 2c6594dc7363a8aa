/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/error.h>

G_DEFINE_QUARK(qblk_blockjob_error, qblk_blockjob_error)

G_DEFINE_QUARK(qblk_bridge_error, qblk_bridge_error)

G_DEFINE_QUARK(qblk_graph_error, qblk_graph_error)

G_DEFINE_QUARK(qblk_json_error, qblk_json_error)

G_DEFINE_QUARK(qblk_qmp_error, qblk_qmp_error)

G_DEFINE_QUARK(qblk_xml_error, qblk_xml_error)

/* The names of codes are a part of the output.  Those of a domain are in the order of its enum. */
static const char *const json_codes[] = {"syntax", "type"};
static const char *const qmp_codes[] = {"connect", "busy",      "timeout", "closed",   "protocol",
                                        "limit",   "not-found", "refused", "argument", "ended"};
static const char *const graph_codes[] = {
    "invalid", "changed", "no-disk", "no-layer", "ambiguous", "spec",       "unsupported",
    "unsafe",  "stale",   "file",    "limit",    "no-job",    "no-monitor", "no-node"};
static const char *const xml_codes[] = {"unsupported", "name", "invalid", "file", "library"};
static const char *const blockjob_codes[] = {"refused", "failed", "cancelled", "detached",
                                             "result",  "state",  "running",   "nothing-to-do"};
static const char *const bridge_codes[] = {"argument", "in-use", "socket"};

typedef struct {
    GQuark (*get_quark)(void);
    const char *name;
    const char *const *codes;
    gsize n_codes;
} Domain;

static const Domain *
find_domain(const GError *error)
{
    static const Domain domains[] = {
        {qblk_json_error_quark, "json", json_codes, G_N_ELEMENTS(json_codes)},
        {qblk_qmp_error_quark, "qmp", qmp_codes, G_N_ELEMENTS(qmp_codes)},
        {qblk_graph_error_quark, "graph", graph_codes, G_N_ELEMENTS(graph_codes)},
        {qblk_xml_error_quark, "xml", xml_codes, G_N_ELEMENTS(xml_codes)},
        {qblk_blockjob_error_quark, "blockjob", blockjob_codes, G_N_ELEMENTS(blockjob_codes)},
        {qblk_bridge_error_quark, "bridge", bridge_codes, G_N_ELEMENTS(bridge_codes)},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(domains); i++) {
        if (error->domain == domains[i].get_quark()) {
            return &domains[i];
        }
    }
    return NULL;
}

const char *
qblk_error_domain_name(const GError *error)
{
    const Domain *domain = find_domain(error);
    return domain == NULL ? NULL : domain->name;
}

const char *
qblk_error_code_name(const GError *error)
{
    const Domain *domain = find_domain(error);
    gboolean is_known = domain != NULL && error->code >= 0 && (gsize)error->code < domain->n_codes;

    return is_known ? domain->codes[error->code] : NULL;
}
