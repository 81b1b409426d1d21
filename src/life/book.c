/*
 * Many lives out of one stack's events: each event finds its life by its id; lives that are over
 * are handed out.
 *
 * The book is a chained hash table of bounded size.  Events of no connection (life 0) belong to
 * nobody here.
 */
#include <stdlib.h>

#include "life/life.h"

struct entry {
    uint64_t id;
    struct life *life;
    struct entry *next;
};

#define CHAINS 4096u

struct life_book {
    struct entry *chain[CHAINS];
    uint32_t steps_per_life, lives, max_lives;
    uint32_t over; /* of those, lives that have ended */
    uint64_t untold;
};

struct life_book *life_book_make(uint32_t steps_per_life, uint32_t max_lives)
{
    struct life_book *book = calloc(1, sizeof(*book));
    if (book == NULL)
        return NULL;
    book->steps_per_life = steps_per_life;
    book->max_lives = max_lives;
    return book;
}

static struct life *take_out(struct life_book *book, struct entry **link)
{
    struct entry *entry = *link;
    struct life *life = entry->life;
    *link = entry->next;
    free(entry);
    book->lives--;
    book->over -= life->side[LIFE_LEFT].over ? 1 : 0;
    return life;
}

void life_book_free(struct life_book *book)
{
    if (book == NULL)
        return;
    for (uint32_t i = 0; i < CHAINS; i++)
        while (book->chain[i] != NULL)
            life_free(take_out(book, &book->chain[i]));
    free(book);
}

static struct entry *open_entry(struct life_book *book, const struct ciao_event *event)
{
    if (event->type != CIAO_EVENT_BORN)
        return NULL; /* its beginning was not seen, or it was told already */
    if (book->lives == book->max_lives) {
        book->untold++;
        return NULL;
    }
    struct entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL)
        return NULL;
    entry->id = event->life;
    entry->life = life_make(book->steps_per_life);
    if (entry->life == NULL) {
        free(entry);
        return NULL;
    }
    entry->next = book->chain[event->life % CHAINS];
    book->chain[event->life % CHAINS] = entry;
    book->lives++;
    return entry;
}

static void tell_all_of_loss(struct life_book *book, const struct ciao_event *event)
{
    for (uint32_t i = 0; i < CHAINS; i++)
        for (struct entry *entry = book->chain[i]; entry != NULL; entry = entry->next)
            life_add(entry->life, LIFE_LEFT, event);
}

void life_book_add(struct life_book *book, const struct ciao_event *event)
{
    if (event->type == CIAO_EVENT_LOST) {
        tell_all_of_loss(book, event);
        return;
    }
    if (event->life == 0)
        return;
    struct entry *entry = book->chain[event->life % CHAINS];
    while (entry != NULL && entry->id != event->life)
        entry = entry->next;
    if (entry == NULL)
        entry = open_entry(book, event);
    if (entry == NULL)
        return;
    bool was_over = entry->life->side[LIFE_LEFT].over;
    life_add(entry->life, LIFE_LEFT, event);
    book->over += !was_over && entry->life->side[LIFE_LEFT].over ? 1 : 0;
}

static bool may_be_told(const struct life *life, uint64_t now_us)
{
    const struct life_side *side = &life->side[LIFE_LEFT];
    if (life->listener)
        return false;
    return now_us == UINT64_MAX || (side->over && side->over_us < now_us);
}

struct life *life_book_next(struct life_book *book, uint64_t now_us)
{
    if (book->over == 0 && now_us != UINT64_MAX)
        return NULL;
    for (uint32_t i = 0; i < CHAINS; i++) {
        for (struct entry **link = &book->chain[i]; *link != NULL; link = &(*link)->next) {
            if (!may_be_told((*link)->life, now_us))
                continue;
            struct life *life = take_out(book, link);
            life_match(life);
            return life;
        }
    }
    return NULL;
}

uint64_t life_book_untold(const struct life_book *book)
{
    return book->untold;
}
