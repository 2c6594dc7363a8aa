/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs ask of a check, and its JSON document. */
#include "chain/chain-number.h"
#include "graph/content-json.h"
#include "operation/check.h"

QblkCheck *
qblk_check_ref(QblkCheck *check)
{
    g_atomic_ref_count_inc(&check->references);
    return check;
}

void
qblk_check_unref(QblkCheck *check)
{
    if (check == NULL || !g_atomic_ref_count_dec(&check->references)) {
        return;
    }
    g_ptr_array_unref(check->chains);
    g_ptr_array_unref(check->differences);
    g_ptr_array_unref(check->warnings);
    qblk_stale_images_unref(check->stale);
    qblk_image_verdict_unref(check->verdict);
    g_free(check);
}

gboolean
qblk_check_is_consistent(const QblkCheck *check)
{
    return check->differences->len == 0 && qblk_stale_images_get_n_images(check->stale) == 0 &&
           check->verdict == NULL;
}

guint
qblk_check_get_n_chains(const QblkCheck *check)
{
    return check->chains->len;
}

const QblkChain *
qblk_check_get_chain(const QblkCheck *check, guint index)
{
    return index < check->chains->len ? check->chains->pdata[index] : NULL;
}

guint
qblk_check_get_n_differences(const QblkCheck *check)
{
    return check->differences->len;
}

const QblkDifference *
qblk_check_get_difference(const QblkCheck *check, guint index)
{
    return index < check->differences->len ? check->differences->pdata[index] : NULL;
}

const QblkStaleImages *
qblk_check_get_stale_images(const QblkCheck *check)
{
    return check->stale;
}

const QblkImageVerdict *
qblk_check_get_verdict(const QblkCheck *check)
{
    return check->verdict;
}

const char *const *
qblk_check_get_warnings(const QblkCheck *check)
{
    return (const char *const *)check->warnings->pdata;
}

/* ---- JSON ---- */

static QblkJson *
difference_json_new(const QblkDifference *difference)
{
    QblkJson *object = qblk_json_new_object();
    g_autofree char *text = qblk_difference_to_text(difference);

    qblk_json_set_string(object, "disk", difference->disk);
    qblk_json_set_string(object, "layer", difference->layer);
    qblk_json_set_string(object, "kind", qblk_difference_kind_name(difference->kind));
    qblk_json_set_string(object, "expected", difference->expected);
    qblk_json_set_string(object, "found", difference->found);
    qblk_json_set_string(object, "text", text);
    return object;
}

/* Users are no difference: they are listed because a job would harm them. */
static void
add_used_layers(QblkJson *list, const QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (layer->users == NULL && !layer->is_inactive) {
            continue;
        }

        QblkJson *object = qblk_json_new_object();
        g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
        qblk_json_set_string(object, "disk", chain->target);
        qblk_json_set_string(object, "layer", spec);
        qblk_json_set_boolean(object, "active", !layer->is_inactive);
        qblk_json_set(object, "users", qblk_users_json_new(layer->users));
        qblk_json_append(list, object);
    }
}

QblkJson *
qblk_check_json_new(const QblkCheck *check)
{
    QblkJson *differences = qblk_json_new_array();
    for (guint i = 0; i < check->differences->len; i++) {
        qblk_json_append(differences, difference_json_new(check->differences->pdata[i]));
    }
    QblkJson *used = qblk_json_new_array();
    for (guint i = 0; i < check->chains->len; i++) {
        add_used_layers(used, check->chains->pdata[i]);
    }

    QblkJson *object = qblk_json_new_object();
    qblk_json_set(object, "differences", differences);
    qblk_json_set(object, "stale", qblk_stale_images_json_new(check->stale));
    qblk_json_set(object, "used-layers", used);
    if (check->verdict != NULL) {
        qblk_image_verdict_add_json(check->verdict, object);
    }
    return object;
}

char *
qblk_check_to_json(const QblkCheck *check)
{
    g_autoptr(QblkJson) json = qblk_check_json_new(check);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}
