/*
 * The sizes of what lwIP would else take from a heap: segments without data, short ones, and whole
 * ones.  lwIP reads this file several times over, so it has no guard.
 */
LWIP_MALLOC_MEMPOOL_START
LWIP_MALLOC_MEMPOOL(8192, 112)
LWIP_MALLOC_MEMPOOL(40000, 160)
LWIP_MALLOC_MEMPOOL(PEER_BUFFERS, PEER_BUFFER_BYTES)
LWIP_MALLOC_MEMPOOL_END
