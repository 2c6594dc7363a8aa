/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-client.h"

#include "base/const-cast.h"
#include "image/bridge-peer.h"
#include "image/image.h"
#include "qmp/client.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
release_image(gpointer data)
{
    qblk_image_unref(data);
}

/* In messages the peer is "image:PATH", and not the descriptor. */
static QblkClient *
start_client(QblkImage *image, GError **error)
{
    int fd = qblk_image_take_fd(image);
    g_autoptr(QblkAddress) address = qblk_address_new_fd(fd);

    g_free(address->text);
    address->text = g_strconcat("image:", image->path, NULL);
    QblkClient *client = qblk_client_start_at(address, image->timeout_ms, error);
    if (client == NULL) {
        close(fd);
    }
    return client;
}

QblkClient *
qblk_client_open_image(const char *path, QblkImageOptions *options, GError **error)
{
    g_autoptr(QblkImageOptions) defaults = options == NULL ? qblk_image_options_new() : NULL;
    const QblkImageOptions *how = options == NULL ? defaults : options;
    QblkImageUse use = how->is_writable ? QBLK_IMAGE_FOR_CHANGES : QBLK_IMAGE_FOR_PLANS;

    g_autoptr(QblkImage) image = qblk_image_open_for(path, how, use, error);
    QblkClient *client = image == NULL ? NULL : start_client(image, error);
    if (client != NULL) {
        const QblkClientPeer peer = {image->daemon.pid, qblk_image_ref(image), release_image};
        qblk_client_set_peer(client, &peer);
    }
    return client;
}

/* Returns: (transfer none) (nullable): the image that @client has opened. */
static QblkImage *
image_of(const QblkClient *client)
{
    const QblkClientPeer *peer = qblk_client_get_peer(client);

    return peer == NULL ? NULL : peer->owner;
}

const char *
qblk_client_get_image_path(const QblkClient *client)
{
    const QblkImage *image = image_of(client);

    return image == NULL ? NULL : image->path;
}

const GPtrArray *
qblk_client_get_image_layers(const QblkClient *client)
{
    const QblkImage *image = image_of(client);

    return image == NULL ? NULL : image->layers;
}

gint64
qblk_client_get_process(QblkClient *client)
{
    const QblkClientPeer *peer = qblk_client_get_peer(client);
    gint64 behind = qblk_process_behind(qblk_client_get_fd(client), NULL);

    if (peer != NULL) {
        return peer->pid;
    }
    if (behind == 0 || qblk_client_is_forwarded(client)) {
        return 0;
    }

    const QblkClientBridge *bridge = qblk_bridge_peer_get(client);
    return bridge->is_there ? bridge->pid : behind;
}

/* ---- closing ---- */

/* QEMU ends with the status 0 also if it could not write what an image needs, and reports it. */
static gboolean
check_end(const QblkImage *image, int status, const char *report, GError **error)
{
    if (WIFSIGNALED(status)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "image '%s' was not closed: '%s' was killed by signal %d", image->path,
                    QBLK_IMAGE_PROGRAM, WTERMSIG(status));
        return FALSE;
    }
    if (WEXITSTATUS(status) != 0 || strstr(report, QBLK_IMAGE_PROGRAM ": ") != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "image '%s' was not closed without errors (exit status %d of '%s'): %s: check "
                    "it with 'qemu-img check'",
                    image->path, WEXITSTATUS(status), QBLK_IMAGE_PROGRAM,
                    report[0] == '\0' ? "no message" : report);
        return FALSE;
    }
    return TRUE;
}

static char *
read_report(const QblkImage *image, gint64 begin)
{
    g_autofree char *text = qblk_daemon_read_log(&image->daemon, begin);
    g_autofree char *valid = g_utf8_make_valid(g_strchomp(text), -1);
    g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);

    return g_strjoinv("; ", lines);
}

/* Returns: TRUE if QEMU has deleted one of @nodes, which is set to NULL then. */
static gboolean
delete_some(QblkClient *client, GPtrArray *nodes)
{
    gboolean has_deleted = FALSE;

    for (guint i = 0; i < nodes->len; i++) {
        g_autoptr(QblkJson) arguments = qblk_json_new_object();
        qblk_json_set_string(arguments, "node-name", nodes->pdata[i]);
        g_autoptr(QblkJson) reply = nodes->pdata[i] == NULL
                                        ? NULL
                                        : qblk_client_call(client, "blockdev-del", arguments, NULL);
        if (reply != NULL) {
            nodes->pdata[i] = NULL;
            has_deleted = TRUE;
        }
    }
    return has_deleted;
}

/* Delete all nodes, before the daemon ends.  That of QEMU 5.2 does not close images when it ends,
 * and their persistent bitmaps stay marked as in use; 7.2, 10.0 and 11.1 close them. */
static void
delete_nodes(QblkClient *client)
{
    int major = 0;
    if (!qblk_client_get_version(client, &major, NULL, NULL) || major >= 7) {
        return;
    }

    g_autoptr(QblkJson) arguments = qblk_json_new_object();
    qblk_json_set_boolean(arguments, "flat", TRUE);
    g_autoptr(QblkJson) reply =
        qblk_client_call(client, "query-named-block-nodes", arguments, NULL);
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    for (gsize i = 0; i < qblk_json_length(reply); i++) {
        const char *name = qblk_json_get_string(qblk_json_at(reply, i), "node-name");
        g_ptr_array_add(nodes, qblk_const_cast(name));
    }

    /* One in use cannot be deleted.  QEMU lists the newest first, which is the one on top. */
    while (delete_some(client, nodes)) {
    }
}

gboolean
qblk_client_close_image(QblkClient *client, GError **error)
{
    QblkImage *image = image_of(client);
    int status = 0;
    if (image == NULL || image->daemon.pid == 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "'%s' is not the image of an open storage daemon",
                    qblk_client_get_address(client));
        return FALSE;
    }

    /* Its status counts: if it has ended before, there is no reply. */
    gint64 begin = qblk_daemon_get_log_size(&image->daemon);
    delete_nodes(client);
    g_autoptr(QblkJson) reply = qblk_client_call(client, "quit", NULL, NULL);
    if (!qblk_daemon_wait(&image->daemon, image->timeout_ms, &status)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                    "image '%s' was not closed after %g seconds: use 'qblk -t SECONDS "
                    "COMMAND' with a longer time",
                    image->path, image->timeout_ms / 1000.0);
        return FALSE;
    }

    g_autofree char *report = read_report(image, begin);
    return check_end(image, status, report, error);
}
