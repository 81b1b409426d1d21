/* The parts of the two languages, one file each; put together in words.h's struct words. */
#ifndef TELL_WORDS_PARTS_H
#define TELL_WORDS_PARTS_H

#include "tell/words.h"

extern const struct words_arc words_arcs_en[], words_arcs_zh[];
extern const size_t words_n_arcs_en, words_n_arcs_zh;
extern const char *const words_reasons_en[CIAO_REASONS], *const words_reasons_zh[CIAO_REASONS];
extern const char *const words_ip_reasons_en[CIAO_REASONS];
extern const char *const words_ip_reasons_zh[CIAO_REASONS];
extern const char *const words_says_en[SAYINGS][LIFE_ENDS];
extern const char *const words_says_zh[SAYINGS][LIFE_ENDS];
extern const char *const words_labels_en[LABELS], *const words_labels_zh[LABELS];

#endif
