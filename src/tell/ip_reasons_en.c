/*
 * English: why the link, ARP, IPv4, IPv6, ICMP or neighbour discovery dropped something.  No
 * connection is concerned, so the other one is "the sender" here.  The rest of the reasons is in
 * reasons_en.c.
 */
#include "tell/words_parts.h"

const char *const words_ip_reasons_en[CIAO_REASONS] = {
    /* the link */
    [CIAO_DROP_FRAME_EMPTY] =
        "{me} drops a frame that the network handed over without a byte in it.",
    [CIAO_DROP_FRAME_TOO_LONG] = "{me} drops a frame that is longer than any IP packet can be.",
    [CIAO_DROP_FRAME_NO_MEMORY] = "{me} has no memory left to take this frame in, and drops it.",
    [CIAO_DROP_ETH_SHORT] = "{me} drops a frame that is too short to hold an Ethernet header: the "
                            "network has cut it off.",
    [CIAO_DROP_ETH_NOT_OURS] = "{me} drops a frame that was meant for another station on the link.",
    [CIAO_DROP_ETH_SOURCE] = "{me} drops a frame whose sender claims a group address as its own: "
                             "one station sends, never a group.",
    [CIAO_DROP_ETH_TYPE] = "{me} drops a frame of a protocol that it does not speak.",
    /* ARP */
    [CIAO_DROP_ARP_SHORT] = "{me} drops an ARP packet that the network has cut off.",
    [CIAO_DROP_ARP_KIND] =
        "{me} drops an ARP packet whose sender asks for something else than IPv4 over Ethernet.",
    [CIAO_DROP_ARP_OPERATION] = "{me} drops an ARP packet whose sender neither asks nor answers.",
    [CIAO_DROP_ARP_SENDER] =
        "{me} drops an ARP packet whose sender gives an address that no station can have.",
    [CIAO_DROP_ARP_CONFLICT] = "{me} drops an ARP packet whose sender claims {me}'s own address.",
    [CIAO_DROP_ARP_NOT_FOR_US] = "{me} drops an ARP question whose sender looks for somebody else.",
    [CIAO_DROP_ARP_UNASKED] = "{me} drops an ARP answer whose sender it had asked nothing.",
    /* neighbours */
    [CIAO_DROP_NEIGHBOUR_QUEUE_FULL] = "{me} still waits for a neighbour's link address, and "
                                       "enough packets wait with it: it drops the oldest.",
    [CIAO_DROP_NEIGHBOUR_TABLE_FULL] =
        "{me}'s table of neighbours is full: it drops a packet for one more.",
    [CIAO_DROP_NEIGHBOUR_SILENT] =
        "Nobody on the network answers for the next hop: {me} drops what was waiting for it.",
    [CIAO_DROP_NO_ROUTE] = "{me} has no route to the destination, and drops the packet.",
    [CIAO_DROP_REPLY_NO_MEMORY] = "{me} has no memory left for an answer, and drops it.",
    /* IPv4 */
    [CIAO_DROP_IP_VERSION] = "{me} drops a packet that is neither IPv4 nor IPv6.",
    [CIAO_DROP_IP4_SHORT] =
        "{me} drops a packet too short for an IPv4 header: the network has cut it off.",
    [CIAO_DROP_IP4_VERSION] =
        "{me} drops a packet that came as IPv4 and says that it is another version.",
    [CIAO_DROP_IP4_HEADER_LENGTH] =
        "{me} drops an IPv4 packet whose header has an impossible length.",
    [CIAO_DROP_IP4_TOTAL_LENGTH] =
        "{me} drops an IPv4 packet that claims to be longer than what the network brought.",
    [CIAO_DROP_IP4_CHECKSUM] =
        "{me} drops an IPv4 packet whose header checksum is wrong: the network has damaged it.",
    [CIAO_DROP_IP4_FRAGMENT_LENGTH] =
        "{me} drops a fragment that its sender cut at no multiple of 8 bytes.",
    [CIAO_DROP_IP4_FRAGMENT_END] =
        "{me} drops a fragment of the sender's that would end behind the largest possible packet.",
    [CIAO_DROP_IP4_PROTOCOL] =
        "{me} drops a packet with a protocol that it does not speak, and tells the sender so.",
    [CIAO_DROP_IP4_PROTOCOL_TO_MANY] = "{me} drops a packet to a group with a protocol that it "
                                       "does not speak; the sender is not told, as a "
                                       "group might answer all at once.",
    /* IPv6 */
    [CIAO_DROP_IP6_SHORT] =
        "{me} drops a packet too short for an IPv6 header: the network has cut it off.",
    [CIAO_DROP_IP6_VERSION] =
        "{me} drops a packet that came as IPv6 and says that it is another version.",
    [CIAO_DROP_IP6_PAYLOAD_LENGTH] =
        "{me} drops an IPv6 packet that claims to be longer than what the network brought.",
    [CIAO_DROP_IP6_MAPPED_ADDRESS] =
        "{me} drops an IPv6 packet whose sender uses an IPv4-mapped address: those never travel.",
    [CIAO_DROP_IP6_EXT_SHORT] = "{me} drops an IPv6 packet whose extension header is cut off.",
    [CIAO_DROP_IP6_EXT_TOO_MANY] =
        "{me} drops an IPv6 packet with more extension headers than it is set to read.",
    [CIAO_DROP_IP6_EXT_ORDER] =
        "{me} drops an IPv6 packet whose sender put the hop-by-hop options anywhere but first.",
    [CIAO_DROP_IP6_OPTION_LENGTH] =
        "{me} drops an IPv6 packet of the sender's with an option of impossible length.",
    [CIAO_DROP_IP6_OPTION_DISCARD] =
        "{me} does not know an IPv6 option whose sender wants the packet dropped in that case.",
    [CIAO_DROP_IP6_OPTION_REPORT] = "{me} does not know an IPv6 option whose sender wants the "
                                    "packet dropped and to hear of it.",
    [CIAO_DROP_IP6_OPTION_UNICAST] = "{me} does not know an IPv6 option whose sender wants the "
                                     "packet dropped, and to hear of it when it was "
                                     "not sent to a group.",
    [CIAO_DROP_IP6_ROUTING] =
        "{me} drops an IPv6 packet whose sender wants it routed on: {me} is no router.",
    [CIAO_DROP_IP6_FRAGMENT_LENGTH] =
        "{me} drops an IPv6 fragment that its sender cut at no multiple of 8 bytes.",
    [CIAO_DROP_IP6_FRAGMENT_END] = "{me} drops an IPv6 fragment of the sender's that would end "
                                   "behind the largest possible packet.",
    [CIAO_DROP_IP6_FRAGMENT_NESTED] =
        "{me} drops an IPv6 fragment whose sender cut a fragment once more.",
    [CIAO_DROP_IP6_NO_NEXT] =
        "The sender says that nothing follows the IPv6 header: {me} drops the packet.",
    [CIAO_DROP_IP6_UNKNOWN_HEADER] =
        "{me} drops an IPv6 packet with a header that it does not know, and tells the sender so.",
    /* addresses */
    [CIAO_DROP_IP_SOURCE_OURS] = "{me} drops a packet whose sender claims {me}'s own address.",
    [CIAO_DROP_IP_SOURCE_ANY] = "{me} drops a packet whose sender gives no address.",
    [CIAO_DROP_IP_SOURCE_TO_MANY] =
        "{me} drops a packet whose sender claims a group address: a group cannot send.",
    [CIAO_DROP_IP_SOURCE_LOOPBACK] =
        "{me} drops a packet whose sender claims a loopback address: those never leave a host.",
    [CIAO_DROP_IP_SOURCE_RESERVED] = "{me} drops a packet whose sender claims a reserved address.",
    [CIAO_DROP_IP_TO_LOOPBACK] =
        "{me} drops a packet that the sender addressed to loopback: those never leave a host.",
    [CIAO_DROP_IP_NOT_OURS] = "{me} drops a packet for another host: {me} is no router.",
    [CIAO_DROP_IP_NOT_OUR_GROUP] =
        "{me} drops a packet for a group of the network's that it is not in.",
    [CIAO_DROP_IP_UNICAST_IN_BROADCAST] =
        "{me} drops a packet whose sender addressed one host in a frame for all.",
    /* fragments */
    [CIAO_DROP_FRAGMENT_TINY] = "{me} drops a first fragment too small to hold the transport "
                                "header: its sender has something to hide.",
    [CIAO_DROP_FRAGMENT_AGAIN] = "{me} drops a fragment that the network brought a second time.",
    [CIAO_DROP_FRAGMENT_OVERLAP] =
        "{me} drops a fragment that overlaps another: an honest sender never does that.",
    [CIAO_DROP_FRAGMENT_ENDS_DIFFER] =
        "{me} drops a fragment whose sender gives another end of the packet than before.",
    [CIAO_DROP_FRAGMENT_TOO_MANY] =
        "{me} drops a fragment of a packet that is in more pieces than it may be.",
    [CIAO_DROP_FRAGMENT_SPOILT] =
        "{me} drops one more fragment of a packet that it has given up already.",
    [CIAO_DROP_REASSEMBLY_SOURCE_LIMIT] = "{me} puts together as many packets of one sender as it "
                                          "may: it drops a fragment of one more.",
    [CIAO_DROP_REASSEMBLY_EVICTED] =
        "{me} needs the room: it drops the oldest packet that is still incomplete.",
    [CIAO_DROP_REASSEMBLY_NO_MEMORY] =
        "{me} has no memory left to hold this fragment, and drops it.",
    [CIAO_DROP_REASSEMBLY_TIMEOUT_IP4] = "{me} has waited long enough for the missing fragments of "
                                         "an IPv4 packet: it drops the others.",
    [CIAO_DROP_REASSEMBLY_TIMEOUT_IP6] = "{me} has waited long enough for the missing fragments of "
                                         "an IPv6 packet: it drops the others.",
    /* UDP */
    [CIAO_DROP_UDP_SHORT] =
        "{me} drops a datagram too short for a UDP header: the network has cut it off.",
    [CIAO_DROP_UDP_LENGTH] =
        "{me} drops a UDP datagram that claims to be longer than what the network brought.",
    [CIAO_DROP_UDP_CHECKSUM] =
        "{me} drops a UDP datagram with a wrong checksum: the network has damaged it.",
    [CIAO_DROP_UDP_NO_PORT] =
        "Nobody at {me} listens to UDP: it drops the datagram and tells the sender so.",
    [CIAO_DROP_UDP_TO_MANY] =
        "Nobody at {me} listens to UDP: it drops what the sender sent to a group.",
    /* ICMP */
    [CIAO_DROP_ICMP4_SHORT] = "{me} drops an ICMP message that the network has cut off.",
    [CIAO_DROP_ICMP4_CHECKSUM] =
        "{me} drops an ICMP message with a wrong checksum: the network has damaged it.",
    [CIAO_DROP_ICMP4_TYPE] =
        "{me} drops an ICMP message of the sender's of a type that it does not know.",
    [CIAO_DROP_ICMP4_CODE] =
        "{me} drops an ICMP message of the sender's with a code that it does not know.",
    [CIAO_DROP_ICMP4_ECHO_REPLY] = "{me} drops the sender's answer to a ping: it had not asked.",
    [CIAO_DROP_ICMP4_ECHO_TO_MANY] = "{me} drops a ping that the sender sent to a group.",
    [CIAO_DROP_ICMP4_SOURCE_QUENCH] =
        "{me} drops a source quench of the network's: nobody should send those any more.",
    [CIAO_DROP_ICMP4_REDIRECT] =
        "{me} drops a redirect of the network's: it keeps to the routes it was given.",
    [CIAO_DROP_ICMP6_SHORT] = "{me} drops an ICMPv6 message that the network has cut off.",
    [CIAO_DROP_ICMP6_CHECKSUM] =
        "{me} drops an ICMPv6 message with a wrong checksum: the network has damaged it.",
    [CIAO_DROP_ICMP6_TYPE] =
        "{me} drops an ICMPv6 message of the sender's of a type that it does not know.",
    [CIAO_DROP_ICMP6_CODE] =
        "{me} drops an ICMPv6 message of the sender's with a code that it does not know.",
    [CIAO_DROP_ICMP6_ECHO_REPLY] =
        "{me} drops the sender's answer to an IPv6 ping: it had not asked.",
    [CIAO_DROP_ICMP6_ECHO_TO_MANY] = "{me} drops an IPv6 ping that the sender sent to a group.",
    [CIAO_DROP_ICMP6_REDIRECT] =
        "{me} drops an IPv6 redirect of the network's: it keeps to the routes it was given.",
    [CIAO_DROP_ICMP_ERROR_TO_MANY] =
        "{me} drops an ICMP error that the sender sent to a group: an error concerns one host.",
    [CIAO_DROP_ICMP_ECHO_LIMITED] = "{me} has answered enough pings for this second: it drops one.",
    [CIAO_DROP_ICMP_ERROR_LIMITED] =
        "{me} has sent enough ICMP errors for this second: it drops one.",
    [CIAO_DROP_QUOTE_SHORT] =
        "{me} drops an ICMP error whose sender quotes too little to tell which packet it means.",
    [CIAO_DROP_QUOTE_VERSION] =
        "{me} drops an ICMP error whose sender quotes a packet of another IP version.",
    [CIAO_DROP_QUOTE_FRAGMENT] = "{me} drops an ICMP error of the network's that quotes a later "
                                 "fragment: no ports are in it.",
    [CIAO_DROP_QUOTE_PROTOCOL] =
        "{me} drops an ICMP error whose sender quotes a protocol that {me} does not speak.",
    [CIAO_DROP_QUOTE_UDP] =
        "{me} drops an ICMP error about a UDP datagram: {me} sends none, so the sender errs.",
    [CIAO_DROP_QUOTE_NOT_OURS] =
        "{me} drops an ICMP error whose sender quotes a packet that {me} never sent.",
    /* neighbour discovery */
    [CIAO_DROP_NDP_ON_IP_LINK] = "{me} drops a neighbour message of the sender's: this link has no "
                                 "link addresses to discover.",
    [CIAO_DROP_NDP_NO_LINK_ADDRESS] =
        "{me} drops a neighbour's answer whose sender left out its link address.",
    [CIAO_DROP_NDP_HOP_LIMIT] = "{me} drops a neighbour message whose sender is no neighbour: it "
                                "has come through a router.",
    [CIAO_DROP_NDP_CODE] =
        "{me} drops a neighbour message of the sender's with a code other than 0.",
    [CIAO_DROP_NDP_SHORT] = "{me} drops a neighbour message that the network has cut off.",
    [CIAO_DROP_NDP_TYPE] = "{me} drops a neighbour message whose sender means it for routers.",
    [CIAO_DROP_NDP_TARGET] =
        "{me} drops a neighbour message whose sender asks about a group's address.",
    [CIAO_DROP_NDP_SOURCE] =
        "{me} drops a neighbour message whose sender has no business sending it.",
    [CIAO_DROP_NDP_DESTINATION] =
        "{me} drops a neighbour message that its sender addressed wrongly.",
    [CIAO_DROP_NDP_OPTION_LENGTH] =
        "{me} drops a neighbour message of the sender's with an option of impossible length.",
    [CIAO_DROP_NDP_NOT_FOR_US] =
        "{me} drops a neighbour question whose sender looks for somebody else.",
    [CIAO_DROP_NDP_CONFLICT] =
        "{me} drops a neighbour message whose sender claims {me}'s own address.",
    [CIAO_DROP_NDP_UNASKED] = "{me} drops a neighbour's answer whose sender it had asked nothing.",
    [CIAO_DROP_NDP_ROUTES_FULL] =
        "{me} holds as many routes of routers as it may: it drops what one more sender offers.",
};
