/*
 * What two hosts have in common, however many connections they have: the way between them, and
 * where their timestamps and first numbers begin.
 *
 * All is worked out once and kept, a few pairs at a time, until a link, an address or a route
 * comes or goes.  What can't be reached is not kept: it is asked for again.
 */
#include "base/siphash.h"
#include "proto/tcp/tcp_internal.h"
#include "wire/addr.h"

/* The same for a pair of hosts, so that timestamps of one pair stay monotone. [RFC7323 7.1 7323-11]
 */
uint32_t tcp_pair_ts_offset(const struct tcp *tcp, const struct ciao_addr *local,
                            const struct ciao_addr *remote)
{
    const struct tcp_tuple tuple = {.local = *local, .remote = *remote};
    uint64_t words[TCP_TUPLE_WORDS];
    unsigned n = tcp_tuple_words(&tuple, words);
    return (uint32_t)siphash24_u64s(tcp->ts_key, words + 1, n - 1); /* the first are the ports */
}

static struct tcp_isn isn_of(const struct tcp *tcp, const struct ciao_addr *local,
                             const struct ciao_addr *remote)
{
    const struct tcp_tuple tuple = {.local = *local, .remote = *remote};
    uint64_t words[TCP_TUPLE_WORDS];
    unsigned n = tcp_tuple_words(&tuple, words);
    struct tcp_isn isn = {siphash_begin(tcp->isn_key), ((n - 1) * UINT64_C(8) + 4) << 56};
    for (unsigned i = 1; i < n; i++) /* the first are the ports */
        siphash_word(&isn.hosts, words[i], 2);
    return isn;
}

void tcp_pair_without_way(const struct tcp *tcp, const struct ciao_addr *local,
                          const struct ciao_addr *remote, struct tcp_pair *pair)
{
    *pair = (struct tcp_pair){
        .asked = *local,
        .remote = *remote,
        .ts_offset = tcp_pair_ts_offset(tcp, local, remote),
        .isn = isn_of(tcp, local, remote),
    };
}

static uint64_t load64(const void *from)
{
    uint64_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}

static struct tcp_pair *place_of(struct tcp *tcp, const struct ciao_addr *local,
                                 const struct ciao_addr *remote)
{
    uint64_t mixed = load64(local->b + 8) ^ load64(remote->b + 8) >> 7 ^ load64(remote->b) << 9;
    return &tcp->pairs[mixed * UINT64_C(0x9e3779b97f4a7c15) >> (64 - TCP_PAIR_BITS)];
}

static const struct ciao_addr anyone = {{0}};

const struct tcp_pair *tcp_pair_kept(struct tcp *tcp, const struct ciao_addr *local,
                                     const struct ciao_addr *remote)
{
    const struct ciao_addr *asked = local == NULL ? &anyone : local;
    const struct tcp_pair *kept = place_of(tcp, asked, remote);
    bool holds = kept->changes == tcp->ip->changes && ip_equal(&kept->asked, asked)
                 && ip_equal(&kept->remote, remote);
    return holds ? kept : NULL;
}

void tcp_pair_believe(struct tcp *tcp, const struct tcp_pair *pair, uint8_t link)
{
    tcp->pairs[pair - tcp->pairs].believed = link + 1u;
}

int tcp_pair_find(struct tcp *tcp, const struct ciao_addr *local, const struct ciao_addr *remote,
                  const struct tcp_pair **pair)
{
    *pair = tcp_pair_kept(tcp, local, remote);
    if (*pair != NULL)
        return 0;
    const struct ciao_addr *asked = local == NULL ? &anyone : local;
    struct ip_path path;
    int result = ip_path_to(tcp->ip, remote, local, &path);
    if (result != 0)
        return result;
    struct tcp_pair *made = place_of(tcp, asked, remote);
    *made = (struct tcp_pair){
        .asked = *asked,
        .remote = *remote,
        .path = path,
        .changes = tcp->ip->changes,
        .ts_offset = tcp_pair_ts_offset(tcp, &path.source, remote),
        .isn = isn_of(tcp, &path.source, remote),
    };
    *pair = made;
    return 0;
}
