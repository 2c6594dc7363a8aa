/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/graph-kinds.h"

#include "base/enum.h"

static const char *const name_sources[] = {
    [QBLK_NAME_SOURCE_NONE] = "none",
    [QBLK_NAME_SOURCE_USER] = "user",
    [QBLK_NAME_SOURCE_DOMAIN] = "domain",
    [QBLK_NAME_SOURCE_QDEV] = "qdev",
    [QBLK_NAME_SOURCE_ALIAS] = "alias",
    [QBLK_NAME_SOURCE_BACKEND] = "backend",
    [QBLK_NAME_SOURCE_ENUMERATION] = "enumeration",
    [QBLK_NAME_SOURCE_IMAGE] = "image",
};

static const char *const buses[] = {
    [QBLK_BUS_UNKNOWN] = NULL, [QBLK_BUS_VIRTIO] = "virtio", [QBLK_BUS_SCSI] = "scsi",
    [QBLK_BUS_SATA] = "sata",  [QBLK_BUS_IDE] = "ide",       [QBLK_BUS_USB] = "usb",
    [QBLK_BUS_FDC] = "fdc",    [QBLK_BUS_NVME] = "nvme",     [QBLK_BUS_SD] = "sd",
    [QBLK_BUS_OTHER] = NULL,
};

static const char *const device_kinds[] = {
    [QBLK_DEVICE_KIND_DISK] = "disk",         [QBLK_DEVICE_KIND_LUN] = "lun",
    [QBLK_DEVICE_KIND_CDROM] = "cdrom",       [QBLK_DEVICE_KIND_FLOPPY] = "floppy",
    [QBLK_DEVICE_KIND_FIRMWARE] = "firmware",
};

static const char *const node_kinds[] = {
    [QBLK_NODE_KIND_UNKNOWN] = NULL,
    [QBLK_NODE_KIND_FORMAT] = "format",
    [QBLK_NODE_KIND_PROTOCOL] = "protocol",
    [QBLK_NODE_KIND_FILTER] = "filter",
    [QBLK_NODE_KIND_MULTI_CHILD] = "multi-child",
};

static const char *const job_kinds[] = {
    [QBLK_JOB_KIND_OTHER] = NULL,
    [QBLK_JOB_KIND_COMMIT] = "commit",
    [QBLK_JOB_KIND_ACTIVE_COMMIT] = "active-commit",
    [QBLK_JOB_KIND_COPY] = "copy",
    [QBLK_JOB_KIND_PULL] = "pull",
    [QBLK_JOB_KIND_BACKUP] = "backup",
};

static const struct {
    const char *name, *text;
} accesses[] = {
    [QBLK_EXPORT_ACCESS_UNKNOWN] = {NULL, NULL},
    [QBLK_EXPORT_ACCESS_READ_ONLY] = {"ro", "read-only"},
    [QBLK_EXPORT_ACCESS_WRITABLE] = {"rw", "writable"},
};

static const char *const edge_sources[] = {
    [QBLK_EDGE_SOURCE_BEST] = NULL,
    [QBLK_EDGE_SOURCE_CHILDREN] = "children",
    [QBLK_EDGE_SOURCE_DEBUG] = "debug-graph",
    [QBLK_EDGE_SOURCE_BLOCKSTATS] = "blockstats",
};

static const char *const user_kinds[] = {
    [QBLK_USER_KIND_DEVICE] = "device", [QBLK_USER_KIND_EXPORT] = "export",
    [QBLK_USER_KIND_JOB] = "job",       [QBLK_USER_KIND_FILTER] = "filter",
    [QBLK_USER_KIND_NODE] = "node",
};

/* A value that a table does not have comes from a program that was built with a later version. */
static const char *
name_of(const char *const *names, gsize length, guint value)
{
    return value < length ? names[value] : NULL;
}

const char *
qblk_name_source_name(QblkNameSource source)
{
    return qblk_enum_name(name_sources, G_N_ELEMENTS(name_sources), (int)source);
}

const char *
qblk_bus_name(QblkBus bus)
{
    return name_of(buses, G_N_ELEMENTS(buses), bus);
}

QblkBus
qblk_bus_find(const char *name)
{
    if (name == NULL) {
        return QBLK_BUS_UNKNOWN;
    }
    int value = QBLK_BUS_OTHER;
    (void)qblk_enum_value(buses, G_N_ELEMENTS(buses), name, &value);
    return (QblkBus)value;
}

const char *
qblk_device_kind_name(QblkDeviceKind kind)
{
    return qblk_enum_name(device_kinds, G_N_ELEMENTS(device_kinds), (int)kind);
}

const char *
qblk_node_kind_name(QblkNodeKind kind)
{
    return name_of(node_kinds, G_N_ELEMENTS(node_kinds), kind);
}

const char *
qblk_job_kind_name(QblkJobKind kind)
{
    return name_of(job_kinds, G_N_ELEMENTS(job_kinds), kind);
}

const char *
qblk_export_access_name(QblkExportAccess access)
{
    return (guint)access < G_N_ELEMENTS(accesses) ? accesses[access].name : NULL;
}

const char *
qblk_export_access_text(QblkExportAccess access)
{
    return accesses[access].text;
}

const char *
qblk_edge_source_name(QblkEdgeSource source)
{
    return name_of(edge_sources, G_N_ELEMENTS(edge_sources), source);
}

const char *
qblk_user_kind_name(QblkUserKind kind)
{
    return qblk_enum_name(user_kinds, G_N_ELEMENTS(user_kinds), (int)kind);
}
