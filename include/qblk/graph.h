/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The objects of a graph snapshot.
 */
#pragma once

#include <qblk/bitmap.h>
#include <qblk/device.h>
#include <qblk/export.h>
#include <qblk/graph-kinds.h>
#include <qblk/io-statistics.h>
#include <qblk/job.h>
#include <qblk/node.h>
#include <qblk/user.h>
