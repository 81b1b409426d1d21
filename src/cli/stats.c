/*
 * The counters of --stats, as one line of JSON.
 */
#include "cli/station.h"

#include <stdio.h>

#include "driver/tap.h"

/* "name":number, with a comma in front of all but the first. */
struct object {
    FILE *out;
    bool begun;
};

static struct object open_object(FILE *out, const char *name)
{
    if (name)
        (void)fprintf(out, ",\"%s\":", name);
    (void)fputc('{', out);
    return (struct object){out, false};
}

static void put(struct object *object, const char *name, uint64_t value)
{
    (void)fprintf(object->out, "%s\"%s\":%llu", object->begun ? "," : "", name,
                  (unsigned long long)value);
    object->begun = true;
}

static void close_object(struct object *object)
{
    (void)fputc('}', object->out);
}

static void put_totals(struct object *object, const struct station *station)
{
    const struct ciao_info *sum = &station->totals.sum;

    put(object, "elapsed_us", host_now(station->host) - station->opened_us);
    put(object, "connections", station->totals.connections);
    put(object, "failed", station->totals.failed);
    put(object, "bytes_sent", sum->bytes_sent);
    put(object, "bytes_acked", sum->bytes_acked);
    put(object, "bytes_received", sum->bytes_received);
    put(object, "segments_sent", sum->segments_sent);
    put(object, "segments_received", sum->segments_received);
    put(object, "retransmitted_segments", sum->retransmitted_segments);
    put(object, "lost_segments", sum->lost_segments);
    put(object, "timeouts", sum->timeouts);
    put(object, "repaired_without_timeout", sum->repaired_without_timeout);
}

static void put_reasons(FILE *out, const struct ciao_stack *stack)
{
    struct object object = open_object(out, "reasons");

    for (unsigned i = CIAO_REASON_NONE + 1; i < CIAO_REASONS; i++) {
        uint64_t count = ciao_reason_count(stack, (enum ciao_reason)i);

        if (count > 0)
            put(&object, ciao_reason_key((enum ciao_reason)i), count);
    }
    close_object(&object);
}

/* An arc's key alone is not unique: several states are left under the same one. */
static void put_arcs(FILE *out, const struct ciao_stack *stack)
{
    struct object object = open_object(out, "arcs");

    for (unsigned i = 0; i < CIAO_ARCS; i++) {
        enum ciao_arc_row row = (enum ciao_arc_row)i;
        uint64_t count = ciao_arc_count(stack, row);
        char name[96];

        if (count == 0)
            continue;
        (void)snprintf(name, sizeof name, "%s>%s %s", ciao_state_name(ciao_arc_from(row)),
                       ciao_state_name(ciao_arc_to(row)), ciao_arc_key(row));
        put(&object, name, count);
    }
    close_object(&object);
}

static void put_tables(FILE *out, const struct ciao_stack *stack)
{
    struct object object = open_object(out, "tables");
    struct ciao_counts counts;

    ciao_counts(stack, &counts);
    put(&object, "tcbs", counts.tcbs);
    put(&object, "syn_records", counts.syn_records);
    put(&object, "time_waits", counts.time_waits);
    put(&object, "listeners", counts.listeners);
    put(&object, "timers", counts.timers);
    put(&object, "buffer_bytes", counts.buffer_bytes);
    put(&object, "buffer_bytes_peak", counts.buffer_bytes_peak);
    close_object(&object);
}

static void put_tap(FILE *out, const struct ciao_driver *tap)
{
    const struct tap_counters *counters = tap_counters(tap);
    struct object object = open_object(out, "link");

    put(&object, "frames_received", counters->received);
    put(&object, "frames_sent", counters->sent);
    put(&object, "bytes_received", counters->received_bytes);
    put(&object, "bytes_sent", counters->sent_bytes);
    put(&object, "dropped_no_memory", counters->dropped_no_memory);
    put(&object, "refused", counters->refused);
    close_object(&object);
}

static void put_impair(FILE *out, const char *name, const struct impair_counters *counters)
{
    struct object object = open_object(out, name);

    put(&object, "frames", counters->frames);
    put(&object, "lost", counters->lost);
    put(&object, "duplicated", counters->duplicated);
    put(&object, "reordered", counters->reordered);
    put(&object, "corrupted", counters->corrupted);
    put(&object, "delayed", counters->delayed);
    put(&object, "overflow", counters->overflow);
    put(&object, "passed", counters->passed);
    close_object(&object);
}

void station_stats(const struct station *station)
{
    FILE *out = stderr;
    struct object all = open_object(out, NULL);

    put_totals(&all, station);
    put_reasons(out, station->stack);
    put_arcs(out, station->stack);
    put_tables(out, station->stack);
    put_tap(out, station->tap);
    if (station->impair) {
        put_impair(out, "impair_out", impair_counters(station->impair, IMPAIR_OUT));
        put_impair(out, "impair_in", impair_counters(station->impair, IMPAIR_IN));
    }
    close_object(&all);
    (void)fputc('\n', out);
}
