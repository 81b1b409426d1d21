/*
 * What can be wrong with the bytes of a header: one value for each distinct reason.
 *
 * A fault is a verdict on what the wire brought, never an error of ours; who called maps each to
 * the reason that an event carries.  WIRE_OK is zero, so that `if (fault)` reads as it should.
 */
#ifndef WIRE_FAULT_H
#define WIRE_FAULT_H

enum wire_fault {
    WIRE_OK = 0,

    WIRE_ETH_SHORT, /* fewer bytes than an Ethernet header */

    WIRE_ARP_SHORT,     /* fewer bytes than an ARP packet for Ethernet and IPv4 */
    WIRE_ARP_KIND,      /* other hardware or protocol, or other address lengths */
    WIRE_ARP_OPERATION, /* neither request nor reply */

    WIRE_IP4_SHORT,           /* fewer bytes than the smallest header */
    WIRE_IP4_VERSION,         /* the version is not 4 */
    WIRE_IP4_HEADER_LENGTH,   /* less than 20 bytes, or more than there are */
    WIRE_IP4_TOTAL_LENGTH,    /* less than the header, or more than there are */
    WIRE_IP4_CHECKSUM,        /* the header's checksum does not fit */
    WIRE_IP4_FRAGMENT_LENGTH, /* more is to follow, but this is empty or no multiple of 8 */
    WIRE_IP4_FRAGMENT_END,    /* the fragment would end beyond the longest packet */

    WIRE_IP6_SHORT,           /* fewer bytes than the header */
    WIRE_IP6_VERSION,         /* the version is not 6 */
    WIRE_IP6_PAYLOAD_LENGTH,  /* announces more bytes than there are */
    WIRE_IP6_MAPPED_ADDRESS,  /* an IPv4-mapped address on the wire could pass for IPv4 */
    WIRE_IP6_EXT_SHORT,       /* an extension header ends beyond the packet */
    WIRE_IP6_EXT_TOO_MANY,    /* more extension headers than IP6_EXT_MAX */
    WIRE_IP6_EXT_ORDER,       /* hop-by-hop options elsewhere than first */
    WIRE_IP6_OPTION_LENGTH,   /* an option ends beyond its header */
    WIRE_IP6_OPTION_DISCARD,  /* unknown option, 01: discard */
    WIRE_IP6_OPTION_REPORT,   /* unknown option, 10: discard and report, even to multicast */
    WIRE_IP6_OPTION_UNICAST,  /* unknown option, 11: discard and report unless multicast */
    WIRE_IP6_ROUTING,         /* a routing header with segments left */
    WIRE_IP6_FRAGMENT_LENGTH, /* more is to follow, but this is empty or no multiple of 8 */
    WIRE_IP6_FRAGMENT_END,    /* the fragment would end beyond the longest packet */
    WIRE_IP6_NO_NEXT,         /* "no next header": there is nothing in it for anybody */
    WIRE_IP6_UNKNOWN_HEADER,  /* neither an extension header nor a protocol that we know */

    WIRE_ICMP4_SHORT,    /* fewer than 8 bytes */
    WIRE_ICMP4_CHECKSUM, /* the checksum does not fit */
    WIRE_ICMP6_SHORT,    /* fewer than 8 bytes */
    WIRE_ICMP6_CHECKSUM, /* the checksum does not fit */

    WIRE_QUOTE_SHORT,    /* the packet that an ICMP error quotes is cut before its ports and seq */
    WIRE_QUOTE_VERSION,  /* the quoted packet is of the other IP version */
    WIRE_QUOTE_FRAGMENT, /* the quoted packet is a later fragment: no ports in it */
    WIRE_QUOTE_PROTOCOL, /* the quoted packet is neither TCP nor UDP */

    WIRE_NDP_HOP_LIMIT,     /* not 255: it crossed a router */
    WIRE_NDP_CODE,          /* the code is not 0 */
    WIRE_NDP_SHORT,         /* fewer bytes than this type's message */
    WIRE_NDP_TYPE,          /* no message of neighbour discovery that we take */
    WIRE_NDP_TARGET,        /* the target is a multicast address */
    WIRE_NDP_SOURCE,        /* a source from which this message must not come */
    WIRE_NDP_DESTINATION,   /* a destination to which this message must not go */
    WIRE_NDP_OPTION_LENGTH, /* an option of length 0, or ending beyond the message */

    WIRE_TCP_SHORT,         /* fewer bytes than the smallest header */
    WIRE_TCP_OFFSET,        /* the data offset is less than 5, or points beyond the segment */
    WIRE_TCP_OPTION_LENGTH, /* an option of an illegal length */

    WIRE_UDP_SHORT,  /* fewer bytes than the header */
    WIRE_UDP_LENGTH, /* the length field is less than 8, or more than there are */

    WIRE_FAULTS /* how many there are, WIRE_OK among them */
};

#endif
