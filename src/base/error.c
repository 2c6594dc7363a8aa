/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/error.h>

G_DEFINE_QUARK(qblk_blockjob_error, qblk_blockjob_error)

G_DEFINE_QUARK(qblk_bridge_error, qblk_bridge_error)

G_DEFINE_QUARK(qblk_graph_error, qblk_graph_error)

G_DEFINE_QUARK(qblk_json_error, qblk_json_error)

G_DEFINE_QUARK(qblk_qmp_error, qblk_qmp_error)

G_DEFINE_QUARK(qblk_xml_error, qblk_xml_error)
