/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/journal-vm.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE "image:"

void
qblk_journal_vm_clear(QblkJournalVm *vm)
{
    g_clear_pointer(&vm->address, g_free);
    g_clear_pointer(&vm->uuid, g_free);
    g_clear_pointer(&vm->name, g_free);
}

/* The directory of an image that was deleted still has a real path. */
static char *
real_path(const char *path)
{
    char *resolved = realpath(path, NULL);
    if (resolved != NULL) {
        char *copy = g_strdup(resolved);
        free(resolved);
        return copy;
    }

    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *directory = g_path_get_dirname(absolute);
    g_autofree char *name = g_path_get_basename(absolute);
    if (g_str_equal(directory, absolute)) {
        return g_steal_pointer(&absolute);
    }
    g_autofree char *parent = real_path(directory);
    return g_build_filename(parent, name, NULL);
}

void
qblk_journal_vm_set_image(QblkJournalVm *vm, const char *path)
{
    g_autofree char *real = real_path(path);
    qblk_journal_vm_clear(vm);
    *vm = (QblkJournalVm){.address = g_strconcat(IMAGE, real, NULL)};
}

const char *
qblk_journal_vm_get_image(const QblkJournalVm *vm)
{
    return g_str_has_prefix(vm->address, IMAGE) ? vm->address + strlen(IMAGE) : NULL;
}

QblkJson *
qblk_journal_vm_to_json(const QblkJournalVm *vm)
{
    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "address", vm->address);
    qblk_json_set_string(object, "uuid", vm->uuid);
    qblk_json_set_string(object, "name", vm->name);
    qblk_json_set_integer(object, "pid", vm->pid);
    qblk_json_set_integer(object, "start", vm->start);
    qblk_json_set_integer(object, "thread", vm->thread);
    return object;
}

gboolean
qblk_journal_vm_read(QblkJournalVm *vm, const QblkJson *json)
{
    if (qblk_json_get_string(json, "address") == NULL) {
        return FALSE;
    }

    vm->address = g_strdup(qblk_json_get_string(json, "address"));
    vm->uuid = g_strdup(qblk_json_get_string(json, "uuid"));
    vm->name = g_strdup(qblk_json_get_string(json, "name"));
    (void)qblk_json_integer(qblk_json_get(json, "pid"), &vm->pid);
    (void)qblk_json_integer(qblk_json_get(json, "start"), &vm->start);
    (void)qblk_json_integer(qblk_json_get(json, "thread"), &vm->thread);
    return TRUE;
}

char *
qblk_journal_vm_key(const QblkJournalVm *vm)
{
    g_autofree char *process =
        g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, vm->pid, vm->start);
    const char *identity = vm->address;
    if (vm->uuid != NULL) {
        identity = vm->uuid;
    } else if (vm->pid != 0 && qblk_journal_vm_get_image(vm) == NULL) {
        identity = process;
    }

    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1);
    return g_strndup(hash, 16);
}

static gboolean
is_same_address(const QblkJournalVm *then, const QblkJournalVm *now)
{
    return g_str_equal(then->address, now->address);
}

static gboolean
is_same_process(const QblkJournalVm *then, const QblkJournalVm *now)
{
    return then->pid != 0 && then->pid == now->pid && then->start == now->start;
}

/* A later run has another process. The process of a relay does not count, if the threads of the
 * QEMU behind it are known. */
gboolean
qblk_journal_vm_was_restarted(const QblkJournalVm *then, const QblkJournalVm *now)
{
    gboolean has_threads = then->thread != 0 && now->thread != 0;
    gboolean has_processes = then->pid != 0 && now->pid != 0;
    if (has_threads && then->thread != now->thread) {
        return TRUE;
    }

    /* In a container a later run may have threads with the same numbers. */
    gboolean is_comparable = has_processes && (is_same_address(then, now) || !has_threads);
    return is_comparable && !is_same_process(then, now);
}

gboolean
qblk_journal_vm_is_of(const QblkJournalVm *then, const QblkJournalVm *now, gboolean is_alive)
{
    if (g_strcmp0(then->uuid, now->uuid) != 0) {
        return FALSE;
    }
    if (is_same_process(then, now) || is_same_address(then, now)) {
        return TRUE;
    }
    return then->uuid != NULL && !(is_alive && qblk_journal_vm_was_restarted(then, now));
}
