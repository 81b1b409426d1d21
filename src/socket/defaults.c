/*
 * What sockets start with, and what of it changes while they live.
 *
 * AS LINUX: most sysctls of TCP are read when they are needed (a SYN is sent, a timer runs out),
 * so that a change reaches sockets that are there already, unless the program has set an option of
 * its own.  Buffers and the congestion control are a socket's from its beginning.
 */
#include "socket/socket_internal.h"

/* The settings that are read when needed; bits stand apart. */
static const struct field {
    uint8_t at, size;
} fields[] = {
#define FIELD(name)                                                                     \
    {                                                                                   \
        offsetof(struct ciao_settings, name), sizeof(((struct ciao_settings *)0)->name) \
    }
    FIELD(keepalive_idle_us),
    FIELD(keepalive_interval_us),
    FIELD(rto_min_us),
    FIELD(rto_max_us),
    FIELD(delayed_ack_us),
    FIELD(msl_us),
    FIELD(orphan_fin_wait_2_us),
    FIELD(r2_us),
    FIELD(r2_syn_us),
    FIELD(notsent_lowat_bytes),
    FIELD(ttl),
    FIELD(keepalive_probes),
    FIELD(syn_retries),
    FIELD(synack_retries),
    FIELD(syn_linear),
    FIELD(burst_min_segments),
#undef FIELD
};

/* What differs between the defaults and was not the program's wish. */
static uint32_t follow_bits(uint32_t mine, uint32_t before, uint32_t after)
{
    const uint32_t changes = (before ^ after) & ~(mine ^ before);
    return (mine & ~changes) | (after & changes);
}

/* Returns whether anything changes. */
static bool follow(struct ciao_settings *mine, const struct ciao_settings *before,
                   const struct ciao_settings *after)
{
    const struct ciao_settings old = *mine;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct field *f = &fields[i];
        if (memcmp((uint8_t *)mine + f->at, (const uint8_t *)before + f->at, f->size) == 0)
            memcpy((uint8_t *)mine + f->at, (const uint8_t *)after + f->at, f->size);
    }
    mine->flags = follow_bits(mine->flags, before->flags, after->flags);
    mine->more = follow_bits(mine->more, before->more, after->more);
    return memcmp(&old, mine, sizeof old) != 0;
}

void ciao_sockets_defaults(struct ciao_sockets *sockets, const struct ciao_settings *settings)
{
    const struct ciao_settings before = sockets->defaults;
    if (memcmp(&before, settings, sizeof before) == 0)
        return;
    sockets->defaults = *settings;
    for (uint32_t fd = 0; fd < sockets->config.max_descriptors; fd++) {
        struct desc *desc = desc_at(sockets, (int)fd);
        if (desc == NULL || desc->kind != DESC_SOCKET)
            continue;
        if (follow(&desc->sock.settings, &before, settings))
            (void)option_apply(sockets, &desc->sock); /* a connection may be past that */
    }
}
