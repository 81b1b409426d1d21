/*
 * ciao's end of a TUN interface: see station.h.
 */
#include "cli/station.h"

#include <stdio.h>
#include <string.h>

#include "cli/address.h"
#include "cli/cli.h"
#include "cli/settled.h"
#include "driver/capture.h"
#include "driver/tap.h"
#include "host/machine.h"

#define LIVES_MOST   4096
#define STEPS_A_LIFE 4096

/* Between a TUN and its reader packets come in bursts of a whole window. */
#define TX_QUEUE_LEN 10000

static int open_host(struct station *station)
{
    const struct cli_options *options = station->options;
    struct ciao_config config;
    struct host_options how = {.config = &config};
    int error;

    ciao_config_default(&config, options->profile);
    if (options->msl_given)
        config.tcp.msl_us = options->msl_us;
    config.events = options->tell || options->capture ? CIAO_EVENTS_ALL : CIAO_EVENTS_LIFE;
    error = host_open(&station->host, &how);
    if (error < 0)
        return cli_fail(options->verb, "no memory for the stack: %s", strerror(-error));
    station->stack = host_stack(station->host);
    return CLI_OK;
}

static int open_tap(struct station *station)
{
    const struct cli_options *options = station->options;
    struct tap_address theirs[OPTIONS_ADDRESSES];
    struct tap_options how = {
        .kind = CIAO_LINK_IP,
        .name = options->dev,
        .mtu = options->mtu,
        .tx_queue_len = TX_QUEUE_LEN,
        .addresses = theirs,
        .n_addresses = options->n_addresses,
        .pool = host_pool(station->host),
    };
    char error[TAP_ERROR_TEXT];

    for (unsigned i = 0; i < options->n_addresses; i++)
        theirs[i] =
            (struct tap_address){options->address[i].theirs, options->address[i].prefix_len};
    if (tap_open(&station->tap, &how, error) < 0)
        return cli_fail(options->verb, "%s", error);
    for (unsigned i = 0; i < options->n_addresses; i++)
        if (!address_is_v4(&theirs[i].address))
            settled_wait(&theirs[i].address);
    return CLI_OK;
}

static int wrap_in_impair(struct station *station, struct ciao_driver **driver)
{
    const struct cli_options *options = station->options;
    int error;

    if (!options->impaired)
        return CLI_OK;
    error = impair_open(&station->impair, *driver, &options->impair, host_pool(station->host),
                        host_cpu(station->host));
    if (error < 0)
        return cli_fail(options->verb, "the network cannot be impaired: %s", strerror(-error));
    *driver = station->impair;
    return CLI_OK;
}

static int comment(void *context, const struct ciao_event *event, char *text, size_t size)
{
    const struct cli_options *options = context;
    const struct tell_options how = {.lang = options->lang};

    return tell_event(text, size, event, &how);
}

/* The capture is nearest to the stack: it shows what the stack sent and what reached it. */
static int wrap_in_capture(struct station *station, struct ciao_driver **driver)
{
    const struct cli_options *options = station->options;
    struct capture_options how = {
        .path = options->capture,
        .interface_name = options->dev,
        .epoch_us = machine_epoch_us(),
        .cpu = host_cpu(station->host),
        .sentence = comment,
        .context = (void *)(uintptr_t)options,
    };
    char error[CAPTURE_ERROR_TEXT];

    if (!options->capture)
        return CLI_OK;
    if (capture_open(&station->capture, *driver, &how, error) < 0)
        return cli_fail(options->verb, "%s", error);
    *driver = station->capture;
    return CLI_OK;
}

