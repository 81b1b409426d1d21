/*
 * The pool of payload buffers: its constants.  Buffers and frames themselves are public
 * (ciao/frame.h), because drivers hold them too.
 *
 * One range of memory is divided into slabs; a slab belongs to one class of sizes as long as any of
 * its buffers is out, and may serve another class afterwards.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "ciao/frame.h"

#define BUF_CLASSES CIAO_BUF_CLASSES

/*
 * What a buffer of each class holds at least: an ACK, a frame of the wire, a quarter of a
 * super-segment, a whole one.
 */
#define BUF_SMALL   256
#define BUF_FRAME   2048
#define BUF_QUARTER 16384
#define BUF_SUPER   (65536 + 256)

/* And room behind the third for what its holder wants to remember of the bytes. */
#define BUF_QUARTER_SPARE 136

#define BUF_SLAB_BYTES       (1024 * 1024)
#define BUF_SLAB_BYTES_SMALL (256 * 1024) /* of a pool of less than BUF_SLABS_FEW large slabs */
#define BUF_SLABS_FEW        16

#endif