/* Everything that is not on the interface's own prefix goes through the kernel. */
static int add_addresses(struct station *station, int link)
{
    const struct cli_options *options = station->options;
    bool routed[2] = {false, false};
    int error = 0;

    for (unsigned i = 0; i < options->n_addresses && error == 0; i++) {
        const struct cli_address *address = &options->address[i];
        bool v4 = address_is_v4(&address->ours);
        struct ciao_route route = {.gateway = &address->theirs, .link = link};

        error = ciao_address_add(station->stack, link, &address->ours, address->prefix_len);
        if (error < 0 || routed[v4])
            continue;
        routed[v4] = true;
        (void)ciao_addr_parse(v4 ? "0.0.0.0" : "::", &route.prefix);
        error = ciao_route_add(station->stack, &route);
    }
    if (error < 0)
        return cli_fail(options->verb, "the stack refuses the addresses: %s", ciao_strerror(error));
    return CLI_OK;
}

static int attach(struct station *station, struct ciao_driver *driver)
{
    int link = host_attach(station->host, driver);

    if (link >= 0)
        return add_addresses(station, link);
    driver->ops->close(driver);
    station->capture = NULL;
    return cli_fail(station->options->verb, "the stack refuses the link: %s", ciao_strerror(link));
}

static void keep_for_telling(void *context, const struct ciao_event *event)
{
    life_book_add(context, event);
}

static int open_book(struct station *station)
{
    if (!station->options->tell)
        return CLI_OK;
    station->book = life_book_make(STEPS_A_LIFE, LIVES_MOST);
    if (!station->book || host_add_sink(station->host, keep_for_telling, station->book) < 0)
        return cli_fail(station->options->verb, "no memory for the telling");
    return CLI_OK;
}

static int open_drivers(struct station *station)
{
    struct ciao_driver *driver;
    int code = open_tap(station);

    if (code != CLI_OK)
        return code;
    driver = station->tap;
    code = wrap_in_impair(station, &driver);
    if (code == CLI_OK)
        code = wrap_in_capture(station, &driver);
    if (code != CLI_OK) {
        driver->ops->close(driver);
        return code;
    }
    return attach(station, driver);
}

int station_open(struct station *station, const struct cli_options *options)
{
    int code;

    *station = (struct station){.options = options};
    code = open_host(station);
    if (code != CLI_OK)
        return code;
    code = open_book(station);
    if (code == CLI_OK)
        code = open_drivers(station);
    if (code != CLI_OK)
        station_close(station);
    station->opened_us = code == CLI_OK ? host_now(station->host) : 0;
    return code;
}

void station_close(struct station *station)
{
    if (station->capture && capture_error(station->capture) < 0)
        (void)cli_fail(station->options->verb, "the capture is not whole: %s",
                       strerror(-capture_error(station->capture)));
    if (station->host)
        host_close(station->host);
    if (station->book)
        life_book_free(station->book);
    station->host = NULL;
    station->book = NULL;
}

void station_count(struct station *station, const struct ciao_info *info, bool failed)
{
    struct ciao_info *sum = &station->totals.sum;

    station->totals.connections++;
    station->totals.failed += failed;
    sum->bytes_sent += info->bytes_sent;
    sum->bytes_acked += info->bytes_acked;
    sum->bytes_received += info->bytes_received;
    sum->segments_sent += info->segments_sent;
    sum->segments_received += info->segments_received;
    sum->retransmitted_segments += info->retransmitted_segments;
    sum->lost_segments += info->lost_segments;
    sum->timeouts += info->timeouts;
    sum->repaired_without_timeout += info->repaired_without_timeout;
}

void station_tell(struct station *station, bool all)
{
    const struct cli_options *options = station->options;
    struct tell_options how = {
        .lang = options->lang,
        .format = options->format,
        .color = tell_color_default(stderr),
        .width = tell_width_default(stderr),
    };
    struct life *life;

    if (!station->book)
        return;
    while ((life = life_book_next(station->book, all ? UINT64_MAX : host_now(station->host)))) {
        (void)tell_life(stderr, life, &how);
        life_free(life);
    }
    if (all && life_book_untold(station->book) > 0)
        cli_note(options->verb, "%llu lives more began than could be told at once",
                 (unsigned long long)life_book_untold(station->book));
}
